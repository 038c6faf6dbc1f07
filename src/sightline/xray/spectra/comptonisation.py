"""Soft photons scattered by hot electrons."""

import functools
import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from ..._core.elementary import horner, log
from ..._core.module import param, setting
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum

_REST = 511.0  # keV, as the paper rounds it
_STEEPEST = 10.0  # alpha: beyond, hardly a photon is scattered and Gamma(2 alpha + 4) leaves single precision
_BEYOND = 2 * _STEEPEST  # where steps are held that lead farther: Gamma would overflow
_NEWTON = 12


class Comptonisation(AbstractPhotonSpectrum):
    r"""Photons of a Wien law scattered in a cloud of thermal electrons, relativistic ones included; XSPEC's `compTT`.

    N(E) = K a (a + 3)/2 (T/T_0) [y^-(a + 1) e^-x g(a + 3, y) J(x d^(1/(a + 3))) + y^2 e^-y/((a + 3) (2 a + 3))],

    J(x) = int_0^inf e^-t t^(a - 1) (x + t)^(a + 3) dt/Gamma(2 a + 4),  x = E/kT, y = E/kT_0,

    g the lower incomplete gamma function. The index a solves b(tau) = a ln[1 + (a + 3) h/(1 + h) + 4 D(a)^(1/a) h^2],
    h = kT/511 keV, D = 3 (a^2 + 3 a + 4) Gamma(2 a + 2)/((a + 3) (a + 2)^2), where b is that of the geometry; d is the
    probability of a scattering there. About K kT photons cm-2 s-1 are there where T_0 is well below T.

    The norm is XSPEC's, and its switch of 1 and 2 the geometry here. Below tau = 0.1 it takes b from a thin limit, a
    step of some per cent; its integral J has 10 nodes; with a redshift it is 1 + z times what `Redshifted` makes of
    this. As there, a is at most 10: steeper spectra no longer depend on the depth.

    **Arguments:** `temperature_seed`: kT_0, keV; `temperature`: kT of the electrons, keV; `depth`: tau, from the
    middle plane or the centre outwards; `norm`: K, cm-2 s-1 keV-1; `geometry`: `"disk"` or `"sphere"`.

    !!! example
        >>> corona = sl.spectra.Comptonisation(temperature_seed=0.1, temperature=50.0, depth=1.0, norm=1e-3)
        >>> round(float(corona.index), 4), round(float(corona.photons(2.0, 10.0)), 6)
        (0.6438, 0.007591)

    **Source:** Titarchuk 1994, ApJ 434, 570, equations 27 and 28 of b; Titarchuk & Lyubarskij 1995, ApJ 450, 876, of
    the index; Hua & Titarchuk 1995, ApJ 449, 188.
    """

    cites: ClassVar[tuple[str, ...]] = ("Titarchuk1994", "Titarchuk1995")
    temperature_seed: Float[Array, ""] = param(0.1, unit="keV", positive=True, symbol="kT_0")
    temperature: Float[Array, ""] = param(50.0, unit="keV", positive=True, symbol="kT")
    depth: Float[Array, ""] = param(1.0, positive=True, symbol=r"\tau")
    norm: Float[Array, ""] = param(1.0, unit="cm-2 s-1 keV-1", bounds=(0, None), symbol="K")
    geometry: str = setting("disk", choices=("disk", "sphere"))

    @property
    def index(self) -> Scalar:
        """a, the index of the energy flux between the seed photons and kT; that of photons is a + 1."""
        escape = _escape(self.depth, self.geometry)
        return jnp.minimum(_index(escape, self.temperature / _REST), _STEEPEST)

    def __call__(self, energy: Scalar) -> Scalar:
        a, x, y = self.index, energy / self.temperature, energy / self.temperature_seed
        scattered = _scattering(self.depth / (1 + (self.temperature / 39.2) ** 0.86), self.geometry)
        hard = y * y * _below(a, y) * _above(a, x, x * scattered ** (1 / (a + 3)))
        soft = y * y * jnp.exp(-y) / ((a + 3) * (2 * a + 3))
        return self.norm * 0.5 * a * (a + 3) * self.temperature / self.temperature_seed * (hard + soft)


def _escape(depth: Scalar, geometry: str) -> Scalar:
    """b: of the distribution of scatterings, which falls as e^(-b u)."""
    width = depth + 2 / 3
    square = math.pi**2 / (width * width)
    if geometry == "disk":
        thin = 0.45 * jnp.exp(-3.7 * depth) * log(10 / (3 * depth))
        return square / 12 * -jnp.expm1(-1.35 * depth) + thin
    return square / 3 * -jnp.expm1(-0.7 * depth) + jnp.exp(-1.4 * depth) * log(4 / (3 * depth))


_SERIES = {
    "disk": tuple(-((-1) ** k) / math.factorial(k + 1) for k in range(1, 16)),
    "sphere": tuple(-6 * (-1) ** k / math.factorial(k + 3) for k in range(1, 16)),
}


def _scattering(depth: Scalar, geometry: str) -> Scalar:
    """d: how probably a photon is scattered, its sources spread evenly."""
    thin = depth < 1
    small, large = jnp.where(thin, depth, 1.0), jnp.where(thin, 1.0, depth)
    missed = -jnp.expm1(-large) / large
    missed = missed if geometry == "disk" else 3 / large * (1 - 2 / large * (1 - missed))
    return jnp.where(thin, small * horner(small, _SERIES[geometry]), 1 - missed)


def _index(escape: Scalar, heat: Scalar) -> Scalar:
    """The index a: Newton's steps in ln a, the last two of them differentiated: right to the third derivative."""

    def step(escape: Scalar, heat: Scalar, at: Scalar) -> Scalar:
        value, slope = jax.jvp(lambda one: _gain(jnp.exp(one), heat), (at,), (jnp.ones_like(at),))
        return jnp.minimum(at - (value - escape) / slope, math.log(_BEYOND))

    fixed = jax.lax.stop_gradient((escape, heat))
    cold = jnp.sqrt(2.25 + fixed[0] / fixed[1]) - 1.5
    at = jax.lax.fori_loop(0, _NEWTON, lambda _, one: step(*fixed, one), jnp.log(jnp.minimum(cold, _STEEPEST)))
    at = jax.lax.stop_gradient(at)
    return jnp.exp(step(escape, heat, step(escape, heat, at)))


def _gain(a: Scalar, heat: Scalar) -> Scalar:
    """a ln of the mean gain in energy to the power a: what the index is found from."""
    d = jnp.log1p(a * (a + 3) / 4) - jnp.log1p(a / 3) - 2 * jnp.log1p(a / 2) + gammaln(2 * a + 2)
    return a * jnp.log1p((a + 3) * heat / (1 + heat) + 4 * heat * heat * jnp.exp(d / a))


_FARTHEST = 100.0  # in e^-w
_SUM = 72  # nodes in ln t


def _below(a: Scalar, y: Scalar) -> Scalar:
    """y^-(a + 3) g(a + 3, y): over w = L u^2, L the least of y and where e^-w is next to nothing."""
    node, weight = (jnp.asarray(one, y.dtype) for one in _unit_nodes())
    span = jnp.minimum(y, _FARTHEST)
    exponent = (2 * a + 5) * jnp.log(node) - span * node * node
    return 2 * jnp.exp((a + 3) * log(span / y)) * jnp.sum(weight * jnp.exp(exponent))


@functools.cache
def _unit_nodes() -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(40)
    return 0.5 * (node + 1), 0.5 * weight


def _above(a: Scalar, x: Scalar, less: Scalar) -> Scalar:
    """e^-x J(less): what the power has at t = 0 in closed form, the rest as a sum in ln t; all positive."""
    order = jax.lax.stop_gradient(a)
    first, last = jnp.log(2 * order + 4) - 21 / (order + 1) - 1, jnp.log(2 * order + 60)
    step = (last - first) / (_SUM - 1)
    log_t = first + step * jnp.arange(_SUM, dtype=x.dtype)
    t = jnp.exp(log_t)
    norm = x + gammaln(2 * a + 4)
    rest = -jnp.expm1(-(a + 3) * jnp.log1p(t / less))
    parts = rest * jnp.exp(a * log_t - t + (a + 3) * jnp.log(less + t) - norm)
    return step * jnp.sum(parts) + jnp.exp((a + 3) * log(less) + gammaln(a) - norm)
