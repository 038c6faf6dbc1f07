"""Grids in HDF5 with named axes: places and units are in the file, and axes may stand in any order."""

from typing import Any

import numpy as np

from ..._core.files import PathLike, replacing
from ..._core.reading import FileError, check_unpacked, reading
from ..units import unit_factor
from .box import Box

AXES = ("x", "y", "z")
NAMES = {"magnetic": "magnetic_field", "electrons": "electron_density"}
OWN = {"magnetic": "uG", "electrons": "cm-3"}
WRITTEN = {"magnetic": "G", "electrons": "cm-3"}
RULES = {"layout": ("cells", "nodes"), "interpolation": ("linear", "cubic"), "outside": ("zero", "nearest")}
"""What a data set may say of its grid; the first is what it has said where it says nothing."""


def write_named(path: PathLike, kind: str, values: np.ndarray, box: Box, overwrite: bool) -> None:
    """Writes values in the unit of their class, with the coordinates of their places as scales of the axes.

    **Raises:** as `check_writable`.
    """
    import h5py

    from ...sky.grids.regular import axes, within_cells

    factor = unit_factor(OWN[kind], WRITTEN[kind], str(path))
    span = within_cells(box.shape, box.half_widths) if box.layout == "cells" else box.half_widths
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        data = file.create_dataset(NAMES[kind], data=values * factor)
        data.attrs["unit"] = WRITTEN[kind]
        for rule in RULES:
            data.attrs[rule] = getattr(box, rule)
        if kind == "magnetic":
            data.dims[0].label = "component"
        for name, places, middle in zip(AXES, axes(box.shape, span), box.centre, strict=True):
            scale = file.create_dataset(name, data=places + middle)
            scale.attrs["unit"] = "kpc"
            scale.make_scale(name)
            dimension = data.dims[AXES.index(name) + values.ndim - 3]
            dimension.label = name
            dimension.attach_scale(scale)


def read_named(path: PathLike, kind: str) -> tuple[np.ndarray, Box]:
    """Values in the unit of their class, with their axes in the order x, y, z, and their places.

    **Raises:** `FileError` for axes without names or coordinates, units of another dimension, uneven coordinates.
    """
    import h5py

    with reading(path, "is no HDF5 file of a grid"), h5py.File(path, "r") as file:
        data = file.get(NAMES[kind])
        if not isinstance(data, h5py.Dataset):
            raise FileError(f"path = {path} has no data set {NAMES[kind]}, but {', '.join(file) or 'none'}.")
        check_unpacked(path, data.size * data.dtype.itemsize)
        order = _order(data, kind, path)
        values = np.transpose(np.asarray(data[()], np.float64), order)
        factor = unit_factor(_text(data.attrs.get("unit", "")) or OWN[kind], OWN[kind], f"{path}: {data.name}")
        rules = {rule: _rule(data, rule, path) for rule in RULES}
        counts = zip(AXES, values.shape[-3:], strict=True)
        sides = [_side(file, name, count, rules["layout"], path) for name, count in counts]
    halves, middles = zip(*sides, strict=True)
    return values * factor, Box(values.shape[-3:], halves, middles, **rules)


def _rule(data: Any, rule: str, path: PathLike) -> str:
    found = _text(data.attrs.get(rule, RULES[rule][0]))
    if found not in RULES[rule]:
        raise FileError(f"path = {path}: {rule} = {found!r} must be one of {', '.join(RULES[rule])}.")
    return found


def _order(data: Any, kind: str, path: PathLike) -> list[int]:
    """The axes of a data set in the order component, x, y, z, by their labels."""
    wanted = [*(["component"] if kind == "magnetic" else []), *AXES]
    labels = [_text(dimension.label) for dimension in data.dims]
    if sorted(labels) != sorted(wanted):
        raise FileError(f"path = {path}: the axes of {data.name} are {labels}: name them {', '.join(wanted)}.")
    return [labels.index(name) for name in wanted]


def _side(file: Any, name: str, count: int, layout: str, path: PathLike) -> tuple[float, float]:
    """Half of the width of the box along an axis, and its middle, kpc."""
    if name not in file or file[name].shape != (count,) or count < 2:
        raise FileError(f"path = {path}: the axis {name} needs a data set of its {count} coordinates, two at least.")
    unit = _text(file[name].attrs.get("unit", "")) or "kpc"
    places = np.asarray(file[name][()], np.float64) * unit_factor(unit, "kpc", f"{path}: {name}")
    steps = np.diff(places)
    if not (np.all(np.isfinite(places)) and np.allclose(steps, steps.mean(), rtol=1e-4) and steps[0] > 0):
        raise FileError(f"path = {path}: the coordinates {name} must rise evenly.")
    beyond = steps.mean() / 2 if layout == "cells" else 0.0
    return float((places[-1] - places[0]) / 2 + beyond), float((places[0] + places[-1]) / 2)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
