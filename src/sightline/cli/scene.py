"""What is simulated: a published sky or the default Galaxy, with the operators asked for, and the instrument."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import sightline as sl

from .._core.reading import FileError, read_text, reading
from ..sky.geometry.cells import PARTS

MOST_CELLS = 1_000_000
MEMORY = 2**37
"""Bytes that one run may keep."""


class Scene(NamedTuple):
    """What is simulated, from where, in which cells, and how it is called."""

    name: str
    simulator: sl.Simulator
    observer: tuple[float, float, float] | None
    cells: Any
    note: str = ""
    tolerance: float | None = None


def check_size(sky: sl.HealpixSky, values: int) -> None:
    """Refuses a sky that no memory holds, before any is taken.

    **Arguments:** `values`: how many double-precision numbers are kept of every ray.

    **Raises:** `ValueError`.
    """
    rays = sky.size * sky.supersample**2
    if 8 * values * rays > MEMORY:
        raise ValueError(
            f"nside = {sky.nside}, supersample = {sky.supersample}: {rays:.3g} rays of {values} numbers are more than "
            f"{MEMORY / 2**30:.0f} GiB."
        )


def choose(model: str | None, cells: int | None) -> Scene:
    """A published sky by name, or the default Galaxy for `None`, seen from its own Sun."""
    if model is None:
        return Scene("default Galaxy", _default(), None, resolved(cells))
    preset = sl.presets.load(model)
    return Scene(preset.name, preset.simulator, None, resolved(cells), preset.note)


def resolved(cells: int | None) -> sl.ResolvedCells:
    """Cells to where the model ends, cut at its walls: about so many on a ray, by default as many as the library takes.

    **Raises:** `ValueError` for a number that is not positive, or too large.
    """
    if cells is None:
        return sl.ResolvedCells()
    if cells < 1:
        raise ValueError(f"cells = {cells} must be a positive whole number.")
    if cells > MOST_CELLS:
        raise ValueError(f"cells = {cells} must be {MOST_CELLS} at most.")
    return sl.ResolvedCells(cells=-(-cells // PARTS))


def _default() -> sl.Simulator:
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def with_operators(scene: Scene, names: Sequence[str], temperature: float, clumping: float) -> Scene:
    """A scene with these operators; synchrotron keeps the unresolved fields of the model."""
    (synchrotron,) = (o for o in scene.simulator.emission if isinstance(o, sl.emission.Synchrotron))
    operators: dict[str, Any] = {
        "synchrotron": synchrotron,
        "self-absorption": dataclasses.replace(synchrotron, absorption="total"),
        "faraday": sl.emission.FaradayRotation(),
        "free-free": sl.emission.FreeFree(clumping=clumping),
    }
    chosen = [name for name in names if name != "synchrotron" or "self-absorption" not in names]
    warm = sl.temperature.Uniform(temperature) if "free-free" in names else None
    emission = tuple(operators[name] for name in chosen)
    return scene._replace(simulator=dataclasses.replace(scene.simulator, emission=emission, temperature=warm))


def with_gamma_rays(scene: Scene) -> Scene:
    """A scene whose electrons scatter light, as it is at its own Sun, to gamma rays, beside what they emit in radio."""
    sun = scene.simulator.sun
    dust, starlight = sl.radiation.Disk(30.0, 0.5, sun=sun), sl.radiation.Disk(3000.0, 1.0, sun=sun)
    light = sl.radiation.CMB() + dust + starlight
    emission = (*scene.simulator.emission, sl.emission.InverseCompton())
    simulator = dataclasses.replace(scene.simulator, emission=emission, radiation=light)
    return scene._replace(simulator=simulator)


def read_band(path: Path, label: float | None = None) -> sl.instruments.Bandpass:
    """A bandpass from a text file of two columns, GHz and weight, labelled with its mean frequency, or another one.

    **Raises:** `ValueError` for a file without such columns, or of weights that have no mean.
    """
    from scipy.integrate import trapezoid

    what = "must hold two columns, frequency [GHz] and weight"
    with reading(path, what):
        rows = np.loadtxt(read_text(path, what).splitlines(), ndmin=2)
        if rows.size == 0 or rows.shape[1] != 2:
            raise FileError(f"path = {path} {what}.")
    frequency, weights = rows.T
    try:
        band = sl.instruments.Bandpass(frequency, weights, nominal=frequency[0] if label is None else label)
    except ValueError as error:
        raise ValueError(f"bandpass {path}: {error}") from None
    if label is not None:
        return band
    mean = trapezoid(frequency * weights, frequency) / trapezoid(weights, frequency)  # as the band integrates
    return dataclasses.replace(band, nominal=float(mean))


def instrument(band: sl.instruments.Bandpass | None, fwhm: float | None) -> sl.instruments.Chain:
    """The bandpass and the beam, as far as they are given."""
    beam = None if fwhm is None else sl.GaussianBeam(fwhm=fwhm)
    return sl.instruments.Chain(tuple(part for part in (band, beam) if part is not None))
