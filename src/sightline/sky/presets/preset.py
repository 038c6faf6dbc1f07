from typing import NamedTuple

import equinox as eqx

from ..geometry import ResolvedCells, Sightlines
from ..geometry.skies import AbstractSky
from ..simulator import Simulator


class Entry(NamedTuple):
    """A preset in the list: its name, what it is in one line, and the keys of its papers.

    **Arguments:** `name`: as `load` takes it; `summary`: one line; `papers`: keys of its papers.

    !!! example
        >>> sl.presets.list()[0].name in str(sl.presets.list())
        True
    """

    name: str
    summary: str
    papers: tuple[str, ...]


class Listing(tuple[Entry, ...]):
    """The presets; a prompt shows them as a table.

    **Arguments:** `iterable`: of `Entry`.

    !!! example
        >>> "UF23-base" in [entry.name for entry in sl.presets.list()]
        True
    """

    __slots__ = ()

    def __repr__(self) -> str:
        names, summaries = (max(len(entry[column]) for entry in self) for column in (0, 1))
        return "\n".join(f"{e.name:{names}}  {e.summary:{summaries}}  {', '.join(e.papers)}" for e in self)


class Preset(eqx.Module):
    """A published sky.

    - `name`, `summary`, `papers`: as in `sl.presets.list()`; `note`: what is not as in the paper, and why.
    - `simulator`; `observer`: the Sun of the model, (3,) kpc;
      `cells`: reach the edge of the model from there, cut where it jumps.

    **Arguments:** `entry`: its name, summary and papers.

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
