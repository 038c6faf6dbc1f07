"""What fields made of neural networks share: the network, the scale of positions, and checks."""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, setting
from ..._core.types import Scalar, Vector


class AbstractNeural(Module):
    """A network from a position in units of `scale` to numbers, f(x/L_x, y/L_y, z/L_z): its weights are the leaves.

    Weights follow the float type in which the network was made. Functions inside a network, such as activations, are no
    data: `sl.save` refuses them, `eqx.tree_serialise_leaves` writes the weights alone.

    **Arguments:**

    - `network`: a callable `equinox.Module`, e.g. `eqx.nn.MLP`, from (3,) to as many numbers as the field has.
    - `scale` L: three lengths, kpc; about the extent of the model.

    **Raises:** `TypeError` for what is no such module; `ValueError` for an output of another size.

    !!! example
        >>> issubclass(sl.magnetic.Neural, sl.fields.AbstractNeural)
        True
    """

    outputs: eqx.AbstractClassVar[int]
    network: Callable[..., Array]
    scale: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", positive=True, kw_only=True)

    def __check_init__(self) -> None:
        name = type(self).__name__
        if not isinstance(self.network, eqx.Module):
            raise TypeError(f"{name}.network must be an equinox.Module, e.g. eqx.nn.MLP, not {self.network!r}.")
        point = jax.ShapeDtypeStruct((3,), default_float())
        shape = eqx.filter_eval_shape(lambda network, x: network(x), self.network, point).shape
        wanted = self.outputs
        if math.prod(shape) != wanted:
            raise ValueError(
                f"{name}.network returns shape {shape} for a position, (3,): it must return {wanted} number"
                f"{'s' if wanted > 1 else ''}."
            )


def positive(network: Callable[..., Array], position: Vector, scale: tuple[float, ...], kind: str) -> Scalar:
    """The output of a network made positive by `"softplus"` or `"exp"`."""
    output = scaled(network, position, scale).reshape(())
    return jax.nn.softplus(output) if kind == "softplus" else jnp.exp(output)


def scaled(network: Callable[..., Array], position: Vector, scale: tuple[float, ...]) -> Float[Array, "*shape"]:
    """The output of a network at a position, (3,) kpc."""
    return network(position / jnp.asarray(scale, position.dtype))
