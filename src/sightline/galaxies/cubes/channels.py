"""Channels of a spectrograph by their edges, and wavelengths in air and in vacuum."""

from typing import Any

import equinox as eqx
import numpy as np

from ..._core.fixed import Fixed
from ..._core.units import number, numbers, whole
from .axis import as_wavelengths

MEDIA = ("air", "vacuum")
AIR_BEGINS = 2000.0
"""Wavelength in vacuum [A] below which those in air are, by convention, those in vacuum."""


class Channels(eqx.Module):
    """Channels of a spectrum by their edges, as they are observed.

    **Arguments:**

    - `edges`: (n + 1,), A, rising; channels have no gaps.
    - `medium`: of these wavelengths, `"air"` or `"vacuum"`.

    **Raises:** `ValueError` for edges that are not finite, positive and rising, and another medium.

    !!! example
        >>> channels = sl.cubes.Channels.regular(4750.0, 1.25, 4)
        >>> channels.edges.tolist(), len(channels)
        ([4750.0, 4751.25, 4752.5, 4753.75, 4755.0], 4)
    """

    _edges: Fixed = eqx.field(static=True)
    medium: str = eqx.field(static=True)

    def __init__(self, edges: Any, medium: str = "air"):
        self._edges, self.medium = Fixed(as_wavelengths(edges, "edges")), check_medium(medium, "Channels")

    @classmethod
    def regular(cls, start: Any, step: Any, count: Any, medium: str = "air") -> "Channels":
        """Channels of one width.

        **Arguments:** `start`: lower edge of the first, A; `step`: width, A; `count`: how many; `medium`: as above.

        **Raises:** `ValueError` for a width that is not positive.
        """
        first, width = number(start, "Angstrom", "start"), number(step, "Angstrom", "step")
        if not width > 0:
            raise ValueError(f"step = {step} must be a positive width [A].")
        return cls(first + width * np.arange(whole(count, "count", 1) + 1), medium)

    def __len__(self) -> int:
        return len(self._edges.values) - 1

    @property
    def edges(self) -> np.ndarray:
        """(n + 1,), A."""
        return self._edges.values

    @property
    def centres(self) -> np.ndarray:
        """Middles of the channels, (n,), A."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @property
    def widths(self) -> np.ndarray:
        """Widths of the channels, (n,), A."""
        return np.diff(self.edges)

    def __getitem__(self, index: slice) -> "Channels":
        if not isinstance(index, slice) or index.step not in (None, 1):
            raise TypeError(f"channels[{index!r}]: take neighbours, channels[first:last].")
        first, last, _ = index.indices(len(self))
        return Channels(self.edges[first : last + 1], self.medium)

    def to(self, medium: str) -> "Channels":
        """The same channels in the other medium."""
        return Channels(convert(self.edges, self.medium, medium), medium)


def check_medium(medium: Any, who: str) -> str:
    """`medium` where it is one.

    **Raises:** `ValueError`.
    """
    if medium not in MEDIA:
        raise ValueError(
            f"{who}: medium = {medium!r}: say whether wavelengths are those in 'air' or in 'vacuum'; the wrong one "
            "moves velocities by 83 km/s."
        )
    return medium


def air_to_vacuum(wavelength: Any) -> np.ndarray:
    """Wavelengths in vacuum [A] of those in air [A], the inverse of `vacuum_to_air`: below 2000 A they are
    those in vacuum already.

    **Arguments:** `wavelength`: in air, (n,) A.

    **Returns:** wavelengths in vacuum, (n,) A.

    !!! example
        >>> round(float(sl.cubes.air_to_vacuum(6562.8)), 3)
        6564.613
    """
    air = numbers(wavelength, "Angstrom", "wavelength")
    first = AIR_BEGINS / refraction(np.array(AIR_BEGINS))
    vacuum = seen = np.maximum(air, first)
    for _ in range(5):  # the index hardly changes over its own shift: each turn gains four digits
        vacuum = seen * refraction(vacuum)
    return np.where(air < first, air, vacuum)


def vacuum_to_air(wavelength: Any) -> np.ndarray:
    """Wavelengths in standard air [A] of those in vacuum [A], lambda/n; below 2000 A those in vacuum stay, as is usual.

    **Arguments:** `wavelength`: in vacuum, (n,) A.

    **Returns:** wavelengths in air, (n,) A.

    **Source:** Ciddor 1996, Applied Optics 35, 1566, equation 1 (dry air at 15 C, 101325 Pa, 450 ppm of CO2).

    !!! example
        >>> round(float(sl.cubes.vacuum_to_air(6564.614)), 3)
        6562.801
    """
    vacuum = numbers(wavelength, "Angstrom", "wavelength")
    seen = np.maximum(vacuum, AIR_BEGINS)  # the formula has poles at 648 and 1320 A
    return np.where(vacuum < AIR_BEGINS, vacuum, seen / refraction(seen))


def refraction(wavelength: np.ndarray) -> np.ndarray:
    """The index of refraction of standard air for wavelengths in vacuum [A]."""
    square = (1e4 / wavelength) ** 2
    return 1 + 0.05792105 / (238.0185 - square) + 0.00167917 / (57.362 - square)


def at_rest(channels: Channels, redshift: float, medium: str) -> np.ndarray:
    """Edges of channels where they were emitted, (n + 1,) A in a medium: air is ours, light is stretched in vacuum.

    **Raises:** `ValueError` for edges that do not rise, about 2000 A in air.
    """
    edges = convert(channels.edges, channels.medium, "vacuum") / (1 + redshift)
    found = convert(edges, "vacuum", medium)
    if np.any(np.diff(found) <= 0):
        raise ValueError(
            f"The channels pass {AIR_BEGINS:g} A at rest, where wavelengths in air jump by convention: take the "
            "library's in vacuum, medium='vacuum'."
        )
    return found


def convert(wavelength: np.ndarray, medium: str, wanted: str) -> np.ndarray:
    """Wavelengths [A] in another medium."""
    if check_medium(wanted, "convert") == medium:
        return wavelength
    return air_to_vacuum(wavelength) if wanted == "vacuum" else vacuum_to_air(wavelength)
