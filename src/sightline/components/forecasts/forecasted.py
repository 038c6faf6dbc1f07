from typing import Any

import numpy as np

from ...parameters import Table
from ..cosmology import BModes

_ARCMIN = np.pi / 10800


class Forecast:
    """What `sl.forecast` expects of an instrument and a sky.

    - `parameters`, `values`, `units`: the spectral parameters, number by number; `covariance`: theirs, (n, n).
    - `ell`: degrees, (m,); `residual`: foregrounds left by the errors of the parameters, on average over the noise, in
      fits of one noise the systematic part of `residuals_of`; `noise`: of the cleaned CMB, its statistical part;
      `lensing`; `tensors`: of r = 1, with the tilt of -0.114 or, where so asked, flat; (m,) uK^2 each, of B.
    - `f_sky`, `r`: for which.

    Printed, it is a table.

    **Arguments:**

    - `parameters`, `values`, `units`, `covariance`, `f_sky`, `r`: as above.
    - `spectra`: `"ell"`, `"residual"` and `"noise"`, (m,) each.
    - `lensing`: the share of the lensing B modes that is left.
    - `flat`: whether the tensors are scale invariant.

    !!! example
        >>> spectra = {"ell": np.arange(2, 200), "residual": np.zeros(198), "noise": np.full(198, 1e-6)}
        >>> found = sl.components.Forecast(["index"], np.ones(1), [""], np.eye(1), spectra, 0.6, 0.0, 1.0, False)
        >>> found.sigma_r == found.sigma_r_without_foregrounds, f"{found.depth:.3f}"
        (True, '3.438')
    """

    parameters: list[str]
    values: np.ndarray
    units: list[str]
    covariance: np.ndarray
    ell: np.ndarray
    residual: np.ndarray
    noise: np.ndarray
    f_sky: float
    r: float

    def __init__(
        self,
        parameters: list[str],
        values: np.ndarray,
        units: list[str],
        covariance: np.ndarray,
        spectra: dict[str, np.ndarray],
        f_sky: float,
        r: float,
        lensing: float,
        flat: bool,
    ):
        self.parameters, self.values, self.units, self.covariance = parameters, values, units, covariance
        self.ell, self.residual, self.noise = spectra["ell"], spectra["residual"], spectra["noise"]
        self.f_sky, self.r = f_sky, r
        self.lensing: np.ndarray = np.asarray(BModes(r=0.0, lensing=lensing)(self.ell), np.float64)
        self.tensors: np.ndarray = np.asarray(BModes(r=1.0, lensing=0.0, flat=flat)(self.ell), np.float64)

    @property
    def standard_deviations(self) -> np.ndarray:
        """Of the spectral parameters, (n,)."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def sigma_r(self) -> float:
        """Standard deviation of r: (f_sky/2 sum (2l + 1) (C_1/C)^2)^-1/2, C = r C_1 + C_lens + C_noise + C_residual."""
        return self._sigma(self.noise + self.residual)

    @property
    def sigma_r_without_foregrounds(self) -> float:
        """The same with the noise of the cleaned CMB, but nothing left of the foregrounds."""
        return self._sigma(self.noise)

    @property
    def depth(self) -> float:
        """The noise of the cleaned CMB at the first degree, in polarisation, uK arcmin."""
        return float(np.sqrt(self.noise[0]) / _ARCMIN)

    def _sigma(self, extra: np.ndarray) -> float:
        total = self.r * self.tensors + self.lensing + extra
        return float((0.5 * self.f_sky * np.sum((2 * self.ell + 1) * (self.tensors / total) ** 2)) ** -0.5)

    def summary(self) -> Table:
        """A table: the parameters with their errors, then noise and sigma(r)."""
        named: Any = zip(self.parameters, self.units, self.values, self.standard_deviations, strict=True)
        rows = [[name, unit, f"{value:.6g}", f"{sd:.3g}"] for name, unit, value, sd in named]
        rows += [["depth of the CMB", "uK arcmin", f"{self.depth:.4g}", ""]]
        rows += [["r", "", f"{self.r:g}", f"{self.sigma_r:.3g}"]]
        notes = (
            f"degrees {self.ell[0]} ... {self.ell[-1]}, f_sky = {self.f_sky:.3g}; sigma(r) without residuals "
            f"{self.sigma_r_without_foregrounds:.3g}"
        )
        return Table(["parameter", "unit", "value", "standard deviation"], rows, notes=notes)

    def __repr__(self) -> str:
        return repr(self.summary())
