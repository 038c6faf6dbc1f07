"""A grid as a file has it: its values in the unit of the file, and where they lie."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..._core.module import default_float
from ..._core.reading import FileError
from ...sky.fields import electrons, magnetic

CLASSES: dict[str, Any] = {"magnetic": magnetic.Grid, "electrons": electrons.Grid}
CHANNELS = {"magnetic": 3, "electrons": 1}


class Box(NamedTuple):
    """The place of a grid.

    - `shape`: values along x, y, z; `half_widths`, `centre`: of the box, (3,) kpc.
    - `layout`: `"nodes"` from wall to wall, or `"cells"`, at whose centres the values are.
    - `interpolation`, `outside`: between them and beyond the walls, as `sl.fields.AbstractGrid` has them.
    """

    shape: tuple[int, int, int]
    half_widths: tuple[float, float, float]
    centre: tuple[float, float, float]
    layout: str
    interpolation: str = "linear"
    outside: str = "zero"


def kind_of(grid: Any) -> str:
    """Which kind of grid this is.

    **Raises:** `TypeError` for anything else.
    """
    for kind, cls in CLASSES.items():
        if type(grid) is cls:
            return kind
    raise TypeError(
        f"grid is a {type(grid).__name__}: files of grids hold sl.magnetic.Grid or sl.electrons.Grid. Evaluate other "
        "fields at sl.grids.nodes(shape, half_widths, layout=...) first."
    )


def check_kind(kind: str) -> None:
    """Refuses a kind of grid that is none.

    **Raises:** `ValueError`.
    """
    if kind not in CLASSES:
        raise ValueError(f"kind = {kind!r}: choose one of {', '.join(map(repr, CLASSES))}.")


def box_of(grid: Any) -> Box:
    """The place of a grid."""
    rules = (grid.layout, grid.interpolation, grid.outside)
    return Box(tuple(grid.values.shape[-3:]), grid.half_widths, grid.centre, *rules)


def build(kind: str, values: np.ndarray, box: Box, path: Any) -> Any:
    """A grid of values in its own unit, uG or cm-3.

    **Raises:** `FileError` for values that are not finite, or negative densities.
    """
    bad = np.flatnonzero(~np.isfinite(values) | ((values < 0) & (kind == "electrons")))
    if bad.size:
        where = tuple(map(int, np.unravel_index(bad[0], values.shape)))
        raise FileError(f"path = {path}: {bad.size} of its values are not finite, or negative, the first at {where}.")
    array = jnp.asarray(values, default_float())
    place = {name: value for name, value in box._asdict().items() if name != "shape"}
    return CLASSES[kind](array, **place)
