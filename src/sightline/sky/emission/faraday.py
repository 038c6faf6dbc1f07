from collections.abc import Mapping
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import FARADAY, WAVELENGTH
from ..._core.module import param
from ..._core.types import Scalar
from ..fields import AbstractField
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, FaradayVector, Plasma, TransferCoefficients, of_fields
from .ensemble import check_amplitude

_PER_KPC = FARADAY * 1e3
"""Rotation measure [rad m^-2] of 1 kpc of 1 cm^-3 and 1 uG."""


class FaradayRotation(AbstractEmissionOperator):
    """Faraday rotation by thermal electrons: rho_V = 2 lambda^2 dRM/ds, dRM/ds = 811.9 n_e B_los rad m^-2 per kpc.

    B_los is positive towards the observer, and so is RM; P = Q + iU of the IAU basis is multiplied by exp(2 i
    lambda^2 RM).

    An unresolved random field scatters RM, which fades the mean of P from behind and from within by
    exp(-2 lambda^4 sigma_RM^2): internal and external Faraday dispersion. An isotropic field of rms modulus sigma gives
    d sigma_RM^2/ds = (811.9 n_e)^2 (sigma^2/3) d rad^2 m^-4 per kpc. `CellTransfer` solves it.

    **Arguments:**

    - `random`: sigma, a scalar field, uG; `None`: no random field.
    - `coherence_length` d: kpc, over which the random field along the ray keeps its sign: the integral of its
      autocorrelation over all separations; used only with `random`.

    **Raises:** `TypeError` for a `random` that is no scalar field.

    **Source:** Burn 1966, MNRAS 133, 67, in the sign convention of Ferriere, West & Jaffe 2021, MNRAS 507, 4968;
    Sokoloff et al. 1998, MNRAS 299, 189, section 6, for the dispersion.

    !!! example
        >>> operator = sl.emission.FaradayRotation(random=sl.magnetic.JF12RandomAmplitude(), coherence_length=0.05)
    """

    cites: ClassVar[tuple[str, ...]] = ("Burn1966", "Ferriere2021")
    random: AbstractField | None = None
    coherence_length: Float[Array, ""] | None = param(None, unit="kpc", positive=True, symbol="d")
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")

    def __check_init__(self) -> None:
        check_amplitude(self.random, "FaradayRotation.random")
        if (self.random is None) != (self.coherence_length is None):
            raise ValueError("FaradayRotation needs both, random and coherence_length [kpc], e.g. 0.05, or neither.")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told, self.random)

    def exponents(self, plasma: Plasma) -> TransferCoefficients:
        square = jnp.asarray(-2, plasma.electron_density.dtype)
        depolarisation = None if self.random is None else 2 * square
        return TransferCoefficients(rotation=FaradayVector(V=square), depolarisation=depolarisation)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Rotation, rad/kpc in Stokes space, and depolarisation, per kpc, at `frequency`, () GHz."""
        wavelength = WAVELENGTH / frequency
        square = wavelength * wavelength
        rotation = FaradayVector(V=(2 * square) * rotation_measure_rate(plasma, ray))
        if self.random is None:
            return TransferCoefficients(rotation=rotation)
        sigma = _PER_KPC * plasma.electron_density * self.random(plasma.position)
        scatter = sigma * sigma * jnp.asarray(self.coherence_length) / 3
        return TransferCoefficients(rotation=rotation, depolarisation=(2 * square * square) * scatter)


def rotation_measure_rate(plasma: Plasma, ray: Ray) -> Scalar:
    """dRM/ds, rad m^-2 per kpc."""
    _, _, towards = ray.project(plasma.magnetic_field)
    return _PER_KPC * plasma.electron_density * towards
