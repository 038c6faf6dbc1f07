from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.constants import ELECTRON_REST_ENERGY
from ...._core.module import default_float, is_concrete, param, setting
from ...._core.safe import safe_log
from ...._core.types import Scalar, Vector
from ...._core.units import strip_unit
from ..base import AbstractField, prepare_children
from ..grid import AbstractGrid
from ..population import Population
from .spectra.base import AbstractSpectrum, density_of
from .spectra.tabulated import check_energies, linear_weights


class SpectrumGrid(AbstractGrid, AbstractField):
    """Cosmic-ray electrons N(E, x, y, z) on a regular grid, such as GALPROP and hammurabi write: the spectrum varies.

    Linear between nodes in space, a power law between energies and beyond the first and last; zero outside the box.
    Where the density at the reference energy is zero, operators of power laws see no electrons.

    **Arguments:**

    - `values`: N, (n, nx, ny, nz) cm^-3 per unit Lorentz factor; not negative.
    - `energies`: total, (n,) GeV, ascending.
    - `reference_energy`: GeV, between the energies: at which power laws touch the spectrum, see `WithSpectrum`.
    - the others as `sightline.fields.AbstractGrid`.
    - `layout`, `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    **Raises:** `ValueError` for negative densities or none at all, energies out of order, and axes in another order.

    !!! example
        >>> energies = jnp.geomspace(0.1, 1e3, 9)
        >>> flux = 250.0 * energies[:, None, None, None] ** -3 * jnp.ones((9, 5, 5, 3))  # (GeV m^2 s sr)^-1
        >>> grid = sl.cosmic_rays.SpectrumGrid.from_flux(flux, energies, half_widths=(20.0, 20.0, 4.0))
    """

    values: Float[Array, "energies nx ny nz"] = param(unit="cm-3", bounds=(0, None), symbol="N")
    energies: tuple[float, ...] = setting(unit="GeV")
    reference_energy: float = setting(10.0, unit="GeV", positive=True, kw_only=True)

    def __check_init__(self) -> None:
        if getattr(self.values, "ndim", 4) != 4:
            raise ValueError(f"SpectrumGrid.values has shape {self.values.shape}: its axes must be (energy, x, y, z).")
        check_energies(self.energies, "SpectrumGrid", getattr(self.values, "shape", None))
        if not self.energies[0] <= self.reference_energy <= self.energies[-1]:
            raise ValueError(
                f"SpectrumGrid.reference_energy = {self.reference_energy} GeV lies outside the energies: choose one "
                f"between {self.energies[0]:g} and {self.energies[-1]:g} GeV."
            )
        if isinstance(self.values, Array) and is_concrete(self.values) and not np.any(np.asarray(self.values) > 0):
            raise ValueError("SpectrumGrid.values are all zero: an empty spectrum.")

    def __call__(self, position: Vector) -> Scalar:
        """N_0 of the power law that touches the spectrum at its reference energy, () cm^-3."""
        return self.populations(position)[0].normalisation

    def populations(self, position: Vector) -> tuple[Population, ...]:
        density = self.interpolate(position)
        nearest = int(np.clip(np.searchsorted(self.energies, self.reference_energy), 1, len(self.energies) - 1))
        lit, touched = jnp.any(density > 0), (density[nearest - 1] > 0) & (density[nearest] > 0)
        logarithms = safe_log(jnp.where(lit, density, 1))
        spectrum = PointSpectrum(logarithms=logarithms, energies=self.energies, reference_energy=self.reference_energy)
        index = jnp.where(touched, spectrum.tangent()[1], 0)
        pivot = self.reference_energy / ELECTRON_REST_ENERGY
        return (Population(jnp.where(lit, 1.0, 0.0).astype(density.dtype), index, spectrum, pivot),)

    def prepare(self) -> "SpectrumGrid":
        return prepare_children(self).tabulated()

    @classmethod
    def from_flux(cls, flux: Any, energies: Any, **parameters: Any) -> "SpectrumGrid":
        """The grid of fluxes.

        **Arguments:** `flux`: (n, nx, ny, nz) (GeV m^2 s sr)^-1; `energies`: total, (n,) GeV; `parameters`: the others.
        """
        energies, flux = strip_unit(energies, "GeV", "energies"), strip_unit(flux, "1 / (GeV m2 s sr)", "flux")
        if jnp.ndim(flux) != 4 or len(flux) != len(energies):
            raise ValueError(
                f"flux has shape {jnp.shape(flux)} for {len(energies)} energies: its axes must be (energy, x, y, z)."
            )
        factor = density_of(jnp.ones(len(energies), default_float()), energies)
        return cls(jnp.asarray(flux, default_float()) * factor[:, None, None, None], energies, **parameters)


class PointSpectrum(AbstractSpectrum):
    """The spectrum of a `SpectrumGrid` at one point, a power law between energies.

    **Arguments:** `logarithms`: ln(N/cm^-3), (n,); `energies`: (n,) GeV.
    """

    logarithms: Float[Array, " energies"] = eqx.field(kw_only=True)
    energies: tuple[float, ...] = setting(unit="GeV", kw_only=True)
    varies: ClassVar[bool] = True

    def log_density(self, log_energy: Scalar) -> Scalar:
        """ln(N/cm^-3) at ln(E/GeV), ()."""
        return jnp.dot(linear_weights(np.log(self.energies), log_energy), self.logarithms, precision="highest")
