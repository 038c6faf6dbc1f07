"""Light on spaxels: which share of an emitter falls on which."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import default_float, is_concrete
from ..._core.units import numbers

WAYS = ("nearest", "cloud", "gaussian")
_SIDE = 7  # spaxels along each axis on which a Gaussian is spread


class Assignment(NamedTuple):
    """Shares of emitters on spaxels.

    - `spaxel`: (n, k), numbers of spaxels row by row; those of a share 0 may be any.
    - `share`: (n, k); they add up to 1 but for what falls outside.

    !!! example
        >>> plane = sl.cubes.Spaxels((2, 3), 0.5)
        >>> shares = sl.cubes.assign(jnp.zeros(1), jnp.zeros(1), plane, how="cloud")
    """

    spaxel: Int[Array, "n k"]
    share: Float[Array, "n k"]


def assign(east: Any, north: Any, plane: Any, how: str = "nearest", length: Any = None) -> Assignment:
    """The shares of emitters on the spaxels of a plane; what falls outside is lost.

    **Arguments:**

    - `east`, `north`: offsets from the centre, (n,) each, in the unit of the plane: arcsec of a `sl.cubes.Spaxels`, kpc
      of a `sl.ImagePlane`.
    - `plane`: whose `shape` and `extent` say where spaxels are.
    - `how`: `"nearest"`: all on one; `"cloud"`: spread evenly over a square as large as a spaxel, which keeps the
      centroid and has a derivative by the place; `"gaussian"`: over a Gaussian of its own `length`.
    - `length`: standard deviation, in that unit, a number or (n,): at most a spaxel.

    **Returns:** an `sl.cubes.Assignment`.

    **Raises:** `ValueError` for another way, shapes that differ, places that are not finite, a length above a spaxel.

    !!! example
        >>> found = sl.cubes.assign([0.1], [0.0], sl.cubes.Spaxels((1, 2), 1.0), how="cloud")
        >>> found.spaxel.tolist(), [[round(float(one), 3) for one in row] for row in found.share]
        ([[0, 1, 0, 1]], [[0.4, 0.6, 0.0, 0.0]])
    """
    if how not in WAYS:
        raise ValueError(f"how = {how!r}: choose one of {', '.join(map(repr, WAYS))}.")
    right, up = _place(east, "east"), _place(north, "north")
    if right.shape != up.shape or right.ndim != 1 or not right.size:
        raise ValueError(f"east has shape {right.shape}, north {up.shape}: both must be (n,), n at least 1.")
    if not all(hasattr(plane, name) for name in ("shape", "extent")):
        raise TypeError(f"plane is a {type(plane).__name__}: give sl.cubes.Spaxels(shape, spaxel) or a sl.ImagePlane.")
    rows, columns = plane.shape
    x, y = (right / plane.extent[1] + 0.5) * columns, (up / plane.extent[0] + 0.5) * rows
    if how == "nearest":
        across, along = _nearest(x, columns), _nearest(y, rows)
    elif how == "cloud":
        across, along = _cloud(x, columns), _cloud(y, rows)
    else:
        across, along = _gaussian(x, y, plane, length)
    return Assignment(*_products(along, across, columns))


def _place(value: Any, name: str) -> Array:
    if not is_concrete(value):
        return value
    found = numbers(value, None, name)
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{name} has {int(np.sum(~np.isfinite(found)))} places that are not finite.")
    return value if isinstance(value, jax.Array) else jnp.asarray(found, default_float())


@functools.partial(jax.jit, static_argnums=2)
def _products(along: tuple[Array, Array], across: tuple[Array, Array], columns: int) -> tuple[Array, Array]:
    """Numbers and shares of spaxels, of those of their rows and columns."""
    spaxel = along[0][:, :, None] * columns + across[0][:, None, :]
    share = along[1][:, :, None] * across[1][:, None, :]
    return spaxel.reshape(len(spaxel), -1), share.reshape(len(share), -1)


def _kept(index: Array, share: Array, count: int) -> tuple[Array, Array]:
    """Numbers and shares, those outside 0."""
    seen = (index >= 0) & (index < count)
    return jnp.clip(index, 0, count - 1), jnp.where(seen, share, 0)


@functools.partial(jax.jit, static_argnums=1)
def _nearest(x: Array, count: int) -> tuple[Array, Array]:
    """The cell that holds each place, in units of cells."""
    index = jnp.floor(jnp.clip(x, -1, count)).astype(np.int32)[:, None]
    return _kept(index, jnp.ones_like(x)[:, None], count)


@functools.partial(jax.jit, static_argnums=1)
def _cloud(x: Array, count: int) -> tuple[Array, Array]:
    """The two cells that a cell about each place overlaps."""
    x = jnp.clip(x, -1, count + 1) - 0.5
    first = jnp.floor(x)
    above = x - first
    index = first.astype(np.int32)[:, None] + np.arange(2, dtype=np.int32)[None]
    return _kept(index, jnp.stack([1 - above, above], axis=-1), count)


def _gaussian(x: Array, y: Array, plane: Any, length: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    if length is None:
        raise ValueError("how = 'gaussian' needs length=, the standard deviation of each emitter.")
    width = _place(length, "length")
    side = plane.extent[0] / plane.shape[0], plane.extent[1] / plane.shape[1]
    if is_concrete(width) and not (np.all(np.asarray(width) >= 0) and np.all(np.asarray(width) <= min(side))):
        raise ValueError(f"length must be between 0 and a spaxel, {min(side):g}: give emitters of their own for more.")
    return _bell(x, width / side[1], plane.shape[1]), _bell(y, width / side[0], plane.shape[0])


def _bell(x: Array, width: Array, count: int) -> tuple[Array, Array]:
    """Cells about each place with the part of a Gaussian that is in each."""
    x = jnp.clip(x, -_SIDE, count + _SIDE)
    index = jnp.floor(x).astype(np.int32)[:, None] + np.arange(_SIDE, dtype=np.int32)[None] - _SIDE // 2
    sigma = jnp.broadcast_to(jnp.maximum(width, 1e-3), x.shape)[:, None]
    ends = jnp.concatenate([index, index[:, -1:] + 1], axis=1).astype(x.dtype)
    share = jnp.diff(jax.scipy.special.ndtr((ends - x[:, None]) / sigma), axis=1)
    return _kept(index, share / jnp.sum(share, axis=1, keepdims=True), count)
