"""A run file: its model, parameters and data as a posterior, and what is to be done with it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp

import sightline as sl

from .._core.reading import FileError, read_text, reading
from .components import read_spectra
from .free import changed, read_space
from .keys import Keys, blame
from .likelihoods import read_data
from .refusal import Refusal
from .scene import Scene, choose, with_gamma_rays
from .settings import read_fit, read_sample
from .whole import assemble


class Study(NamedTuple):
    """What a run file asks for.

    - `posterior`; `note`: what the model is; `folder`: of the results.
    - `fit`, `sample`: arguments of `sl.fit` and `sl.sample`.
    - `spectra`: whether there are X-ray spectra to draw; `flat`: whether the likelihood alone is fitted.
    """

    posterior: sl.Posterior
    note: str
    folder: Path
    fit: dict[str, Any]
    sample: dict[str, Any]
    spectra: bool
    flat: bool = False


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


def precision(table: Mapping[str, Any], where: str = "model") -> str:
    """`double` or `single`, as a table of this name has it."""
    found = table.get(where, {})
    found = found if isinstance(found, dict) else {}
    return Keys(found, f"[{where}]").choose("precision", ("double", "single"), "double")


def prepare(table: dict[str, Any], base: Path) -> Study:
    """Everything that a run needs, checked.

    **Arguments:** `base`: the folder of the run file, where relative paths begin.

    **Raises:** `Refusal` for whatever does not fit, naming the key.
    """
    top = Keys(table, "")
    fit, sampled = top.inner("fit"), read_sample(top.inner("sample"))
    fitted, flat = read_fit(fit), fit.take("flat", "true or false", False)
    fit.finish()
    folder = read_folder(top, base)
    model, free, nuisance = top.inner("model"), top.inner("parameters"), top.inner("nuisance")
    spectra, tables = read_spectra(top.inner("spectra")), top.take("data", "list")
    top.finish()
    kinds = {one.get("kind") for one in tables if isinstance(one, dict)}
    scene, changes = _scene(model, base, alone=kinds == {"spectrum"})
    data = [read_data(keys, scene, base) for keys in each(tables)]
    with blame("[nuisance]"):
        levels = {name: jnp.asarray(value, float) for name, value in nuisance.rest().items()}
        whole = assemble(scene.simulator, data, levels, spectra)
    whole = changed(whole, changes, "[model.set]")
    space = read_space(whole, free)
    with blame("[[data]]"):
        posterior = sl.Posterior(space, [one.likelihood for one in data])
    note = f"{scene.name}. {scene.note}".strip()
    return Study(posterior, note, folder, fitted, sampled, "spectrum" in kinds, flat)


def read_folder(top: Keys, base: Path) -> Path:
    """The folder of the results."""
    output = top.inner("output")
    folder = base / output.take("folder", "text")
    output.finish()
    return folder


def each(tables: list[Any]) -> list[Keys]:
    """The `[[data]]` tables.

    **Raises:** `Refusal` for what is no table.
    """
    for value in tables:
        if not isinstance(value, dict):
            raise Refusal(f"data must be tables: begin each with [[data]], not data = {value!r}.")
    return [Keys(value, f"[[data]] {place}:") for place, value in enumerate(tables, 1)]


def _scene(keys: Keys, base: Path, alone: bool) -> tuple[Scene, dict[str, Any]]:
    """The model, where it is seen from and in which cells, and values to change in it; no sky for spectra alone."""
    cells = keys.take("cells", "whole number", None)
    preset, file = keys.take("preset", "text", None), keys.take("file", "text", None)
    keys.take("precision", "text", "double")
    observer, distance = keys.take("observer", "list", None), keys.take("distance", "number", None)
    gamma_rays = keys.take("gamma_rays", "true or false", False)
    changes = keys.inner("set").rest()
    keys.finish()
    if gamma_rays and file is not None:
        raise Refusal("[model] gamma_rays belongs to presets: a file has radiation and operators of its own.")
    if file is None and (observer is not None or distance is not None):
        raise Refusal("[model] observer and distance belong to a file: presets have their own.")
    if preset is not None and file is not None:
        raise Refusal("[model] preset and file are both given: leave one of them out.")
    if alone and preset is None and file is None:
        if cells is not None:
            raise Refusal("[model] cells belong to a sky, and all data are spectra: leave it out.")
        nothing: Any = sl.Model()
        return Scene("Spectra", nothing, None, None), changes
    with blame("[model]"):
        scene = choose(preset, cells)
        if file is None:
            return with_gamma_rays(scene) if gamma_rays else scene, changes
        divided = scene.cells
        if distance is not None:
            divided = sl.ResolvedCells(divided.cells, distance=float(distance))
        place = None if observer is None else tuple(float(part) for part in observer)
        return Scene(file, sl.load(base / file), place, divided), changes
