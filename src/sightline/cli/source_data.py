"""Likelihoods of sources, one by one or in bins, that a run file names."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import sightline as sl

from .keys import Keys
from .map_data import binning
from .scene import Scene


class Sources(NamedTuple):
    """Sources as they were read."""

    sky: Any
    observable: type
    values: np.ndarray
    error: np.ndarray


def read_sources(keys: Keys, reader: str, path: Path, latitude: float) -> Sources:
    """The sources of a file; those nearer to the Galactic plane are blank."""
    rotation = sl.observables.RotationMeasure
    if reader == "rotation_measures":
        table = sl.datasets.read_rotation_measures(path)
        found = Sources(table.sky, rotation, table.rm, table.error)
    elif reader == "faraday_sky":
        sky = sl.datasets.read_faraday_sky(path, coordsys=keys.take("coordsys", "text", None))
        found = Sources(sky.sky, rotation, sky.rm, sky.error)
    else:
        found = _read_pulsars(keys, path)
    far = np.abs(found.sky.lonlat()[1]) >= latitude
    return found._replace(values=np.where(far, found.values, np.nan))


def _read_pulsars(keys: Keys, path: Path) -> Sources:
    quantity = keys.choose("quantity", ("dm", "rm"), "dm")
    distance = keys.choose("distance", ("independent", "YMW16", "NE2001"), "independent")
    table = sl.datasets.read_pulsars(path, need=(quantity, "distance"), distance=distance)
    if quantity == "rm":
        return Sources(table.sources, sl.observables.RotationMeasure, table.rm, table.rm_error)
    error = np.full(len(table), keys.positive("error"))  # a dispersion measure is known beyond any model
    return Sources(table.sources, sl.observables.DispersionMeasure, table.dm, error)


def _lines(scene: Scene, sky: Any) -> sl.Sightlines:
    """Rays to sources end there, in cells of their own; others in those of the model."""
    cells = None if isinstance(sky, sl.SourceCatalogue) else scene.cells
    return sl.Sightlines(sky, cells, scene.observer)


def source_likelihood(keys: Keys, scene: Scene, sources: Sources, name: str) -> sl.Likelihood:
    """Sources one by one."""
    scatter, student = keys.take("scatter", ("number", "text"), None), keys.take("student", "number", None)
    observable = sources.observable(_lines(scene, sources.sky))
    return sl.SourceLikelihood(observable, sources.values, sources.error, scatter=scatter, student=student, name=name)


def binned_sources(keys: Keys, scene: Scene, sources: Sources, name: str) -> sl.Likelihood:
    """Means of sources in bins."""
    observable = sources.observable(_lines(scene, sources.sky))
    return sl.BinnedLikelihood(observable, sources.values, name=name, **binning(keys))
