from collections.abc import Mapping
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import CRITICAL_FREQUENCY, FARADAY_CONVERSION
from ..._core.elementary import power
from ..._core.module import param
from ..._core.safe import phi1
from ..._core.types import Scalar
from ..fields.population import Population
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, FaradayVector, Plasma, TransferCoefficients, of_fields
from .electrons import power_law

_GYROFREQUENCY = CRITICAL_FREQUENCY / 3
"""e B/(2 pi m c) [GHz] of 1 uG."""
_FAINT = 1e-12
"""B_perp^2 [uG^2], below which gamma_nu grows no further: derivatives stay finite."""


class FaradayConversion(AbstractEmissionOperator):
    """Conversion between U and V by cold thermal electrons, of second order in B, for `PolarisedTransfer`.

    rho_Q, rho_U = omega_p^2 omega_B^2 sin^2(theta)/(2 c omega^3) (q, u),
    q = (B_E^2 - B_N^2)/B_perp^2,  u = -2 B_E B_N/B_perp^2,

    the excess of the wave number of waves polarised along B_perp over those across it, in a plasma far above its
    plasma and gyrofrequency; (Q, U, V) turns right-handedly about (rho_Q, rho_U, rho_V). It is e B_perp^2/(4 pi m c nu
    B_los) of the rotation, 10^-8 at 1 GHz.

    **Source:** Ginzburg 1970, "The Propagation of Electromagnetic Waves in Plasmas", section 11; Shcherbakov 2008, ApJ
    688, 695, in the limit of low temperature.

    !!! example
        >>> operators = sl.emission.FaradayRotation(), sl.emission.FaradayConversion()
    """

    cites: ClassVar[tuple[str, ...]] = ("Shcherbakov2008",)
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Conversion, rad/kpc in Stokes space, at `frequency`, () GHz."""
        rate = plasma.electron_density * (FARADAY_CONVERSION / frequency**3)
        return TransferCoefficients(rotation=_along(plasma, ray, rate))


class RelativisticConversion(AbstractEmissionOperator):
    """Conversion between U and V by isotropic power-law electrons, N_0 gamma^-p above gamma_min.

    Each electron converts 2 gamma times as much as a cold one of `FaradayConversion` as long as it does not radiate at
    the frequency of observation, that is, up to gamma_nu = (2 pi m c nu/(e B_perp))^(1/2):

    rho_Q, rho_U = omega_p^2 omega_B^2 sin^2(theta)/(2 c omega^3) (q, u) 2 (gamma_min^(2-p) - gamma_nu^(2-p))/(p - 2)

    with omega_p^2 of N_0, and nothing where gamma_nu < gamma_min. The sharp upper end is that of the source: beside the
    Kramers-Kronig transform of the absorption it is 6 % high for p = 2.2, 2.4 % for 2.5 and 0.4 % for 3 at gamma_nu =
    100 gamma_min, and better beyond. The rotation rho_V by these electrons is smaller than that of as many cold ones by
    the order of ln(gamma_min) gamma_min^-2 and left out. It holds for every p but 0, which means no electrons.

    **Arguments:** `minimum_lorentz_factor` gamma_min, at least 1.

    **Source:** Jones & O'Dell 1977, ApJ 214, 522; Sazonov 1969, Soviet Astronomy 13, 396; the factor 2 gamma is that of
    Shcherbakov 2008, ApJ 688, 695, whose thermal mean is 6 kT/mc^2.

    !!! example
        >>> operator = sl.emission.RelativisticConversion(minimum_lorentz_factor=100.0)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jones1977", "Sazonov1969", "Shcherbakov2008")
    minimum_lorentz_factor: Float[Array, ""] = param(bounds=(1, None), symbol=r"\gamma_\mathrm{min}")
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "cosmic_rays")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Conversion, rad/kpc in Stokes space, at `frequency`, () GHz."""
        east, north, _ = ray.project(plasma.magnetic_field)
        square, lowest = east * east + north * north, jnp.asarray(self.minimum_lorentz_factor)
        largest = 0.5 * jnp.log(frequency / _GYROFREQUENCY) - 0.25 * jnp.log(jnp.maximum(square, _FAINT))
        decades = jnp.maximum(largest - jnp.log(lowest), 0)
        count = jnp.zeros_like(square)
        for population in plasma.cosmic_rays:
            count = count + _effective(population, lowest, decades)
        rate = count * (FARADAY_CONVERSION / frequency**3)
        return TransferCoefficients(rotation=_along(plasma, ray, rate))


def _effective(population: Population, lowest: Scalar, decades: Scalar) -> Scalar:
    """int 2 gamma N(gamma) d gamma from gamma_min to gamma_min e^decades."""
    law = power_law(population)
    excess, start = law.index - 2, power(lowest / law.pivot, 2 - law.index)
    return 2 * law.pivot**2 * law.density * start * decades * phi1(excess * decades)


def _along(plasma: Plasma, ray: Ray, rate: Scalar) -> FaradayVector:
    """`rate` times B_perp^2 (q, u)."""
    east, north, _ = ray.project(plasma.magnetic_field)
    return FaradayVector(Q=rate * (east * east - north * north), U=-2 * rate * east * north)
