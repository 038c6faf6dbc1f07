"""Grids to and from files."""

from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable
from ..._core.units import numbers
from .box import Box, box_of, build, check_kind, kind_of
from .named import read_named, write_named
from .raw import RAW, read_raw, write_raw

LAYOUTS = ("hdf5", *RAW)


def write_grid(path: PathLike, grid: Any, layout: str = "hdf5", overwrite: bool = False) -> None:
    """Writes a magnetic field or an electron density on a grid to a file that other software reads.

    - `"hdf5"`: a data set `magnetic_field` [G] with the axes component, x, y, z, or `electron_density` [cm^-3] with x,
      y, z, whose scales are the coordinates [kpc] of its values, at nodes or in cells. It keeps the grid's
      `interpolation` and `outside`, which the others do not: they are linear, and zero beyond their box.
    - `"hammurabi"`: hammurabiX; float64, little-endian, Gauss or cm^-3, z fastest, then y, then x, the components of a
      vector together, at nodes. Its `<box_breg>` is told nx, x_min = c_x - X, x_max = c_x + X, and so on.
    - `"crpropa"`: CRPropa 3; the same in float32 and in cells: `loadGrid(grid, path, gauss)` of a grid of
      `GridProperties(origin, nx, ny, nz, spacing)`, origin c - X, spacing 2 X/nx, each times kpc.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `grid`: `sl.magnetic.Grid`, (3, nx, ny, nz) uG, or `sl.electrons.Grid`, (nx, ny, nz) cm^-3.
    - `layout`: `"hdf5"`, `"hammurabi"` or `"crpropa"`.

    **Raises:** `TypeError` for other fields; `ValueError` for a layout that is none, and values at nodes where the
    program has cells, or the other way round; as `check_writable`. The file appears whole or not at all.

    **Source:** `Grid_breg::export_grid` and `Breg::read_grid` of hammurabiX; `dumpGrid` and `Grid` of CRPropa 3.

    !!! example
        >>> grid = sl.magnetic.Grid.from_cells(jnp.ones((3, 4, 4, 2)), half_widths=(2.0, 2.0, 1.0))
        >>> sl.io.write_grid("field.dat", grid, layout="crpropa", overwrite=True)
    """
    _check_layout(layout)
    kind, box = kind_of(grid), box_of(grid)
    values = np.asarray(grid.values, np.float64)
    check_writable(path, overwrite)
    if layout == "hdf5":
        write_named(path, kind, values, box, overwrite)
    else:
        write_raw(path, RAW[layout], kind, values, box, overwrite)


def read_grid(
    path: PathLike,
    layout: str = "hdf5",
    kind: str = "magnetic",
    shape: Any = None,
    half_widths: Any = None,
    centre: Any = (0.0, 0.0, 0.0),
) -> Any:
    """Reads a magnetic field or an electron density on a grid from a file of other software.

    **Arguments:**

    - `path`: the file; `layout`: of it, as `write_grid` has it. Axes of HDF5 may stand in any order, and have any unit
      of length; their coordinates are the centres of cells unless an attribute `layout` of the data set is `"nodes"`.
    - `kind`: `"magnetic"` or `"electrons"`.
    - `shape`: whole numbers, (nx, ny, nz); `half_widths`, `centre`: of the box, (3,) kpc; raw files do not say them.

    **Returns:** `sl.magnetic.Grid` or `sl.electrons.Grid`, linear and zero outside its box unless the file says
    otherwise.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for files of another size, axes without names
    and values that are not finite; `ValueError` for a box that is missing or superfluous.

    !!! example
        >>> grid = sl.magnetic.Grid.from_cells(jnp.ones((3, 4, 4, 2)), half_widths=(2.0, 2.0, 1.0))
        >>> sl.io.write_grid("field.h5", grid, overwrite=True)
        >>> sl.io.read_grid("field.h5").layout
        'cells'
    """
    _check_layout(layout)
    check_kind(kind)
    if layout == "hdf5":
        if shape is not None or half_widths is not None:
            raise ValueError("shape and half_widths are in an HDF5 file: leave them out.")
        if centre is not None and np.any(numbers(centre, "kpc", "centre")):
            raise ValueError("centre is in an HDF5 file, in its coordinates: leave it out.")
        return build(kind, *read_named(path, kind), path)
    raw = RAW[layout]
    box = Box(_shape(shape), _triple(half_widths, "half_widths"), _triple(centre, "centre"), raw.layout)
    return build(kind, read_raw(path, raw, kind, box.shape), box, path)


def _check_layout(layout: str) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout = {layout!r}: choose one of {', '.join(map(repr, LAYOUTS))}.")


def _shape(shape: Any) -> tuple[int, int, int]:
    found = None if shape is None else numbers(shape, None, "shape")
    if found is None or found.shape != (3,) or np.any(found < 2) or np.any(found != np.round(found)):
        raise ValueError(f"shape = {shape}: raw files do not say it: give (nx, ny, nz), whole numbers from 2.")
    x, y, z = map(int, found)
    return x, y, z


def _triple(value: Any, name: str) -> tuple[float, float, float]:
    found = None if value is None else numbers(value, "kpc", name)
    if found is None or found.shape != (3,) or not np.all(np.isfinite(found)):
        raise ValueError(f"{name} = {value}: raw files do not say it: give three lengths along x, y, z [kpc].")
    x, y, z = map(float, found)
    return x, y, z
