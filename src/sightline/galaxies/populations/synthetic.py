"""A library made of formulas, for examples and tests: no data are needed and none are licensed."""

from typing import Any

import numpy as np

from ..._core.units import number
from .library import Library

_LINES = ((3933.7, 9.0), (4101.7, 6.0), (4340.5, 6.0), (4861.3, 5.0), (5175.0, 12.0), (5270.0, 5.0), (5892.0, 4.0))
_LINES += ((6562.8, 5.0), (4383.0, 5.0), (4668.0, 9.0), (5335.0, 4.0), (6495.0, 4.0))
_BALMER = (4101.7, 4340.5, 4861.3, 6562.8)


def synthetic(step: Any = 1.0, low: Any = 3600.0, high: Any = 7500.0) -> Library:
    """A library of made-up populations that behave like real ones, in air, of unlimited resolution.

    A black body that cools with age and metallicity, with Balmer lines that fade with age and metal lines that grow
    with both. Colours and lines are plausible; they are no model of stars.

    **Arguments:** `step`, `low`, `high`: of the wavelengths, A.

    **Returns:** an `sl.populations.Library`.

    **Raises:** `ValueError` for wavelengths that do not rise from `low` to `high` by a positive step.

    !!! example
        >>> library = sl.populations.synthetic()
        >>> library.shape, library.medium
        ((6, 16), 'air')
    """
    first, last = number(low, "Angstrom", "low"), number(high, "Angstrom", "high")
    width = number(step, "Angstrom", "step")
    if not (0 < first < last < np.inf and 0 < width < np.inf):
        raise ValueError(f"low = {first:g}, high = {last:g} and step = {width:g} A: give 0 < low < high, 0 < step.")
    wave = np.arange(first, last + 0.5 * width, width)
    age, metallicity = np.geomspace(0.03, 14.0, 16), np.array([-2.0, -1.5, -1.0, -0.5, 0.0, 0.4])
    light = np.array([[_spectrum(wave, t, m) for t in age] for m in metallicity])
    return Library(wave, age, metallicity, light, "air", 0.0, "synthetic")


def _spectrum(wave: np.ndarray, age: float, metallicity: float) -> np.ndarray:
    temperature = 5200.0 * age**-0.12 * 10 ** (-0.05 * metallicity)
    shape = (wave / 5500.0) ** -5 * np.expm1(2.61594e4 / temperature) / np.expm1(1.438777e8 / wave / temperature)
    depth = np.zeros_like(wave)
    for centre, width in _LINES:
        strength = 0.5 * age**-0.25 / (1 + age**-0.25) if centre in _BALMER else 0.25 * 10 ** (0.35 * metallicity)
        strength *= 1.0 if centre in _BALMER else age**0.15
        depth = depth + strength * np.exp(-0.5 * ((wave - centre) / width) ** 2)
    return 2e-4 * age**-0.8 * shape * np.exp(-depth)
