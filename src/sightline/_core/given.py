"""Checks of what functions are given: each refusal names the argument, what it is, and what to give."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .module import default_float, is_concrete
from .units import numbers


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


def energies_in(value: Any, unit: str, least: float = 0.0) -> Array:
    """Energies in a unit as an array, refused where they are known to be below `least`, not positive, or not finite.

    **Raises:** `ValueError`.

    !!! example
        >>> float(energies_in([1.0, 2.0], "GeV")[1])
        2.0
    """
    if not is_concrete(value):
        return value
    plain = value if isinstance(value, jax.Array) else numbers(value, unit, "energy")
    known = np.asarray(plain)
    if not np.all((known > 0) & (known >= least) & np.isfinite(known)):
        kind = f"{least:g} {unit} or more" if least else "positive"
        raise ValueError(f"energy = {value} must be finite and {kind}.")
    return jnp.asarray(plain, plain.dtype if isinstance(plain, jax.Array) else default_float())


def own_copy(value: Any) -> Any:
    """A dict of one's own, so that what its giver does to theirs later changes no model; other things as they are.

    !!! example
        >>> given = {"a": 1}
        >>> own_copy(given) is given
        False
    """
    return dict(value) if isinstance(value, dict) else value
