from typing import ClassVar

import jax.numpy as jnp

from ..._core.types import Scalar
from .base import AbstractSED
from .cmb import per_anisotropy, scaled


class ThermalSZ(AbstractSED):
    """The thermal Sunyaev-Zeldovich effect of electrons that are not relativistic.

    s(nu) = (x coth(x/2) - 4) x^2 e^x/(e^x - 1)^2,  x = h nu/(k T_CMB),

    -2 at low frequencies, 0 at 217.5 GHz. The amplitude is y T_CMB, in K_CMB, of the Compton parameter y.

    **Source:** Sunyaev & Zeldovich 1972, Comments on Astrophysics and Space Physics 4, 173; Carlstrom, Holder & Reese
    2002, ARA&A 40, 643, section 2.

    !!! example
        >>> abs(float(sl.components.ThermalSZ()(217.5))) < 1e-3
        True
    """

    cites: ClassVar[tuple[str, ...]] = ("Carlstrom2002",)

    @property
    def reference(self) -> None:
        """None: the amplitude is in K_CMB."""
        return None

    def __call__(self, frequency: Scalar) -> Scalar:
        x = scaled(frequency)
        return (x / jnp.tanh(0.5 * x) - 4) * per_anisotropy(x)
