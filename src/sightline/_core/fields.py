"""What every module's fields must be: checked at construction, and in trees that `eqx.tree_at` has changed."""

import dataclasses
import functools
import numbers
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

_BARE = (bool, int, float, complex, np.ndarray, np.generic)


def brief(value: Any) -> str:
    """A value in an error: itself where it is short, else its shape."""
    return str(value) if np.size(value) <= 3 else f"an array of shape {np.shape(value)}"


@functools.cache
def annotations(cls: type) -> dict[str, Any]:
    """The types of the fields of a class, none where only a type checker can resolve them."""
    try:
        return typing.get_type_hints(cls)
    except Exception:  # an annotation that only a type checker can resolve
        return {}


def check_fields(module: eqx.Module) -> None:
    """Refuses bare numbers and wrong shapes among the fields of one module.

    **Raises:** `TypeError` that names the field and the cure.
    """
    for field in dataclasses.fields(module):
        if field.metadata.get("static", False):
            _check_static(module, field.name)
            continue
        name, value = f"{type(module).__name__}.{field.name}", getattr(module, field.name)
        for leaf in jax.tree.leaves(value, is_leaf=lambda x: isinstance(x, eqx.Module)):
            if isinstance(leaf, _BARE):
                raise TypeError(
                    f"{name} holds {brief(leaf)}, a bare {type(leaf).__name__}, which has no gradient. Declare the "
                    "field with sl.param(...) if it is learnable, with sl.setting(...) if not; to change a value "
                    "use dataclasses.replace(module, name=value), or give eqx.tree_at a jax.numpy array."
                )
        if field.metadata.get("param", False):
            _check_shape(name, value, annotations(type(module)).get(field.name))


def _check_static(module: eqx.Module, name: str) -> None:
    """Refuses a setting that is not what its annotation says, of numbers, texts, switches and tuples of them."""
    value, hint = getattr(module, name), annotations(type(module)).get(name)
    if _admits(hint, value) or isinstance(value, jax.ShapeDtypeStruct):
        return
    fraction = isinstance(value, float) and int in (typing.get_args(hint) or (hint,))
    error, kind = (ValueError, "a whole number") if fraction else (TypeError, _in_words(hint))
    raise error(f"{type(module).__name__}.{name} = {value!r} must be {kind}.")


_PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    float: ("a number", lambda value: isinstance(value, numbers.Real)),
    int: ("a whole number", lambda value: isinstance(value, numbers.Real) and value == value // 1),
    str: ("a text", lambda value: isinstance(value, str)),
    bool: ("true or false", lambda value: isinstance(value, (bool, np.bool_)) or value in (0, 1)),
    type(None): ("None", lambda value: value is None),
}


def _admits(hint: Any, value: Any) -> bool:
    """Whether a value is of a type, as far as that is a plain one, a union or a tuple of these."""
    arguments = typing.get_args(hint)
    if hint in _PLAIN:
        return (hint is bool or not isinstance(value, bool)) and _PLAIN[hint][1](value)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return any(_admits(one, value) for one in arguments)
    if typing.get_origin(hint) is not tuple:
        return True
    if not isinstance(value, tuple):
        return False
    kinds = arguments[:1] * len(value) if arguments[-1:] == (...,) else arguments
    return len(kinds) == len(value) and all(map(_admits, kinds, value))


def _in_words(hint: Any) -> str:
    arguments = typing.get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint][0]
    if typing.get_origin(hint) is tuple:
        several = arguments[-1:] == (...,)
        return f"a tuple of {'several' if several else len(arguments)}, each {_in_words((*arguments, Any)[0])}"
    return " or ".join(map(_in_words, arguments)) or "as declared"


def _check_shape(name: str, value: Any, hint: Any) -> None:
    checkable = isinstance(hint, (type, types.UnionType)) or typing.get_origin(hint) is typing.Union
    if checkable and isinstance(value, (jax.Array, eqx.Module, type(None))) and not isinstance(value, hint):
        found = f"shape {value.shape}" if isinstance(value, jax.Array) else f"a {type(value).__name__}"
        if isinstance(value, jax.Array) and not jnp.issubdtype(value.dtype, jnp.floating):
            raise TypeError(f"{name} has type {value.dtype}, which has no gradient: give it floating-point numbers.")
        raise TypeError(f"{name} has {found}, not {spell(hint)}. To evaluate many models at once use eqx.filter_vmap.")


def spell(hint: Any) -> str:
    """A type in words, for an error."""
    arguments = typing.get_args(hint) if isinstance(hint, types.UnionType) else ()
    if arguments:
        return " or ".join(map(spell, arguments))
    shape = getattr(hint, "dim_str", None)
    return getattr(hint, "__name__", str(hint)) if shape is None else f"shape ({', '.join(shape.split())})"


def walk(module: eqx.Module, path: str = "") -> Iterator[tuple[str, eqx.Module]]:
    """Every module inside `module`, itself first, with its dotted path."""
    yield path, module
    for field in dataclasses.fields(module):
        yield from _walk_value(getattr(module, field.name), f"{path}.{field.name}" if path else field.name)


def _walk_value(value: Any, path: str) -> Iterator[tuple[str, eqx.Module]]:
    if isinstance(value, eqx.Module):
        yield from walk(value, path)
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _walk_value(item, f"{path}.{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk_value(item, f"{path}.{key}")


def check_tree(module: eqx.Module) -> None:
    """`check_fields` of every module inside: `eqx.tree_at` skips converters and construction checks."""
    for _, child in walk(module):
        check_fields(child)
