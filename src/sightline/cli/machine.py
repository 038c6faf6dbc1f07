"""What runs here: versions, devices, precision, folders and data."""

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

from .._version import __version__
from ..sky.datasets.known import find, names
from ..sky.datasets.local import VARIABLE, folders, present


def describe() -> dict[str, Any]:
    """Facts about this machine, by name."""
    import jax
    import jax.numpy as jnp

    devices = [f"{one.platform} {one.device_kind}" for one in jax.devices()]
    return {
        "sightline": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "devices": devices,
        "precision": f"{jnp.result_type(float)} in Python, float64 in the commands unless --precision single",
        "compilation_cache": getattr(jax.config, "jax_compilation_cache_dir", None) or "",
        "data_folder": _data_folder(),
        "data_found": {name: str(file) for name in names() if (file := present(find(name))) is not None},
        "packages": _versions(),
    }


def _data_folder() -> str:
    own = os.environ.get(VARIABLE)
    if own is None:
        return f"{folders()[-1]} ({VARIABLE} is not set)"
    return own if Path(own).is_dir() else f"{own} (does not exist)"


def _versions() -> dict[str, str]:
    """Versions of the packages that Sightline requires."""
    wanted = [re.split(r"[^\w.-]", one)[0] for one in _required()]
    return {name: _version(name) for name in sorted(wanted)}


def _required() -> list[str]:
    try:
        found = importlib.metadata.requires("sightline") or []
    except importlib.metadata.PackageNotFoundError:  # run from a folder that is not installed
        return []
    return [one for one in found if "extra ==" not in one]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
