"""Whether two modules do the same."""

from typing import Any

import jax
import numpy as np

from .module import is_concrete


def same(one: Any, other: Any) -> bool:
    """Whether two PyTrees have the same structure, settings and numbers, as far as these are known.

    !!! example
        >>> same(sl.emission.CMB(), sl.emission.CMB(temperature=2.7))
        False
    """
    if one is other:
        return True
    if jax.tree.structure(one) != jax.tree.structure(other):
        return False
    return all(map(_equal, jax.tree.leaves(one), jax.tree.leaves(other)))


def _equal(a: Any, b: Any) -> bool:
    if a is b or not all(isinstance(one, (jax.Array, np.ndarray)) and is_concrete(one) for one in (a, b)):
        return a is b
    keys = any(jax.dtypes.issubdtype(one.dtype, jax.dtypes.prng_key) for one in (a, b))
    return not keys and np.array_equal(a, b)
