import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import setting
from ..._core.types import Scalar
from ..maps.base import is_pixel_map
from .base import AbstractSED


class Moments(AbstractSED):
    """An SED and its derivatives by its parameters as further components, for what varies along the line of sight.

    s, d s/d x_i, and with `order=2` d^2 s/(d x_i d x_j), i <= j, which a sum of SEDs with parameters scattered about x
    is made of. Amplitudes of the derivatives are the moments of that scatter times the brightness, up to the 1/2 of
    Taylor's series where i = j. In a mixing matrix they are called after the component and the parameters:
    `dust`, `dust_index`, `dust_index_temperature`.

    **Arguments:** `sed`: with parameters that are numbers or maps; `order`: 1 or 2.

    **Raises:** `TypeError` for what is no SED, or an SED of bands; `ValueError` for one without parameters or with
    such that are arrays.

    **Source:** Chluba, Hill & Abitbol 2017, MNRAS 472, 1195.

    !!! example
        >>> sl.components.MixingMatrix(dust=sl.components.Moments(sl.components.ModifiedBlackbody())).components
        ('dust', 'dust_index', 'dust_temperature')
    """

    cites = ("Chluba2017",)
    sed: AbstractSED
    order: int = setting(1, choices=(1, 2))

    def __check_init__(self) -> None:
        given: Any = self.sed
        if not isinstance(given, AbstractSED) or given.of_bands or len(given.parts) > 1:
            raise TypeError(f"Moments: sed is {given!r}: give an SED with a value at each frequency, of one component.")
        leaves = _moving(given)
        if not leaves or any(np.ndim(leaf) for leaf in leaves.values()):
            raise ValueError(f"Moments: {type(given).__name__} has no derivatives by numbers: leave out Moments.")

    @property
    def reference(self) -> float | None:
        """That of the SED, GHz."""
        return self.sed.reference

    @property
    def parts(self) -> tuple[str, ...]:
        names = [f"_{name}" for name in _moving(self.sed)]
        pairs = itertools.combinations_with_replacement(names, 2) if self.order == 2 else ()
        return ("", *names, *(a + b for a, b in pairs))

    def __call__(self, frequency: Scalar) -> Scalar:
        return self.sed(frequency)

    def components(self, frequency: Scalar) -> Float[Array, " parts"]:
        """s and its derivatives, (parts,), at one frequency, GHz."""
        moving, rest = eqx.partition(self.sed, eqx.is_inexact_array)
        leaves, tree = jax.tree.flatten(moving)

        def value(x: Array) -> Scalar:
            return eqx.combine(jax.tree.unflatten(tree, list(x)), rest)(frequency)

        x = jnp.stack(leaves)
        rows = [value(x)[None], jax.jacfwd(value)(x)]
        if self.order == 2:
            rows.append(jax.hessian(value)(x)[np.triu_indices(len(leaves))])
        return jnp.concatenate(rows)


def _moving(sed: AbstractSED) -> dict[str, Any]:
    """The learnable leaves of an SED of one pixel by name, in the order of the leaves."""
    bare = jax.tree.map(lambda node: np.float64() if is_pixel_map(node) else node, sed, is_leaf=is_pixel_map)
    leaves = jax.tree_util.tree_flatten_with_path(bare)[0]
    return {
        "_".join(str(getattr(key, "name", getattr(key, "key", key))) for key in path): leaf
        for path, leaf in leaves
        if isinstance(leaf, np.float64) or eqx.is_inexact_array(leaf)
    }
