"""The power law of cosmic-ray electrons as operators see it."""

import dataclasses

import jax.numpy as jnp

from ..._core.types import Scalar
from ..fields.population import Population

RANGE = (0.5, 7.0)
"""Indices between which the polynomials in p hold to 1e-4; between 2 and 5 they hold to 2e-9 and better."""


def power_law(population: Population) -> Population:
    """The power law of a population, dark where its index is 0, as outside the box of a grid of indices."""
    law = population.power_law
    known = law.index != 0
    return dataclasses.replace(law, density=jnp.where(known, law.density, 0), index=jnp.where(known, law.index, 3))


def within(p: Scalar) -> Scalar:
    """The index for factors that are polynomials of it: held at the ends of their range."""
    return jnp.clip(p, *RANGE)
