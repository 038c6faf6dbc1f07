import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp

from ..._core.constants import CRITICAL_FREQUENCY, SELF_ABSORPTION, SYNCHROTRON
from ..._core.module import setting
from ..._core.types import Scalar
from ..fields.population import Population
from ..geometry import Ray, Structures
from .base import AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients, of_fields
from .spectrum_table import integrate, moments, reach, rule, tabulate
from .synchrotron import Synchrotron

_FAINT = 1e-16  # uG^2: below, B_perp counts as 0


class SynchrotronSpectrum(AbstractEmissionOperator):
    """Synchrotron emission and absorption of electrons with any isotropic spectrum.

    j_I = sqrt(3) e^3 B_perp/(4 pi m c^2) int N(gamma) F(x) d gamma,  x = nu/nu_c,
    nu_c = 3 e B_perp gamma^2/(4 pi m c),

    j_Q, j_U: the same with G, times (q, u) as `Synchrotron` has them. Self-absorption, integrated by parts:

    kappa_I = sqrt(3) e^3 B_perp/(8 pi m^2 c^2 nu^2) 2 int N(gamma)/gamma (F - x F') d gamma,

    kappa_Q, kappa_U: the same with G - x G', times (q, u). Each population of the cosmic rays emits with its own
    spectrum, see `sl.cosmic_rays.WithSpectrum` and `sl.cosmic_rays.SpectrumGrid`; one that is a power law emits as in
    `Synchrotron`.

    Where the spectrum is the same everywhere, its integrals are tabulated once against ln(nu/B_perp); where it varies,
    they are sums at each point, which hold 300 numbers per cell: choose a smaller `chunk` of the simulator. Smooth
    spectra are good to 1e-5 with the default nodes, and so are those with p > 1.5 at high energies.

    Frequencies are those from 1 MHz to 1 THz: others are refused, or give NaN where they are traced. So do fields above
    2.4 mG at 1 MHz (in proportion to the frequency), whose electrons would not be relativistic. B_perp < 1e-8 uG counts
    as no field. A spectrum that is known at some energies only goes on as it says itself.

    **Arguments:**

    - `absorption`: `"none"`; `"total"`: kappa_I alone, for any solver; `"polarised"`: with kappa_Q and kappa_U, for
      `PolarisedTransfer`.
    - `nodes`: per decade of energy, of the quadrature; it spans five decades for every frequency.

    **Raises:** `ValueError` for frequencies below 1 MHz or above 1 THz.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eqs. 6.17, 6.18, 6.30 and 6.31, and
    6.50 for the absorption; Ginzburg & Syrovatskii 1969, ARA&A 7, 375, for its polarisation.

    !!! example
        >>> spectrum = sl.cosmic_rays.spectra.BrokenPowerLaw(index_low=1.8, index_high=3.1, break_energy=4.0)
        >>> simulator = sl.Simulator(
        ...     magnetic_field=sl.magnetic.LSA(),
        ...     cosmic_rays=sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), spectrum),
        ...     emission=sl.emission.SynchrotronSpectrum(),
        ... )
    """

    cites: ClassVar[tuple[str, ...]] = ("Ginzburg1969", "Rybicki1979")
    absorption: str = setting("none", choices=("none", "total", "polarised"))
    nodes: int = setting(32, bounds=(6, 100))
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "cosmic_rays")
    indices: ClassVar[tuple[float, float]] = (2.0, 5.0)
    frequencies: ClassVar[tuple[float, float]] = (1e-3, 1e3)

    def __check_init__(self) -> None:
        if not isinstance(self.nodes, int):
            raise TypeError(f"SynchrotronSpectrum.nodes = {self.nodes!r} must be a whole number of nodes per decade.")

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return of_fields(told)

    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """Emissivity of I, Q and U, K/kpc, and absorption, per kpc, at `frequency`, () GHz."""
        self.check_frequency(frequency)
        total, across = TransferCoefficients(), _Across.of(plasma, ray)
        simple = tuple(population for population in plasma.cosmic_rays if population.spectrum is None)
        if simple:
            operator = Synchrotron(absorption=self.absorption)
            total = operator(dataclasses.replace(plasma, cosmic_rays=simple), ray, frequency)
        for population in plasma.cosmic_rays:
            if population.spectrum is not None:
                total = total + self._coefficients(population, across, frequency)
        return total

    def _coefficients(self, population: Population, across: "_Across", frequency: Scalar) -> TransferCoefficients:
        """Those of one population with a spectrum."""
        nodes, u = rule(self.nodes), jnp.log(frequency / (CRITICAL_FREQUENCY / 2)) - across.log_field
        spectrum = moments(population.spectrum, nodes, u.dtype)
        density = population.density * reach(u) / jnp.where(self.covers(frequency), frequency**2, jnp.nan)

        def part(kind: str, scale: float) -> StokesVector:
            if population.spectrum.varies:
                strength, fraction = integrate(spectrum, nodes, kind, u, across.log_field)
            else:
                strength, fraction = tabulate(spectrum, nodes, kind)(u, across.log_field)
            size = density * scale * strength
            polarised = size * fraction
            return StokesVector(I=size * across.square, Q=polarised * across.q, U=polarised * across.u)

        emissivity = part("emission", SYNCHROTRON)
        if self.absorption == "none":
            return TransferCoefficients(emissivity)
        absorption = part("absorption", SELF_ABSORPTION)
        if self.absorption == "total":
            absorption = StokesVector(I=absorption.I)
        return TransferCoefficients(emissivity, absorption)


class _Across(eqx.Module):
    """The field across the ray: ln(B_perp/uG), B_perp^2 and its projections, 0 where it counts as none."""

    log_field: Scalar
    square: Scalar
    q: Scalar
    u: Scalar

    @classmethod
    def of(cls, plasma: Plasma, ray: Ray) -> "_Across":
        east, north, _ = ray.project(plasma.magnetic_field)
        square = east * east + north * north
        lit = square > _FAINT
        parts: list[Any] = [jnp.where(lit, x, 0) for x in (square, east * east - north * north, -2 * east * north)]
        # jnp.log, which XLA does not repeat for every tap of the table as it does the polynomial
        return cls(0.5 * jnp.log(jnp.where(lit, square, 1)), *parts)
