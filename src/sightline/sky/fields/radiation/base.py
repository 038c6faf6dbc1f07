"""The contract of a radiation field: isotropic photons at one point."""

import abc

import jax.numpy as jnp

from ...._core.types import Scalar, Vector
from ..base import AbstractField
from ..photons import Photons


class AbstractRadiation(AbstractField):
    """A radiation field: subclass it and write `photons` for one point. Its value is the energy density, eV cm^-3.

    !!! example
        >>> class Warm(sl.radiation.AbstractRadiation):
        ...     temperature: Float[Array, ""] = sl.param(40.0, unit="K", positive=True)
        ...
        ...     def photons(self, position):
        ...         fall = jnp.exp(-jnp.abs(position[2]))
        ...         greybody = sl.radiation.spectra.Greybody.of(self.temperature, jnp.full_like(fall, 0.5))
        ...         return (sl.fields.Photons(fall, greybody),)
        >>> Warm()(jnp.zeros(3))
        Array(0.5, dtype=float64)
    """

    @abc.abstractmethod
    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """The photons at a position, (3,) kpc, one population per term of a sum."""

    def __call__(self, position: Vector) -> Scalar:
        """Energy density, () eV cm^-3, at a position, (3,) kpc."""
        first, *rest = (photons.energy_density for photons in self.photons(position))
        return jnp.asarray(sum(rest, first))
