"""The sky in blocks of pixels, with a progress bar."""

import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.progress import Progress

import sightline as sl

RAYS_PER_BLOCK = 2048


class Scene(NamedTuple):
    """What is simulated, from where, in which cells, and how it is called."""

    name: str
    simulator: sl.Simulator
    observer: tuple[float, float, float]
    cells: sl.BoxCells | sl.RadialCells
    note: str = ""


def choose(model: str | None, cells: int) -> Scene:
    """A published sky by name, or the default Galaxy for `None`."""
    if model is None:
        return Scene("default Galaxy", _default(), sl.SUN, sl.BoxCells(cells))
    preset = sl.presets.load(model)
    radial = sl.RadialCells(cells, preset.cells.distance, preset.cells.growth)
    return Scene(preset.name, preset.simulator, preset.observer, radial, preset.note)


def _default() -> sl.Simulator:
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def blocks(sky: sl.HealpixSky) -> Iterator[sl.HealpixSky]:
    """A full sky in blocks of one size, so that the simulator compiles once."""
    size = max(RAYS_PER_BLOCK // sky.supersample**2, 1)
    size = size if sky.size % size == 0 else sky.size
    for first in range(0, sky.size, size):
        yield sl.HealpixSky(sky.nside, np.arange(first, first + size), supersample=sky.supersample)


def simulate_sky(
    scene: Scene,
    sky: sl.HealpixSky,
    frequency: list[float],
    check: Callable[[], None],
) -> tuple[sl.Stokes, float]:
    """The Stokes parameters of a sky and the largest rotation [rad] within a cell, where it is above 1.

    **Arguments:** `check`: called after every block; raises to stop.
    """
    parts, rotations, console = [], [], Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Compiling", total=sky.size)
        for part in blocks(sky):
            lines = sl.Sightlines(part, scene.cells, scene.observer)
            stokes, rotation = _quietly(scene.simulator, lines, frequency)
            parts.append(stokes)
            rotations.append(rotation)
            check()
            progress.update(task, advance=part.size, description="Simulating")
    return assemble(parts, sky), max(rotations)


def _quietly(model: sl.Simulator, lines: sl.Sightlines, frequency: list[float]) -> tuple[sl.Stokes, float]:
    """One block, and the rotation [rad] it warned of or 0, which is said once for all blocks; other warnings pass."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stokes = model(lines, frequency)
    rotation = 0.0
    for warning in caught:
        if isinstance(warning.message, sl.RotationWarning):
            rotation = max(rotation, warning.message.rotation)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return stokes, rotation


def assemble(parts: list[sl.Stokes], sky: sl.HealpixSky) -> sl.Stokes:
    """The Stokes parameters of a sky from those of its blocks."""
    maps = {name: jnp.concatenate([getattr(part, name) for part in parts], axis=-1) for name in "IQU"}
    first = parts[0]
    return sl.Stokes(**maps, frequency=first.frequency, unit=first.unit, convention=first.convention, sky=sky)
