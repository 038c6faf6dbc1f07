from typing import Any

import equinox as eqx
import numpy as np

from .._core.units import refuse_units
from ..parameters import Table, ravel
from ..parameters.vector import Values
from ..statistics import Posterior
from ..statistics.normal import has_own, own_curvature
from .blame import check_finite
from .jacobian import constrained, information, jacobian, prior_curvature
from .options import check_posterior

SINGULAR = 1e-12  # eigenvalue of the scaled matrix, relative to the largest, below which a direction is unknown


class Fisher:
    """What data can say of the parameters, near one point: F = J^T N^-1 J + prior.

    - `labels`, `units`, `symbols`: of each of the n numbers; `values`: of the parameters.
    - `matrix`: F in the parameters, (n, n); `covariance`: its inverse; `standard_deviations`: (n,);
      `correlations`: (n, n).
    - `unconstrained_matrix`, `unconstrained_covariance`: in unconstrained parameters; `slope`: d theta/du, (n, m).

    Numbers are double precision, and infinite where the data leave a parameter free.

    **Arguments:** `posterior`: an `sl.Posterior`; the other arguments are what `sl.fisher` computed.

    !!! example
        >>> sl.fisher(posterior).covariance.shape
        (1, 1)
    """

    slope: np.ndarray
    unconstrained_matrix: np.ndarray

    def __init__(self, posterior: Posterior, values: Any, matrix: np.ndarray, slope: np.ndarray):
        space = posterior.space
        self.values: Values = space.complete(values)
        self.labels: list[str] = space.labels
        sizes = [self.values[name].size for name in space.names]
        self.units: list[str] = [unit for unit, size in zip(space.units, sizes, strict=True) for _ in range(size)]
        self.symbols: list[str] = [
            symbol for symbol, size in zip(space.symbols, sizes, strict=True) for _ in range(size)
        ]
        self.slope, self.unconstrained_matrix, self._held = slope, matrix, space.held
        self._vector = np.asarray(ravel(self.values, space.names)[0], np.float64)

    @property
    def unconstrained_covariance(self) -> np.ndarray:
        """The inverse in unconstrained parameters, (m, m)."""
        covariance, unknown = _inverse(self.unconstrained_matrix)
        covariance[unknown, unknown] = np.inf
        return covariance

    @property
    def matrix(self) -> np.ndarray:
        """F in the parameters, (n, n)."""
        back = np.linalg.pinv(self.slope)
        return back.T @ self.unconstrained_matrix @ back

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of the parameters, (n, n)."""
        covariance, unknown = _inverse(self.unconstrained_matrix)
        result = self.slope @ covariance @ self.slope.T
        # what is at the very edge of its prior no longer moves: nothing is known of its error
        free = np.any(self.slope[:, unknown] != 0, axis=1) | np.all(self.slope == 0, axis=1)
        result[free, free] = np.inf
        result[self._held, self._held] = 0
        return result

    @property
    def standard_deviations(self) -> np.ndarray:
        """Square roots of the variances, (n,)."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def correlations(self) -> np.ndarray:
        """Coefficients of correlation, (n, n); 0 with a parameter that the data leave free."""
        covariance, scale = self.covariance, self.standard_deviations
        known = np.isfinite(scale) & (scale > 0)
        safe = np.where(known, scale, 1)
        ratio = np.where(np.outer(known, known), covariance / np.outer(safe, safe), 0)
        np.fill_diagonal(ratio, 1)
        return ratio

    def weakest(self) -> tuple[float, dict[str, float]]:
        """The combination of the parameters that is known least: its standard deviation, and its components.

        Both in units of what each would be known to if the others were; components below 0.05 are left out.
        """
        free = np.flatnonzero(~self._held)
        matrix, labels = self.matrix[np.ix_(free, free)], [self.labels[one] for one in free]
        scale = np.sqrt(np.where(np.diagonal(matrix) > 0, np.diagonal(matrix), 1))
        eigenvalues, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
        parts = {label: float(part) for label, part in zip(labels, vectors[:, 0], strict=True) if abs(part) > 0.05}
        least = eigenvalues[0]
        return (float(least**-0.5) if least > SINGULAR * eigenvalues[-1] else float("inf")), parts

    def summary(self) -> Table:
        """A table: value, standard deviation, and the parameter each is most correlated with."""
        correlations = self.correlations - np.eye(len(self.labels))
        rows = []
        for i, (label, unit) in enumerate(zip(self.labels, self.units, strict=True)):
            other = int(np.argmax(np.abs(correlations[i])))
            strongest = f"{correlations[i, other]:+.2f} with {self.labels[other]}" if len(self.labels) > 1 else ""
            rows.append([label, unit, f"{self._vector[i]:.6g}", f"{self.standard_deviations[i]:.3g}", strongest])
        return Table(["parameter", "unit", "value", "standard deviation", "strongest correlation"], rows)

    def __repr__(self) -> str:
        return repr(self.summary())


def _inverse(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inverse over the directions that are known, and which parameters lie in one that is not."""
    scale = np.sqrt(np.where(np.diagonal(matrix) > 0, np.diagonal(matrix), 1))
    eigenvalues, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    known = eigenvalues > SINGULAR * max(float(eigenvalues[-1]), np.finfo(float).tiny)
    inverse = (vectors[:, known] / eigenvalues[known]) @ vectors[:, known].T / np.outer(scale, scale)
    return inverse, np.any(np.abs(vectors[:, ~known]) > 1e-3, axis=1)


def fisher(posterior: Posterior, at: Any = None) -> Fisher:
    """The Fisher information of a posterior: what its data would say of the parameters if the model were true.

    F = J^T N^-1 J - d^2 log prior/d theta^2,  J = d mean/d theta,

    by forward mode. For Student's t noise and counts N^-1 is the expected information; an intrinsic scatter counts too.

    **Arguments:** `at`: constrained values, of which those left out are the model's; `None`: the model's; `posterior`:
    an `sl.Posterior`.

    **Returns:** `Fisher`; printed, it is a table.

    **Raises:** `ValueError` for derivatives that are not finite, naming parameters and data; `MemoryError` for matrices
    that would not fit; `TypeError` for what is no posterior.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
        >>> posterior = sl.Posterior(space, [sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")])
        >>> sl.fisher(posterior)
        parameter          unit  value  standard deviation  strongest correlation
        -----------------  ----  -----  ------------------  ---------------------
        magnetic_field.b0  uG    1.2    0.0346
    """
    check_posterior(posterior)
    refuse_units(at=at)  # as a whole: its values may have units
    values = posterior.space.complete({} if at is None else at)
    unconstrained = posterior.space.to_unconstrained(values)
    slope = np.asarray(jacobian(constrained, posterior, unconstrained), np.float64)
    known = np.asarray(prior_curvature(posterior, values), np.float64)
    plain = tuple(one for one in posterior.likelihoods if not has_own(one))
    matrix = np.zeros((slope.shape[1],) * 2)
    if len(plain) < len(posterior.likelihoods):
        known = known + np.asarray(own_curvature(posterior, values), np.float64)
    if plain or posterior.regularisers:
        rest = eqx.tree_at(lambda one: one.likelihoods, posterior, plain)
        rows = np.asarray(jacobian(information, rest, unconstrained), np.float64)
        check_finite(rows, rest, unconstrained)
        matrix = rows.T @ rows
    return Fisher(posterior, values, matrix + slope.T @ known @ slope, slope)
