"""Inverse Compton of isotropic photons on a fast electron: kernel, rate, losses, and the law of the energy."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.elementary import horner
from .._core.module import is_concrete
from .._core.safe import held
from .._core.units import numbers
from .dilogarithm import dilogarithm
from .samplers.base import AbstractDistribution
from .samplers.domain import strip

Values = Float[Array, "*shape"]

_NEAR = 0.5  # below this t the closed form cancels
_TERMS = 34  # powers of x <= 1/3
_HARMONIC = np.concatenate([[0.0], np.cumsum(1 / np.arange(1.0, 120))])  # H_n
# (ln(1+t) - x - x^2/2)/x^3 and (Li2(-t) + ln(1+t))/x^2 in powers of x = t/(1+t)
_CUBE = tuple(1 / (m + 3) for m in range(_TERMS))
_SQUARE = tuple((1 - 1 / n - _HARMONIC[n - 1]) / n for n in range(2, _TERMS + 2))


def _rate() -> tuple[float, ...]:
    """R (1+b) in powers of x = b/(1+b): G(b) of `primitive` divided by b, in which nothing is left that cancels."""
    x, rest = np.polynomial.Polynomial([0.0, 1.0]), np.polynomial.Polynomial([1.0, -1.0])
    cube, square = np.polynomial.Polynomial(_CUBE), np.polynomial.Polynomial(_SQUARE)
    within = 1 + x * x * cube / 2 + rest * (0.5 + x * cube) - 2 * rest * (1 - 2 * rest * cube)
    return tuple((3 * (within + 2 * rest * square - x / 2 + 1.5 * rest * x * cube)).coef[:_TERMS].tolist())


_RATE = _rate()
# g b^-3 (1+b)^-3 of the losses in powers of b/(1+b), used for b < 2
_LOSS = tuple(_HARMONIC[n - 1] * (0.5 - 2 / n) + 6 / (n + 1) - 11 / 12 - 2 / (n * n) for n in range(3, 99))


def kernel(t: Values, b: Values) -> Values:
    """The kernel of Jones, F(q, t), of the photons that one electron scatters out of isotropic ones.

    $$F = 2q\\ln q + (1+2q)(1-q) + \\frac{t^2}{2(1+t)}(1-q),\\qquad q = t/b$$

    The rate is dN/(d tau dx) = 3 F/b, tau the time in units of 1/(sigma_T c n).

    **Arguments:** `t`: x/(1-x), (...), x the energy of the photon over that of the electron; `b`: 4 gamma e0, (...),
    e0 the energy of the photon before, in m_e c^2.

    **Returns:** numbers, (...); 0 for t outside [0, b].

    **Source:** Jones 1968, Phys. Rev. 167, 1159; Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237, eq. 2.48.
    """
    inside = (t > 0) & (t < b)
    q = jnp.where(inside, t / b, 0.5)
    rest = 1 - q
    found = 2 * q * jnp.log(q) + (1 + 2 * q) * rest + t * t / (2 * (1 + t)) * rest
    return jnp.where(inside, found, jnp.where(t == 0, 1.0, 0.0).astype(q.dtype))


def primitive(t: Values, b: Values) -> Values:
    """G(t) = int_0^t F(s/b, s)/(1+s)^2 ds, the rate of photons below t times b/3.

    **Arguments:** as `kernel`, t in [0, b]. **Returns:** numbers, (...).
    """
    x = t / (1 + t)
    near = t < _NEAR
    inner, outer = jnp.where(near, x, 0), jnp.where(near, 1, t)
    log, wide = jnp.log1p(outer), outer / (1 + outer)
    q = jnp.where(t > 0, t / b, 1)
    series = horner(inner, _CUBE)
    # K2 = int s^2/(1+s)^3 ds and the like; x^3/(1-x) = t x^2
    k2 = jnp.where(near, inner**3 * series, log - wide - wide * wide / 2)
    first = jnp.where(near, inner * inner * (0.5 + inner * series), log - wide)
    second = jnp.where(near, t * x * x - 2 * k2, outer - 2 * log + wide)
    k3 = t * x * x - 3 * k2
    dilog = jnp.where(near, inner * inner * horner(inner, _SQUARE), dilogarithm(-outer) + log)
    logarithmic = 2 * (jnp.log(q) * first + dilog)
    return x + 0.5 * k2 + (first - 2 * (second / b) + logarithmic - 0.5 * k3) / b


def rate_factor(b: Values) -> Values:
    """R(b), the rate of scattering over that of Thomson, sigma_T c n: 1 for b << 1, falling as ln(b)/b.

    **Arguments:** `b`: 4 gamma e0, a number without unit, (...). **Returns:** numbers, (...), R = 3 G(b)/b.

    **Raises:** `ValueError` for b that is not positive.

    !!! example
        >>> round(float(sl.processes.rate_factor(jnp.asarray(1.0))), 5)
        0.65517

    **Source:** integral of Jones 1968, by its closed form.
    """
    b = _positive(b)
    near = b < _NEAR
    inner, outer = jnp.where(near, b, 0), jnp.where(near, 1, b)
    series = horner(inner / (1 + inner), _RATE) / (1 + inner)
    return jnp.where(near, series, 3 * primitive(outer, outer) / outer)


def loss_factor(b: Values) -> Values:
    """f_KN(b), the rate of losses over that of Thomson, (4/3) sigma_T c u gamma^2: 1 for b << 1.

    $$f_{KN} = \\frac{9}{b^3}\\left[\\left(\\frac b2+6+\\frac6b\\right)\\ln(1+b)
    -\\frac{\\frac{11}{12}b^3+6b^2+9b+4}{(1+b)^2}-2+2\\,\\mathrm{Li}_2(-b)\\right]$$

    Below b = 2, where it cancels, it is a series in b/(1+b).

    **Arguments:** `b`: 4 gamma e0, a number without unit, (...). **Returns:** numbers, (...).

    **Raises:** `ValueError` for negative b.

    !!! example
        >>> round(float(sl.processes.loss_factor(jnp.asarray(1.0))), 5)
        0.36215

    **Source:** Jones 1968; Moderski et al. 2005, MNRAS 363, 954, appendix.
    """
    b = _positive(b, or_zero=True)
    near = b < 2
    inner, outer = jnp.where(near, b, 0), jnp.where(near, 2, b)
    series = 9 * horner(inner / (1 + inner), _LOSS) / (1 + inner) ** 3
    return jnp.where(near, series, 9 * _losses(outer) / outer**2)


def _positive(b: Any, or_zero: bool = False) -> Values:
    """b, refused where it is known to be negative, or 0.

    **Raises:** `ValueError`.
    """
    if is_concrete(b):
        found = numbers(b, "", "b")
        if not np.all((found >= 0) if or_zero else (found > 0)):
            raise ValueError(f"b = {b}: 4 gamma e0 must be positive.")
    return strip(b, "b")


def _losses(b: Values) -> Values:
    """g(b)/b of the closed form, without powers that overflow."""
    v = 1 / (1 + b)
    quotient = (11 / 12 * (b * v) ** 2) + (6 * b + 9) * (v * v) + 4 * (v * v) / b
    return (0.5 + 6 / b + 6 / (b * b)) * jnp.log1p(b) - quotient + 2 * (dilogarithm(-b) - 1) / b


class InverseCompton(AbstractDistribution):
    """The energy to which an electron of Lorentz factor gamma >> 1 scatters isotropic photons of energy e0.

    $$C(x) = G(t)/G(b),\\qquad t = \\frac{x}{1-x},\\quad x = e_1/\\gamma$$

    Energies are in m_e c^2; b = 4 gamma e0 alone shapes the law: Thomson for b << 1, Klein-Nishina for b >> 1. The
    coordinate is l = ln(1+t)/ln(1+b), per which the density is of order one everywhere.

    !!! example
        >>> gamma, e0 = 1e5, 10**-4.5
        >>> law = sl.processes.InverseCompton()
        >>> round(float(law.mean(b=4 * gamma * e0)), 5)
        0.50486
        >>> e1 = gamma * law.value(0.5, b=4 * gamma * e0)

    **Source:** Jones 1968, Phys. Rev. 167, 1159; Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237.
    """

    domain: ClassVar = {"b": (1e-8, 1e9)}
    square_root_end: ClassVar[bool] = True

    def support(self, **parameters: Array) -> tuple[float, Array]:
        b = parameters["b"]
        return 0.0, b / (1 + b)

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        inside = x < 1  # in single precision the upper end, b/(1 + b), is 1 for large b
        l = -jnp.log1p(-jnp.where(inside, x, 0)) / jnp.log1p(parameters["b"])
        return jnp.where(inside, held(l, 0, 1), 1)

    def value(self, l: Array, **parameters: Array) -> Array:
        return -jnp.expm1(-l * jnp.log1p(parameters["b"]))

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        _, t, b = _scaled(l, parameters["b"])
        return primitive(t, b) / primitive(b, b)

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        width, t, b = _scaled(l, parameters["b"])
        return jnp.maximum(kernel(t, b), 0) * width / ((1 + t) * primitive(b, b))

    def mean(self, b: Any) -> Values:
        """The mean of x = e1/gamma: b/3 for b << 1, where it is 4 gamma^2 e0/3 in energy.

        **Arguments:** `b`: 4 gamma e0, (...).

        **Raises:** `ValueError` for b outside the domain.
        """
        if is_concrete(b):
            self.check(b=numbers(b, "", "b"))
        b = strip(b, "b")
        return loss_factor(b) * b / (3 * rate_factor(b))


def _scaled(l: Array, b: Array) -> tuple[Array, Array, Array]:
    """ln(1+b), t of the coordinate and b, rounded alike so that t is b at the end."""
    width = jnp.log1p(b)
    return width, jnp.expm1(l * width), jnp.expm1(width)
