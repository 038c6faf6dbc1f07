"""Libraries from files: archives of NumPy, HDF5, and plain arrays of other codes."""

import warnings
from typing import Any

import numpy as np

from ..._core.archives import read_archive
from ..._core.constants import SPEED_OF_LIGHT
from ..._core.files import PathLike
from ..._core.reading import FileError, check_unpacked, reading
from ..._core.units import number, numbers
from ..cubes.channels import check_medium
from .library import Library

WAVE = ("wave_A", "wavelength", "wave", "lambda", "ssp_wave", "lam")
AGE = ("age_Gyr", "age", "ages", "ssp_lg_age_gyr", "log_age", "log_ages")
METALLICITY = ("metallicity_MH", "metallicity", "metallicities", "met", "MH", "ssp_lgmet", "Z")
LIGHT = ("spectra", "luminosity", "flux", "templates", "ssp_flux")
_SHORT = 100.0
"""Longest wavelength [A] of a library, below which its unit is another."""
LUMINOUS = "Lsun Angstrom-1 Msun-1"


def read(
    path: PathLike,
    unit: str,
    medium: str,
    fwhm: Any = 0.0,
    names: dict[str, str] | None = None,
    solar: float | None = None,
    name: str | None = None,
) -> Library:
    """A library from a file: `.npz` or HDF5 with arrays of wavelengths, ages, metallicities and spectra.

    Luminosity in Hz (`Lsun/Hz/Msun`) becomes that per Angstrom. Axes that fall are turned; the array of spectra may
    have its axes in any order, where no two are equally long.

    **Arguments:**

    - `path`: of the file.
    - `unit`: of the spectra, in astropy's notation, e.g. `"Lsun/Angstrom/Msun"`: files seldom say it.
    - `medium`: of the wavelengths, `"air"` or `"vacuum"`; `fwhm`: resolution, A.
    - `names`: which arrays are what, by `"wavelength"`, `"age"`, `"metallicity"`, `"luminosity"`; `None`: known names.
    - `solar`: for metallicities that are mass fractions Z: of the Sun, e.g. 0.0142; `None`: they are [M/H].
    - `name`: for summaries; `None`: that of the file.

    Ages are Gyr. Under a name with "log" or "lg" they are decimal logarithms, of Gyr where the name says it, else of
    years or Gyr by their range.

    **Returns:** an `sl.populations.Library`.

    **Raises:** `FileNotFoundError`; `ValueError` for arrays that are not there, a unit that is no luminosity, mass
    fractions given as [M/H], ages above 100 Gyr, and wavelengths that end below 100 A.

    !!! example
        >>> made = sl.populations.synthetic(step=20.0)
        >>> np.savez("made.npz", wave_A=made.wavelength, age_Gyr=made.age, metallicity_MH=made.metallicity,
        ...          spectra=made.nodes)
        >>> sl.populations.read("made.npz", unit="Lsun/Angstrom/Msun", medium="air").shape
        (6, 16)
    """
    check_medium(medium, "read")
    fwhm, solar = number(fwhm, "Angstrom", "fwhm"), None if solar is None else number(solar, "", "solar")
    found = _arrays(path, names or {})
    wave = _wavelengths(numbers(found["wavelength"][1], "Angstrom", "wavelength"), path)
    age = _ages(numbers(found["age"][1], "Gyr", "age"), found["age"][0])
    metal = _metallicity(numbers(found["metallicity"][1], "", "metallicity"), found["metallicity"][0], solar)
    light = _ordered(numbers(found["luminosity"][1], None, "luminosity"), (len(metal), len(age), len(wave)))
    light = light * _per_angstrom(unit, wave)
    wave, metal, age, light = _turned(wave, metal, age, light)
    label = name or str(path).rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return Library(wave, age, metal, light, medium, fwhm, label)


def _arrays(path: PathLike, names: dict[str, str]) -> dict[str, tuple[str, np.ndarray]]:
    """The four arrays, each with the name that it has in the file."""
    known = {"wavelength": WAVE, "age": AGE, "metallicity": METALLICITY, "luminosity": LIGHT}
    unknown = set(names) - set(known)
    if unknown:
        raise ValueError(f"names has {', '.join(sorted(unknown))}: it names {', '.join(known)}.")
    content = read_archive(path) if _is_archive(path) else _read_hdf5(path)
    found = {}
    for kind, choices in known.items():
        chosen = next((one for one in ((names[kind],) if kind in names else choices) if one in content), None)
        if chosen is None:
            raise FileError(
                f"path = {path} has no {kind}: it has {', '.join(content)}. Say which it is, names={{{kind!r}: ...}}."
            )
        found[kind] = chosen, content[chosen]
    return found


def _is_archive(path: PathLike) -> bool:
    with reading(path), open(path, "rb") as file:
        return file.read(2) == b"PK"


def _read_hdf5(path: PathLike) -> dict[str, np.ndarray]:
    import h5py

    with reading(path, "is no archive of NumPy and no HDF5 file"), h5py.File(path, "r") as file:
        sets: list[Any] = []
        file.visititems(lambda _, one: sets.append(one) if isinstance(one, h5py.Dataset) else None)
        kept = [one for one in sets if one.dtype.kind in "fiu"]
        check_unpacked(path, sum(one.size * one.dtype.itemsize for one in kept))
        return {one.name.rsplit("/", 1)[-1]: np.asarray(one[()]) for one in kept}


def _wavelengths(values: np.ndarray, path: PathLike) -> np.ndarray:
    """The wavelengths: libraries may begin with X-rays, none ends there."""
    if not np.max(values, initial=0.0) >= _SHORT:
        raise FileError(
            f"path = {path}: wavelengths of up to {np.max(values, initial=0.0):g} A: are these um? Write them in A."
        )
    return values


def _ages(values: np.ndarray, label: str) -> np.ndarray:
    """Ages in Gyr, of logarithms where their name says so: of years, as in most tables, or of Gyr, as is sensible."""
    if not any(part in label.lower() for part in ("log", "lg")):
        return values
    if "gyr" in label.lower() or np.all(values <= 2):
        return 10**values
    if np.all((values >= 4) & (values <= 11)):
        return 10 ** (values - 9)
    raise ValueError(
        f"{label} = {values.min():g} ... {values.max():g} is a logarithm neither of years, 4 ... 11, nor of Gyr, up to "
        "2: give ages in Gyr to sl.populations.Library(...)."
    )


def _metallicity(values: np.ndarray, label: str, solar: float | None) -> np.ndarray:
    """[M/H], dex."""
    if solar is not None:
        linear = 10**values if label == "ssp_lgmet" else values
        return np.log10(linear / solar)
    if label == "ssp_lgmet" or np.all((values > 0) & (values < 0.1)):
        raise ValueError(
            f"metallicity {values.min():g} ... {values.max():g} is a mass fraction Z or its logarithm, not [M/H]: give "
            "that of the Sun, solar=0.0142 or what the library took."
        )
    return values


def _per_angstrom(unit: Any, wave: np.ndarray) -> np.ndarray:
    """What turns numbers of this unit into Lsun/A/Msun, (w,)."""
    import astropy.units as u

    try:
        with warnings.catch_warnings():  # of a unit with two slashes, which is how people write this one
            warnings.simplefilter("ignore", u.UnitsWarning)
            own = u.Unit(unit)
        if own.is_equivalent(u.Unit(LUMINOUS)):
            return np.full(len(wave), own.to(u.Unit(LUMINOUS)))
        per_hz = own.to(u.Unit("Lsun Hz-1 Msun-1"))
    except (ValueError, TypeError, u.UnitsError):
        raise ValueError(f"unit = {unit!r} is no luminosity per mass: give e.g. 'Lsun/Angstrom/Msun'.") from None
    return per_hz * 1e8 * SPEED_OF_LIGHT / wave**2


def _ordered(light: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Spectra with the axes (metallicities, ages, wavelengths)."""
    if light.shape == shape:
        return light
    if sorted(light.shape) != sorted(shape) or len(set(shape)) < 3:
        raise ValueError(f"luminosity has shape {light.shape}, not (metallicities, ages, wavelengths) = {shape}.")
    return np.transpose(light, [light.shape.index(count) for count in shape])


def _turned(wave: np.ndarray, metal: np.ndarray, age: np.ndarray, light: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same with rising axes."""
    axes = [metal, age, wave]
    for place, values in enumerate(axes):
        if len(values) > 1 and values[0] > values[-1]:
            axes[place], light = values[::-1], np.flip(light, place)
    return axes[2], axes[0], axes[1], light
