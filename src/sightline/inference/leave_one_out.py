"""How well a model foretells data that it has not seen, from draws of one posterior."""

from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..parameters import Table
from ..statistics import Posterior
from .chains import Chains
from .diagnostics import smoothed
from .predictive import spread

RELIABLE = 0.7
"""Pareto k of the weights of a datum above which leaving it out changes the posterior too much to be known from it."""
MOST = 2**31
"""Bytes of what all draws say of all data."""


class LeaveOneOut:
    """The expected log predictive density of data, each seen by a posterior that has not seen it.

    elpd = sum_i ln p(d_i | d_(-i)),  p_eff = sum_i ln p(d_i | d) - elpd

    - `elpd`, `error`: of all data, and its standard error; of two models of the same data the one with more foretells
      better, `found.above(other)`.
    - `effective`: p_eff, how many parameters the data had to tell.
    - `terms`, `pareto_k`: of each datum, in the shape of the data, by the name of the likelihood; `reliable`: whether
      no k exceeds 0.7.

    Printed, it is a table with a verdict.

    **Arguments:** `terms`, `seen`, `pareto_k`: by the name of the likelihood, in the shape of the data, numbers: ln p
    without each datum and with it, and k.

    !!! example
        >>> found = sl.leave_one_out(posterior, chains)
        >>> found.above(found)
        (0.0, 0.0)
    """

    terms: dict[str, Any]
    pareto_k: dict[str, Any]

    def __init__(self, terms: dict[str, np.ndarray], seen: dict[str, np.ndarray], pareto_k: dict[str, np.ndarray]):
        self.terms, self.pareto_k = terms, pareto_k
        self.elpd, self.error = _sum(_joined(terms))
        self.effective = float(np.sum(_joined(seen))) - self.elpd

    @property
    def reliable(self) -> bool:
        """Whether no datum changes the posterior too much."""
        return bool(np.all(_joined(self.pareto_k) <= RELIABLE))

    def above(self, other: "LeaveOneOut") -> tuple[float, float]:
        """How much more `elpd` this model has of the same data, and the standard error of that.

        **Raises:** `ValueError` for other data.
        """
        shapes = [{name: terms.shape for name, terms in one.terms.items()} for one in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"other is of data {shapes[1]}, this of {shapes[0]}: compare models of the same data.")
        return _sum(_joined({name: terms - other.terms[name] for name, terms in self.terms.items()}))

    def summary(self) -> Table:
        """A table: elpd, its error, p_eff and the largest k of every likelihood."""
        rows = [
            [name, f"{np.size(terms)}", *(f"{one:.2f}" for one in _sum(terms.ravel())), f"{np.max(k):.2f}"]
            for (name, terms), k in zip(self.terms.items(), self.pareto_k.values(), strict=True)
        ]
        bad = int(np.sum(~(_joined(self.pareto_k) <= RELIABLE)))
        verdict = "reliable" if self.reliable else f"not reliable: Pareto k of {bad} data is above {RELIABLE}"
        note = f"elpd = {self.elpd:.2f} +- {self.error:.2f}, {self.effective:.1f} effective parameters; {verdict}"
        return Table(["likelihood", "data", "elpd", "error", "largest k"], rows, "", note)

    def __repr__(self) -> str:
        return repr(self.summary())


def leave_one_out(posterior: Posterior, chains: Chains, draws: int | None = None) -> LeaveOneOut:
    """Compares models by what they foretell, without priors on their numbers mattering as they do to evidences.

    ln p(d_i | d_(-i)) = ln sum_s w_is p(d_i | theta_s) - ln sum_s w_is,  w_is = 1/p(d_i | theta_s), smoothed.

    Data that depend on each other, as Stokes parameters of a pixel, are left out together.

    **Arguments:** `posterior`: an `sl.Posterior`; `chains`: draws from it; `draws`: how many of them, spread over all;
    `None`: all.

    **Returns:** `sl.inference.LeaveOneOut`.

    **Raises:** `ValueError` for data that all depend on each other, more draws than there are, chains of
    other parameters, and what would not fit in memory; `TypeError` for what is no posterior or chains.

    !!! example
        >>> found = sl.leave_one_out(posterior, chains)
        >>> bool(found.error > 0)
        True

    **Source:** Vehtari, Gelman & Gabry 2017, Statistics and Computing 27, 1413; smoothed by arviz.
    """
    chosen = spread(posterior, chains, draws)
    _check(posterior, chosen)
    logs = {name: np.asarray(value, np.float64) for name, value in _pointwise(posterior, chosen).items()}
    return LeaveOneOut(*({name: part[i] for name, part in _left_out(logs).items()} for i in range(3)))


def _check(posterior: Posterior, values: dict[str, jax.Array]) -> None:
    """Refuses data of which none is independent, and what would not fit in memory."""
    shapes = eqx.filter_eval_shape(posterior.pointwise, {name: value[0] for name, value in values.items()})
    draws = len(next(iter(values.values())))
    count = sum(int(np.prod(terms.shape)) for terms in shapes.values())
    if count < 2:
        raise ValueError(f"{', '.join(shapes)}: no data are independent of others, so that none can be left out.")
    size = 8 * draws * count
    if size > MOST:
        raise ValueError(f"draws = {draws} of all data are {size / 2**30:.1f} GiB: take fewer, draws=...")


@eqx.filter_jit
def _pointwise(posterior: Posterior, values: Any) -> Any:
    return jax.lax.map(posterior.pointwise, values)


def _left_out(logs: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """ln p of each datum without and with it, and Pareto k, by name."""
    found = {}
    for name, value in logs.items():
        flat = value.reshape(len(value), -1)
        parts = np.array([_of_datum(one) for one in flat.T]).T
        found[name] = tuple(part.reshape(value.shape[1:]) for part in parts)
    return found


def _of_datum(logs: np.ndarray) -> tuple[float, float, float]:
    (weights, k), total = smoothed(-logs), np.logaddexp.reduce
    return float(total(weights + logs) - total(weights)), float(total(logs) - np.log(len(logs))), k


def _joined(parts: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parts.values()])


def _sum(terms: np.ndarray) -> tuple[float, float]:
    """The sum of numbers, and its standard error."""
    return float(np.sum(terms)), float(np.std(terms, ddof=1) * terms.size**0.5) if terms.size > 1 else float("nan")
