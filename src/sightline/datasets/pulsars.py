"""Pulsars: dispersion and rotation measures, and distances that no model of the electrons entered."""

import dataclasses
from typing import Literal

import numpy as np

from .._core.files import PathLike
from ..geometry import Directions, SourceCatalogue
from .rows import OnDefect, lines_of, read_table, sift

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

    The ATNF catalogue has columns `name`, `l`, `b`, `DM`, `RM`, `RM_err`, `PX`, `PX_err` (mas), `DIST_A`, `DIST_AMN`,
    `DIST_AMX`, `DIST_DM` (YMW16), `DIST_DM1` (NE2001). Its independent distance is 1/PX where the parallax has three
    standard deviations, else DIST_A. DIST_DM = 25 and DIST_DM1 = 50 kpc are lower limits: with `distance="YMW16"` or
    `"NE2001"` they are dropped, and so are the pulsars of the Magellanic Clouds beyond. Ranges that do not hold their
    DIST_A, and parallaxes that are not positive, are left out and counted in `blanked`.

    A table of distances has columns `name`, `l_deg`, `b_deg`, `dm_pc_cm3`, `d_kpc`, `d_err_plus_kpc`,
    `d_err_minus_kpc`.

    **Arguments:**

    - `need`: of `"dm"`, `"rm"` and `"distance"`, what a pulsar must have to be kept.
    - `distance`: which of the catalogue.
    - `on_defect`: `"refuse"` raises at the first row that would be dropped.

    **Raises:** `FileNotFoundError`; `ValueError` for missing columns, and where `on_defect` is `"refuse"`.

    **Source:** Manchester et al. 2005, AJ 129, 1993.

    !!! example
        >>> columns = "name,l_deg,b_deg,dm_pc_cm3,d_kpc,d_err_plus_kpc,d_err_minus_kpc"
        >>> with open("pulsars.csv", "w") as file:
        ...     _ = file.write(columns + "\\nA,30.0,1.0,100.0,3.2,0.3,0.2\\nB,31.0,1.0,,3.0,0.3,0.2\\n")
        >>> print(read_pulsars("pulsars.csv").summary())
        1 of 2 pulsars; dropped:
               1  no dispersion measure, or one that is not positive
    """
    table = read_table(path, ("name",))
    if "d_kpc" in table:
        values, blanked, limit = *_of_distances(read_table(path, _DISTANCE_TABLE)), np.zeros(len(table["name"]), bool)
    else:
        values, blanked, limit = _of_catalogue(read_table(path, _CATALOGUE), distance)
    defects = {
        BAD_POSITION: ~(np.isfinite(values["l"]) & (np.abs(values["b"]) <= 90)),
        LIMIT: limit,
        NO_DM: ("dm" in need) & ~(values["dm"] > 0),
        NO_RM: ("rm" in need) & ~np.isfinite(values["rm"]),
        NO_DISTANCE: ("distance" in need) & ~(values["distance"] > 0),
    }
    keep, dropped = sift(defects, path, on_defect)
    kept = {name: column[keep] for name, column in values.items()}
    return Pulsars(name=table["name"][keep], **kept, dropped=dropped, blanked=blanked)


_CATALOGUE = ("l", "b", "DM", "RM", "RM_err", "PX", "PX_err", "DIST_A", "DIST_AMN", "DIST_AMX", "DIST_DM", "DIST_DM1")
_DISTANCE_TABLE = ("l_deg", "b_deg", "dm_pc_cm3", "d_kpc", "d_err_plus_kpc", "d_err_minus_kpc")


def _of_distances(table: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    l, b, dm, middle, plus, minus = (np.asarray(table[name], np.float64) for name in _DISTANCE_TABLE)
    unknown = np.full(len(l), np.nan)
    values = {"l": l, "b": b, "dm": dm, "rm": unknown, "rm_error": unknown}
    return values | {"distance": middle, "nearest": middle - minus, "farthest": middle + plus}, {}


def _of_catalogue(
    table: dict[str, np.ndarray], distance: str
) -> tuple[dict[str, np.ndarray], dict[str, int], np.ndarray]:
    """The quantities, the numbers of values left out, and which distances are limits."""
    columns = {name: np.asarray(table[name], np.float64) for name in _CATALOGUE}
    names = {"l": "l", "b": "b", "dm": "DM", "rm": "RM", "rm_error": "RM_err"}
    values = {ours: columns[theirs] for ours, theirs in names.items()}
    if distance == "independent":
        places, blanked = _independent(columns)
        return values | places, blanked, np.zeros(len(values["l"]), bool)
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
