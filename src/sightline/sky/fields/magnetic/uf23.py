from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.safe import safe_sqrt
from ...._core.types import Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, add, by_component, children, copies
from ..ends import LOGISTIC
from .uf23_disk import UF23SpiralDisk, UF23SpurDisk
from .uf23_halo import UF23ToroidalHalo, UF23TwistedHalo
from .uf23_parameters import UF23_PARAMETERS
from .uf23_poloidal import UF23ExponentialPoloidalHalo, UF23PoloidalHalo
from .uf23_shapes import SUN

_Parameters = dict[str, float]


class UF23(AbstractField):
    """The eight coherent magnetic fields of Unger & Farrar: B = disk + toroidal halo + poloidal halo.

    | variant | what sets it apart | disk | toroidal | poloidal |
    |---|---|---|---|---|
    | `base` | | `UF23SpiralDisk` | `UF23ToroidalHalo` | `UF23PoloidalHalo` |
    | `neCL` | thermal electrons of NE2001 | same | same | same |
    | `expX` | exponential poloidal halo | same | same | `UF23ExponentialPoloidalHalo` |
    | `spur` | local spur | `UF23SpurDisk` | same | same |
    | `cre10` | 10 kpc halo of cosmic rays | same | same | same |
    | `synCG` | synchrotron maps of Cosmoglobe | same | same | same |
    | `twistX` | halo twisted by rotation | same | none | `UF23TwistedHalo` |
    | `nebCor` | electrons correlated with the field | same | same | same |

    "Same" as in `base`, but for the numbers: `UF23_PARAMETERS` has those of all variants, `UF23_ERRORS` their errors.
    The Sun of the model is 8.178 kpc from the Galactic centre. In the paper the transition between disk and toroidal
    halo has one height and one width: to keep it so, a fit ties those of `toroidal` to those of `disk`.

    **Arguments:**

    - `variant`: of the table.
    - `disk`, `toroidal`, `poloidal`: fields to replace those of the variant; `None` leaves one out.
    - `radius`: of the sphere outside which the field is zero, kpc; that of the authors' code.
    - `smooth`: width [kpc] of that edge; 0: sharp, with no gradient for the radius.
    - `components`: the parts by name, instead of those of the variant.

    **Raises:** `ValueError` for an unknown variant, `TypeError` for an unknown component.

    **Source:** Unger & Farrar 2024, ApJ 970, 95 (arXiv:2311.12120).

    !!! example
        >>> sl.magnetic.UF23("base")(jnp.array([1.0, 1.0, 1.0]))
        Array([-1.468...,  1.645...,  0.835...], dtype=float64)
        >>> halo_of_spur = sl.magnetic.UF23("spur", disk=None)
    """

    cites: ClassVar[tuple[str, ...]] = ("Unger2024",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    disk: AbstractField | None
    toroidal: AbstractField | None
    poloidal: AbstractField | None
    radius: Float[Array, ""] = param(30.0, unit="kpc", bounds=(0, None), symbol="R")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __init__(
        self,
        variant: str = "base",
        *,
        radius: Any = 30.0,
        smooth: Any = 0.0,
        **components: AbstractField | None,
    ):
        if variant not in UF23_PARAMETERS:
            raise ValueError(f"UF23 has no variant {variant!r}: choose one of {', '.join(map(repr, UF23_PARAMETERS))}.")
        fields = _components(variant, UF23_PARAMETERS[variant])
        for name in components.keys() - fields.keys():
            raise TypeError(f"UF23 has no component {name!r}: it has {', '.join(fields)}.")
        fields |= components
        self.disk, self.toroidal, self.poloidal = fields["disk"], fields["toroidal"], fields["poloidal"]
        self.radius, self.smooth = radius, smooth

    def components(self, position: Vector) -> dict[str, Vector]:
        """Terms of the field by name, as they enter the sum, (3,) uG each, at a position, (3,) kpc."""
        place = copies(position)
        return {name: self._inside(value, place()) for name, value in self._terms(place()).items()}

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        place = copies(position)
        return self._inside(add(*self._terms(place()).values()), place())

    def _terms(self, position: Vector) -> dict[str, Vector]:
        place = copies(position)
        parts = {"disk": self.disk, "toroidal": self.toroidal, "poloidal": self.poloidal}
        return {name: part(place()) for name, part in parts.items() if part is not None}

    def _inside(self, value: Vector, position: Vector) -> Vector:
        """The value within the sphere, zero outside."""
        x, y, z = jnp.unstack(position)
        inside = edge(self.radius - safe_sqrt(x * x + y * y + z * z), self.smooth)
        return by_component(lambda component: inside * component, value)

    def structures(self) -> Structures:
        ball, reach = (Structures.balls((0.0, 0.0, 0.0), self.radius + far * self.smooth) for far in (0, LOGISTIC))
        return Structures.product(Structures.join(*(part.structures() for part in children(self))), ball.ending(reach))


def _components(variant: str, p: _Parameters) -> dict[str, AbstractField | None]:
    poloidal = _exponential_poloidal(p) if variant == "expX" else _poloidal(p)
    return {
        "disk": _spur(p) if variant == "spur" else _spiral(p),
        "toroidal": None if variant == "twistX" else _toroidal(p),
        "poloidal": UF23TwistedHalo(poloidal, p["t"]) if variant == "twistX" else poloidal,
    }


def _transition(p: _Parameters) -> _Parameters:
    return {"transition_height": p["z_d"], "transition_width": p["w_d"]}


def _spiral(p: _Parameters) -> UF23SpiralDisk:
    b, phase = (p["B_1"], p["B_2"], p["B_3"]), (p["phi_1"], p["phi_2"], p["phi_3"])
    return UF23SpiralDisk(b=b, phase=phase, pitch=p["alpha"], **_transition(p))


def _spur(p: _Parameters) -> UF23SpurDisk:
    segment = {"centre": p["phi_c"], "half_length": p["l_c"], "thickness": p["d_c"]}
    return UF23SpurDisk(b=p["B_1"], phase=p["phi_1"], pitch=p["alpha"], **segment, **_transition(p))


def _toroidal(p: _Parameters) -> UF23ToroidalHalo:
    shape = {"radius": p["r_t"], "width": p["w_t"], "scale_height": p["z_t"]}
    return UF23ToroidalHalo(b_north=p["B_N"], b_south=p["B_S"], **shape, **_transition(p))


def _poloidal(p: _Parameters) -> UF23PoloidalHalo:
    return UF23PoloidalHalo(b=p["B_p"], exponent=p["p"], height=p["z_p"], radius=p["r_p"], width=p["w_p"])


def _exponential_poloidal(p: _Parameters) -> UF23ExponentialPoloidalHalo:
    lines = {"exponent": p["p"], "line_radius": p["A"], "line_angle": p["xi"]}
    return UF23ExponentialPoloidalHalo(b=p["B_p"], radius=p["r_p"], **lines)
