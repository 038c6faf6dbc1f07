"""Absorption by a column, whose cross sections depend on energy alone."""

import abc

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.types import Scalar
from ..base import AbstractFactor
from ..bins import Bins

Sections = Float[Array, "*n species"]


class AbstractAbsorption(AbstractFactor):
    """A factor T(E) = exp[-tau(sigma(E))], whose cross sections sigma have no parameters: they are looked up once."""

    @abc.abstractmethod
    def sections(self, energy: Scalar) -> Float[Array, " species"]:
        """Cross sections at one energy, keV, in 1e-22 cm2; of its settings alone, never of what is learnt."""

    @abc.abstractmethod
    def depth(self, sections: Sections) -> Float[Array, "*n"]:
        """The optical depth from cross sections, which are on the last axis."""

    def __call__(self, energy: Scalar) -> Scalar:
        return jnp.exp(-self.depth(self.sections(energy)))

    def at(self, bins: Bins) -> Float[Array, "2 n"]:
        return jnp.exp(-self.depth(bins.once(self.sections)))
