import functools
from importlib import resources
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, is_concrete, param, setting
from ..._core.units import numbers

_TABLE = "components/cosmology/data/b_modes.csv"


class BModes(Module):
    """The power spectrum of B modes of the CMB: C_l = r C_l(tensors, r = 1) + A_lens C_l(lensing), uK^2.

    From CAMB 2.0.5 for H0 = 67.5 km/s/Mpc, ombh2 = 0.022, omch2 = 0.122, As = 2e-9, ns = 0.965, reionisation at z = 10
    (tau = 0.0768) and r at 0.05/Mpc; all else is in the head of the table that comes with the package.

    The tensors of r = 1 are those of single-field inflation, whose tilt is -0.114. That of a small r is nearly none: to
    have it set `flat`. At l = 2 it halves the tensors, at l = 80 it takes a fifth.

    **Arguments:**

    - `r`: the tensor-to-scalar ratio; it may be negative, as an estimate may.
    - `lensing`: what is left of the lensing, 1 without delensing.
    - `flat`: tensors without tilt.

    !!! example
        >>> modes = sl.cosmology.BModes(r=0.01)
        >>> modes([2, 80, 512])
        Array([4.085...e-04, 2.485...e-06, 1.377...e-06], dtype=float64)

    **Source:** Lewis, Challinor & Lasenby 2000, ApJ 538, 473 (CAMB).
    """

    cites: ClassVar[tuple[str, ...]] = ("Lewis2000",)

    r: Float[Array, ""] = param(0.0, symbol="r", doc="tensor-to-scalar ratio")
    lensing: Float[Array, ""] = param(1.0, bounds=(0, None), symbol=r"A_\mathrm{lens}", doc="share of the lensing")
    flat: bool = setting(False, doc="tensors without tilt")

    def __call__(self, ell: Any) -> Float[Array, " n"]:
        """C_l, uK^2, (n,).

        **Arguments:** `ell`: degrees, (n,), 2 to 512.

        **Raises:** `ValueError` for degrees that are not in the table, or not whole.
        """
        chosen = degrees(ell)
        tensors, lensing = (column[chosen] for column in _columns(self.flat))
        return self.r * jnp.asarray(tensors, default_float()) + self.lensing * jnp.asarray(lensing, default_float())


def degrees(ell: Any) -> np.ndarray:
    """Degrees as indices of the table.

    **Raises:** `ValueError` for those that are not in it, or not whole.
    """
    if not is_concrete(ell):
        raise TypeError("ell is traced by JAX: degrees choose rows of a table, give them as NumPy arrays.")
    found, last = numbers(ell, "", "ell"), len(_columns(False)[0]) - 1
    if np.any(found != np.round(found)) or np.any((found < 2) | (found > last)):
        bad = found[(found != np.round(found)) | (found < 2) | (found > last)]
        raise ValueError(f"ell holds {bad.ravel()[0]:g}: B modes are tabulated at whole degrees from 2 to {last}.")
    return found.astype(int)


@functools.cache
def _columns(flat: bool) -> tuple[np.ndarray, np.ndarray]:
    """Tensors of r = 1 and lensing, uK^2, from degree 0 on."""
    with resources.files("sightline").joinpath(_TABLE).open(encoding="utf-8") as file:
        _, tensor, scale_free, lensing = np.loadtxt(file, delimiter=",", unpack=True)
    return scale_free if flat else tensor, lensing
