"""Inverses of distributions by neural networks."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import setting
from ..._core.safe import safe_sqrt
from .base import AbstractDistribution, AbstractInverse
from .dense import ACTIVATIONS, check_layers, dense

Scalar = Float[Array, ""]


class Neural(AbstractInverse):
    """The inverse of a distribution by a dense network f of u and the parameters; make it by `sl.samplers.train`.

    $$l = \\frac{s e^f}{s e^f + 1 - s},\\qquad s = u\\ \\text{or}\\ 1 - \\sqrt{1-u}$$

    so that l is 0 at u = 0 and 1 at u = 1 whatever the weights; s is the latter where the density vanishes at the
    upper end. Parameters are scaled to [-1, 1], in the logarithm where the range spans a factor of 100.

    **Arguments:** `distribution`; `weights`: one (out, in) a layer; `biases`: one (out,) a layer; `history`: of the
    loss, (steps,); `activation`: "tanh" or "silu".

    **Raises:** `ValueError` for layers that do not follow one another, or do not fit the parameters.

    **Source:** Charles & Chen, NASCaRP, for the idea of one network a variable.

    !!! example
        >>> law = sl.processes.InverseCompton()
        >>> network = sl.samplers.train(law, jax.random.key(0), widths=(4,), steps=20, batch=50, target=1.0)
        >>> float(network(0.0, b=1.0)) <= float(network(1.0, b=1.0))
        True
    """

    distribution: AbstractDistribution
    weights: tuple[Float[Array, "out in"], ...]
    biases: tuple[Float[Array, " out"], ...]
    history: Float[Array, " steps"]
    activation: str = setting("tanh", choices=tuple(ACTIVATIONS))

    def __check_init__(self) -> None:
        check_layers(self.weights, self.biases, len(self.distribution.domain) + 1, "Neural")

    def unit(self, u: Scalar, **parameters: Scalar) -> Scalar:
        """The coordinate l(u)."""
        s = 1 - safe_sqrt(1 - u) if self.distribution.square_root_end else u
        inputs = [2 * s - 1, *(_scaled(parameters[n], ends) for n, ends in self.distribution.domain.items())]
        grown = s * jnp.exp(dense(jnp.stack(inputs), self.weights, self.biases, self.activation))
        return grown / (grown + 1 - s)

    def invert(self, u: Scalar, **parameters: Scalar) -> Scalar:
        return self.distribution.value(self.unit(u, **parameters), **parameters)


def is_logarithmic(ends: tuple[float, float]) -> bool:
    """Whether a range spans a factor of 100."""
    return ends[0] > 0 and ends[1] >= 100 * ends[0]


def _scaled(value: Scalar, ends: tuple[float, float]) -> Scalar:
    low, high = ends
    if not is_logarithmic(ends):
        return (2 * value - low - high) / (high - low)
    low, high = math.log(low), math.log(high)
    return (2 * jnp.log(value) - low - high) / (high - low)
