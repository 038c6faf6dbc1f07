"""Star particles from files: archives of NumPy and HDF5."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._core.archives import read_archive
from ..._core.files import PathLike
from ..._core.reading import FileError, check_unpacked, reading
from ..._core.units import number
from ..populations.library import check_ages
from .stars import Stars

NAMES: dict[str, tuple[str, ...]] = {
    "position": ("position", "positions", "coordinates", "coords", "pos"),
    "velocity": ("velocity", "velocities", "vel"),
    "mass": ("mass", "masses"),
    "age": ("age", "ages"),
    "metallicity": ("metallicity", "metallicities", "mh", "met"),
}
"""What arrays of a file are called, in small letters."""
FORMED = "initial_mass", "initial_masses", "initialmass", "initialmasses", "gfm_initialmass", "mass_formed"
"""What masses are called that stars had when they formed: these come first."""
UNITS = {"position": "kpc", "velocity": "km/s", "mass": "Msun", "age": "Gyr", "metallicity": ""}
"""What they are in, where neither the file nor the user says otherwise."""


class MassWarning(UserWarning):
    """Masses of a file may be those of today, and not those that were formed."""


def read(
    path: PathLike,
    names: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    solar: float | None = None,
) -> Stars:
    """Star particles from a file: `.npz`, or HDF5 with data sets in any group.

    The mass formed is sought first, as `initial_mass`, `InitialMass` or `GFM_InitialMass`: libraries give the light of
    it, and the mass of today is smaller, of old stars by half. Units are those that data sets have as an attribute
    `unit` or `units`, or those below.

    **Arguments:**

    - `path`: of the file.
    - `names`: which array is what, by `"position"`, `"velocity"`, `"mass"` (formed), `"age"`, `"metallicity"`; those
      left out are found by names like these, also such as `Coordinates`, `Masses`.
    - `units`: of them, by the same names, in astropy's notation; by default kpc, km/s, Msun, Gyr, and dex.
    - `solar`: for metallicities that are mass fractions Z: that of the Sun, e.g. 0.0142; `None`: they are [M/H].

    **Returns:** an `sl.particles.Stars`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError` for files of another kind, and arrays that are not there;
    `ValueError` for units that do not fit, and as `Stars`.

    **Warns:** `sl.particles.MassWarning` where there is a mass and none that says to be formed: `names={"mass": ...}`
    takes one as formed.

    !!! example
        >>> parts = {"initial_mass": [1e5, 2e5], "age": [1.0, 8.0], "metallicity": [0.0, -0.5]}
        >>> np.savez("stars.npz", position=np.zeros((2, 3)), velocity=np.zeros((2, 3)), **parts)
        >>> sl.particles.read("stars.npz").size
        2
    """
    if solar is not None and not number(solar, "", "solar") > 0:
        raise ValueError(f"solar = {solar} must be the positive mass fraction of the Sun.")
    own, given = dict(names or {}), dict(units or {})
    for label, keys in (("names", own), ("units", given)):
        if unknown := set(keys) - set(NAMES):
            raise ValueError(f"{label} has {', '.join(sorted(unknown))}: it names {', '.join(NAMES)}.")
    content = _content(path)
    found = {}
    for kind in NAMES:
        chosen = _formed(content, path) if kind == "mass" and kind not in own else None
        chosen = chosen or _find(content, kind, own.get(kind), path)
        values, unit = content[chosen]
        found[kind] = _in_units(values, given.get(kind) or unit, kind, path)
        if solar is not None and kind == "metallicity" and (given.get(kind) or unit).strip() == "dex":
            raise ValueError(f"path = {path}: metallicity is in dex, and no mass fraction: leave solar out.")
    if solar is not None:
        found["metallicity"] = _relative(found["metallicity"], solar, path)
    check_ages(found["age"], f"path = {path}: age", 'Say which, units={{"age": "yr"}} or {{"age": "Myr"}}.')
    return Stars(**found)


def _relative(fraction: np.ndarray, solar: float, path: PathLike) -> np.ndarray:
    """[M/H] of mass fractions Z, of which 0 is that of gas without metals."""
    bad = (fraction < 0) | (fraction > 1)
    if np.any(bad):
        raise ValueError(
            f"path = {path}: metallicity = {fraction[bad].flat[0]:g} is no mass fraction, from 0 to 1, as {bad.sum()} "
            f"of {bad.size} are not: leave solar out where they are [M/H]."
        )
    return np.log10(np.maximum(fraction, 1e-10) / solar)


def _content(path: PathLike) -> dict[str, tuple[np.ndarray, str]]:
    """Arrays and the units they state, by name."""
    with reading(path), open(path, "rb") as file:
        archive = file.read(2) == b"PK"
    if archive:
        return {name: (values, "") for name, values in read_archive(path).items()}
    import h5py

    with reading(path, "is no archive of NumPy and no HDF5 file"), h5py.File(path, "r") as file:
        sets: list[Any] = []
        file.visititems(lambda _, one: sets.append(one) if isinstance(one, h5py.Dataset) else None)
        kept = [one for one in sets if one.dtype.kind in "fiu"]
        check_unpacked(path, sum(one.size * one.dtype.itemsize for one in kept))
        return {one.name.strip("/"): (np.asarray(one[()]), _unit(one.attrs)) for one in kept}


def _unit(notes: Any) -> str:
    value = notes.get("unit", notes.get("units", ""))
    return value.decode() if isinstance(value, bytes) else str(value)


def _find(content: Mapping[str, Any], kind: str, wanted: str | None, path: PathLike) -> str:
    """The name of an array: with its groups, or the last part alone where only one has it."""
    if wanted is not None and wanted.strip("/") in content:
        return wanted.strip("/")
    last = {name: name.rsplit("/", 1)[-1] for name in content}
    short = [name for name, end in last.items() if (end.lower() in NAMES[kind] if wanted is None else end == wanted)]
    if len(short) == 1:
        return short[0]
    trouble = f"{len(short)} that may be the {kind}, {', '.join(short)}" if short else f"no {kind}"
    raise FileError(
        f"path = {path} has {trouble}; it holds {', '.join(content) or 'nothing'}. Say which, names={{{kind!r}: ...}}."
    )


def _formed(content: Mapping[str, Any], path: PathLike) -> str | None:
    """The name of the masses that were formed; None, and a warning, where there are only others."""
    named = {name: name.rsplit("/", 1)[-1].lower() for name in content}
    found = [name for name, end in named.items() if end in FORMED]
    others = [name for name, end in named.items() if end in NAMES["mass"]]
    if len(found) == 1:
        return found[0]
    if not found and len(others) == 1:
        text = (
            f"path = {path}: no mass says to be that which formed, {others[0]} is taken: libraries give the light of "
            f"mass formed, and that of today is smaller. Give the other, or names={{'mass': {others[0]!r}}} if it is."
        )
        warnings.warn(text, MassWarning, stacklevel=3)
    return None


def _in_units(values: np.ndarray, unit: str, kind: str, path: PathLike) -> np.ndarray:
    if not unit or unit == UNITS[kind] or (kind == "metallicity" and unit.strip() == "dex"):
        return np.asarray(values, np.float64)
    import astropy.units as u

    try:
        factor = u.Unit(unit).to(u.Unit(UNITS[kind]))
    except (ValueError, TypeError, u.UnitsError):
        raise ValueError(f"path = {path}: {kind} is in {unit!r}, and must be in {UNITS[kind] or 'dex'}.") from None
    return np.asarray(values, np.float64) * factor
