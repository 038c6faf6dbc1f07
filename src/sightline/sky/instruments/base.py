"""The contract of an instrument: from the sky to the data."""

import abc

from ..._core.contracts import AbstractDevice
from ..stokes import Stokes


class AbstractInstrument(AbstractDevice):
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
