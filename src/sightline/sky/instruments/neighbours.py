import dataclasses
import functools
import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._core.module import is_concrete, param, setting
from ..geometry import HealpixSky
from ..geometry.frames import transport
from ..pixels import check_pixels
from ..stokes import Maps, Stokes, is_blank
from .base import AbstractInstrument
from .calibration import calibrate


class NeighbourBeam(AbstractInstrument):
    """A Gaussian beam as a sum over the neighbours of each pixel, for partial skies and accelerators.

    S_i = sum_j w_ij R_ij S_j/sum_j w_ij,  w_ij = exp(-4 ln 2 theta_ij^2/fwhm^2) for theta_ij < radius,

    R_ij the rotation of Q and U between the polarisation bases of two pixels along the great circle that joins them.
    Pixels that are not there or blank count nothing, so that a constant sky stays constant up to the edge; blank ones
    stay blank. For the full sky on a CPU `GaussianBeam` is exact. With a radius of 2 fwhm this one differs from it by
    3e-3 of the standard deviation of white noise where fwhm is three pixels, by 2e-2 where it is two, and by half as
    much of maps whose power falls as l^-2.

    **Arguments:**

    - `fwhm`: full width at half maximum, deg; learnable up to `radius`, NaN beyond.
    - `radius`: how far neighbours count, deg; 2 fwhm leaves out 2e-5 of the beam, 1.5 fwhm 2e-3.
    - `gain`, `offset`: as `sl.instruments.Calibration`.

    **Raises:** `ValueError` for a sky that is not HEALPix, or a radius below fwhm.

    !!! example
        >>> disc = sl.HealpixSky(16, pixels=range(200))
        >>> seen = sl.instruments.NeighbourBeam(fwhm=10.0, radius=15.0)(simulator(disc, 23.0))
    """

    fwhm: Float[Array, ""] = param(unit="deg", positive=True, symbol=r"\theta")
    radius: float = setting(unit="deg", positive=True, bounds=(None, 90))
    gain: Float[Array, ""] = param(1.0, symbol="g")
    offset: Float[Array, ""] = param(0.0, symbol="o")

    def __check_init__(self) -> None:
        if is_concrete(self.fwhm) and self.radius < float(self.fwhm):
            raise ValueError(
                f"NeighbourBeam.radius = {self.radius} is less than fwhm = {float(self.fwhm)} deg: take about 2 fwhm."
            )

    def __call__(self, stokes: Stokes) -> Stokes:
        """The smoothed sky."""
        sky = stokes.sky
        if not isinstance(sky, HealpixSky):
            raise ValueError(f"NeighbourBeam needs a sl.HealpixSky, full or partial, not {type(sky).__name__}.")
        check_pixels(stokes, "NeighbourBeam")
        near = _neighbours(sky.nside, sky.nest, sky.indices.astype(np.int64).tobytes(), self.radius)
        batch = (1,) * (stokes.I.ndim - 1)  # of one rank with maps of several frequencies

        def lifted(values: np.ndarray) -> Array:
            return jnp.asarray(values, self.fwhm.dtype).reshape(batch + values.shape)

        there = near.there.reshape(batch + near.there.shape)
        fwhm = jnp.where(self.fwhm > self.radius, jnp.nan, self.fwhm)  # a fit may widen it beyond its neighbours
        weight = jnp.where(there, jnp.exp(-4 * math.log(2) * lifted(near.square) / fwhm**2), 0)
        iau = stokes.to_convention("IAU")
        blank = is_blank(iau.Q) | is_blank(iau.U)  # one of them says nothing of the other in another basis
        q, u = (jnp.where(blank, 0, part)[..., near.index] for part in (iau.Q, iau.U))
        cosine, sine = lifted(near.cosine), lifted(near.sine)
        smooth = dataclasses.replace(
            iau,
            I=_scalar_mean(iau.I, weight, near.index),
            Q=_mean(cosine * q - sine * u, blank, weight, near.index),
            U=_mean(sine * q + cosine * u, blank, weight, near.index),
            V=None if iau.V is None else _scalar_mean(iau.V, weight, near.index),
        )
        return calibrate(smooth.to_convention(stokes.convention), self.gain, self.offset)


def _scalar_mean(values: Maps, weight: Float[Array, "npix most"], index: np.ndarray) -> Any:
    blank = is_blank(values)
    return _mean(jnp.where(blank, 0, values)[..., index], blank, weight, index)


def _mean(near: Maps, blank: Bool[Array, "..."], weight: Float[Array, "npix most"], index: np.ndarray) -> Any:
    """The mean of values near each pixel, (..., npix, most), over those that are not blank; NaN for a blank pixel."""
    seen = jnp.where(blank[..., index], 0, weight)
    total = jnp.sum(seen, axis=-1)
    return jnp.where(blank, jnp.nan, jnp.sum(seen * near, axis=-1) / jnp.where(blank, 1, total))


class _Neighbours(NamedTuple):
    """Neighbours of each pixel, (npix, most), where they are `there`; the others are the pixel itself.

    `square` of their distance [deg^2]; `cosine` and `sine` of twice the angle between the bases.
    """

    index: np.ndarray
    there: np.ndarray
    square: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray


@functools.lru_cache(maxsize=8)
def _neighbours(nside: int, nest: bool, pixels: bytes, radius: float) -> _Neighbours:
    from scipy.spatial import KDTree

    places, east, north = HealpixSky(nside, np.frombuffer(pixels, np.int64), nest).rays()
    chord = 2 * math.sin(0.5 * math.radians(radius))
    lists = KDTree(places.T).query_ball_point(places.T, chord)
    most = max(map(len, lists))
    index = np.array([[*near, *[own] * (most - len(near))] for own, near in enumerate(lists)])
    there = np.arange(most) < np.array([len(near) for near in lists])[:, None]
    here, far = np.repeat(places, most, axis=1), places[:, index.ravel()]
    moved = transport(north[:, index.ravel()], far, here)
    along, across = (np.sum(moved * np.repeat(axis, most, axis=1), axis=0) for axis in (north, east))
    angle = 2 * np.arctan2(across, along).reshape(index.shape)
    distance = 2 * np.arcsin(np.minimum(0.5 * np.linalg.norm(far - here, axis=0), 1)).reshape(index.shape)
    return _Neighbours(index, there, np.rad2deg(distance) ** 2, np.cos(angle), np.sin(angle))
