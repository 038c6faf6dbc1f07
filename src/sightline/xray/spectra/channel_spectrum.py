"""What a detector counts in its channels that is no photon through its response."""

import abc
from typing import Protocol

import numpy as np
from jaxtyping import Array, Float

from ..._core.contracts import AbstractLight


class Numbered(Protocol):
    """Channels by number, `label`, (m,), with nominal energies, `low` and `high`, (m,) keV: `sl.counts.Channels`."""

    label: np.ndarray
    low: np.ndarray
    high: np.ndarray


class AbstractChannelSpectrum(AbstractLight):
    """What a detector counts in its channels, folded through no response: subclass it, write `__call__` for channels.

    For backgrounds that are no photons through the mirrors: particles, fluorescence inside, noise of the electronics.
    A `Model` holds it among its spectra: `sl.CountsLikelihood(observation, "source", background="sky")`.

    !!! example
        >>> class Flat(sl.spectra.AbstractChannelSpectrum):
        ...     rate: Float[Array, ""] = sl.param(2.0, bounds=(0, None))
        ...
        ...     def __call__(self, channels):
        ...         return self.rate * jnp.asarray(channels.high - channels.low)
        >>> Flat()(sl.counts.Channels([1, 2], [0.3, 0.5], [0.5, 0.6])).round(6)
        Array([0.4, 0.2], dtype=float64)
    """

    @abc.abstractmethod
    def __call__(self, channels: Numbered) -> Float[Array, " m"]:
        """Counts s-1 in each channel, of AREASCAL 1.

        **Arguments:** `channels`: an `sl.counts.Channels`, (m,) numbers and nominal energies, keV; plain numbers, known
        while a function is traced.
        """
