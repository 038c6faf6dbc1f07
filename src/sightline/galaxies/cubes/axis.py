"""A sampled wavelength axis: which segment a wavelength is in, and where, to rounding in single precision too."""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.units import numbers


class Place(NamedTuple):
    """Where points are on an axis.

    - `segment`: between the nodes `segment` and `segment + 1`; of points beyond an end the first or the last.
    - `away`: how far from the lower node of the segment, A; `offset`: the same, points beyond an end put at it.
    - `inside`: whether they are on the axis.
    """

    segment: Int[Array, "*shape"]
    away: Float[Array, "*shape"]
    offset: Float[Array, "*shape"]
    inside: Array


@dataclasses.dataclass(frozen=True, eq=False)
class Axis:
    """Wavelengths [A] of nodes between which spectra are linear, (w,), rising: double precision on the host."""

    nodes: np.ndarray

    @functools.cached_property
    def steps(self) -> np.ndarray:
        """Distances of neighbours, (w - 1,)."""
        return np.diff(self.nodes)

    @functools.cached_property
    def _table(self) -> tuple[float, np.ndarray]:
        """Cells no wider than the narrowest segment, each with the segment that its lower end is in."""
        fine = float(np.min(self.steps))
        count = int(np.ceil((self.nodes[-1] - self.nodes[0]) / fine)) + 1
        ends = self.nodes[0] + fine * np.arange(count)
        found = np.searchsorted(self.nodes, ends, side="right") - 1
        return fine, np.clip(found, 0, len(self.steps) - 1).astype(np.int32)

    @functools.cached_property
    def regular(self) -> bool:
        """Whether all segments are equally wide."""
        return bool(np.ptp(self.steps) < 1e-9 * np.min(self.steps))

    def locate(self, points: np.ndarray, shift: Float[Array, "*shape"]) -> Place:
        """The places of `points (1 - shift)`.

        **Arguments:** `points`: wavelengths known on the host, (*shape,); `shift`: what they are moved by, traced.

        What is traced is the distance from a node that is known to be near, so that an offset is right to a part in
        1e7 of itself and not of the wavelength.
        """
        dtype = jnp.result_type(shift)
        moved = -jnp.asarray(points, dtype) * shift
        near = np.clip(np.searchsorted(self.nodes, points, side="right") - 1, 0, len(self.steps) - 1)
        away = jnp.asarray(points - self.nodes[near], dtype) + moved
        last = len(self.steps) - 1
        if self.regular:
            step = float(self.steps[0])
            segment = jnp.clip(near.astype(np.int32) + jnp.floor(away / step).astype(np.int32), 0, last)
            found = away - (segment - near.astype(np.int32)).astype(dtype) * step
            width: Any = step
        else:
            segment = self._segment(jnp.asarray(points - self.nodes[0], dtype) + moved)
            found = away + self.between(segment, jnp.asarray(near, np.int32), dtype)
            segment, found = self._next(segment, found)
            width = jnp.asarray(self.steps, dtype)[segment]
        inside = ((segment > 0) | (found >= 0)) & ((segment < last) | (found <= width))
        offset = jnp.where(found < 0, 0, jnp.where(found > width, width, found))  # a clip has half a slope at a node
        return Place(segment, found, offset, inside)

    def between(self, lower: Array, upper: Array, dtype: Any) -> Any:
        """How far nodes are from others, by their numbers, A."""
        pair = _pair(self.nodes, dtype)
        high, low = jnp.asarray(pair[0]), jnp.asarray(pair[1])
        return (high[upper] - high[lower]) + (low[upper] - low[lower])

    def _segment(self, away: Array) -> Array:
        """The segment of points this far from the first node, or the one before it."""
        fine, table = self._table
        cell = jnp.clip(jnp.floor(away / fine).astype(np.int32), 0, len(table) - 1)
        return jnp.asarray(table)[cell]

    def _next(self, segment: Array, away: Array) -> tuple[Array, Array]:
        """The next segment and the distance from its lower node, where a point is at or beyond that node."""
        width = jnp.asarray(self.steps, away.dtype)[segment]
        beyond = (away >= width) & (segment < len(self.steps) - 1)
        return segment + beyond.astype(segment.dtype), jnp.where(beyond, away - width, away)


def _pair(values: np.ndarray, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Leading and trailing digits of numbers in double precision."""
    high = np.asarray(values, dtype)
    return high, np.asarray(values - high.astype(np.float64), dtype)


def as_wavelengths(values: Any, name: str, least: int = 2) -> np.ndarray:
    """Rising positive wavelengths in Angstrom, double precision.

    **Raises:** `ValueError` that names the argument.
    """
    found = numbers(values, "Angstrom", name)
    if found.ndim != 1 or len(found) < least:
        raise ValueError(f"{name} has shape {found.shape}: give {least} or more wavelengths [A] in a row.")
    if not (np.all(np.isfinite(found)) and np.all(np.diff(found) > 0) and found[0] > 0):
        raise ValueError(f"{name} must be finite, positive and rising wavelengths [A].")
    return found
