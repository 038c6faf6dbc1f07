"""Likelihoods of the data that a run file names."""

from pathlib import Path

from . import map_data, source_data, spectrum_data
from .keys import Keys, blame
from .map_data import Data
from .refusal import Refusal
from .scene import Scene

KINDS = ("map", "sources", "bins", "spectrum")
_MAPS = ("map", "brightness", "energy_cube")
_READERS = {
    "map": _MAPS,
    "sources": ("rotation_measures", "faraday_sky", "pulsars"),
    "bins": ("rotation_measures", "faraday_sky", *_MAPS),
}


def read_data(keys: Keys, scene: Scene, folder: Path) -> Data:
    """The likelihood of one `[[data]]` table.

    **Arguments:** `folder`: where relative paths begin.

    **Raises:** `Refusal` for keys, values and files that do not fit, naming them.
    """
    kind = keys.choose("kind", KINDS)
    name = keys.take("name", "text", kind)
    keys.place = f"[[data]] {name!r}:"
    if kind == "spectrum":
        return spectrum_data.read_spectrum(keys, folder, name)
    reader = keys.choose("reader", _READERS[kind], _READERS[kind][0])
    path = folder / keys.take("file", "text")
    latitude = keys.take("latitude", "number", 0.0)
    if not 0 <= latitude < float("inf"):
        raise Refusal(f"{keys.place} latitude = {latitude} must be from 0 to below 90, in deg.")
    with blame(keys.place):
        if reader in _MAPS:
            maps = map_data.read_maps(keys, reader, path)
            make = map_data.map_likelihood if kind == "map" else map_data.binned_maps
            found = make(keys, scene, maps, folder, latitude, name)
        else:
            sources = source_data.read_sources(keys, reader, path, latitude)
            make_sources = source_data.source_likelihood if kind == "sources" else source_data.binned_sources
            found = Data(make_sources(keys, scene, sources, name), None)
    keys.finish()
    return found
