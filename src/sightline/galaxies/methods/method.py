"""The contract of a method: from emitters to the light in channels and spaxels."""

import abc
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import SPEED_OF_LIGHT
from ..._core.module import Module
from ..cubes.templates import Templates
from .emitters import Emitters

LIGHT_SPEED = 1e-5 * SPEED_OF_LIGHT
"""km/s."""

Transmission = Callable[[Array], Array]


class AbstractMethod(Module):
    """How the light of emitters is added up: subclass it and write `__call__`.

    !!! example
        >>> issubclass(sl.cubes.Exact, sl.cubes.AbstractMethod)
        True
    """

    @abc.abstractmethod
    def __call__(
        self, emitters: Emitters, templates: Templates, spaxels: int, transmission: Transmission | None
    ) -> Float[Array, "channels spaxels"]:
        """Luminosities in channels and spaxels, of the unit of the templates, per 1 + v/c.

        **Arguments:** `spaxels`: how many; `transmission`: of A_V, (n,) mag, to the share that passes, (n, channels).
        """


def shifts(velocity: Float[Array, "*n"]) -> tuple[Array, Array]:
    """v/(c + v), by which wavelengths of the channels move to rest, and 1/(1 + v/c)."""
    beta = velocity / LIGHT_SPEED
    return beta / (1 + beta), 1 / (1 + beta)


def total(parts: list[Array]) -> Array:
    """The sum of arrays of one shape."""
    return sum(parts[1:], start=jnp.asarray(parts[0]))
