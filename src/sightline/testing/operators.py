import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from .._core.types import Number
from ..sky.emission import AbstractEmissionOperator, Plasma, TransferCoefficients
from ..sky.fields import Photons, Population
from ..sky.fields.radiation.spectra import Greybody
from ..sky.geometry import Directions, RadialCells, Ray, Sightlines
from .derivatives import derivative_problems, report, round_trip_problems

_COUNT = 40
_KNOWN = ("magnetic_field", "electron_density", "cosmic_rays", "temperature", "radiation")


def check_operator(operator: AbstractEmissionOperator, extra: dict[str, Any] | None = None) -> None:
    """Holds an emission operator to its contract and says everything that is wrong with it.

    It is given random plasmas that hold just what it `needs`, some with B = 0 or no electrons, in directions that
    include the poles, from 0.05 to 100 GHz, or, if its axis is energy, 1e-6 to 1e4 GeV: it must return scalar
    `TransferCoefficients`, finite with all derivatives, and these equal to central differences. If it tells
    `exponents` of the frequency, it must follow them.

    **Arguments:** `operator`; `extra`: values, (40, ...), of fields of your own that it needs by name.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_operator(sl.emission.Synchrotron())
    """
    name = type(operator).__name__
    if not isinstance(operator, AbstractEmissionOperator):
        report(name, ["it is no sl.emission.AbstractEmissionOperator: subclass that"])
    check_tree(operator)
    unknown = [need for need in operator.needs if need not in (*_KNOWN, *(extra or {}))]
    if unknown:
        report(name, [f"it needs {unknown}, which no simulator has: pass example values as extra={{...}}"])
    plasma, ray, frequency = sample_plasma(operator.needs, extra or {}), _rays(), _frequencies(operator.axis)
    problems = _type_problems(operator, plasma, ray, frequency)
    if not problems:
        size = jnp.abs(_stack(operator, plasma, ray, frequency, jnp.ones((), default_float())))
        if operator.axis == "frequency":  # photons of gamma rays differ by many decades from energy to energy
            size = jnp.max(size, axis=0)
        scale = jnp.where(size > 0, size, 1)  # coefficients of very different size are compared on an equal footing
        problems += derivative_problems(lambda o: _stack(o, plasma, ray, frequency, scale), operator, "the parameters")
        problems += derivative_problems(lambda p: _stack(operator, p, ray, frequency, scale), plasma, "the plasma")
        problems += derivative_problems(lambda nu: _stack(operator, plasma, ray, nu, scale), frequency, "the frequency")
        problems += _exponent_problems(operator, plasma, ray, frequency) + round_trip_problems(operator)
    report(name, problems)


def sample_plasma(needs: tuple[str, ...], extra: dict[str, Any]) -> Plasma:
    """40 random plasmas with only the fields named in `needs`; the first has B = 0, the second no electrons."""
    generator = np.random.default_rng(3)

    def draw(low: Number, high: Number) -> Array:
        return jnp.asarray(generator.uniform(low, high, _COUNT), default_float())

    field = [draw(-6, 6).at[0].set(0) for _ in range(3)]
    electrons, density = (draw(0, 0.1).at[1].set(0) for _ in range(2))
    values = {
        "magnetic_field": tuple(field),
        "electron_density": electrons,
        "cosmic_rays": (
            Population(1e-3 * density, draw(2.1, 4.9)),
            Population(1e-4 * density, draw(2.1, 4.9)),
        ),
        "temperature": draw(1e3, 2e4),
        "radiation": (
            Photons(draw(0, 2), Greybody.of(draw(2, 60), draw(0.1, 1))),
            Photons(draw(0, 2), Greybody.of(draw(1e3, 6e3), draw(0.1, 1))),
        ),
    }
    position = jnp.asarray(generator.normal(size=(_COUNT, 3)), default_float())
    given = {need: jnp.asarray(extra[need], default_float()) for need in needs if need in extra}
    return Plasma(position, **{need: values[need] for need in needs if need in values}, extra=given)


def _rays() -> Ray:
    generator = np.random.default_rng(4)
    b = np.concatenate([[90.0, -90.0, 0.0], generator.uniform(-90, 90, _COUNT - 3)])
    lines = Sightlines(Directions(generator.uniform(0, 360, _COUNT), b), cells=RadialCells(cells=1, distance=1.0))
    return jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), lines.rays)


def _frequencies(axis: str) -> Array:
    """GHz, or GeV."""
    ends = (0.05, 100) if axis == "frequency" else (1e-6, 1e4)
    return jnp.asarray(np.geomspace(*ends, _COUNT), default_float())


def _type_problems(operator: AbstractEmissionOperator, plasma: Plasma, ray: Ray, frequency: Array) -> list[str]:
    first = jax.tree.map(lambda leaf: leaf[0], (plasma, ray, frequency))
    try:
        found = eqx.filter_eval_shape(operator, *first)
    except (TypeError, AttributeError) as error:
        return [f"it fails on a plasma that holds only what it needs, {operator.needs}: {error}"]
    if not isinstance(found, TransferCoefficients):
        return [f"it must return sl.emission.TransferCoefficients, not {type(found).__name__}"]
    leaves = jax.tree.leaves(found)
    if not leaves:
        return ["it returns no coefficient at all"]
    return [
        f"every coefficient of one point must be a scalar of type {default_float()}, not {leaf.shape} {leaf.dtype}"
        for leaf in leaves
        if leaf.shape != () or leaf.dtype != default_float()
    ]


def _exponent_problems(operator: AbstractEmissionOperator, plasma: Plasma, ray: Ray, frequency: Array) -> list[str]:
    """Coefficients at twice the frequency, of one population of cosmic rays or several, are 2^a times those at it."""
    if plasma.cosmic_rays is not None and len(plasma.cosmic_rays) > 1:
        alone = dataclasses.replace(plasma, cosmic_rays=plasma.cosmic_rays[:1])
        found = _exponent_problems(operator, alone, ray, frequency)
        if found:
            return found
    exponents = jax.vmap(operator.exponents)(plasma)
    if exponents is None:
        return []
    below, above = (jax.vmap(operator)(plasma, ray, factor * frequency) for factor in (1, 2))
    if jax.tree.structure(exponents) != jax.tree.structure(below):
        return ["exponents(plasma) has other parts than its coefficients: give one for each of them, None elsewhere"]
    expected = jax.tree.map(lambda one, exponent: one * jnp.power(2.0, exponent), below, exponents)
    follows = jax.tree.map(lambda one, other: bool(jnp.allclose(one, other, rtol=1e-4, atol=0)), above, expected)
    return [] if all(jax.tree.leaves(follows)) else ["its coefficients are not the powers of exponents(plasma)"]


def _stack(operator: AbstractEmissionOperator, plasma: Plasma, ray: Ray, frequency: Array, scale: Array) -> Array:
    return jnp.stack(jax.tree.leaves(jax.vmap(operator)(plasma, ray, frequency)), axis=-1) / scale
