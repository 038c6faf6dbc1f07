"""Whether data are as far from a model as data usually are."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from .._core.given import check_key
from .._core.units import refuse_units
from ..parameters import Table
from ..statistics import Likelihood, Posterior
from ..statistics.alike import listed, over
from .bootstrap import TOLERANCE, check_fitted, refitted, simulated
from .options import check_counts, check_posterior
from .result import FitResult

SIMULATIONS = 1000
EXACT = 1e-6
ALL = "(all)"


class Goodness:
    """How far data are from a model, and how far they should be; each a dict by the name of the likelihood.

    - `deviances`: chi^2 of Gaussian data, Cash's statistic of counts, W of counts beside a background.
    - `expected`, `variances`: their mean and variance over data that the model might give: of the simulations where
      each was fitted, else exact where the noise knows them, else of the simulations, else NaN. `z`: (deviance -
      expected)/standard deviation.
    - `simulated`: (simulations,), deviances of simulated data; `p_values`: (1 + how many are as large)/(1 + how many
      there are), NaN without simulations.
    - `fitted`: how many numbers were fitted to the data, and to each simulation, 0 where values were taken as they
      are; `failed`: how many fits of simulations did not converge, whose deviances are too large, and p with them.

    Several likelihoods have an entry `"(all)"`, of their sum. Printed, it is a table.

    **Arguments:** what `sl.goodness` found, `exact` among it: expectations that are exact, by name.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(4.0)}, {"rate": dist.Uniform(0.0, 100.0)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(3), [3, 5, 9], sl.statistics.Poisson())
        >>> found = sl.goodness(sl.Posterior(space, counts), {"rate": 4.0})
        >>> round(float(found.deviances["data"]), 3)
        5.102
    """

    deviances: dict[str, Any]
    simulated: dict[str, Any]
    fitted: int
    failed: int

    def __init__(
        self,
        deviances: dict[str, float],
        exact: dict[str, tuple[float, float] | None],
        simulated: dict[str, np.ndarray],
        fitted: int = 0,
        failed: int = 0,
    ):
        self.deviances, self.simulated = _with_sum(deviances), _with_sum(simulated)
        known = exact | {ALL: _sum(exact)}
        moments = {name: _moments(known.get(name), drawn) for name, drawn in self.simulated.items()}
        self.expected: dict[str, float] = {name: value[0] for name, value in moments.items()}
        self.variances: dict[str, float] = {name: value[1] for name, value in moments.items()}
        self.fitted, self.failed = fitted, failed
        self._room = TOLERANCE if fitted else EXACT  # deviances that differ by less, and by a millionth, are the same
        self._inexact = [name for name, value in exact.items() if value is None]

    @property
    def z(self) -> dict[str, float]:
        """Standard deviations above what is expected."""
        away = {name: value - self.expected[name] for name, value in self.deviances.items()}
        # of simulations that are all alike, as where nothing is expected, nothing but what fits leave is known
        return {name: value / max(self.variances[name] ** 0.5, self._room) for name, value in away.items()}

    @property
    def p_values(self) -> dict[str, float]:
        """The probability of a deviance as large as this."""
        room = {name: max(self._room, EXACT * abs(value)) for name, value in self.deviances.items()}
        return {name: _p_value(value - room[name], self.simulated[name]) for name, value in self.deviances.items()}

    def summary(self) -> Table:
        """A table: deviance, expected value and standard deviation, z and p of every likelihood."""
        rows = [[name, *self._cells(name)] for name in self.deviances]
        header = ["likelihood", "deviance", "expected", "standard deviation", "z", "p"]
        return Table(header, rows, "", self._notes())

    def _notes(self) -> str:
        count = next(iter(self.simulated.values())).size
        if not count:
            fitted = f"; {self.fitted} numbers were fitted, which what is expected does not know" if self.fitted else ""
            return f"no simulations: pass a key{fitted}"
        failed = f", {self.failed} of which did not converge" if self.failed else ""
        if self.fitted:
            return f"{count} simulations, {self.fitted} numbers fitted to each{failed}"
        inexact = f", which give what is expected of {', '.join(self._inexact)}" if self._inexact else ""
        return f"{count} simulations{inexact}"

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
    simulation. What was fitted to the data lies closer to them than to others, by about one in D for each free number:
    every simulation is therefore fitted as well, from the values that gave it, all of them in one program, and D_k, E
    and Var are those of fits. p is then about uniform over data of a true model, as far as the data and not the priors
    say what is fitted. That takes the time of as many fits, and derivatives of both modes. Values that were not fitted
    to these data are taken as they are, for the simulations, too; E and Var are then exact for Gaussian noise (N, 2N)
    and for counts.

    **Arguments:**

    - `values`: a `FitResult` of this posterior, to fit every simulation; or constrained parameters by name, of which
      those left out are the model's, to take them as they are.
    - `key`: a JAX random key, for simulations.
    - `simulations`: how many data sets are drawn, each as large as the data; `None`: 1000 with a key, none without.
    - `posterior`: an `sl.Posterior`: that which was fitted.

    **Returns:** `Goodness`; printed, it is a table.

    **Raises:** `ValueError` for names that are not free, for simulations without a key, for a `FitResult` that is no
    maximum of this posterior, or whose numbers have no bounds of their own, as those of a simplex; `TypeError` for
    what is no posterior or key.

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
    check_posterior(posterior)
    if key is not None:
        check_key(key)
    count, best = _count(key, simulations), values if isinstance(values, FitResult) else None
    given = posterior.space.in_units(values if best is None else best.parameters)
    deviances = {name: float(value) for name, value in posterior.deviances(given).items()}
    deviances, fitted = {name: deviances[name] for name in posterior.names}, 0 if best is None else posterior.space.size
    if key is None or not count:
        none = {name: np.zeros(0) for name in posterior.names}
        return Goodness(deviances, _exact(posterior, given), none, fitted)
    if best is None:
        return Goodness(deviances, _exact(posterior, given), _named(posterior, simulated(posterior, given, key, count)))
    check_fitted(posterior, best)
    drawn, failed = refitted(posterior, given, key, count)
    return Goodness(deviances, {}, _named(posterior, drawn), fitted, int(failed))


def _named(posterior: Posterior, drawn: list[Array]) -> dict[str, np.ndarray]:
    return {name: np.asarray(one, np.float64) for name, one in zip(posterior.names, drawn, strict=True)}


def _count(key: jax.Array | None, simulations: int | None) -> int:
    refuse_units(simulations=simulations)
    if simulations is None:
        return 0 if key is None else SIMULATIONS
    check_counts(least=0, simulations=simulations)
    if simulations and key is None:
        raise ValueError(f"simulations = {simulations} are random: pass key=jax.random.key(0).")
    return simulations


def _exact(posterior: Posterior, values: Any) -> dict[str, tuple[float, float] | None]:
    """What is known of the deviances of the model without simulations, by name."""
    model = posterior.space.replace(values)
    each = zip(posterior.likelihoods, _means(posterior, values), strict=True)
    found = [one.noise.expected_deviance(mean, model) if isinstance(one, Likelihood) else None for one, mean in each]
    return dict(zip(posterior.names, found, strict=True))


@eqx.filter_jit
def _means(posterior: Posterior, values: Any) -> list[Array]:
    model = posterior.space.replace(values)
    return listed(over(posterior.likelihoods, lambda one: one.mean(model)))


def _moments(exact: tuple[float, float] | None, simulated: np.ndarray) -> tuple[float, float]:
    if exact is not None:
        return exact
    return (float(simulated.mean()), float(simulated.var(ddof=1))) if simulated.size > 1 else (np.nan, np.nan)


def _sum(exact: dict[str, tuple[float, float] | None]) -> tuple[float, float] | None:
    """Mean and variance of the sum of independent deviances, where all are known."""
    known = [value for value in exact.values() if value is not None]
    if not known or len(known) < len(exact):
        return None
    return sum(mean for mean, _ in known), sum(variance for _, variance in known)


def _with_sum(found: dict[str, Any]) -> dict[str, Any]:
    return found if len(found) == 1 else found | {ALL: sum(found.values())}


def _p_value(deviance: float, simulated: np.ndarray) -> float:
    return float((1 + np.sum(simulated >= deviance)) / (1 + simulated.size)) if simulated.size else np.nan


def _text(value: float, form: str = ".6g") -> str:
    return "" if np.isnan(value) else format(value, form)
