import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.given import check_key, check_kind
from ..statistics import Posterior
from .approximations import AbstractApproximation, FullRank, MeanField
from .chains import Chains
from .coordinates import FEW, density, relaxed
from .diagnostics import pareto_k
from .low_rank import LowRank
from .options import check_counts, check_posterior
from .progress import progress as show
from .starts import begin_at
from .whitening import Whitening

SEGMENT = 50  # steps compiled together
BAD = 0.7  # of the Pareto k: importance weights of no use above
WORTH = 0.5  # of the draws: one that is too wide has weights without a tail, which differ


class ApproximationWarning(UserWarning):
    """The Gaussian is not near the posterior, as can be seen before it is drawn from."""


class Approximation:
    """A Gaussian, in whitened unconstrained coordinates, that is near a posterior.

    - `elbo`: the evidence lower bound after every step, (steps,).
    - `doubt`: what is wrong with it, if that can be seen from it, else empty.
    - `pareto_k(key)`: of the importance weights of its draws: above 0.7 the Gaussian is too narrow somewhere. One that
      is too wide has a small one, and weights that are worth few of the draws: `sample` judges both.
    - `shortfall(key)`: by how much, at least, the bound is below the log evidence.

    **Source:** Yao et al. 2018, arXiv:1802.02538, for the diagnostic.

    **Arguments:** made by `sl.approximate`, of a `posterior` by a `method`, in coordinates `place`, with its `state`
    and `elbo`.

    !!! example
        >>> near = sl.approximate(posterior, jax.random.key(0), sl.inference.Pathfinder())
        >>> near.elbo.ndim
        1
    """

    def __init__(self, posterior: Posterior, method: AbstractApproximation, place: Whitening, state: Any, elbo: Any):
        self._posterior, self._method, self._place, self._state = posterior, method, place, state
        self.elbo: np.ndarray = np.asarray(elbo)
        self.doubt: str = method.doubt(state) if isinstance(method, LowRank) else ""

    def sample(self, key: jax.Array, draws: int = 1000) -> Chains:
        """Independent draws, as one chain; its verdict says whether the Gaussian is near the posterior.

        **Arguments:** `key`: a JAX random key; `draws`: how many.

        **Returns:** `Chains`, with the log importance weights `log_weight` among its statistics.
        """
        check_counts(draws=draws)
        drawn = _draw(self._method, self._posterior, self._place, self._state, key, draws)
        found, heights, weights = (np.asarray(part) for part in drawn)
        notes = {"algorithm": repr(self._method), "warmup": 0} | judged(weights)
        return Chains.of(self._posterior, found[None], {"lp": heights[None], "log_weight": weights[None]}, notes)

    def __repr__(self) -> str:
        bound = f"evidence lower bound {self.elbo[-1]:.6g} after {self.elbo.size} steps"
        doubt = f"; {self.doubt}" if self.doubt else ""
        return f"Approximation of {self._posterior.space.size} parameters by {self._method!r}: {bound}{doubt}"

    def pareto_k(self, key: jax.Array, draws: int = 1000) -> float:
        """The Pareto k of the importance weights of draws."""
        return pareto_k(self._weights(key, draws))

    def shortfall(self, key: jax.Array, draws: int = 1000) -> float:
        """By how much, at least, the evidence lower bound is below the log evidence: log mean w - mean log w.

        **Arguments:** `key`: a JAX random key; `draws`: how many importance weights w.

        **Returns:** a number, 0 where the Gaussian is the posterior.
        """
        weights = self._weights(key, draws).astype(np.float64)
        return float(np.log(np.mean(np.exp(weights - np.max(weights)))) + np.max(weights) - np.mean(weights))

    def _weights(self, key: jax.Array, draws: int) -> np.ndarray:
        check_counts(draws=draws)
        return np.asarray(_draw(self._method, self._posterior, self._place, self._state, key, draws)[2])


def judged(weights: np.ndarray) -> dict[str, str]:
    """What importance weights say of draws, which are not lost where they say nothing."""
    try:
        k = pareto_k(weights)
    except Exception as error:  # of the library that computes it
        return {"complaint": f"the Pareto k of the importance weights is not known: {error}"}
    worth = effective(weights)
    note = {"note": f"Pareto k of the importance weights = {k:.2f}, which are worth {worth:.2f} of the draws"}
    far = {"complaint": "the approximation is not near the posterior: sample it instead"}
    return note | far if k > BAD or worth < WORTH else note


def effective(weights: np.ndarray) -> float:
    """The share of draws that so many equal ones are worth, (sum w)^2/(n sum w^2), of the logarithms of weights."""
    shares = np.exp(np.asarray(weights, np.float64) - np.max(weights))
    return float(np.sum(shares) ** 2 / (shares.size * np.sum(shares**2)))


def approximate(
    posterior: Posterior,
    key: jax.Array,
    method: AbstractApproximation | None = None,
    *,
    start: Any = None,
    progress: bool | None = None,
) -> Approximation:
    """A Gaussian that is near a posterior, for much less than sampling takes.

    Largest is the evidence lower bound, E_q[log p - log q], of Gaussians q in coordinates whitened by the Fisher matrix
    at the start (up to 300 numbers; unconstrained ones beyond).

    **Arguments:**

    - `key`: a JAX random key.
    - `method`: `sl.inference.FullRank()`, the default up to 300 numbers, `sl.inference.MeanField()`, the default
      beyond, `sl.inference.LowRank()`, or `sl.inference.Pathfinder()`.
    - `start`: a `FitResult`, or constrained values, of which those left out are the model's; `None`: a fit is made
      first.
    - `progress`: whether to show it; `None`: on a terminal.
    - `posterior`: an `sl.Posterior`.

    **Returns:** `Approximation`.

    **Raises:** `ValueError` for a start without finite derivatives, or too many parameters for the method;
    `TypeError` for what is no posterior, method or key.

    **Warns:** `ApproximationWarning` for a `LowRank` of too low a rank.

    !!! example
        >>> near = sl.approximate(posterior, jax.random.key(0), sl.inference.Pathfinder())
        >>> near.sample(jax.random.key(1), draws=100).parameters["magnetic_field.b0"].shape
        (1, 100)
    """
    check_posterior(posterior)
    check_key(key)
    method = (FullRank() if posterior.space.size <= FEW else MeanField()) if method is None else method
    check_kind("method", method, AbstractApproximation, "one of sl.inference, e.g. sl.inference.FullRank()")
    place = begin_at(posterior, start)
    first, run = jax.random.split(key)
    state, bounds = _begin(method, posterior, place, first), []
    with show("approximation", method.steps, progress) as advance:
        for number in range(0, method.steps, SEGMENT):
            length = min(SEGMENT, method.steps - number)
            state, bound = _advance(method, posterior, place, state, run, jnp.asarray(number), length)
            bounds.append(bound)
            advance(length, elbo=float(bound[-1]))
    found = Approximation(posterior, method, place, state, jnp.concatenate(bounds))
    if found.doubt:
        warnings.warn(f"{type(method).__name__}: {found.doubt}.", ApproximationWarning, stacklevel=2)
    return found


@eqx.filter_jit
def _begin(method: AbstractApproximation, posterior: Posterior, place: Whitening, key: Array) -> Any:
    with relaxed():
        return method.begin(density(posterior, place), 0 * place.origin, key)


@eqx.filter_jit
def _advance(
    method: AbstractApproximation,
    posterior: Posterior,
    place: Whitening,
    state: Any,
    key: Array,
    first: Array,
    length: int,
) -> tuple[Any, Array]:
    target = density(posterior, place)

    def one(state: Any, number: Array) -> tuple[Any, Array]:
        return method.advance(target, state, jax.random.fold_in(key, number))

    with relaxed():
        state, bounds = jax.lax.scan(one, state, first + jnp.arange(length))
        return state, bounds + place.log_volume


@eqx.filter_jit
def _draw(
    method: AbstractApproximation, posterior: Posterior, place: Whitening, state: Any, key: Array, draws: int
) -> tuple[Array, Array, Array]:
    """Unconstrained vectors, their log densities, and the logarithms of their importance weights."""
    with relaxed():
        y, gaussian = method.draw(state, key, draws)
        heights = jax.lax.map(density(posterior, place), y)
        return jax.vmap(place)(y), heights, heights - gaussian + place.log_volume
