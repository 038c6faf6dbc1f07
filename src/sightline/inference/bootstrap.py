"""Deviances of data that a model might have given, as they are and after a fit to each."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..parameters import ravel
from ..parameters.box import check_box
from ..statistics import AbstractLikelihood, Likelihood, Posterior
from ..statistics.alike import listed, over
from ..statistics.scoring import scoring
from .projected import REACHED, walked
from .result import SAME, FitResult
from .solve import NEAR

TOLERANCE, STEPS = 1e-3, 100  # of a fit to a simulation: twice the log posterior still to be had, and its steps
_BATCH, _TOGETHER = 50, 2**20  # simulations, and numbers drawn, at a time


@eqx.filter_jit
def simulated(posterior: Posterior, values: Any, key: Array, count: int) -> list[Float[Array, " n"]]:
    """Deviances of simulated data from the model that gave them, one array a likelihood."""
    model, likelihoods = posterior.space.replace(values), posterior.likelihoods
    keys = jax.random.split(key, (len(likelihoods), count))
    return listed(over(likelihoods, lambda one, own: _deviances(one, model, own), keys))


def _deviances(one: AbstractLikelihood, model: Any, keys: Array) -> Float[Array, " n"]:
    if not isinstance(one, Likelihood):
        again = lambda key: _another(one, model, key).deviance(model)  # noqa: E731
        return jax.lax.map(again, keys)
    mean = one.mean(model)

    def replica(key: Array) -> Array:
        noise, data = one.noise.replicate(mean, one.data, model, key)
        return noise.deviance(mean, data, model)

    return jax.lax.map(replica, keys, batch_size=max(1, min(2 * _BATCH, _TOGETHER // one.size)))


def _another(one: AbstractLikelihood, model: Any, key: Array) -> AbstractLikelihood:
    """The likelihood of other data that the model might have given."""
    if not isinstance(one, Likelihood):
        return eqx.tree_at(lambda o: o.data, one, one.draw(model, key))
    found = one.noise.replicate(one.mean(model), one.data, model, key)
    return eqx.tree_at(lambda o: (o.noise, o.data), one, found)


@eqx.filter_jit
def refitted(
    posterior: Posterior, values: Any, key: Array, count: int
) -> tuple[list[Float[Array, " n"]], Int[Array, ""]]:
    """Deviances of simulated data from the model fitted to them, one array a likelihood, and how many fits failed."""
    model = posterior.space.replace(values)
    start, back = ravel(posterior.space.complete(values), posterior.space.names)

    def one(key: Array) -> tuple[list[Array], Array]:
        keys = jax.random.split(key, len(posterior.likelihoods))
        drawn = tuple(_another(own, model, draw) for own, draw in zip(posterior.likelihoods, keys, strict=True))
        replica = eqx.tree_at(lambda whole: whole.likelihoods, posterior, drawn)
        end, _ = walked(replica, start, jnp.asarray(TOLERANCE, start.dtype), STEPS, scoring)
        found = replica.deviances(back(end.values))
        return [found[name] for name in posterior.names], end.status

    batch = max(1, min(_BATCH, _TOGETHER // posterior.size))
    deviances, status = jax.lax.map(one, jax.random.split(key, count), batch_size=batch)
    return deviances, jnp.sum(status != REACHED)


@eqx.filter_jit
def _gain(posterior: Posterior, values: Any) -> tuple[Array, Array]:
    """By how much the log posterior still rises from here, and its size."""
    start, _ = ravel(posterior.space.complete(values), posterior.space.names)
    height = scoring(posterior, start).value
    end, _ = walked(posterior, start, jnp.asarray(TOLERANCE, start.dtype), STEPS, scoring)
    return height - end.least, jnp.abs(height)


def check_fitted(posterior: Posterior, result: FitResult) -> None:
    """Refuses a fit that is none of this posterior: what is fitted again has to be fitted as it was.

    **Raises:** `ValueError`.
    """
    check_box(posterior.space)
    if set(result.parameters) != set(posterior.space.names):
        raise ValueError(
            f"values are of {', '.join(result.parameters)}, free in this posterior are "
            f"{', '.join(posterior.space.names)}: pass the posterior that was fitted."
        )
    gain, size = _gain(posterior, result.parameters)
    # fits may end a tenth of a standard deviation from the maximum, in each of their coordinates
    allowed = SAME + 0.5 * NEAR**2 * posterior.space.size + 64 * jnp.finfo(gain.dtype).eps * size
    if gain > allowed:
        raise ValueError(
            f"values are no maximum of this posterior, whose logarithm rises by {float(gain):.3g} from there: pass the "
            "posterior that was fitted, e.g. posterior.flat(), fit on from values.parameters, or pass these to take "
            "them as they are."
        )
