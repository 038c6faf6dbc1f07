"""Spectra of a run file: components by name, lists of what is added or multiplied; names and numbers, no code."""

import dataclasses
import functools
import operator
from collections.abc import Callable
from typing import Any

import sightline as sl

from ..registry import public_classes
from .keys import Keys, blame
from .refusal import Refusal

JOINS: dict[str, Callable[[Any, Any], Any]] = {"add": operator.add, "multiply": operator.mul}
_NOT_NAMED = ("Convolved", "Each", "FactorProduct", "Normalised", "Product", "Scale", "Sum", "Synchrotron")
"""What tables say otherwise, and what holds electrons or many spectra."""
KINDS = {name: one for name, one in public_classes("spectra").items() if name not in _NOT_NAMED}
"""Classes of components by name."""
_VALUES = ("number", "text", "list", "table", "true or false")
_DEEPEST = 20


def read_spectra(keys: Keys) -> dict[str, Any]:
    """The spectra of `[spectra]` by name.

    **Raises:** `Refusal` for components, settings and sums that do not fit, naming the key.
    """
    return {name: _component(value, f"[spectra.{name}]", 0) for name, value in keys.rest().items()}


def acts(kind: str) -> bool:
    """Whether a component acts on a spectrum, which its table has in `of`."""
    return issubclass(KINDS[kind], (sl.spectra.AbstractConvolution, sl.spectra.Flux))


def settings(kind: str) -> list[str]:
    """The names of what a component is made of."""
    return [one.name for one in dataclasses.fields(KINDS[kind]) if one.init]


def _component(value: Any, place: str, depth: int) -> Any:
    """What a table stands for: a sum or a product of others, or one component."""
    if not isinstance(value, dict):
        raise Refusal(f'{place} {value!r} must be a table, e.g. {{ kind = "PowerLaw", index = 1.8, norm = 1e-4 }}.')
    if depth > _DEEPEST:
        raise Refusal(f"{place} tables lie more than {_DEEPEST} deep in each other: write it in less.")
    keys, joins = Keys(value, place), [name for name in JOINS if name in value]
    if not joins:
        return _single(keys, depth)
    parts = keys.take(joins[0], "list")
    keys.finish()
    if not parts:
        raise Refusal(f"{place} {joins[0]} is empty: list one table at least.")
    found = [_term(one, f"{place} {joins[0]} {number}:", depth) for number, one in enumerate(parts, 1)]
    with blame(place):
        return functools.reduce(JOINS[joins[0]], found)


def _term(value: Any, place: str, depth: int) -> Any:
    """A part of a sum or a product, which may be a number."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if number else _component(value, place, depth + 1)


def _single(keys: Keys, depth: int) -> Any:
    """One component with its settings; what acts on a spectrum has it in `of`."""
    name = keys.choose("kind", sorted(KINDS))
    kind = KINDS[name]
    inner = _component(keys.take("of", "table"), f"{keys.place} of:", depth + 1) if acts(name) else None
    given = {one.name: _setting(keys, one, depth) for one in dataclasses.fields(kind) if one.init}
    keys.finish()
    with blame(keys.place):
        made: Any = kind(**{name: value for name, value in given.items() if value is not None})
        return made(inner) if acts(name) else made


def _setting(keys: Keys, field: dataclasses.Field, depth: int) -> Any:
    """The value of a setting, `None` for its default; a table that says what it is becomes a component."""
    needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    value = keys.take(field.name, _VALUES) if needed else keys.take(field.name, _VALUES, None)
    told = isinstance(value, dict) and any(name in value for name in ("kind", *JOINS))
    return _component(value, f"{keys.place} {field.name}:", depth + 1) if told else value
