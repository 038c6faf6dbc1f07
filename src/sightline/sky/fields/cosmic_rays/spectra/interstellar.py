from importlib import resources
from typing import Any

import numpy as np

from .tabulated import TabulatedSpectrum

_TABLE = "sky/fields/cosmic_rays/spectra/data/local_interstellar.csv"


def local_interstellar(**parameters: Any) -> TabulatedSpectrum:
    """The spectrum of electrons and positrons in the interstellar medium near the Sun, 1.2 GeV to 1.6 TeV.

    AMS-02's measurement, freed from the modulation by the Sun with a force field: j(E + phi) = j_earth(E)
    p(E + phi)^2/p(E)^2, phi = 0.6 GeV. Fitted at 14 energies. Errors, listed in the table that comes with the package:
    by the data 1 % up to 100 GeV and 10 % at 0.9 TeV, correlated; by phi = 0.6 +- 0.1 GV 31 % at 1.2 GeV, 13 % at
    3.6 GeV, 5 % at 11 GeV and below 2 % above 30 GeV. Fermi and DAMPE find 4 to 8 % more between 10 and 100 GeV and
    16 % more above. Below 1.2 GeV, whose electrons shine below about 100 MHz in a few uG, it goes on as a power law,
    with no data behind it.

    **Arguments:** `parameters`: `reference_energy`, see `TabulatedSpectrum`.

    **Returns:** an `sl.cosmic_rays.spectra.TabulatedSpectrum`.

    **Source:** Aguilar et al. 2021, Phys. Rep. 894, 1 (AMS-02), from the cosmic-ray database CRDB; Gleeson & Axford
    1968, ApJ 154, 1011.

    !!! example
        >>> rays = sl.cosmic_rays.WithSpectrum(
        ...     sl.cosmic_rays.ExponentialDisk(), sl.cosmic_rays.spectra.local_interstellar()
        ... )
    """
    with resources.files("sightline").joinpath(_TABLE).open(encoding="utf-8") as file:
        energies, flux, *_ = np.loadtxt(file, delimiter=",", unpack=True)
    return TabulatedSpectrum.from_flux(flux, energies, **parameters)
