"""Pulsars: dispersion and rotation measures, and distances that no model of the electrons entered."""

import dataclasses
from typing import Literal

import numpy as np

from ..._core.files import PathLike
from ..geometry import Directions, SourceCatalogue
from .columns import SourceTable
from .rows import OnDefect, lines_of, sift
from .tables import read_table

Distance = Literal["independent", "YMW16", "NE2001"]
SIGNIFICANT = 3.0
"""A parallax of fewer standard deviations is no distance: its inverse is biased (Lutz & Kelker 1973, PASP 85, 573)."""
LIMITS = {"YMW16": ("DIST_DM", 25.0), "NE2001": ("DIST_DM1", 50.0)}
"""Columns of distances from dispersion measures, and the value [kpc] from which they are lower limits."""

BAD_POSITION = "position is not finite, or latitude beyond 90 deg"
NO_DM = "no dispersion measure, or one that is not positive"
NO_RM = "no rotation measure"
NO_DISTANCE = "no distance"
LIMIT = "the distance is a lower limit"


@dataclasses.dataclass(frozen=True)
class Pulsars:
    """Pulsars, NaN where a quantity was not measured, and what was done to the table they come from.

    - `name`: (n,); `l`, `b`: (n,), deg; `dm`: (n,), pc cm^-3; `rm`, `rm_error`: (n,), rad m^-2.
    - `distance`, `nearest`, `farthest`: (n,), kpc, with its range of one standard deviation.
    - `dropped`: the number of rows left out by reason; `blanked`: the number of values left out by reason.

    !!! example
        >>> columns = "name,l_deg,b_deg,dm_pc_cm3,d_kpc,d_err_plus_kpc,d_err_minus_kpc"
        >>> with open("pulsars.csv", "w") as file:
        ...     _ = file.write(columns + "\\nA,30.0,1.0,100.0,3.2,0.3,0.2\\nB,31.0,1.0,80.0,3.0,0.3,0.2\\n")
        >>> pulsars = sl.datasets.read_pulsars("pulsars.csv")
        >>> len(pulsars), pulsars.dm, pulsars.nearest
        (2, array([100.,  80.]), array([3. , 2.8]))
    """

    name: np.ndarray
    l: np.ndarray
    b: np.ndarray
    dm: np.ndarray
    rm: np.ndarray
    rm_error: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray
    farthest: np.ndarray
    dropped: dict[str, int]
    blanked: dict[str, int]

    def __len__(self) -> int:
        return len(self.name)

    @property
    def sky(self) -> Directions:
        """Where the pulsars are on the sky."""
        return Directions(self.l, self.b)

    @property
    def sources(self) -> SourceCatalogue:
        """Where the pulsars are in space.

        **Raises:** `ValueError` where distances are missing: read them with `need=("distance",)`.
        """
        return SourceCatalogue(self.l, self.b, self.distance)

    def summary(self) -> str:
        """How many rows were kept and dropped, and which values were, and why, in a few lines."""
        total = len(self) + sum(self.dropped.values())
        lines = [f"{len(self)} of {total} pulsars; dropped:", *lines_of(self.dropped)]
        blanked = lines_of(self.blanked)
        return "\n".join([*lines, *(["values left out:", *blanked] if blanked else [])])


def read_pulsars(
    path: PathLike,
    *,
    need: tuple[str, ...] = ("dm", "distance"),
    distance: Distance = "independent",
    on_defect: OnDefect = "skip",
) -> Pulsars:
    """Reads pulsars from an extract of the ATNF catalogue, or from a table of distances.

    The ATNF catalogue has columns `name`, `l`, `b` (or `GL`, `GB`), `DM`, `RM`, `RM_err`, `PX`, `PX_err` (mas),
    `DIST_A`, `DIST_AMN`, `DIST_AMX`, `DIST_DM` (YMW16), `DIST_DM1` (NE2001), in capital letters or small, and `*` for
    what is not known; those that are not `need`ed may be missing. Files and units are as for `read_rotation_measures`.
    Its independent distance is 1/PX where the parallax has three
    standard deviations, else DIST_A. DIST_DM = 25 and DIST_DM1 = 50 kpc are lower limits: with `distance="YMW16"` or
    `"NE2001"` they are dropped, and so are the pulsars of the Magellanic Clouds beyond. Ranges that do not hold their
    DIST_A, and parallaxes that are not positive, are left out and counted in `blanked`.

    A table of distances has columns `name`, `l_deg`, `b_deg`, `dm_pc_cm3`, `d_kpc`, `d_err_plus_kpc`,
    `d_err_minus_kpc`.

    **Arguments:**

    - `need`: of `"dm"`, `"rm"` and `"distance"`, what a pulsar must have to be kept.
    - `distance`: which of the catalogue.
    - `on_defect`: `"refuse"` raises at the first row that would be dropped.
    - `path`: the file.

    **Returns:** an `sl.datasets.Pulsars`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for damaged files, missing columns, values that
    are no numbers and units of another dimension; `ValueError` where `on_defect` is `"refuse"`.

    **Source:** Manchester et al. 2005, AJ 129, 1993.

    !!! example
        >>> columns = "name,l_deg,b_deg,dm_pc_cm3,d_kpc,d_err_plus_kpc,d_err_minus_kpc"
        >>> with open("pulsars.csv", "w") as file:
        ...     _ = file.write(columns + "\\nA,30.0,1.0,100.0,3.2,0.3,0.2\\nB,31.0,1.0,,3.0,0.3,0.2\\n")
        >>> print(read_pulsars("pulsars.csv").summary())
        1 of 2 pulsars; dropped:
               1  no dispersion measure, or one that is not positive
    """
    table = read_table(path, _WANTED)
    table.need(_NAME, _L, _B)
    if table.find("d_kpc") is not None:
        values, blanked, limit = *_of_distances(table), np.zeros(table.rows, bool)
    else:
        values, blanked, limit = _of_catalogue(table, need, distance)
    defects = {
        BAD_POSITION: ~(np.isfinite(values["l"]) & (np.abs(values["b"]) <= 90)),
        LIMIT: limit,
        NO_DM: ("dm" in need) & ~(values["dm"] > 0),
        NO_RM: ("rm" in need) & ~np.isfinite(values["rm"]),
        NO_DISTANCE: ("distance" in need) & ~(values["distance"] > 0),
    }
    keep, dropped = sift(defects, path, on_defect)
    kept = {name: column[keep] for name, column in values.items()}
    return Pulsars(name=table.text(_NAME, "")[keep], **kept, dropped=dropped, blanked=blanked)


_NAME, _L, _B = ("name", "jname", "psrj", "psr"), ("l", "gl", "glon", "l_deg"), ("b", "gb", "glat", "b_deg")
_QUANTITIES: dict[str, tuple[tuple[str, ...], str]] = {
    "DM": (("dm",), "pc cm-3"),
    "RM": (("rm",), "rad m-2"),
    "RM_err": (("rm_err", "rm_error", "e_rm"), "rad m-2"),
    "PX": (("px", "parallax"), "mas"),
    "PX_err": (("px_err", "px_error", "e_px"), "mas"),
    **{name: ((name.lower(),), "kpc") for name in ("DIST_A", "DIST_AMN", "DIST_AMX", "DIST_DM", "DIST_DM1")},
}
_DISTANCES = ("d_kpc", "d_err_plus_kpc", "d_err_minus_kpc")
_WANTED = (*_NAME, *_L, *_B, "dm_pc_cm3", *_DISTANCES, *(name for names, _ in _QUANTITIES.values() for name in names))


def _of_distances(table: SourceTable) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    table.need("dm_pc_cm3", *_DISTANCES)
    middle, plus, minus = (table.number(name, "kpc") for name in _DISTANCES)
    unknown = np.full(table.rows, np.nan)
    values = {"l": table.angle(_L), "b": table.angle(_B), "dm": table.number("dm_pc_cm3", "pc cm-3")}
    values |= {"rm": unknown, "rm_error": unknown}
    return values | {"distance": middle, "nearest": middle - minus, "farthest": middle + plus}, {}


def _of_catalogue(
    table: SourceTable, need: tuple[str, ...], distance: str
) -> tuple[dict[str, np.ndarray], dict[str, int], np.ndarray]:
    """The quantities, the numbers of values left out, and which distances are limits."""
    places = {"independent": ("px", "dist_a"), "YMW16": ("dist_dm",), "NE2001": ("dist_dm1",)}[distance]
    table.need(*(one for one in ("dm", "rm") if one in need), *((places,) if "distance" in need else ()))
    columns = {name: table.number(names, unit) for name, (names, unit) in _QUANTITIES.items()}
    values = {"l": table.angle(_L), "b": table.angle(_B)}
    values |= {"dm": columns["DM"], "rm": columns["RM"], "rm_error": columns["RM_err"]}
    if distance == "independent":
        found, blanked = _independent(columns)
        return values | found, blanked, np.zeros(len(values["l"]), bool)
    column, limit = LIMITS[distance]
    modelled, unknown = columns[column], np.full(len(values["l"]), np.nan)
    return values | {"distance": modelled, "nearest": unknown, "farthest": unknown}, {}, modelled >= limit


def _independent(columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Distances by parallax, or else by association or absorption, with their ranges."""
    parallax, error, middle = columns["PX"], columns["PX_err"], columns["DIST_A"]
    near, far = columns["DIST_AMN"], columns["DIST_AMX"]
    ranged = np.isfinite(near) | np.isfinite(far)
    outside = ranged & np.isfinite(middle) & ~((near > 0) & (near <= middle) & (middle <= far))
    good = (parallax > SIGNIFICANT * error) & (error > 0)
    safe, shift = np.where(good, parallax, 1.0), np.where(good, error, 0.0)
    usable = ranged & np.isfinite(middle) & ~outside
    places = {
        "distance": np.where(good, 1 / safe, middle),
        "nearest": np.where(good, 1 / (safe + shift), np.where(usable, near, np.nan)),
        "farthest": np.where(good, 1 / (safe - shift), np.where(usable, far, np.nan)),
    }
    blanked = {
        "a parallax that is not positive": int(np.sum(parallax <= 0)),
        f"a parallax below {SIGNIFICANT:g} standard deviations": int(np.sum((parallax > 0) & ~good)),
        "a range that does not hold its distance": int(np.sum(outside)),
    }
    return places, blanked
