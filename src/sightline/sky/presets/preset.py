from typing import NamedTuple

import equinox as eqx

from ..geometry import ResolvedCells, Sightlines
from ..geometry.skies import AbstractSky
from ..simulator import Simulator


class Entry(NamedTuple):
    """A preset in the list: its name, what it is in one line, and the keys of its papers."""

    name: str
    summary: str
    papers: tuple[str, ...]


class Listing(tuple[Entry, ...]):
    """The presets; a prompt shows them as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        names, summaries = (max(len(entry[column]) for entry in self) for column in (0, 1))
        return "\n".join(f"{e.name:{names}}  {e.summary:{summaries}}  {', '.join(e.papers)}" for e in self)


class Preset(eqx.Module):
    """A published sky.

    - `name`, `summary`, `papers`: as in `sl.presets.list()`; `note`: what is not as in the paper, and why.
    - `simulator`; `observer`: the Sun of the model, (3,) kpc;
      `cells`: reach the edge of the model from there, cut where it jumps.

    !!! example
        >>> preset = sl.presets.load("JF12")
        >>> stokes = preset.simulator(preset.sightlines(sl.Directions(30.0, 20.0)), frequency=23.0)
    """

    entry: Entry = eqx.field(static=True)
    note: str = eqx.field(static=True)
    simulator: Simulator
    observer: tuple[float, float, float] = eqx.field(static=True)
    cells: ResolvedCells

    @property
    def name(self) -> str:
        """Its name in `sl.presets.list()`."""
        return self.entry.name

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        return self.entry.summary

    @property
    def papers(self) -> tuple[str, ...]:
        """Keys of the papers, as `sl.citation(preset)` has them."""
        return self.entry.papers

    def sightlines(self, sky: AbstractSky) -> Sightlines:
        """The rays of a sky from the model's Sun to the model's edge."""
        return Sightlines(sky, cells=self.cells, observer=self.observer)
