"""Bands of instruments by name, from published tables."""

import difflib
from typing import NamedTuple

import numpy as np

from .bands import Bands


class Table(NamedTuple):
    """A published table.

    - `frequency`: GHz; `depth`: uK_CMB arcmin, in polarisation; `fwhm`: arcmin.
    - `source`: paper and table, and what was made of it.
    """

    frequency: tuple[float, ...]
    depth: tuple[float, ...]
    fwhm: tuple[float, ...]
    source: str


_TWO = np.sqrt(2)
_SIMONS = (27.0, 39.0, 93.0, 145.0, 225.0, 280.0)

TABLES = {
    "LiteBIRD": Table(
        (40.0, 50.0, 60.0, 68.0, 78.0, 89.0, 100.0, 119.0, 140.0, 166.0, 195.0, 235.0, 280.0, 337.0, 402.0),
        (37.42, 33.46, 21.31, 16.87, 12.07, 11.30, 6.56, 4.58, 4.79, 5.57, 5.85, 10.79, 13.80, 21.95, 47.45),
        (70.5, 58.5, 51.1, 47.1, 43.8, 41.5, 37.8, 33.6, 30.8, 28.9, 28.6, 24.7, 22.5, 20.9, 17.9),
        "arXiv:2202.02773, table 13; where telescopes share a band they are combined, with the largest beam.",
    ),
    "Planck": Table(
        (28.4, 44.1, 70.4, 100.0, 143.0, 217.0, 353.0),
        (210.0, 240.0, 300.0, 117.6, 70.2, 105.0, 438.6),
        (32.29, 27.94, 13.08, 9.66, 7.22, 4.90, 4.92),
        "arXiv:1807.06205, table 4, of the bands with polarisation; depths there are in uK deg.",
    ),
    "PICO": Table(
        (
            *(21.0, 25.0, 30.0, 36.0, 43.0, 52.0, 62.0, 75.0, 90.0, 108.0, 129.0, 155.0, 186.0, 223.0, 268.0),
            *(321.0, 385.0, 462.0, 555.0, 666.0, 799.0),
        ),
        (
            *(23.9, 18.4, 12.4, 7.9, 7.9, 5.7, 5.4, 4.2, 2.8, 2.3, 2.1, 1.8, 4.0, 4.5, 3.1, 4.2, 4.5, 9.1),
            *(45.8, 177.0, 1050.0),
        ),
        (
            *(38.4, 32.0, 28.3, 23.6, 22.2, 18.4, 12.8, 10.7, 9.5, 7.9, 7.4, 6.2, 4.3, 3.6, 3.2, 2.6, 2.5, 2.1),
            *(1.5, 1.3, 1.1),
        ),
        "arXiv:1902.10541, the table of bands, baseline.",
    ),
    "SimonsObservatoryLAT": Table(
        _SIMONS,
        tuple(round(_TWO * one, 2) for one in (71.0, 36.0, 8.0, 10.0, 22.0, 54.0)),
        (7.4, 5.1, 2.2, 1.4, 1.0, 0.9),
        "arXiv:1808.07445, table 1, large aperture, baseline; sqrt(2) times the depths in temperature given there.",
    ),
    "SimonsObservatorySAT": Table(
        _SIMONS,
        tuple(round(_TWO * one, 2) for one in (35.0, 21.0, 2.6, 3.3, 6.3, 16.0)),
        (91.0, 63.0, 30.0, 17.0, 11.0, 9.0),
        "arXiv:1808.07445, table 1, small apertures, baseline; sqrt(2) times the depths in temperature given there.",
    ),
}
"""Numbers were compared with the experiment tables of fgbuster, which quote these papers, not with the papers."""


def list() -> tuple[str, ...]:
    """The names of the instruments that `load` knows.

    **Returns:** names for `load`.

    !!! example
        >>> sl.instruments.list()
        ('LiteBIRD', 'PICO', 'Planck', 'SimonsObservatoryLAT', 'SimonsObservatorySAT')
    """
    return tuple(sorted(TABLES))


def load(name: str) -> Bands:
    """The bands of an instrument by its name, monochromatic, with depths in polarisation and beams.

    **Arguments:** `name`: one of `sl.instruments.list()`.

    **Returns:** an `sl.instruments.Bands`.

    **Raises:** `ValueError` for a name that is not known, with those near to it.

    **Source:** LiteBIRD Collaboration 2023, arXiv:2202.02773, table 13; Planck 2018 results I, arXiv:1807.06205,
    table 4; Simons Observatory 2019, arXiv:1808.07445, table 1; PICO 2019, arXiv:1902.10541.

    !!! example
        >>> bands = sl.instruments.load("LiteBIRD")
        >>> len(bands), bands.depth[8]
        (15, 4.79)
    """
    if name not in TABLES:
        lowered = {one.lower(): one for one in TABLES}
        close = [lowered[one] for one in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.4)]
        near = f"near it are {', '.join(map(repr, close))}" if close else f"known are {', '.join(map(repr, list()))}"
        raise ValueError(f"instrument {name!r} is not known: {near}; or give sl.instruments.Bands(frequency, depth).")
    table = TABLES[name]
    return Bands(table.frequency, table.depth, fwhm=np.asarray(table.fwhm) / 60)
