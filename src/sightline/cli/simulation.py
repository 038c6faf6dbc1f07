"""The sky in blocks of pixels, with a progress bar."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.progress import Progress

import sightline as sl

from .scene import Scene

RAYS_PER_BLOCK = 4096
T = TypeVar("T")
Asked = Mapping[str, Sequence[float]]
"""The axis of a sky, `"frequency"` [GHz] or `"energy"` [GeV], and values on it."""


def blocks(sky: sl.HealpixSky) -> Iterator[sl.HealpixSky]:
    """A full sky in blocks of one size, so that the simulator compiles once."""
    size = max(RAYS_PER_BLOCK // sky.supersample**2, 1)
    size = size if sky.size % size == 0 else sky.size
    for first in range(0, sky.size, size):
        yield sl.HealpixSky(sky.nside, np.arange(first, first + size), supersample=sky.supersample)


def simulate_sky(
    scene: Scene, sky: sl.HealpixSky, asked: Asked, check: Callable[[], None]
) -> tuple[sl.Stokes, float, sl.ErrorEstimate | None]:
    """The Stokes parameters of a sky, the largest rotation [rad] within a cell, where it is above 1, and the error.

    **Arguments:** `check`: called after every block; raises to stop.
    """
    if scene.tolerance is not None:
        lines = _chosen(scene, sky, asked)
        check()
        return (*_quietly(scene.simulator, lines, asked), lines.error)
    results = _each_block(lambda lines: _quietly(scene.simulator, lines, asked), scene, sky, check)
    parts, rotations = zip(*results, strict=True)
    return assemble(parts, sky), max(rotations), None


def measure_sky(
    scene: Scene, sky: sl.HealpixSky, observable: str, clumping: float, check: Callable[[], None]
) -> tuple[np.ndarray, sl.ErrorEstimate | None]:
    """RM, DM or EM of a sky, (npix,), and the error; `clumping` of the last; `check` as in `simulate_sky`."""
    measures = {
        "rm": sl.observables.RotationMeasure,
        "dm": sl.observables.DispersionMeasure,
        "em": lambda lines: sl.observables.EmissionMeasure(lines, clumping),
    }
    measure = measures[observable]
    if scene.tolerance is not None:
        lines = _chosen(scene, measure(sky))
        check()
        return np.asarray(measure(lines)(scene.simulator)), lines.error
    return np.concatenate(_each_block(lambda lines: measure(lines)(scene.simulator), scene, sky, check)), None


def _chosen(scene: Scene, sky: Any, asked: Asked | None = None) -> sl.Sightlines:
    """Sightlines that meet the tolerance of a scene, or come near to it, which the report says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sl.ToleranceWarning)
        return scene.simulator.sightlines(sky, tolerance=scene.tolerance, **(asked or {}))


def _each_block(
    function: Callable[[sl.Sightlines], T], scene: Scene, sky: sl.HealpixSky, check: Callable[[], None]
) -> list[T]:
    """`function` of the sightlines of every block, with a progress bar."""
    results, console = [], Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Compiling", total=sky.size)
        for part in blocks(sky):
            results.append(function(sl.Sightlines(part, scene.cells, scene.observer)))
            check()
            progress.update(task, advance=part.size, description="Simulating")
    return results


def _quietly(model: sl.Simulator, lines: sl.Sightlines, asked: Asked) -> tuple[sl.Stokes, float]:
    """One block, and the rotation [rad] it warned of or 0, which is said once for all blocks; other warnings pass."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stokes = model(lines, **asked)
    rotation = 0.0
    for warning in caught:
        if isinstance(warning.message, sl.RotationWarning):
            rotation = max(rotation, warning.message.rotation)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return stokes, rotation


def assemble(parts: Sequence[sl.Stokes], sky: sl.HealpixSky) -> sl.Stokes:
    """The Stokes parameters of a sky from those of its blocks."""
    maps = {name: jnp.concatenate([getattr(part, name) for part in parts], axis=-1) for name in "IQU"}
    first = parts[0]
    return sl.Stokes(**maps, frequency=first.frequency, unit=first.unit, convention=first.convention, sky=sky)
