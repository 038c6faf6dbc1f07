"""The mean counts that a spectrum of a model gives in the groups of an observation."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.fixed import Fixed
from ..._core.module import default_float
from ..._core.relaxed import relaxed
from ...statistics.layout import Axis, Layout, row_names
from ..spectra.base import AbstractPhotonSpectrum
from ..spectra.bins import Bins, divided
from ..spectra.channel_spectrum import AbstractChannelSpectrum
from ..spectra.each import Each
from .observation import Observation
from .reach import check_reach
from .response import Response
from .rows import Rows, product
from .stack import Stack
from .unfolded import Unfolded


class Folding(eqx.Module):
    """A response that a spectrum is folded through, its bins divided until two nodes suffice.

    - `grid`: of `edges`, (n + 1,) keV, part of the structure so that what depends on them alone is computed once.
    - `part`: (n,), of which bin of the response each is, `None`: they are the same.
    - `matrix`: counts for photons cm-2 s-1, in the default precision.
    """

    grid: Fixed = eqx.field(static=True)
    part: Int[Array, " n"] | None
    matrix: Float[Array, "m k"] | Rows

    @classmethod
    def of(cls, response: Response) -> "Folding":
        """The folding of a response."""
        edges, part = divided(np.append(response.low, response.high[-1]))
        index = None if part.size == len(response.low) else jnp.asarray(part)
        grid = Fixed(np.asarray(edges, default_float()))
        return cls(grid, index, jax.tree.map(to_jax, response.matrix))

    @property
    def edges(self) -> np.ndarray:
        """(n + 1,) keV, of the bins that spectra are evaluated in."""
        return self.grid.values

    def __call__(self, spectrum: AbstractPhotonSpectrum) -> Float[Array, "*size m"]:
        """Mean counts of a spectrum; of `Each`, with a leading axis."""
        if isinstance(spectrum, Each):
            return spectrum.map(self)
        bins = self._bins(spectrum.jumps())
        photons = bins.gathered(spectrum.binned(bins))
        if self.part is not None:
            photons = jax.ops.segment_sum(photons, self.part, self.matrix.shape[1], indices_are_sorted=True)
        return product(self.matrix, photons.astype(self.edges.dtype))

    def _bins(self, jumps: Any) -> Bins:
        """The bins, cut; known even while a function is traced, where the jumps are."""
        with jax.ensure_compile_time_eval():
            bins = Bins.contiguous(jnp.asarray(self.edges))
            if isinstance(jumps, np.ndarray):
                inside = jumps[(jumps > self.edges[0]) & (jumps < self.edges[-1])]
                return bins.cut(jnp.asarray(inside, self.edges.dtype))
        return bins.cut(jnp.asarray(jumps, self.edges.dtype))


class Scale(eqx.Module):
    """All channels of a response, for detectors whose energy scale is not the nominal one.

    - `folding`: to all channels; `edges`: their nominal energies, (m + 1,) keV.
    - `label`: (m,), the group of each, `groups` where it has none; `weight`: (m,), what its counts are multiplied by.
    """

    folding: Folding
    edges: Float[Array, " m1"]
    label: Int[Array, " m"]
    weight: Float[Array, " m"]
    groups: int = eqx.field(static=True)

    def __call__(self, spectrum: AbstractPhotonSpectrum, detector: Any) -> Float[Array, " g"]:
        """Mean counts in the groups: what is below an edge is interpolated, monotonically, where the edge lies.

        Sums from the nearer end keep channels at the faint end of a spectrum in single precision.
        """
        from interpax import interp1d

        counts, zero = self.folding(spectrum), jnp.zeros(1, self.edges.dtype)
        below, above = jnp.cumsum(jnp.append(zero, counts)), jnp.cumsum(jnp.append(zero, counts[::-1]))[::-1]
        at = jnp.clip(detector.nominal(self.edges), self.edges[0], self.edges[-1])
        with relaxed():
            below, above = (interp1d(at, self.edges, one, method="monotonic") for one in (below, above))
        counts = self.weight * jnp.where(below[1:] < above[:-1], jnp.diff(below), -jnp.diff(above))
        return jax.ops.segment_sum(counts, self.label, self.groups + 1)[:-1]


class FoldedCounts(eqx.Module):
    """The observable of an X-ray spectrum: mean counts of a spectrum of the model, by name, in groups of channels.

    - `folding`: through the response; `scale`: to all channels, where there is a detector.
    - `low`, `high`: (groups,), nominal energies, keV, for figures and errors.
    - `source`, `instrument`: names in the model.
    - `exposure`: s, for figures.
    - `relative`: (size, 1), what the counts of stacked observations are multiplied by.
    - `unfolded`: the channels, for a spectrum that no response folds; stacks have none.

    `sl.CountsLikelihood` makes one; `of` does for an observation alone.

    **Raises:** `ValueError` when it is called for other numbers of spectra than observations, for a channel spectrum
    of a stack or behind an instrument.

    !!! example
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.full(30, 3.0), 1e4), response)
        >>> folded = sl.counts.FoldedCounts.of(observation, "source")
        >>> folded(sl.Model(spectra={"source": sl.spectra.PowerLaw(index=2.0, norm=1e-3)})).shape
        (30,)
        >>> folded.coordinates[:2]
        array([0.625, 0.875])
    """

    axis: ClassVar[str] = "energy [keV]"
    folding: Folding
    scale: Scale | None
    low: np.ndarray
    high: np.ndarray
    source: str = eqx.field(static=True)
    instrument: str | None = eqx.field(static=True)
    exposure: Float[Array, "*size"]
    relative: Float[Array, "size 1"] | None = None
    unfolded: Unfolded | None = None

    @classmethod
    def of(cls, observation: Observation | Stack, source: str, instrument: str | None = None) -> "FoldedCounts":
        """What the model has to give for an observation.

        **Raises:** `ValueError` for an instrument of a stack.
        """
        if isinstance(observation, Stack) and instrument is not None:
            raise ValueError(
                f"instrument = {instrument!r}: a stack has none; give its observations likelihoods of their own."
            )
        scale = None if isinstance(observation, Stack) or instrument is None else _scale(observation)
        folding = Folding.of(observation.folding)
        low, high, exposure = map(to_jax, (observation.low, observation.high, observation.exposure))
        relative, channels = relative_exposure(exposure), unfolded(observation, background=False)
        return cls(folding, scale, low, high, source, instrument, exposure, relative, channels)

    def __call__(self, model: Any) -> Float[Array, "*size groups"]:
        counts = self._counts(model)
        if self.relative is None:
            return counts
        if counts.ndim > 1 and len(counts) != len(self.relative):
            raise ValueError(
                f"{self.source!r} is {len(counts)} spectra, the stack {len(self.relative)} observations: give "
                f"sl.spectra.Each(..., size={len(self.relative)})."
            )
        return self.relative * counts

    def _counts(self, model: Any) -> Float[Array, "*size groups"]:
        spectrum = model.spectrum(self.source)
        if isinstance(spectrum, AbstractChannelSpectrum):
            return self._in_channels(spectrum)
        if self.instrument is None or self.scale is None:
            return self.folding(spectrum)
        detector = model.device(self.instrument)
        seen = detector(spectrum)
        return self.scale(seen, detector) if detector.shifts else self.folding(seen)

    def _in_channels(self, spectrum: AbstractChannelSpectrum) -> Float[Array, " groups"]:
        told = f"{self.source!r} is a {type(spectrum).__name__}, which no response folds"
        if self.instrument is not None:
            raise ValueError(f"{told}: it has no instrument: leave {self.instrument!r} out of its likelihood.")
        if self.unfolded is None:
            raise ValueError(f"{told}: it stands in no stack: give observations likelihoods of their own.")
        return self.unfolded(spectrum)

    @property
    def coordinates(self) -> np.ndarray:
        """The middle of each group, keV."""
        return 0.5 * (np.asarray(self.low) + np.asarray(self.high))

    def examine(self, model: Any, name: str) -> None:
        """Refuses a convolution whose photons would come from energies that the response does not have."""
        if self.source in model.spectra:
            check_reach(model.spectra[self.source], self.folding, name)

    def restrict(self, index: Any) -> "FoldedCounts | None":
        """The observable of some groups."""
        if self.scale is not None or isinstance(self.folding.matrix, Rows):
            return None
        some = eqx.tree_at(lambda one: one.folding.matrix, self, self.folding.matrix[index])
        part = None if self.unfolded is None else self.unfolded.restrict(index)
        new = (self.low[index], self.high[index], part)
        return eqx.tree_at(lambda one: (one.low, one.high, one.unfolded), some, new, is_leaf=lambda one: one is None)

    def place(self, pixel: int) -> str:
        """Where a datum is, in words."""
        return f", from {float(self.low[pixel]):.4g} to {float(self.high[pixel]):.4g} keV"

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout:
        """Counts against energy."""
        values = self.coordinates if kept is None else self.coordinates[np.asarray(kept)]
        return Layout(Axis(values, self.axis), row_names(shape), "counts")


class SourceAndBackground(eqx.Module):
    """The observable of counts on a source and of its background, (2, groups): s + r b, and b.

    - `on`: of the source; `off`: of the spectrum of the background, as much as the background region has.
    - `ratio`: (groups,), r, how much of that is expected on the source.

    !!! example
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> on, off = (sl.counts.Spectrum(np.full(30, n), 1e4) for n in (5.0, 2.0))
        >>> observation = sl.counts.Observation(on, response, off)
        >>> both = sl.counts.SourceAndBackground.of(observation, "source", "sky", None)
        >>> power_law = sl.spectra.PowerLaw(index=2.0, norm=1e-3)
        >>> counts = both(sl.Model(spectra={"source": power_law, "sky": power_law}))
        >>> counts.shape, bool(np.allclose(counts[0], 2 * counts[1]))
        ((2, 30), True)
    """

    axis: ClassVar[str] = "energy [keV]"
    on: FoldedCounts
    off: FoldedCounts
    ratio: Float[Array, "*size groups"]

    @classmethod
    def of(
        cls, observation: Observation | Stack, source: str, background: str, instrument: Any
    ) -> "SourceAndBackground":
        """What the model has to give for an observation and its background, both through the response of the source."""
        on = FoldedCounts.of(observation, source, instrument)
        folding = Folding.of(observation.background_folding)
        exposure = to_jax(observation.background_exposure)
        relative = relative_exposure(exposure)
        channels = unfolded(observation, background=True)
        off = FoldedCounts(folding, None, on.low, on.high, background, None, exposure, relative, channels)
        return cls(on, off, to_jax(observation.ratio))

    def __call__(self, model: Any) -> Float[Array, "2 *size groups"]:
        background = self.off(model)
        return jnp.stack([self.on(model) + self.ratio * background, background])

    @property
    def coordinates(self) -> np.ndarray:
        """The middle of each group, keV."""
        return self.on.coordinates

    def examine(self, model: Any, name: str) -> None:
        """As `FoldedCounts.examine`, for source and background."""
        self.on.examine(model, name)
        self.off.examine(model, name)

    def place(self, pixel: int) -> str:
        """Where a datum is, in words."""
        return self.on.place(pixel)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout:
        """Counts against energy."""
        return self.on.layout(kept, shape)._replace(rows=["on", "off"])


def relative_exposure(exposure: Array) -> Array | None:
    """Exposures of a stack over that of its first, in whose response it is; `None` for one observation."""
    return exposure / exposure[0] if exposure.ndim else None


def unfolded(observation: Observation | Stack, background: bool) -> Unfolded | None:
    """The channels of an observation; `None` for a stack."""
    return Unfolded.of(observation, background) if isinstance(observation, Observation) else None


def to_jax(values: Any) -> Array:
    """An array in the default precision."""
    return jnp.asarray(values, default_float())


def _scale(observation: Observation) -> Scale:
    response, rows = observation.response, observation.on.channel - observation.response.channels.label[0]
    channels, groups = response.channels, len(observation)
    label, weight = np.full(len(channels), groups), np.zeros(len(channels))
    label[rows] = np.where(observation.label >= 0, observation.label, groups)
    weight[rows] = observation.on.area_scale * observation.on.exposure
    edges = np.append(channels.low, channels.high[-1])
    if np.any(np.diff(edges) <= 0):
        raise ValueError("instrument: the channels of this response do not rise in energy: their scale cannot move.")
    return Scale(Folding.of(response), to_jax(edges), jnp.asarray(label), to_jax(weight), groups)
