"""Formulas in double precision, in programs of single precision."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .module import default_float


def in_double(function: Callable[..., Any]) -> Callable[..., Any]:
    """A formula worked out in double precision, and rounded once to that of its arguments.

    Of arithmetic and elementary functions alone: JAX transposes gathers, products of matrices and the like where double
    precision is off.
    """

    def rounded(*arguments: Any) -> Any:
        kinds = [leaf.dtype for leaf in jax.tree.leaves(arguments) if eqx.is_inexact_array(leaf)]
        given = np.result_type(*kinds) if kinds else default_float()
        with jax.enable_x64(True):
            return _cast(function(*_cast(arguments, jnp.float64)), given)

    return rounded


def _cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, tree)
