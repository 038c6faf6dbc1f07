"""Likelihoods of maps, pixel by pixel or in bins, that a run file names."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import sightline as sl

from ..io.energy_cubes import cube_tables, photon_factor
from ..io.keywords import find_columns, find_unit, stokes_tables
from ..io.tables import healpix_tables, open_fits, unit_of
from ..io.units import brightness
from ..sky.likelihoods import Brightness
from .keys import Keys
from .refusal import Refusal
from .scene import Scene, check_size

_NUMBERS = 16
"""What sightlines keep of every ray."""


class Data(NamedTuple):
    """One likelihood, and what belongs to it: a beam, deg, or the factor of a detector's area."""

    likelihood: sl.Likelihood
    beam: float | None
    calibration: float | None = None


class Maps(NamedTuple):
    """Maps as they were read: `values` a `Stokes` or an array of I; one in the file is `factor` of their `unit`.

    `at`: GHz, or GeV for maps of photons.
    """

    sky: sl.HealpixSky
    at: Any
    values: Any
    units: dict[str, str]
    factor: float
    unit: str

    @property
    def axis(self) -> str:
        """`"frequency"`, or `"energy"` of photons."""
        return self.values.axis if isinstance(self.values, sl.Stokes) else "frequency"


def binning(keys: Keys) -> dict[str, Any]:
    """The keys of bins: NSIDE of their pixels, data that each needs, and the least error."""
    return {
        "bins": keys.take("bins", "whole number"),
        "minimum": keys.take("minimum", "whole number", 3),
        "floor": keys.take("floor", "number", 0.0),
    }


def read_maps(keys: Keys, reader: str, path: Path) -> Maps:
    """The maps of a file."""
    if reader == "energy_cube":
        return _read_cube(keys, path)
    frequency = keys.take("frequency", ("number", "list"), None)
    if reader == "brightness":
        if path.suffix == ".npz":
            raise Refusal(f"{keys.place} file = {path.name!r} must be a FITS file.")
        (one,) = sl.datasets.read_brightness(path, frequency, keys.take("coordsys", "text", None))
        return Maps(one.sky, one.frequency, one.temperature, {"unit": "K_RJ"}, 1.0, "K_RJ")
    energy = keys.take("energy", ("number", "list"), None)
    if frequency is not None and energy is not None:
        raise Refusal(f"{keys.place} frequency and energy are both given: leave one of them out.")
    unit, convention, coordsys = (keys.take(name, "text", None) for name in ("unit", "convention", "coordsys"))
    stokes = sl.io.read_map(path, unit, convention, frequency, coordsys, energy=energy)
    with healpix_tables(path) as tables:  # noise is in the unit of the file, of which a map drops milli and micro
        table = stokes_tables(tables, path)[0]
        factor, _ = find_unit(table, list(find_columns(table, path).values()), path, unit)
    return Maps(stokes.sky, getattr(stokes, stokes.axis), stokes, {}, factor, stokes.unit)


def _read_cube(keys: Keys, path: Path) -> Maps:
    stokes = sl.io.read_energy_cube(path, keys.take("coordsys", "text", None))
    with open_fits(path) as file:
        factor = photon_factor(cube_tables(file, path)[0], "ENERGY1", path)
    return Maps(stokes.sky, stokes.energy, stokes, {}, factor, stokes.unit)


def map_likelihood(keys: Keys, scene: Scene, maps: Maps, folder: Path, latitude: float, name: str) -> Data:
    """Maps pixel by pixel."""
    beam, offset = keys.positive("beam", None), keys.take("offset", "text", None)
    supersample = keys.take("supersample", "whole number", 1)
    fine = sl.HealpixSky(maps.sky.nside, maps.sky.pixels, maps.sky.nest, supersample)
    check_size(fine, _NUMBERS)
    likelihood = sl.MapLikelihood(
        sl.Sightlines(fine, scene.cells, scene.observer),
        data=maps.values,
        noise=noise_of(keys, maps, folder),
        parameters=_parameters(keys, maps),
        instrument=_instrument(scene, beam, name),
        offset=offset,
        mask=mask_of(keys, maps.sky, folder, latitude),
        name=name,
        **{maps.axis: maps.at},
        **maps.units,
    )
    return Data(likelihood, beam)


def binned_maps(keys: Keys, scene: Scene, maps: Maps, folder: Path, latitude: float, name: str) -> Data:
    """Pixels of a map averaged in those of a coarser one, where it is simulated unless every pixel is asked for."""
    beam, offset, settings = keys.positive("beam", None), keys.take("offset", "text", None), binning(keys)
    evaluate = keys.choose("evaluate", ("data", "bins"), "data")
    supersample = keys.take("supersample", "whole number", 1)
    sky = maps.sky if evaluate == "data" else sl.HealpixSky(settings["bins"])
    fine = sl.HealpixSky(sky.nside, sky.pixels, sky.nest, supersample)
    check_size(fine, _NUMBERS)
    lines = sl.Sightlines(fine, scene.cells, scene.observer)
    seen = {"parameters": _parameters(keys, maps), "instrument": _instrument(scene, beam, name), "offset": offset}
    observable = Brightness(lines, **{maps.axis: maps.at}, **seen)
    mask = mask_of(keys, maps.sky, folder, latitude)
    settings["floor"] *= maps.factor
    likelihood = sl.BinnedLikelihood(
        observable, _blanked(maps.values, mask), evaluate=evaluate, name=name, **settings, **maps.units
    )
    return Data(likelihood, beam)


def _parameters(keys: Keys, maps: Maps) -> str:
    return keys.take("parameters", "text", "") if isinstance(maps.values, sl.Stokes) else "I"


def _instrument(scene: Scene, beam: float | None, name: str) -> str | None:
    """What data are seen through: their beam, or what a saved model has under their name."""
    known = scene.simulator.instruments if isinstance(scene.simulator, sl.Model) else {}
    return name if beam is not None or name in known else None


def _blanked(values: Any, mask: np.ndarray) -> Any:
    """Maps without the pixels that are masked."""
    if not isinstance(values, sl.Stokes):
        return np.where(mask, values, np.nan)
    parts = {name: getattr(values, name) for name in "IQUV" if getattr(values, name) is not None}
    blank = {name: jnp.where(mask, part, jnp.asarray(jnp.nan, part.dtype)) for name, part in parts.items()}
    return dataclasses.replace(values, **blank)


def noise_of(keys: Keys, maps: Maps, folder: Path) -> Any:
    """Numbers, or columns of a file, one for all parameters or one for each, in the unit of the file of the map."""
    noise = keys.take("noise", ("number", "text", "list"))
    names = keys.take("noise_columns", "list", None)
    if not isinstance(noise, str):
        if names is not None:
            raise Refusal(f"{keys.place} noise_columns belongs to a file: noise = {noise!r} is no file.")
        return _numbers_of(keys, noise, maps)
    columns = columns_of(folder / noise, maps.sky, keys, "noise")
    chosen = []
    for name in list(columns) if names is None else names:
        values, unit = column_of(columns, name, keys, "noise_columns")
        known = brightness(unit)  # kelvins alone are those of the map
        named = known is not None and (known[1] == maps.unit or (known[1] == "K" and maps.unit.startswith("K")))
        if unit and not named:
            raise Refusal(f"{keys.place} noise = {noise!r}: column {name} is in {unit!r}, the map in {maps.unit}.")
        chosen.append((known[0] if known is not None else maps.factor) * values)
    several = np.ndim(maps.at) > 0  # which the noise is the same for
    return chosen[0] if len(chosen) == 1 else np.stack(chosen)[:, None] if several else np.stack(chosen)


def _numbers_of(keys: Keys, noise: Any, maps: Maps) -> Any:
    """One number for all maps, or one for each frequency or energy."""
    if not isinstance(noise, list):
        return keys.positive("noise") * maps.factor
    known = [one for one in noise if isinstance(one, (int, float)) and 0 < one < float("inf")]
    if len(known) < len(noise) or (len(noise),) != np.shape(maps.at):
        raise Refusal(f"{keys.place} noise = {noise} must hold one positive number for each {maps.axis} of the file.")
    return np.array(known, float)[:, None] * maps.factor


def mask_of(keys: Keys, sky: sl.HealpixSky, folder: Path, latitude: float) -> np.ndarray:
    """Pixels to use: those where the mask is 1, beyond the latitude."""
    kept = np.abs(sky.lonlat()[1]) >= latitude
    file, name = keys.take("mask", "text", None), keys.take("mask_column", "text", None)
    if file is None:
        return kept
    columns = columns_of(folder / file, sky, keys, "mask")
    if name is None and len(columns) > 1:
        raise Refusal(f"{keys.place} mask_column is missing: {file} holds {', '.join(columns)}.")
    values, _ = column_of(columns, next(iter(columns)) if name is None else name, keys, "mask_column")
    if not np.all(np.isin(values, (0, 1))):
        raise Refusal(f"{keys.place} mask = {file!r} must hold 0 and 1 only, 1 where a pixel is used.")
    return kept & values.astype(bool)


def columns_of(path: Path, sky: sl.HealpixSky, keys: Keys, key: str) -> dict[str, tuple[np.ndarray, str]]:
    """Columns of a file of the same pixels as the data, and their units in it."""
    found, values = sl.io.read_columns(path, coordsys=keys.table.get("coordsys"))
    with healpix_tables(path) as tables:
        columns = {name: (array, unit_of(tables[0], name)) for name, array in values.items()}
    if (found.nside, found.nest) != (sky.nside, sky.nest) or not np.array_equal(found.indices, sky.indices):
        raise Refusal(f"{keys.place} {key} = {path.name!r} is not of the same pixels, in the same order, as the data.")
    return columns


def column_of(columns: dict[str, tuple[np.ndarray, str]], name: Any, keys: Keys, key: str) -> tuple[np.ndarray, str]:
    """One of several columns.

    **Raises:** `Refusal` for one that is not there.
    """
    if not isinstance(name, str) or name not in columns:
        raise Refusal(f"{keys.place} {key}: there is no column {name!r}, but {', '.join(columns)}.")
    return columns[name]
