import math
from typing import ClassVar

import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from ..._core.elementary import horner, power
from ..._core.module import param, setting
from ..._core.types import Scalar, Vector
from ...sky.fields import AbstractField, Structures

_P = (1.0, -0.6097, 0.05463)  # by rising powers of 1/n
_INWARDS, _OUTWARDS, _PLACES = 48.0, 5.0, 257  # of log s, about where a thousandth is left: far below and above
_B = (-1 / 3, 4 / 405, 46 / 25515)  # b - 2 n, likewise


class Sersic(AbstractField):
    """A spheroid whose image is close to a Sersic profile: rho = rho_0 m^-p exp(-b m^(1/n)), Msun kpc^-3.

    m^2 = (x^2 + y^2 + z^2/q^2 + r_c^2)/R_e^2, p = 1 - 0.6097/n + 0.05463/n^2, b = 2 n - 1/3 + 4/(405 n) +
    46/(25515 n^2). The small core r_c keeps the density finite; rho_0 is such that the whole is M with it: without,
    rho_0 = M b^(n (3 - p))/(4 pi q R_e^3 n Gamma(n (3 - p))), and the image has half its light within R_e (q = 1).

    **Arguments:** `mass` M: formed, Msun; `effective_radius` R_e: kpc; `index` n: 0.6 to 10; `axis_ratio` q: of z to x;
    `core` r_c: kpc.

    **Raises:** `ValueError` for numbers outside these.

    **Source:** Prugniel & Simien 1997, A&A 321, 111; p: Lima Neto, Gerbal & Marquez 1999, MNRAS 309, 481; b: Ciotti &
    Bertin 1999, A&A 352, 447.

    !!! example
        >>> bulge = sl.stars.Sersic(mass=1e10, effective_radius=1.0, index=4.0)
        >>> f"{float(bulge(jnp.array([1.0, 0.0, 0.0]))):.3g}"
        '2.19e+08'
    """

    cites: ClassVar[tuple[str, ...]] = ("Prugniel1997", "LimaNeto1999", "Ciotti1999")
    mass: Float[Array, ""] = param(1e10, unit="Msun", bounds=(0, None), symbol="M")
    effective_radius: Float[Array, ""] = param(1.0, unit="kpc", positive=True, symbol="R_e")
    index: Float[Array, ""] = param(4.0, bounds=(0.6, 10), symbol="n")
    axis_ratio: Float[Array, ""] = param(1.0, positive=True, symbol="q")
    core: float = setting(0.01, unit="kpc", positive=True)

    def __call__(self, position: Vector) -> Scalar:
        """Density, () Msun kpc^-3, at a position, (3,) kpc."""
        x, y, z = position
        radius, flat = self.effective_radius, z / self.axis_ratio
        relative = self._logarithm((x * x + y * y + flat * flat) / (radius * radius)) - self._log_volume()
        return self.mass / (4 * math.pi * self.axis_ratio * radius**3) * jnp.exp(relative)

    def _logarithm(self, square: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """log(rho/rho_0) at a squared distance in units of R_e."""
        inverse, core = 1 / self.index, self.core / self.effective_radius
        logarithm = 0.5 * jnp.log(square + core * core)
        b = 2 * self.index + horner(inverse, _B)
        return -horner(inverse, _P) * logarithm - b * jnp.exp(inverse * logarithm)

    def _log_volume(self) -> Scalar:
        """log int rho/rho_0 s^2 ds, by the trapezoid rule in log s, whose error falls exponentially: 1e-12 of it."""
        places = jnp.linspace(-_INWARDS, 0, _PLACES, dtype=self.index.dtype) + jnp.log(_reach(self.index)) + _OUTWARDS
        terms = 3 * places + self._logarithm(jnp.exp(2 * places))
        return logsumexp(terms) + math.log(_INWARDS / (_PLACES - 1))

    def structures(self) -> Structures:
        """Shells about the centre, where it is steep, and the spheroid that holds all but some thousandth of it."""
        core, q = jnp.asarray(self.core, self.effective_radius.dtype), self.axis_ratio
        axes = jnp.stack([jnp.ones_like(q), jnp.ones_like(q), q])
        end = _reach(self.index) * self.effective_radius
        shells = jnp.stack([core, jnp.maximum(0.1 * self.effective_radius, core), self.effective_radius, end])
        walls = Structures.ellipsoids((0.0, 0.0, 0.0), shells[:, None] * axes)
        return walls.ending(Structures.ellipsoids((0.0, 0.0, 0.0), end * axes))


def _reach(index: Scalar) -> Scalar:
    """Effective radii beyond which there is some thousandth of the mass: 1e-5 for n = 1, 2e-4 for 4, 1.3e-3 for 8."""
    tail = 14 + 2.2 * index  # b m^(1/n), which has a gamma distribution
    return power(tail / (2 * index - 1 / 3), index)
