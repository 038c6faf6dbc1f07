"""The Haslam 408 MHz survey for `haslam_408.py`: the map, its uncertainty and the mask.

Uncertainty of a pixel: sigma^2 = (0.1 T)^2 + s^2. The noise of the receiver is negligible at 1.8 deg. The scale of
the survey is known to 10 %, and no smooth disk follows a real sky better than that: T is the mean over a pixel
sixteen times as large, so that a weight hardly depends on the fluctuation of its own pixel. s is the rms of the
survey's pixels inside the coarse one: sources, filaments, scanning stripes.

Masked, by rules that do not look at the brightness of a pixel:

    plane        |b| < 5 deg: the brightest pixels, free-free emission, spiral arms, supernova remnants
    inner field  |l| < 21.2 deg and |b| < 20 deg: sightlines through r < 3 kpc = 8.3 kpc sin 21.2 deg, where LSA
                 is zero
    Loop I       within 66 deg of (329, +17.5) and b > 0: the North Polar Spur and what it encloses; 58 deg and
                 twice its uncertainty of 4 deg
    sources      Cyg A, Tau A, Vir A, Orion A within 3 deg; Cen A, Vela, Large Magellanic Cloud within 5 deg

Loops: Berkhuijsen, Haslam & Salter 1971, A&A 14, 252: l, b and radius [deg].
"""

import os
from pathlib import Path

import healpy as hp
import numpy as np

FILE = "radio/haslam408_bonn1982_gal_ring_nside128.fits"
PATCHES = 4  # NSIDE of the patches, 14.7 deg
LOOPS = {
    "I": (329.0, 17.5, 58.0),
    "II": (100.0, -32.5, 45.5),
    "III": (124.0, 15.5, 32.5),
    "IV": (315.0, 48.5, 19.75),
}
SOURCES = {
    "Cyg A": (76.2, 5.8, 3.0),
    "Tau A": (184.6, -5.8, 3.0),
    "Vir A": (283.8, 74.5, 3.0),
    "Orion A": (209.0, -19.4, 3.0),
    "Cen A": (309.5, 19.4, 5.0),
    "Vela": (263.6, -2.8, 5.0),
    "LMC": (280.5, -32.9, 5.0),
}


def survey_path() -> Path:
    """Where the survey is; `FileNotFoundError` says what to set."""
    if "SIGHTLINE_DATA" not in os.environ:
        raise FileNotFoundError(f"SIGHTLINE_DATA is not set: give it the folder that holds {FILE}.")
    path = Path(os.environ["SIGHTLINE_DATA"]) / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: SIGHTLINE_DATA must name the folder that holds {FILE}.")
    return path


def read_survey(path: Path, nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean brightness of the survey in every pixel of `nside`, and its uncertainty, (npix,) K."""
    fine = hp.read_map(path, dtype=np.float64)
    mean, square = hp.ud_grade(fine, nside), hp.ud_grade(fine**2, nside)
    smooth = hp.ud_grade(hp.ud_grade(fine, max(nside // 4, 1)), nside)
    return mean, np.sqrt((0.1 * smooth) ** 2 + np.maximum(square - mean**2, 0))


def mask(nside: int, plane: float = 5.0, inner: bool = True, whole_loop: bool = False, rims: float = 0.0) -> np.ndarray:
    """Pixels to leave out, (npix,).

    `plane`: latitude [deg]; `inner`: the inner field too; `whole_loop`: Loop I at b < 0 too; `rims`: half-width
    [deg] of a belt along Loops II to IV.
    """
    l, b = hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    out = (np.abs(b) < plane) | (inner & (np.abs(b) < 20) & ((l < 21.2) | (l > 338.8)))
    l0, b0, radius = LOOPS["I"]
    out |= (separation(nside, l0, b0) < radius + 8) & (whole_loop | (b > 0))
    for l0, b0, radius in SOURCES.values():
        out |= separation(nside, l0, b0) < radius
    for l0, b0, radius in (LOOPS[name] for name in ("II", "III", "IV")):
        out |= np.abs(separation(nside, l0, b0) - radius) < rims
    return out


def separation(nside: int, l: float, b: float) -> np.ndarray:
    """Angle [deg] between every pixel and (l, b), (npix,)."""
    pixels = np.stack(hp.pix2vec(nside, np.arange(12 * nside**2)))
    return np.degrees(np.arccos(np.clip(hp.ang2vec(l, b, lonlat=True) @ pixels, -1, 1)))


def patch_of(npix: int) -> np.ndarray:
    """The patch that holds each pixel, (npix,)."""
    return hp.ang2pix(PATCHES, *hp.pix2ang(hp.npix2nside(npix), np.arange(npix)))


def checkerboard(npix: int) -> np.ndarray:
    """Whether each pixel lies in an even patch, every second one, (npix,)."""
    x, y, _ = hp.pix2xyf(PATCHES, patch_of(npix))
    return (x + y) % 2 == 0
