"""Photoionisation of helium and of molecular hydrogen."""

import numpy as np

from .atoms import Energies

_HELIUM = (1.0, -4.7416, 14.8200, -30.8678, 37.3584, -23.4585, 5.9133)
HELIUM_EDGES = (24.58,)
"""Threshold of helium, eV."""

_BELOW_18 = (1.0, -197.25, 438.823, -260.481, 17.915)
_BELOW_30 = (-145.528, 351.394, -274.294, 74.320)
_BELOW_85 = (65.304, -91.762, 51.778, -9.364)
_ABOVE_85 = (1.0, -2.003, -4.806, 50.577, -171.044, 231.608, -81.885)
HYDROGEN_EDGES = (15.4, 18.0, 30.0, 85.0)
"""Threshold of molecular hydrogen and where its fits join, to 1 %, eV."""


def helium(energy: Energies) -> Energies:
    """Cross section of helium, Mb: 733 b [1 + sum_n a_n x^(-n/2)] (E/keV)^-3.5, x = E/24.58 eV.

    Its resonances between 59 and 79 eV are left out.

    **Arguments:** `energy`: (n,) eV.

    **Source:** Yan, Sadeghpour & Dalgarno 1998, ApJ 496, 1044, equation 14 and Table 4.
    """
    x = np.maximum(energy / HELIUM_EDGES[0], 1.0)
    value = 733e-6 * np.polynomial.polynomial.polyval(x**-0.5, _HELIUM) * (energy / 1e3) ** -3.5
    return np.where(energy >= HELIUM_EDGES[0], value, 0.0)


def molecular_hydrogen(energy: Energies) -> Energies:
    """Cross section of H2, Mb per molecule: polynomials in sqrt(x), x = E/15.4 eV, times (E/keV)^-3.5 above 18 eV.

    **Arguments:** `energy`: (n,) eV.

    **Source:** Yan, Sadeghpour & Dalgarno 1998, ApJ 496, 1044, equations 17 to 19 as their erratum, 2001, ApJ 559,
    1194, has them; below 18 eV with the coefficient of Aleman & Gruenwald 2011, A&A 528, A74, which is not negative.
    """
    root = np.sqrt(np.maximum(energy / HYDROGEN_EDGES[0], 1.0))
    polyval = np.polynomial.polynomial.polyval
    fall = 1e-6 * (energy / 1e3) ** -3.5
    parts = [
        np.zeros_like(energy),
        10 * polyval(1 / root, _BELOW_18),
        fall * polyval(root, _BELOW_30),
        fall * polyval(root, _BELOW_85),
        45.57 * fall * polyval(1 / root, _ABOVE_85),
    ]
    return np.choose(np.searchsorted(HYDROGEN_EDGES, energy, side="right"), parts)
