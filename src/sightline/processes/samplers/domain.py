"""Parameters of laws at the boundary: names, ranges, types and shapes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.module import default_float, is_concrete
from ..._core.units import numbers

Domain = Mapping[str, tuple[float, float]]

_SLACK = 1e-6  # relative: an end of a range in single precision is still in it
_TAKEN = ("u", "x", "l", "key", "shape", "self")


def check_domain(domain: Domain, who: str) -> None:
    """Refuses a domain whose ranges are empty or infinite, or whose names are those of other arguments.

    **Raises:** `ValueError`, `TypeError`.
    """
    if not isinstance(domain, Mapping):
        raise TypeError(f"{who}.domain must be a dictionary, name -> (low, high), not {type(domain).__name__}.")
    for name, ends in domain.items():
        if name in _TAKEN:
            raise ValueError(f"{who}.domain: a parameter cannot be called {name!r}, an argument of samplers.")
        found = numbers(ends, "", f"{who}.domain[{name!r}]")
        if found.shape != (2,) or not (np.all(np.isfinite(found)) and found[0] < found[1]):
            raise ValueError(f"{who}.domain[{name!r}] = {ends} must be (low, high), finite, low < high.")


def check_parameters(domain: Domain, parameters: Mapping[str, Any], who: str) -> None:
    """Refuses parameters that are missing, not known, or known to lie outside the domain; traced ones pass.

    **Raises:** `TypeError` for names; `ValueError` for values.
    """
    missing, unknown = [n for n in domain if n not in parameters], [n for n in parameters if n not in domain]
    if missing or unknown:
        found = f"without {', '.join(missing)}" if missing else f"with {', '.join(unknown)}"
        raise TypeError(f"{who} was called {found}: its parameters are {', '.join(domain) or 'none'}, by keyword.")
    for name, value in parameters.items():
        if is_concrete(value):
            check_range(numbers(value, "", name), domain[name], name, who)


def check_range(values: np.ndarray, ends: tuple[float, float], name: str, who: str) -> None:
    """Refuses numbers outside a range, and NaN.

    **Raises:** `ValueError`.
    """
    low, high = ends
    bad = ~((values >= low - _SLACK * abs(low)) & (values <= high + _SLACK * abs(high)))
    if np.any(bad):
        raise ValueError(
            f"{name} = {values[bad].flat[0]:g}: {who} holds for {name} from {low:g} to {high:g}, and "
            f"{int(bad.sum())} of {bad.size} lie outside. Give values inside; nothing is extrapolated."
        )


def is_inside(value: Array, ends: tuple[float, float]) -> Array:
    """Whether a number, traced perhaps, is in a range."""
    low, high = ends
    return (value >= low - _SLACK * abs(low)) & (value <= high + _SLACK * abs(high))


def broadcast(function: Callable[..., Array], x: Any, parameters: Mapping[str, Any]) -> Array:
    """`function(x, **parameters)` of scalars, for arrays that broadcast; all of them in the precision of x.

    What depends on parameters alone is computed once for each of them.
    """
    first = strip(x, "x")
    others = [strip(value, name).astype(first.dtype) for name, value in parameters.items()]
    _check_shapes({"u or x": first, **dict(zip(parameters, others, strict=True))})

    def one(x: Array, *values: Array) -> Array:
        return function(x, **dict(zip(parameters, values, strict=True)))

    return jnp.vectorize(one)(first, *others)


def _check_shapes(values: Mapping[str, Array]) -> None:
    """Refuses arrays that do not broadcast.

    **Raises:** `ValueError`.
    """
    try:
        np.broadcast_shapes(*(value.shape for value in values.values()))
    except ValueError:
        found = ", ".join(f"{name} {value.shape}" for name, value in values.items())
        raise ValueError(f"The shapes do not go together: {found}. Give one number, or as many of each.") from None


def draws_of(shape: Any, parameters: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of draws: what is asked for and that of the parameters together, so that each is drawn by itself.

    **Raises:** `TypeError` for what is no shape, as a dict of parameters; `ValueError` where they do not broadcast.
    """
    arrays = {name: strip(value, name) for name, value in parameters.items()}
    _check_shapes(arrays)
    given = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    if shape is None:
        return given
    sizes = shape if isinstance(shape, (Sequence, np.ndarray)) else (shape,)
    if not all(isinstance(size, (int, np.integer)) and size >= 0 for size in sizes):
        raise TypeError(f"shape = {shape!r}: give whole numbers, (n, ...); parameters go by keyword.")
    found = tuple(map(int, sizes))
    try:
        return np.broadcast_shapes(found, given)
    except ValueError:
        raise ValueError(f"shape = {found} and the parameters, {given}, do not go together.") from None


def strip(value: Any, name: str) -> Array:
    """A number as an array, in its own precision or the default one; one with a unit is refused by name."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating):
        return jnp.asarray(value)
    plain = value if isinstance(value, jax.Array) else numbers(value, "", name)
    return jnp.asarray(plain, default_float())


def lattice(domain: Domain, nodes: int = 5) -> dict[str, np.ndarray]:
    """Parameters on a lattice of their domain, its ends included: each (nodes^parameters,), at most 4096."""
    each = max(2, min(nodes, int(4096 ** (1 / max(1, len(domain))))))
    axes = [spread(ends, each) for ends in domain.values()]
    return {name: values.ravel() for name, values in zip(domain, np.meshgrid(*axes, indexing="ij"), strict=True)}


def spread(ends: tuple[float, float], nodes: int) -> np.ndarray:
    """Nodes over a range: even in the logarithm where it spans a factor of 100."""
    low, high = ends
    inner = np.geomspace if low > 0 and high > 100 * low else np.linspace
    return inner(low, high, nodes)
