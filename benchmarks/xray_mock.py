"""What the benchmarks of simulated X-ray spectra share: a small detector, and EPIC-pn as filed."""

import os
from pathlib import Path

import numpy as np
from scipy.stats import norm

import sightline as sl

EXPOSURE = 1e4  # s


def small_response(channels: int = 40, bins: int = 80) -> sl.counts.Response:
    """200 cm2 from 0.5 to 8 keV, blurred by 80 eV."""
    energies, edges = np.geomspace(0.4, 9.0, bins + 1), np.linspace(0.5, 8.0, channels + 1)
    middle = np.sqrt(energies[1:] * energies[:-1])
    blur = np.diff(norm.cdf((edges[:, None] - middle) / 0.08), axis=0)
    return sl.counts.Response(energies[:-1], energies[1:], 200.0 * blur, edges)


def observed(counts: np.ndarray, background: np.ndarray | None = None, bins: int = 80) -> sl.counts.Observation:
    """Counts of the small detector, beside a background that took four times as long."""
    off = None if background is None else sl.counts.Spectrum(background, exposure=4 * EXPOSURE)
    response = small_response(len(counts), bins)
    return sl.counts.Observation(sl.counts.Spectrum(counts, exposure=EXPOSURE), response, off)


def epic_pn() -> sl.counts.Observation:
    """The spectrum as filed, 0.5 to 8 keV; ends the benchmark with a message where SIGHTLINE_DATA lacks it."""
    folder = Path(os.environ.get("SIGHTLINE_DATA", ".")) / "xray" / "xmm_epic_pn"
    if not folder.is_dir():
        print("skipped: needs xray/xmm_epic_pn in the folder SIGHTLINE_DATA")
        raise SystemExit(0)
    files = {"background": "PNbackground_spectrum.fits", "response": "PN.rmf", "area": "PN.arf"}
    found = {key: folder / name for key, name in files.items()}
    return sl.io.read_observation(folder / "PN_spectrum_grp20.fits", **found).select(0.5, 8.0)
