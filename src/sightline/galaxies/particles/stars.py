"""Star particles: each a population of one age and metallicity."""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, is_concrete, param
from ..populations.library import check_ages


class MetallicityWarning(UserWarning):
    """Metallicities [M/H] that may be mass fractions Z."""


class Stars(Module):
    """Star particles of a galaxy, in its own frame: all their numbers are leaves.

    **Arguments:**

    - `position`: (n, 3), kpc, of a frame whose origin is the centre of the image; the disk is best in z = 0.
    - `velocity`: (n, 3), km/s.
    - `mass`: formed, (n,), Msun.
    - `age`: (n,), Gyr.
    - `metallicity`: [M/H], (n,), dex.
    - `length`: standard deviation of the light of each about its place, (n,) kpc, for an instrument with
      `assignment="gaussian"`.

    **Raises:** `ValueError` for numbers that are negative or not finite, of other lengths, ages above 100 Gyr, and mass
    fractions Z in the place of [M/H]; `TypeError` for other shapes.

    **Warns:** `sl.particles.MetallicityWarning` for metallicities that may be mass fractions: one for all, or some
    above 0.1.

    !!! example
        >>> stars = sl.particles.Stars(np.zeros((2, 3)), np.zeros((2, 3)), [1e5, 2e5], [1.0, 8.0], [0.0, -0.5])
        >>> stars.size
        2
    """

    position: Float[Array, "n 3"] = param(unit="kpc")
    velocity: Float[Array, "n 3"] = param(unit="km s-1")
    mass: Float[Array, " n"] = param(unit="Msun", bounds=(0, None))
    age: Float[Array, " n"] = param(unit="Gyr", bounds=(0, None))
    metallicity: Float[Array, " n"] = param(symbol="[M/H]")
    length: Float[Array, " n"] | None = param(None, unit="kpc", bounds=(0, None))

    def __check_init__(self) -> None:
        check_lengths(self, ("position", "velocity", "mass", "age", "metallicity", "length"))
        check_ages(self.age, "Stars.age")
        check_metallicity(self.metallicity, "Stars")

    @property
    def size(self) -> int:
        """How many there are."""
        return self.mass.shape[0]


def check_lengths(particles: Module, names: tuple[str, ...]) -> None:
    """Refuses arrays of particles that have other numbers of them than the first.

    **Raises:** `ValueError`.
    """
    who, counts = type(particles).__name__, {}
    for name in names:
        value = getattr(particles, name)
        if value is not None and value.ndim:
            counts[name] = value.shape[0]
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ValueError(f"{who} have different numbers of particles: {listed}. Give one value for each.")
    if not next(iter(counts.values())):
        raise ValueError(f"{who} holds no particle.")


def check_metallicity(value: Any, who: str) -> None:
    """Refuses mass fractions Z where [M/H] is meant; warns where one number for all, or larger ones, may be either.

    **Raises:** `ValueError`.
    """
    if not is_concrete(value) or not hasattr(value, "size"):
        return
    found = np.asarray(value)
    if found.size < 2 or not np.all((found > 0) & (found <= 0.12)):
        return
    ends = f"{found.min():.3g} to {found.max():.3g}" if np.ptp(found) else f"{found.min():.3g}"
    cure = "Give log10(Z/Z_sun), with the Z_sun of the library."
    if found.max() <= 0.1 and np.ptp(found) > 0:
        raise ValueError(f"{who}.metallicity is {ends} for all: that is a mass fraction Z, not [M/H]. {cure}")
    text = f"{who}.metallicity is {ends} for all: is that a mass fraction Z, not [M/H]? {cure}"
    warnings.warn(text, MetallicityWarning, stacklevel=4)
