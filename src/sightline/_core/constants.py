"""Physical constants folded into the working units (kpc, uG, cm^-3, GHz, K) as plain Python floats.

CGS values in single precision overflow, so every product of constants is evaluated here, in Python's double precision.
Source: CODATA 2018 (exact SI values where exact), IAU 2012 and 2015 for the parsec.
"""

import math

SPEED_OF_LIGHT = 2.99792458e10  # cm/s
ELEMENTARY_CHARGE = 4.803204712570263e-10  # statcoulomb
ELECTRON_MASS = 9.1093837015e-28  # g
PLANCK = 6.62607015e-27  # erg s
BOLTZMANN = 1.380649e-16  # erg/K
KILOPARSEC = 3.0856775814913673e21  # cm
ELECTRON_REST_ENERGY = 0.51099895e-3  # GeV

T_CMB = 2.7255
"""Temperature of the cosmic microwave background [K] (Fixsen 2009, ApJ 707, 916)."""

WAVELENGTH = SPEED_OF_LIGHT * 1e-11
"""Wavelength [m] of 1 GHz: lambda = WAVELENGTH / frequency."""

FARADAY = 1e4 * ELEMENTARY_CHARGE**3 / (2 * math.pi * ELECTRON_MASS**2 * SPEED_OF_LIGHT**4) * 1e-6 * KILOPARSEC / 1e3
"""Rotation measure [rad m^-2] of 1 pc of 1 cm^-3 and 1 uG: e^3 / (2 pi m^2 c^4), 0.811901."""

HNU_OVER_K = PLANCK * 1e9 / BOLTZMANN
"""h nu / k [K] of 1 GHz."""

RAYLEIGH_JEANS = 2 * BOLTZMANN * 1e18 / SPEED_OF_LIGHT**2 * 1e17
"""Brightness [MJy/sr] of 1 K (Rayleigh-Jeans) at 1 GHz: 2 k nu^2 / c^2."""

CRITICAL_FREQUENCY = 3e-6 * ELEMENTARY_CHARGE / (2 * math.pi * ELECTRON_MASS * SPEED_OF_LIGHT) * 1e-9
"""3 e B / (2 pi m c) [GHz] of 1 uG."""

SYNCHROTRON = (
    math.sqrt(3)
    * ELEMENTARY_CHARGE**3
    * 1e-6
    / (4 * math.pi * ELECTRON_MASS * SPEED_OF_LIGHT**2)
    * SPEED_OF_LIGHT**2
    / (2 * BOLTZMANN * 1e18)
    * KILOPARSEC
)
"""sqrt(3) e^3 B / (4 pi m c^2) as Rayleigh-Jeans brightness [K/kpc] of 1 uG, 1 cm^-3, 1 GHz."""

FLUX_TO_DENSITY = 4 * math.pi * ELECTRON_REST_ENERGY / (SPEED_OF_LIGHT * 1e-2) * 1e-6
"""Density per unit Lorentz factor [cm^-3] of a flux of 1 (GeV m^2 s sr)^-1 at v = c: 4 pi m c^2 / c."""

SELF_ABSORPTION = (
    math.sqrt(3)
    * ELEMENTARY_CHARGE**3
    * 1e-6
    / (8 * math.pi * (ELECTRON_MASS * SPEED_OF_LIGHT) ** 2 * 1e18)
    * KILOPARSEC
)
"""sqrt(3) e^3 B / (8 pi m^2 c^2 nu^2) [kpc^-1] of 1 uG, 1 cm^-3, 1 GHz."""

FREE_FREE = (
    4
    * ELEMENTARY_CHARGE**6
    / (3 * ELECTRON_MASS * SPEED_OF_LIGHT * BOLTZMANN)
    * math.sqrt(2 * math.pi / (3 * BOLTZMANN * ELECTRON_MASS))
    * 1e-18
    * KILOPARSEC
)
"""Free-free absorption [kpc^-1] of 1 cm^-3 of electrons and ions, 1 K, 1 GHz and Gaunt factor 1, for h nu << k T."""

FARADAY_CONVERSION = (
    ELEMENTARY_CHARGE**4 * 1e-12 / (4 * math.pi**2 * (ELECTRON_MASS * SPEED_OF_LIGHT) ** 3 * 1e27) * KILOPARSEC
)
"""omega_p^2 omega_B^2 / (2 c omega^3) [rad/kpc] of 1 cm^-3, 1 uG, 1 GHz: e^4 B^2 / (4 pi^2 m^3 c^3 nu^3)."""

THOMSON = 8 * math.pi / 3 * (ELEMENTARY_CHARGE**2 / (ELECTRON_MASS * SPEED_OF_LIGHT**2)) ** 2
"""Thomson cross section [cm^2]: 8 pi/3 (e^2/(m c^2))^2."""

COMPTON = 3 * THOMSON * SPEED_OF_LIGHT / (16 * math.pi * ELECTRON_REST_ENERGY) * KILOPARSEC
"""3 sigma_T c/(16 pi m c^2) [GeV^-1 cm^-2 s^-1 sr^-1 per kpc], of electrons and photons in cm^-3 per m c^2."""
