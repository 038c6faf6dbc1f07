from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.constants import T_CMB
from ...._core.module import param
from ...._core.types import Vector
from ..photons import Photons
from .base import AbstractRadiation
from .spectra.greybody import Greybody


class CMB(AbstractRadiation):
    """The cosmic microwave background: a blackbody, everywhere the same.

    n(e) = e^2/(pi^2 (hbar c)^3 (exp(e/kT) - 1)), u = pi^2 (kT)^4/(15 (hbar c)^3)

    **Arguments:** `temperature`: K.

    **Source:** Fixsen 2009, ApJ 707, 916.

    !!! example
        >>> round(float(sl.radiation.CMB()(jnp.zeros(3))), 4)  # eV cm^-3
        0.2606
    """

    cites: ClassVar[tuple[str, ...]] = ("Fixsen2009",)
    temperature: Float[Array, ""] = param(T_CMB, unit="K", positive=True, symbol="T_0")

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """One blackbody, at a position, (3,) kpc."""
        return (Photons(jnp.ones((), position.dtype), Greybody.blackbody(self.temperature)),)
