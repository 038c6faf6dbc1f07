"""One spectrum as least squares in velocities and a polynomial, the weights of templates solved for at every step."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from ...._core.constants import SPEED_OF_LIGHT
from .losvd import derivatives, transform
from .templates import Templates
from .weights import Solution, nonnegative

LIGHT = SPEED_OF_LIGHT * 1e-5
"""km/s."""


class Kinematics(NamedTuple):
    """A Gauss-Hermite series of velocities: velocity and dispersion, km/s; moments h_3, h_4..."""

    velocity: float
    dispersion: float
    moments: np.ndarray

    @property
    def series(self) -> tuple[float, float, np.ndarray]:
        """Centre and width in ln wavelength, and moments."""
        centre = float(np.log1p(self.velocity / LIGHT))
        return centre, self.dispersion / LIGHT, self.moments

    @property
    def scales(self) -> np.ndarray:
        """What derivatives of the transform are multiplied by."""
        first = 1 / (LIGHT + self.velocity)
        return np.array([first, 1 / LIGHT, *np.ones(len(self.moments))])


@dataclasses.dataclass(eq=False)
class Problem:
    """The misfit of one spectrum, and its derivatives.

    - `sample`: channel means of what is on the grid, sparse, (n, grid.length); `data`, `sigma`: (n,).
    - `legendre`: polynomials of degrees 1 and up in the channels, (degree, n).
    - `moments`: numbers of the series, 2 and up.
    - `additive`: polynomials that may be added, of degrees 0 and up, (k, n): each is two columns, one with either sign.
    - `penalty`: rows that are small for weights that change slowly from node to node, (rows, templates + 2 k), or none.
    - `pull`: of the moments h_3, h_4... towards 0: one over the standard deviation of their prior; 0: none.
    - `last`: numbers of the templates that were needed last: where the next search begins.
    """

    templates: Templates
    sample: Any
    data: np.ndarray
    sigma: np.ndarray
    legendre: np.ndarray
    moments: int
    additive: np.ndarray
    penalty: np.ndarray
    pull: float = 0.0
    last: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, int))
    _memory: tuple[bytes, Solution] | None = None

    def split(self, vector: np.ndarray) -> tuple[Kinematics, np.ndarray]:
        """Kinematics and the polynomial over sigma, of a vector of all parameters."""
        kinematics = Kinematics(float(vector[0]), float(vector[1]), vector[2 : self.moments])
        return kinematics, (1 + vector[self.moments :] @ self.legendre) / self.sigma

    def solution(self, vector: np.ndarray) -> Solution:
        """The best weights for these parameters."""
        if self._memory is None or self._memory[0] != vector.tobytes():
            self._memory = vector.tobytes(), self._solved(vector)
        return self._memory[1]

    def _solved(self, vector: np.ndarray) -> Solution:
        kinematics, factor = self.split(vector)
        grid = self.templates.grid
        losvd = transform(grid.frequency, *kinematics.series)

        signed = np.concatenate([self.additive, -self.additive]) / self.sigma

        def columns(index: np.ndarray) -> np.ndarray:
            star = index < len(self.templates.light)
            found = np.empty((len(factor), len(index)))
            blurred = np.fft.irfft(self.templates.transforms(index[star]) * losvd, grid.length)
            found[:, star] = (self.sample @ blurred.T) * factor[:, None]
            found[:, ~star] = signed[index[~star] - len(self.templates.light)].T
            return np.concatenate([found, self.penalty[:, index]])

        def gradient(residual: np.ndarray) -> np.ndarray:
            spread = self.sample.T @ (residual[: len(factor)] * factor)
            back = np.fft.irfft(np.fft.rfft(spread) * np.conj(losvd), grid.length)
            slopes = np.concatenate([self.templates.values @ back, signed @ residual[: len(factor)]])
            return slopes + residual[len(factor) :] @ self.penalty

        data = np.concatenate([self.data / self.sigma, np.zeros(len(self.penalty))])
        if len(self.penalty) and not len(self.last):
            self.last = _dense(columns, data, self.penalty.shape[1])
        found = nonnegative(columns, gradient, data, self.last)
        self.last = found.index
        return found

    def residuals(self, vector: np.ndarray) -> np.ndarray:
        """Data minus model over sigma, minus the penalties, and minus the moments times their pull."""
        return np.concatenate([self.solution(vector).residual, -self.pull * vector[2 : self.moments]])

    def jacobian(self, vector: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals, the part that weights can take up left out.

        **Source:** Kaufman 1975, BIT 15, 49, for the derivative of a projected residual.
        """
        kinematics, factor = self.split(vector)
        found, grid = self.solution(vector), self.templates.grid
        mixed = self._mixed(found)
        slopes = derivatives(grid.frequency, *kinematics.series) * kinematics.scales[:, None]
        kernels = np.concatenate([slopes, transform(grid.frequency, *kinematics.series)[None]])
        spectra = (self.sample @ np.fft.irfft(mixed * kernels, grid.length).T).T
        rows = np.concatenate([spectra[:-1] * factor, spectra[-1] / self.sigma * self.legendre])
        down = np.concatenate([rows.T, np.zeros((len(self.penalty), len(rows)))])
        basis = np.linalg.qr(found.columns)[0]
        pulled = -self.pull * np.eye(len(vector))[2 : self.moments]
        return np.concatenate([basis @ (basis.T @ down) - down, pulled])

    def spectrum(self, vector: np.ndarray, sample: Any, legendre: np.ndarray) -> np.ndarray:
        """The mixture in other channels, where the polynomials are `legendre`; without what is added."""
        kinematics, _ = self.split(vector)
        found, grid = self.solution(vector), self.templates.grid
        mixed = self._mixed(found) * transform(grid.frequency, *kinematics.series)
        return (1 + vector[self.moments :] @ legendre) * (sample @ np.fft.irfft(mixed, grid.length))

    def _mixed(self, found: Solution) -> np.ndarray:
        """The transform of the mixture at rest."""
        star = found.index < len(self.templates.light)
        return found.weights[star] @ self.templates.transforms(found.index[star])

    def populations(self, found: Solution) -> np.ndarray:
        """Weights of all templates."""
        return self._all(found)[: len(self.templates.light)]

    def added(self, found: Solution) -> np.ndarray:
        """Coefficients of the polynomials that are added, (k,)."""
        plus, minus = np.split(self._all(found)[len(self.templates.light) :], 2)
        return plus - minus

    def _all(self, found: Solution) -> np.ndarray:
        every = np.zeros(len(self.templates.light) + 2 * len(self.additive))
        every[found.index] = found.weights
        return every


def _dense(columns: Any, data: np.ndarray, count: int) -> np.ndarray:
    """Columns that a penalised problem needs, from the whole matrix: they are many."""
    from scipy.optimize import nnls

    weights, _ = nnls(columns(np.arange(count)), data, maxiter=20 * count)
    return np.flatnonzero(weights > 0)
