"""The spaxels of an integral-field unit: a regular raster on the sky."""

from typing import Any

import equinox as eqx
import numpy as np

from ..._core.units import number
from ...statistics.layout import Image


class Spaxels(eqx.Module):
    """Square spaxels about a centre, ordered row by row from south-west to north-east as those of `sl.ImagePlane`.

    **Arguments:**

    - `shape`: rows (north) and columns (east).
    - `spaxel`: side of one, arcsec.

    **Raises:** `ValueError` for a shape or a side that is not positive.

    !!! example
        >>> plane = sl.cubes.Spaxels((2, 3), spaxel=0.5)
        >>> plane.size, plane.extent
        (6, (1.0, 1.5))
    """

    shape: tuple[int, int] = eqx.field(static=True)
    spaxel: float = eqx.field(static=True)

    def __init__(self, shape: Any, spaxel: Any):
        if np.shape(shape) != (2,) or not all(isinstance(n, (int, np.integer)) and n > 0 for n in shape):
            raise ValueError(f"shape = {shape} must be two positive whole numbers, rows and columns.")
        self.shape = int(shape[0]), int(shape[1])
        self.spaxel = number(spaxel, "arcsec", "spaxel")
        if not 0 < self.spaxel < np.inf:
            raise ValueError(f"spaxel = {spaxel} must be a positive angle [arcsec].")

    @property
    def size(self) -> int:
        """How many there are."""
        return self.shape[0] * self.shape[1]

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width, arcsec."""
        return self.shape[0] * self.spaxel, self.shape[1] * self.spaxel

    def offsets(self) -> tuple[np.ndarray, np.ndarray]:
        """Middles of the spaxels from the centre towards east and north, (size,) arcsec each."""
        up, right = (self.spaxel * (np.arange(n) + 0.5 - 0.5 * n) for n in self.shape)
        north, east = np.meshgrid(up, right, indexing="ij")
        return east.ravel(), north.ravel()

    def padded(self, margin: int) -> "Spaxels":
        """The same with `margin` more spaxels on every side."""
        return Spaxels((self.shape[0] + 2 * margin, self.shape[1] + 2 * margin), self.spaxel)


def image_of(plane: Any) -> Image:
    """The spaxels of a plane as an image, in arcsec, or in spaxels where it has no angle."""
    rows, columns = plane.shape
    side = getattr(plane, "spaxel", None)
    if side is None:
        return Image((rows, columns), (float(rows), float(columns)), "spaxels")
    return Image((rows, columns), (rows * side, columns * side), "arcsec")
