import math
from collections.abc import Mapping
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import FREE_FREE
from ..._core.module import param
from ..._core.types import Scalar
from ..fields import AbstractField
from ..fields.base import evaluate
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, of_fields

_RYDBERG = 157888.0  # K, 13.6 eV
_COLDEST = 1e-6  # K: below, T^-3/2 would leave single precision


class FreeFree(AbstractEmissionOperator):
    """Thermal bremsstrahlung of ionised hydrogen, emission and absorption, with n_i = n_e.

    kappa = 4 e^6/(3 m c k) sqrt(2 pi/(3 k m)) C n_e^2 T^-3/2 nu^-2 g,  j = kappa T,

    the Rayleigh-Jeans limit: the source function is T in K (Rayleigh-Jeans). It neglects h nu/2kT of both, 0.03 % at
    100 GHz and 8000 K, and helium. The Gaunt factor

    g = ln(exp(5.9602 - sqrt(3)/pi ln(nu_9 T_4^-3/2 (1 + 0.0114 T_4)^1/2)) + e),  nu in GHz and T in 10^4 K,

    lies within 0.1 % of the thermal mean of the exact one from 1 MHz to 1 GHz, within 0.3 % at 100 GHz and within
    0.7 % at 1 THz, for 3000 K < T < 20000 K; at 1 GHz within 0.5 % up to 10^8 K, by the factor with 0.0114 = 0.18 kT/Ry
    at 10^4 K, between the classical limit and that of Born. Where T or n_e is not positive there is neither emission
    nor absorption; below 1e-6 K the coefficients are those of 1e-6 K.

    The Gaunt factor is the limit of low frequencies, and holds for all above that of the plasma. Frequencies beyond
    1 THz are refused, or give NaN where they are traced.

    **Arguments:** `clumping` C = <n_e^2>/<n_e>^2: a number or a scalar field, at least 1. The emission measure of a
    simulator has it too.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eq. 5.19a; Draine 2011, "Physics of the
    Interstellar and Intergalactic Medium", eq. 10.9; Karzas & Latter 1961, ApJS 6, 167, for the exact factor.

    !!! example
        >>> simulator = sl.Simulator(
        ...     electron_density=sl.electrons.YMW16(),
        ...     temperature=sl.temperature.Uniform(8000.0),
        ...     emission=sl.emission.FreeFree(clumping=3.0),
        ... )
    """

    cites: ClassVar[tuple[str, ...]] = ("Draine2011", "Rybicki1979")
    clumping: Float[Array, ""] | AbstractField = param(1.0, bounds=(1, None), symbol="C")
    needs: ClassVar[tuple[str, ...]] = ("electron_density", "temperature")
    frequencies: ClassVar[tuple[float, float]] = (0.0, 1e3)

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Emissivity of I, K/kpc, and absorption, per kpc, at `frequency`, () GHz."""
        self.check_frequency(frequency)
        ionised = (plasma.temperature > 0) & (plasma.electron_density > 0)
        temperature = jnp.maximum(jnp.where(ionised, plasma.temperature, 1e4), _COLDEST)
        density = jnp.where(ionised, plasma.electron_density, 0)
        squared = evaluate(self.clumping, plasma.position) * density * density
        factor = (
            FREE_FREE * gaunt_factor(temperature, frequency) / jnp.where(self.covers(frequency), frequency**2, jnp.nan)
        )
        scale = factor / (temperature * jnp.sqrt(temperature))
        absorption = scale * squared
        return TransferCoefficients(StokesVector(I=absorption * temperature), StokesVector(I=absorption))


def gaunt_factor(temperature: Scalar, frequency: Scalar) -> Scalar:
    """The thermally averaged free-free Gaunt factor of Draine 2011, eq. 10.9, () of K and GHz, also of hot gas.

    Soft photons of one electron have ln(4 E/h nu) - gamma_E - Re psi(1 + i eta), eta^2 = Ry/E, instead of the
    classical - ln eta; the thermal mean of the difference is ln(1 + 0.18 kT/Ry)/2 to 0.05.
    """
    slope = math.sqrt(3) / math.pi
    quantum = 0.5 * jnp.log1p(temperature * (0.18 / _RYDBERG))
    exponent = 5.9602 - slope * (jnp.log(frequency) - 1.5 * jnp.log(temperature * 1e-4) + quantum)
    return jnp.logaddexp(exponent, jnp.ones_like(exponent))
