"""Counts in groups of what no response folds."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.fixed import Fixed
from ..._core.module import default_float
from ..spectra.channel_spectrum import AbstractChannelSpectrum
from .channels import Channels
from .observation import Observation


class Unfolded(eqx.Module):
    """Channels that no response folds, their groups, and the exposure: from counts s-1 to counts of groups.

    - `channels`: (3, m), numbers, lower and upper energies, from the first to the last that is in a group; part of the
      structure, so that what depends on them alone is computed once.
    - `label`: (m,), the group of each, `groups` where it has none; `weight`: (m,) s, exposure x AREASCAL.
    - `kept`: the groups that are asked for; `None`: all.
    """

    channels: Fixed = eqx.field(static=True)
    label: Int[Array, " m"]
    weight: Float[Array, " m"]
    groups: int = eqx.field(static=True)
    kept: Int[Array, " g"] | None = None

    @classmethod
    def of(cls, observation: Observation, background: bool) -> "Unfolded":
        """The channels of an observation, with the exposure of its source, or of its background."""
        spectrum = observation.off if background and observation.off is not None else observation.on
        own = observation.background_response if background else None
        known, groups = (own or observation.response).channels, len(observation)
        label, weight = np.full(len(known), groups), np.zeros(len(known))
        rows = observation.on.channel - known.label[0]
        label[rows] = np.where(observation.label >= 0, observation.label, groups)
        weight[rows] = spectrum.area_scale * spectrum.exposure
        used = np.flatnonzero(label < groups)
        part = slice(used[0], used[-1] + 1)
        values = np.stack([known.label, known.low, known.high])[:, part]
        return cls(Fixed(values), jnp.asarray(label[part]), jnp.asarray(weight[part], default_float()), groups)

    def __call__(self, spectrum: AbstractChannelSpectrum) -> Float[Array, " g"]:
        """Mean counts of the groups."""
        counts = self.weight * spectrum(Channels(*self.channels.values)).astype(self.weight.dtype)
        found = jax.ops.segment_sum(counts, self.label, self.groups + 1)[:-1]
        return found if self.kept is None else found[self.kept]

    def restrict(self, index: Int[Array, " k"]) -> "Unfolded":
        """The channels of some groups."""
        kept = index if self.kept is None else self.kept[index]
        return Unfolded(self.channels, self.label, self.weight, self.groups, kept)
