"""What confines, turns and masks fields."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._core.elementary import sinc
from ..._core.module import param, setting
from ..._core.points import check_number
from ..._core.safe import safe_norm
from ..._core.types import Number, Scalar, Vector
from ..geometry import Structures
from .base import (
    AbstractField,
    AbstractWrapper,
    Value,
    by_component,
    placed_structures,
)
from .ends import LOGISTIC
from .shifted import sun_of


class Confined(AbstractWrapper):
    """A field inside a sphere, zero outside: B(x) for |x - c| < r.

    **Arguments:**

    - `field`.
    - `radius`: kpc; `centre`: (3,) kpc; `None`: where the field inside has its Sun, else `sl.SUN`.
    - `smooth`: width [kpc] of the edge, a logistic of the distance; 0: sharp, with no gradient for the radius.

    !!! example
        >>> ball = sl.fields.Confined(sl.magnetic.Uniform((6.0, 0.0, 0.0)), radius=4.0)
    """

    radius: Float[Array, ""] = param(4.0, unit="kpc", bounds=(0, None), symbol="r")
    centre: Float[Array, "3"] = param(unit="kpc", symbol="c")
    smooth: float = setting(unit="kpc", bounds=(0, None))

    def __init__(self, field: AbstractField, radius: Any = 4.0, centre: Any = None, smooth: Any = 0.0):
        self.field, self.radius, self.smooth = field, radius, smooth
        place: Any = sun_of(field) if centre is None and isinstance(field, AbstractField) else centre
        self.centre = place

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
        weight = edge(self.radius - safe_norm(position - self.centre), self.smooth)
        return by_component(lambda part: weight * part, value)

    def structures(self) -> Structures:
        ball = Structures.balls(self.centre, self.radius)
        reach = Structures.balls(self.centre, self.radius + LOGISTIC * self.smooth)
        return Structures.product(placed_structures(self), ball.ending(reach))


class ConfinedToBox(AbstractWrapper):
    """A field inside a box, zero outside: B(x) for |x - c| < h along each axis.

    **Arguments:** `field`; `half_widths`, `centre`: (3,) kpc; `smooth`: as `Confined`.

    !!! example
        >>> cut = sl.fields.ConfinedToBox(sl.magnetic.LSA(), half_widths=(20.0, 20.0, 5.0))
    """

    half_widths: Float[Array, "3"] = param((20.0, 20.0, 5.0), unit="kpc", bounds=(0, None), symbol="h")
    centre: Float[Array, "3"] = param((0.0, 0.0, 0.0), unit="kpc", symbol="c")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
        weight = jnp.prod(edge(self.half_widths - jnp.abs(position - self.centre), self.smooth))
        return by_component(lambda part: weight * part, value)

    def structures(self) -> Structures:
        box = Structures.box(self.half_widths, self.centre)
        reach = Structures.box(self.half_widths + LOGISTIC * self.smooth, self.centre)
        return Structures.product(placed_structures(self), box.ending(reach))


class Masked(AbstractWrapper):
    """A field where a condition holds, zero elsewhere.

    **Arguments:** `field`; `inside`: function of a position, (3,) kpc, to a boolean.

    !!! example
        >>> north = sl.fields.Masked(sl.magnetic.LSA(), inside=lambda position: position[2] > 0)
    """

    inside: Callable[[Vector], Bool[Array, ""]] = setting()

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
        inside = check_number(self.inside(position), "Masked.inside")
        return by_component(lambda part: jnp.where(inside, part, 0), value)


class Linear(AbstractWrapper):
    """A vector field with its components mixed in place: M B(x).

    **Arguments:** `field`; `matrix`: (3, 3), learnable.

    **Raises:** `TypeError` for a scalar field, where it is evaluated.

    !!! example
        >>> mirrored = sl.fields.Linear(sl.magnetic.LSA(), jnp.diag(jnp.asarray([1.0, 1.0, -1.0])))
    """

    matrix: Float[Array, "3 3"] = param(symbol="M", doc="multiplies the vector")

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
        if value.ndim == 0:
            raise TypeError(f"Linear mixes the components of a vector field; {type(self.field).__name__} is a scalar.")
        return jnp.stack([_row(row, value) for row in self.matrix])


class Rotated(AbstractWrapper):
    """A field turned as a body about the Galactic centre: R B(R^-1 x), of a scalar field f(R^-1 x).

    **Arguments:** `field`; `rotation`: rotation vector, (3,) deg: the axis times the angle, right-handed.

    !!! example
        >>> tilted = sl.fields.Rotated(sl.magnetic.LSA(), rotation=(10.0, 0.0, 0.0))
    """

    rotation: Float[Array, "3"] = param(unit="deg", symbol="r")

    def place(self, position: Vector) -> Vector:
        return _turn(-jnp.deg2rad(self.rotation), position)

    def modify(self, value: Value, position: Vector) -> Value:
        return value if value.ndim == 0 else _turn(jnp.deg2rad(self.rotation), value)


def _turn(rotation: Vector, vector: Vector) -> Vector:
    """Rodrigues' formula: v + sinc(a) r x v + sinc(a/2)^2/2 r x (r x v), a = |r|."""
    angle = safe_norm(rotation)
    once = jnp.cross(rotation, vector)
    return vector + sinc(angle) * once + 0.5 * sinc(0.5 * angle) ** 2 * jnp.cross(rotation, once)


def _row(row: Vector, vector: Vector) -> Scalar:
    return row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2]


def edge(depth: Float[Array, "*shape"], smooth: Number) -> Float[Array, "*shape"]:
    """1 where `depth` inside an edge is positive, 0 elsewhere; a logistic of width `smooth` if that is not 0."""
    return jax.nn.sigmoid(depth / smooth) if smooth else jnp.where(depth > 0, 1.0, 0.0).astype(depth.dtype)
