"""Power spectra that are added up, and one of a known shape."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, param, setting
from ..._core.units import numbers
from .b_modes import BModes, degrees


class Template(Module):
    """A power spectrum of a known shape: C_l = a T_l, uK^2, as that of a foreground that is left over.

    **Arguments:**

    - `ell`: degrees of the shape, (n,), whole.
    - `values`: T_l there, (n,) uK^2, such as `.residual` of `sl.forecast`.
    - `amplitude`: a.

    **Raises:** `ValueError` for values that are not finite, or of other degrees.

    !!! example
        >>> left = sl.cosmology.Template([2, 3, 4], [3e-6, 2e-6, 1e-6], amplitude=0.5)
        >>> left([3, 4])
        Array([1.e-06, 5.e-07], dtype=float64)
    """

    ell: tuple[int, ...] = setting()
    values: tuple[float, ...] = setting()
    amplitude: Float[Array, ""] = param(1.0, symbol="a", doc="of the template")

    def __init__(self, ell: Any, values: Any, amplitude: Any = 1.0):
        found = numbers(values, "uK2", "values")
        self.ell, self.values, self.amplitude = tuple(degrees(ell).tolist()), tuple(found.ravel().tolist()), amplitude

    def __check_init__(self) -> None:
        if len(self.ell) != len(self.values):
            raise ValueError(f"Template: {len(self.values)} values for {len(self.ell)} degrees: give one a degree.")

    def __call__(self, ell: Any) -> Float[Array, " n"]:
        """C_l, uK^2, (n,).

        **Raises:** `ValueError` for degrees that the template does not have.
        """
        chosen = degrees(ell)
        known = dict(zip(self.ell, self.values, strict=True))
        lacking = sorted(set(chosen.tolist()) - set(known))
        if lacking:
            raise ValueError(
                f"Template: ell = {lacking[0]} is not among its degrees, {self.ell[0]} ... {self.ell[-1]}."
            )
        return self.amplitude * jnp.asarray([known[one] for one in chosen.tolist()], default_float())


class Sum(Module):
    """The sum of power spectra, uK^2, whose parameters are called by the names given: `terms.dust.amplitude`.

    **Arguments:** `BModes`, `Template` or functions of degrees, as keywords.

    **Raises:** `TypeError` for what is none, or nothing.

    !!! example
        >>> left = sl.cosmology.Template([2, 3], [3e-6, 2e-6])
        >>> sl.cosmology.Sum(cmb=sl.cosmology.BModes(), dust=left)([3])
        Array([3.71...e-06], dtype=float64)
    """

    terms: dict[str, Any]

    def __init__(self, **terms: BModes | Template | Callable[[Any], Array]):
        for name, term in terms.items():
            if not callable(term):
                raise TypeError(f"Sum: {name} = {term!r} is no spectrum: give e.g. sl.cosmology.BModes().")
        if not terms:
            raise TypeError("Sum needs at least one spectrum: cmb=sl.cosmology.BModes().")
        self.terms = dict(terms)

    def __call__(self, ell: Any) -> Float[Array, " n"]:
        """C_l, uK^2, (n,)."""
        total = jnp.zeros(np.shape(ell), default_float())
        for term in self.terms.values():
            total = total + term(ell)
        return total
