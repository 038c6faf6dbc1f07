"""Energy bins with two Gauss-Legendre nodes each, cut where a spectrum jumps."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import is_concrete

WIDEST = 1 / 80  # in ln E: two nodes give a power law to 1e-9, exp(-40 E/E_bin) to 2e-5 of a faint bin
_PARTS = 512
_OFFSET = 0.381966  # of a part: no step then falls on a round energy, where a jump may be
AROUND, _FARTHEST = 512, 8.0
"""Bins on either side of a band that has photons from outside."""
_NODE = 1 / math.sqrt(3)


class Bins(eqx.Module):
    """Energy bins, which may be pieces of others that are contiguous.

    - `low`, `high`: (n,) keV.
    - `whole`: of which bin of the contiguous ones each is a piece, (n,); `edges`: of these, (m + 1,) keV.
    """

    low: Float[Array, " n"]
    high: Float[Array, " n"]
    whole: Int[Array, " n"]
    edges: Float[Array, " m1"]

    @classmethod
    def contiguous(cls, edges: Float[Array, " m1"]) -> "Bins":
        """Bins between edges that ascend, keV."""
        return cls(edges[:-1], edges[1:], jnp.arange(edges.shape[0] - 1, dtype=jnp.int32), edges)

    @classmethod
    def across(
        cls, low: Float[Array, ""], high: Float[Array, ""], jumps: Float[Array, " k"], beyond: bool = False
    ) -> "Bins":
        """Narrow bins of one band, cut at jumps: their number is fixed, so that the band may be traced.

        **Arguments:** `beyond`: whether there are bins `around` the band as well.
        """
        steps = (jnp.arange(_PARTS, dtype=low.dtype) + _OFFSET) / _PARTS
        edges = low * jnp.exp(steps * jnp.log(high / low))
        edges = jnp.concatenate([low[None], edges, high[None]])
        edges = around(edges) if beyond else edges
        first, last = edges[0], edges[-1]
        within = (jumps > first) & (jumps < last)  # those at an end are none: they have a slope on one side alone
        return cls.contiguous(jnp.sort(jnp.concatenate([edges, jnp.where(within, jumps, last)])))

    @property
    def half(self) -> Float[Array, " n"]:
        """Half widths, keV: the weights of the nodes."""
        return 0.5 * (self.high - self.low)

    @property
    def energy(self) -> Float[Array, "2 n"]:
        """The nodes, keV."""
        offset = _NODE * self.half
        middle = 0.5 * (self.high + self.low)
        return jnp.stack([middle - offset, middle + offset])

    def once(self, function: Callable[[Float[Array, ""]], Any]) -> Any:
        """A function of energy alone at the nodes, (2, n) and what it returns: bins that are known tell it at once.

        It is a constant then of whatever is compiled, and not computed again in each pass of a loop.
        """
        values = jax.vmap(jax.vmap(function))
        if not is_concrete(self.low):
            return values(self.energy)
        with jax.ensure_compile_time_eval():
            return jax.jit(values)(self.energy)

    def cut(self, jumps: Float[Array, " k"]) -> "Bins":
        """Contiguous bins, those that hold jumps cut there; the pieces follow the others.

        Only the bins with jumps change, by a scatter of as many numbers, so that jumps may be traced.
        """
        if not jumps.shape[0]:
            return self
        at = jnp.sort(jumps)
        index = jnp.searchsorted(self.low, at, side="left").astype(jnp.int32) - 1  # one at an end cuts the bin below
        index = jnp.clip(index, 0, self.low.shape[0] - 1)
        end = self.high[index]
        inside = (at > self.low[index]) & (at <= end)
        follows = jnp.concatenate([jnp.zeros(1, bool), inside[:-1] & (index[:-1] == index[1:])])
        place = jnp.where(inside & ~follows, index, self.low.shape[0])
        after = jnp.concatenate([at[1:], jnp.full(1, jnp.inf, at.dtype)])
        high = self.high.at[place].set(at, mode="drop")
        start = jnp.where(inside, at, end)
        stop = jnp.where(inside & (after <= end), after, end)  # no minimum: of two that are equal it moves by half
        low, high = jnp.concatenate([self.low, start]), jnp.concatenate([high, stop])
        return Bins(low, high, jnp.concatenate([self.whole, index]), self.edges)

    def gathered(self, photons: Float[Array, " n"]) -> Float[Array, " m"]:
        """What pieces hold, summed over those of each contiguous bin."""
        size = self.edges.shape[0] - 1
        return photons[:size].at[self.whole[size:]].add(photons[size:])

    def shared(self, photons: Float[Array, " m"]) -> Float[Array, " n"]:
        """What contiguous bins hold, shared out to their pieces by width."""
        width = self.edges[1:] - self.edges[:-1]
        share = (self.high - self.low) / jnp.where(width > 0, width, 1)[self.whole]
        return photons[self.whole] * share


def around(edges: Float[Array, " m1"]) -> Float[Array, " m2"]:
    """Edges with 512 more on either side, to an eighth of the lowest and eight times the highest, wider farther off."""
    away = jnp.exp(jnp.linspace(0.0, 1.0, AROUND + 1, dtype=edges.dtype)[1:] ** 2 * math.log(_FARTHEST))
    return jnp.concatenate([edges[0] / away[::-1], edges, edges[-1] * away])


def divided(edges: Any) -> tuple[np.ndarray, np.ndarray]:
    """Edges, keV, with bins divided until two nodes suffice, and of which bin each part is.

    **Arguments:** `edges`: (m + 1,) keV, ascending, positive.
    """
    edges = np.asarray(edges, float)
    parts = np.maximum(np.ceil(np.log(edges[1:] / edges[:-1]) / WIDEST - 1e-9).astype(int), 1)
    index = np.repeat(np.arange(parts.size), parts)
    step = np.arange(index.size) - np.repeat(np.cumsum(parts) - parts, parts)
    fraction = step / parts[index]
    low = edges[index] * (1 - fraction) + edges[index + 1] * fraction
    return np.append(low, edges[-1]), index
