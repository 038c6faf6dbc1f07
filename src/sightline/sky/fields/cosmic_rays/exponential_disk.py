from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import exp
from ...._core.module import param, setting
from ...._core.safe import safe_hypot, sech2
from ...._core.types import Scalar, Vector
from ...geometry import SUN, Structures
from ..base import children, with_walls
from ..ends import EXPONENTIAL, SECH2, disk
from .base import AbstractCosmicRays


class ExponentialDisk(AbstractCosmicRays):
    """The cosmic-ray electron disk of the WMAP polarisation analysis, normalised at the Sun.

    n = n0 exp(-(R - R_sun)/R0) sech^2(z/h) / sech^2(z_sun/h)

    **Arguments:**

    - `n0`: density per unit Lorentz factor at the Sun and the reference energy, cm^-3.
    - `scale_radius` R0, `scale_height` h: kpc.
    - `sun`: position at which `n0` holds, (3,) kpc; the model's own, wherever the observer is.
    - `index`, `reference_energy`: see `AbstractCosmicRays`.

    **Source:** Page et al. 2007, ApJS 170, 335, the distribution of relativistic electrons; the default n0 is a flux of
    0.25 (GeV m^2 s sr)^-1 at 10 GeV for p = 3.

    !!! example
        >>> sl.cosmic_rays.ExponentialDisk()(jnp.asarray(sl.SUN))
        Array(4.e-05, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Page2007",)
    n0: Float[Array, ""] = param(4.0e-5, unit="cm-3", bounds=(0, None), symbol="n_0")
    scale_radius: Float[Array, ""] = param(5.0, unit="kpc", positive=True, symbol="R_0")
    scale_height: Float[Array, ""] = param(1.0, unit="kpc", positive=True, symbol="h")
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def pivot_density(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        x_sun, y_sun, z_sun = self.sun
        offset = safe_hypot(x, y) - (x_sun**2 + y_sun**2) ** 0.5
        vertical = sech2(z / self.scale_height) / sech2(z_sun / self.scale_height)
        return self.n0 * exp(-offset / self.scale_radius) * vertical

    def structures(self) -> Structures:
        """The disk that holds all but a millionth of its columns from its Sun, and the walls of its index."""
        x_sun, y_sun, _ = self.sun
        radius = (x_sun**2 + y_sun**2) ** 0.5 + EXPONENTIAL * self.scale_radius
        ends = disk(radius, SECH2 * self.scale_height)
        return with_walls(Structures.none().ending(*ends), *children(self))
