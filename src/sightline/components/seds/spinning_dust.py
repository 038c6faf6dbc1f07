from typing import ClassVar

import jax.numpy as jnp

from ..._core.module import param, setting
from ..._core.types import Scalar
from .base import AbstractSED, Parameter, log_ratio, of_pixel


class SpinningDust(AbstractSED):
    """Anomalous microwave emission of spinning dust grains: a brightness that is log-normal in frequency.

    I(nu) ~ exp(-ln(nu/nu_p)^2/(2 W^2)),  s(nu) = (nu_0/nu)^2 I(nu)/I(nu_0).

    **Arguments:** `peak` nu_p: GHz, of I, a number or a map; `width` W: in ln nu, a number or a map; `reference` nu_0:
    GHz.

    **Source:** Stevenson 2014, ApJ 781, 113.

    !!! example
        >>> round(float(sl.components.SpinningDust(peak=30.0)(23.0)), 4)
        1.0
    """

    cites: ClassVar[tuple[str, ...]] = ("Stevenson2014",)
    peak: Parameter = param(25.0, unit="GHz", positive=True, symbol=r"\nu_p")
    width: Parameter = param(0.5, positive=True, symbol="W")
    reference: float = setting(23.0, unit="GHz", positive=True)

    def __call__(self, frequency: Scalar) -> Scalar:
        ratio, centre = log_ratio(frequency, self.reference), log_ratio(of_pixel(self.peak), self.reference)
        return jnp.exp(ratio * ((centre - 0.5 * ratio) / of_pixel(self.width) ** 2 - 2))
