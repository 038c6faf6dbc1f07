"""A run file: its model, parameters and data as a posterior, and what is to be done with it."""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import sightline as sl

from .._core.reading import FileError, read_text, reading
from ..parameters import find_leaves, match
from . import priors
from .keys import Keys, blame
from .likelihoods import read_data
from .refusal import Refusal
from .scene import Scene, choose
from .settings import read_fit, read_sample

_BESIDE = ("nuisance", "instruments")
"""What a model has beside the simulator, whose name is left out."""


class Study(NamedTuple):
    """What a run file asks for.

    - `posterior`; `note`: what the model is; `folder`: of the results.
    - `fit`, `sample`: arguments of `sl.fit` and `sl.sample`.
    """

    posterior: sl.Posterior
    note: str
    folder: Path
    fit: dict[str, Any]
    sample: dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """The tables of a run file.

    **Raises:** `Refusal` for a file that is missing or no TOML.
    """
    try:
        with reading(path, "is no TOML file"):
            return tomllib.loads(read_text(path, "is no TOML file"))
    except FileNotFoundError:
        raise Refusal(f"{path} does not exist: name a run file.") from None
    except FileError as error:
        raise Refusal(str(error)) from None


def precision(table: Mapping[str, Any]) -> str:
    """`double` or `single`."""
    model = table.get("model", {})
    return Keys(model if isinstance(model, dict) else {}, "[model]").choose("precision", ("double", "single"), "double")


def prepare(table: dict[str, Any], base: Path) -> Study:
    """Everything that a run needs, checked.

    **Arguments:** `base`: the folder of the run file, where relative paths begin.

    **Raises:** `Refusal` for whatever does not fit, naming the key.
    """
    top = Keys(table, "")
    fitted, sampled = read_fit(top.inner("fit")), read_sample(top.inner("sample"))
    output = top.inner("output")
    folder = base / output.take("folder", "text")
    output.finish()
    model, free, nuisance = top.inner("model"), top.inner("parameters"), top.inner("nuisance")
    tables = top.take("data", "list")
    top.finish()
    scene, changes = _scene(model, base)
    data = [read_data(Keys(_as_table(one), f"[[data]] {place}:"), scene, base) for place, one in enumerate(tables, 1)]
    beams = _beams(data)
    with blame("[nuisance]"):
        levels = {name: jnp.asarray(value, float) for name, value in nuisance.rest().items()}
        whole = _with(scene.simulator, beams, levels)
    whole = _changed(whole, changes, "[model.set]")
    space = _space(whole, free)
    with blame("[[data]]"):
        posterior = sl.Posterior(space, [one.likelihood for one in data])
    return Study(posterior, f"{scene.name}. {scene.note}".strip(), folder, fitted, sampled)


def _beams(data: list[Any]) -> dict[str, float]:
    """Beams [deg] by the name of the data that they belong to."""
    names = [one.likelihood.name for one in data]
    beams = {one.likelihood.name: one.beam for one in data if one.beam is not None}
    twice = [name for name in beams if names.count(name) > 1]
    if twice:
        raise Refusal(f"[[data]]: two are called {twice[0]!r}, and a beam belongs to one of them: give each a name.")
    return beams


def _as_table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(f"data must be tables: begin each with [[data]], not data = {value!r}.")
    return value


def _scene(keys: Keys, base: Path) -> tuple[Scene, dict[str, Any]]:
    """The model, where it is seen from and in which cells, and values to change in it."""
    cells = keys.take("cells", "whole number", None)
    preset, file = keys.take("preset", "text", None), keys.take("file", "text", None)
    keys.take("precision", "text", "double")
    observer, distance = keys.take("observer", "list", None), keys.take("distance", "number", None)
    changes = keys.inner("set").rest()
    keys.finish()
    if file is None and (observer is not None or distance is not None):
        raise Refusal("[model] observer and distance belong to a file: presets have their own.")
    if preset is not None and file is not None:
        raise Refusal("[model] preset and file are both given: leave one of them out.")
    with blame("[model]"):
        scene = choose(preset, cells)
        if file is None:
            return scene, changes
        divided = scene.cells
        if distance is not None:
            divided = sl.ResolvedCells(divided.cells, distance=float(distance))
        place = None if observer is None else tuple(float(part) for part in observer)
        return Scene(file, sl.load(base / file), place, divided), changes


def _with(model: Any, beams: dict[str, float], nuisance: dict[str, Any]) -> sl.Model:
    """A simulator, or a model that was saved, with the beams and nuisance parameters of this run."""
    if isinstance(model, sl.Simulator):
        model = sl.Model(model)
    if not isinstance(model, sl.Model):
        raise ValueError(f"the file holds a {type(model).__name__}: it must be a Simulator or a Model.")
    seen = {name: _beam(name, fwhm, model.instruments.get(name)) for name, fwhm in beams.items()}
    return dataclasses.replace(model, instruments=model.instruments | seen, nuisance=model.nuisance | nuisance)


def _beam(name: str, fwhm: float, known: Any) -> Any:
    """The beam of data, which may be the instrument that a saved model has under their name, but not replace it."""
    if known is None:
        return sl.GaussianBeam(fwhm=fwhm)
    if isinstance(known, sl.GaussianBeam) and np.isclose(float(known.fwhm), fwhm, rtol=1e-6):
        return known
    raise Refusal(
        f"[[data]] {name!r}: beam = {fwhm} would replace the {type(known).__name__} that the model has under this "
        "name: leave beam out to see the data through that, or give the data another name."
    )


def _full(name: str) -> str:
    """The name of a parameter in the model."""
    return name if name.partition(".")[0] in _BESIDE else f"simulator.{name}"


def _leaves(model: sl.Model, name: str, place: str) -> list[str]:
    """Names of the leaves that a name or glob means."""
    leaves = find_leaves(model)
    try:
        return match(_full(name), model, leaves)
    except ValueError:
        known = [one.removeprefix("simulator.") for one, leaf in leaves.items() if leaf.learnable]
        raise priors.nearest(name, known, place) from None
    except TypeError as error:
        raise Refusal(f"{place} {name}: {error}") from None


def _changed(model: sl.Model, changes: Mapping[str, Any], place: str) -> sl.Model:
    """The model with other values; a number serves every element of an array."""
    values, structure = jax.tree.flatten(model)
    for name, value in changes.items():
        for one in _leaves(model, name, place):
            leaf = find_leaves(model)[one]
            values[leaf.position] = _value(f"{place} {name}", value, leaf)
    return jax.tree.unflatten(structure, values)


def _value(place: str, value: Any, leaf: Any) -> jax.Array:
    with blame(f"{place} = {value!r}"):
        array = np.broadcast_to(np.asarray(value, np.float64), leaf.value.shape)
        low, high = leaf.metadata.get("bounds", (None, None))
        outside = (low is not None and np.any(array < low)) or (high is not None and np.any(array > high))
        if not np.all(np.isfinite(array)) or outside or (leaf.metadata.get("positive") and np.any(array <= 0)):
            raise ValueError(f"it must be finite and within its bounds, {low} to {high}.")
        return jnp.asarray(array, leaf.value.dtype)


def _space(model: sl.Model, keys: Keys) -> sl.ParameterSpace:
    found: dict[str, Any] = {}
    for name, given in keys.rest().items():
        if not isinstance(given, dict):
            raise Refusal(
                f'[parameters] "{name}" = {given!r} must be a table, {{ prior = "uniform", low = 0, high = 1 }}.'
            )
        inner = Keys(given, f'[parameters] "{name}":')
        start = inner.take("start", ("number", "list"), None)
        chosen = priors.prior(inner)
        inner.finish()
        if start is not None:
            model = _changed(model, {name: start}, "[parameters]")
        _leaves(model, name, "[parameters]")
        found[_full(name)] = chosen
    with blame("[parameters]"):
        return sl.ParameterSpace(model, found)
