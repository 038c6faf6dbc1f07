"""Sightlines of some pixels: only these are simulated."""

import itertools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import tree
from jaxtyping import Array

from ..._core.module import is_concrete
from .sightlines import Sightlines
from .skies import Directions, HealpixSky, SourceCatalogue


def restrict_lines(lines: Sightlines, index: Array | np.ndarray) -> Sightlines | None:
    """The sightlines of the pixels, or sources, at the places `index`; `None` for a sky of which there is no part."""
    sky = lines.sky
    numbers: Any = np if is_concrete(index) and is_concrete(lines.rays.length) else jnp
    if isinstance(sky, HealpixSky):
        pixels = index if sky.pixels is None else numbers.asarray(sky.pixels)[index]
        small = eqx.tree_at(lambda s: s.pixels, sky, pixels, is_leaf=lambda x: x is None)
    elif isinstance(sky, (Directions, SourceCatalogue)):
        small = tree.map(lambda leaf: numbers.asarray(leaf)[index], sky)
    else:
        return None
    each = lines.size // sky.size
    places = (index[:, None] * each + numbers.arange(each)[None]).ravel()
    return eqx.tree_at(lambda s: s.sky, lines.take(places), small, is_leaf=lambda x: x is None)


def parts_of(lines: Sightlines) -> list[tuple[Sightlines, Array]] | None:
    """The pixels in parts of as many cells a ray, each with the places of its pixels.

    **Returns:** `None` for a sky of which there is no part, or a pixel whose rays may be in several.
    """
    if not isinstance(lines.sky, (HealpixSky, Directions, SourceCatalogue)):
        return None
    if not lines.classes:
        return [(lines, jnp.arange(lines.sky.size))]
    if lines.size != lines.sky.size:
        return None
    ends = np.cumsum([0, *(part.size for part in lines.classes)])
    order = jnp.argsort(jnp.asarray(lines.order))
    places = [order[first:last] for first, last in itertools.pairwise(ends)]
    return [(_with_sky(part, lines, index), index) for part, index in zip(lines.classes, places, strict=True)]


def _with_sky(part: Sightlines, lines: Sightlines, index: Array) -> Sightlines:
    """A class of the rays of lines, whose pixels are those at the places `index`."""
    whole = restrict_lines(eqx.tree_at(lambda s: (s.classes, s.order), lines, ((), None)), index)
    assert whole is not None
    return eqx.tree_at(_seen, part, _seen(whole), is_leaf=lambda x: x is None)


def _seen(lines: Sightlines) -> tuple[Any, Any]:
    """What is seen, and from where."""
    return lines.sky, lines.observer


def towards(lines: Sightlines, pixel: int) -> str:
    """The direction of a pixel in words: `", towards l = 12, b = 3 deg"`; nothing where it has none on the sky."""
    sky: Any = lines.sky
    if not hasattr(sky, "lonlat"):
        return ""
    l, b = (float(angles[pixel]) for angles in sky.lonlat())
    return f", towards l = {l:.4g}, b = {b:.4g} deg"
