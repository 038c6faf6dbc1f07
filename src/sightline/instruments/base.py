"""The contract of an instrument: from the sky to the data."""

import abc
from typing import Any

import equinox as eqx

from .._core.module import Module
from ..stokes import Stokes


class AbstractInstrument(Module):
    """Turns the Stokes parameters of a sky into those of a map as it was measured: subclass it, write `__call__`.

    !!! example
        >>> class Polarimeter(sl.instruments.AbstractInstrument):
        ...     efficiency: Float[Array, ""] = sl.param(0.95, bounds=(0, 1))
        ...
        ...     def __call__(self, stokes):
        ...         return dataclasses.replace(stokes, Q=self.efficiency * stokes.Q, U=self.efficiency * stokes.U)
    """

    @abc.abstractmethod
    def __call__(self, stokes: Stokes) -> Stokes:
        """What is measured of a sky."""


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Chain(AbstractInstrument):
    """Instruments one after another, the first nearest to the sky.

    **Arguments:** `parts`: instruments.

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
        return stokes
