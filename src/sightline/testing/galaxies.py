"""Contract checks of what galaxies are made of: dust laws, histories of stars, point-spread functions."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from ..galaxies.dust import AbstractLaw
from ..galaxies.ifu import AbstractPSF
from ..galaxies.stars import AbstractHistory
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems
from .fields import sample_positions

_FARTHEST = 1e6  # Angstrom, of a law that has no end


def check_law(law: AbstractLaw) -> None:
    """Holds a dust law to its contract, in the current precision, and says everything that is wrong with it.

    Shape and type of the value; finite and positive over its range, ends included, with finite gradients; derivatives
    by parameters and wavelength equal to central differences (double precision); wavelengths outside the range are
    refused; single-precision leaves give a single-precision value; serialising loses nothing.

    **Arguments:** `law`: an `sl.dust.AbstractLaw`.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_law(sl.dust.Calzetti())
    """
    name = type(law).__name__
    if not isinstance(law, AbstractLaw):
        report(name, ["it is no sl.dust.AbstractLaw: subclass that"])
    check_tree(law)
    problems = types_of(law, lambda one, x: one.ratio(x), (7,), (7,))
    if not 0 < law.low < law.high:
        problems.append(f"its range, low = {law.low:g} to high = {law.high:g} A, must be positive and ascending")
    report(name, problems)
    wavelength = np.geomspace(law.low, min(law.high, _FARTHEST), 301)
    known = jnp.asarray(wavelength, default_float())
    inner = jnp.asarray(wavelength[1:-1], default_float())
    values = law.ratio(wavelength)
    problems += finite_problems(values, "the value") + _positive_problems(values, wavelength)
    problems += finite_problems(_slopes(law, known), "the slope")
    problems += derivative_problems(lambda one: one.ratio(known), law, "the parameters")
    problems += derivative_problems(law.ratio, inner, "the wavelength")
    report(name, problems + _range_problems(law) + round_trip_problems(law))


@eqx.filter_jit
def _slopes(law: AbstractLaw, wavelength: Array) -> Array:
    return jax.vmap(jax.grad(lambda w: law.ratio(w)))(wavelength)


def types_of(module: eqx.Module, function: Any, shape: tuple[int, ...], expected: tuple[int, ...]) -> list[str]:
    """Whether `function` of the module and an array of a shape gives the expected shape in the type of the leaves."""
    for dtype in {jnp.dtype("float32"), jnp.dtype(default_float())}:
        cast = jax.tree.map(lambda leaf, d=dtype: leaf.astype(d) if eqx.is_inexact_array(leaf) else leaf, module)
        found = eqx.filter_eval_shape(function, cast, jax.ShapeDtypeStruct(shape, dtype))
        if getattr(found, "shape", None) != expected:
            return [f"of shape {shape} it must give an array of shape {expected}, not {found}"]
        if found.dtype != dtype:
            return [f"with leaves and numbers in {dtype} it gives {found.dtype}: some constant has a fixed type"]
    return []


# Gyr, [M/H]: no round numbers, as weights have no derivative at a node
_LIBRARY = (np.array([0.031, 0.29, 0.97, 3.1, 10.3, 13.9]), np.array([-2.31, -1.21, -0.41, -0.03, 0.37]))


def check_history(history: AbstractHistory) -> None:
    """Holds a history to its contract, in the current precision, and says everything that is wrong with it.

    Shape and type of the weights; none negative; a sum of 1 at every place, on libraries of many and of few nodes;
    `local` and `common` that make up the weights;
    values and gradients finite, at the centre too; derivatives by parameters and position equal to central differences
    (double precision); jvp and vjp agree; serialising loses nothing.

    **Arguments:** `history`: an `sl.stars.AbstractHistory`.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_history(sl.stars.SingleAge(2.5, -0.3))
    """
    name = type(history).__name__
    if not isinstance(history, AbstractHistory):
        report(name, ["it is no sl.stars.AbstractHistory: subclass that"])
    check_tree(history)
    problems = types_of(history, lambda one, x: one.weights(x, *_nodes(x.dtype)), (3,), (5, 6))
    report(name, problems)
    places = jnp.asarray(np.concatenate([np.zeros((1, 3)), sample_positions(60)]), default_float())
    weights, by_history, by_place = _weights_and_slopes(history, places)
    problems += finite_problems(weights, "a weight") + finite_problems(by_history, "the gradient by the parameters")
    problems += finite_problems(by_place, "the gradient by the position") + _sum_problems(weights)
    few = jnp.ones(1, default_float())
    problems += _sum_problems(history.weights(places[1], few, 0 * few)[None])
    inner = places[1:]
    problems += _mixing_problems(history, inner[:20])
    problems += derivative_problems(lambda one: _weights(one, inner), history, "the parameters")
    problems += derivative_problems(lambda x: _weights(history, x), inner, "the position")
    report(name, problems + round_trip_problems(history))


def _nodes(dtype: Any) -> tuple[Array, Array]:
    ages, metallicities = _LIBRARY
    return jnp.asarray(ages, dtype), jnp.asarray(metallicities, dtype)


def _mixing_problems(history: AbstractHistory, places: Array) -> list[str]:
    nodes = _nodes(places.dtype)
    local, common = jax.vmap(lambda x: history.local(x, *nodes))(places), history.common(nodes[0])
    mixed = local if common is None else jnp.matmul(local, common, precision="highest")
    expected = _weights(history, places)
    if mixed.shape == expected.shape and bool(jnp.allclose(mixed, expected, atol=1e-6)):
        return []
    return ["weights are not local @ common, with which rays are added up"]


def _weights(history: AbstractHistory, places: Array) -> Array:
    return jax.vmap(lambda x: history.weights(x, *_nodes(x.dtype)))(places)


@eqx.filter_jit
def _weights_and_slopes(history: AbstractHistory, places: Array) -> tuple[Array, Any, Array]:
    def total(both: Any) -> tuple[Array, Array]:
        weights = _weights(*both)
        return jnp.sum(weights * jnp.cos(jnp.arange(30.0, dtype=weights.dtype).reshape(1, 5, 6))), weights

    (_, weights), (by_history, by_place) = eqx.filter_value_and_grad(total, has_aux=True)((history, places))
    return weights, by_history, by_place


def _sum_problems(weights: Array) -> list[str]:
    found, room = np.asarray(weights), 100 * float(jnp.finfo(weights.dtype).eps)
    problems = [f"a weight is negative: {found.min():.3g}"] if found.min() < -room else []
    sums = found.sum(axis=(1, 2))
    far = sums[np.argmax(np.abs(sums - 1))]
    return problems + ([f"its weights sum to {far:.9g}, not 1"] if abs(far - 1) > room else [])


_WAVES, _SHAPE, _SPAXEL = np.array([4800.0, 6500.0, 9000.0]), (15, 16), 0.3  # A, arcsec


def check_psf(psf: AbstractPSF) -> None:
    """Holds a point-spread function to its contract, in the current precision, and says everything wrong with it.

    Shape and type of the images; light none of which is negative, and of which none is made; a point that stays where
    it is; images that add; values and gradients finite; derivatives by parameters equal to central differences (double
    precision); jvp and vjp agree; serialising loses nothing.

    **Arguments:** `psf`: of a width that is not far from an arcsecond: images of 15 by 16 spaxels of 0.3 arcsec are
    tried.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_psf(sl.cubes.GaussianPSF(fwhm=0.8))
    """
    name = type(psf).__name__
    if not isinstance(psf, AbstractPSF):
        report(name, ["it is no sl.cubes.AbstractPSF: subclass that"])
    check_tree(psf)
    shape = (3, *_SHAPE)
    problems = types_of(psf, lambda one, x: one(x, _WAVES, _SPAXEL), shape, shape)
    report(name, problems)
    points = jnp.zeros(shape, default_float()).at[:, 7, 8].set(1.0)
    light = jnp.asarray(np.random.default_rng(0).uniform(size=shape), points.dtype)
    smear = eqx.filter_jit(lambda one, images: one(images, _WAVES, _SPAXEL))
    point, image, both = smear(psf, points), smear(psf, light), smear(psf, points + 2 * light)
    problems += finite_problems((point, image), "an image") + _point_problems(np.asarray(point))
    if not np.allclose(both, point + 2 * image, atol=100 * float(jnp.finfo(points.dtype).eps)):
        problems.append("images do not add: it is not linear")
    problems += derivative_problems(lambda one: one(light, _WAVES, _SPAXEL), psf, "the parameters")
    problems += derivative_problems(lambda x: psf(x, _WAVES, _SPAXEL), light, "the image")
    report(name, problems + round_trip_problems(psf))


def _point_problems(point: np.ndarray) -> list[str]:
    room, problems = 100 * float(np.finfo(point.dtype).eps), []
    if point.min() < -room:
        problems.append(f"it makes light negative, down to {point.min():.3g} of a point")
    if np.any(point.sum(axis=(1, 2)) > 1 + room):
        problems.append(f"it makes light: of 1 there is {point.sum(axis=(1, 2)).max():.9g}")
    near = point[:, 4:11, 5:12]
    for axis in (1, 2):
        if not np.allclose(near, np.flip(near, axis), atol=room):
            problems.append(f"a point is moved {('', 'north or south', 'east or west')[axis]}")
    return problems


def _positive_problems(values: Array, wavelength: np.ndarray) -> list[str]:
    bad = wavelength[~(np.asarray(values) > 0)]
    return [f"it is not positive at {bad[0]:g} A, within its range"] if len(bad) else []


def _range_problems(law: AbstractLaw) -> list[str]:
    problems = []
    for outside in (0.9 * law.low, 1.1 * law.high):
        try:
            law.ratio(outside)
        except ValueError:
            continue
        if np.isfinite(outside):
            problems.append(f"it does not refuse {outside:g} A, outside its range")
    return problems
