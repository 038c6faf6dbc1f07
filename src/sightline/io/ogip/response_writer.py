"""Writer of responses."""

from itertools import pairwise
from typing import Any

import numpy as np

from ..._core.files import PathLike, check_writable
from ...xray.counts.response import Response
from ...xray.counts.rows import entries
from .cards import CLASS, NAMES, write_tables


def write_response(path: PathLike, response: Response, overwrite: bool = False) -> None:
    """Writes a response to an RSP file, its area multiplied in; what is read back is equal.

    **Arguments:** `path`: where; `response`: `sl.counts.Response`; `overwrite`: replace an existing file.

    **Raises:** as `check_writable`.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 4)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
        >>> sl.io.write_response("x.rsp", response, overwrite=True)

    **Source:** George et al. 2007, OGIP Calibration Memo CAL/GEN/92-002, sections 3 and 4.
    """
    check_writable(path, overwrite)
    write_tables(path, overwrite, [_matrix_table(response), _channel_table(response)])


def _matrix_table(response: Response) -> Any:
    """Each energy has one group of channels, from its first element that is not 0 to its last."""
    from astropy.io import fits

    found = entries(response.matrix)
    order = np.argsort(found.column, kind="stable")
    cuts = np.searchsorted(found.column[order], np.arange(len(response.low) + 1))
    runs = [_run(found.row[order[a:b]], found.value[order[a:b]]) for a, b in pairwise(cuts)]
    first = np.array([run[0] for run in runs]) + response.channels.label[0]
    length, most = np.array([len(run[1]) for run in runs]), max(len(run[1]) for run in runs)
    matrix = np.empty(len(runs), object)
    matrix[:] = [run[1] for run in runs]
    columns = [
        fits.Column("ENERG_LO", "D", "keV", array=response.low),
        fits.Column("ENERG_HI", "D", "keV", array=response.high),
        fits.Column("N_GRP", "J", array=(length > 0).astype(int)),
        fits.Column("F_CHAN", "J", array=first),
        fits.Column("N_CHAN", "J", array=length),
        fits.Column("MATRIX", f"PD({most})", "cm**2", array=matrix),
    ]
    return fits.BinTableHDU.from_columns(columns, fits.Header(_matrix_cards(response, int((length > 0).sum()))))


def _run(row: np.ndarray, value: np.ndarray) -> tuple[int, np.ndarray]:
    if not len(row):
        return 0, np.zeros(0)
    run = np.zeros(row[-1] - row[0] + 1)
    run[row - row[0]] = value
    return int(row[0]), run


def _matrix_cards(response: Response, groups: int) -> list[tuple[Any, ...]]:
    label = response.channels.label
    return [
        ("EXTNAME", "SPECRESP MATRIX", "Redistribution and area"),
        *CLASS,
        ("HDUCLAS1", "RESPONSE", "A response"),
        ("HDUCLAS2", "RSP_MATRIX", "Its matrix"),
        ("HDUCLAS3", "FULL", "The area is multiplied in"),
        ("HDUVERS", "1.3.0", "Version of the format"),
        *NAMES,
        ("CHANTYPE", "PI", "Kind of channels"),
        ("DETCHANS", len(label), "Number of channels"),
        ("NUMGRP", groups, "Number of groups of channels"),
        ("LO_THRES", 0.0, "Smallest element that is kept"),
        ("TLMIN4", int(label[0]), "First channel"),
        ("TLMAX4", int(label[-1]), "Last channel"),
    ]


def _channel_table(response: Response) -> Any:
    from astropy.io import fits

    channels = response.channels
    columns = [
        fits.Column("CHANNEL", "J", array=channels.label),
        fits.Column("E_MIN", "D", "keV", array=channels.low),
        fits.Column("E_MAX", "D", "keV", array=channels.high),
    ]
    cards = [
        ("EXTNAME", "EBOUNDS", "Nominal energies of the channels"),
        *CLASS,
        ("HDUCLAS1", "RESPONSE", "A response"),
        ("HDUCLAS2", "EBOUNDS", "Its channels"),
        ("HDUVERS", "1.2.0", "Version of the format"),
        *NAMES,
        ("CHANTYPE", "PI", "Kind of channels"),
        ("DETCHANS", len(channels), "Number of channels"),
        ("TLMIN1", int(channels.label[0]), "First channel"),
        ("TLMAX1", int(channels.label[-1]), "Last channel"),
    ]
    return fits.BinTableHDU.from_columns(columns, fits.Header(cards))
