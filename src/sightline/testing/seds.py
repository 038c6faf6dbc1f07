from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from ..components.maps.base import is_pixel_map
from ..components.seds import AbstractSED
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems

_FREQUENCIES = np.geomspace(0.41, 3.1e3, 41)  # GHz: from radio surveys to the far infrared


def check_sed(sed: AbstractSED) -> None:
    """Holds an SED to its contract, in the current precision, and says everything that is wrong with it.

    Shape and type of the value; leaves that are arrays; 1 at the reference; value and gradients finite from 0.4 GHz to
    3 THz and at the reference; derivatives by parameters and frequency equal to central differences (double
    precision); `derivatives`, written out or not, equal to forward differentiation; jvp and vjp agree; vmap equals a
    loop; single-precision leaves give a single-precision value; serialising loses nothing.

    **Arguments:** `sed`: with numbers in place of maps.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_sed(sl.components.ModifiedBlackbody())
    """
    name = type(sed).__name__
    if not isinstance(sed, AbstractSED):
        report(name, ["it is no sl.components.AbstractSED: subclass that"])
    if any(map(is_pixel_map, jax.tree.leaves(sed, is_leaf=is_pixel_map))):
        report(name, ["it has maps in place of numbers: check it with numbers"])
    check_tree(sed)
    problems = _type_problems(sed)
    if not problems:
        nu = jnp.asarray(_frequencies(sed), default_float())
        problems += _reference_problems(sed) + _finite_problems(sed, nu)
        problems += derivative_problems(lambda one: jax.vmap(one.components)(nu), sed, "the parameters")
        if not sed.of_bands:
            problems += derivative_problems(lambda x: jax.vmap(sed.components)(x), nu, "the frequency")
        problems += _written_problems(sed, nu) + _loop_problems(sed, nu) + round_trip_problems(sed)
    report(name, problems)


def _frequencies(sed: AbstractSED) -> np.ndarray:
    known = [] if sed.reference is None else [sed.reference]
    return np.concatenate([_FREQUENCIES, known])


def _type_problems(sed: AbstractSED) -> list[str]:
    problems = []
    for dtype in {jnp.dtype("float32"), jnp.dtype(default_float())}:
        cast = jax.tree.map(lambda leaf, d=dtype: leaf.astype(d) if eqx.is_inexact_array(leaf) else leaf, sed)
        at = jax.ShapeDtypeStruct((), dtype)
        one, all_ = (eqx.filter_eval_shape(f, cast, at) for f in (lambda s, x: s(x), lambda s, x: s.components(x)))
        if not isinstance(one, jax.ShapeDtypeStruct) or one.shape != () or all_.shape != (len(sed.parts),):
            return [f"at one frequency it must return one number, and {len(sed.parts)} components, not {one}, {all_}"]
        if one.dtype != dtype:
            problems.append(f"with leaves and frequency in {dtype} it returns {one.dtype}: a constant has a fixed type")
    return problems


def _reference_problems(sed: AbstractSED) -> list[str]:
    if sed.reference is None:
        return []
    found = float(sed(jnp.asarray(sed.reference, default_float())))
    close = abs(found - 1) < 100 * float(jnp.finfo(default_float()).eps)
    return [] if close else [f"at its reference, {sed.reference:g} GHz, it is {found:.9g}, not 1"]


def _finite_problems(sed: AbstractSED, frequencies: Array) -> list[str]:
    @eqx.filter_jit
    def all_of(sed: AbstractSED, frequencies: Array) -> Any:
        def total(both: Any) -> tuple[Array, Array]:
            values = jax.vmap(both[0].components)(both[1])
            return jnp.sum(values), values

        return eqx.filter_value_and_grad(total, has_aux=True)((sed, frequencies))

    (_, values), gradient = all_of(sed, frequencies)
    return finite_problems(values, "the value") + finite_problems(gradient, "a gradient, somewhere,")


def _written_problems(sed: AbstractSED, frequencies: Array) -> list[str]:
    """Whether `derivatives` is what forward differentiation of `components` gives."""

    @eqx.filter_jit
    def both(sed: AbstractSED, frequencies: Array) -> Any:
        return jax.vmap(sed.derivatives)(frequencies), jax.vmap(lambda nu: AbstractSED.derivatives(sed, nu))(
            frequencies
        )

    found, exact = both(sed, frequencies)
    if [one.shape for one in found] != [one.shape for one in exact]:
        return ["derivatives() must give one array for each learnable leaf, in their order"]
    limit = 1e4 * float(jnp.finfo(default_float()).eps)
    apart = [float(jnp.max(jnp.abs(a - b)) / (jnp.max(jnp.abs(b)) + 1e-30)) for a, b in zip(found, exact, strict=True)]
    wrong = [index for index, one in enumerate(apart) if not one <= limit]
    return [f"derivatives() by leaf {wrong[0]} differ from forward differentiation"] if wrong else []


def _loop_problems(sed: AbstractSED, frequencies: Array) -> list[str]:
    one = eqx.filter_jit(lambda sed, nu: sed(nu))
    mapped = eqx.filter_jit(lambda sed, nu: jax.vmap(sed)(nu))(sed, frequencies[:5])
    looped = jnp.stack([one(sed, nu) for nu in frequencies[:5]])
    close = np.allclose(mapped, looped, rtol=1000 * float(jnp.finfo(mapped.dtype).eps), atol=0)
    return [] if close else ["vmap differs from a loop over frequencies"]
