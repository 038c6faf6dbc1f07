"""Inference that is learnt once, from simulations, for all data that a model may give."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.given import check_key
from .._core.units import refuse_units
from ..parameters import ravel
from ..statistics import Posterior
from . import flows
from .approximate import judged
from .calibration import Calibration
from .chains import Chains
from .coordinates import by_name
from .features import Features, vector
from .options import check_counts, check_posterior
from .progress import progress as show

EPOCHS = 60
REPEATS = 8
LEAST = 100  # simulations
_TOGETHER = 100  # simulated at a time
_WORST = 1e3  # below the largest log weight: where the posterior is 0


class Amortised:
    """A network that knows the posterior of any data of its model: q(theta | d), in unconstrained parameters.

    - `loss`: -mean log q(theta | d) of simulations that were held out; `simulations`: how many there were.

    It answers for data as they were simulated: of these priors, of this shape, with these responses and backgrounds.
    For others it is wrong, and does not know; importance weights against the true posterior tell.

    **Arguments:**

    - `posterior`: what it was trained for.
    - `flow`: of flowjax, the density of vectors less their mean over their standard deviation.
    - `place`: mean and standard deviation of the unconstrained vectors, (n,) each.
    - `features`: what it sees of data.
    - `notes`: `loss` and `simulations`.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Gamma(3.0, 0.3)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(2), [3, 5], sl.statistics.Poisson())
        >>> net = sl.amortise(sl.Posterior(space, counts), jax.random.key(0), simulations=100, epochs=1)
        >>> net
        Amortised(rate; 100 simulations)
    """

    loss: Any
    simulations: Any

    def __init__(self, posterior: Posterior, flow: Any, place: tuple[Array, Array], features: Features, notes: Any):
        self._posterior, self._flow, self._place, self._features = posterior, flow, place, features
        self.loss, self.simulations = notes

    def sample(self, key: jax.Array, posterior: Posterior | None = None, draws: int = 1000) -> Chains:
        """Independent draws given the data of a posterior, as one chain, whose verdict is that of importance weights.

        **Arguments:** `key`: a JAX random key; `posterior`: of other data, as of `posterior.given([counts])`; `None`:
        that of the training; `draws`: how many.

        **Returns:** `Chains` of q, with the log importance weights log p - log q as `log_weight` among its statistics,
        and below the table their Pareto k, above 0.7 where q is too narrow somewhere, and how many of the draws they
        are worth, less than half where q is too wide: the verdict says so.

        **Raises:** `ValueError` for a posterior of other parameters, or data of another shape.
        """
        refuse_units(draws=draws)
        check_counts(draws=draws)
        posterior = self._posterior if posterior is None else posterior
        self._check(posterior)
        x = self._features(vector([one.data for one in posterior.likelihoods]))
        z, near = flows.draw(self._flow, key, x, draws)
        found, heights = _heights(posterior, z, *self._place)
        heights = np.asarray(heights, np.float64)
        weights = heights - np.asarray(near, np.float64) + float(jnp.sum(jnp.log(self._place[1])))
        usable = np.isfinite(weights)
        weights = np.where(usable, weights, (np.max(weights[usable]) if np.any(usable) else 0.0) - _WORST)
        notes = {"algorithm": f"a flow trained on {self.simulations} simulations", "warmup": 0} | judged(weights)
        return Chains.of(posterior, np.asarray(found)[None], {"lp": heights[None], "log_weight": weights[None]}, notes)

    def calibrate(self, key: jax.Array, replicas: int = 300, draws: int = 99) -> Calibration:
        """Simulation-based calibration: ranks of the truth of new simulations among draws, uniform where all is right.

        **Arguments:** `key`: a JAX random key; `replicas`: how many simulations; `draws`: for each.

        **Returns:** `Calibration`; printed, it is a table.

        **Source:** Talts et al. 2018, arXiv:1804.06788.
        """
        refuse_units(replicas=replicas, draws=draws)
        check_counts(replicas=replicas, draws=draws)
        first, second = jax.random.split(key)
        truth, data = _simulate(self._posterior, *jax.random.split(first, (2, replicas)))
        ranks = _ranks(self._flow, self._features, (truth - self._place[0]) / self._place[1], data, second, draws)
        return Calibration(np.asarray(ranks), draws, self._posterior.space.labels)

    def _check(self, posterior: Posterior) -> None:
        own, other = self._posterior, posterior
        shapes = [[one.data.shape for one in each.likelihoods] for each in (own, other)]
        if own.space.names != other.space.names or shapes[0] != shapes[1]:
            raise ValueError(
                f"posterior has data of the shapes {shapes[1]} and {', '.join(other.space.names)} free; the network "
                f"was trained for {shapes[0]} and {', '.join(own.space.names)}: give posterior.given([data])."
            )

    def __repr__(self) -> str:
        return f"Amortised({', '.join(self._posterior.space.names)}; {self.simulations} simulations)"


def amortise(
    posterior: Posterior,
    key: jax.Array,
    simulations: int = 10000,
    *,
    repeats: int = REPEATS,
    features: int | None = None,
    epochs: int = EPOCHS,
    progress: bool | None = None,
) -> Amortised:
    """Trains a conditional normalising flow on simulations: then the posterior of any such data takes milliseconds.

    max_q sum_k log q(theta_k | d_k),  theta_k ~ prior, d_k ~ p(d | theta_k).

    It sees the data through few numbers, the directions of asinh(d/s) that stand out most of the noise. Its draws carry
    importance weights against the true posterior. Needs flowjax: `pip install 'sightline[sbi]'`.

    **Arguments:**

    - `posterior`: of which the data give only shape and noise; the priors must be proper.
    - `key`: a JAX random key.
    - `simulations`: draws from the prior, 100 at least; a tenth is held out, to choose the best of all epochs.
    - `repeats`: data sets of each, which differ in noise, 2 at least: without them it learns the noise.
    - `features`: how many numbers it sees of the data, at most; `None`: two for each parameter, and two; `epochs`: how
      many passes through the simulations.
    - `progress`: whether to show it; `None`: on a terminal.

    **Returns:** `Amortised`.

    **Raises:** `ImportError` without flowjax; `ValueError` for improper priors, regularisers, too few simulations, and
    simulated data that are not finite.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Gamma(3.0, 0.3)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(2), [3, 5], sl.statistics.Poisson())
        >>> posterior = sl.Posterior(space, counts)
        >>> net = sl.amortise(posterior, jax.random.key(0), simulations=200, epochs=2)
        >>> chains = net.sample(jax.random.key(1), posterior.given([jnp.array([8.0, 11.0])]), draws=50)
        >>> chains.parameters["rate"].shape
        (1, 50)

    **Source:** Papamakarios & Murray 2016, arXiv:1605.06376; Dax et al. 2023, Phys. Rev. Lett. 130, 171403 (weights).
    """
    flows.import_flowjax()
    check_posterior(posterior)
    check_key(key)
    refuse_units(simulations=simulations, repeats=repeats, features=features, epochs=epochs)
    features = 2 * len(posterior.space.labels) + 2 if features is None else features
    check_counts(least=LEAST, simulations=simulations)
    check_counts(least=2, repeats=repeats)
    check_counts(features=features, epochs=epochs)
    if posterior.regularisers:
        raise ValueError("Simulations draw from the priors alone: put regularisers into them.")
    drawing, making, running = jax.random.split(key, 3)
    truth, seen, x = _study(posterior, drawing, simulations, repeats, features)
    place = jnp.mean(truth, axis=0), jnp.std(truth, axis=0)
    flow = flows.make_flow(making, truth.shape[1], x.shape[-1], truth.dtype)
    flow, loss = _train(flow, (truth - place[0]) / place[1], x, running, epochs, progress)
    return Amortised(posterior, flow, place, seen, (loss, simulations))


def _study(
    posterior: Posterior, key: Array, simulations: int, repeats: int, number: int
) -> tuple[Array, Features, Float[Array, "repeats n features"]]:
    """Unconstrained vectors drawn from the prior, what to see of their data, and that of every repetition."""
    prior, *noise = jax.random.split(key, 1 + repeats)
    priors = jax.random.split(prior, simulations)
    truth, first = _simulate(posterior, priors, jax.random.split(noise[0], simulations))
    bad = int(jnp.sum(~jnp.all(jnp.isfinite(first), axis=1) | ~jnp.all(jnp.isfinite(truth), axis=1)))
    if bad:
        raise ValueError(f"{bad} of {simulations} simulations are not finite: narrow the priors.")
    again = (_simulate(posterior, priors, jax.random.split(one, simulations))[1] for one in noise[1:])
    second = next(again)
    seen = Features.of(first, second, number)
    x = [jax.vmap(seen)(data) for data in (first, second)]
    return truth, seen, jnp.stack([*x, *(jax.vmap(seen)(data) for data in again)])


def _train(flow: Any, z: Array, x: Array, key: Array, epochs: int, progress: bool | None) -> tuple[Any, float]:
    """The flow with the smallest loss of held-out simulations, and that loss; the repetitions take turns."""
    count = round(flows.HELD_OUT * len(z))
    steps = epochs * max(1, (len(z) - count) // flows.BATCH)
    training = flows.begin(flow, steps)
    with show("training", epochs, progress) as advance:
        for number in range(epochs):
            data, turn = (z[count:], x[number % len(x), count:]), jax.random.fold_in(key, number)
            training = flows.epoch(flow, training, data, (z[:count], x[0, :count]), turn, steps)
            advance(1, loss=float(training.loss))
    return eqx.combine(training.best, flows.parts(flow)[1]), float(training.loss)


@eqx.filter_jit
def _simulate(posterior: Posterior, priors: Array, noise: Array) -> tuple[Float[Array, "n k"], Float[Array, "n m"]]:
    """Unconstrained vectors drawn from the prior, and data of each, by keys of both."""

    def one(pair: tuple[Array, Array]) -> tuple[Array, Array]:
        values = posterior.space.sample(pair[0])
        data = posterior.predict(values, pair[1])
        place = ravel(posterior.space.to_unconstrained(values), posterior.space.names)[0]
        return place, vector([data[name] for name in posterior.names])

    return jax.lax.map(one, (priors, noise), batch_size=_TOGETHER)


@eqx.filter_jit
def _heights(posterior: Posterior, z: Array, mean: Array, spread: Array) -> tuple[Array, Array]:
    """Unconstrained vectors of draws, and their log densities."""
    found = mean + spread * z
    density = lambda place: posterior.log_density(by_name(posterior, place))  # noqa: E731
    return found, jax.lax.map(density, found, batch_size=_TOGETHER)


@eqx.filter_jit
def _ranks(flow: Any, features: Features, truth: Array, data: Array, key: Array, draws: int) -> Array:
    """How many draws lie below each true number, (replicas, n)."""

    def one(each: tuple[Array, Array, Array]) -> Array:
        place, seen, own = each
        z, _ = flows.draw(flow, own, features(seen), draws)
        return jnp.sum(z < place, axis=0)

    return jax.lax.map(one, (truth, data, jax.random.split(key, truth.shape[0])), batch_size=20)
