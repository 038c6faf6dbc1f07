"""Rotation measures of extragalactic sources."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..._core.files import PathLike
from ..._core.units import number
from ..geometry import Directions
from ..geometry.frames import direction
from .columns import SourceTable
from .rows import OnDefect, lines_of, sift
from .tables import read_table

NOT_FINITE = "rotation measure or position is not finite"
IMPOSSIBLE = "impossible position: declination or latitude beyond 90 deg, or right ascension outside 0 to 360"
CONTRADICTION = "the position is given twice and disagrees"
PULSAR = "from a catalogue of pulsars"
NO_ERROR = "no error, or one that is not positive"
DUPLICATE = "the same source measured again, less accurately"

_RA, _DEC = ("ra", "raj2000", "ra_deg", "raj", "raj_deg"), ("dec", "dej2000", "decj2000", "dec_deg", "decj", "decj_deg")
_L, _B = ("l", "glon", "gl", "l_deg"), ("b", "glat", "gb", "b_deg")
_RM, _ERROR = ("rm",), ("rm_err", "rm_error", "rmerr", "e_rm", "error", "err", "sigma", "rm_sigma")
_CATALOGUE = ("catalog", "catalogue")
_WANTED = (*_RA, *_DEC, *_L, *_B, *_RM, *_ERROR, *_CATALOGUE, "l_file", "b_file")


@dataclasses.dataclass(frozen=True)
class RotationMeasures:
    """Rotation measures of sources outside the Galaxy, and what was done to the table they come from.

    - `l`, `b`: (n,), deg; `rm`, `error`: (n,), rad m^-2; `catalogue`: (n,), what each row was published in.
    - `dropped`: the number of rows left out by reason; `converted`: the number of rows mended by what was done.

    !!! example
        >>> one = np.array([12.0])
        >>> table = sl.datasets.RotationMeasures(one, -one, rm=one, error=one, catalogue=one, dropped={}, converted={})
        >>> len(table), table.sky.size
        (1, 1)
    """

    l: np.ndarray
    b: np.ndarray
    rm: np.ndarray
    error: np.ndarray
    catalogue: np.ndarray
    dropped: dict[str, int]
    converted: dict[str, int]

    def __len__(self) -> int:
        return len(self.rm)

    @property
    def sky(self) -> Directions:
        """Where the sources are."""
        return Directions(self.l, self.b)

    def summary(self) -> str:
        """How many rows were kept, dropped and converted, and why, in a few lines."""
        total = len(self) + sum(self.dropped.values())
        lines = [f"{len(self)} of {total} rotation measures of {len(np.unique(self.catalogue))} catalogues; dropped:"]
        converted = lines_of(self.converted)
        return "\n".join([*lines, *lines_of(self.dropped), *(["converted:", *converted] if converted else [])])


def read_rotation_measures(
    path: PathLike,
    *,
    b1950: Sequence[str] = ("Rossetti2008",),
    pulsars: Sequence[str] = ("Riseley2020_PSR",),
    radius: float = 30.0,
    tolerance: float = 0.5,
    on_defect: OnDefect = "skip",
) -> RotationMeasures:
    """Reads a collection of catalogues of extragalactic rotation measures, cleaned; nothing is left out silently.

    A table of the RMTable standard (Van Eck et al. 2023), or any with `ra`, `dec` (ICRS, decimal or sexagesimal) or
    `l`, `b`, and with `rm` and `rm_err` or `error`: an archive of NumPy, FITS, ECSV, VOTable or text whose first row
    names the columns, in capital letters or small. Units that the file gives are converted; without one, positions are
    in deg and rotation measures in rad m^-2. `catalogue` or `catalog` says where a row was published, else the name of
    the file; `l_file` and `b_file`, or `l` and `b`, beside `ra` and `dec` are the Galactic positions as published. A
    value that is missing is empty, `*` or NaN; what is no number is refused by row and column.

    Skipped, and counted in `dropped`, in this order: rows without a finite rotation measure and position; impossible
    positions; positions published twice that disagree by more than `tolerance`; pulsars, which lie inside the Galaxy;
    rows without a positive error, which have no weight in a fit; and of all rows within `radius` of each other, all
    but the one of the smallest error. Converted, and counted in `converted`: positions of the equinox B1950.

    Positions rounded to 0.1 deg, as in compilations of before 1990, escape `radius`: some of their sources stay
    beside a modern measurement. Sources behind other galaxies and clusters are kept: use medians.

    **Arguments:**

    - `b1950`: catalogues whose `ra` and `dec` are FK4 of B1950; `pulsars`: catalogues of pulsars.
    - `radius`: arcsec; `tolerance`: deg.
    - `on_defect`: `"refuse"` raises at the first defect instead.
    - `path`: the file.

    **Returns:** an `sl.datasets.RotationMeasures`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, missing columns, values that
    are no numbers and units of another dimension; `ValueError` where `on_defect` is `"refuse"`.

    **Source:** Van Eck et al. 2023, ApJS 267, 28, with its notes on the catalogues.

    !!! example
        >>> import numpy as np
        >>> columns = {"ra": [10.0, 10.0, 20.0], "dec": [5.0, 5.0, 7.0], "rm": [3.0, 4.0, 5.0]}
        >>> np.savez("rm.npz", **columns, rm_err=[1.0, 2.0, np.nan], catalogue=["A", "B", "B"])
        >>> table = read_rotation_measures("rm.npz")
        >>> print(table.summary())
        1 of 3 rotation measures of 1 catalogues; dropped:
               1  no error, or one that is not positive
               1  the same source measured again, less accurately
    """
    radius, tolerance = number(radius, "arcsec", "radius"), number(tolerance, "deg", "tolerance")
    table = read_table(path, _WANTED)
    equatorial = table.find(_RA) is not None and table.find(_DEC) is not None
    table.need(*(() if equatorial else (_L, _B) if table.find(_L) or table.find(_B) else (_RA, _DEC)), _RM, _ERROR)
    rm, error = table.number(_RM, "rad m-2"), table.number(_ERROR, "rad m-2")
    catalogue = table.text(_CATALOGUE, Path(path).stem)
    old = np.isin(catalogue, b1950) & equatorial
    l, b, possible = _positions(table, old) if equatorial else _as_given(table)
    finite = np.isfinite(l) & np.isfinite(b) & np.isfinite(rm)
    defects = {
        NOT_FINITE: ~finite & possible | ~np.isfinite(rm),
        IMPOSSIBLE: ~possible,
        CONTRADICTION: ~old & equatorial & _contradicts(table, l, b, tolerance),
        PULSAR: np.isin(catalogue, pulsars),
        NO_ERROR: ~(np.isfinite(error) & (error > 0)),
    }
    sound = ~np.any(list(defects.values()), axis=0)
    keep, dropped = sift(defects | {DUPLICATE: _repeated(l, b, error, sound, radius)}, path, on_defect)
    converted = {"from B1950 to the Galactic frame": int(np.sum(old & keep))}
    return RotationMeasures(l[keep], b[keep], rm[keep], error[keep], catalogue[keep], dropped, converted)


def _positions(table: SourceTable, old: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Galactic positions [deg], NaN where there is none, of equatorial ones, and which of these can be."""
    ra, dec = table.angle(_RA, hours=True), table.angle(_DEC)
    given = np.isfinite(ra) & np.isfinite(dec)
    possible = ~given | ((np.abs(dec) <= 90) & (ra >= 0) & (ra <= 360))
    usable = given & possible
    l, b = _galactic(np.where(usable, ra, 0.0), np.where(usable, dec, 0.0), old)
    return np.where(usable, l, np.nan), np.where(usable, b, np.nan), possible


def _as_given(table: SourceTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Galactic positions [deg] of a table that has them, and which of these can be."""
    l, b = table.angle(_L), table.angle(_B)
    return l, b, ~(np.abs(b) > 90) & ~(np.abs(l) > 360)


def _galactic(ra: np.ndarray, dec: np.ndarray, old: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Galactic positions [deg] of equatorial ones, ICRS, or FK4 of B1950 where `old`."""
    import astropy.units as u
    from astropy.coordinates import FK4, ICRS, Galactic

    modern = ICRS(ra * u.deg, dec * u.deg).transform_to(Galactic())
    l, b = np.array(modern.l.deg), np.array(modern.b.deg)
    if old.any():
        moved = FK4(ra[old] * u.deg, dec[old] * u.deg, equinox="B1950").transform_to(Galactic())
        l[old], b[old] = moved.l.deg, moved.b.deg
    return l, b


def _contradicts(table: SourceTable, l: np.ndarray, b: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether the Galactic position as published, where there is one, is farther away than `tolerance` [deg]."""
    both = table.find("l_file") is not None and table.find("b_file") is not None
    published = [table.angle(names) for names in (("l_file", "b_file") if both else (_L, _B))]
    given = np.isfinite(published[0]) & np.isfinite(published[1]) & np.isfinite(l)
    here = direction(*(np.deg2rad(np.where(given, value, 0.0)) for value in (l, b)))
    there = direction(*(np.deg2rad(np.where(given, value, 0.0)) for value in published))
    return given & (2 * np.arcsin(np.minimum(np.linalg.norm(here - there, axis=0) / 2, 1)) > np.deg2rad(tolerance))


def _repeated(l: np.ndarray, b: np.ndarray, error: np.ndarray, sound: np.ndarray, radius: float) -> np.ndarray:
    """Rows among the `sound` ones that lie within `radius` [arcsec] of a kept row of a smaller error."""
    from scipy.spatial import KDTree

    rows = np.flatnonzero(sound)
    points = direction(np.deg2rad(l[rows]), np.deg2rad(b[rows])).T
    chord = 2 * np.sin(np.deg2rad(radius / 3600) / 2)
    neighbours = KDTree(points).query_ball_point(points, chord) if rows.size else []
    repeated, settled = np.zeros(len(l), bool), np.zeros(rows.size, bool)
    for first in np.argsort(error[rows], kind="stable"):
        if not settled[first]:
            others = [i for i in neighbours[first] if i != first and not settled[i]]
            repeated[rows[others]] = True
            settled[[first, *others]] = True
    return repeated
