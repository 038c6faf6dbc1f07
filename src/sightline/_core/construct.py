"""Modules made of the values of their fields, as files have them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from .fields import annotations, check_fields, spell
from .module import Module


def construct(cls: type[Any], values: Mapping[str, Any], batch: bool = False) -> Any:
    """A module with these fields, checked as by its constructor, whose arguments may be others.

    Converters of settings are applied; learnable arrays keep their precision. Of a `batch` of modules, whose arrays
    have a leading axis, values alone are checked: what holds it looks at one of them by `constructed`.

    **Raises:** `TypeError` for a value of another type than annotated; as the constructor for the rest.

    !!! example
        >>> construct(sl.electrons.Uniform, {"n0": jnp.asarray(-1.0)})
        Traceback (most recent call last):
        ...
        ValueError: Uniform.n0 = -1.0 cm-3 is outside its bounds [0, inf] cm-3.
    """
    module = object.__new__(cls)
    for field in dataclasses.fields(cls):
        value, converter = values[field.name], field.metadata.get("converter")
        if converter is not None and field.metadata.get("param", False):
            converter(value)
        elif converter is not None:
            value = converter(value)
        object.__setattr__(module, field.name, value)
    if batch:
        return module
    if isinstance(module, Module):  # skies, of arrays of NumPy, hold nothing to learn
        check_fields(module)
    for name, hint in annotations(cls).items():
        if name in values:
            _check_type(f"{cls.__name__}.{name}", getattr(module, name), hint)
    for base in cls.__mro__:
        if "__check_init__" in vars(base):
            vars(base)["__check_init__"](module)
    return module


def constructed(value: Any) -> Any:
    """A module, or what holds some, made anew of its fields with all checks; anything else as it is."""
    if isinstance(value, dict):
        return {key: constructed(one) for key, one in value.items()}
    if type(value) in (tuple, list):
        return type(value)(map(constructed, value))
    if not isinstance(value, Module):
        return value
    fields = dataclasses.fields(value)  # pyright: ignore[reportArgumentType]
    return construct(type(value), {field.name: constructed(getattr(value, field.name)) for field in fields})


def _check_type(name: str, value: Any, hint: Any) -> None:
    from beartype.door import is_bearable

    if isinstance(value, bool):
        fits = is_bearable(value, hint) and hint is not int
    else:  # a whole number stands for one with a point
        fits = is_bearable(value, hint) or (isinstance(value, int) and is_bearable(float(value), hint))
    if not fits:
        raise TypeError(f"{name} holds a {type(value).__name__}, not {spell(hint)}.")
