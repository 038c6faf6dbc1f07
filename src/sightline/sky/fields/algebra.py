"""Sums and multiples of fields, and what confines, turns and masks them."""

import abc
import dataclasses
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._core.elementary import sinc
from ..._core.module import param, setting
from ..._core.points import check_number
from ..._core.safe import safe_norm
from ..._core.types import Number, Scalar, Vector
from ..geometry import SUN, Structures
from .base import AbstractField, Population, children
from .ends import LOGISTIC

Value = Float[Array, "..."]


def by_component(function: Callable[..., Scalar], *values: Value) -> Value:
    """`function` of scalars, or of each component of vectors, stacked once at the end.

    Arithmetic on stacked vectors keeps XLA from taking them apart again, and then costs five times as much.

    **Raises:** `ValueError` for scalars among vectors.
    """
    shapes = {jnp.shape(value) for value in values}
    if len(shapes) > 1:
        raise ValueError(f"Fields of shapes {' and '.join(map(str, sorted(shapes)))} do not go together.")
    if values[0].ndim == 0:
        return function(*values)
    return jnp.stack([function(*parts) for parts in zip(*map(jnp.unstack, values), strict=True)])


def add(*values: Value) -> Value:
    """The sum of scalars or vectors."""
    return by_component(lambda first, *rest: sum(rest, first), *values)


class Sum(AbstractField):
    """A sum of fields with names: B(x) = sum_k B_k(x).

    **Arguments:** the terms as keywords. `a + b` names them by their class in snake_case, `_2` on a clash.

    **Raises:** `TypeError` for terms that are no fields.

    !!! example
        >>> total = sl.fields.Sum(disk=sl.magnetic.LSA(), halo=sl.magnetic.Uniform((0.0, 0.0, 0.2)))
        >>> total["halo"]
        Uniform(b=(0, 0, 0.2) uG)
    """

    terms: dict[str, AbstractField]

    def __init__(self, **terms: Any):
        for name, term in terms.items():
            if not isinstance(term, AbstractField):
                raise TypeError(f"Sum: {name} is a {type(term).__name__}, not a field.")
        if not terms:
            raise TypeError("Sum needs at least one term.")
        self.terms = dict(terms)

    @classmethod
    def of(cls, *fields: AbstractField) -> "Sum":
        """The sum of `fields`, sums among them opened, with names made from the classes."""
        terms: dict[str, AbstractField] = {}
        for field in fields:
            named: Mapping[str, Any] = (
                field.terms if isinstance(field, Sum) else {getattr(field, "name", "term"): field}
            )
            for name, term in named.items():
                free = (name if copy == 1 else f"{name}_{copy}" for copy in itertools.count(1))
                terms[next(candidate for candidate in free if candidate not in terms)] = term
        return cls(**terms)

    def __getitem__(self, name: str) -> AbstractField:
        return self.terms[name]

    def components(self, position: Vector) -> dict[str, Value]:
        """The terms by name at a position, (3,) kpc."""
        return {name: term(position) for name, term in self.terms.items()}

    def __call__(self, position: Vector) -> Value:
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(term.structures() for term in self.terms.values()))

    def populations(self, position: Vector) -> tuple[Population, ...]:
        return tuple(p for term in self.terms.values() for p in term.populations(position))


class AbstractWrapper(AbstractField):
    """A field made from another: its value, modified, at a position, moved."""

    field: AbstractField

    @abc.abstractmethod
    def place(self, position: Vector) -> Vector:
        """Where the inner field is evaluated."""

    @abc.abstractmethod
    def modify(self, value: Value, position: Vector) -> Value:
        """What becomes of its value."""

    def __call__(self, position: Vector) -> Value:
        return self.modify(self.field(self.place(position)), position)

    def structures(self) -> Structures:
        """Those of the inner field, moved, and the walls of what modifies it; `place` is taken for linear."""
        inner = placed_structures(self)
        others = [child.structures() for child in children(self) if child is not self.field]
        return dataclasses.replace(Structures.join(inner, *others), extent=inner.extent)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        inner = self.field.populations(self.place(position))
        return tuple(dataclasses.replace(p, density=self.modify(p.density, position)) for p in inner)

    @property
    def name(self) -> str:
        return self.field.name


def placed_structures(wrapper: AbstractWrapper) -> Structures:
    """Structures of the inner field, moved to where the wrapper places it."""
    inner = wrapper.field.structures()
    sun = jnp.asarray(SUN, inner.quadrics.centre.dtype)
    matrix = jax.jacfwd(wrapper.place)(sun)
    return inner.seen_through(matrix, wrapper.place(sun) - matrix @ sun)


class Scaled(AbstractWrapper):
    """A field times a number or a scalar field: f(x) B(x).

    **Arguments:** `field`; `factor`: learnable, dimensionless; of two fields one is scalar.

    !!! example
        >>> half = 0.5 * sl.magnetic.LSA()
    """

    factor: Float[Array, ""] | AbstractField = param(doc="multiplies the field")

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
        factor = self.factor(position) if isinstance(self.factor, AbstractField) else self.factor
        value, factor = (value, factor) if factor.ndim == 0 else (factor, value)  # either may be the vector
        check_number(factor, "One of two fields that are multiplied")
        return by_component(lambda part: factor * part, value)

    def structures(self) -> Structures:
        """Those of both factors: the product ends where one of them ends."""
        inner = self.field.structures()
        return Structures.product(inner, self.factor.structures()) if isinstance(self.factor, AbstractField) else inner


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
        from .shifted import sun_of

        self.field, self.radius, self.smooth = field, radius, smooth
        place: Any = sun_of(field) if centre is None else centre
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
    """

    matrix: Float[Array, "3 3"] = param(symbol="M", doc="multiplies the vector")

    def place(self, position: Vector) -> Vector:
        return position

    def modify(self, value: Value, position: Vector) -> Value:
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
