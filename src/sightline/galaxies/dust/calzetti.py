from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import horner
from ..._core.module import param
from .law import AbstractLaw, Curve


class Calzetti(AbstractLaw):
    """The law of starburst galaxies, 0.12 to 2.2 um: A/A_V = k(lambda)/R_V, without a bump.

    k = 2.659 (-2.156 + 1.509 x - 0.198 x^2 + 0.011 x^3) + R_V below 0.63 um, 2.659 (-1.857 + 1.040 x) + R_V above,
    x = 1/lambda per um. At 0.63 um it jumps by 0.003, as published.

    **Arguments:** `rv`: R_V, 4.05 +- 0.80; below 3.69 the curve would be negative at 2.2 um.

    **Raises:** `ValueError` for R_V below 3.69.

    !!! example
        >>> round(float(sl.dust.Calzetti().ratio(4400.0)), 3)
        1.249

    **Source:** Calzetti et al. 2000, ApJ 533, 682, equation 4.
    """

    cites: ClassVar[tuple[str, ...]] = ("Calzetti2000",)
    low: ClassVar[float] = 1200.0
    high: ClassVar[float] = 2.2e4
    rv: Float[Array, ""] = param(4.05, bounds=(3.69, None), symbol="R_V")

    def curve(self, wavenumber: Curve) -> Curve:
        blue, red = horner(wavenumber, (-2.156, 1.509, -0.198, 0.011)), horner(wavenumber, (-1.857, 1.040))
        return 1 + 2.659 * jnp.where(wavenumber > 1 / 0.63, blue, red) / self.rv
