from typing import ClassVar

from .._core.constants import FARADAY, WAVELENGTH
from .._core.types import Scalar
from ..geometry import Ray
from .base import AbstractEmissionOperator, FaradayVector, Plasma, TransferCoefficients


class FaradayRotation(AbstractEmissionOperator):
    """Faraday rotation by thermal electrons: rho_V = 2 lambda^2 dRM/ds, dRM/ds = 811.9 n_e B_los rad m^-2 per kpc.

    B_los is positive towards the observer, and so is RM; P = Q + iU of the IAU basis is multiplied by exp(2 i
    lambda^2 RM).

    **Source:** Burn 1966, MNRAS 133, 67, in the sign convention of Ferriere, West & Jaffe 2021, MNRAS 507, 4968.
    """

    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Rotation, rad/kpc in Stokes space, at `frequency`, () GHz."""
        wavelength = WAVELENGTH / frequency
        rate = rotation_measure_rate(plasma, ray)
        return TransferCoefficients(rotation=FaradayVector(V=(2 * wavelength * wavelength) * rate))


def rotation_measure_rate(plasma: Plasma, ray: Ray) -> Scalar:
    """dRM/ds, rad m^-2 per kpc."""
    _, _, towards = ray.project(plasma.magnetic_field)
    return (FARADAY * 1e3) * plasma.electron_density * towards
