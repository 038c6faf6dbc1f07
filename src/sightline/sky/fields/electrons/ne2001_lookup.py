"""Finding what lies near a point: lists of candidates in the columns of a grid, built once in NumPy."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ...._core.types import Scalar

Index = Int[Array, ""]
_MARGIN = 1e-4  # kpc, beyond the rounding of a position in single precision
_AWAY = 1e6  # kpc, where nothing is


class Columns(NamedTuple):
    """Square columns along z: the least x and y [kpc], their width [kpc], their number along x and y.

    Numbers, or scalars of JAX in a loop over several.
    """

    x: float
    y: float
    width: float
    nx: float
    ny: float

    def locate(self, x: Scalar, y: Scalar) -> Index:
        """Number of the column of (x, y); outside, of one on the border, which is empty."""
        i = jnp.clip(jnp.floor((x - self.x) * (1 / self.width)), 0, self.nx - 1)
        j = jnp.clip(jnp.floor((y - self.y) * (1 / self.width)), 0, self.ny - 1)
        return (i * self.ny + j).astype(jnp.int32)


class Candidates(NamedTuple):
    """Which items may hold a point: `lists` has the list of each column, `members`, (k, lists), its items.

    Lists are ascending, and filled up with members for which `present` is false.
    """

    columns: Columns
    lists: np.ndarray
    members: np.ndarray
    present: np.ndarray

    def locate(self, x: Scalar, y: Scalar) -> Index:
        """Number of the list for (x, y)."""
        return take(self.lists, self.columns.locate(x, y))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """What belongs to the members, (k, quantities, lists), of rows (items, quantities), x, y, z first."""
        nothing = np.r_[3 * [_AWAY], np.ones(values.shape[1] - 3)]
        return np.moveaxis(np.where(self.present[..., None], values[self.members], nothing), -1, 1)


def cover(lower: np.ndarray, upper: np.ndarray, width: float) -> Columns:
    """Columns that cover all boxes from `lower` to `upper`, (n, 2) kpc, with empty ones all round."""
    start, end = lower.min(axis=0) - 2 * width, upper.max(axis=0) + 2 * width
    nx, ny = np.ceil((end - start) / width)
    return Columns(float(start[0]), float(start[1]), width, float(nx), float(ny))


def find_candidates(centre: np.ndarray, reach: np.ndarray, width: float) -> Candidates:
    """The boxes, centre +- reach, (n, 2) kpc, that overlap each column."""
    columns = cover(centre - reach, centre + reach, width)
    corners = [(centre + sign * (reach + _MARGIN) - (columns.x, columns.y)) / width for sign in (-1, 1)]
    found: dict[tuple[int, ...], int] = {(): 0}
    lists = np.zeros((int(columns.nx), int(columns.ny)), np.int32)
    for item, ((i, j), (k, l)) in enumerate(zip(*np.floor(corners).astype(int), strict=True)):
        box, names = lists[i : k + 1, j : l + 1], list(found)
        shorter, inverse = np.unique(box, return_inverse=True)
        longer = [found.setdefault((*names[number], item), len(found)) for number in shorter]
        box[:] = np.array(longer)[inverse].reshape(box.shape)
    size = max(map(len, found))
    present = np.array([[k < len(members) for members in found] for k in range(size)])
    members = np.array([[members[k] if k < len(members) else 0 for members in found] for k in range(size)])
    return Candidates(columns, lists.reshape(-1), members.astype(np.int32), present)


def take(table: np.ndarray | Float[Array, " n"], index: Index, like: Scalar | None = None) -> Array:
    """An entry of a table, in the type of `like` if that is given."""
    return jnp.asarray(table, None if like is None else like.dtype).at[index].get(mode="promise_in_bounds")
