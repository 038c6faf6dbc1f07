"""Simulators as components of PySM skies; the one file that needs pysm3."""

import importlib
from typing import Any

import numpy as np

from .._core.units import numbers
from ..sky.geometry import HealpixSky


class PysmComponent:
    """A simulator as a component of a sky of PySM: `pysm3.Sky(nside=64, component_objects=[component])`.

    Maps are I, Q, U in uK_RJ, HEALPix/COSMO convention, RING order, Galactic, as PySM has them. Over a bandpass w in
    power units, as PySM's are,

    T = int w nu^2 T(nu) d nu / int w nu^2 d nu, by trapezoids.

    **Arguments:** `simulator`: a `Simulator`, `ComponentSky` or any function `(sky, frequency) -> Stokes`; `nside`: a
    whole number, of the maps; `supersample`: each pixel is the mean over the square of this number of rays.

    **Raises:** `ImportError` where PySM is not installed, when maps are asked for.

    **Source:** Thorne et al. 2017, MNRAS 469, 2821; Zonca et al. 2021, JOSS 6, 3783 (`Model.get_emission`).

    !!! example
        >>> component = sl.io.PysmComponent(simulator, nside=8)
        >>> component.nside
        8
    """

    simulator: Any
    sky: HealpixSky
    nside: int
    max_nside: int

    def __init__(self, simulator: Any, nside: int, supersample: int = 1):
        self.simulator, self.sky = simulator, HealpixSky(nside, supersample=supersample)
        self.nside = self.max_nside = self.sky.nside
        self.includes_smoothing = False

    def get_emission(self, freqs: Any, weights: Any = None) -> Any:
        """Maps, (3, npix) uK_RJ, at one frequency or over a bandpass.

        **Arguments:** `freqs`: an astropy quantity; `weights`: of a bandpass, in power units, `None`: all the same.

        **Raises:** `ValueError` for weights of another length; `ImportError` without pysm3.
        """
        unit = importlib.import_module("pysm3.units").uK_RJ
        at = np.atleast_1d(numbers(freqs, "GHz", "freqs"))
        share = _shares(at, weights)
        stokes = self.simulator(self.sky, at).to("uK_RJ").to_convention("COSMO")
        maps = np.stack([np.tensordot(share, np.asarray(part), 1) for part in (stokes.I, stokes.Q, stokes.U)])
        return maps << unit


def _shares(frequency: np.ndarray, weights: Any) -> np.ndarray:
    """What each frequency adds to a band, (n,), with the sum 1."""
    given = np.ones_like(frequency) if weights is None else numbers(weights, None, "weights")
    if given.shape != frequency.shape:
        raise ValueError(f"weights has shape {given.shape}, freqs {frequency.shape}: give one for each frequency.")
    if frequency.size == 1:
        return np.ones(1)
    steps = np.diff(frequency)
    widths = 0.5 * (np.r_[steps, 0.0] + np.r_[0.0, steps])
    share = given * frequency**2 * widths
    return share / share.sum()
