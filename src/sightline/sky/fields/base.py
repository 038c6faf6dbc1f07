"""The contract of a field: a value at one point."""

import abc
import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module
from ..._core.points import check_number
from ..._core.types import Vector
from ..geometry import Structures

T = TypeVar("T", bound=Module)


class Population(eqx.Module):
    """Cosmic-ray electrons at one point: N(gamma) = density (gamma/pivot)^-index, all directions.

    A density at gamma = 1 can leave single precision though that of the electrons that radiate, gamma ~ 1e4, does not:
    models with a reference energy give theirs as the pivot.

    - `density`: cm^-3 per unit Lorentz factor at the pivot; of a population with a spectrum, a factor.
    - `spectrum`: an `sl.cosmic_rays.spectra.AbstractSpectrum`. Then N is `density` times it, and `index` that of the
      power law which touches it at the pivot, its reference energy.
    - `pivot`: Lorentz factor.
    """

    density: Float[Array, "*cells"]
    index: Float[Array, "*cells"]
    spectrum: Any = None
    pivot: float = eqx.field(static=True, default=1.0)

    @property
    def power_law(self) -> "Population":
        """The population without its spectrum: the power law that touches it at the pivot."""
        if self.spectrum is None:
            return self
        return Population(self.density * jnp.exp(self.spectrum.tangent()[0]), self.index, pivot=self.pivot)

    @property
    def normalisation(self) -> Float[Array, "*cells"]:
        """N_0, cm^-3: the density of the power law at gamma = 1."""
        if self.pivot == 1:
            return self.power_law.density
        exponent = self.index * math.log(self.pivot)
        return self.density * jnp.exp(exponent if self.spectrum is None else exponent + self.spectrum.tangent()[0])


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
