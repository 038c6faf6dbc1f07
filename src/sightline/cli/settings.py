"""How a run file fits and samples."""

import dataclasses
import typing
from typing import Any

import jax

import sightline as sl

from ..inference.algorithms import check_warmup
from .keys import Keys, blame
from .refusal import Refusal

SEEDS = 2**32
"""How many random keys a number can name."""

MOST = 10**9
"""Starts, or draws of all chains."""
METHODS: dict[str, Any] = {
    "levenberg_marquardt": sl.LevenbergMarquardt,
    "projected_gauss_newton": sl.ProjectedGaussNewton,
    "bfgs": sl.BFGS,
    "lbfgs": sl.LBFGS,
    "adam": sl.Adam,
}
ALGORITHMS: dict[str, Any] = {
    "nuts": sl.NUTS,
    "hmc": sl.HMC,
    "mclmc": sl.MCLMC,
    "random_walk": sl.RandomWalk,
    "nested_slice": sl.NestedSlice,
}


def read_fit(keys: Keys) -> dict[str, Any]:
    """Arguments of `sl.fit`, of keys that may hold more."""
    method = keys.choose("method", list(METHODS), None)
    key, starts = read_key(keys), keys.take("starts", "whole number", 1)
    if not 1 <= starts <= MOST:
        raise Refusal(f"[fit] starts = {starts} must be 1 at least, and {MOST} at most.")
    chosen = None if method is None else build(METHODS[method], keys)
    scout = keys.take("scout", "whole number", None)
    if scout is not None and not 1 < starts <= scout <= MOST:
        raise Refusal(f"[fit] scout = {scout} draws, of which starts = {starts} are the best: 2 at least, scout more.")
    return {"method": chosen, "starts": starts, "scout": scout, "key": key}


def read_sample(keys: Keys) -> dict[str, Any]:
    """Arguments of `sl.sample`."""
    algorithm = build(ALGORITHMS[keys.choose("algorithm", list(ALGORITHMS), "nuts")], keys)
    counts = {"chains": 4, "draws": 1000, "thin": 1, "segment": 25}
    given: dict[str, Any] = {name: keys.take(name, "whole number", count) for name, count in counts.items()}
    for name, count in given.items():
        if count < 1:
            raise Refusal(f"[sample] {name} = {count} must be 1 at least.")
    if given["chains"] * given["draws"] > MOST:
        raise Refusal(f"[sample] chains = {given['chains']}, draws = {given['draws']}: {MOST} draws at most are kept.")
    given["warmup"] = keys.take("warmup", "whole number", None)
    if given["warmup"] is not None:
        with blame("[sample]"):
            check_warmup(algorithm, given["warmup"])
    given["vectorised"] = keys.take("vectorised", "true or false", False)
    key = read_key(keys)
    keys.finish()
    return {"algorithm": algorithm, "key": key} | given


def read_key(keys: Keys) -> jax.Array:
    """The random key that a number, `key`, names."""
    number = keys.take("key", "whole number", 0)
    if not 0 <= number < SEEDS:
        raise Refusal(f"{keys.place} key = {number} must be from 0 to {SEEDS - 1}.")
    return jax.random.key(number)


def build(kind: Any, keys: Keys) -> Any:
    """A method or algorithm with the settings that are given; it checks them itself."""
    asked = {field.name: keys.take(field.name, _kind(field), None) for field in dataclasses.fields(kind)}
    given = {name: value for name, value in asked.items() if value is not None}
    with blame(f"{keys.place} " + ", ".join(f"{name} = {value}" for name, value in given.items())):
        return kind(**given)  # all at once: a setting may have to fit others


def _kind(field: dataclasses.Field) -> str:
    """What a run file may give for a setting: that of its annotation."""
    hints = (field.type, *typing.get_args(field.type))
    if typing.get_origin(field.type) is tuple:
        return "list"
    return "text" if str in hints else "whole number" if int in hints else "number"
