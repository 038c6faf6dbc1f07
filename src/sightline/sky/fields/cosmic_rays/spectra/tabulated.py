from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....._core.constants import ELECTRON_REST_ENERGY
from ....._core.module import param, setting
from ....._core.safe import held
from ....._core.types import Scalar
from ....._core.units import strip_unit
from .base import AbstractSpectrum, density_of


class TabulatedSpectrum(AbstractSpectrum):
    """A spectrum between tabulated energies: ln N is a piecewise cubic of ln E with a continuous slope.

    The slope at an energy is that of the parabola through it and its neighbours; beyond the first and last energy the
    spectrum goes on as a power law, with the slope between the outermost two; a simulator warns where such electrons
    shine.

    **Arguments:** `density`: N, (n,) cm^-3 per unit Lorentz factor; `energies`: total, (n,) GeV, ascending.

    **Raises:** `ValueError` for fewer than two energies, energies out of order or of another number than the
    densities, and for densities that are not positive.

    !!! example
        >>> spectra = sl.cosmic_rays.spectra
        >>> spectrum = spectra.TabulatedSpectrum.from_flux([30.0, 0.25, 2e-4], energies=[1.0, 10.0, 100.0])
        >>> round(float(spectrum.flux(jnp.asarray(10.0))), 3)
        0.25
    """

    density: Float[Array, " energies"] = param(unit="cm-3", positive=True, symbol="N")
    energies: tuple[float, ...] = setting(unit="GeV")

    def __check_init__(self) -> None:
        check_energies(self.energies, "TabulatedSpectrum", getattr(self.density, "shape", None))

    def log_density(self, log_energy: Scalar) -> Scalar:
        """ln(N/cm^-3) at ln(E/GeV), ()."""
        weights = cubic_weights(np.log(self.energies), log_energy)
        return jnp.dot(weights, jnp.log(self.density), precision="highest")

    @classmethod
    def from_flux(cls, flux: Any, energies: Any, **parameters: Any) -> "TabulatedSpectrum":
        """The spectrum of fluxes.

        **Arguments:** `flux`: (n,) (GeV m^2 s sr)^-1; `energies`: total, (n,) GeV; `parameters`: `reference_energy`.

        **Raises:** `ValueError` for fluxes of another number than the energies.
        """
        flux, energies = strip_unit(flux, "1 / (GeV m2 s sr)", "flux"), strip_unit(energies, "GeV", "energies")
        if np.shape(flux) != np.shape(energies):
            raise ValueError(f"flux has shape {np.shape(flux)}, energies {np.shape(energies)}: give one for each.")
        return cls(density_of(flux, energies), energies, **parameters)


def check_energies(energies: tuple[float, ...], name: str, shape: tuple[int, ...] | None) -> None:
    """Refuses energies that are no axis of a table whose first axis they should be.

    **Raises:** `ValueError`.
    """
    if len(energies) < 2:
        raise ValueError(f"{name}.energies = {energies}: an empty spectrum; it needs at least two energies [GeV].")
    if not np.all(np.diff(energies) > 0) or not energies[0] >= ELECTRON_REST_ENERGY:
        raise ValueError(
            f"{name}.energies must ascend from at least the rest energy, 0.511e-3 GeV: sort them, the values with them."
        )
    if shape is not None and shape[:1] != (len(energies),):
        raise ValueError(
            f"{name} has values of shape {shape} for {len(energies)} energies: energy must be the first axis."
        )


def cubic_weights(knots: np.ndarray, x: Scalar) -> Float[Array, " knots"]:
    """What multiplies the values at the knots: cubic between them, linear beyond."""
    inside = held(x, float(knots[0]), float(knots[-1]))
    (i, width, t), unit = _locate(knots, inside), jnp.eye(knots.size, dtype=x.dtype)
    slopes = jnp.asarray(np.gradient(np.eye(knots.size), knots, axis=0), x.dtype)
    s = 1 - t
    values = s * s * (1 + 2 * t) * unit[i] + t * t * (1 + 2 * s) * unit[i + 1]
    between = width * s * t * (s * slopes[i] - t * slopes[i + 1])
    return values + between + (x - inside) * jnp.where(x < inside, slopes[0], slopes[-1])


def linear_weights(knots: np.ndarray, x: Scalar) -> Float[Array, " knots"]:
    """What multiplies the values at the knots: linear between and beyond them."""
    (i, _, t), unit = _locate(knots, x), jnp.eye(knots.size, dtype=x.dtype)
    return (1 - t) * unit[i] + t * unit[i + 1]


def _locate(knots: np.ndarray, x: Scalar) -> tuple[Array, Scalar, Scalar]:
    """The interval of x, its width, and how far x is in it."""
    at = jnp.asarray(knots, x.dtype)
    i = jnp.clip(jnp.searchsorted(at, x, side="right") - 1, 0, knots.size - 2)
    width = at[i + 1] - at[i]
    return i, width, (x - at[i]) / width
