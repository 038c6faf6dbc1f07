"""Rates at which fast electrons lose energy, -d gamma/dt per Myr: radiation, and collisions with hydrogen."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.constants import (
    ELECTRON_MASS,
    ELECTRON_REST_ENERGY,
    ELEMENTARY_CHARGE,
    PLANCK,
    SPEED_OF_LIGHT,
    THOMSON,
)
from .inverse_compton import loss_factor

Values = Float[Array, "*shape"]

MEGAYEAR = 3.15576e13  # s
_REST = ELECTRON_REST_ENERGY * 1e9  # eV
_ERG = ELECTRON_MASS * SPEED_OF_LIGHT**2
_RADIUS = ELEMENTARY_CHARGE**2 / _ERG  # cm
_WAVELENGTH = PLANCK / (2 * math.pi * ELECTRON_MASS * SPEED_OF_LIGHT)  # hbar/(m c), cm
_FINE_STRUCTURE = _RADIUS / _WAVELENGTH
_THOMSON = 4 / 3 * THOMSON * SPEED_OF_LIGHT * MEGAYEAR
_FIELD = _THOMSON * 1e-12 / (8 * math.pi) / _ERG
_BREMSSTRAHLUNG = _FINE_STRUCTURE * _RADIUS**2 * SPEED_OF_LIGHT * MEGAYEAR
_SCREENED = 4 / 3 * 45.79 - 1 / 3 * 44.46
_COLLISIONS = 0.75 * THOMSON * SPEED_OF_LIGHT * MEGAYEAR
_PLASMA = -math.log(4 * math.pi * _RADIUS * _WAVELENGTH**2) - 0.75
_ATOM = 2 * math.log(_REST / 19.2) - math.log(2) + 1 / 8


def synchrotron(gamma: Values, magnetic_field: Values) -> Values:
    """b = (4/3) sigma_T c B^2/(8 pi m c^2) gamma^2, of electrons with all directions.

    **Arguments:** `gamma`: Lorentz factor, (...); `magnetic_field`: the whole of it, (...) uG.

    **Returns:** (...) per Myr.

    **Source:** Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237, section 4.

    !!! example
        >>> from sightline.processes import losses
        >>> gamma = jnp.asarray(1e4)
        >>> round(float(gamma / losses.synchrotron(gamma, jnp.asarray(5.0))))  # Myr
        98
    """
    return _FIELD * (magnetic_field * gamma) ** 2


def inverse_compton(
    gamma: Float[Array, ""], energies: Float[Array, " photons"], densities: Float[Array, " photons"]
) -> Float[Array, ""]:
    """b = (4/3) sigma_T c/(m c^2) gamma^2 sum_k u_k f_KN(4 gamma e_k): f_KN is 1 in the Thomson regime.

    **Arguments:** `gamma`: (); `energies` e_k: of photons, in m_e c^2, (n,); `densities` u_k: eV cm^-3, (n,).

    **Returns:** () per Myr.

    **Source:** Jones 1968, Phys. Rev. 167, 1159; Moderski et al. 2005, MNRAS 363, 954.
    """
    total = jnp.sum(densities * loss_factor(4 * gamma * energies))
    return (_THOMSON / _REST) * total * gamma * gamma


def bremsstrahlung(gamma: Values, ionised: Values, neutral: Values) -> Values:
    """b = alpha r_0^2 c gamma (8 n_p (ln 2 gamma - 1/3) + n_H (4/3 phi_1 - phi_2/3)).

    Protons and electrons of a plasma are bare; atoms are screened wholly, phi_1 = 45.79 and phi_2 = 44.46.

    **Arguments:** `gamma`: (...); `ionised`, `neutral`: hydrogen, (...) cm^-3.

    **Returns:** (...) per Myr.

    **Source:** Blumenthal & Gould 1970, Rev. Mod. Phys. 42, 237, section 3.
    """
    bare = 8 * (jnp.log(2 * gamma) - 1 / 3)
    return _BREMSSTRAHLUNG * gamma * (ionised * bare + neutral * _SCREENED)


def coulomb(gamma: Values, ionised: Values, neutral: Values) -> Values:
    """b = (3/4) sigma_T c (n_e (ln gamma - ln n_e + 73.57) + n_H (3 ln gamma + 19.8)): a plasma, and ionisation.

    **Arguments, returns:** as `bremsstrahlung`.

    **Source:** Ginzburg 1979, "Theoretical Physics and Astrophysics"; Longair 2011, "High Energy Astrophysics", section
    5; with the mean excitation energy of hydrogen, 19.2 eV.
    """
    logarithm = jnp.log(gamma)
    some = jnp.where(ionised > 0, ionised, 1)
    plasma = ionised * (logarithm - jnp.log(some) + _PLASMA)
    return _COLLISIONS * (plasma + neutral * (3 * logarithm + _ATOM))
