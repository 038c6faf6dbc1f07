from typing import ClassVar

import jax.numpy as jnp

from ..._core.module import param, setting
from ..._core.types import Scalar
from ...sky.emission.free_free import gaunt_factor
from .base import AbstractSED, Parameter, of_pixel


class FreeFree(AbstractSED):
    """Free-free emission of thin ionised gas.

    s(nu) = (nu_0/nu)^2 g(nu, T)/g(nu_0, T),

    g the Gaunt factor of `sl.emission.FreeFree`, within 1 % from 1 MHz to 1 THz.

    **Arguments:** `temperature` T: of the electrons, K, a number or a map; `reference` nu_0: GHz.

    **Source:** Draine 2011, "Physics of the Interstellar and Intergalactic Medium", eq. 10.9.

    !!! example
        >>> round(float(sl.components.FreeFree()(46.0)), 4)
        0.2275
    """

    cites: ClassVar[tuple[str, ...]] = ("Draine2011",)
    temperature: Parameter = param(7000.0, unit="K", positive=True, symbol="T_e")
    reference: float = setting(23.0, unit="GHz", positive=True)

    def __call__(self, frequency: Scalar) -> Scalar:
        temperature, at_reference = of_pixel(self.temperature), jnp.full_like(frequency, self.reference)
        gaunt, there = (gaunt_factor(temperature, nu) for nu in (frequency, at_reference))
        return (self.reference / frequency) ** 2 * (gaunt / there)
