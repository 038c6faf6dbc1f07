"""How modules are printed: numbers with their units, long arrays as shapes."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import wadler_lindig as wl
from jax.core import Tracer

LONGEST = 8  # array of which the numbers are shown
WIDTH = 100


def describe(module: eqx.Module) -> str:
    """The class of a module and what it holds: `LSA(b0=1.2 uG, psi0=27 deg, ...)`.

    Arrays of more than eight numbers, and those without values while JAX traces them, are shown as types: `f64[]`.
    What holds nothing is left out, and settings without a unit that are as by default.
    """
    return wl.pformat(module, width=WIDTH, custom=_document)


def _document(value: Any) -> wl.AbstractDoc | None:
    if isinstance(value, eqx.Module):
        pairs = [wl.TextDoc(f"{field.name}=") + _field(value, field) for field in _shown(value)]
        separator = wl.TextDoc(",") + wl.BreakDoc(" ")
        return wl.bracketed(wl.TextDoc(f"{type(value).__name__}("), pairs, separator, wl.TextDoc(")"), indent=2)
    if isinstance(value, jax.Array):
        return wl.TextDoc(brief(value))
    if isinstance(value, (jax.custom_jvp, jax.custom_vjp)):
        return wl.pdoc(value.__wrapped__)
    return None


def _shown(module: eqx.Module) -> list[Any]:
    """The fields of a module that say something."""
    found = []
    for field in dataclasses.fields(module):
        value = getattr(module, field.name, None)
        usual = _plain(value) and _plain(field.default) and value == field.default
        empty = value is None or (isinstance(value, (tuple, list, dict)) and not value)
        if field.repr and not empty and not (usual and not field.metadata.get("unit")):
            found.append(field)
    return found


def _plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


def _field(module: eqx.Module, field: Any) -> wl.AbstractDoc:
    value, unit = getattr(module, field.name), field.metadata.get("unit", "")
    if unit and isinstance(value, jax.Array):
        return wl.TextDoc(f"{brief(value)} {unit}")
    if unit and isinstance(value, (float, int, tuple)) and np.asarray(value).dtype.kind in "fiu":
        return wl.TextDoc(f"{_numbers(np.asarray(value))} {unit}")
    return wl.pdoc(value, custom=_document)


def brief(value: jax.Array) -> str:
    """An array in a few words: its numbers, of a long one and of one that is traced the type and shape."""
    known = not isinstance(value, Tracer) and jnp.issubdtype(value.dtype, jnp.floating)
    if known and value.size <= LONGEST and value.is_fully_addressable and not value.is_deleted():
        return _numbers(np.asarray(value))
    return wl.pformat(wl.array_summary(value.shape, value.dtype.name, kind=None))


def _numbers(values: np.ndarray | np.generic) -> str:
    """Numbers to six digits, (1, 2, 3) for several, of many the first and last."""
    if values.ndim == 0:
        return f"{values.item():.6g}"
    parts = list(map(_numbers, values))
    parts = [*parts[:2], "...", parts[-1]] if len(parts) > LONGEST else parts
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
