import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_key, check_kind
from ..._core.module import is_concrete
from ..._core.units import number, strip_unit
from ...model import Model
from ...parameters.leaves import find_leaves, nearest
from ..spectra.channel_spectrum import AbstractChannelSpectrum
from .draws import poisson
from .folded import Folding
from .response import Response


def fakeit(
    model: Any, name: str, response: Response, exposure: Any, key: Array, values: Mapping[str, Any] | None = None
) -> Float[Array, "*batch channels"]:
    """Counts that a spectrum of a model would give, at random: n_i ~ Poisson(t sum_j R_ij f_j).

    **Arguments:**

    - `model`: a `Model`; `name`: of one of its spectra.
    - `response`: e.g. `observation.response`, or `observation.folding`, grouped, whose exposure is in it already: then
      `exposure` is 1.
    - `exposure`: s.
    - `values`: parameters by name, each (batch,): as many spectra are drawn.
    - `key`: of `jax.random`.

    **Returns:** counts, (channels,), or (batch, channels).

    **Raises:** `ValueError` for a name that is not there, a spectrum that no response folds, arrays of different
    lengths, and means that are negative or not finite; `TypeError` for what is no model, response or key.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> model = sl.Model(spectra={"source": sl.spectra.PowerLaw(index=2.0, norm=1e-2)})
        >>> indices = {"spectra.source.index": np.linspace(1.0, 3.0, 5)}
        >>> sl.counts.fakeit(model, "source", response, 1e4, jax.random.key(0), values=indices).shape
        (5, 30)
    """
    check_kind("model", model, Model, f"sl.Model(spectra={{{name!r}: ...}})")
    check_kind("response", response, Response | Folding, "a sl.counts.Response, e.g. observation.response")
    check_key(key)
    exposure = number(exposure, "s", "exposure")
    if not (math.isfinite(exposure) and exposure > 0):
        raise ValueError(f"exposure = {exposure} s must be positive and finite.")
    folding, changed = Folding.of(response), _checked(model, {} if values is None else values)
    if isinstance(model.spectrum(name), AbstractChannelSpectrum):
        raise ValueError(
            f"{name!r} is a {type(model.spectra[name]).__name__}, which no response folds: draw its channels, "
            f"jax.random.poisson(key, exposure * model.spectra[{name!r}](response.channels))."
        )
    counts = _draw(model, folding, jnp.asarray(exposure, folding.edges.dtype), key, changed, name)
    if is_concrete(counts) and not bool(jnp.all(jnp.isfinite(counts))):
        raise ValueError(f"{name!r} has counts whose means are negative or not finite: look at its parameters.")
    return counts


@eqx.filter_jit
def _draw(model: Any, folding: Folding, exposure: Array, key: Array, values: dict[str, Array], name: str) -> Array:
    def mean(some: dict[str, Array]) -> Array:
        return exposure * folding(_replaced(model, some).spectrum(name))

    means = jax.vmap(mean)(values) if values else mean({})
    return poisson(key, means)


def _checked(model: Any, values: Mapping[str, Any]) -> dict[str, Array]:
    """The parameters as arrays of one length."""
    if not isinstance(values, Mapping):
        raise TypeError(f"values is {values!r}: give a dict of arrays by the name of the parameter.")
    leaves, found = find_leaves(model), {}
    for name, value in values.items():
        if name not in leaves or not leaves[name].learnable:
            raise ValueError(f"values: {name!r} is no parameter of the model. {nearest(name, leaves)}")
        found[name] = jnp.asarray(
            strip_unit(value, leaves[name].metadata.get("unit", ""), name), leaves[name].value.dtype
        )
    if len({value.shape[:1] for value in found.values()}) > 1 or any(not value.ndim for value in found.values()):
        shapes = ", ".join(f"{name} {value.shape}" for name, value in found.items())
        raise ValueError(f"values have the shapes {shapes}: give each (batch, ...), of one length.")
    return found


def _replaced(model: Any, values: Mapping[str, Array]) -> Any:
    known = find_leaves(model)
    leaves, structure = jax.tree.flatten(model)
    for name, value in values.items():
        leaves[known[name].position] = value
    return jax.tree.unflatten(structure, leaves)
