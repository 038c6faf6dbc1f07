"""Simulation-based calibration: whether a sampler finds the posterior of data that a model itself has made."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.devices import everywhere, shared_out
from .._core.given import check_key, check_kind
from .._core.units import refuse_units
from ..parameters import Table, ravel
from ..statistics import Posterior
from .algorithms import check_warmup
from .coordinates import Vector, constrained_vector, coordinates, density, relaxed
from .drive import AbstractChain
from .hamiltonian import NUTS
from .options import check_counts, check_posterior
from .progress import progress as show
from .starts import scatter
from .whitening import Whitening


class Calibration:
    """Ranks of true values among draws of the posterior, which are uniform where the sampler is right.

    - `ranks`: (replicas, n), from 0 to `draws`; `draws`: of each replica; `labels`: of the n numbers.
    - `counts`: (n, bins), how many ranks lie in each of `bins` equal bins.
    - `p_values`: (n,), the probability of a chi^2 of the counts as large as this.

    Printed, it is a table.

    **Arguments:** `ranks`, `draws` and `names` of the numbers; made by `sl.sbc`.

    !!! example
        >>> calibration = sl.inference.Calibration(np.arange(20)[:, None] % 10, 9, ["b0"])
        >>> calibration.p_values.round(3)
        array([1.])
    """

    ranks: np.ndarray
    draws: int
    labels: list[str]

    def __init__(self, ranks: np.ndarray, draws: int, names: list[str]):
        self.ranks, self.draws, self.labels = ranks, draws, names

    @property
    def bins(self) -> int:
        """Bins of ten ranks on average, a divisor of the number of ranks."""
        most = max(len(self.ranks) // 10, 2)
        return max(count for count in range(2, most + 1) if (self.draws + 1) % count == 0 or count == 2)

    @property
    def counts(self) -> np.ndarray:
        """(n, bins)."""
        edges = np.linspace(-0.5, self.draws + 0.5, self.bins + 1)
        return np.stack([np.histogram(one, edges)[0] for one in self.ranks.T])

    @property
    def p_values(self) -> np.ndarray:
        """(n,)."""
        edges = np.linspace(-0.5, self.draws + 0.5, self.bins + 1)
        share = np.histogram(np.arange(self.draws + 1), edges)[0] / (self.draws + 1)
        expected = len(self.ranks) * share
        chi2 = np.sum((self.counts - expected) ** 2 / expected, axis=1)
        return np.asarray(jax.scipy.stats.chi2.sf(jnp.asarray(chi2), self.bins - 1))

    def summary(self) -> Table:
        """A table: mean and spread of the ranks, which are 1/2 and 0.289 of `draws` where all is right, and p."""
        share = self.ranks / self.draws
        rows = [
            [label, f"{np.mean(one):.3f}", f"{np.std(one):.3f}", f"{p:.3f}"]
            for label, one, p in zip(self.labels, share.T, self.p_values, strict=True)
        ]
        title = f"{len(self.ranks)} replicas of {self.draws} draws"
        return Table(["parameter", "mean rank", "spread", "p (chi^2)"], rows, title)

    def __repr__(self) -> str:
        return repr(self.summary())


def sbc(
    posterior: Posterior,
    key: jax.Array,
    algorithm: AbstractChain | None = None,
    *,
    replicas: int = 200,
    draws: int = 99,
    thin: int = 3,
    warmup: int = 100,
    together: int = 20,
    progress: bool | None = None,
) -> Calibration:
    """Simulation-based calibration of a model, its priors and a sampler.

    For each replica theta ~ prior, d ~ p(d | theta); the rank of theta among draws from p(theta | d) is uniform.
    Chains move in coordinates whitened by the Fisher matrix at theta, and start scattered about it, nearer where the
    density is not finite.

    **Arguments:**

    - `posterior`: of which the data give only shape and noise; the priors must be proper.
    - `key`: a JAX random key; `algorithm`: `sl.NUTS()` by default.
    - `replicas`: how many; `together`: of them at a time, vectorised.
    - `draws`: the number of each chain, after `warmup` others; `thin`: of so many one is kept, for ranks of correlated
      draws are not uniform.
    - `progress`: print how far it is; `None`: on a terminal.

    **Returns:** `Calibration`; printed, it is a table.

    **Raises:** `ValueError` for counts below 1, a warm-up too short for the algorithm, or a replica without finite
    density or derivatives, naming its parameters; `TypeError` for what is no posterior, algorithm or key.

    !!! example
        >>> calibration = sl.sbc(posterior, jax.random.key(0), replicas=20, draws=9, warmup=20)
        >>> calibration.ranks.shape
        (20, 1)

    **Source:** Talts et al. 2018, arXiv:1804.06788.
    """
    check_posterior(posterior)
    check_key(key)
    algorithm = NUTS() if algorithm is None else algorithm
    check_kind("algorithm", algorithm, AbstractChain, "sl.NUTS() or another that makes chains")
    refuse_units(replicas=replicas, draws=draws, warmup=warmup, thin=thin, together=together)
    check_counts(replicas=replicas, draws=draws, thin=thin, together=together)
    check_warmup(algorithm, warmup)
    if posterior.regularisers:
        raise ValueError("Calibration draws from the priors alone: put regularisers into them.")
    keys, found = jax.random.split(key, replicas), []
    plan = _Plan(algorithm, warmup, draws, thin)
    with show("calibration", replicas, progress) as advance:
        for first in range(0, replicas, together):
            chosen = keys[first : first + together]
            found.append(_ranks(plan, posterior, chosen))
            advance(len(chosen))
    return Calibration(np.concatenate(found), draws, posterior.space.labels)


class _Plan(eqx.Module):
    algorithm: AbstractChain
    warmup: int = eqx.field(static=True)
    draws: int = eqx.field(static=True)
    thin: int = eqx.field(static=True)


def _ranks(plan: _Plan, posterior: Posterior, keys: Array) -> np.ndarray:
    """Ranks of several replicas, (replicas, n)."""
    replicas = [_replica(posterior, key) for key in keys]
    data, places, starts = jax.tree.map(lambda *leaves: jnp.stack(leaves), *replicas)
    return np.asarray(_rank_all(plan, posterior, data, places, starts, keys))


def _replica(posterior: Posterior, key: Array) -> tuple[Any, Whitening, Vector]:
    """Data that a draw from the prior might have given, coordinates about that draw, and a start.

    **Raises:** `ValueError` where no start has a finite density, naming the draw.
    """
    truth = posterior.space.sample(jax.random.fold_in(key, 0))
    replica = posterior.replicate(truth, jax.random.fold_in(key, 1))
    try:
        place = coordinates(replica, posterior.space.to_unconstrained(truth))
        start = scatter(replica, place, key)
    except ValueError as error:
        numbers = ravel(truth, posterior.space.names)[0][:6]
        drawn = ", ".join(f"{name} = {value:.4g}" for name, value in zip(posterior.space.labels, numbers, strict=False))
        raise ValueError(
            f"A replica of {drawn}, drawn from the prior, has no finite density or derivatives: narrow the priors, or "
            f"make the model finite there. {error}"
        ) from None
    return [one.data for one in replica.likelihoods], place, start


@eqx.filter_jit
def _rank_all(plan: _Plan, posterior: Posterior, data: Any, places: Whitening, starts: Array, keys: Array) -> Array:
    def one(data: Any, place: Whitening, start: Vector, key: Array) -> Array:
        return _rank(plan, posterior.given(data), place, start, key)

    return everywhere(jax.vmap(one)(*shared_out((data, places, starts, keys), keys.shape[0])))


def _rank(plan: _Plan, replica: Posterior, place: Whitening, start: Vector, key: Array) -> Array:
    """The rank of the truth, which is the origin of the whitening, (n,)."""
    target, algorithm = density(replica, place), plan.algorithm
    begin, warm, run = jax.random.split(jax.random.fold_in(key, 2), 3)

    def adapt(state: Any, number: Array) -> tuple[Any, None]:
        return algorithm.adapt(target, state, jax.random.fold_in(warm, number), number, plan.warmup)[0], None

    def draw(state: Any, number: Array) -> tuple[Any, Array]:
        keys = jax.vmap(lambda i: jax.random.fold_in(run, i))(number * plan.thin + jnp.arange(plan.thin))
        state, _ = jax.lax.scan(lambda s, k: (algorithm.draw(target, s, k)[0], None), state, keys)
        return state, constrained_vector(replica, place, algorithm.position(state))

    with relaxed():
        state = algorithm.begin(target, start, begin, plan.warmup)
        state, _ = jax.lax.scan(adapt, state, jnp.arange(plan.warmup))
        _, drawn = jax.lax.scan(draw, state, jnp.arange(plan.draws))
    truth = constrained_vector(replica, place, 0 * start)
    return jnp.sum(drawn < truth, axis=0)
