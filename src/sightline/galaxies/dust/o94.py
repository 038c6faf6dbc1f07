from typing import ClassVar

from jaxtyping import Array, Float

from ..._core.module import param
from .ccm89 import cardelli
from .law import AbstractLaw, Curve

_OPTICAL_A = (1.0, 0.104, -0.609, 0.701, 1.137, -1.718, -0.827, 1.647, -0.505)
_OPTICAL_B = (0.0, 1.952, 2.908, -3.989, -7.985, 11.102, 5.491, -10.805, 3.347)


class O94(AbstractLaw):
    """The law of `CCM89` with the optical part of O'Donnell: A/A_V = a(x) + b(x)/R_V, x = 1/lambda, 1000 A to 3.3 um.

    **Arguments:** `rv`: R_V = A_V/E(B-V), 2 to 6.

    **Raises:** `ValueError` for R_V outside.

    !!! example
        >>> round(float(sl.dust.O94().ratio(4400.0)), 3)
        1.322

    **Source:** O'Donnell 1994, ApJ 422, 158; the rest as `CCM89`.
    """

    cites: ClassVar[tuple[str, ...]] = ("ODonnell1994", "Cardelli1989")
    low: ClassVar[float] = 1e3
    high: ClassVar[float] = 1e4 / 0.3
    rv: Float[Array, ""] = param(3.1, bounds=(2, 6), symbol="R_V")

    def curve(self, wavenumber: Curve) -> Curve:
        return cardelli(wavenumber, self.rv, _OPTICAL_A, _OPTICAL_B)
