"""Models of the electron temperature, K."""

from .uniform import Uniform as Uniform
