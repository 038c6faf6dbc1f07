"""The contract of a field, a value at one point, and the algebra of fields."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import Module, default_float, param
from ..._core.naming import snake_case, unique
from ..._core.points import check_number
from ..._core.types import Scalar, Vector
from ..geometry import SUN, Structures
from .photons import Photons
from .population import Population

T = TypeVar("T", bound=Module)
Value = Float[Array, "..."]


class AbstractField(Module):
    """A field: subclass it, declare parameters with `sl.param`, write `__call__` for one point.

    The framework vectorises, adds, scales and differentiates it. Values and gradients must be finite everywhere.

    !!! example
        >>> class Toroidal(sl.fields.AbstractField):
        ...     b0: Float[Array, ""] = sl.param(2.0, unit="uG")
        ...
        ...     def __call__(self, position):
        ...         x, y, z = position
        ...         return self.b0 * jnp.exp(-jnp.abs(z)) / (1 + jnp.hypot(x, y)) * jnp.stack([-y, x, 0 * x])
    """

    @abc.abstractmethod
    def __call__(self, position: Vector) -> Float[Array, "..."]:
        """The field at a Galactocentric position, (3,) kpc: (3,) of a vector field, () of a scalar field."""

    def prepare(self: T) -> T:
        """The field after its global work (synthesis, tables), done once per simulation and differentiable.

        What it returns is evaluated as it was prepared: change a value, or take a gradient, of the field before.
        """
        return prepare_children(self)

    def structures(self) -> Structures:
        """Where the field jumps, and where it ends: by default the walls of the fields inside, and no end.

        Default sightlines reach to where their model ends and cut cells at its walls. A model of which nothing ends is
        seen to 30 kpc from the Galactic centre, or to the sources.
        """
        return with_walls(Structures.none(), *children(self))

    def populations(self, position: Vector) -> tuple[Population, ...]:
        """The cosmic-ray electron populations of this field at a position, (3,) kpc."""
        raise TypeError(
            f"{type(self).__name__} has no spectral index: as cosmic rays use a field of sl.cosmic_rays, "
            "or subclass sl.cosmic_rays.AbstractCosmicRays."
        )

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """The photons that electrons scatter at a position, (3,) kpc."""
        raise TypeError(
            f"{type(self).__name__} has no photons: as radiation use a field of sl.radiation, "
            "or subclass sl.radiation.AbstractRadiation."
        )

    @property
    def name(self) -> str:
        """What a `Sum` calls this term: the class in snake_case."""
        return snake_case(type(self).__name__)

    def __add__(self, other: "AbstractField") -> "AbstractField":
        return Sum.of(self, other)

    def __radd__(self, other: Any) -> "AbstractField":
        return self if isinstance(other, int) and other == 0 else Sum.of(other, self)  # Python's `sum` begins with 0

    def __mul__(self, factor: Any) -> "AbstractField":
        return Scaled(self, factor)

    __rmul__ = __mul__
    __array_ufunc__ = None  # NumPy and astropy leave products to __rmul__

    def __truediv__(self, divisor: Any) -> "AbstractField":
        return self * (1 / divisor)

    def __neg__(self) -> "AbstractField":
        return self * -1.0

    def __sub__(self, other: "AbstractField") -> "AbstractField":
        return self + (-other)


def prepare_children(module: T) -> T:
    """`module` with every field directly inside prepared."""
    return jax.tree.map(
        lambda node: node.prepare() if isinstance(node, AbstractField) else node, module, is_leaf=_is_child(module)
    )


def children(module: Module) -> list[AbstractField]:
    """The fields directly inside a module."""
    return [leaf for leaf in jax.tree.leaves(module, is_leaf=_is_child(module)) if isinstance(leaf, AbstractField)]


def with_walls(own: Structures, *fields: AbstractField) -> Structures:
    """The same with the walls of further fields, which do not change where it ends."""
    return dataclasses.replace(Structures.join(own, *(field.structures() for field in fields)), extent=own.extent)


def of_factors(walls: Structures, *factors: Any) -> Structures:
    """Structures of a product of numbers and fields, with further walls."""
    return Structures.product(walls, *(factor.structures() for factor in factors if isinstance(factor, AbstractField)))


def _is_child(module: Module) -> Callable[[Any], bool]:
    return lambda node: isinstance(node, AbstractField) and node is not module


def evaluate(value: Float[Array, "..."] | AbstractField, position: Vector) -> Float[Array, "..."]:
    """A parameter that is a number or a scalar field, at a position.

    **Raises:** `ValueError` for a field of vectors.
    """
    return check_number(value(position), type(value).__name__) if isinstance(value, AbstractField) else value


def value_at_a_place(field: AbstractField) -> Any:
    """Shape and type of what a field returns at one position; nothing is computed."""
    place = jax.ShapeDtypeStruct((3,), default_float())
    return eqx.filter_eval_shape(lambda f, x: f.prepare()(x), field, place)


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


def copies(position: Vector) -> Callable[[], Vector]:
    """A position as often as it is asked for: its coordinates, taken apart once, stacked anew.

    For fields evaluated at one place: what gradients by the position add up are then coordinates. Of an array that
    several share XLA adds up copies, filled up with zeros, which can take half of the time.
    """
    coordinates = jnp.unstack(position)
    return lambda: jnp.stack(coordinates)


def add(*values: Value) -> Value:
    """The sum of scalars or vectors."""
    return by_component(lambda first, *rest: sum(rest, first), *values)


class Sum(AbstractField):
    """A sum of fields with names: B(x) = sum_k B_k(x).

    **Arguments:** the terms as keywords. `a + b` names them by their class in snake_case, `_2` on a clash; `terms`: as
    attributes, the fields by their names.

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
        named = (field.terms if isinstance(field, Sum) else {getattr(field, "name", "term"): field} for field in fields)
        return cls(**unique(named))

    def __getitem__(self, name: str) -> AbstractField:
        return self.terms[name]

    def components(self, position: Vector) -> dict[str, Value]:
        """The terms by name at a position, (3,) kpc."""
        place = copies(position)
        return {name: term(place()) for name, term in self.terms.items()}

    def __call__(self, position: Vector) -> Value:
        return add(*self.components(position).values())

    def structures(self) -> Structures:
        return Structures.join(*(term.structures() for term in self.terms.values()))

    def populations(self, position: Vector) -> tuple[Population, ...]:
        place = copies(position)
        return tuple(p for term in self.terms.values() for p in term.populations(place()))

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        place = copies(position)
        return tuple(p for term in self.terms.values() for p in term.photons(place()))


class AbstractWrapper(AbstractField):
    """A field made from another: its value, modified, at a position, moved.

    **Arguments:** `field`: the field inside.

    **Raises:** `TypeError` for what is no field.

    !!! example
        >>> issubclass(sl.fields.Shifted, sl.fields.AbstractWrapper)
        True
    """

    field: AbstractField

    def __check_init__(self) -> None:
        check_kind(f"{type(self).__name__}: field", self.field, AbstractField, "one of sightline, or of your own")

    @abc.abstractmethod
    def place(self, position: Vector) -> Vector:
        """Where the inner field is evaluated."""

    @abc.abstractmethod
    def modify(self, value: Value, position: Vector) -> Value:
        """What becomes of its value."""

    def __call__(self, position: Vector) -> Value:
        place = copies(position)
        return self.modify(self.field(self.place(place())), place())

    def structures(self) -> Structures:
        """Those of the inner field, moved, and the walls of what modifies it; `place` is taken for linear."""
        inner = placed_structures(self)
        others = [child.structures() for child in children(self) if child is not self.field]
        return dataclasses.replace(Structures.join(inner, *others), extent=inner.extent)

    def populations(self, position: Vector) -> tuple[Population, ...]:
        inner = self.field.populations(self.place(position))
        return tuple(dataclasses.replace(p, density=self.modify(p.density, position)) for p in inner)

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        inner = self.field.photons(self.place(position))
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
