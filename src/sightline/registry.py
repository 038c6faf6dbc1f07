"""The public namespaces and where they live: model files and the test of public names read it."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx

PACKAGE = __name__.partition(".")[0]

NAMESPACES: dict[str, tuple[str, ...]] = {
    "magnetic": ("sky.fields.magnetic",),
    "electrons": ("sky.fields.electrons",),
    "cosmic_rays": ("sky.fields.cosmic_rays",),
    "cosmic_rays.spectra": ("sky.fields.cosmic_rays.spectra",),
    "radiation": ("sky.fields.radiation",),
    "radiation.spectra": ("sky.fields.radiation.spectra",),
    "temperature": ("sky.fields.temperature",),
    "fields": ("sky.fields",),
    "emission": ("sky.emission",),
    "transfer": ("sky.transfer",),
    "instruments": ("sky.instruments", "xray.detectors"),
    "spectra": ("xray.spectra",),
    "counts": ("xray.counts",),
    "harmonics": ("sky.harmonics",),
    "components": ("components",),
    "cosmology": ("components.cosmology",),
    "cubes": ("galaxies.cubes", "galaxies.ifu", "galaxies.methods"),
    "particles": ("galaxies.particles",),
    "populations": ("galaxies.populations",),
    "dust": ("galaxies.dust",),
    "stars": ("galaxies.stars",),
    "processes": ("processes",),
    "samplers": ("processes.samplers",),
    "scattering": ("scattering",),
    "observables": ("sky.observables",),
    "grids": ("sky.grids",),
    "datasets": ("sky.datasets",),
    "presets": ("sky.presets",),
    "statistics": ("statistics", "sky.likelihoods", "xray.likelihoods", "galaxies.likelihoods"),
    "inference": ("inference",),
    "io": ("io",),
    "plot": ("plot",),
    "testing": ("testing",),
}
"""Rooms of each namespace, the first of its own name where it has one."""

MODELS = (
    *("magnetic", "electrons", "cosmic_rays", "cosmic_rays.spectra", "radiation", "radiation.spectra"),
    *("temperature", "fields"),
    *("emission", "transfer", "instruments", "spectra", "components", "cosmology"),
    *("cubes", "particles", "populations", "dust", "stars", "scattering"),
    *("processes", "samplers"),
)
"""Namespaces of what models are made of."""

WHOLE = {"Simulator": "sky.simulator", "Model": "model", "Stokes": "sky.stokes", "HealpixSky": "sky.geometry"}
WHOLE |= {"Galaxy": "galaxies.galaxy", "Orientation": "galaxies.galaxy"}
"""What holds such parts, or is held with them, and where it lives."""


def rooms(namespace: str) -> Iterator[Any]:
    """The modules of a namespace, loaded."""
    for path in NAMESPACES[namespace]:
        yield importlib.import_module(f"{PACKAGE}.{path}")


def public_classes(namespace: str) -> dict[str, type[eqx.Module]]:
    """The public classes of modules of a namespace by name, those to derive from aside."""
    named = [item for room in rooms(namespace) for item in vars(room).items()]
    return {name: value for name, value in named if _is_model(name, value)}


def whole_class(name: str) -> type[eqx.Module]:
    """One of `WHOLE`, loaded."""
    return getattr(importlib.import_module(f"{PACKAGE}.{WHOLE[name]}"), name)


def _is_model(name: str, value: Any) -> bool:
    hidden = name.startswith(("Abstract", "_"))
    return not hidden and inspect.isclass(value) and issubclass(value, eqx.Module)


def names_of_others(namespace: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of the room that a namespace is called after, for the names of its other rooms.

    So `sl.statistics` has the likelihoods of every sky, of which its own room knows nothing: they load when asked for.
    """
    own = f"{PACKAGE}.{NAMESPACES[namespace][0]}"

    def others() -> dict[str, Any]:
        found = [item for room in list(rooms(namespace))[1:] for item in vars(room).items()]
        return {name: value for name, value in found if not name.startswith("_") and not inspect.ismodule(value)}

    def get(name: str) -> Any:
        if not name.startswith("_") and (value := others().get(name)) is not None:
            return value
        raise AttributeError(f"module {own!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*vars(importlib.import_module(own)), *others()})

    return get, names
