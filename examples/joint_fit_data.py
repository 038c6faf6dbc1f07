"""The data of `joint_fit.py`: rotation measures and polarisation at 23 GHz, their masks, bins, and the held-out part.

None of the rules looks at how a model does. All but one were fixed before the first fit: Q and U were binned at NSIDE 8
at first, in bins of one beam, whose scatter is so small (2.3 uK in the middle) that Q and U outweighed the rotation
measures by far: chi^2/dof of Q and U 9.8 where fitted. The report has what that fit did to the held-out data.

    sources   the extragalactic rotation measures that `sightline.datasets` keeps, outside the Gum nebula of YMW16 (22
              deg around (260, -3), where the sky has no such shell), the Magellanic Clouds and the lobes of Cen A,
              whose sources lie behind; those more than three robust standard deviations (1.48 times the median
              absolute deviation, at least the floor) from the median of their bin are left out.
              Bins: HEALPix NSIDE 16 (3.7 deg) with at least five sources.
    maps      Q and U of PySM's synchrotron template, 23 GHz: the WMAP nine-year K band smoothed to 5 deg, with
              simulated small scales that a further Gaussian of 5 deg takes out again: a beam of sqrt(5^2 + 5^2) =
              7.07 deg. Averaged to NSIDE 16 (3.7 deg), binned at NSIDE 4 (14.7 deg): only in a bin of several beams
              is the scatter a measure of the structure that a smooth model lacks.
              Masked: |b| < 10 deg; Loop I, within 66 deg of (329, +17.5) and b > 0, the North Polar Spur and what it
              encloses (Berkhuijsen, Haslam & Salter 1971, A&A 14, 252; 58 deg and twice its uncertainty); Cen A and the
              Large Magellanic Cloud, within 8 deg.
    errors    the standard deviation within the bin, as Unger & Farrar 2024, ApJ 970, 95 have it, but at least 7
              rad m^-2, the rotation measure that extragalactic sources have of their own (Oppermann et al. 2015, A&A
              575, A118), and 1 uK, above the noise of the K band in a bin.
    held out  a fifth of the patches of NSIDE 4 (14.7 deg), drawn once with the seed below, for both kinds of data.
"""

from typing import NamedTuple

import healpy as hp
import numpy as np
from survey_files import survey_file

from sightline import datasets

CATALOGUE, TEMPLATE = "radio/rm_catalogues_cirada.npz", "radio/pysm_s1_synchrotron_gal_ring_nside64.npz"
FREQUENCY, BEAM = 23.0, 50**0.5
"""GHz; full width at half maximum, deg."""
NSIDE, RM_BINS, MAP_BINS, PATCHES = 16, 16, 4, 4
LEAST, OUTLYING = 5, 3.0
RM_FLOOR, MAP_FLOOR = 7.0, 1e-6
"""rad m^-2, and K."""
PLANE, LOOP_I = 10.0, (329.0, 17.5, 66.0)
BEHIND = ((260.0, -3.0, 22.0), (280.5, -32.9, 6.0), (302.8, -44.3, 4.0), (309.5, 19.4, 6.0))
"""l, b, radius [deg] of the Gum nebula, the Large and the Small Magellanic Cloud and Cen A."""
BRIGHT = ((309.5, 19.4, 8.0), (280.5, -32.9, 8.0))
SEED, HELD_OUT = 20, 0.2


class Data(NamedTuple):
    """What is fitted and what is held out.

    - `l`, `b`, `rm`: (n,), of the sources; `source_bin`: the pixel of NSIDE 16 that holds each.
    - `maps`: Q and U, (2, npix) K; `map_bin`: the pixel of NSIDE 4 that holds each pixel, -1 where masked.
    - `held`: which patches are held out, (192,).
    - `counts`: sources kept, by why others were not.
    """

    l: np.ndarray
    b: np.ndarray
    rm: np.ndarray
    source_bin: np.ndarray
    maps: np.ndarray
    map_bin: np.ndarray
    held: np.ndarray
    counts: dict[str, int]


def read(nside: int = NSIDE) -> Data:
    """The sources and maps, masked, binned and split."""
    table = datasets.read_rotation_measures(survey_file(CATALOGUE))
    behind = within(table.l, table.b, BEHIND)
    place = hp.ang2pix(RM_BINS, table.l, table.b, lonlat=True)
    outlying = ~behind & outliers(table.rm, place)
    number = np.bincount(place[~behind & ~outlying], minlength=12 * RM_BINS**2)
    sparse = ~behind & ~outlying & (number[place] < LEAST)
    kept = ~(behind | outlying | sparse)
    counts = {"kept": kept, "behind nebula or galaxy": behind, "outlying": outlying, "in sparse bins": sparse}
    rows = (column[kept] for column in (table.l, table.b, table.rm, place))
    return Data(*rows, *read_maps(nside), held_out(), {reason: int(rows.sum()) for reason, rows in counts.items()})


def held_out() -> np.ndarray:
    """Which patches are held out, (192,)."""
    held = np.zeros(12 * PATCHES**2, bool)
    held[np.random.default_rng(SEED).choice(held.size, round(HELD_OUT * held.size), replace=False)] = True
    return held


def outliers(rm: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Sources far from the median of their bin, where it holds at least `LEAST`."""
    found = np.zeros(rm.size, bool)
    for one in np.unique(place):
        inside = place == one
        away = np.abs(rm[inside] - np.median(rm[inside]))
        found[inside] = (away > OUTLYING * max(1.4826 * np.median(away), RM_FLOOR)) & (inside.sum() >= LEAST)
    return found


def read_maps(nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Q and U, (2, npix) K, and the bin of every pixel, -1 where the bin is masked."""
    with np.load(survey_file(TEMPLATE)) as archive:
        fine = [np.asarray(archive[f"{name}23GHz_sm5deg_uKRJ"], np.float64) for name in "QU"]
    l, b = hp.pix2ang(MAP_BINS, np.arange(12 * MAP_BINS**2), lonlat=True)
    loop = within(l, b, (LOOP_I,)) & (b > 0)
    masked = (np.abs(b) < PLANE) | loop | within(l, b, BRIGHT)
    place = hp.ang2pix(MAP_BINS, *hp.pix2ang(nside, np.arange(12 * nside**2)))
    return 1e-6 * np.stack([hp.ud_grade(one, nside) for one in fine]), np.where(masked[place], -1, place)


def patch_of(pixel: np.ndarray, nside: int) -> np.ndarray:
    """The patch in which pixels of `nside` lie; anything for those that are -1."""
    return hp.ang2pix(PATCHES, *hp.pix2ang(nside, np.maximum(pixel, 0)))


def within(l: np.ndarray, b: np.ndarray, discs: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """Whether directions [deg] lie in one of the discs."""
    towards = hp.ang2vec(l, b, lonlat=True)
    near = [towards @ hp.ang2vec(*disc[:2], lonlat=True) > np.cos(np.deg2rad(disc[2])) for disc in discs]
    return np.any(near, axis=0)
