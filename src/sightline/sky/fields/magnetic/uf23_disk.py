import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import arctan2, exp, log, sincos
from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField
from ..ends import LOGISTIC
from .sides import sides
from .uf23_parameters import UF23_PARAMETERS
from .uf23_shapes import SUN, distances_from_axis, fall, rise

_BASE, _SPUR = UF23_PARAMETERS["base"], UF23_PARAMETERS["spur"]
_SPIRAL_RADIUS, _SPUR_RADIUS = 5.0, 8.2  # kpc, where b and the phases hold


class UF23SpiralDisk(AbstractField):
    """The disk field of UF23: modes m = 1, 2, ... along logarithmic spirals of one pitch.

    B = b(phi0) g(r) (1 - S(|z|; z_d, w_d)) (sin alpha r^ + cos alpha phi^),
    b(phi0) = sum_m B_m cos m(phi0 - phi_m), phi0 = phi - ln(r/5 kpc)/tan alpha,
    g(r) = (5 kpc/r) (1 - exp(-r^2/kpc^2)) S(r; r_1, w) (1 - S(r; r_2, w)), S(s; c, w) = 1/(1 + exp(-(s - c)/w)).

    It is free of divergence where r g(r) is constant, which it is to 1e-3 between 9 and 16 kpc.

    **Arguments:** by default those of the model `base`.

    - `b` B_m, uG, and `phase` phi_m, deg: of each mode at r = 5 kpc.
    - `pitch` alpha: deg.
    - `transition_height` z_d, `transition_width` w_d: to the halo, kpc.
    - `inner_radius` r_1 = 5, `outer_radius` r_2 = 20, `edge_width` w = 0.5: kpc; not fitted in the paper.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, eqs. 10-18 and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23SpiralDisk()(jnp.array([-8.178, 0.0, 0.0]))
        Array([0.0506..., 0.2840..., 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, " modes"] = param((_BASE["B_1"], _BASE["B_2"], _BASE["B_3"]), unit="uG", symbol="B_m")
    phase: Float[Array, " modes"] = param(
        (_BASE["phi_1"], _BASE["phi_2"], _BASE["phi_3"]), unit="deg", symbol=r"\phi_m"
    )
    pitch: Float[Array, ""] = param(_BASE["alpha"], unit="deg", bounds=(-90, 90), symbol=r"\alpha")
    transition_height: Float[Array, ""] = param(_BASE["z_d"], unit="kpc", bounds=(0, None), symbol="z_d")
    transition_width: Float[Array, ""] = param(_BASE["w_d"], unit="kpc", bounds=(0, None), symbol="w_d")
    inner_radius: Float[Array, ""] = param(5.0, unit="kpc", bounds=(0, None), symbol="r_1")
    outer_radius: Float[Array, ""] = param(20.0, unit="kpc", bounds=(0, None), symbol="r_2")
    edge_width: Float[Array, ""] = param(0.5, unit="kpc", bounds=(0, None), symbol="w")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square, radius, inverse = distances_from_axis(x, y)
        sin_pitch, cos_pitch = sincos(jnp.deg2rad(self.pitch))
        sin_turn, cos_turn = sincos((0.5 * log(square) - math.log(_SPIRAL_RADIUS)) * cos_pitch / sin_pitch)
        modes = self._modes(inverse * (x * cos_turn + y * sin_turn), inverse * (y * cos_turn - x * sin_turn))
        disk = fall(jnp.abs(z), self.transition_height, self.transition_width)
        inner = (1 - exp(-square)) * rise(radius, self.inner_radius, self.edge_width)
        outer = fall(radius, self.outer_radius, self.edge_width)
        planar = modes * (_SPIRAL_RADIUS * inner * outer * disk / square)
        return _along_spiral(planar, sin_pitch, cos_pitch, x, y)

    def structures(self) -> Structures:
        height = self.transition_height + LOGISTIC * self.transition_width
        cylinder = Structures.cylinders(self.outer_radius + LOGISTIC * self.edge_width)
        return sides(self.transition_height).ending(cylinder, Structures.layer(-height, height))

    def _modes(self, cosine: Scalar, sine: Scalar) -> Scalar:
        """b(phi0) from the cosine and sine of phi0, by Horner's rule in exp(i phi0)."""
        order = jnp.arange(1, self.b.size + 1, dtype=self.phase.dtype)
        sin_phase, cos_phase = sincos(order * jnp.deg2rad(self.phase))
        re, im = jnp.zeros_like(cosine), jnp.zeros_like(sine)
        for c, s in zip((self.b * cos_phase)[::-1], (self.b * sin_phase)[::-1], strict=True):
            re, im = re + c, im - s
            re, im = re * cosine - im * sine, re * sine + im * cosine
        return re


class UF23SpurDisk(AbstractField):
    """The disk field of the model `spur` of UF23: a segment of one logarithmic spiral, near the Sun.

    B = B_1 (8.2 kpc/r) exp(-(phi0 - phi_1)^2/(2 d_c^2)) (1 - S(|phi - phi_c|; l_c, w_c)) (1 - S(|z|; z_d, w_d))
    (sin alpha r^ + cos alpha phi^), phi0 = phi - ln(r/8.2 kpc)/tan alpha, S(s; c, w) = 1/(1 + exp(-(s - c)/w)).

    phi is counted from phi_c to both sides. The authors' code counts it from 0 and keeps the winding of the spiral
    that is nearest; these cuts lie where the field is below 1e-10 of its maximum.

    **Arguments:**

    - `b` B_1: on the spiral at r = 8.2 kpc, uG.
    - `phase` phi_1: azimuth at which the spiral crosses r = 8.2 kpc; `pitch` alpha: deg.
    - `centre` phi_c, `half_length` l_c, `edge_width` w_c = 5 (not fitted in the paper): of the segment, deg.
    - `thickness` d_c: standard deviation across the spiral, in azimuth, deg.
    - `transition_height` z_d, `transition_width` w_d: to the halo, kpc.

    **Source:** Unger & Farrar 2024, ApJ 970, 95, disk field and table 3, which is `UF23_PARAMETERS`.

    !!! example
        >>> sl.magnetic.UF23SpurDisk()(jnp.array([-8.178, 0.0, 0.0]))
        Array([0.0428..., 0.2000..., 0.        ], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b: Float[Array, ""] = param(_SPUR["B_1"], unit="uG", symbol="B_1")
    phase: Float[Array, ""] = param(_SPUR["phi_1"], unit="deg", symbol=r"\phi_1")
    pitch: Float[Array, ""] = param(_SPUR["alpha"], unit="deg", bounds=(-90, 90), symbol=r"\alpha")
    centre: Float[Array, ""] = param(_SPUR["phi_c"], unit="deg", symbol=r"\phi_c")
    half_length: Float[Array, ""] = param(_SPUR["l_c"], unit="deg", bounds=(0, None), symbol="l_c")
    edge_width: Float[Array, ""] = param(5.0, unit="deg", bounds=(0, None), symbol="w_c")
    thickness: Float[Array, ""] = param(_SPUR["d_c"], unit="deg", bounds=(0, None), symbol="d_c")
    transition_height: Float[Array, ""] = param(_SPUR["z_d"], unit="kpc", bounds=(0, None), symbol="z_d")
    transition_width: Float[Array, ""] = param(_SPUR["w_d"], unit="kpc", bounds=(0, None), symbol="w_d")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square, _, _ = distances_from_axis(x, y)
        sin_pitch, cos_pitch = sincos(jnp.deg2rad(self.pitch))
        along = self._azimuth_from_centre(x, y)
        turn = (0.5 * log(square) - math.log(_SPUR_RADIUS)) * cos_pitch / sin_pitch
        across = (along + jnp.deg2rad(self.centre - self.phase) - turn) / jnp.deg2rad(self.thickness)
        segment = fall(jnp.rad2deg(jnp.abs(along)), self.half_length, self.edge_width)
        disk = fall(jnp.abs(z), self.transition_height, self.transition_width)
        planar = self.b * (_SPUR_RADIUS * exp(-0.5 * across * across) * segment * disk / square)
        return _along_spiral(planar, sin_pitch, cos_pitch, x, y)

    def structures(self) -> Structures:
        """Walls and extent; the spiral is farthest out where the end of the segment lies ahead."""
        height = self.transition_height + LOGISTIC * self.transition_width
        length = self.half_length + LOGISTIC * self.edge_width
        ahead = length + jnp.abs(self.centre - self.phase) + 6 * self.thickness
        slope = jnp.abs(jnp.tan(jnp.deg2rad(self.pitch)))
        cylinder = Structures.cylinders(_SPUR_RADIUS * exp(jnp.deg2rad(ahead) * slope))
        return sides(self.transition_height).ending(cylinder, Structures.layer(-height, height))

    def _azimuth_from_centre(self, x: Scalar, y: Scalar) -> Scalar:
        """phi - phi_c, rad, between -pi and pi."""
        sine, cosine = sincos(jnp.deg2rad(self.centre))
        return arctan2(y * cosine - x * sine, x * cosine + y * sine)


def _along_spiral(planar: Scalar, sin_pitch: Scalar, cos_pitch: Scalar, x: Scalar, y: Scalar) -> Vector:
    """planar r (sin alpha r^ + cos alpha phi^)."""
    bx, by = planar * (sin_pitch * x - cos_pitch * y), planar * (sin_pitch * y + cos_pitch * x)
    return jnp.stack([bx, by, jnp.zeros_like(x)])
