"""Spherical harmonics as linear functions with an exact adjoint, in real coefficients.

The a_lm of real maps are kept as a_l0, sqrt(2) Re a_lm, sqrt(2) Im a_lm: the harmonics are then real and orthonormal,
and the adjoint of the synthesis is the analysis by a plain sum, times npix/4 pi.
"""

import functools
import math

import numpy as np

from ..._core.host import AbstractHostLinear
from ..geometry import healpix


class Synthesis(AbstractHostLinear):
    """Real coefficients, (1, n) or (2, n) of E and B, to maps of spin 0 or 2, (1, npix) or (2, npix), RING order.

    **Arguments:** `nside`: of the maps; `lmax`: the largest degree; `spin`: 0 or 2.

    !!! example
        >>> operator = sl.harmonics.Synthesis(8, 16, 0)
    """

    nside: int
    lmax: int
    spin: int

    def __init__(self, nside: int, lmax: int, spin: int):
        self.nside, self.lmax, self.spin = nside, lmax, spin
        maps = 2 if spin else 1
        self.input_shape = (maps, (lmax + 1) ** 2)
        self.output_shape = (maps, 12 * nside**2)

    def __hash__(self) -> int:
        return hash((type(self), self.nside, self.lmax, self.spin))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def forward(self, values: np.ndarray) -> np.ndarray:
        return healpix.synthesis(unpack(values, self.lmax), self.nside, self.lmax)

    def adjoint(self, values: np.ndarray) -> np.ndarray:
        return pack(healpix.analysis(values, self.lmax), self.lmax) * (12 * self.nside**2 / (4 * math.pi))


@functools.cache
def _split(lmax: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the complex coefficients have m = 0, and their degrees l."""
    degrees, orders = healpix.degrees(lmax)
    return orders == 0, degrees


def pack(coefficients: np.ndarray, lmax: int) -> np.ndarray:
    """Complex a_lm, (maps, nlm), as real coefficients, (maps, (lmax + 1)^2)."""
    zonal, _ = _split(lmax)
    rest = math.sqrt(2) * coefficients[:, ~zonal]
    return np.concatenate([np.real(coefficients[:, zonal]), np.real(rest), np.imag(rest)], axis=1)


def unpack(values: np.ndarray, lmax: int) -> np.ndarray:
    """Real coefficients back to complex a_lm."""
    zonal, _ = _split(lmax)
    re, im = np.split(values[:, lmax + 1 :] / math.sqrt(2), 2, axis=1)
    coefficients = np.zeros((len(values), zonal.size), complex)
    coefficients[:, zonal], coefficients[:, ~zonal] = values[:, : lmax + 1], re + 1j * im
    return coefficients


@functools.cache
def packed_degrees(lmax: int) -> np.ndarray:
    """l of every real coefficient, ((lmax + 1)^2,)."""
    zonal, degrees = _split(lmax)
    return np.concatenate([degrees[zonal], degrees[~zonal], degrees[~zonal]])


@functools.cache
def ring_order(nside: int, nest: bool) -> tuple[np.ndarray, np.ndarray]:
    """Indices that bring a map from RING to its own order, and back."""
    to_ring = healpix.to_ring(nside) if nest else np.arange(12 * nside**2)
    return to_ring, np.argsort(to_ring)
