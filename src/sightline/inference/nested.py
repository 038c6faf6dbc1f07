from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.module import setting
from ..parameters import ravel
from ..statistics import Posterior
from .algorithms import AbstractAlgorithm
from .checkpoint import ELSEWHERE, Checkpoint, pack, unpack
from .coordinates import Vector, by_name, relaxed
from .drive import Task
from .options import check_types

LEFT = -3.0  # log of the evidence in the live points, relative to what has been found, at which a run ends
MOST = 1_000_000  # steps of a run
BLOCKS = 1000  # of as many draws of the prior as points that begin


class NestedSlice(AbstractAlgorithm):
    """Nested sampling with slices: the evidence, and posteriors of several maxima.

    Each chain is a run of its own from the prior, where the likelihood is not zero and what is tied keeps its bounds;
    its draws are equally weighted, many of them more than once, which effective sample sizes know. `start`, `warmup`
    and `thin` have no effect, and the priors must be proper. A run's log evidence is uncertain by sqrt(H/live), with
    the information H = <log L> - log Z in the posterior, or by the scatter of the runs where that is larger; their
    mean by that over the root of their number. Where a part p of the prior has a likelihood, its error is that of (H
    + log p)/live and (1 - p)/live. The attributes of the tree of `Chains` have `log_evidence`, `log_evidence_error`,
    `information` and `worth`, how many independent draws its points are worth, of each run.

    **Arguments:** `live`: points at a time; `dying`: of them replaced in a step; `slices`: to find a new point,
    `None`: twice the number of parameters, at least 5.

    **Raises:** `ValueError` unless fewer die than live, for regularisers, and for a run that does not end.

    !!! example
        >>> algorithm = sl.NestedSlice(live=200)

    **Source:** Skilling 2006, Bayesian Anal. 1, 833 (the error, too); Yallup, Kroupa & Handley 2026, arXiv:2601.23252;
    by blackjax.
    """

    live: int = setting(400, bounds=(2, None))
    dying: int = setting(20, bounds=(1, None))
    slices: int | None = setting(None, bounds=(1, None))

    def __check_init__(self) -> None:
        check_types(self)
        if self.dying >= self.live:
            raise ValueError(f"NestedSlice.dying = {self.dying} must be smaller than live = {self.live}.")

    def collect(self, task: Task) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
        """See `AbstractAlgorithm`."""
        if task.posterior.regularisers:
            raise ValueError("Nested sampling needs normalised densities: put regularisers into the priors.")
        keys = jax.random.split(task.key, task.chains)
        found = zip(*(self._run(task, i, key) for i, key in enumerate(keys)), strict=True)
        positions, heights, evidence, information, errors, worth = map(np.stack, found)
        scatter = float(np.std(evidence, ddof=1)) if len(keys) > 1 else 0.0
        one = max(float(np.sqrt(np.mean(errors**2))), scatter)
        note = (
            f"log evidence = {np.mean(evidence):.2f} +- {one / len(keys) ** 0.5:.2f}; of one run +- {one:.2f}, the "
            "larger of sqrt(H/live) and the scatter of the runs"
        )
        notes = {"note": note, "log_evidence": evidence, "log_evidence_error": errors, "information": information}
        return positions, {"lp": heights}, notes | {"worth": worth}

    @property
    def _variance(self) -> float:
        """Of the log of the prior volume, a unit by which that shrinks: 1/live where one point dies at a time."""
        counts = 1.0 / np.arange(self.live, self.live - self.dying, -1)
        return float(np.sum(counts**2) / np.sum(counts))

    def _run(self, task: Task, number: int, key: Array) -> tuple[np.ndarray, np.ndarray, float, float, float, float]:
        """Draws, (draws, n), log densities, the log evidence, the information, the error, and what draws are worth."""
        name, (first, step, last) = f"run_{number}", jax.random.split(key, 3)
        state, share = _begin(self, task.posterior, first)
        state, dead = _restore(task.checkpoint, name, state)
        steps = sum(len(part.logdensity) for part in dead)
        while not dead or _left(state) > LEFT:
            if steps > MOST:
                raise ValueError("Nested sampling does not end: is the likelihood bounded?")
            state, part = self._segment(task, state, step, steps)
            _keep(task.checkpoint, name, len(dead), state, part)
            dead.append(part)
            steps += len(part.logdensity)
        task.advance((task.warmup + task.draws) / task.chains, steps=steps)
        positions, heights, information, worth = _resample(state, dead, last, task.draws)
        evidence = float(jnp.logaddexp(state.integrator.logZ, state.integrator.logZ_live)) + float(np.log(share))
        error = np.sqrt(information * self._variance + (1 - share) / self.live)
        return positions, heights, evidence, information - float(np.log(share)), float(error), worth

    def _segment(self, task: Task, state: Any, key: Array, number: int) -> tuple[Any, Any]:
        """Steps from `number` on, to the end of the run at most: the state, and who died, (steps, dying, ...)."""
        dead: list[Any] = []
        while not dead or (len(dead) < task.segment and _left(state) > LEFT):
            state, particles = _advance(self, task.posterior, state, jax.random.fold_in(key, number + len(dead)))
            dead.append(particles)
        return state, jax.tree.map(lambda *leaves: jnp.stack(leaves), *dead)


def _left(state: Any) -> float:
    """log of the evidence in the live points, relative to what has been found."""
    return float(state.integrator.logZ_live - state.integrator.logZ)


def _keep(saved: Checkpoint | None, name: str, number: int, state: Any, part: Any) -> None:
    """Writes who died in a segment, once, and then the state from which the next one begins."""
    if saved is not None:
        saved.write(f"{name}_dead_{number:06d}", pack(part))
        saved.write(name, pack((state, jnp.asarray(number + 1))))


def _restore(saved: Checkpoint | None, name: str, state: Any) -> tuple[Any, list[Any]]:
    """A run as the checkpoint has it: its state and who died in each of its segments."""
    found = None if saved is None else saved.read(name)
    if saved is None or found is None:
        return state, []
    with saved.damaged(name):
        state, done = unpack(found, (state, jnp.asarray(0)))
    return state, [_read(saved, f"{name}_dead_{number:06d}", state.particles) for number in range(int(done))]


def _read(saved: Checkpoint, name: str, particles: Any) -> Any:
    found = saved.read(name, ELSEWHERE)
    if found is None:
        raise ValueError(f"The checkpoint has lost its file {name}: {ELSEWHERE}.")
    with saved.damaged(name, ELSEWHERE):
        shape = found["0"].shape[:2]
        return unpack(found, jax.tree.map(lambda leaf: jnp.zeros((*shape, *leaf.shape[1:]), leaf.dtype), particles))


def _resample(state: Any, dead: list[Any], key: Array, draws: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Equally weighted draws, (draws, n), their log densities, the information H = <log L> - log Z, and how many
    independent draws all points are worth (Kish 1965).
    """
    from blackjax.ns.base import NSInfo
    from blackjax.ns.utils import log_weights

    weighing, choosing = jax.random.split(key)
    flat = [jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), part) for part in dead]
    particles = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *flat, state.particles)
    with relaxed():
        weights = jax.scipy.special.logsumexp(log_weights(weighing, NSInfo(particles, None)), axis=-1)
    index = jax.random.categorical(choosing, weights, shape=(draws,))
    heights = particles.logdensity + particles.loglikelihood
    total = jax.scipy.special.logsumexp(weights)
    shares, likelihoods = jnp.exp(weights - total), particles.loglikelihood
    mean = jnp.sum(jnp.where(shares > 0, shares * likelihoods, 0))
    evidence = jnp.logaddexp(state.integrator.logZ, state.integrator.logZ_live)
    information = max(float(mean - evidence), 0.0)
    worth = float(1 / jnp.sum(shares * shares))
    return np.asarray(particles.position[index]), np.asarray(heights[index]), information, worth


def _sampler(algorithm: NestedSlice, posterior: Posterior) -> Any:
    import blackjax

    space = posterior.space
    slices = max(5, 2 * space.size) if algorithm.slices is None else algorithm.slices

    def prior(u: Vector) -> Array:
        values = by_name(posterior, u)
        return space.log_prior(space.to_constrained(values)) + space.log_jacobian(values)

    def likelihood(u: Vector) -> Array:
        return _likelihood(posterior, space.to_constrained(by_name(posterior, u)))

    return blackjax.nss(prior, likelihood, num_inner_steps=slices, num_delete=algorithm.dying)


def _likelihood(posterior: Posterior, values: Any) -> Array:
    """log L; what has no likelihood, or is tied beyond its bounds, is nowhere."""
    height = posterior.log_likelihood(values)
    return jnp.where(jnp.isnan(height) | ~posterior.space.allows(values), -jnp.inf, height)


def _begin(algorithm: NestedSlice, posterior: Posterior, key: Array) -> tuple[Any, float]:
    """Live points where there is a likelihood, and the share of the prior that has one.

    **Raises:** `ValueError` where that is too small.
    """
    places, live, found = np.zeros(0, int), algorithm.live, []
    for block in range(BLOCKS):
        points, allowed = _proposed(posterior, jax.random.split(jax.random.fold_in(key, block), live))
        found.append(np.asarray(points)[np.asarray(allowed)])
        places = np.concatenate([places, block * live + np.flatnonzero(allowed)])
        if len(places) >= live:
            break
    else:
        raise ValueError(
            f"NestedSlice: {len(places)} of {BLOCKS * live} draws of the priors have a likelihood, and {live} points "
            "begin: narrow the priors, or take fewer live points."
        )
    return _started(algorithm, posterior, jnp.asarray(np.concatenate(found)[:live]), key), live / (places[live - 1] + 1)


@eqx.filter_jit
def _proposed(posterior: Posterior, keys: Array) -> tuple[Array, Array]:
    """Draws from the priors, (draws, n), and whether they have a likelihood."""
    space = posterior.space

    def one(key: Array) -> tuple[Vector, Array]:
        values = space.propose(key)
        return ravel(space.to_unconstrained(values), space.names)[0], _likelihood(posterior, values) > -jnp.inf

    return jax.vmap(one)(keys)


@eqx.filter_jit
def _started(algorithm: NestedSlice, posterior: Posterior, particles: Array, key: Array) -> Any:
    with relaxed():
        return _sampler(algorithm, posterior).init(particles, key)


@eqx.filter_jit
def _advance(algorithm: NestedSlice, posterior: Posterior, state: Any, key: Array) -> tuple[Any, Any]:
    with relaxed():
        state, info = _sampler(algorithm, posterior).step(key, state)
        return state, info.particles
