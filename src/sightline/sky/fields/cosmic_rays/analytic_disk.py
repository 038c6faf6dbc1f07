import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.constants import ELECTRON_REST_ENERGY, FLUX_TO_DENSITY
from ...._core.elementary import exp
from ...._core.module import param, setting
from ...._core.safe import safe_hypot, sech2
from ...._core.types import Scalar, Vector
from ...geometry import SUN, Structures
from ..base import AbstractField, children, copies, evaluate, with_walls
from ..ends import EXPONENTIAL, SECH2, disk
from .base import AbstractCosmicRays

_FAR = 100.0  # kpc, and scale lengths: farther is as good as without end
_GAMMA = 1e5  # of electrons that shine at 100 GHz in 1 uG


class LinearIndex(AbstractField):
    """A spectral index that changes linearly in the Galaxy: p = alpha - beta R - theta |z|.

    **Arguments:** `alpha`: p at the centre; `beta`, `theta`: its change with radius and height, kpc^-1.

    !!! example
        >>> rays = sl.cosmic_rays.ExponentialDisk(index=sl.cosmic_rays.LinearIndex())

    **Source:** Wang et al. 2020, ApJS 247, 18 (hammurabi X), the analytic cosmic-ray electrons.
    """

    alpha: Float[Array, ""] = param(3.0, bounds=(2, 5), symbol=r"\alpha")
    beta: Float[Array, ""] = param(0.0, unit="kpc-1", symbol=r"\beta_r")
    theta: Float[Array, ""] = param(0.0, unit="kpc-1", symbol=r"\theta_z")

    def __call__(self, position: Vector) -> Scalar:
        """Index, (), at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        return self.alpha - self.beta * safe_hypot(x, y) - self.theta * jnp.abs(z)

    def structures(self) -> Structures:
        """The plane, where it bends."""
        return Structures.layer(0.0, _FAR)


class AnalyticDisk(AbstractCosmicRays):
    """The analytic cosmic-ray electrons of hammurabi X: a disk with a varying index, normalised by a flux at the Sun.

    N_0 = 4 pi m c^2 j0 / (beta_0 c) gamma_0^p(sun) exp(-(R - R_sun)/R0) sech^2(z/h), N(gamma) = N_0 gamma^-p(x)

    The flux at `energy` equals `flux` only at the Sun; elsewhere N_0 follows the profile at gamma = 1. The public code
    has sqrt(1 - 1/gamma_0) where beta_0 stands, 1.2e-5 less at 20.6 GeV. The electrons are the same whatever
    `reference_energy`, at which their density is computed.

    **Arguments:**

    - `flux`: j0 at the Sun, (GeV m^2 s sr)^-1; `energy`: total energy at which it holds, GeV.
    - `scale_radius` R0, `scale_height` h: kpc; `sun`: (3,) kpc.
    - `index`: p, a number or a field, `LinearIndex()` by default.

    **Source:** Wang et al. 2020, ApJS 247, 18 (arXiv:1907.00207), with the values of its template.

    !!! example
        >>> float(sl.cosmic_rays.AnalyticDisk()(jnp.asarray(sl.SUN))) * 1e6  # m^-3
        30.4...
    """

    cites: ClassVar[tuple[str, ...]] = ("Wang2020",)
    flux: Float[Array, ""] = param(0.0217, bounds=(0, None), symbol="j_0")
    scale_radius: Float[Array, ""] = param(5.0, unit="kpc", positive=True, symbol="R_0")
    scale_height: Float[Array, ""] = param(1.0, unit="kpc", positive=True, symbol="h")
    energy: float = setting(20.6, unit="GeV", bounds=(2 * ELECTRON_REST_ENERGY, None))
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")
    index: Float[Array, ""] | AbstractField = param(
        default_factory=LinearIndex, bounds=(2, 5), symbol="p", kw_only=True
    )
    reference_energy: float | None = setting(20.6, unit="GeV", bounds=(ELECTRON_REST_ENERGY, None), kw_only=True)
    flux_arguments: ClassVar[tuple[str, str] | None] = ("flux", "energy")

    def pivot_density(self, position: Vector) -> Scalar:
        """Density at the reference energy, () cm^-3, at a position, (3,) kpc."""
        place = copies(position)
        x, y, z = jnp.unstack(place())
        gamma = self.energy / ELECTRON_REST_ENERGY
        p_sun = evaluate(self.index, jnp.asarray(self.sun, position.dtype))
        density = self.flux * (FLUX_TO_DENSITY / math.sqrt(1 - 1 / gamma**2))
        offset = safe_hypot(x, y) - math.hypot(*self.sun[:2])
        rise = p_sun * math.log(gamma) - self.spectral_index(place()) * math.log(self.pivot)
        return density * exp(rise - offset / self.scale_radius) * sech2(z / self.scale_height)

    def structures(self) -> Structures:
        """The disk that holds all but a millionth of the columns from its Sun, also of electrons that radiate.

        Where a `LinearIndex` falls with R or |z|, N at high gamma falls less steeply than N_0.
        """
        radius, height = EXPONENTIAL * self.scale_radius, SECH2 * self.scale_height
        if isinstance(self.index, LinearIndex):
            radius = radius * _stretch(self.index.beta * self.scale_radius)
            height = height * _stretch(0.5 * self.index.theta * self.scale_height)
        ends = disk(math.hypot(*self.sun[:2]) + radius, height)
        return with_walls(Structures.none().ending(*ends), *children(self))


def _stretch(steeper: Scalar) -> Scalar:
    """How much longer gamma^(s u) e^-u, s = `steeper`, reaches than e^-u, at the gamma of radio emission."""
    return 1 / jnp.clip(1 - steeper * math.log(_GAMMA), 1 / _FAR, 1)
