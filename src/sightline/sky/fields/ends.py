"""How far a density without an edge reaches: beyond lies less than a millionth of its column."""

import functools

import jax.numpy as jnp

from ..._core.types import Scalar
from ..geometry import Structures

EXPONENTIAL = 16.0
"""Scale lengths of exp(-u): exp(-16) = 1e-7, some more on rays on which another factor rises meanwhile."""
SECH2 = 8.3
"""Scale lengths of sech^2(u): 1 - tanh(8.3) = 1.2e-7, likewise."""
LOGISTIC = 16.0
"""Widths of a smooth edge: a logistic is below 1.2e-7 there."""


Reach = tuple[Scalar, Scalar]
"""A radius and a height, kpc, of a disk about the Galactic centre that holds all of a component."""


def widest(*reaches: Reach) -> Reach:
    """The reach of several components."""
    radius, height = (functools.reduce(jnp.maximum, values) for values in zip(*reaches, strict=True))
    return radius, height


def disk(radius: Scalar, height: Scalar) -> tuple[Structures, Structures]:
    """The bodies that a disk ends with: R < `radius` and |z| < `height`, kpc."""
    radius, height = jnp.asarray(radius), jnp.asarray(height)
    return Structures.cylinders(radius), Structures.layer(-height, height)
