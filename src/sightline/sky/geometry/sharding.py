"""Rays shared out over devices."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from .sightlines import Sightlines
from .skies import AbstractSky


def shard(tree: Any, mesh: Mesh | None = None) -> Any:
    """Sightlines, or whatever has some within it, with rays shared out over devices.

    Each device takes as many rays, of every class as many; it has the whole model, and all devices get the whole map.
    Simulations, observables, gradients, likelihoods and all that is made of them, fits and chains too, give the same
    numbers to rounding on any number of devices. With `jax.distributed` the devices are those of all processes, each of
    which runs the same program.

    **Arguments:**

    - `tree`: a sky, `Sightlines`, an observable, a likelihood, a `Posterior`, or any PyTree of these.
    - `mesh`: a `jax.sharding.Mesh`, of any shape; `None`: all of `jax.devices()`.

    **Returns:** the same, a sky as `Sightlines`. On one device nothing changes.

    **Raises:** `TypeError` for a mesh that is none; `ValueError` where there are no sightlines.

    !!! example
        >>> lines = sl.shard(sl.HealpixSky(nside=8))
        >>> simulator(lines, frequency=23.0).I.shape
        (768,)
    """
    if mesh is not None and not isinstance(mesh, Mesh):
        raise TypeError(f"mesh must be a jax.sharding.Mesh, or None for all devices, not {mesh!r}.")
    devices = np.asarray(jax.devices() if mesh is None else mesh.devices).ravel()
    placed = Mesh(devices, ("rays",)) if devices.size > 1 else None
    tree = Sightlines(tree) if isinstance(tree, AbstractSky) else tree
    if not any(_is_lines(node) for node in jax.tree.leaves(tree, is_leaf=_is_lines)):
        raise ValueError(f"There are no sightlines in {type(tree).__name__}: give a sky, Sightlines or a likelihood.")
    return jax.tree.map(lambda node: node.on(placed) if _is_lines(node) else node, tree, is_leaf=_is_lines)


def _is_lines(node: Any) -> bool:
    return isinstance(node, Sightlines)
