"""Counts in the channels of one detector, with what its file says about them."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from ..._core.units import number, numbers

_CODES = (-1, 0, 1)
BAD = 1  # the usual quality of a channel that must not be used


class Spectrum(eqx.Module):
    """The counts that one region of a detector has collected, channel by channel; data, never learnt.

    **Arguments:**

    - `counts`: (m,), kept as they are, fractional and negative ones too.
    - `exposure`: s.
    - `channel`: (m,), the numbers of the channels, rising; 1 to m without.
    - `area_scale`: AREASCAL of OGIP, what the area and the exposure are multiplied by; `back_scale`: BACKSCAL, the size
      of the region, in any unit that the background shares; each one number or (m,).
    - `quality`: (m,), 0 good, 2 left out by a grouping, others bad; `grouping`: (m,), 1 begins a group, -1 continues
      it, 0 is a group by itself.
    - `error`: (m,), standard deviations of the counts where they are not those of Poisson; `systematic`: their
      fractions to be added, one number or (m,).
    - `poisson`: whether the counts are what was counted: false for net counts, and where a file gives errors instead.

    **Raises:** `ValueError` that names the argument: other shapes, numbers that are not finite, an exposure or scale
    that is not positive, codes of grouping other than -1, 0, 1. A scale of 0 is allowed in bad channels. `TypeError`
    for what is no number.

    !!! example
        >>> sl.counts.Spectrum(counts=[3, 5, 0], exposure=1e4).channel
        array([1, 2, 3])

    **Source:** Arnaud, George & Tennant 2009, OGIP Memo 92-007, section 3.
    """

    counts: np.ndarray
    exposure: float = eqx.field(static=True)
    channel: np.ndarray
    area_scale: np.ndarray
    back_scale: np.ndarray
    quality: np.ndarray
    grouping: np.ndarray
    error: np.ndarray | None
    systematic: np.ndarray | None
    poisson: bool = eqx.field(static=True)

    def __init__(
        self,
        counts: Any,
        exposure: Any,
        channel: Any = None,
        area_scale: Any = 1.0,
        back_scale: Any = 1.0,
        quality: Any = 0,
        grouping: Any = 0,
        error: Any = None,
        systematic: Any = None,
        poisson: bool = True,
    ) -> None:
        self.counts = _finite(counts, "", "counts")
        if self.counts.ndim != 1 or not len(self.counts):
            raise ValueError(f"counts has shape {self.counts.shape}: give one number a channel, (m,).")
        size = len(self.counts)
        self.exposure = _positive(exposure)
        self.channel = _channels(np.arange(1, size + 1) if channel is None else channel, size)
        self.quality = _codes(quality, "quality", size)
        self.grouping = _codes(grouping, "grouping", size, _CODES)
        self.area_scale = _scale(area_scale, "area_scale", self)
        self.back_scale = _scale(back_scale, "back_scale", self)
        self.error = None if error is None else _errors(error, "error", size)
        self.systematic = None if systematic is None else _errors(systematic, "systematic", size)
        if not isinstance(poisson, (bool, np.bool_)):
            raise TypeError(f"poisson = {poisson!r} must be true or false.")
        self.poisson = bool(poisson)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def bad(self) -> np.ndarray:
        """(m,), which channels must not be used, whatever the grouping."""
        return (self.quality != 0) & (self.quality != 2)

    def taken(self, index: np.ndarray) -> "Spectrum":
        """The spectrum of some channels, by their places."""
        return self._mapped(lambda values: values[index])

    def _mapped(self, change: Callable[[np.ndarray], np.ndarray]) -> "Spectrum":
        names = ("counts", "channel", "area_scale", "back_scale", "quality", "grouping", "error", "systematic")
        parts = {name: getattr(self, name) for name in names}
        changed = {name: None if values is None else change(values) for name, values in parts.items()}
        return Spectrum(exposure=self.exposure, poisson=self.poisson, **changed)


def _finite(values: Any, unit: str, name: str) -> np.ndarray:
    found = numbers(values, unit, name)
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        raise ValueError(
            f"{name} holds {len(bad)} numbers that are not finite, the first at {tuple(bad[0].tolist())}: leave those "
            "channels out by their quality, with 0 in their place."
        )
    return found


def _positive(exposure: Any) -> float:
    found = number(exposure, "s", "exposure")
    if not (np.isfinite(found) and found > 0):
        raise ValueError(f"exposure = {found} s must be positive and finite: counts/s cannot be made counts otherwise.")
    return found


def _channels(channel: Any, size: int) -> np.ndarray:
    found = _whole(channel, "channel")
    if found.shape != (size,) or np.any(np.diff(found) <= 0):
        raise ValueError(f"channel must be {size} whole numbers that rise, one for each of counts.")
    return found


def _whole(values: Any, name: str) -> np.ndarray:
    found = _finite(values, "", name)
    if np.any(found != np.round(found)) or np.any(np.abs(found) >= 2**31):
        raise ValueError(f"{name} must be whole numbers below 2^31.")
    return found.astype(np.int64)


def _full(found: np.ndarray, name: str, size: int) -> np.ndarray:
    if found.shape not in ((), (1,), (size,)):
        raise ValueError(f"{name} has shape {found.shape}: give one number, or one for each of {size} channels.")
    return np.array(np.broadcast_to(found, (size,)))


def _codes(values: Any, name: str, size: int, known: tuple[int, ...] = ()) -> np.ndarray:
    found = _full(_whole(values, name), name, size)
    bad = found[~np.isin(found, known)] if known else found[found < 0]
    if len(bad):
        listed = ", ".join(map(str, known)) if known else "0 and above"
        raise ValueError(f"{name} holds {bad[0]}, and means something for {listed} only: correct the column.")
    return found


def _scale(values: Any, name: str, spectrum: Spectrum) -> np.ndarray:
    found = _full(_finite(values, "", name), name, len(spectrum))
    wrong = (found < 0) | ((found == 0) & ((spectrum.quality == 0) | np.all(found == 0)))
    if np.any(wrong):
        raise ValueError(
            f"{name} = {found[wrong][0]:g} in {wrong.sum()} good channels: it must be positive, or the quality of the "
            f"channel {BAD} (bad)."
        )
    return found


def _errors(values: Any, name: str, size: int) -> np.ndarray:
    found = _full(_finite(values, "", name), name, size)
    if np.any(found < 0):
        raise ValueError(f"{name} is negative in {(found < 0).sum()} channels: it must be 0 or more.")
    return found
