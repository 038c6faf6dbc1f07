"""The contract of a field: a value at one point."""

import abc
import re
from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
from jaxtyping import Array, Float

from .._core.module import Module
from .._core.points import check_number
from .._core.types import Vector
from ..geometry import Structures

T = TypeVar("T", bound=Module)


class Population(eqx.Module):
    """Cosmic-ray electrons at one point: N(gamma) = density gamma^-index, all directions.

    With a `spectrum`, an `sl.cosmic_rays.spectra.AbstractSpectrum`, that is the power law which touches N at its
    reference energy, and N itself is proportional to the spectrum.
    """

    density: Float[Array, "*cells"]
    index: Float[Array, "*cells"]
    spectrum: Any = None


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
        """What `sl.ResolvedCells` must resolve: by default what the fields inside tell of, nothing of a leaf."""
        return Structures.join(*(child.structures() for child in children(self)))

    def populations(self, position: Vector) -> tuple[Population, ...]:
        """The cosmic-ray electron populations of this field at a position, (3,) kpc."""
        raise TypeError(
            f"{type(self).__name__} has no spectral index: as cosmic rays use a field of sl.cosmic_rays, "
            "or subclass sl.cosmic_rays.AbstractCosmicRays."
        )

    @property
    def name(self) -> str:
        """What a `Sum` calls this term: the class in snake_case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", type(self).__name__).lower()

    def __add__(self, other: "AbstractField") -> "AbstractField":
        from .algebra import Sum

        return Sum.of(self, other)

    def __mul__(self, factor: Any) -> "AbstractField":
        from .algebra import Scaled

        return Scaled(self, factor)

    __rmul__ = __mul__

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


def _is_child(module: Module) -> Callable[[Any], bool]:
    return lambda node: isinstance(node, AbstractField) and node is not module


def evaluate(value: Float[Array, "..."] | AbstractField, position: Vector) -> Float[Array, "..."]:
    """A parameter that is a number or a scalar field, at a position.

    **Raises:** `ValueError` for a field of vectors.
    """
    return check_number(value(position), type(value).__name__) if isinstance(value, AbstractField) else value
