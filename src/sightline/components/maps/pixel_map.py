from jaxtyping import Array, Float

from ..._core.module import param
from .base import AbstractPixelMap, check_size


class PixelMap(AbstractPixelMap):
    """A value of its own in every pixel.

    **Arguments:** `values`: (npix,), in the unit of the parameter they stand for.

    !!! example
        >>> import numpy as np
        >>> dust = sl.components.ModifiedBlackbody(temperature=sl.components.PixelMap(np.linspace(15.0, 25.0, 48)))
    """

    values: Float[Array, " npix"] = param(value=True, symbol=r"\theta")

    def pixels(self, npix: int) -> Float[Array, " npix"]:
        """The values, (npix,)."""
        check_size("PixelMap.values", self.values.shape[0], npix)
        return self.values
