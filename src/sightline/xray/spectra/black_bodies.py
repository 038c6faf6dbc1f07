"""Black bodies and disks of them."""

import functools
import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.elementary import horner, power
from ..._core.module import param
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum

RADIUS = 1.0344e-3
"""2 pi/(h^3 c^2) (1 km/10 kpc)^2 [cm-2 s-1 keV-3]."""
_LUMINOSITY = 8.0525  # cm-2 s-1 keV^-1 keV^2 of 1e39 erg/s at 10 kpc: 15/pi^4 1e39 erg/(4 pi (10 kpc)^2)
_TEMPERATURE = {"unit": "keV", "positive": True, "symbol": "kT"}
_POSITIVE = {"bounds": (0, None), "symbol": "K"}


@jax.custom_jvp
def bose(x: Scalar) -> Scalar:
    """1/(e^x - 1) for x > 0; 0 where e^x overflows."""
    return jnp.exp(-x) / -jnp.expm1(-x)


@bose.defjvp
def _bose_jvp(primals: tuple[Scalar], tangents: tuple[Scalar]) -> tuple[Scalar, Scalar]:
    """-f (1 + f), which is 0 where e^x overflows, too."""
    value = bose(*primals)
    return value, -value * (1 + value) * tangents[0]


class BlackBody(AbstractPhotonSpectrum):
    """A black body by its luminosity: N(E) = 8.0525 K E^2/((kT)^4 (e^(E/kT) - 1)); XSPEC's `bbody`.

    The constant is XSPEC's; 1e39 erg/s at 10 kpc are 8.358e-8 erg cm-2 s-1, of which it gives 0.25 % more.

    **Arguments:** `temperature`: kT, keV; `norm`: K, L_39/D_10^2, luminosity in 1e39 erg/s, distance in 10 kpc.

    !!! example
        >>> spectrum = sl.spectra.BlackBody(temperature=1.0, norm=1.0)
        >>> round(float(sl.spectra.energy_flux(spectrum, 0.01, 100.0)) * 1e8, 3)
        8.378
    """

    temperature: Float[Array, ""] = param(3.0, **_TEMPERATURE)
    norm: Float[Array, ""] = param(1.0, **_POSITIVE)

    def __call__(self, energy: Scalar) -> Scalar:
        x = energy / self.temperature
        return _LUMINOSITY * self.norm * x * x * bose(x) / (self.temperature * self.temperature)


class BlackBodyRadius(AbstractPhotonSpectrum):
    """A black body by its radius: N(E) = 1.0344e-3 K E^2/(e^(E/kT) - 1); XSPEC's `bbodyrad`.

    **Arguments:** `temperature`: kT, keV; `norm`: K, (R_km/D_10)^2, radius in km, distance in 10 kpc.

    !!! example
        >>> spectrum = sl.spectra.BlackBodyRadius(temperature=0.5, norm=10.0)
    """

    temperature: Float[Array, ""] = param(3.0, **_TEMPERATURE)
    norm: Float[Array, ""] = param(1.0, **_POSITIVE)

    def __call__(self, energy: Scalar) -> Scalar:
        return RADIUS * self.norm * energy * energy * bose(energy / self.temperature)


class DiskBlackBody(AbstractPhotonSpectrum):
    """An accretion disk of black bodies, T ~ r^-3/4, without an outer edge; XSPEC's `diskbb`.

    N(E) = (8/3) 1.0344e-3 K E^2 x^-8/3 J(x), J(x) = int_x^inf u^5/3/(e^u - 1) du, x = E/kT. XSPEC ends the disk where
    it no longer matters for X-rays; below about 0.001 kT it has fewer photons.

    **Arguments:** `temperature`: kT at the inner edge, keV; `norm`: K, (R_km/D_10)^2 cos i, of the inner radius.

    !!! example
        >>> spectrum = sl.spectra.DiskBlackBody(temperature=1.0)

    **Source:** Mitsuda et al. 1984, PASJ 36, 741, equation 4.
    """

    cites: ClassVar[tuple[str, ...]] = ("Mitsuda1984",)
    temperature: Float[Array, ""] = param(1.0, **_TEMPERATURE)
    norm: Float[Array, ""] = param(1.0, **_POSITIVE)

    def __call__(self, energy: Scalar) -> Scalar:
        return 8 / 3 * RADIUS * self.norm * energy * energy * _disk(energy / self.temperature)


_FROM = 2.5  # in x: below, the series in Bernoulli's numbers; above, one of incomplete gamma functions; both to 1e-9
_BERNOULLI = (1.0, -1 / 2, 1 / 6, 0.0, -1 / 30, 0.0, 1 / 42, 0.0, -1 / 30, 0.0, 5 / 66, 0.0, -691 / 2730, 0.0, 7 / 6)
_BERNOULLI += (0.0, -3617 / 510, 0.0, 43867 / 798, 0.0, -174611 / 330, 0.0, 854513 / 138)
_WHOLE = 1.504575488251556 * 1.2841905402397421  # Gamma(8/3) zeta(8/3)
_SERIES = tuple(b / (math.factorial(k) * (k + 5 / 3)) for k, b in enumerate(_BERNOULLI))
_TERMS = 9


def _disk(x: Scalar) -> Scalar:
    """x^-8/3 int_x^inf u^5/3/(e^u - 1) du."""
    near = x < _FROM
    small, large = jnp.where(near, x, 1.0), jnp.where(near, _FROM, x)
    series = _WHOLE * power(small, -8 / 3) - horner(small, _SERIES) / small
    terms = [jnp.exp(-k * large) / k * horner(_FROM / (k * large), _tail()) for k in range(1, _TERMS + 1)]
    return jnp.where(near, series, sum(terms[1:], terms[0]) / large)


@functools.cache
def _tail() -> tuple[float, ...]:
    """Coefficients of y^-5/3 e^y Gamma(8/3, y) in powers of 2.5/y, for y > 2.5, from Gauss-Laguerre quadrature."""
    node, weight = np.polynomial.laguerre.laggauss(80)
    s = 0.5 + 0.5 * np.cos(np.pi * (np.arange(60) + 0.5) / 60)
    exact = np.sum(weight * (1 + node * s[:, None] / _FROM) ** (5 / 3), axis=1)
    found = np.polynomial.chebyshev.Chebyshev.fit(s, exact, 14, domain=[0, 1])
    return tuple(found.convert(kind=np.polynomial.Polynomial).coef.tolist())


class DiskPowerBlackBody(AbstractPhotonSpectrum):
    """An accretion disk of black bodies, T ~ r^-p, without an outer edge; XSPEC's `diskpbb`.

    N(E) = (2/p) 1.0344e-3 K E^2 x^(-2/p) int_x^inf u^(2/p - 1)/(e^u - 1) du, x = E/kT.

    **Arguments:** `temperature`: kT at the inner edge, keV; `exponent`: p, 3/4 of `DiskBlackBody`; `norm`: as there.

    !!! example
        >>> spectrum = sl.spectra.DiskPowerBlackBody(temperature=1.0)

    **Source:** Mineshige et al. 1994, ApJ 426, 308.
    """

    cites: ClassVar[tuple[str, ...]] = ("Mineshige1994",)
    temperature: Float[Array, ""] = param(1.0, **_TEMPERATURE)
    exponent: Float[Array, ""] = param(0.75, positive=True, symbol="p")
    norm: Float[Array, ""] = param(1.0, **_POSITIVE)

    def __call__(self, energy: Scalar) -> Scalar:
        order, x = 2 / self.exponent, energy / self.temperature
        node, weight = (jnp.asarray(one, energy.dtype) for one in _unit_nodes())
        span = jnp.log1p(_DECAY / x)
        over = node * span  # ln(u/x)
        integral = span * jnp.sum(weight * jnp.exp(order * over) * bose(x * jnp.exp(over)))
        return order * RADIUS * self.norm * energy * energy * integral


_DECAY = 40.0  # in u: e^-40 is left out


@functools.cache
def _unit_nodes() -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(64)
    return 0.5 * (node + 1), 0.5 * weight
