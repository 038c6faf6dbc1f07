import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax.numpy as jnp

from ..._core.constants import CRITICAL_FREQUENCY, SELF_ABSORPTION, SYNCHROTRON
from ..._core.elementary import horner, power
from ..._core.module import setting
from ..._core.types import Scalar
from ..fields.population import Population
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, of_fields
from .electrons import power_law, within
from .synchrotron import gamma_factor

# Gamma(p/4 + 2/3) Gamma(p/4 + 4/3) in (p - 3.5)/1.5, relative error 4e-12 for 2 <= p <= 5
_GAMMAS = (
    0.9831858893702261,
    0.22998953408300352,
    0.1286405948657844,
    0.01647199335297694,
    0.007278274543343241,
    0.0003090856409380991,
    0.0002963647678295072,
    -1.8621914485578927e-05,
    1.2550372227004035e-05,
    -2.084142101657734e-06,
    6.348358817341213e-07,
    -1.7894620069412942e-07,
    4.5312461887627227e-08,
)


class CircularSynchrotron(AbstractEmissionOperator):
    """Circular polarisation of the synchrotron emission of isotropic power-law electrons, N(gamma) = N_0 gamma^-p.

    j_V = sqrt(3) e^3 N_0 B_los / (12 pi m c^2) (p + 2)/p Gamma(p/4 + 2/3) Gamma(p/4 + 1/3)
          (2 pi nu m c/(3 e B_perp))^(-p/2),

    the first order in 1/gamma: V/I is of the order of (e B/(2 pi m c nu))^(1/2), 10^-4 at 1 GHz and 6 uG. It
    emits V alone and adds to `Synchrotron`. B_los is positive towards the observer, and so is V then: electrons turn
    counterclockwise on the sky, which is right-handed by IAU and IEEE. Positrons would count negative. It holds for
    the p of `Synchrotron`, to 1e-4 outside [2, 5]; unresolved fields do not enter. Absorption by the same electrons:

    kappa_V = sqrt(3) e^3 N_0 B_los / (24 pi m^2 c^2 nu^2) (p + 2)(p + 3)/(p + 1) Gamma(p/4 + 11/12) Gamma(p/4 + 7/12)
              (2 pi nu m c/(3 e B_perp))^(-(p + 1)/2).

    **Arguments:** `absorption`: `"none"`, or `"polarised"`: kappa_V, for `PolarisedTransfer`.

    **Source:** Legg & Westfold 1968, ApJ 154, 499; Melrose 1971, Ap&SS 12, 172; Jones & O'Dell 1977, ApJ 214, 522.
    The absorption follows from the emission by the Einstein relation of Rybicki & Lightman 1979, "Radiative Processes
    in Astrophysics", eq. 6.50.

    !!! example
        >>> simulator = sl.Simulator(
        ...     magnetic_field=sl.magnetic.LSA(),
        ...     cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        ...     emission=(sl.emission.Synchrotron(), sl.emission.CircularSynchrotron()),
        ... )
        >>> simulator(sl.Directions([30.0, 60.0], [2.0, 2.0]), frequency=1.4).V.shape
        (2,)
    """

    cites: ClassVar[tuple[str, ...]] = ("Legg1968", "Jones1977")
    absorption: str = setting("none", choices=("none", "polarised"), kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "cosmic_rays")
    indices: ClassVar[tuple[float, float]] = (2.0, 5.0)

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Emissivity of V, K/kpc, and absorption, per kpc, at `frequency`, () GHz."""
        east, north, towards = ray.project(plasma.magnetic_field)
        square, total = east * east + north * north, TransferCoefficients()
        for population in plasma.cosmic_rays:
            law = power_law(population)
            law = dataclasses.replace(law, density=law.density * towards / (frequency * frequency))
            total = total + TransferCoefficients(emissivity=StokesVector(V=_emissivity(law, square, frequency)))
            if self.absorption == "polarised":
                total = total + TransferCoefficients(absorption=StokesVector(V=_absorption(law, square, frequency)))
        return total


def _emissivity(law: Population, square: Scalar, frequency: Scalar) -> Scalar:
    p = within(law.index)
    gammas = (p + 2) / p * horner((p - 3.5) / 1.5, _GAMMAS) / (p / 4 + 1 / 3)
    return law.density * (SYNCHROTRON / 3 * gammas * _power(law, square, frequency, law.index / 2))


def _absorption(law: Population, square: Scalar, frequency: Scalar) -> Scalar:
    p = within(law.index)
    gammas = gamma_factor(p) * (p + 2) * (p + 3) * (3 * p - 1) / (3 * p + 7)
    rate = SELF_ABSORPTION / (3 * law.pivot) * gammas
    return law.density * (rate * _power(law, square, frequency, (law.index + 1) / 2))


def _power(law: Population, square: Scalar, frequency: Scalar, exponent: Scalar) -> Scalar:
    """(3 e B_perp gamma_0^2/(2 pi m c nu))^exponent, smooth enough where B_perp = 0; gamma_0 is the pivot."""
    lit, scale = square > 0, CRITICAL_FREQUENCY * law.pivot**2 / frequency
    critical = jnp.sqrt(jnp.where(lit, square, 1)) * scale
    # the square has a second derivative where B_perp = 0
    return jnp.where(lit, power(critical, exponent), jnp.where(exponent == 2, scale * (scale * square), 0))
