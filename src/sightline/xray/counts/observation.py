"""An observed spectrum with its background and response, selected and grouped."""

from typing import Any

import equinox as eqx
import numpy as np

from ..._core.given import check_kind
from ..._core.units import number, refuse_units
from .grouping import AbstractGrouping, AsFiled
from .matching import check_label, places_of
from .response import Response, merge_channels
from .spectrum import Spectrum

_SLACK = 1e-6  # of an energy: what single precision in files may leave


class Observation(eqx.Module):
    """Counts on a source, counts of its background, and the response; data, never learnt.

    Nothing is ever subtracted: a model predicts `ratio` x (its background counts) beside the source. What `select` and
    `group` leave out is left out of counts, background and response alike.

    **Arguments:**

    - `on`: the spectrum of the source region; `off`: that of the background, or `None`.
    - `response`: its channels have the numbers of `on.channel` and may have more.
    - `name`: how tables and figures call it.
    - `background_response`: of the background, for a spectrum of its own; `None`: that of the source.
    - `selected`: (m,), the channels to use; `label`: (m,), their groups from 0, -1 for none; as filed without.

    **Raises:** `ValueError` for channels that the response or background do not have, and where no channel is left;
    `TypeError` for what is no spectrum or response.

    !!! example
        >>> import numpy as np
        >>> edges = np.array([0.5, 1.0, 2.0, 4.0])
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum([3, 5, 1], exposure=1e4), response)
        >>> observation.select(0.5, 2.0).counts.tolist()
        [3.0, 5.0]
    """

    on: Spectrum
    response: Response
    off: Spectrum | None
    name: str = eqx.field(static=True)
    selected: np.ndarray
    label: np.ndarray
    background_response: Response | None

    def __init__(
        self,
        on: Spectrum,
        response: Response,
        off: Spectrum | None = None,
        name: str = "",
        selected: Any = None,
        label: Any = None,
        background_response: Response | None = None,
    ) -> None:
        refuse_units(selected=selected, label=label, background_response=background_response)
        _check_parts(on, response, off, background_response)
        self.on, self.response, self.name = on, response, name
        places_of(on.channel, response.channels.label, "response")
        self.off = None if off is None else off.taken(places_of(on.channel, off.channel, "background"))
        self.background_response = background_response
        if background_response is not None:
            places_of(on.channel, background_response.channels.label, "background_response")
        self.selected = np.ones(len(on), bool) if selected is None else np.asarray(selected, bool)
        if self.selected.shape != (len(on),):
            raise ValueError(
                f"selected has shape {self.selected.shape}: give one value for each of {len(on)} channels."
            )
        self.label = check_label(AsFiled()(self) if label is None else label, len(on))

    @property
    def energies(self) -> tuple[np.ndarray, np.ndarray]:
        """(m,) each, keV, the nominal lower and upper energies of the channels."""
        channels = self.response.channels
        rows = self.on.channel - channels.label[0]
        return channels.low[rows], channels.high[rows]

    @property
    def bad(self) -> np.ndarray:
        """(m,), the channels that are bad in the source or the background."""
        return self.on.bad if self.off is None else self.on.bad | self.off.bad

    @property
    def scale(self) -> np.ndarray | None:
        """(m,), the ratio channel by channel, 0 where it is not defined; `None` without a background."""
        if self.off is None:
            return None
        size = self.off.exposure * self.off.area_scale * self.off.back_scale
        own = self.on.exposure * self.on.area_scale * self.on.back_scale
        return np.divide(own, size, out=np.zeros_like(own), where=size > 0)

    @property
    def counts(self) -> np.ndarray:
        """(groups,), the counts on the source."""
        return self._summed(self.on.counts)

    @property
    def background(self) -> np.ndarray | None:
        """(groups,), the counts of the background, as they were counted."""
        return None if self.off is None else self._summed(self.off.counts)

    @property
    def ratio(self) -> np.ndarray | None:
        """(groups,), how many background counts are expected on the source for each in the background.

        exposure x AREASCAL x BACKSCAL of the source over that of the background. Where channels of a group differ, it
        is sum(ratio_i b_i) / sum(b_i), so that it times the background is what its channels expect one by one; the mean
        of its channels where no background was counted.
        """
        if self.off is None or self.scale is None:
            return None
        weight, total = np.maximum(self.off.counts, 0.0), self._summed(np.ones(len(self.on)))
        held = self._summed(weight)
        mean = self._summed(self.scale) / total
        return np.divide(self._summed(self.scale * weight), held, out=mean, where=held > 0)

    @property
    def error(self) -> np.ndarray | None:
        """(groups,), standard deviations of the counts where the file gives any."""
        return None if self.on.error is None else np.sqrt(self._summed(np.square(self.on.error)))

    @property
    def low(self) -> np.ndarray:
        """(groups,), keV, the lowest nominal energy of each."""
        return self._merged.low

    @property
    def high(self) -> np.ndarray:
        """(groups,), keV, the highest nominal energy of each."""
        return self._merged.high

    @property
    def exposure(self) -> float:
        """Exposure of the source, s."""
        return self.on.exposure

    @property
    def background_exposure(self) -> float | None:
        """Exposure of the background, s."""
        return None if self.off is None else self.off.exposure

    @property
    def poisson(self) -> bool:
        """Whether source and background are what was counted, not net counts or numbers with errors of their own."""
        return self.on.poisson and (self.off is None or self.off.poisson)

    @property
    def systematic(self) -> bool:
        """Whether the file states systematic errors of the counts that are used."""
        return self.on.systematic is not None and bool(np.any(self.on.systematic[self.label >= 0] > 0))

    @property
    def integer(self) -> bool:
        """Whether the counts of source and background are whole numbers, none below 0, in all groups."""
        parts = [self.counts] if self.background is None else [self.counts, self.background]
        return all(bool(np.all((part >= 0) & (part == np.round(part)))) for part in parts)

    @property
    def folding(self) -> Response:
        """The response of the groups with exposure and AREASCAL multiplied in: `fold` gives counts of the source."""
        return self._folding(self.on, self.response)

    @property
    def background_folding(self) -> Response:
        """As `folding`, with exposure and AREASCAL of the background, and its response: `fold` gives its counts.

        **Raises:** `ValueError` where there is no background.
        """
        if self.off is None:
            raise ValueError(f"{self.name or 'the observation'} has no background: read it with one, or model none.")
        return self._folding(self.off, self.background_response or self.response)

    def __len__(self) -> int:
        return int(self.label.max()) + 1

    def select(self, low: Any, high: Any) -> "Observation":
        """The groups that lie wholly between two nominal energies; grouping it again uses channels wholly inside.

        **Arguments:** `low`, `high`: keV.

        **Raises:** `ValueError` where nothing is left.
        """
        low, high = number(low, "keV", "low"), number(high, "keV", "high")
        lower, upper = self.energies
        inside = (lower >= low * (1 - _SLACK)) & (upper <= high * (1 + _SLACK))
        return self._kept(self.selected & inside, f"select({low:g}, {high:g})")

    def ignore(self, low: Any, high: Any) -> "Observation":
        """What lies wholly outside two nominal energies: groups, and channels when it is grouped again.

        **Arguments:** `low`, `high`: keV.

        **Raises:** `ValueError` where nothing is left, and for energies that do not rise.

        !!! example
            >>> edges = np.array([0.5, 1.0, 2.0, 4.0])
            >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
            >>> observation = sl.counts.Observation(sl.counts.Spectrum([3, 5, 1], exposure=1e4), response)
            >>> observation.ignore(1.2, 1.8).counts.tolist()
            [3.0, 1.0]
        """
        low, high = number(low, "keV", "low"), number(high, "keV", "high")
        if not low < high:
            raise ValueError(f"ignore({low:g}, {high:g}): give two energies [keV] that rise.")
        lower, upper = self.energies
        outside = (upper <= low * (1 + _SLACK)) | (lower >= high * (1 - _SLACK))
        return self._kept(self.selected & outside, f"ignore({low:g}, {high:g})")

    def group(self, rule: AbstractGrouping) -> "Observation":
        """The selected channels in other groups, whatever groups they were in.

        **Arguments:** `rule`: `AsFiled()`, `MinimumCounts(20)`, `MinimumSignal(3.0)`, `Optimal()`, `Edges([...])`,
        `Ungrouped()`.

        **Raises:** `ValueError` where it makes no group, `TypeError` for what is no rule.
        """
        check_kind("rule", rule, AbstractGrouping, "one of sl.counts, e.g. MinimumCounts(20)")
        label = rule(self)
        if not np.any(label >= 0):
            raise ValueError(
                f"{rule} makes no group of the {self.selected.sum()} selected channels with "
                f"{self.on.counts[self.selected].sum():g} counts: ask for less in each, or select more."
            )
        return self._changed(self.selected, label)

    def _kept(self, selected: np.ndarray, asked: str) -> "Observation":
        """The groups all of whose channels are selected."""
        cut = np.zeros(len(self), bool)
        cut[self.label[(self.label >= 0) & ~selected]] = True
        kept = np.where((self.label >= 0) & ~cut[self.label], self.label, -1)
        if not np.any(kept >= 0):
            raise ValueError(
                f"{asked} leaves no group of {self.name or 'the spectrum'}: its {len(self)} groups "
                f"lie between {self.low.min():g} and {self.high.max():g} keV. Select more, or group it less first."
            )
        return self._changed(selected, kept)

    def _changed(self, selected: np.ndarray, label: np.ndarray) -> "Observation":
        return Observation(self.on, self.response, self.off, self.name, selected, label, self.background_response)

    def _folding(self, spectrum: Spectrum, response: Response) -> Response:
        channels = response.channels
        label, weight = np.full(len(channels), -1), np.zeros(len(channels))
        rows = self.on.channel - channels.label[0]
        label[rows], weight[rows] = self.label, spectrum.area_scale * spectrum.exposure
        return response.grouped(label, weight)

    @property
    def _merged(self) -> Any:
        channels, rows = self.response.channels, self.on.channel - self.response.channels.label[0]
        label = np.full(len(channels), -1)
        label[rows] = self.label
        return merge_channels(channels, label)

    def _summed(self, values: np.ndarray) -> np.ndarray:
        keep = self.label >= 0
        return np.bincount(self.label[keep], weights=values[keep], minlength=len(self))


def _check_parts(on: Any, response: Any, off: Any, background_response: Any) -> None:
    folds = "a sl.counts.Response, as sl.io.read_response reads: counts alone have no energies"
    check_kind("on", on, Spectrum, "a sl.counts.Spectrum(counts, exposure)")
    check_kind("response", response, Response, folds)
    check_kind("off", off, Spectrum | None, "the sl.counts.Spectrum of the background")
    check_kind("background_response", background_response, Response | None, folds)
