"""Writer of table models."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable
from ..headers import primary_header
from .cards import CLASS, write_tables
from .tables import TableData

_CLASS = [*CLASS, ("HDUCLAS1", "XSPEC TABLE MODEL", "A table model")]


def write_table_model(path: PathLike, table: TableData, overwrite: bool = False) -> None:
    """Writes a table model that X-ray software reads, in double precision; what is read back is equal.

    **Arguments:**

    - `path`: where; `overwrite`: replace an existing file.
    - `table`: `TableData`; an exponential one is written as a multiplicative one, which it is but for its use.

    **Raises:** as `check_writable`; `ValueError` for spectra that do not have the shape of their grid.

    !!! example
        >>> limits = {"initial": 1.0, "minimum": 0.5, "bottom": 0.5, "top": 2.0, "maximum": 2.0}
        >>> kt = sl.io.TableParameter("kT", logarithmic=True, **limits, values=np.array([0.5, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> spectra = np.array([[1.0, 0.1], [2.0, 1.0]])
        >>> table = sl.io.TableData("gas", "additive", True, (kt,), (), **bins, spectra=spectra)
        >>> sl.io.write_table_model("gas.fits", table, overwrite=True)

    **Source:** Arnaud, K. A. 1995, OGIP Memo 92-009.
    """
    _check(table)
    check_writable(path, overwrite)
    header = primary_header()
    header.extend([*_CLASS, ("HDUVERS", "1.1.0"), ("MODLNAME", table.name), ("MODLUNIT", _unit(table))])
    header.extend([("REDSHIFT", table.redshift), ("ADDMODEL", table.kind == "additive")])
    header.extend([("LOELIMIT", table.below), ("HIELIMIT", table.above)])
    tables = [_parameters(table), _energies(table), _spectra(table)]
    write_tables(path, overwrite, tables, header)


def _check(table: TableData) -> None:
    shape = (*(len(one.values) for one in table.parameters), len(table.low))
    if table.spectra.shape != shape:
        raise ValueError(f"table.spectra has shape {table.spectra.shape}, the grid and energies {shape}.")
    extra = (0,) if table.additional_spectra is None else table.additional_spectra.shape
    if extra != ((len(table.additional), *shape) if table.additional else (0,)):
        raise ValueError(f"table.additional_spectra has shape {extra}, and must be (additional, {shape}).")


def _unit(table: TableData) -> str:
    return "photons/cm^2/s" if table.kind == "additive" else ""


def _parameters(table: TableData) -> Any:
    from astropy.io import fits

    rows = [*table.parameters, *table.additional]
    most = max(len(one.values) for one in rows)
    values = np.array([np.pad(np.asarray(one.values, float), (0, most - len(one.values))) for one in rows])
    limits = ("initial", "minimum", "bottom", "top", "maximum")
    columns = [
        fits.Column("NAME", "32A", array=[one.name for one in rows]),
        fits.Column("METHOD", "J", array=[int(one.logarithmic) for one in rows]),
        *(fits.Column(name.upper(), "D", array=[getattr(one, name) for one in rows]) for name in limits),
        fits.Column("DELTA", "D", array=[0.01 * (one.maximum - one.minimum) for one in rows]),
        fits.Column("NUMBVALS", "J", array=[len(one.values) for one in table.parameters] + [0] * len(table.additional)),
        fits.Column("VALUE", f"{most}D", array=values),
    ]
    counts = [("NINTPARM", len(table.parameters)), ("NADDPARM", len(table.additional))]
    return fits.BinTableHDU.from_columns(columns, _header("PARAMETERS", counts))


def _energies(table: TableData) -> Any:
    from astropy.io import fits

    columns = [fits.Column(n, "D", "keV", array=e) for n, e in (("ENERG_LO", table.low), ("ENERG_HI", table.high))]
    return fits.BinTableHDU.from_columns(columns, _header("ENERGIES"))


def _spectra(table: TableData) -> Any:
    from astropy.io import fits

    grid = np.meshgrid(*(one.values for one in table.parameters), indexing="ij")
    size = len(table.low)
    columns = [
        fits.Column("PARAMVAL", f"{len(grid)}D", array=np.stack([axis.ravel() for axis in grid], axis=-1)),
        fits.Column("INTPSPEC", f"{size}D", _unit(table), array=table.spectra.reshape(-1, size)),
    ]
    for number, values in enumerate([] if table.additional_spectra is None else table.additional_spectra, 1):
        columns.append(fits.Column(f"ADDSP{number:03d}", f"{size}D", _unit(table), array=values.reshape(-1, size)))
    return fits.BinTableHDU.from_columns(columns, _header("SPECTRA"))


def _header(name: str, more: Sequence[tuple[str, int]] = ()) -> Any:
    from astropy.io import fits

    return fits.Header([("EXTNAME", name), *_CLASS, ("HDUCLAS2", name), ("HDUVERS", "1.0.0"), *more])
