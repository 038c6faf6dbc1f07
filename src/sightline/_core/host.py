"""Linear functions that run on the host in NumPy, with an exact adjoint: they support jit, jvp, vjp and vmap."""

import abc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float

Shape = tuple[int, ...]


class AbstractHostLinear(abc.ABC):
    """A real linear function of NumPy arrays. Instances must be hashable and equal where they do the same."""

    input_shape: Shape
    output_shape: Shape

    @abc.abstractmethod
    def forward(self, values: np.ndarray) -> np.ndarray:
        """The function, (*input_shape) to (*output_shape), in double precision."""

    @abc.abstractmethod
    def adjoint(self, values: np.ndarray) -> np.ndarray:
        """Its transpose, (*output_shape) to (*input_shape), in double precision."""

    def __call__(self, values: Float[Array, "..."]) -> Float[Array, "..."]:
        """The function of an array, (*input_shape), as part of a JAX program."""
        if values.shape != self.input_shape:
            raise ValueError(f"{type(self).__name__} takes an array of shape {self.input_shape}, not {values.shape}.")
        return _primitive.bind(values, operator=self, transposed=False)


def _shapes(operator: AbstractHostLinear, transposed: bool) -> tuple[Shape, Shape]:
    inner, outer = operator.input_shape, operator.output_shape
    return (outer, inner) if transposed else (inner, outer)


def _on_host(operator: AbstractHostLinear, transposed: bool, values: Any) -> np.ndarray:
    """The function of every array along the leading axes."""
    inner, outer = _shapes(operator, transposed)
    function = operator.adjoint if transposed else operator.forward
    values = np.asarray(values)
    stack = np.asarray(values, np.float64).reshape(-1, *inner)
    results = np.stack([function(one) for one in stack]) if len(stack) else np.zeros((0, *outer))
    return results.reshape(values.shape[: values.ndim - len(inner)] + outer).astype(values.dtype)


def _callback(values: Array, *, operator: AbstractHostLinear, transposed: bool) -> Array:
    inner, outer = _shapes(operator, transposed)
    shape = values.shape[: values.ndim - len(inner)] + outer
    result = jax.ShapeDtypeStruct(shape, values.dtype)
    return jax.pure_callback(lambda host: _on_host(operator, transposed, host), result, values)


def _abstract(values: Any, *, operator: AbstractHostLinear, transposed: bool) -> Any:
    inner, outer = _shapes(operator, transposed)
    return values.update(shape=values.shape[: values.ndim - len(inner)] + outer)


def _transpose(cotangent: Any, _: Any, *, operator: AbstractHostLinear, transposed: bool) -> list[Array]:
    return [_primitive.bind(cotangent, operator=operator, transposed=not transposed)]


def _batch(arguments: Any, axes: Any, **parameters: Any) -> tuple[Array, int]:
    return _primitive.bind(jnp.moveaxis(arguments[0], axes[0], 0), **parameters), 0


_primitive = Primitive("host_linear")
_primitive.def_impl(jax.jit(_callback, static_argnames=("operator", "transposed")))
_primitive.def_abstract_eval(_abstract)
mlir.register_lowering(_primitive, mlir.lower_fun(_callback, multiple_results=False))
ad.deflinear2(_primitive, _transpose)
batching.primitive_batchers[_primitive] = _batch
