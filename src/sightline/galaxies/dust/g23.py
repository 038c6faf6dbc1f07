from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import horner
from ..._core.module import param
from ..._core.safe import held
from .law import AbstractLaw, Curve, between, drude, ultraviolet

_NORM = 0.9854  # brings the curve, made from spectra, to 1 in the V band
_CENTRES = ((2.288, 0.243), (2.054, 0.179), (1.587, 0.243))  # 1/um: places and widths of the intermediate structure
_OPTICAL_A = (-0.35848, 0.7122, 0.08746, -0.05403, 0.00674)
_OPTICAL_B = (0.12354, -2.68335, 2.01901, -0.39299, 0.03355)
_HEIGHTS_A, _HEIGHTS_B = (0.03893, 0.02965, 0.01747), (0.18453, 0.19728, 0.1713)


class G23(AbstractLaw):
    """The Milky Way law of Gordon et al., from spectra, 912 A to 32 um: A/A_V = [a(x) + b(x) (1/R_V - 1/3.1)]/0.9854.

    Two power laws and two silicate bands in the infrared, polynomials and three broad bands in the optical, bump and
    rise in the ultraviolet; neighbouring parts are blended from 0.9 to 1.1 um and from 0.30 to 0.33 um.

    **Arguments:** `rv`: R_V = A_V/E(B-V), 2.3 to 5.6.

    **Raises:** `ValueError` for R_V outside.

    !!! example
        >>> round(float(sl.dust.G23().ratio(4400.0)), 3)
        1.32

    **Source:** Gordon et al. 2023, ApJ 950, 86, equations 3 to 11 and tables 4 to 6.
    """

    cites: ClassVar[tuple[str, ...]] = ("Gordon2023",)
    low: ClassVar[float] = 912.0
    high: ClassVar[float] = 3.2e5
    rv: Float[Array, ""] = param(3.1, bounds=(2.3, 5.6), symbol="R_V")

    def curve(self, wavenumber: Curve) -> Curve:
        wave = 1 / wavenumber
        to_infrared, to_optical = between(wave, 0.9, 1.1), between(wave, 0.3, 0.33)
        optical, far = held(wavenumber, 0.9, 3.4), jnp.maximum(wavenumber, 3.0)
        near = jnp.minimum(wavenumber, 1.2)
        a, b = (
            to_infrared * infrared + (1 - to_infrared) * (to_optical * middle + (1 - to_optical) * ultra)
            for infrared, middle, ultra in zip(_infrared(near), _optical(optical), _ultraviolet(far), strict=True)
        )
        return (a + b * (1 / self.rv - 1 / 3.1)) / _NORM


def _infrared(x: Curve) -> tuple[Curve, Curve]:
    wave, bend, width = 1 / x, 4.30578, 4.78338
    steep = 0.38526 * wave**-1.68467
    shallow = 0.38526 * bend ** (0.78791 - 1.68467) * wave**-0.78791
    weight = between(wave, bend - width / 2, bend + width / 2)
    silicates = _skewed(wave, 0.06652, 9.8434, 2.21205, -0.24703) + _skewed(wave, 0.0267, 19.58294, 17.0, -0.27)
    return (1 - weight) * steep + weight * shallow + silicates, -1.01251 * x**1.06099


def _skewed(wave: Curve, height: float, centre: float, width: float, skew: float) -> Curve:
    """A Drude profile whose width 2 w/(1 + e^(skew (wave - centre))) depends on the wavelength."""
    return drude(wave, height, centre, 2 * width / (1 + jnp.exp(skew * (wave - centre))))


def _optical(x: Curve) -> tuple[Curve, Curve]:
    a, b = horner(x, _OPTICAL_A), horner(x, _OPTICAL_B)
    for (centre, width), of_a, of_b in zip(_CENTRES, _HEIGHTS_A, _HEIGHTS_B, strict=True):
        a, b = a + drude(x, of_a, centre, width), b + drude(x, of_b, centre, width)
    return a, b


def _ultraviolet(x: Curve) -> tuple[Curve, Curve]:
    a = ultraviolet(x, (0.81297, 0.2775), 1.06295, 0.11303, 4.60, 0.99)
    return a, ultraviolet(x, (-2.97868, 1.89808), 3.10334, 0.65484, 4.60, 0.99)
