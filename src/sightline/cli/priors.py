"""Priors by name, with the arguments that numpyro has for them."""

import difflib
from typing import Any

from .keys import Keys, blame
from .refusal import Refusal

NAMES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "uniform": ("Uniform", ("low", "high"), ()),
    "log_uniform": ("LogUniform", ("low", "high"), ()),
    "normal": ("Normal", ("loc", "scale"), ()),
    "log_normal": ("LogNormal", ("loc", "scale"), ()),
    "half_normal": ("HalfNormal", ("scale",), ()),
    "truncated_normal": ("TruncatedNormal", ("loc", "scale"), ("low", "high")),
}
"""Class of numpyro, arguments that are needed, and others."""


def prior(keys: Keys) -> Any:
    """The distribution that the keys `prior`, `low`, `high`, `loc` and `scale` name.

    **Raises:** `Refusal` for a distribution that is not known, or arguments that it does not have.
    """
    import jax.numpy as jnp
    import numpyro.distributions

    kind, needed, others = NAMES[keys.choose("prior", list(NAMES))]
    given = {name: keys.take(name, ("number", "list")) for name in needed}
    given |= {name: value for name in others if (value := keys.take(name, ("number", "list"), None)) is not None}
    arguments = {name: jnp.asarray(value, float) for name, value in given.items()}
    with blame(keys.place):
        getattr(numpyro.distributions, kind)(**arguments, validate_args=True)
        if "low" in given and "high" in given and not bool((arguments["low"] < arguments["high"]).all()):
            raise ValueError(f"low = {given['low']} must be below high = {given['high']}.")
    return getattr(numpyro.distributions, kind)(**arguments)


def nearest(name: str, names: list[str], place: str) -> Refusal:
    """The refusal of a name that is not there."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:6]
    return Refusal(f"{place}: there is no parameter {name!r}; near it are {', '.join(near)}.")
