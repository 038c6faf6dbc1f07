from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import CRITICAL_FREQUENCY, SELF_ABSORPTION, SYNCHROTRON
from ..._core.elementary import horner, power
from ..._core.module import param, setting
from ..._core.types import Scalar
from ..fields import AbstractField
from ..fields.base import evaluate
from ..fields.population import Population
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, of_fields
from .electrons import power_law, within
from .ensemble import check_amplitude, mean_powers

# Gamma(p/4 + 19/12) Gamma(p/4 + 11/12) in (p - 3.5)/1.5, relative error 4e-13 for 2 <= p <= 5
_EMISSION_GAMMAS = (
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
# Gamma(p/4 + 11/6) Gamma(p/4 + 7/6), relative error 9e-15
_ABSORPTION_GAMMAS = (
    1.583514848839566,
    0.7421625822555233,
    0.29350877856892477,
    0.07515001536152761,
    0.017871251700325816,
    0.0032551528662250785,
    0.0005884258330247545,
    8.30686354381975e-05,
    1.279013477610288e-05,
    1.4052855425156129e-06,
    2.0934988456115288e-07,
    1.5551973867488337e-08,
    3.224070574536883e-09,
)


class Synchrotron(AbstractEmissionOperator):
    """Synchrotron emission of power-law electrons, N(gamma) = N_0 gamma^-p.

    j_I = sqrt(3) e^3 N_0 B_perp / (4 pi m c^2 (p + 1)) Gamma(p/4 + 19/12) Gamma(p/4 - 1/12)
          (2 pi nu m c / (3 e B_perp))^(-(p - 1)/2),
    j_Q, j_U = j_I (p + 1)/(p + 7/3) (q, u),  q = (B_E^2 - B_N^2)/B_perp^2,  u = -2 B_E B_N/B_perp^2,

    with B_E, B_N the field towards east and north: the electric vector is perpendicular to B_perp. Every population
    of the cosmic rays emits with its own index. Coefficients hold for 0.5 < p < 7, to 1e-5 outside [2, 5]; beyond, the
    factors that are polynomials of p keep their last value, so that a fit finds its way back, and a simulator warns of
    p outside [2, 5]. Where p = 0 (a grid of indices, outside its box) there are no electrons.

    Unresolved fields enter by their mean. An isotropic Gaussian field of rms modulus sigma adds to the powers of
    B_perp: for p = 3 j_I grows by B_perp^2 -> B_perp^2 + 2 sigma^2/3 and j_Q, j_U stay, for other p the moments of
    Rice hold. A striated field, along the regular one with random sign and the variance beta B^2, multiplies B_perp^2
    of the regular field by 1 + beta in all of I, Q and U: exact for p = 3, a convention for other p. Neither changes
    RM.

    Self-absorption, of the same electrons:

    kappa_I = sqrt(3) e^3 N_0 B_perp/(8 pi m^2 c^2 nu^2) Gamma(p/4 + 11/6) Gamma(p/4 + 1/6)
              (2 pi nu m c/(3 e B_perp))^(-p/2),  kappa_Q, kappa_U = kappa_I (p + 2)/(p + 10/3) (q, u).

    **Arguments:**

    - `absorption`: `"none"`; `"total"`: kappa_I alone, for any solver; `"polarised"`: with kappa_Q and kappa_U, for
      `PolarisedTransfer`.
    - `random`: the rms sigma, a scalar field, uG, such as `sl.magnetic.JF12RandomAmplitude()`; `None`: no random field.
    - `striation`: beta, a number or a scalar field; `None`: no striated field.

    **Raises:** `TypeError` for a `random` that is no scalar field.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eqs. 6.36 and 6.38, divided by 4 pi sr
    times 2 pi for emission per solid angle and Hz, and 6.53; Ginzburg & Syrovatskii 1969, ARA&A 7, 375, for the
    polarisation of absorption; Jansson & Farrar 2012, ApJ 757, 14, for the striated field; Rice
    1945, Bell System Technical Journal 24, 46, for the moments.

    !!! example
        >>> operator = sl.emission.Synchrotron(random=sl.magnetic.JF12RandomAmplitude(), striation=1.36)
    """

    cites: ClassVar[tuple[str, ...]] = ("Ginzburg1969", "Rybicki1979")
    random: AbstractField | None = None
    striation: Float[Array, ""] | AbstractField | None = param(None, bounds=(0, None), symbol=r"\beta")
    absorption: str = setting("none", choices=("none", "total", "polarised"), kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "cosmic_rays")
    indices: ClassVar[tuple[float, float]] = (2.0, 5.0)

    def __check_init__(self) -> None:
        check_amplitude(self.random, "Synchrotron.random")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told, self.random)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Emissivity of I, Q and U, K/kpc, and absorption, per kpc, at `frequency`, () GHz."""
        field, total = self._across(plasma, ray), TransferCoefficients()
        for population in plasma.cosmic_rays:
            total = total + self._coefficients(population, field, frequency)
        return total

    def _coefficients(self, population: Population, field: "_Across", frequency: Scalar) -> TransferCoefficients:
        law = power_law(population)
        if self.absorption == "none":
            return TransferCoefficients(_emissivity(law, field, frequency))
        absorption = _absorption(law, field, frequency)
        part = StokesVector(I=absorption.I) if self.absorption == "total" else absorption
        return TransferCoefficients(_emissivity(law, field, frequency), part)

    def exponents(self, plasma: Plasma) -> TransferCoefficients | None:
        population, *more = plasma.cosmic_rays
        if more:
            return None
        p = power_law(population).index
        emission, absorption = -(p + 3) / 2, -(p + 4) / 2
        emissivity = StokesVector(I=emission, Q=emission, U=emission)
        if self.absorption == "none":
            return TransferCoefficients(emissivity)
        part = {"total": "I", "polarised": "IQU"}[self.absorption]
        return TransferCoefficients(emissivity, StokesVector(**dict.fromkeys(part, absorption)))

    def _across(self, plasma: Plasma, ray: Ray) -> "_Across":
        east, north, _ = ray.project(plasma.magnetic_field)
        q, u = east * east - north * north, -2 * east * north
        square = east * east + north * north
        if self.striation is not None:
            growth = 1 + evaluate(self.striation, plasma.position)
            square, q, u = growth * square, growth * q, growth * u
        if self.random is None:
            return _Across(square, q, u)
        sigma = self.random(plasma.position)
        return _Across(square, q, u, (2 / 3) * sigma * sigma)


class _Across(eqx.Module):
    """The field across the ray, uG^2: B_perp^2 and its projections, with the variance that unresolved fields add."""

    square: Scalar
    q: Scalar
    u: Scalar
    variance: Scalar | None = None

    def powers(self, a: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """The means of B_perp^(2 a) times 1, q and u, smooth where B_perp = 0."""
        total = self.square if self.variance is None else self.square + self.variance
        lit = total > 0
        # B_perp^2 times a power that is 1 for a = 1, also where B_perp = 0: second derivatives need it there
        shape = jnp.where(lit, power(jnp.where(lit, total, 1), a - 1), jnp.where(a == 1, 1.0, 0.0))
        if self.variance is None:
            return shape * total, shape * self.q, shape * self.u
        intensity, polarised = mean_powers(self.square, self.variance, a)
        polarised = shape * polarised
        return shape * intensity * total, polarised * self.q, polarised * self.u


def _emissivity(law: Population, field: _Across, frequency: Scalar) -> StokesVector:
    """N_0 x^((p-1)/2) with x = nu_B/nu is n gamma_0 (gamma_0^2 x)^((p-1)/2), of a moderate base at a pivot gamma_0."""
    p = law.index
    total, q, u = field.powers((p + 1) / 4)
    critical = CRITICAL_FREQUENCY * law.pivot**2 / frequency
    scale = SYNCHROTRON * law.pivot * gamma_factor(p) / frequency**2 * power(critical, (p - 1) / 2)
    emissivity, near = law.density * scale, within(p)
    polarised = emissivity * ((near + 1) / (near + 7 / 3))
    return StokesVector(I=emissivity * total, Q=polarised * q, U=polarised * u)


def _absorption(law: Population, field: _Across, frequency: Scalar) -> StokesVector:
    p, near = law.index, within(law.index)
    total, q, u = field.powers((p + 2) / 4)
    gammas = horner((near - 3.5) / 1.5, _ABSORPTION_GAMMAS) / (near / 4 + 1 / 6)
    critical = CRITICAL_FREQUENCY * law.pivot**2 / frequency
    absorption = law.density * (SELF_ABSORPTION * gammas / frequency**2 * power(critical, p / 2))
    polarised = absorption * ((near + 2) / (near + 10 / 3))
    return StokesVector(I=absorption * total, Q=polarised * q, U=polarised * u)


def gamma_factor(p: Scalar) -> Scalar:
    """Gamma(p/4 + 19/12) Gamma(p/4 - 1/12) / (p + 1), by a polynomial: to 4e-13 for 2 <= p <= 5, 1e-5 for 0.5 to 7."""
    p = within(p)
    return horner((p - 3.5) / 1.5, _EMISSION_GAMMAS) / ((p / 4 - 1 / 12) * (p + 1))
