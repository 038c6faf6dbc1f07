"""Checks of options: each refusal names the option, its value and the range that is right."""

import dataclasses
import math
import numbers
import typing
from typing import Any

import jax

from ..statistics import Posterior


def check_posterior(posterior: Any) -> None:
    """Refuses what is no posterior, e.g. a likelihood or a model alone.

    **Raises:** `TypeError`.
    """
    if not isinstance(posterior, Posterior):
        raise TypeError(
            f"posterior is a {type(posterior).__name__}: give sl.Posterior(space, likelihoods), of a "
            "sl.ParameterSpace(model, priors)."
        )


def check_counts(least: int = 1, **counts: Any) -> None:
    """Refuses what is not a whole number of at least `least`.

    **Raises:** `ValueError`, naming the option.
    """
    for name, count in counts.items():
        if not _is_whole(count):
            raise ValueError(f"{name} = {count!r} must be a whole number, {least} at least.")
        if count < least:
            raise ValueError(f"{name} = {count} must be {least} at least.")


def check_fraction(name: str, value: Any) -> None:
    """Refuses what is not between 0 and 1, both excluded.

    **Raises:** `ValueError`, naming the option.
    """
    if not _is_number(value) or not 0 < value < 1:
        raise ValueError(f"{name} = {value!r} must lie between 0 and 1.")


def check_rate(name: str, rate: Any) -> None:
    """Refuses a learning rate that is neither a positive number nor a schedule that begins with one or with 0.

    **Raises:** `ValueError`, naming the option.
    """
    with jax.ensure_compile_time_eval(), jax.numpy_dtype_promotion("standard"):  # a schedule may be made within jit
        first = rate(0) if callable(rate) else rate
    number = float(first) if callable(rate) or _is_number(rate) else math.nan
    if not (0 < number < math.inf or (number == 0 and callable(rate))):
        raise ValueError(f"{name} = {first!r} must be a positive number, or a schedule of optax that begins with one.")


def check_types(module: Any) -> None:
    """Refuses fields of a module that are declared as numbers and are none: their bounds could not be checked.

    **Raises:** `ValueError`, naming the field.
    """
    for field in dataclasses.fields(module):
        value, kinds = getattr(module, field.name), typing.get_args(field.type) or (field.type,)
        if value is None and type(None) in kinds:
            continue
        name = f"{type(module).__name__}.{field.name}"
        if int in kinds and not _is_whole(value):
            raise ValueError(f"{name} = {value!r} must be a whole number.")
        if float in kinds and not _is_number(value):
            raise ValueError(f"{name} = {value!r} must be a number.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
