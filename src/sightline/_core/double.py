"""Formulas in double precision, in programs of single precision."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .module import default_float


def in_double(function: Callable[..., Any]) -> Callable[..., Any]:
    """A formula worked out in double precision, and rounded once to the default one.

    Of arithmetic and elementary functions alone: JAX transposes gathers, products of matrices and the like where double
    precision is off.
    """

    def rounded(*arguments: Any) -> Any:
        given = default_float()
        with jax.enable_x64(True):
            return _cast(function(*_cast(arguments, jnp.float64)), given)

    return rounded


def _cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, tree)
