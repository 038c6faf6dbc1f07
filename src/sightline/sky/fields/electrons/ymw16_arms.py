import math
from typing import ClassVar

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ...._core.elementary import azimuth, log
from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import Reach, disk
from .ymw16_disk import CUT, SUN, DiskPlace, YMW16DiskShape, place_of, published
from .ymw16_profiles import exponential, offset, profile

ARMS = ("norma_outer", "perseus", "carina_sagittarius", "crux_scutum", "local")
_CARINA = ARMS.index("carina_sagittarius")
_START = tuple(math.degrees(theta) for theta in (0.77, 2.093, 3.81, 5.76, 0.96))
# Norma and Perseus end where theta = 0 for the second time, Carina and Crux after two turns, Local at 2 rad.
_EXTENT = (720 - _START[0], 720 - _START[1], 720.0, 720.0, math.degrees(2.0 - 0.96))
_TAN_PITCH = (0.202, 0.173, 0.183, 0.186, 0.0483)
# The public code's cosines of the pitch, rounded to three digits, per cosine of its tangents.
_ROUNDING = tuple(
    cosine * math.hypot(1, tangent)
    for cosine, tangent in zip((0.98, 0.985, 0.9836, 0.983, 0.9988), _TAN_PITCH, strict=True)
)
_TOP = 3.0  # kpc, there are no arms above
_PLATEAU_RADIUS = 6.0  # kpc
_CLOSEST = 1e-3  # kpc, keeps the logarithm of the radius finite where there are no arms
_TURN = 2 * math.pi
_QUARTER = 90.0  # deg, from +x to +y, where theta begins


class YMW16Arms(AbstractField):
    """Spiral arms of YMW16: n_3 = sum_k n_k S_k sech^2(d_k/w_k) sech^2((R - B)/A) g_d sech^2(z_w/(K_a H)).

    d_k = |R - R_k| cos(pitch), with R_k = r_k exp((theta - theta_k) tan(pitch)) of the nearest winding at the
    azimuth theta of the position, counted from +y by way of the Sun, at 90 deg; each arm begins at theta_k
    and goes on for extent_k. All S_k = 1 but that of Carina-Sagittarius,
    S = (1 + c E) (1 - s exp(-((theta - theta_s)/w_s)^2)),
    E = exp(-((theta - theta_c)/w_c)^2), or 1 for theta > theta_c and R > 6 kpc.
    Zero beyond |R - R_k| = 6 w_k, |z_w| = 6 K_a H and 3 kpc.

    **Arguments:** (5,) for the arms Norma-Outer, Perseus, Carina-Sagittarius, Crux-Scutum and Local.

    | | symbol | values | |
    |---|---|---|---|
    | `n0` | n_k | 0.135, 0.129, 0.103, 0.116, 0.0057 | cm^-3 |
    | `width` | w_k | 0.3, 0.5, 0.3, 0.5, 0.3 | kpc |
    | `start_radius` | r_k | 3.35, 3.707, 3.56, 3.67, 8.21 | kpc |
    | `start_azimuth` | theta_k | 44.1, 119.9, 218.3, 330.0, 55.0 | deg |
    | `tan_pitch` | | 0.202, 0.173, 0.183, 0.186, 0.0483 | |
    | `extent` | | 676, 600, 720, 720, 59.6; static | deg |
    | `ring_radius`, `ring_width` | B, A | 4.0, 11.68 | kpc |
    | `thickness` | K_a | 5.015 | |
    | `carina_excess`, `_azimuth`, `_width` | c, theta_c, w_c | 2.4, 109, 8.2 | 1, deg, deg |
    | `sagittarius_deficit`, `_azimuth`, `_width` | s, theta_s, w_s | 0.626, 75.8, 20 | 1, deg, deg |
    | `shape` | | see `YMW16DiskShape`; None: as published and not learnable | |

    The published code loses all arms for 6.28 < theta < 2 pi, a slip that is not repeated.

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29; arms of Hou & Han 2014, A&A 569, A125.

    !!! example
        >>> sl.electrons.YMW16Arms()(jnp.array([0.0, 7.65, 0.0]))
        Array(0.11717..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    n0: Float[Array, "5"] = param((0.135, 0.129, 0.103, 0.116, 0.0057), unit="cm-3", bounds=(0, None), symbol="n_k")
    width: Float[Array, "5"] = param((0.3, 0.5, 0.3, 0.5, 0.3), unit="kpc", bounds=(0, None), symbol="w_k")
    start_radius: Float[Array, "5"] = param((3.35, 3.707, 3.56, 3.67, 8.21), unit="kpc", bounds=(0, None), symbol="r_k")
    start_azimuth: Float[Array, "5"] = param(_START, unit="deg", bounds=(0, 360), symbol=r"\theta_k")
    tan_pitch: Float[Array, "5"] = param(_TAN_PITCH, symbol=r"\tan\psi_k")
    extent: tuple[float, ...] = setting(_EXTENT, unit="deg", bounds=(0, 720))
    ring_radius: Float[Array, ""] = param(4.0, unit="kpc", bounds=(0, None), symbol="B_a")
    ring_width: Float[Array, ""] = param(11.68, unit="kpc", bounds=(0, None), symbol="A_a")
    thickness: Float[Array, ""] = param(5.015, bounds=(0, None), symbol="K_a")
    carina_excess: Float[Array, ""] = param(2.4, symbol=r"n_\mathrm{CN}")
    carina_azimuth: Float[Array, ""] = param(109.0, unit="deg", symbol=r"\theta_\mathrm{CN}")
    carina_width: Float[Array, ""] = param(8.2, unit="deg", bounds=(0, None), symbol=r"w_\mathrm{CN}")
    sagittarius_deficit: Float[Array, ""] = param(0.626, symbol=r"n_\mathrm{SG}")
    sagittarius_azimuth: Float[Array, ""] = param(75.8, unit="deg", symbol=r"\theta_\mathrm{SG}")
    sagittarius_width: Float[Array, ""] = param(20.0, unit="deg", bounds=(0, None), symbol=r"w_\mathrm{SG}")
    shape: YMW16DiskShape | None = None
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return self.density(place_of(self.shape, position))

    def density(self, place: DiskPlace) -> Scalar:
        """Density, () cm^-3, at a place in the disk."""
        theta = azimuth(-place.x, place.y)
        log_radius = log(jnp.maximum(lax.stop_gradient(place.radius), _CLOSEST))
        arms = [self._arm(arm, place.radius, log_radius, theta) for arm in range(len(ARMS))]
        arms[_CARINA] = arms[_CARINA] * self._carina(place.radius, theta)
        upwards = place.relative_height * (1 / self.thickness)
        inside = (jnp.abs(upwards) <= CUT) & (jnp.abs(place.height) < _TOP)
        outwards = offset(place.radius, self.ring_radius, self.ring_width)
        return sum(arms[1:], arms[0]) * place.cutoff * profile(inside, outwards, upwards)

    def reach(self, shape: YMW16DiskShape) -> Reach:
        """How far they reach in a shape."""
        edge, _ = shape.reach(jnp.zeros_like(self.thickness))
        return shape.reach(jnp.minimum(CUT * self.thickness * shape.scale_height(edge), _TOP))

    def walls(self) -> Structures:
        """The meridians at which arms begin and end, and where the plateau of Carina does."""
        starts, local = self.start_azimuth + _QUARTER, ARMS.index("local")
        last = starts[local] + self.extent[local]
        seam = jnp.full_like(last, _QUARTER)
        first = jnp.stack([starts[0], starts[2], starts[local], seam])
        second = jnp.stack([starts[1], starts[3], last, self.carina_azimuth + _QUARTER])
        return Structures.join(Structures.meridians(first, second), Structures.cylinders(_PLATEAU_RADIUS))

    def structures(self) -> Structures:
        shape = published(self.shape)
        return Structures.join(shape.walls(), self.walls()).ending(*disk(*self.reach(shape)))

    def _arm(self, arm: int, radius: Scalar, log_radius: Scalar, theta: Scalar) -> Scalar:
        """n_k sech^2(d_k/w_k) of the nearest winding."""
        tangent, start = self.tan_pitch[arm], jnp.deg2rad(self.start_azimuth[arm])
        log_start = jnp.log(self.start_radius[arm]) - tangent * start
        phase = self._phase(arm, log_start, log_radius, theta)
        cosine = _ROUNDING[arm] * lax.rsqrt(1 + tangent * tangent)
        distance = (radius - exponential(log_start + tangent * phase)) * (cosine / self.width[arm])
        inside = jnp.abs(distance) <= CUT * cosine
        if self.extent[arm] < 360:
            inside = inside & (phase - start < math.radians(self.extent[arm]))
        return self.n0[arm] * profile(inside, distance)

    def _phase(self, arm: int, log_start: Scalar, log_radius: Scalar, theta: Scalar) -> Scalar:
        """The azimuth, with as many turns added as lead to the nearest winding."""
        tangent, start = self.tan_pitch[arm], jnp.deg2rad(self.start_azimuth[arm])
        phase = jnp.where(theta < start, theta + _TURN, theta)
        if self.extent[arm] <= 360:
            return phase
        middle = log_start + jnp.log(0.5 + 0.5 * jnp.exp(_TURN * tangent))
        outer = log_radius > middle + tangent * phase
        if self.extent[arm] < 720:
            outer = outer & (phase - start + _TURN < math.radians(self.extent[arm]))
        return jnp.where(outer, phase + _TURN, phase)

    def _carina(self, radius: Scalar, theta: Scalar) -> Scalar:
        """S of the Carina-Sagittarius arm."""
        degrees = jnp.rad2deg(theta)
        carina = offset(degrees, self.carina_azimuth, self.carina_width)
        sagittarius = offset(degrees, self.sagittarius_azimuth, self.sagittarius_width)
        plateau = (radius > _PLATEAU_RADIUS) & (carina > 0)
        excess = jnp.where(plateau, 1, exponential(-carina * carina))
        return (1 + self.carina_excess * excess) * (
            1 - self.sagittarius_deficit * exponential(-sagittarius * sagittarius)
        )
