"""Instruments one after another."""

from typing import Any

import equinox as eqx

from ..._core.given import check_kind
from ..stokes import Stokes
from .base import AbstractInstrument


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Chain(AbstractInstrument):
    """Instruments one after another, the first nearest to the sky.

    **Arguments:** `parts`: instruments.

    **Raises:** `TypeError` for a part that is no instrument.

    !!! example
        >>> instrument = sl.instruments.Chain((sl.GaussianBeam(fwhm=0.93), sl.instruments.Calibration(gain=1.02)))
    """

    parts: tuple[AbstractInstrument, ...] = eqx.field(converter=_as_tuple)

    def __check_init__(self) -> None:
        for part in self.parts:
            if not isinstance(part, AbstractInstrument):
                raise TypeError(f"Chain: {part!r} is no instrument: give instances of sl.instruments classes.")

    def __call__(self, stokes: Stokes) -> Stokes:
        """What is measured of a sky."""
        for part in self.parts:
            stokes = part(stokes)
            check_kind(f"What {type(part).__name__} returns", stokes, Stokes, "a sl.Stokes")
        return stokes
