"""Observables of some of their pixels: only these are simulated."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import tree
from jaxtyping import Array

from .._core.module import is_concrete
from ..geometry import Directions, HealpixSky, Sightlines, SourceCatalogue
from ..observables import AbstractObservable
from .brightness import Brightness


def restrict(observable: Any, index: Array | np.ndarray) -> Any | None:
    """The observable of the pixels at the places `index`; `None` where all must be simulated to have some.

    That is so behind an instrument, which may mix pixels, for distances that are fitted, and for observables of a user.
    """
    alone = isinstance(observable, Brightness) and observable.instrument is None
    if not alone and not (isinstance(observable, AbstractObservable) and observable.distance is None):
        return None
    lines = _restrict_lines(observable.sightlines, index)
    return None if lines is None else eqx.tree_at(lambda o: o.sightlines, observable, lines)


def _restrict_lines(lines: Sightlines, index: Array | np.ndarray) -> Sightlines | None:
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
    places = (index[:, None] * each + numbers.arange(each)).ravel()
    return eqx.tree_at(lambda s: s.sky, lines.take(places), small, is_leaf=lambda x: x is None)
