from typing import ClassVar

import jax.numpy as jnp

from .._core.constants import CRITICAL_FREQUENCY, SYNCHROTRON
from .._core.elementary import horner, power
from .._core.types import Scalar
from ..fields.base import Population
from ..geometry import Ray
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, add_parts

# Gamma(p/4 + 19/12) Gamma(p/4 + 11/12) in (p - 3.5)/1.5, relative error 4e-13 for 2 <= p <= 5
_GAMMA_PRODUCT = (
    1.2000701934442586,
    0.43263236060949845,
    0.18276311325678413,
    0.03896267783973763,
    0.010239283992939899,
    0.001493046159506331,
    0.0003329613580853758,
    3.057078209332263e-05,
    8.101573275260371e-06,
    1.8093739177670787e-07,
    1.942794311534848e-07,
    -1.8845463032725707e-08,
    6.884403557246025e-09,
)


class Synchrotron(AbstractEmissionOperator):
    """Synchrotron emission of power-law electrons, N(gamma) = N_0 gamma^-p with 2 < p < 5.

    j_I = sqrt(3) e^3 N_0 B_perp / (4 pi m c^2 (p + 1)) Gamma(p/4 + 19/12) Gamma(p/4 - 1/12)
          (2 pi nu m c / (3 e B_perp))^(-(p - 1)/2),
    j_Q, j_U = j_I (p + 1)/(p + 7/3) (q, u),  q = (B_E^2 - B_N^2)/B_perp^2,  u = -2 B_E B_N/B_perp^2,

    with B_E, B_N the field towards east and north: the electric vector is perpendicular to B_perp. Every population
    of the cosmic rays emits with its own index; where p leaves [2, 5] (a grid of indices, outside its box) it is dark.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eqs. 6.36 and 6.38, divided by 4 pi sr
    times 2 pi for emission per solid angle and Hz.

    !!! example
        >>> operator = sl.emission.Synchrotron()
    """

    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "cosmic_rays")

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Emissivity of I, Q and U, K/kpc, at `frequency`, () GHz."""
        east, north, _ = ray.project(plasma.magnetic_field)
        total = StokesVector()
        for population in plasma.cosmic_rays:
            total = add_parts(total, _emissivity(population, east, north, frequency))
        return TransferCoefficients(emissivity=total)


def _emissivity(population: Population, east: Scalar, north: Scalar, frequency: Scalar) -> StokesVector:
    known = (population.index >= 2) & (population.index <= 5)
    p = jnp.where(known, population.index, 3)
    square = east * east + north * north
    lit = known & (square > 0)
    # j_I = scale B_perp^((p + 1)/2), written as B_perp^2 times a power that is 1 for p = 3: smooth at B_perp = 0
    shape = jnp.where(lit, power(jnp.where(lit, square, 1), (p - 3) / 4), 0)
    scale = SYNCHROTRON * gamma_factor(p) / frequency**2 * power(CRITICAL_FREQUENCY / frequency, (p - 1) / 2)
    emissivity = population.density * scale * shape
    polarised = emissivity * ((p + 1) / (p + 7 / 3))
    return StokesVector(
        I=emissivity * square, Q=polarised * (east * east - north * north), U=polarised * (-2 * east * north)
    )


def gamma_factor(p: Scalar) -> Scalar:
    """Gamma(p/4 + 19/12) Gamma(p/4 - 1/12) / (p + 1) for 2 <= p <= 5, by a polynomial."""
    return horner((p - 3.5) / 1.5, _GAMMA_PRODUCT) / ((p / 4 - 1 / 12) * (p + 1))
