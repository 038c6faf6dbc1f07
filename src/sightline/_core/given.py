"""Checks of what functions are given: each refusal names the argument, what it is, and what to give."""

from typing import Any

import jax
import jax.numpy as jnp


def check_kind(name: str, value: Any, kind: Any, cure: str) -> None:
    """Refuses a value of another class.

    **Arguments:** `name`: of the argument; `kind`: a class, or a union of some; `cure`: what to give.

    **Raises:** `TypeError`.

    !!! example
        >>> check_kind("count", 3, int, "a number")
    """
    if not isinstance(value, kind):
        found = f"{value.__name__}, a class: call it" if isinstance(value, type) else f"a {type(value).__name__}"
        raise TypeError(f"{name} is {found}: give {cure}.")


def check_key(key: Any, name: str = "key") -> None:
    """Refuses what is not one key of random numbers, as a seed.

    **Raises:** `TypeError`, or `ValueError` for several keys.

    !!! example
        >>> check_key(jax.random.key(0))
    """
    new = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not new and not (getattr(key, "dtype", None) == jnp.uint32 and key.shape[-1:] in ((2,), (4,))):
        raise TypeError(f"{name} is a {type(key).__name__}: give a key of random numbers, e.g. jax.random.key(0).")
    many = key.shape if new else key.shape[:-1]
    if many:
        raise ValueError(f"{name} has shape {many}, many keys: give one, e.g. {name}[0].")


def own_copy(value: Any) -> Any:
    """A dict of one's own, so that what its giver does to theirs later changes no model; other things as they are.

    !!! example
        >>> given = {"a": 1}
        >>> own_copy(given) is given
        False
    """
    return dict(value) if isinstance(value, dict) else value
