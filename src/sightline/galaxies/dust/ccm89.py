"""The law of Cardelli, Clayton & Mathis and what is common to laws of its form, a(x) + b(x)/R_V."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import horner
from ..._core.module import param
from ..._core.safe import held
from .law import AbstractLaw, Curve

Powers = tuple[float, ...]

_OPTICAL_A = (1.0, 0.17699, -0.50447, -0.02427, 0.72085, 0.01979, -0.77530, 0.32999)
_OPTICAL_B = (0.0, 1.41338, 2.28305, 1.07233, -5.38434, -0.62251, 5.30260, -2.09002)


class CCM89(AbstractLaw):
    """The Milky Way law of Cardelli, Clayton & Mathis: A/A_V = a(x) + b(x)/R_V, x = 1/lambda, 1000 A to 3.3 um.

    A power law of x in the infrared, polynomials in the optical, the 2175 A bump and the far-ultraviolet rise.

    **Arguments:** `rv`: R_V = A_V/E(B-V), 2 to 6.

    **Raises:** `ValueError` for R_V outside.

    !!! example
        >>> law = sl.dust.CCM89(rv=3.1)
        >>> round(float(law.ratio(4400.0)), 3)
        1.325

    **Source:** Cardelli, Clayton & Mathis 1989, ApJ 345, 245, equations 1 to 5.
    """

    cites: ClassVar[tuple[str, ...]] = ("Cardelli1989",)
    low: ClassVar[float] = 1e3
    high: ClassVar[float] = 1e4 / 0.3
    rv: Float[Array, ""] = param(3.1, bounds=(2, 6), symbol="R_V")

    def curve(self, wavenumber: Curve) -> Curve:
        return cardelli(wavenumber, self.rv, _OPTICAL_A, _OPTICAL_B)


def cardelli(x: Curve, rv: Float[Array, ""], optical_a: Powers, optical_b: Powers) -> Curve:
    """a(x) + b(x)/R_V with these optical polynomials of x - 1.82, lowest powers first."""
    y = held(x, 1.1, 3.3) - 1.82
    near = held(x, 3.3, 8.0)
    parts = [_infrared(x), (horner(y, optical_a), horner(y, optical_b)), _near(near), _far(held(x, 8.0, 10.0) - 8)]
    a, b = (
        jnp.where(x < 1.1, p[0], jnp.where(x < 3.3, p[1], jnp.where(x <= 8, p[2], p[3])))
        for p in zip(*parts, strict=True)
    )
    return a + b / rv


def _infrared(x: Curve) -> tuple[Curve, Curve]:
    power = held(x, 0.3, 1.1) ** 1.61
    return 0.574 * power, -0.527 * power


def _near(x: Curve) -> tuple[Curve, Curve]:
    """From 3.3 to 8 per micrometre."""
    y = jnp.maximum(x - 5.9, 0)
    square = y * y
    a = 1.752 - 0.316 * x - 0.104 / ((x - 4.67) ** 2 + 0.341) - square * (0.04473 + 0.009779 * y)
    b = -3.090 + 1.825 * x + 1.206 / ((x - 4.62) ** 2 + 0.263) + square * (0.2130 + 0.1207 * y)
    return a, b


def _far(y: Curve) -> tuple[Curve, Curve]:
    """From 8 to 10 per micrometre, y = x - 8."""
    return horner(y, (-1.073, -0.628, 0.137, -0.070)), horner(y, (13.670, 4.257, -0.420, 0.374))
