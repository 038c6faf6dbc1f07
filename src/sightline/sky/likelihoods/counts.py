"""Counts of photons as an observable."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from ...model import Model
from ...statistics.hooks import AbstractHolder
from ...statistics.layout import Layout
from ..geometry import Sightlines, as_sightlines
from ..geometry.layouts import laid_out
from ..geometry.subset import towards
from ..instruments import EnergyBand
from .held import check_lines, hold_lines


class BandCounts(AbstractHolder):
    """Counts that an `sl.instruments.EnergyBand` of a `Model` expects in the pixels of a sky.

    **Arguments:** `sightlines`: a `HealpixSky`, or `Sightlines` of one; `instrument`: of the `Model`, by name.

    **Returns:** (bands, npix), or (npix,) for a single band.

    **Raises:** `ValueError` for a name that the model does not have; `TypeError` for another instrument.

    !!! example
        >>> counts = sl.statistics.BandCounts(sl.HealpixSky(nside=2), "fermi")
        >>> gamma = sl.Simulator(background=sl.emission.IsotropicPhotons())
        >>> model = sl.Model(gamma, instruments={"fermi": sl.instruments.EnergyBand((1.0, 3.0), exposure=1e11)})
        >>> counts(model).shape
        (48,)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    instrument: str = eqx.field(static=True)

    def __call__(self, model: Any) -> Float[Array, "*bands pixels"]:
        """The counts of a `Model`."""
        if not isinstance(model, Model):
            raise TypeError(f"BandCounts: instrument = {self.instrument!r} needs a sl.Model that has it.")
        band = model.device(self.instrument)
        if not isinstance(band, EnergyBand):
            raise TypeError(f"BandCounts: instrument {self.instrument!r} is {type(band).__name__}, no EnergyBand.")
        return band(model.observe(self.sightlines, energy=band.energy))

    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "BandCounts":
        """With the fields that are not free evaluated in its cells."""
        return eqx.tree_at(lambda one: one.sightlines, self, hold_lines(self.sightlines, model, free, shared))

    def check(self, free: Any, name: str) -> None:
        """Refuses a free field that its sightlines hold."""
        check_lines(self.sightlines, free, name)

    def place(self, pixel: int) -> str:
        """The direction of a pixel, in words."""
        return towards(self.sightlines, pixel)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Data of this shape, `kept` of its pixels, on the sky."""
        rows = [f"band {number}" for number in range(shape[0])] if len(shape) > 1 else ["counts"]
        return laid_out(self.sightlines.sky, kept, list(shape)[-1], rows, "")
