from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import HNU_OVER_K
from ..._core.double import in_double
from ..._core.module import param, setting
from ..._core.types import Scalar
from .base import AbstractSED, Parameter, log_ratio, of_pixel


class ModifiedBlackbody(AbstractSED):
    """Thermal dust: a black body with an emissivity that is a power law.

    s(nu) = (nu/nu_0)^(beta + 1) (e^x0 - 1)/(e^x - 1),  x = h nu/(k T),  x0 = h nu_0/(k T).

    **Arguments:**

    - `index` beta: of the emissivity, a number or a map; `temperature` T: K, a number or a map.
    - `reference` nu_0: GHz.

    **Source:** Planck 2018 results IV, A&A 641, A4.

    !!! example
        >>> round(float(sl.components.ModifiedBlackbody(index=1.6, temperature=18.0)(100.0)), 6)
        0.192605
    """

    cites: ClassVar[tuple[str, ...]] = ("Planck2018IV",)
    index: Parameter = param(1.54, symbol=r"\beta_d")
    temperature: Parameter = param(20.0, unit="K", positive=True, symbol="T_d")
    reference: float = setting(353.0, unit="GHz", positive=True)

    def __call__(self, frequency: Scalar) -> Scalar:
        return in_double(ModifiedBlackbody._shape)(self, frequency)[0]

    def derivatives(self, frequency: Scalar) -> tuple[Float[Array, "parts"], ...]:
        """By index and temperature, in closed form."""
        return in_double(ModifiedBlackbody._slopes)(self, frequency)

    def _slopes(self, frequency: Scalar) -> tuple[Float[Array, "parts"], ...]:
        value, falls, fall_there = self._shape(frequency)
        x, there = self._scaled(frequency)
        slope = (there / fall_there - x / falls) / of_pixel(self.temperature)
        return (value * log_ratio(frequency, self.reference))[None], (value * slope)[None]

    def _shape(self, frequency: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """s, and e^-x - 1 at the frequency and at the reference; exponents are summed first, so that none overflows."""
        x, there = self._scaled(frequency)
        falls, fall_there = jnp.expm1(-x), jnp.expm1(-there)
        exponent = (of_pixel(self.index) + 1) * log_ratio(frequency, self.reference) + (there - x)
        return jnp.exp(exponent) * (fall_there / falls), falls, fall_there

    def _scaled(self, frequency: Scalar) -> tuple[Scalar, Scalar]:
        """h nu/(k T) at the frequency and at the reference."""
        unit = HNU_OVER_K / of_pixel(self.temperature)
        return unit * frequency, unit * self.reference
