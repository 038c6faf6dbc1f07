"""Components of the microwave sky in a run file: SEDs by name, whose parameters are numbers or clusters of pixels."""

import dataclasses
import re
import typing
from pathlib import Path
from typing import Any

import jax
import numpy as np

import sightline as sl

from ..registry import public_classes
from .keys import Keys, blame
from .map_data import column_of, columns_of
from .refusal import Refusal
from .settings import read_key

_VALUES = ("number", "list", "table")
_WAYS = ("kmeans", "nside", "labels")
"""What may tell the clusters of a parameter."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Pixels(typing.NamedTuple):
    """The sky of the files, and the places in it of the pixels that are used, which are `sky`."""

    whole: sl.HealpixSky
    kept: np.ndarray
    sky: sl.HealpixSky


def read_components(keys: Keys, pixels: Pixels, folder: Path) -> sl.components.MixingMatrix:
    """The mixing matrix of the tables `[components.NAME]`.

    **Raises:** `Refusal` for kinds, parameters and clusters that do not fit, naming the key.
    """
    found = {}
    for name in keys.rest():
        if not _NAME.fullmatch(name):
            raise Refusal(f"[components] {name!r} becomes the name of a file: begin with a letter, and no spaces.")
        found[name] = _sed(keys.inner(name), pixels, folder)
    if not found:
        raise Refusal('[components] is missing: name what the sky is made of, e.g. [components.cmb] kind = "CMB".')
    with blame("[components]"):
        return sl.components.MixingMatrix(**found)


def _sed(keys: Keys, pixels: Pixels, folder: Path) -> Any:
    """One SED with its parameters; `Moments` has that which it derives in `sed`."""
    kinds = {name: one for name, one in public_classes("components").items() if _is_plain(one)}
    kind = kinds[keys.choose("kind", sorted(kinds))]
    given = {one.name: _parameter(keys, one, pixels, folder) for one in dataclasses.fields(kind) if one.init}
    keys.finish()
    with blame(keys.place):
        return kind(**{name: value for name, value in given.items() if value is not None})


def _is_plain(kind: type) -> bool:
    """Whether numbers and other SEDs are all that a class needs."""
    sed = sl.components.AbstractSED
    return issubclass(kind, sed) and not issubclass(kind, sl.components.ElectronSynchrotron)


def _parameter(keys: Keys, field: dataclasses.Field, pixels: Pixels, folder: Path) -> Any:
    """A number, a list, clusters where a table says so, or an SED within another; `None` for the default."""
    needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    value = keys.take(field.name, _VALUES) if needed else keys.take(field.name, _VALUES, None)
    if not isinstance(value, dict):
        return value
    inner = keys.inner(field.name)
    if isinstance(field.type, type) and issubclass(field.type, sl.components.AbstractSED):
        return _sed(inner, pixels, folder)
    if sl.components.AbstractPixelMap not in typing.get_args(field.type):
        raise Refusal(f"{keys.place} {field.name} is the same in all pixels: give a number, not a table.")
    return _clusters(inner, field, pixels, folder)


def _clusters(keys: Keys, field: dataclasses.Field, pixels: Pixels, folder: Path) -> Any:
    """Clusters of the pixels that are used, with a value each."""
    value = keys.take("value", ("number", "list"), field.default)
    ways = [way for way in _WAYS if way in keys.table]
    if len(ways) != 1:
        keys.rest()
        raise Refusal(
            f"{keys.place} must have one of kmeans (how many clusters), nside (of coarser pixels) and labels (a FITS "
            f"file of whole numbers), and has {', '.join(ways) or ', '.join(keys.table) or 'none'}."
        )
    with blame(f"{keys.place} {ways[0]}"):
        labels = _labels(keys, ways[0], pixels, folder)
    keys.finish()
    with blame(f"{keys.place} value"):
        return sl.components.Clusters(value, labels)


def _labels(keys: Keys, way: str, pixels: Pixels, folder: Path) -> np.ndarray:
    if way == "nside":
        return sl.components.multiresolution(pixels.sky, keys.take("nside", "whole number"))
    if way == "labels":
        return _from_file(keys, pixels, folder)
    count, starts = keys.take("kmeans", "whole number"), keys.take("starts", "whole number", 3)
    return sl.components.kmeans(pixels.sky, count, read_key(keys), starts)


def _from_file(keys: Keys, pixels: Pixels, folder: Path) -> np.ndarray:
    """Labels of a FITS file of the same pixels as the maps, numbered anew in their order."""
    file, name = keys.take("labels", "text"), keys.take("column", "text", None)
    keys.take("coordsys", "text", None)
    columns = columns_of(folder / file, pixels.whole, keys, "labels")
    if name is None and len(columns) > 1:
        raise Refusal(f"{keys.place} column is missing: {file} holds {', '.join(columns)}.")
    values = column_of(columns, next(iter(columns)) if name is None else name, keys, "column")[0][pixels.kept]
    if not np.all(np.isfinite(values)) or np.any(values != np.round(values)) or np.any(values < 0):
        raise ValueError(f"{file} must hold whole numbers from 0 in every pixel that is used.")
    return sl.components.relabel(values.astype(int))


def labels_of(mixing: sl.components.MixingMatrix) -> dict[str, np.ndarray]:
    """The labels of all clusters of a mixing matrix by the name of the parameter, `dust.index`."""

    def is_clusters(node: Any) -> bool:
        return isinstance(node, sl.components.Clusters)

    found = jax.tree_util.tree_flatten_with_path(mixing.terms, is_leaf=is_clusters)[0]
    named = {
        ".".join(str(getattr(key, "name", getattr(key, "key", key))) for key in path): node for path, node in found
    }
    return {name: np.asarray(node.labels) for name, node in named.items() if is_clusters(node)}
