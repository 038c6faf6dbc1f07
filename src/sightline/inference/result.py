"""What a fit returns."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..parameters import Table, ravel
from ..parameters.vector import Values
from ..statistics import Posterior
from .active import Bounds, active, bounds
from .fisher import Fisher
from .method import CONVERGED, FINISHED, STOPPED, Outcome

CURES = {
    "step limit": "it was still moving: start from `result.parameters`, or allow more steps",
    "diverged": "numbers became infinite or a linear solve failed: look at `history`, start elsewhere, use narrower "
    "priors or a smaller learning rate",
}


AT_BOUNDS = "at a bound sl.ProjectedGaussNewton() arrives in few steps"
SAME = 0.01  # of the log posterior, by which ends of one maximum may differ


class End(NamedTuple):
    """Where a start ended: `status`, `log_posterior`, and `parameters`, constrained values by name."""

    status: str
    log_posterior: float
    parameters: Values


class FitError(RuntimeError):
    """A fit did not reach its goal; the message says why and what to do."""


class FitResult:
    """The largest posterior density that a fit found.

    - `parameters`: constrained values by name; `unconstrained`: the same, unconstrained; `model`: with these values.
    - `status`: `"converged"`, `"finished"` (all steps of a method without a criterion), `"stopped early"` (for held-out
      data), `"step limit"` or `"diverged"`; `reason`: which parameters and data made numbers infinite.
    - `history`: (steps,), -log posterior, or half the sum of squares, after every step.
    - `held_out`: the log likelihood of held-out data at each evaluation; the parameters are those of the largest.
    - `edges`: parameters at the edge of a prior of finite range, whose standard deviations say little; `active`: labels
      of all numbers at a bound of a prior, which the density would have them cross.
    - `bounds`: where it lies on bounds: `active`, the labels again, and `multipliers`, by label: the derivative of the
      log density towards the outside, never negative at a maximum; `blind`: labels of numbers that no datum tells of.
    - `log_posterior`; `starts`: status and log posterior of every start; `tried`: where those ended that are not
      returned, the highest first, each with `status`, `log_posterior` and `parameters`: other maxima, too.
    - `deviances`: chi^2 of each likelihood, Cash's statistic C or W for counts; `chi2`: their sum, which is called
      `statistic`: `"chi^2"`, `"C"`, `"W"`, or `"deviance"` of others and of several kinds; `dof`: data minus
      free numbers that are at no bound and that data tell of, minus the linear parameters that likelihoods solve for.
    - `fisher`: the Gauss-Newton Hessian at the fit, prior included; `covariance`, `unconstrained_covariance`,
      `standard_deviations` come from it. `None` where more than `covariance` parameters were free.

    Printed, it is a table.

    **Arguments:** what the fit found: `outcome` of the method and `information`, the Fisher matrix at its end; made by
    `sl.fit`; `posterior`: that was fitted.

    !!! example
        >>> result = sl.fit(posterior)
        >>> sorted(result.parameters)
        ['magnetic_field.b0']
    """

    unconstrained: Any
    parameters: Values
    status: str
    reason: str
    history: np.ndarray
    held_out: np.ndarray
    starts: list[tuple[str, float]]
    fisher: Fisher | None
    tried: list[End]
    blind: list[str]
    dof: int

    def __init__(
        self,
        posterior: Posterior,
        outcome: Outcome,
        starts: list[tuple[str, float]],
        information: Fisher | None,
        tried: Sequence[End] = (),
    ):
        space = posterior.space
        self.unconstrained, self.status, self.reason = outcome.unconstrained, outcome.status, outcome.reason
        self.history, self.held_out = np.asarray(outcome.history), np.asarray(outcome.held_out)
        self.starts, self.fisher, self.tried = starts, information, list(tried)
        pinned = {label for label, held in zip(space.labels, space.held, strict=True) if held}
        self.parameters = outcome.values(posterior)
        self.blind = [label for label in outcome.blind if label not in pinned]
        self.model: Any = space.replace(self.parameters)
        self.log_posterior: float = float(posterior.log_posterior(self.parameters))
        self.deviances: dict[str, float] = {
            name: float(value) for name, value in posterior.deviances(self.parameters).items()
        }
        self.active: list[str] = active(posterior, outcome, information)
        self.bounds: Bounds = bounds(posterior, self.parameters, self.active)
        solved = sum(one.eliminated(self.model) for one in posterior.likelihoods)
        # numbers of a simplex, whose sum is known, are one fewer
        free = sum(np.size(value) for value in outcome.unconstrained.values())
        held = len({*self.active, *self.blind}) + posterior.size - free
        self.chi2, self.dof = sum(self.deviances.values()), held - solved
        kinds = {getattr(getattr(one, "noise", None), "statistic", "deviance") for one in posterior.likelihoods}
        self.statistic: str = kinds.pop() if len(kinds) == 1 else "deviance"
        edges = space.at_edge(outcome.unconstrained)
        self.edges: list[str] = [name for name, edge in edges.items() if np.any(edge)]
        self._names, self._labels, self._units = (
            space.names,
            space.labels,
            dict(zip(space.names, space.units, strict=True)),
        )

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of the parameters, (n, n), in the order of `fisher.labels`."""
        return self._known().covariance

    @property
    def unconstrained_covariance(self) -> np.ndarray:
        """The covariance of the unconstrained parameters."""
        return self._known().unconstrained_covariance

    @property
    def standard_deviations(self) -> dict[str, np.ndarray]:
        """Standard deviations, by name, in the shapes of the parameters."""
        vector, place, found = self._known().standard_deviations, 0, {}
        for name in self._names:
            shape, size = self.parameters[name].shape, self.parameters[name].size
            found[name], place = vector[place : place + size].reshape(shape), place + size
        return found

    def _known(self) -> Fisher:
        if self.fisher is None:
            raise ValueError("No covariance was computed: call sl.fisher(posterior, at=result.parameters).")
        return self.fisher

    def raise_for_status(self) -> "FitResult":
        """This result if the fit reached its goal.

        **Raises:** `FitError` if not.
        """
        if self.status not in (CONVERGED, FINISHED, STOPPED):
            cure = CURES[self.status] + (f"; {AT_BOUNDS}" if self.active else "")
            text = f"The fit ended after {len(self.history)} steps with status {self.status!r}: {cure}."
            raise FitError(f"{text} {self.reason}.".removesuffix(" ."))
        return self

    def summary(self) -> Table:
        """A table: value and standard deviation of every parameter, the statistic, status."""
        if self.fisher is not None:
            table = self.fisher.summary()
            header, rows = table.header, table.rows
        else:
            header = ["parameter", "unit", "value"]
            units = [self._units[name] for name in self._names for _ in range(self.parameters[name].size)]
            values = np.asarray(ravel(self.parameters, self._names)[0])
            rows = [[a, u, f"{v:.6g}"] for a, u, v in zip(self._labels, units, values, strict=True)][:100]
        if self.active:
            header = [*header, "bound"]
            rows = [[*row, "at its bound" if row[0] in self.active else ""] for row in rows]
        title = f"{self.status} after {len(self.history)} steps"
        if len(self.starts) > 1:
            there = sum(height >= self.log_posterior - SAME for _, height in self.starts)
            title += f", the best of {len(self.starts)} starts, {there} of which ended there"
        ratio = f" = {self.chi2 / self.dof:.4g}" if self.dof > 0 else ""
        edges = f"\nat the edge of the prior: {', '.join(self.edges)}" if self.edges else ""
        edges += f"\nno datum tells of: {', '.join(self.blind[:10])}" if self.blind else ""
        return Table(header, rows, title, f"{self.statistic}/dof = {self.chi2:.6g}/{self.dof}{ratio}{edges}")

    def __repr__(self) -> str:
        return repr(self.summary())
