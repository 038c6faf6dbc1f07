from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....._core.module import is_concrete, param, setting
from ....._core.types import Scalar
from .....processes.compton_photons import integrals
from .base import LOG_REST, REST, AbstractPhotonSpectrum

_NODES = 12  # of each interval


class Tabulated(AbstractPhotonSpectrum):
    """Photons between tabulated energies: e^2 n(e) is linear in ln e, and zero beyond the first and last energy.

    **Arguments:** `values`: e^2 n(e), the energy density per ln e, (n,) eV cm^-3, not negative; `energies`: (n,) eV,
    ascending.

    **Raises:** `ValueError` for fewer than two energies, energies out of order or of another number than the values,
    and values that are negative or all zero.

    !!! example
        >>> spectrum = sl.radiation.spectra.Tabulated([0.0, 0.3, 0.1, 0.0], energies=[0.1, 1.0, 3.0, 10.0])
        >>> round(float(spectrum.total()), 4)
        0.6253
    """

    values: Float[Array, " energies"] = param(unit="eV cm-3", bounds=(0, None), symbol="e^2 n")
    energies: tuple[float, ...] = setting(unit="eV", positive=True)

    def __check_init__(self) -> None:
        check_table(self.energies, self.values, "Tabulated")

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        knots = jnp.asarray(places(self.energies), log_energy.dtype)
        value = jnp.interp(log_energy, knots, self.values, left=0.0, right=0.0)
        return value / REST * jnp.exp(-2 * log_energy)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return jnp.dot(self.values, jnp.asarray(widths(self.energies), self.values.dtype), precision="highest")

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), of the first and last energy."""
        first, *_, last = jnp.asarray(places(self.energies), self.values.dtype)
        return first, last

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        parts = eqx.filter_vmap(lambda hat: hat.integrals(kappa))(hats(self.energies, self.values.dtype))
        first, second = (jnp.dot(part, self.values, precision="highest") for part in parts)
        return first, second


class Hat(AbstractPhotonSpectrum):
    """Photons of one value of a table: e^2 n(e) rises from 0 to 1 eV cm^-3 and falls again, linear in ln e.

    **Arguments:** `knots`: ln(e/m_e c^2) where it begins, is 1, and ends, (3,).
    """

    knots: Float[Array, "3"] = eqx.field()

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        low, top, high = self.knots
        rises, falls = _ramp(log_energy, low, top), _ramp(log_energy, high, top)
        value = jnp.where(log_energy < top, rises, falls)
        inside = (log_energy >= low) & (log_energy <= high)
        return jnp.where(inside, value / REST * jnp.exp(-2 * log_energy), 0)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return 0.5 * (self.knots[2] - self.knots[0])

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), where it begins and ends."""
        return self.knots[0], self.knots[2]

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        low, top, high = self.knots
        rise = integrals(lambda at: _ramp(at, low, top) / REST * jnp.exp(-2 * at), kappa, low, top, count=_NODES)
        fall = integrals(lambda at: _ramp(at, high, top) / REST * jnp.exp(-2 * at), kappa, top, high, count=_NODES)
        return rise[0] + fall[0], rise[1] + fall[1]


def _ramp(at: Array, foot: Scalar, top: Scalar) -> Array:
    """0 at the foot, 1 at the top; 1 of a ramp of no width, as the first and last value have."""
    flat = foot == top
    return jnp.where(flat, 1, (at - foot) / jnp.where(flat, 1, top - foot))


def hats(energies: tuple[float, ...], dtype: Any) -> Hat:
    """Those of all energies [eV], stacked."""
    knots = places(energies)
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    return Hat(jnp.asarray(np.stack([padded[:-2], knots, padded[2:]], axis=-1), dtype))


def places(energies: tuple[float, ...]) -> np.ndarray:
    """ln(e/m_e c^2) of energies [eV]."""
    return np.log(np.asarray(energies)) - LOG_REST


def widths(energies: tuple[float, ...]) -> np.ndarray:
    """What multiplies values at energies [eV] in their integral over ln e: half the intervals beside each."""
    steps = np.diff(np.log(np.asarray(energies)))
    return 0.5 * (np.append(steps, 0) + np.append(0, steps))


def check_table(energies: tuple[float, ...], values: Array, name: str) -> None:
    """Refuses energies that are no first axis of a table of photons, and a table without any.

    **Raises:** `ValueError`.
    """
    if len(energies) < 2 or not np.all(np.diff(energies) > 0):
        raise ValueError(f"{name}.energies = {energies} must be at least two, ascending [eV]: sort them.")
    shape = getattr(values, "shape", (len(energies),))
    if shape[:1] != (len(energies),):
        raise ValueError(f"{name} has values of shape {shape} for {len(energies)} energies: energy must be first.")
    if isinstance(values, Array) and is_concrete(values) and not np.any(np.asarray(values) > 0):
        raise ValueError(f"{name}.values are all zero: there are no photons.")
