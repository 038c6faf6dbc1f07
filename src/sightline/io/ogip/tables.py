"""Table models: spectra tabulated on a grid of parameters."""

from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError
from ..tables import open_fits
from .hdu import checked, column, energies, find_tables, has, scalars, stating, text, value
from .ragged import heads, ragged

_KINDS = ("additive", "multiplicative", "exponential")
_LIMITS = ("INITIAL", "MINIMUM", "BOTTOM", "TOP", "MAXIMUM")
_SAME = 1e-5  # how far, in relative terms, a spectrum may lie from the grid in single precision


class TableParameter(NamedTuple):
    """A parameter of a table model.

    - `name`; `logarithmic`: whether one interpolates in its logarithm.
    - `initial`; `minimum`, `maximum`: hard limits; `bottom`, `top`: soft ones.
    - `values`: (k,), where it is tabulated, rising; none for an additional parameter.

    !!! example
        >>> kt = sl.io.TableParameter("kT", False, 1.0, 0.5, 0.5, 2.0, 2.0, np.asarray([0.5, 2.0]))
        >>> kt.name
        'kT'
    """

    name: str
    logarithmic: bool
    initial: float
    minimum: float
    bottom: float
    top: float
    maximum: float
    values: np.ndarray


class TableData(NamedTuple):
    """What a table model's file holds.

    - `name`; `kind`: `"additive"`, `"multiplicative"` or `"exponential"`; `redshift`: whether it takes one.
    - `parameters`: those of the grid, in the order of its axes; `additional`: those that spectra of their own are
      multiplied by and added.
    - `low`, `high`: (n,), keV; `spectra`: (grid..., n), photons cm-2 s-1 in the bins of an additive model at norm 1,
      factors or exponents of others; `additional_spectra`: (additional, grid..., n), `None` without any.
    - `below`, `above`: what the model is at energies outside the table.

    !!! example
        >>> kt = sl.io.TableParameter("kT", False, 1.0, 0.5, 0.5, 2.0, 2.0, np.asarray([0.5, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> table = sl.io.TableData("gas", "additive", True, (kt,), (), **bins, spectra=np.ones((2, 2)))
        >>> sl.spectra.photon_flux(sl.spectra.TableModel(table, {"kt": 1.0}), 0.3, 3.0).round(6)
        Array(2., dtype=float64)
    """

    name: str
    kind: str
    redshift: bool
    parameters: tuple[TableParameter, ...]
    additional: tuple[TableParameter, ...]
    low: np.ndarray
    high: np.ndarray
    spectra: np.ndarray
    additional_spectra: np.ndarray | None = None
    below: float = 0.0
    above: float = 0.0


def read_table_model(path: PathLike, kind: str | None = None) -> TableData:
    """Reads a table model as other X-ray software uses them (atable, mtable, etable).

    Spectra are put on the grid by their PARAMVAL, in whatever order they are filed.

    **Arguments:** `kind`: `"additive"`, `"multiplicative"` or `"exponential"`, exp(-table); without it ADDMODEL says
    whether it is additive, or else it is multiplicative; `path`: the file.

    **Returns:** `TableData`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError` for files that are damaged or no table model, and grids that are
    not complete; `ValueError` for other kinds, and one that the file contradicts.

    !!! example
        >>> limits = {"initial": 1.0, "minimum": 0.5, "bottom": 0.5, "top": 2.0, "maximum": 2.0}
        >>> kt = sl.io.TableParameter("kT", logarithmic=True, **limits, values=np.array([0.5, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> spectra = np.array([[1.0, 0.1], [2.0, 1.0]])
        >>> table = sl.io.TableData("gas", "additive", True, (kt,), (), **bins, spectra=spectra)
        >>> sl.io.write_table_model("gas.fits", table, overwrite=True)
        >>> sl.io.read_table_model("gas.fits").spectra.shape
        (2, 2)

    **Source:** Arnaud, K. A. 1995, OGIP Memo 92-009.
    """
    if kind is not None and kind not in _KINDS:
        raise ValueError(f"kind = {kind!r}: choose one of {', '.join(_KINDS)}.")
    with open_fits(path) as file, stating(path):
        header = file[0].header
        own = _kind(header, kind, path)
        grid, extra = _parameters(_table(file, path, "PARAMETERS"), path)
        bins = _table(file, path, "ENERGIES")
        low, high = energies(bins, "ENERG_LO", path), energies(bins, "ENERG_HI", path)
        _check_bins(low, high, path)
        found = _table(file, path, "SPECTRA")
        place = _places(found, grid, path)
        names = ["INTPSPEC", *(f"ADDSP{i + 1:03d}" for i in range(len(extra)))]
        shape = (*(len(one.values) for one in grid), len(low))
        spectra = [_spectra(found, name, place, shape, path) for name in names]
        return TableData(
            name=text(header, "MODLNAME"),
            kind=own,
            redshift=header.get("REDSHIFT", False) is True,
            parameters=grid,
            additional=extra,
            low=low,
            high=high,
            spectra=spectra[0],
            additional_spectra=np.stack(spectra[1:]) if extra else None,
            below=value(header, "LOELIMIT", path, 0.0) or 0.0,
            above=value(header, "HIELIMIT", path, 0.0) or 0.0,
        )


def _kind(header: Any, kind: str | None, path: PathLike) -> str:
    additive = header.get("ADDMODEL")
    if not isinstance(additive, bool):
        raise FileError(f"path = {path} is no table model: its primary header has no ADDMODEL, true or false.")
    if (value(header, "NXFLTEXP", path, 1.0) or 1.0) > 1:
        raise FileError(f"path = {path} holds several spectra for each set of parameters: split it, one in a file.")
    if kind is not None and (kind == "additive") != additive:
        raise FileError(f"path = {path} has ADDMODEL = {additive}: it is not {kind}.")
    return kind or ("additive" if additive else "multiplicative")


def _table(file: Any, path: PathLike, name: str) -> Any:
    needed = {
        "PARAMETERS": ("NAME", "METHOD", *_LIMITS, "NUMBVALS", "VALUE"),
        "ENERGIES": ("ENERG_LO", "ENERG_HI"),
        "SPECTRA": ("PARAMVAL", "INTPSPEC"),
    }[name]
    tables = list(find_tables(file, (name,), {"HDUCLAS1": "XSPEC TABLE MODEL", "HDUCLAS2": name}))
    if len(tables) != 1:
        raise FileError(f"path = {path} holds {len(tables) or 'no'} tables {name}: a table model has one.")
    return checked(tables[0], path, *needed)


def _parameters(table: Any, path: PathLike) -> tuple[tuple[TableParameter, ...], tuple[TableParameter, ...]]:
    """The parameters of the grid, and the additional ones, which come after them."""
    counts = [value(table.header, key, path) for key in ("NINTPARM", "NADDPARM")]
    size, rest = int(counts[0] or 0), int(counts[1] or 0)
    if size < 1 or rest < 0 or size + rest != len(table.data):
        raise FileError(
            f"path = {path}: NINTPARM = {size} and NADDPARM = {rest}, the table PARAMETERS has {len(table.data)} rows."
        )
    names = [str(name).strip() for name in table.data.field("NAME")]
    limits = [scalars(table, key, path).tolist() for key in _LIMITS]
    method, number = scalars(table, "METHOD", path), scalars(table, "NUMBVALS", path)
    values = ragged(table, "VALUE", path)
    wanted = np.where(np.arange(size + rest) < size, number, 0).astype(int)
    if np.any(wanted[:size] < 1) or np.any(wanted > values.length):
        raise FileError(f"path = {path}: NUMBVALS does not agree with the values of a parameter.")
    parts = np.split(values.values[heads(values.length, wanted)], np.cumsum(wanted)[:-1])
    found = [TableParameter(*row) for row in zip(names, (method == 1).tolist(), *limits, parts, strict=True)]
    for one in found[:size]:
        _check_values(one, path)
    return tuple(found[:size]), tuple(found[size:])


def _check_values(one: TableParameter, path: PathLike) -> None:
    if not np.all(np.isfinite(one.values)) or np.any(np.diff(one.values) <= 0):
        raise FileError(f"path = {path}: the values of {one.name} must be finite and rise.")
    if one.logarithmic and one.values[0] <= 0:
        raise FileError(f"path = {path}: {one.name} is {one.values[0]:g} and is interpolated in its logarithm.")


def _check_bins(low: np.ndarray, high: np.ndarray, path: PathLike) -> None:
    sound = np.all(np.isfinite(low) & np.isfinite(high)) and np.all((low >= 0) & (low < high))
    if not sound or np.any(np.abs(low[1:] - high[:-1]) > 1e-3 * (high - low)[1:] + 1e-6 * low[1:]):
        raise FileError(f"path = {path}: the energies must be finite bins that rise and follow each other.")


def _places(table: Any, grid: tuple[TableParameter, ...], path: PathLike) -> np.ndarray:
    """Where each spectrum belongs on the flattened grid; every place must have one spectrum."""
    held = column(table, "PARAMVAL", path).reshape(len(table.data), -1)
    total = float(np.prod([float(len(one.values)) for one in grid]))
    if held.shape[1] != len(grid) or total != len(held):
        raise FileError(
            f"path = {path}: {len(held)} spectra of {held.shape[1]} parameters do not fill a grid of {total:g} points "
            f"of {len(grid)}."
        )
    place = np.zeros(len(held), int)
    for one, filed in zip(grid, held.T, strict=True):
        index = np.argmin(np.abs(filed[:, None] - one.values), axis=1)
        if not np.all(np.abs(filed - one.values[index]) <= _SAME * np.max(np.abs(one.values))):
            raise FileError(f"path = {path}: PARAMVAL holds a {one.name} that is not on its grid.")
        place = place * len(one.values) + index
    if len(np.unique(place)) != len(place):
        raise FileError(f"path = {path} holds two spectra for the same parameters, and none for others.")
    return place


def _spectra(table: Any, name: str, place: np.ndarray, shape: tuple[int, ...], path: PathLike) -> np.ndarray:
    if not has(table, name):
        raise FileError(f"path = {path}: the table SPECTRA has no column {name}, though PARAMETERS needs it.")
    filed = column(table, name, path).reshape(len(place), -1)
    if filed.shape[1] != shape[-1] or not np.all(np.isfinite(filed)):
        raise FileError(f"path = {path}: {name} must hold {shape[-1]} finite numbers for each spectrum.")
    found = np.empty_like(filed)
    found[place] = filed
    return found.reshape(shape)
