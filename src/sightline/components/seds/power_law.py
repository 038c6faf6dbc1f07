from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.double import in_double
from ..._core.module import param, setting
from ..._core.types import Scalar
from .base import AbstractSED, Parameter, log_ratio, of_pixel


class PowerLaw(AbstractSED):
    """A power law with curvature, as of synchrotron emission.

    s(nu) = (nu/nu_0)^(beta + C ln(nu/nu_0)).

    **Arguments:** `index` beta: of the brightness temperature, a number or a map; `curvature` C: a number or a map;
    `reference` nu_0: GHz.

    **Source:** Kogut 2012, ApJ 753, 110.

    !!! example
        >>> round(float(sl.components.PowerLaw(index=-3.0)(46.0)), 4)
        0.125
    """

    cites: ClassVar[tuple[str, ...]] = ("Kogut2012",)
    index: Parameter = param(-3.0, symbol=r"\beta_s")
    curvature: Parameter = param(0.0, symbol="C")
    reference: float = setting(23.0, unit="GHz", positive=True)

    def __call__(self, frequency: Scalar) -> Scalar:
        return in_double(PowerLaw._shape)(self, frequency)

    def derivatives(self, frequency: Scalar) -> tuple[Float[Array, "parts"], ...]:
        """By index and curvature, in closed form."""
        return in_double(PowerLaw._slopes)(self, frequency)

    def _shape(self, frequency: Scalar) -> Scalar:
        ratio = log_ratio(frequency, self.reference)
        return jnp.exp((of_pixel(self.index) + of_pixel(self.curvature) * ratio) * ratio)

    def _slopes(self, frequency: Scalar) -> tuple[Float[Array, "parts"], ...]:
        ratio = log_ratio(frequency, self.reference)
        slope = self._shape(frequency) * ratio
        return slope[None], (slope * ratio)[None]
