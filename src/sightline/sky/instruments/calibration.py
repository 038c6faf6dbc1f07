import dataclasses

from jaxtyping import Array, Float

from ..._core.module import param
from ..stokes import Stokes
from .base import AbstractInstrument


class Calibration(AbstractInstrument):
    """Gain and zero level: g S, and I + o.

    **Arguments:** `gain` g: of I, Q, U and V; `offset` o: of I, in the unit of the map.

    !!! example
        >>> calibrated = sl.instruments.Calibration(gain=1.02, offset=3.0)(stokes)
    """

    gain: Float[Array, ""] = param(1.0, symbol="g")
    offset: Float[Array, ""] = param(0.0, symbol="o")

    def __call__(self, stokes: Stokes) -> Stokes:
        """The calibrated sky."""
        return calibrate(stokes, self.gain, self.offset)


def calibrate(stokes: Stokes, gain: Float[Array, ""], offset: Float[Array, ""]) -> Stokes:
    """g S with o added to I."""
    scaled = gain * stokes
    return dataclasses.replace(scaled, I=scaled.I + offset)
