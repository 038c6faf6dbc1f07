"""Gaussian priors of the amplitudes of components."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.units import numbers, refuse_units

_FLAT = (
    "an integral over flat amplitudes moves spectral indices by tens of standard deviations, as its volume grows where "
    "components become alike. Give every component a finite standard deviation, or leave prior=None: the maximum over "
    "the amplitudes."
)


class AmplitudePrior(NamedTuple):
    """Means and 1/variances of one component, each (k,) or (k, n): K_CMB, K_CMB^-2."""

    mean: Float[Array, "k *n"]
    weight: Float[Array, "k *n"]


Priors = dict[str, AmplitudePrior]


def check_prior(prior: Any, parameters: int, npix: int, kept: np.ndarray) -> Priors:
    """Priors by component, in the pixels that are kept.

    **Raises:** `TypeError` for what is no dict of numbers and normal distributions; `ValueError` for flat ones,
    standard deviations that are not positive, or other shapes.
    """
    refuse_units(prior=prior)
    if not isinstance(prior, Mapping):
        raise TypeError(
            f"prior is {prior!r}: give a dict by component, {{'cmb': 1e-4, ...}}, of standard deviations in K_CMB or "
            "numpyro Normal distributions."
        )
    return {name: _one(name, one, parameters, npix, kept) for name, one in prior.items()}


def check_complete(priors: Priors, components: tuple[str, ...]) -> None:
    """Refuses a prior of some components only.

    **Raises:** `ValueError`.
    """
    missing = [name for name in components if name not in priors]
    if missing:
        raise ValueError(f"prior has no {missing[0]!r}: {_FLAT}")
    other = [name for name in priors if name not in components]
    if other:
        raise ValueError(f"prior names {other[0]!r}, which is no component: name {', '.join(map(repr, components))}.")


def _one(name: str, prior: Any, parameters: int, npix: int, kept: np.ndarray) -> AmplitudePrior:
    import numpyro.distributions as dist

    inner = prior.base_dist if isinstance(prior, dist.Independent | dist.ExpandedDistribution) else prior
    if isinstance(inner, dist.Distribution):
        if isinstance(inner, dist.Uniform | dist.ImproperUniform):
            raise ValueError(f"prior of {name!r} is {type(inner).__name__}: {_FLAT}")
        if not isinstance(inner, dist.Normal):
            raise TypeError(f"prior of {name!r} is {type(inner).__name__}: amplitudes are integrated for Normal only.")
        mean, deviation = np.asarray(inner.loc, float), np.asarray(inner.scale, float)
    else:
        mean, deviation = np.zeros(()), numbers(inner, "K", f"prior of {name!r}")
    if np.any(np.isinf(deviation)):
        raise ValueError(f"prior of {name!r} is flat: {_FLAT}")
    if not np.all(np.isfinite(mean)) or not np.all(deviation > 0):
        raise ValueError(f"prior of {name!r}: standard deviations must be positive, means finite, in K_CMB.")
    shaped = [_shaped(name, one, parameters, npix, kept) for one in (mean, 1 / deviation**2)]
    return AmplitudePrior(*(jnp.asarray(one, default_float()) for one in shaped))


def _shaped(name: str, values: np.ndarray, parameters: int, npix: int, kept: np.ndarray) -> np.ndarray:
    """(k,) of a number, (k, n) of maps."""
    if values.size == 1:
        return np.full(parameters, values.ravel()[0])
    if values.shape not in ((npix,), (parameters, npix)):
        raise ValueError(
            f"prior of {name!r} has shape {values.shape}: give a number, ({npix},), or ({parameters}, {npix})."
        )
    return np.broadcast_to(values, (parameters, npix))[:, kept]
