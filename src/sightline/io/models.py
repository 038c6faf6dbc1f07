"""Model files: the structure as JSON and the arrays beside it, in one NumPy archive. Nothing in it can run."""

import dataclasses
import functools
import inspect
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._core.archives import read_archive, scan_archive
from .._core.construct import construct
from .._core.files import PathLike, check_writable, replacing
from .._core.fixed import Fixed
from .._core.reading import FileError, reading
from .._version import __version__
from ..registry import MODELS, PACKAGE, WHOLE, public_classes, whole_class

FORMAT = 1
_NONE = object()
_WHAT = "is no model file of sightline, or damaged"


def save(model: eqx.Module, path: PathLike, overwrite: bool = False) -> None:
    """Writes a model, or any part of one, to a file that `load` reads: names of classes, settings and arrays.

    **Arguments:** `model`: a `Simulator`, a `Model`, a field, an operator, ...; `overwrite`: replace an existing file;
    `path`: where.

    **Raises:** as `sl.io.check_writable`; `TypeError` for a setting that is a function, which no file can hold. The
    file appears whole or not at all.

    !!! example
        >>> sl.save(simulator, "model.npz", overwrite=True)
        >>> sl.load("model.npz").magnetic_field.b0
        Array(1.2, dtype=float64)
    """
    check_writable(path, overwrite)
    arrays: list[np.ndarray] = []
    structure = {"format": FORMAT, "sightline": __version__, "model": _encode(model, arrays, type(model).__name__)}
    text = np.frombuffer(json.dumps(structure).encode(), np.uint8)
    with replacing(path, overwrite) as temporary, open(temporary, "wb") as file:
        np.savez(file, structure=text, **{f"array_{i}": array for i, array in enumerate(arrays)})


def load(path: PathLike, classes: Iterable[type[eqx.Module]] = ()) -> Any:
    """A model from a file that `save` wrote, checked as at construction. Nothing in the file is executed.

    **Arguments:** `classes`: classes of your own that the model is made of; `path`: of a file by `save`.

    **Returns:** what was saved, an `equinox.Module`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for a file that is no model, is damaged, of a
    newer format, has a class or a field that is not known, or values that the class refuses, naming it.

    !!! example
        >>> sl.save(simulator, "kept.npz", overwrite=True)
        >>> sl.load("kept.npz").magnetic_field.b0 == simulator.magnetic_field.b0
        Array(True, dtype=bool)
    """
    with reading(path, _WHAT):
        structure = json.loads(read_archive(path, ["structure"], _WHAT)["structure"].tobytes())
        if not isinstance(structure, dict) or not isinstance(structure.get("format"), int):
            raise FileError(f"path = {path} {_WHAT}: it has no format.")
        if structure["format"] > FORMAT:
            raise FileError(
                f"{path} has format {structure['format']}, written by sightline {structure.get('sightline')}; this is "
                f"{__version__}, which reads up to {FORMAT}: use a newer one."
            )
        known = _known(_classes(structure["model"])) | {_name(cls): cls for cls in classes}
        named = sorted(f"array_{number}" for number in _numbers(structure["model"]))
        model = _Parts(read_archive(path, named, _WHAT), known, str(path)).decoded(structure["model"])
        if not isinstance(model, eqx.Module):
            raise FileError(f"path = {path} {_WHAT}: it holds a {type(model).__name__}.")
        others = set(scan_archive(path, _WHAT)).difference(named, ["structure"])
        if others:
            raise FileError(f"path = {path} is damaged: it holds {', '.join(sorted(others)[:3])}, which no part names.")
        return model


def _numbers(node: Any) -> list[int]:
    """Numbers of the arrays within a structure."""
    if isinstance(node, dict):
        own = [node["array"]] if isinstance(node.get("array"), int) and "jax" in node else []
        return own + [number for part in node.values() for number in _numbers(part)]
    return [number for part in node for number in _numbers(part)] if isinstance(node, list) else []


def _classes(node: Any) -> set[str]:
    """Names of the classes within a structure."""
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = {node["class"]} if isinstance(node, dict) and isinstance(node.get("class"), str) else set()
    return own.union(*map(_classes, parts))


def _known(names: set[str]) -> dict[str, type[eqx.Module]]:
    """The classes of sightline among these names: only rooms that are named are loaded."""
    if any(name.startswith("sightline.") for name in names):
        return registry()
    rooms = {name.rpartition(".")[0] or name for name in names}
    found = {f"{room}.{name}": cls for room in rooms.intersection(MODELS) for name, cls in public_classes(room).items()}
    return found | {name: whole_class(name) for name in rooms.intersection(WHOLE)}


@functools.cache
def registry() -> dict[str, type[eqx.Module]]:
    """The classes a file may name, e.g. `electrons.ExponentialDisk`."""
    found = {name: whole_class(name) for name in WHOLE}
    for room in MODELS:
        found |= {f"{room}.{name}": cls for name, cls in public_classes(room).items()}
    inner = {value for cls in list(found.values()) for value in _defaults(cls)} | _places() | _photons()
    return found | {_name(cls): cls for cls in inner if cls not in found.values()}


def _default(field: Any) -> Any:
    """The default of a field that may have come later, as it says that there is nothing; else `_NONE`."""
    value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return value if value is None or (isinstance(value, (dict, tuple)) and not value) else _NONE


def _defaults(cls: type[eqx.Module]) -> set[type[eqx.Module]]:
    """Classes of modules that are not exported, but stand in a field by default."""
    factories = [f.default_factory for f in dataclasses.fields(cls) if f.default_factory is not dataclasses.MISSING]
    return {value for value in factories if inspect.isclass(value) and issubclass(value, eqx.Module)}


def _places() -> set[type[eqx.Module]]:
    """Classes of skies, sightlines, cells and their errors, and of observables, which columns and maps hold."""
    from ..sky import geometry, observables
    from ..sky.simulator import ErrorEstimate

    named = [*vars(geometry).values(), *vars(observables).values()]
    known = {value for value in named if inspect.isclass(value) and issubclass(value, eqx.Module)}
    return {ErrorEstimate} | {cls for cls in known if not cls.__name__.startswith("Abstract")}


def _photons() -> set[type[eqx.Module]]:
    """Classes of the photons of fields at one point, which spectra of electrons hold."""
    from ..sky.fields.radiation.grid import PointTable
    from ..sky.fields.radiation.spectra.greybody import PointGreybody

    return {PointTable, PointGreybody}


def _name(cls: type) -> str:
    """Where a class lives, without the wing, which files of old do not name."""
    return f"{cls.__module__}.{cls.__qualname__}".replace("sightline.sky.", "sightline.", 1)


@functools.cache
def _names() -> dict[type, str]:
    return {cls: name for name, cls in registry().items()}


def _name_of(cls: type) -> str:
    if cls.__module__.split(".")[0] != PACKAGE:
        return _name(cls)
    return cls.__name__ if cls.__name__ in WHOLE else _names().get(cls, _name(cls))


def _encode(value: Any, arrays: list[np.ndarray], place: str) -> Any:
    if isinstance(value, eqx.Module):
        name = _name_of(type(value))
        parts = {
            f.name: _encode(getattr(value, f.name), arrays, f"{place}.{f.name}") for f in dataclasses.fields(value)
        }
        return {"class": name, "fields": parts}
    if isinstance(value, (jax.Array, np.ndarray)):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1, "jax": isinstance(value, jax.Array)}
    if isinstance(value, Fixed):
        return _encode(value.values, arrays, place) | {"fixed": True}
    if isinstance(value, (tuple, list)):
        return {type(value).__name__: [_encode(item, arrays, f"{place}.{i}") for i, item in enumerate(value)]}
    if isinstance(value, dict):
        return {"dict": {key: _encode(item, arrays, f"{place}.{key}") for key, item in value.items()}}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{place} is {value!r}, which no model file can hold: keep the model in a script instead.")


class _Parts(NamedTuple):
    """What modules in a file are made from: its arrays, the classes it may name, and whether they are a batch."""

    arrays: dict[str, np.ndarray]
    known: dict[str, type[eqx.Module]]
    path: str
    batch: bool = False

    def decoded(self, node: Any) -> Any:
        """What a part of the structure stands for."""
        if not isinstance(node, dict):
            return node
        if "class" in node:
            return self.module(node)
        if "array" in node:
            return self._array(node)
        if "bytes" in node:
            return bytes.fromhex(node["bytes"])
        if "dict" in node:
            return {key: self.decoded(item) for key, item in node["dict"].items()}
        kind = tuple if "tuple" in node else list
        return kind(self.decoded(item) for item in node[kind.__name__])

    def _array(self, node: Any) -> Any:
        values = self.arrays[f"array_{int(node['array'])}"]
        if node["jax"]:
            return jnp.asarray(values)
        return Fixed(values) if node.get("fixed") else values

    def module(self, node: Any) -> Any:
        """A module of the fields it has in the file.

        **Raises:** `FileError` for a class or fields that are not known, and values that the class refuses.
        """
        name, parts = node["class"], node["fields"]
        if name not in self.known:
            cure = "pass it, load(path, classes=(...,))."
            raise FileError(f"{self.path} holds a {name}, which is no class of sightline: {cure}")
        cls = self.known[name]
        added = self._added(cls, name, parts)
        within = self._replace(batch=self.batch or getattr(cls, "batches", False))
        values = added | {field: within.decoded(part) for field, part in parts.items()}
        try:
            return construct(cls, values, self.batch)
        except (ValueError, TypeError) as error:
            raise FileError(f"{self.path} is damaged, or no model that can be: {error}") from None

    def _added(self, cls: type[eqx.Module], name: str, parts: Any) -> dict[str, Any]:
        """Fields that a class has had since the file was written, with their defaults.

        **Raises:** `FileError` for fields without, and for those that the class no longer has.
        """
        wanted = {field.name: field for field in dataclasses.fields(cls)}
        added = {field: _default(wanted[field]) for field in set(wanted).difference(parts)}
        differing = {*set(parts).difference(wanted), *(field for field, value in added.items() if value is _NONE)}
        if differing:
            raise FileError(
                f"{self.path}: {name} has other fields in this version of sightline: {', '.join(sorted(differing))}."
            )
        return added
