"""One point at a time: what a method is given as a position, checked where it is traced and free of cost after that."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from .types import Scalar, Vector
from .units import strip_unit

Method = Callable[..., Any]


def as_position(value: Any, owner: str, method: str = "") -> Vector:
    """`value` as one position, (3,) kpc: an array, a list of three numbers, or an astropy quantity.

    **Arguments:** `owner`, `method`: whose argument it is, for the error message; no method means a call.

    **Raises:** `ValueError` for another shape, naming `jax.vmap`, and for NaN; `TypeError` for what is no real number.
    """
    who = f"{owner}.{method}" if method else owner
    if not isinstance(value, jax.Array):
        value = _to_array(strip_unit(value, "kpc", f"the position of {who}"), who)
    if value.shape != (3,):
        call = f"field.{method}" if method else "field"
        raise ValueError(
            f"{who} takes one position, (3,) kpc, not an array of shape {value.shape}. For many positions, (n, 3), "
            f"use jax.vmap({call})(positions)."
        )
    if not isinstance(value, Tracer) and bool(np.any(np.isnan(np.asarray(value)))):
        raise ValueError(f"{who} was given the position {np.asarray(value).tolist()} kpc: give numbers, none NaN.")
    if jnp.issubdtype(value.dtype, jnp.floating):
        return value
    if jnp.issubdtype(value.dtype, jnp.integer):
        return value.astype(jnp.result_type(float))
    raise TypeError(f"{who} takes one position, three real numbers x, y, z [kpc], not numbers of {value.dtype}.")


def _to_array(value: Any, who: str) -> Any:
    keep = isinstance(value, (np.ndarray, np.generic))
    try:
        return jnp.asarray(value, None if keep else jnp.result_type(float))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{who} takes one position, an array of x, y, z [kpc], (3,), not {value!r}. For many, (n, 3), use jax.vmap."
        ) from error


def check_number(value: Any, who: str) -> Any:
    """`value` if it is one number, (), as a function of one point must return.

    **Raises:** `ValueError` for an array; `TypeError` for what is no number, such as a tuple.
    """
    if not isinstance(value, (jax.Array, np.ndarray, np.generic, float, int)):
        raise TypeError(f"{who} returned a {type(value).__name__} at one point: it must return one number, shape ().")
    if jnp.shape(value) != ():
        raise ValueError(f"{who} returned shape {jnp.shape(value)} at one point: it must return one number, shape ().")
    return value


def as_energy(value: Any, owner: str, method: str = "") -> Scalar:
    """`value` as one energy, () keV: a number or an astropy quantity.

    **Raises:** `ValueError` for another shape, naming `jax.vmap`, or an energy that is not positive and finite;
    `TypeError` for what is no real number.
    """
    who = f"{owner}.{method}" if method else owner
    return _one_positive(value, "energy", "keV", who, f"spectrum.{method}" if method else "spectrum")


def as_frequency(value: Any, owner: str, method: str = "") -> Scalar:
    """`value` as one frequency, () GHz: a number or an astropy quantity.

    **Raises:** as `as_energy`.
    """
    who = f"{owner}.{method}" if method else owner
    return _one_positive(value, "frequency", "GHz", who, f"sed.{method}" if method else "sed")


def _one_positive(value: Any, what: str, unit: str, who: str, call: str) -> Scalar:
    if not isinstance(value, jax.Array):
        value = strip_unit(value, unit, f"the {what} of {who}")
        keep = isinstance(value, (np.ndarray, np.generic))
        try:
            value = jnp.asarray(value, None if keep else jnp.result_type(float))
        except (TypeError, ValueError) as error:
            raise TypeError(f"{who} takes one {what}, {unit}, not {value!r}.") from error
    if value.shape != ():
        raise ValueError(
            f"{who} takes one {what} [{unit}], not an array of shape {value.shape}: "
            f"use jax.vmap({call})({_MANY[what]})."
        )
    if not isinstance(value, Tracer) and not 0 < float(value) < float("inf"):
        raise ValueError(f"{who}: {_ARTICLE[what]} of {float(value)} {unit} must be positive and finite.")
    return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(jnp.result_type(float))


_MANY = {"energy": "energies", "frequency": "frequencies"}
_ARTICLE = {"energy": "an energy", "frequency": "a frequency"}


def check_energies(cls: type) -> None:
    """Has public methods of a class convert arguments called `energy`, `low` and `high` to one energy each."""
    _convert(cls, ("energy", "low", "high"), as_energy)


def check_frequencies(cls: type) -> None:
    """Has public methods of a class convert an argument called `frequency` to one frequency."""
    _convert(cls, ("frequency",), as_frequency)


def _convert(cls: type, arguments: tuple[str, ...], convert: Method) -> None:
    for name, method in list(vars(cls).items()):
        if inspect.isfunction(method) and (name == "__call__" or not name.startswith("_")):
            named = [one for one in inspect.signature(method).parameters if one in arguments]
            if named:
                setattr(cls, name, _converted(method, named, convert))


def _converted(method: Method, named: list[str], convert: Method) -> Method:
    name = "" if method.__name__ == "__call__" else method.__name__
    signature = inspect.signature(method)

    @functools.wraps(method)
    def checked(self: Any, *arguments: Any, **keywords: Any) -> Any:
        bound = signature.bind(self, *arguments, **keywords)
        for one in named:
            if one in bound.arguments:
                bound.arguments[one] = convert(bound.arguments[one], type(self).__name__, name)
        check_rising(bound.arguments.get("low"), bound.arguments.get("high"))
        return method(*bound.args, **bound.kwargs)

    return checked


def check_methods(cls: type) -> None:
    """Has public methods of a class whose first argument is called `position`, here or in what they override, check
    that it is one; those of classes that say `of_energy` do so with energies, `of_frequency` with frequencies."""
    if getattr(cls, "of_energy", False):
        return check_energies(cls)
    if getattr(cls, "of_frequency", False):
        return check_frequencies(cls)
    for name, method in list(vars(cls).items()):
        if inspect.isfunction(method) and (name == "__call__" or not name.startswith("_")):
            overridden = any(hasattr(vars(base).get(name), "takes_position") for base in cls.__mro__[1:])
            parameters = list(inspect.signature(method).parameters)[1:2]
            if parameters and (overridden or parameters == ["position"]):
                setattr(cls, name, _checked(method, parameters[0]))


def _checked(method: Method, argument: str) -> Method:
    name = "" if method.__name__ == "__call__" else method.__name__

    @functools.wraps(method)
    def checked(self: Any, *arguments: Any, **named: Any) -> Any:
        if arguments:
            arguments = (as_position(arguments[0], type(self).__name__, name), *arguments[1:])
        elif argument in named:
            named[argument] = as_position(named[argument], type(self).__name__, name)
        return method(self, *arguments, **named)

    setattr(checked, "takes_position", True)  # noqa: B010, a type checker knows no attribute of functions
    return checked


def check_rising(low: Any, high: Any) -> None:
    """Refuses a band that is upside down, where both ends are known: its photons would be 0 or negative."""
    known = not any(value is None or isinstance(value, Tracer) for value in (low, high))
    if known and float(low) > float(high):
        raise ValueError(f"low = {low:g} keV is above high = {high:g} keV: give the band from low to high.")
