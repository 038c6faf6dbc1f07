"""Whether data are as far from a model as data usually are."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from .._core.units import refuse_units
from ..parameters import Table
from ..statistics import AbstractLikelihood, Likelihood, Posterior
from ..statistics.alike import listed, over
from .options import check_counts
from .result import FitResult

SIMULATIONS = 1000
_TOGETHER = 2**20  # numbers drawn at a time
ALL = "(all)"


class Goodness:
    """How far data are from a model, and how far they should be; each a dict by the name of the likelihood.

    - `deviances`: chi^2 of Gaussian data, Cash's statistic of counts, W of counts beside a background.
    - `expected`, `variances`: their mean and variance over data that the model might give: exact where the noise knows
      them, else of the simulations, else NaN. `z`: (deviance - expected)/standard deviation.
    - `simulated`: (simulations,), deviances of simulated data; `p_values`: (1 + how many are as large)/(1 + how many
      there are), NaN without simulations.

    Several likelihoods have an entry `"(all)"`, of their sum. Printed, it is a table.

    **Arguments:** what `sl.goodness` found, `exact` among it: whether expectations are exact.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Uniform(0.0, 100.0)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(3), [3, 5, 9], sl.statistics.Poisson())
        >>> found = sl.goodness(sl.Posterior(space, counts), {"rate": 4.0})
        >>> round(float(found.deviances["data"]), 3)
        5.102
    """

    def __init__(
        self,
        deviances: dict[str, float],
        exact: dict[str, tuple[float, float] | None],
        simulated: dict[str, np.ndarray],
    ):
        moments = {name: _moments(exact[name], simulated[name]) for name in deviances}
        self.expected = _with_sum({name: value[0] for name, value in moments.items()})
        self.variances = _with_sum({name: value[1] for name, value in moments.items()})
        self.deviances, self.simulated = _with_sum(deviances), _with_sum(simulated)
        self._inexact = [name for name, value in exact.items() if value is None]

    @property
    def z(self) -> dict[str, float]:
        """Standard deviations above what is expected."""
        away = {name: value - self.expected[name] for name, value in self.deviances.items()}
        return {name: value / self.variances[name] ** 0.5 for name, value in away.items()}

    @property
    def p_values(self) -> dict[str, float]:
        """The probability of a deviance as large as this."""
        return {name: _p_value(value, self.simulated[name]) for name, value in self.deviances.items()}

    def summary(self) -> Table:
        """A table: deviance, expected value and standard deviation, z and p of every likelihood."""
        rows = [[name, *self._cells(name)] for name in self.deviances]
        count = next(iter(self.simulated.values())).size
        notes = f"{count} simulations" if count else "no simulations: pass a key"
        if self._inexact and count:
            notes += f", which give what is expected of {', '.join(self._inexact)}"
        return Table(["likelihood", "deviance", "expected", "standard deviation", "z", "p"], rows, "", notes)

    def _cells(self, name: str) -> tuple[str, ...]:
        numbers = self.deviances[name], self.expected[name], self.variances[name] ** 0.5
        return (*map(_text, numbers), _text(self.z[name], ".2f"), _text(self.p_values[name], ".4f"))

    def __repr__(self) -> str:
        return repr(self.summary())


def goodness(
    posterior: Posterior, values: Any, key: jax.Array | None = None, simulations: int | None = None
) -> Goodness:
    """Whether a model with these values is good: the deviance of the data beside that of data it might have given.

    z = (D - E[D])/sqrt(Var[D]),  p = (1 + #{D_k >= D})/(1 + K),  k = 1 ... K simulations.

    D is chi^2 of Gaussian data, Cash's C of counts, W of counts beside a background, which is counted anew in every
    simulation. E and Var are exact for Gaussian noise (N, 2N) and for counts. The values stay as they are: those of a
    fit lie closer to its data than to others, by about one in D for each free parameter, so that a p near 1 says
    little, and one near 0 the more.

    **Arguments:**

    - `values`: constrained parameters by name, of which those left out are the model's; or a `FitResult`.
    - `key`: a JAX random key, for simulations.
    - `simulations`: how many data sets are drawn, each as large as the data; `None`: 1000 with a key, none without.
    - `posterior`: an `sl.Posterior`.

    **Returns:** `Goodness`; printed, it is a table.

    **Raises:** `ValueError` for names that are not free, and for simulations without a key.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Uniform(0.0, 100.0)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(3), [3, 5, 9], sl.statistics.Poisson())
        >>> sl.goodness(sl.Posterior(space, counts), {"rate": 4.0})
        likelihood  deviance  expected  standard deviation  z     p
        ----------  --------  --------  ------------------  ----  -
        data        5.10209   3.19344   2.65603             0.72
        no simulations: pass a key

    **Source:** Kaastra 2017, A&A 605, A51 (expected C); Davison & Hinkley 1997, Bootstrap Methods, section 4.2 (p).
    """
    count = _count(key, simulations)
    given = values.parameters if isinstance(values, FitResult) else values
    given = posterior.space.in_units(given)
    model = posterior.space.replace(given)
    named = dict(zip(posterior.names, posterior.likelihoods, strict=True))
    means = dict(zip(posterior.names, _means(posterior, given), strict=True))
    deviances = {name: float(value) for name, value in posterior.deviances(given).items()}
    exact = {name: _exact(one, means[name], model) for name, one in named.items()}
    simulated = {name: np.zeros(0) for name in named}
    if key is not None and count:
        drawn = _simulated(posterior, given, key, count)
        simulated = {name: np.asarray(one, np.float64) for name, one in zip(posterior.names, drawn, strict=True)}
    return Goodness({name: deviances[name] for name in named}, exact, simulated)


def _count(key: jax.Array | None, simulations: int | None) -> int:
    refuse_units(simulations=simulations)
    if simulations is None:
        return 0 if key is None else SIMULATIONS
    check_counts(least=0, simulations=simulations)
    if simulations and key is None:
        raise ValueError(f"simulations = {simulations} are random: pass key=jax.random.key(0).")
    return simulations


def _exact(one: AbstractLikelihood, mean: Array, model: Any) -> tuple[float, float] | None:
    return one.noise.expected_deviance(mean, model) if isinstance(one, Likelihood) else None


@eqx.filter_jit
def _means(posterior: Posterior, values: Any) -> list[Array]:
    model = posterior.space.replace(values)
    return listed(over(posterior.likelihoods, lambda one: one.mean(model)))


@eqx.filter_jit
def _simulated(posterior: Posterior, values: Any, key: Array, count: int) -> list[Float[Array, " n"]]:
    """Deviances of simulated data, one array a likelihood."""
    model, likelihoods = posterior.space.replace(values), posterior.likelihoods
    keys = jax.random.split(key, (len(likelihoods), count))
    return listed(over(likelihoods, lambda one, own: _deviances(one, model, own), keys))


def _deviances(one: AbstractLikelihood, model: Any, keys: Array) -> Float[Array, " n"]:
    if not isinstance(one, Likelihood):
        again = lambda key: eqx.tree_at(lambda o: o.data, one, one.draw(model, key)).deviance(model)  # noqa: E731
        return jax.lax.map(again, keys)
    mean = one.mean(model)

    def replica(key: Array) -> Array:
        noise, data = one.noise.replicate(mean, one.data, model, key)
        return noise.deviance(mean, data, model)

    return jax.lax.map(replica, keys, batch_size=max(1, min(100, _TOGETHER // one.size)))


def _moments(exact: tuple[float, float] | None, simulated: np.ndarray) -> tuple[float, float]:
    if exact is not None:
        return exact
    return (float(simulated.mean()), float(simulated.var(ddof=1))) if simulated.size > 1 else (np.nan, np.nan)


def _with_sum(found: dict[str, Any]) -> dict[str, Any]:
    return found if len(found) == 1 else found | {ALL: sum(found.values())}


def _p_value(deviance: float, simulated: np.ndarray) -> float:
    return float((1 + np.sum(simulated >= deviance)) / (1 + simulated.size)) if simulated.size else np.nan


def _text(value: float, form: str = ".6g") -> str:
    return "" if np.isnan(value) else format(value, form)
