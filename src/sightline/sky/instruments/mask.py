import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._core.module import setting
from ..._core.units import numbers
from ..geometry import HealpixSky
from ..pixels import check_pixels
from ..stokes import Stokes
from .base import AbstractInstrument


class Mask(AbstractInstrument):
    """Keeps some pixels of a full HEALPix sky.

    **Arguments:** `good`: for each pixel whether it is kept, (npix,) booleans or 0 and 1; `nest`: its ordering.

    **Raises:** `ValueError` for a mask that is no HEALPix map or keeps nothing, and for skies of another nside or
    ordering.

    !!! example
        >>> north = sl.instruments.Mask(sky.lonlat()[1] > 0)
        >>> north(stokes).I.shape
        (368,)
    """

    packed: bytes = setting()
    npix: int = setting()
    nest: bool = setting()

    def __init__(self, good: Any, nest: bool = False):
        values = numbers(good, "", "good")
        if values.ndim != 1 or not np.all(np.isin(values, (0, 1))):
            raise ValueError("Mask.good must be one value a pixel, True or False (1 or 0): apply a threshold first.")
        nside = round((values.size / 12) ** 0.5)
        if values.size != 12 * nside**2:
            raise ValueError(f"Mask.good has {values.size} pixels, which is no HEALPix map (12 nside^2).")
        if not values.any():
            raise ValueError("Mask.good keeps no pixel.")
        self.packed, self.npix, self.nest = np.packbits(values.astype(bool)).tobytes(), values.size, bool(nest)

    def __check_init__(self) -> None:
        if len(self.packed) != -(-self.npix // 8):
            raise ValueError(f"Mask.packed has {len(self.packed)} bytes, which is no mask of {self.npix} pixels.")

    @property
    def pixels(self) -> np.ndarray:
        """Indices of the kept pixels."""
        return np.flatnonzero(np.unpackbits(np.frombuffer(self.packed, np.uint8), count=self.npix))

    def __call__(self, stokes: Stokes) -> Stokes:
        """The kept pixels, on a partial `HealpixSky`."""
        sky = stokes.sky
        if not isinstance(sky, HealpixSky) or sky.pixels is not None:
            raise ValueError("Mask needs a full sl.HealpixSky.")
        check_pixels(stokes, "Mask")
        if sky.size != self.npix or sky.nest != self.nest:
            order = {True: "NESTED", False: "RING"}
            raise ValueError(
                f"Mask: the mask has {self.npix} pixels in {order[self.nest]} order, the sky {sky.size} in "
                f"{order[sky.nest]}: bring the mask to the nside and ordering of the sky."
            )
        pixels = self.pixels
        parts = {name: getattr(stokes, name) for name in "IQUV"}
        kept = {name: None if part is None else jnp.asarray(part)[..., pixels] for name, part in parts.items()}
        return dataclasses.replace(stokes, **kept, sky=HealpixSky(sky.nside, pixels, sky.nest, sky.supersample))
