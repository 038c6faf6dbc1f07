"""The contract of a spectral parameter that differs from pixel to pixel."""

import abc
from typing import Any

from jaxtyping import Array, Float

from ..._core.module import Module


class AbstractPixelMap(Module):
    """A parameter with a value in every pixel, in place of a number of an SED: subclass it, write `pixels`.

    !!! example
        >>> class Gradient(sl.components.AbstractPixelMap):
        ...     mean: Float[Array, ""] = sl.param(1.5, value=True)
        ...     slope: Float[Array, ""] = sl.param(0.1)
        ...
        ...     def pixels(self, npix):
        ...         return self.mean + self.slope * jnp.linspace(-1.0, 1.0, npix)
        >>> dust = sl.components.ModifiedBlackbody(index=Gradient())
    """

    @abc.abstractmethod
    def pixels(self, npix: int) -> Float[Array, " npix"]:
        """The value in each of `npix` pixels, in the unit of the parameter it stands for.

        **Raises:** `ValueError` for a map of another number of pixels.
        """


def is_pixel_map(node: Any) -> bool:
    """Whether a node of a PyTree is a map in place of a number."""
    return isinstance(node, AbstractPixelMap)


def check_size(who: str, found: int, npix: int) -> None:
    """Refuses a map of another number of pixels than the sky.

    **Raises:** `ValueError`.
    """
    if found != npix:
        raise ValueError(
            f"{who} has {found} pixels, the maps have {npix}: make it for the same sky, "
            "of a partial one with only the pixels that it keeps."
        )
