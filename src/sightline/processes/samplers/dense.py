"""Dense networks of one output."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.nn import silu
from jaxtyping import Array, Float

ACTIVATIONS = {"tanh": jnp.tanh, "silu": silu}


def dense(x: Array, weights: Sequence[Array], biases: Sequence[Array], activation: str = "tanh") -> Float[Array, ""]:
    """The one number that leaves the last layer, in the precision of `x`, (inputs,)."""
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        x = ACTIVATIONS[activation](weight.astype(x.dtype) @ x + bias.astype(x.dtype))
    return (weights[-1].astype(x.dtype) @ x + biases[-1].astype(x.dtype))[0]


def check_layers(weights: Sequence[Array], biases: Sequence[Array], inputs: int, who: str) -> None:
    """Refuses layers that do not follow one another, from `inputs` numbers to one.

    **Raises:** `ValueError`.
    """
    if not weights or len(weights) != len(biases):
        raise ValueError(f"{who}: weights and biases must be as many, at least one layer.")
    width = inputs
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        out = 1 if k == len(weights) - 1 else bias.shape[0]
        if weight.shape != (out, width) or bias.shape != (out,):
            raise ValueError(
                f"{who}: layer {k} has weights {weight.shape} and biases {bias.shape}; it must take {width} "
                f"numbers and give {out}: u and the parameters enter, one number leaves."
            )
        width = out
