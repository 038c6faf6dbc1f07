"""Data, noise and priors as the systems that are eliminated in each pixel."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...sky.instruments.bands import Nodes
from ...statistics import Correlated, Gaussian
from ..mixing import MixingMatrix
from .amplitude_priors import AmplitudePrior
from .amplitude_priors import Priors as Known
from .elimination import Prior, Priors, Seen, Solved, Systems
from .pixels import Pixels
from .triangle import pairs


def systems(data: Float[Array, "k bands n"], noise: Gaussian | Correlated, alike: bool) -> Systems:
    """One system for all parameters where their noise is correlated, or equal (`alike`); else one for each."""
    if isinstance(noise, Correlated):
        inverse = jnp.einsum("bnij,bnik->jkbn", noise.whitening, noise.whitening)
        return (Seen((tuple(data),), tuple(inverse[i, j] for i, j in pairs(len(data)))),)
    weight = jnp.square(1 / noise.sigma)
    if alike:
        return (Seen(tuple((one,) for one in data), (weight[0],)),)
    return tuple(Seen(((one,),), (own,)) for one, own in zip(data, weight, strict=True))


def priors(known: Known | None, names: tuple[str, ...], layout: tuple[int, int, int]) -> Priors:
    """Priors in the layout of the systems: how many, maps in each, Stokes parameters of each map."""
    if known is None:
        return None
    return tuple(_prior([known[name] for name in names], system, *layout[1:]) for system in range(layout[0]))


def _prior(known: list[AmplitudePrior], first: int, maps: int, stokes: int) -> Prior:
    def flat(which: str, start: int) -> tuple[Any, ...]:
        return tuple(getattr(one, which)[start + s] for one in known for s in range(stokes))

    return Prior(flat("weight", first), tuple(flat("mean", first + number) for number in range(maps)))


def layout(parameters: int, noise: Gaussian | Correlated, alike: bool) -> tuple[int, int, int]:
    """How many systems, maps in each, Stokes parameters of each map."""
    if isinstance(noise, Correlated):
        return 1, 1, parameters
    return (1, parameters, 1) if alike else (parameters, 1, 1)


def stacked(solved: tuple[Solved, ...], components: int) -> Float[Array, "components k n"]:
    """The amplitudes of all systems, by component and parameter."""
    rows = []
    for component in range(components):
        parts = []
        for one in solved:
            for s in one.amplitudes:
                stokes = len(s) // components
                parts += s[component * stokes : (component + 1) * stokes]
        rows.append(jnp.stack(parts))
    return jnp.stack(rows)


def alike_of(sigma: np.ndarray, prior: Known | None) -> bool:
    """Whether all parameters have one noise, and one prior of the amplitudes but for its mean."""
    weights = [] if prior is None else [np.asarray(one.weight) for one in prior.values()]
    return all(bool(np.all(one == one[:1])) for one in (sigma, *weights))


def diagonal(noise: Gaussian | Correlated) -> Array:
    """1/variance of the first parameter, (bands, n)."""
    if isinstance(noise, Correlated):
        return jnp.sum(jnp.square(noise.whitening[..., 0]), axis=-1)
    return jnp.square(1 / noise.sigma[0])


def pixels_of(
    mixing: MixingMatrix, bands: Nodes, data: Any, noise: Gaussian | Correlated, alike: bool, prior: Known | None
) -> Pixels:
    """What the pixels show, (k, bands, n), and what is known of the amplitudes of a mixing matrix beforehand."""
    known = priors(prior, mixing.components, layout(data.shape[0], noise, alike))
    return Pixels(bands, systems(data, noise, alike), known)
