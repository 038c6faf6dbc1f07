"""One cell of constant coefficients solved exactly for all four Stokes parameters, in real arithmetic.

With depth tau = kappa_I D, boost b = -(kappa_Q, kappa_U, kappa_V) D and turn r = (rho_Q, rho_U, rho_V) D the equation
of transfer generates a Lorentz transformation: -K D = M - tau, M (I, p) = (b.p, b I + r x p), p = (Q, U, V).
M^4 = d M^2 + g^2 with d = b^2 - r^2 and g = b.r, and M has the eigenvalues +-L1 and +-i L2, (L1 + i L2)^2 = d - 2ig,
the two parameters of Landi Degl'Innocenti & Landi Degl'Innocenti 1985, Sol. Phys. 97, 239.

Radiation from behind passes as C -> J C J^+ of the coherency matrix C = ((I + V, Q - iU), (Q + iU, I - V))/2, where
J = e^(-tau/2) (cosh(w/2) + (b - ir).sigma sinh(w/2)/w), w = L1 + i L2. The emission j D of the cell leaves it as

int_0^1 e^((M - tau) t) dt j D = (c0 + c1 M + c2 M^2 + c3 M^3) j D.

With y = sqrt(x) the c interpolate even(x) = int_0^1 e^(-tau t) cosh(ty) dt and odd(x) = int_0^1 e^(-tau t) sinh(ty)/y
dt between x = L1^2 and x = -L2^2. These are series in the moments m_k = int_0^1 e^(-tau t) t^k/k! dt where x is small;
where both x are, the c are polynomials of d and g. Nothing overflows while L1 <= tau, as in every passive medium.
"""

import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from ..._core.elementary import exp, horner, sincos
from ..._core.types import Scalar

Three = tuple[Scalar, Scalar, Scalar]
Four = tuple[Scalar, Scalar, Scalar, Scalar]
_MOMENTS = 8


class Cell(eqx.Module):
    """Coefficients of a cell times its width: tau, b, r and j D."""

    depth: Scalar
    boost: Three
    turn: Three
    emission: Four


class _Roots(eqx.Module):
    """d and g where both are small, else 0; L1, L2 and L1^2 + L2^2 where they are not, else 1, 0 and 1."""

    small: Bool[Array, ""]
    d: Scalar
    g: Scalar
    first: Scalar
    second: Scalar
    norm: Scalar


class _Waves(eqx.Module):
    """e^-(tau/2), e^-((tau - L1)/2), e^-((tau + L1)/2), sin(L2/2) and cos(L2/2)."""

    middle: Scalar
    slow: Scalar
    fast: Scalar
    sine: Scalar
    cosine: Scalar


class _Jones(eqx.Module):
    """J = a + w.sigma, real and imaginary parts, w along Q, U and V."""

    a: Scalar
    a_im: Scalar
    w: Three
    w_im: Three


def through(cell: Cell, behind: Four) -> Four:
    """I, Q, U, V in front of a cell, from those behind it."""
    roots = _find_roots(cell)
    slow, fast = exp(-0.5 * (cell.depth - roots.first)), exp(-0.5 * (cell.depth + roots.first))
    waves = _Waves(exp(-0.5 * cell.depth), slow, fast, *sincos(0.5 * roots.second))
    (i, q, u, v), own = _transmit(_jones(cell, roots, waves), behind), _emit(cell, _weights(cell.depth, roots, waves))
    return i + own[0], q + own[1], u + own[2], v + own[3]


def _limit(x: Scalar) -> float:
    """Below it x is small: there the series end in time, above it differences of even and odd keep their digits."""
    return 1e-3 if np.finfo(x.dtype).eps < 1e-10 else 0.06


def _dot(a: Sequence[Scalar], b: Sequence[Scalar]) -> Scalar:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _find_roots(cell: Cell) -> _Roots:
    limit = _limit(cell.depth)
    d, g = _dot(cell.boost, cell.boost) - _dot(cell.turn, cell.turn), _dot(cell.boost, cell.turn)
    square = d * d + 4 * g * g
    small = square < limit**2
    near_d, near_g = jnp.where(small, d, 0), jnp.where(small, g, 0)
    d, g, norm = jnp.where(small, 1, d), jnp.where(small, 0, g), jnp.sqrt(jnp.where(small, 1, square))
    grows = d > 0
    large = jnp.sqrt(0.5 * (norm + jnp.where(grows, d, -d)))  # of d = 0 too it has the slope of its branch
    other = -g / large
    first, second = jnp.where(grows, large, other), jnp.where(grows, other, large)
    # w and -w are the same: L1 > 0 is chosen, but not where it is about to pass through 0
    sign = jnp.where((first < 0) & (first * first >= limit), -1, 1).astype(d.dtype)
    return _Roots(small, near_d, near_g, sign * first, sign * second, norm)


def _jones(cell: Cell, roots: _Roots, waves: _Waves) -> _Jones:
    mean, half = 0.5 * (waves.slow + waves.fast), 0.5 * (waves.slow - waves.fast)
    re, im = half * waves.cosine, mean * waves.sine
    far_re = (re * roots.first + im * roots.second) / roots.norm
    far_im = (im * roots.first - re * roots.second) / roots.norm
    near = _jones_series(roots, waves.middle)
    far = mean * waves.cosine, half * waves.sine, far_re, far_im
    a, a_im, f, f_im = (jnp.where(roots.small, x, y) for x, y in zip(near, far, strict=True))
    pairs = list(zip(cell.boost, cell.turn, strict=True))
    (q, u, v), (q_im, u_im, v_im) = [f * b + f_im * r for b, r in pairs], [f_im * b - f * r for b, r in pairs]
    return _Jones(a, a_im, (q, u, v), (q_im, u_im, v_im))


def _jones_series(roots: _Roots, fading: Scalar) -> Four:
    """fading times cosh(w/2) and sinh(w/2)/w, real and imaginary parts, for small w^2 = d - 2ig."""
    re, im = 0.25 * roots.d, -0.5 * roots.g
    re2, im2 = re * re - im * im, 2 * re * im
    re3, im3 = re2 * re - im2 * im, re2 * im + im2 * re
    cosh = 1 + re / 2 + re2 / 24 + re3 / 720, im / 2 + im2 / 24 + im3 / 720
    sinh = 0.5 + re / 12 + re2 / 240 + re3 / 10080, im / 12 + im2 / 240 + im3 / 10080
    return fading * cosh[0], fading * cosh[1], fading * sinh[0], fading * sinh[1]


def _transmit(jones: _Jones, behind: Four) -> Four:
    """J C J^+ of J = a + w.sigma, each Stokes parameter by itself: V is not the small difference of large numbers.

    I' = (|a|^2 + |w|^2) I + (e - n).p,  p' = (|a|^2 - |w|^2) p + 2 Re[(w.p) w*] + 2 Im(a w*) x p + (e + n) I,

    e = 2 Re(a w*), n = 2 Re w x Im w.
    """
    i, *p = behind
    a, a_im, w, w_im = jones.a, jones.a_im, jones.w, jones.w_im
    square = a * a + a_im * a_im
    even = [2 * (a * x + a_im * y) for x, y in zip(w, w_im, strict=True)]
    odd = [2 * x for x in _cross(w, w_im)]
    turned = _cross([2 * (a_im * x - a * y) for x, y in zip(w, w_im, strict=True)], p)
    along, along_im = 2 * _dot(w, p), 2 * _dot(w_im, p)
    length = _dot(w, w) + _dot(w_im, w_im)
    q, u, v = (
        (square - length) * p[k] + along * w[k] + along_im * w_im[k] + turned[k] + (even[k] + odd[k]) * i
        for k in range(3)
    )
    return (square + length) * i + _dot([x - y for x, y in zip(even, odd, strict=True)], p), q, u, v


def _cross(a: Sequence[Scalar], b: Sequence[Scalar]) -> Three:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _emit(cell: Cell, weights: Four) -> Four:
    """(c0 + c1 M + c2 M^2 + c3 M^3) j D."""
    (b_q, b_u, b_v), (r_q, r_u, r_v) = cell.boost, cell.turn
    i, q, u, v = (weights[3] * part for part in cell.emission)
    for weight in weights[2::-1]:
        turned = b_q * i + r_u * v - r_v * u, b_u * i + r_v * q - r_q * v, b_v * i + r_q * u - r_u * q
        fresh = [weight * part for part in cell.emission]
        i, (q, u, v) = fresh[0] + b_q * q + b_u * u + b_v * v, (x + y for x, y in zip(fresh[1:], turned, strict=True))
    return i, q, u, v


def _weights(depth: Scalar, roots: _Roots, waves: _Waves) -> Four:
    """c0, c1, c2 and c3."""
    m, d, g2 = _moments(depth), roots.d, roots.g * roots.g
    h = d * d + g2
    near = (
        m[0] + g2 * (m[4] + d * m[6]),
        m[1] + g2 * (m[5] + d * m[7]),
        m[2] + d * m[4] + h * m[6],
        m[3] + d * m[5] + h * m[7],
    )
    even, odd = _growing(depth, roots.first, waves, m)
    other_even, other_odd = _turning(depth, roots.second, waves, m)
    c2, c3, x = (even - other_even) / roots.norm, (odd - other_odd) / roots.norm, roots.second * roots.second
    far = other_even + x * c2, other_odd + x * c3, c2, c3
    return tuple(jnp.where(roots.small, *pair) for pair in zip(near, far, strict=True))  # pyright: ignore[reportReturnType]


def _cubic(x: Scalar, a: Scalar, b: Scalar, c: Scalar, d: Scalar) -> Scalar:
    return a + x * (b + x * (c + x * d))


def _growing(depth: Scalar, root: Scalar, waves: _Waves, m: list[Scalar]) -> tuple[Scalar, Scalar]:
    """even and odd at x = L1^2, from E(z) = (1 - e^-z)/z at tau - L1 and tau + L1."""
    x, z = root * root, depth - root
    small, tight = x < _limit(x), jnp.abs(z) < 0.5
    series = horner(jnp.where(tight, z, 0), tuple((-1) ** k / math.factorial(k + 1) for k in range(13)))
    slow = jnp.where(tight, series, (1 - waves.slow * waves.slow) / jnp.where(tight, 1, z))
    fast = (1 - waves.fast * waves.fast) / jnp.where(small, 1, depth + root)
    even, odd = 0.5 * (slow + fast), (slow - fast) / jnp.where(small, 1, 2 * root)
    return jnp.where(small, _cubic(x, *m[0::2]), even), jnp.where(small, _cubic(x, *m[1::2]), odd)


def _turning(depth: Scalar, root: Scalar, waves: _Waves, m: list[Scalar]) -> tuple[Scalar, Scalar]:
    """even and odd at x = -L2^2: real and imaginary part of E(tau - i L2)."""
    x, fading = root * root, waves.middle * waves.middle
    small = x < _limit(x)
    rest = depth * m[0] + 2 * fading * waves.sine * waves.sine  # 1 - e^-tau cos(L2)
    sine = 2 * fading * waves.sine * waves.cosine
    norm = jnp.where(small, 1, depth * depth + x)
    even, odd = (depth * rest + root * sine) / norm, (rest - depth * sine / jnp.where(small, 1, root)) / norm
    return jnp.where(small, _cubic(-x, *m[0::2]), even), jnp.where(small, _cubic(-x, *m[1::2]), odd)


def _moments(depth: Scalar) -> list[Scalar]:
    """m_k = int_0^1 e^(-tau t) t^k/k! dt: tau m_k = m_(k-1) - e^-tau/k!, downwards for tau < 1 and upwards beyond."""
    thin, fading = depth < 1, exp(-depth)
    low, high = jnp.where(thin, depth, 0), jnp.where(thin, 1, depth)
    steps = [fading / math.factorial(k) for k in range(_MOMENTS)]
    down = [fading * horner(low, tuple(1 / math.factorial(_MOMENTS + j) for j in range(13)))]
    for step in steps[:0:-1]:
        down.append(low * down[-1] + step)
    inverse = 1 / high
    up = [(1 - fading) * inverse]
    for step in steps[1:]:
        up.append((up[-1] - step) * inverse)
    return [jnp.where(thin, x, y) for x, y in zip(down[::-1], up, strict=True)]
