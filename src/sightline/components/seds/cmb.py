from typing import ClassVar

import jax.numpy as jnp

from ..._core.constants import HNU_OVER_K, T_CMB
from ..._core.types import Scalar
from .base import AbstractSED


class CMB(AbstractSED):
    """Anisotropies of the cosmic microwave background: the derivative of the Planck law by its temperature, in K_RJ.

    s(nu) = x^2 e^x/(e^x - 1)^2,  x = h nu/(k T_CMB),  T_CMB = 2.7255 K,

    1 at low frequencies: in K_CMB it is 1 at all of them, and the amplitude is in K_CMB.

    **Source:** Fixsen 2009, ApJ 707, 916, for the temperature.

    !!! example
        >>> round(float(sl.components.CMB()(100.0)), 5)
        0.77723
    """

    cites: ClassVar[tuple[str, ...]] = ("Fixsen2009",)

    @property
    def reference(self) -> None:
        """None: the amplitude is in K_CMB."""
        return None

    def __call__(self, frequency: Scalar) -> Scalar:
        return per_anisotropy(scaled(frequency))


def scaled(frequency: Scalar) -> Scalar:
    """x = h nu/(k T_CMB), of GHz."""
    return (HNU_OVER_K / T_CMB) * frequency


def per_anisotropy(x: Scalar) -> Scalar:
    """x^2 e^x/(e^x - 1)^2: K_RJ of 1 K_CMB."""
    return (x / jnp.expm1(-x)) ** 2 * jnp.exp(-x)
