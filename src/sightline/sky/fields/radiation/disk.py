import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.safe import safe_hypot, sech2
from ...._core.types import Vector
from ...geometry import SUN, Structures
from ..base import AbstractField, children, with_walls
from ..ends import EXPONENTIAL, SECH2, disk
from ..photons import Photons
from .base import AbstractRadiation
from .spectra.greybody import Greybody, PointGreybody


class Disk(AbstractRadiation):
    """Greybody photons in a disk, such as starlight or the glow of dust; its temperature may be a field.

    u(x) = u_0 exp(-(R - R_sun)/R_0) sech^2(z/h)/sech^2(z_sun/h), with a blackbody's spectrum of temperature T(x).

    This is a parametrisation, no published model of the Galaxy: the profile is that of the disks of electrons, and its
    lengths are round numbers for the user to choose. The defaults, dust of 30 K and 0.5 eV cm^-3, and starlight,
    `Disk(3000.0, 1.0)`, are the values that naima's documentation names as those of GALPROP at R = 6.5 kpc, without
    errors; here they hold at `sun`.

    **Arguments:**

    - `temperature` T: K, a number, or a scalar field between 2 and 8000 K; outside, the emission is NaN.
    - `energy_density` u_0: at the Sun, eV cm^-3.
    - `scale_radius` R_0, `scale_height` h: kpc.
    - `sun`: position at which `energy_density` holds, (3,) kpc; the model's own, wherever the observer is.

    **Source:** documentation of naima, "InverseCompton", for the default temperatures and energy densities.

    !!! example
        >>> isrf = sl.radiation.CMB() + sl.radiation.Disk() + sl.radiation.Disk(3000.0, 1.0)
        >>> round(float(isrf(jnp.asarray(sl.SUN))), 3)  # eV cm^-3
        1.761
    """

    temperature: Float[Array, ""] | AbstractField = param(30.0, unit="K", positive=True, symbol="T")
    energy_density: Float[Array, ""] = param(0.5, unit="eV cm-3", positive=True, symbol="u_0")
    scale_radius: Float[Array, ""] = param(5.0, unit="kpc", positive=True, symbol="R_0")
    scale_height: Float[Array, ""] = param(1.0, unit="kpc", positive=True, symbol="h")
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """One greybody, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        x_sun, y_sun, z_sun = self.sun
        offset = safe_hypot(x, y) - (x_sun**2 + y_sun**2) ** 0.5
        vertical = sech2(z / self.scale_height) / sech2(z_sun / self.scale_height)
        fall = jnp.exp(-offset / self.scale_radius) * vertical
        if isinstance(self.temperature, AbstractField):
            return (Photons(self.energy_density * fall, PointGreybody(self.temperature(position))),)
        return (Photons(fall, Greybody.of(self.temperature, self.energy_density)),)

    def structures(self) -> Structures:
        """The disk that holds all but a millionth of its columns from its Sun, and the walls of its temperature."""
        x_sun, y_sun, _ = self.sun
        radius = (x_sun**2 + y_sun**2) ** 0.5 + EXPONENTIAL * self.scale_radius
        return with_walls(Structures.none().ending(*disk(radius, SECH2 * self.scale_height)), *children(self))
