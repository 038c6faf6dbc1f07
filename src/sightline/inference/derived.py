"""Quantities that follow from a model, with their uncertainty: fluxes, temperatures, ratios."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..parameters import Table, labels
from ..statistics import Posterior
from .chains import SHOWN, Chains
from .jacobian import jacobian
from .options import check_fraction
from .result import FitResult

_TOGETHER = 100  # draws

Function = Callable[[Any], Any]


class Derived:
    """A quantity that a model implies, in its own shape.

    - `value`: the mean of the draws, or that at the fit; `standard_deviation`.
    - `draws`: (chains, draws, ...), `None` for a fit.
    - `doubt`: what is wrong with the standard deviations, if that is known, else empty.

    Printed, it is a table.

    !!! example
        >>> found = sl.inference.derived(posterior, chains, lambda model: 2 * model.magnetic_field.b0)
        >>> found.value.shape
        ()
    """

    value: np.ndarray
    standard_deviation: np.ndarray
    draws: np.ndarray | None
    doubt: str

    def __init__(
        self, value: np.ndarray, standard_deviation: np.ndarray, draws: np.ndarray | None = None, doubt: str = ""
    ):
        self.value, self.standard_deviation, self.draws, self.doubt = value, standard_deviation, draws, doubt

    def interval(self, level: float = 0.683) -> tuple[np.ndarray, np.ndarray]:
        """The central interval that holds the quantity with a probability of `level`: quantiles, or of a Gaussian.

        **Raises:** `ValueError` for a level that is not between 0 and 1.
        """
        check_fraction("level", level)
        if self.draws is not None:
            low, high = np.quantile(self.draws, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=(0, 1))
            return low, high
        from scipy.special import ndtri

        half = float(ndtri(0.5 + 0.5 * level)) * self.standard_deviation
        return self.value - half, self.value + half

    def summary(self) -> Table:
        """A table: value, standard deviation and the interval of 68.3 % of every number."""
        names = labels({"derived": self.value}, ["derived"])
        columns = (self.value, self.standard_deviation, *self.interval())
        numbers = zip(*(np.ravel(one) for one in columns), strict=True)
        rows = [[name, *(f"{one:.6g}" for one in row)] for name, row in zip(names, numbers, strict=True)]
        notes = "\n".join(filter(None, [f"and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "", self.doubt]))
        return Table(["quantity", "value", "standard deviation", "low", "high"], rows[:SHOWN], "", notes)

    def __repr__(self) -> str:
        return repr(self.summary())


def derived(posterior: Posterior, source: Chains | FitResult, function: Function) -> Derived:
    """A quantity of the model with its uncertainty, over the draws of chains or about a fit.

    Chains: f(theta) for every draw. A fit: f at it, Var[f] = J C J^T, with J = df/dtheta and C the covariance of the
    fit, which is right where f is about linear within the errors.

    **Arguments:**

    - `source`: `Chains`, or a `FitResult` with a covariance.
    - `function`: from a model to a number or an array of any shape, written with `jax.numpy`.
    - `posterior`: an `sl.Posterior`.

    **Returns:** `Derived`; printed, it is a table.

    **Raises:** `TypeError` for what is neither; `ValueError` for chains or fits of other parameters.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"rate": jnp.asarray(1.0)}, {"rate": dist.Uniform(0.0, 100.0)})
        >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(2), [4, 6], sl.statistics.Poisson())
        >>> posterior = sl.Posterior(space, counts)
        >>> sl.inference.derived(posterior, sl.fit(posterior), lambda model: jnp.sqrt(model["rate"]))
        quantity  value    standard deviation  low      high
        --------  -------  ------------------  -------  -------
        derived   2.23607  0.353553            1.88229  2.58985
    """
    if isinstance(source, Chains):
        return _of_chains(posterior, source, function)
    if isinstance(source, FitResult):
        return _of_fit(posterior, source, function)
    raise TypeError(f"source is {source!r}: give what sl.sample or sl.fit returns.")


def _of_chains(posterior: Posterior, chains: Chains, function: Function) -> Derived:
    values = of_posterior(posterior, chains.parameters)
    found = np.asarray(_over_draws(posterior, {name: jnp.asarray(one) for name, one in values.items()}, function))
    draws = found.astype(np.float64)
    return Derived(draws.mean(axis=(0, 1)), draws.std(axis=(0, 1), ddof=1), draws)


def _of_fit(posterior: Posterior, result: FitResult, function: Function) -> Derived:
    of_posterior(posterior, result.parameters)
    covariance = result.unconstrained_covariance

    def flat(posterior: Posterior, values: Any) -> Array:
        return jnp.ravel(jnp.asarray(function(posterior.space.replace(values))))

    value = np.asarray(_at(posterior, result.parameters, function), np.float64)
    slope = np.asarray(jacobian(flat, posterior, result.unconstrained), np.float64)
    free = ~np.isfinite(np.diagonal(covariance))  # the data leave them free
    variance = np.einsum("ki,ij,kj->k", slope, np.where(free | free[:, None], 0.0, covariance), slope)
    variance[np.any(slope[:, free] != 0, axis=1)] = np.inf
    verb = "lies at its bound" if len(result.active) == 1 else "lie at their bounds"
    doubt = (
        f"{', '.join(result.active)} {verb}, where a fit has no standard deviations: sample" if result.active else ""
    )
    return Derived(value, np.sqrt(variance).reshape(value.shape), doubt=doubt)


@eqx.filter_jit
def _over_draws(posterior: Posterior, values: Any, function: Function) -> Array:
    def one(drawn: Any) -> Array:
        return jnp.asarray(function(posterior.space.replace(drawn)))

    return jax.lax.map(lambda chain: jax.lax.map(one, chain, batch_size=_TOGETHER), values)


@eqx.filter_jit
def _at(posterior: Posterior, values: Any, function: Function) -> Array:
    return jnp.asarray(function(posterior.space.replace(values)))


def of_posterior(posterior: Posterior, parameters: Any) -> Any:
    """The parameters of chains or a fit, refused where they are not those of the posterior.

    **Raises:** `ValueError`.
    """
    other = sorted(set(parameters) ^ set(posterior.space.names))
    if other:
        raise ValueError(f"The draws and the posterior have different parameters: {', '.join(other)} is in one alone.")
    return parameters
