"""Raw binary grids, as hammurabiX and CRPropa read them: numbers alone, z fastest, components of a vector together."""

import os
from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike, replacing
from ..._core.reading import FileError, check_file
from .box import CHANNELS, Box

MICROGAUSS = 1e-6


class Raw(NamedTuple):
    """How a program lays out its raw grids: the type of its numbers, and whether they are at nodes or in cells."""

    number: str
    layout: str


RAW = {"hammurabi": Raw("<f8", "nodes"), "crpropa": Raw("<f4", "cells")}


def read_raw(path: PathLike, raw: Raw, kind: str, shape: Any) -> np.ndarray:
    """Values in uG, (3, nx, ny, nz), or cm-3, (nx, ny, nz).

    **Raises:** `FileNotFoundError`; `FileError` for a file of another size.
    """
    check_file(path)
    count, channels = int(np.prod(shape)), CHANNELS[kind]
    size = np.dtype(raw.number).itemsize
    wanted, found = count * channels * size, os.path.getsize(path)
    if wanted != found:
        raise FileError(
            f"path = {path} has {found} bytes, a grid of {' x '.join(map(str, shape))} places with {channels} numbers "
            f"of {size} bytes has {wanted}: give its shape, kind and layout."
        )
    values = np.fromfile(path, raw.number).astype(np.float64)
    if kind != "magnetic":
        return values.reshape(shape)
    return np.moveaxis(values.reshape(*shape, 3), -1, 0) / MICROGAUSS


def write_raw(path: PathLike, raw: Raw, kind: str, values: np.ndarray, box: Box, overwrite: bool) -> None:
    """Writes values in uG, (3, nx, ny, nz), or cm-3, (nx, ny, nz).

    **Raises:** `ValueError` for values that are elsewhere than the program has them; as `check_writable`.
    """
    if box.layout != raw.layout:
        raise ValueError(
            f"grid.layout = {box.layout!r}, this file has values of {raw.layout!r}: evaluate the field at "
            f"sl.grids.nodes({box.shape}, {box.half_widths}, {box.centre}, {raw.layout!r}) and make a grid of that."
        )
    content = np.moveaxis(values, 0, -1) * MICROGAUSS if kind == "magnetic" else values
    with replacing(path, overwrite) as temporary:
        np.ascontiguousarray(content, raw.number).tofile(temporary)
