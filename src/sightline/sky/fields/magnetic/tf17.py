from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from ...._core.elementary import exp
from ...._core.module import param
from ...._core.types import Vector
from ...geometry import Structures
from ..base import AbstractField, add, children, copies
from .endless import endless
from .tf17_disk import TF17DiskA, TF17DiskB, TF17DiskD
from .tf17_spiral import SUN, TF17Spiral

_NAMES = {
    TF17DiskA: ("b1", "scale_height", "phase", "flare"),
    TF17DiskB: ("b1", "scale_height", "phase"),
    TF17DiskD: ("b1", "scale_radius", "phase"),
}
# disk and its parameters; of the halo b1, scale_radius, opening, phase; of the spiral pitch, scale_height
_PUBLISHED = {
    "Ad1C0": (TF17DiskA, (19.0, 0.055, -54.0, 0.9), (0.36, 3.0, 1.17, None), (-7.9, 5.0)),
    "Ad1C1": (TF17DiskA, (32.0, 0.054, -31.0, 0.031), (9.0, 2.1, 0.33, 198.0), (-9.1, 1.2)),
    "Bd1C0": (TF17DiskB, (2.0, 0.32, 153.0), (0.29, 3.4, 0.88, None), (-7.2, 9.0)),
    "Bd1C1": (TF17DiskB, (24.0, 0.09, -34.0), (8.2, 2.2, 0.38, 197.0), (-9.0, 1.2)),
    "Dd1C0": (TF17DiskD, (0.065, 9.8, 14.0), (0.18, 4.8, 0.61, None), (-7.4, 4.2)),
    "Dd1C1": (TF17DiskD, (0.4, 2.9, 120.0), (9.5, 2.1, 0.45, 179.0), (-8.4, 1.2)),
}


class TF17Halo(AbstractField):
    """Halo C0 or C1 of TF17: field lines r = r_1 (1 + a z^2) that open from the plane, an X seen edge-on.

    With k = 1/(1 + a z^2) and B_0 = b1 exp(-k r/L), times cos(theta - g - phase) in C1:
    B_r = 2 a k^3 r z B_0, B_z = k^2 B_0, B_theta by the spiral g.

    **Arguments:**

    - `b1`: vertical field at the centre, uG; `scale_radius` L: kpc; `opening` a: kpc^-2.
    - `phase`: deg; None: axisymmetric (C0).
    - `spiral`: g.

    **Source:** Terral & Ferrière 2017, A&A 600, A29; model C of Ferrière & Terral 2014, A&A 561, A100.

    !!! example
        >>> sl.magnetic.TF17Halo()(jnp.array([-8.5, 0.0, 1.0]))
        Array([ 0.660...,  9.698..., -0.156...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b1: Float[Array, ""] = param(9.0, unit="uG", symbol="B_1")
    scale_radius: Float[Array, ""] = param(2.1, unit="kpc", bounds=(0, None), symbol="L")
    opening: Float[Array, ""] = param(0.33, unit="kpc-2", bounds=(0, None), symbol="a")
    phase: Float[Array, ""] | None = param(198.0, unit="deg", symbol=r"\varphi_\star")
    spiral: TF17Spiral = eqx.field(default_factory=TF17Spiral)

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        winding = self.spiral.wind(position)
        z, radius = winding.height, winding.radius
        k = 1 / (1 + self.opening * z * z)
        vertical = self.b1 * k * k * exp(-k * radius * (1 / self.scale_radius)) * winding.wave(self.phase)
        return winding.field(2 * self.opening * k * radius * z * vertical, vertical)

    def structures(self) -> Structures:
        return Structures.none().ending(endless())


class TF17(AbstractField):
    """Disk and X-shaped halo with spiralling field lines, solenoidal, fitted to the Faraday depths of the sky.

    | | | Ad1C0 | Ad1C1 | Bd1C0 | Bd1C1 | Dd1C0 | Dd1C1 |
    |---|---|---|---|---|---|---|---|
    | `disk.b1` | uG | 19 | 32 | 2 | 24 | 0.065 | 0.4 |
    | `disk.scale_height` | kpc | 0.055 | 0.054 | 0.32 | 0.09 | | |
    | `disk.scale_radius` | kpc | | | | | 9.8 | 2.9 |
    | `disk.phase` | deg | -54 | -31 | 153 | -34 | 14 | 120 |
    | `disk.flare` | kpc^-2 | 0.9 | 0.031 | | | | |
    | `halo.b1` | uG | 0.36 | 9 | 0.29 | 8.2 | 0.18 | 9.5 |
    | `halo.scale_radius` | kpc | 3 | 2.1 | 3.4 | 2.2 | 4.8 | 2.1 |
    | `halo.opening` | kpc^-2 | 1.17 | 0.33 | 0.88 | 0.38 | 0.61 | 0.45 |
    | `halo.phase` | deg | | 198 | | 197 | | 179 |
    | `spiral.pitch` | deg | -7.9 | -9.1 | -7.2 | -9 | -7.4 | -8.4 |
    | `spiral.scale_height` | kpc | 5 | 1.2 | 9 | 1.2 | 4.2 | 1.2 |

    and for all `disk.inner_radius` 3 (A, B), `disk.reference_height` 1.5 (D), `spiral.scale_radius` 50 kpc.

    The published fits wind disk and halo by one spiral; here each holds its own, `disk.spiral` and `halo.spiral`.
    Directions near the plane were not fitted: close to it and to the centre the field reaches 50 to 200 uG.

    **Arguments:**

    - `variant`: a disk (Ad1, Bd1, Dd1) and a halo (C0 axisymmetric, C1 bisymmetric).
    - `disk`, `halo`: replace the components of the variant.

    **Raises:** `ValueError` for another variant.

    **Source:** Terral & Ferrière 2017, A&A 600, A29.

    !!! example
        >>> sl.magnetic.TF17("Ad1C1")(jnp.array([-8.5, 0.0, 0.0]))
        Array([-0.219..., -1.256..., -0.123...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Terral2017",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    disk: TF17DiskA | TF17DiskB | TF17DiskD
    halo: TF17Halo

    def __init__(
        self,
        variant: str = "Ad1C1",
        *,
        disk: TF17DiskA | TF17DiskB | TF17DiskD | None = None,
        halo: TF17Halo | None = None,
    ):
        if variant not in _PUBLISHED:
            raise ValueError(f"TF17: variant {variant!r}: choose one of {', '.join(map(repr, _PUBLISHED))}.")
        kind, of_disk, of_halo, of_spiral = _PUBLISHED[variant]
        spiral = TF17Spiral(*of_spiral)
        self.disk = kind(**dict(zip(_NAMES[kind], of_disk, strict=True)), spiral=spiral) if disk is None else disk
        self.halo = TF17Halo(*of_halo, spiral=spiral) if halo is None else halo

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        return {"disk": self.disk(place()), "halo": self.halo(place())}

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(part.structures() for part in children(self))).ending(endless())
