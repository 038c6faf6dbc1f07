"""A spectral parameter as a Gaussian random field on the sphere."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import param, setting
from ...sky.harmonics.synthesis import Synthesis, packed_degrees, ring_order
from .base import AbstractPixelMap


class GaussianMap(AbstractPixelMap):
    """A smooth random field about a mean: theta(n) = mean + sum_lm sqrt(C_l) xi_lm Y_lm(n).

    C_l falls as exp(-l (l + 1) L^2), so that values are correlated as exp(-d^2/(4 L^2)) at small distances d, and
    sum_l (2l + 1) C_l/(4 pi) = rms^2. With standard normal priors of the latents xi it is the Gaussian process of this
    rms and length, which may be free as well; such priors are residuals, so that every method of `sl.fit` takes them.

    **Arguments:**

    - `latents` xi: ((lmax + 1)^2,), whose number sets lmax: well above 1/L; zeros are the mean everywhere.
    - `mean`, `rms`: in the unit of the parameter it stands for; `length` L: deg.
    - `nest`: whether the pixels are in NESTED order.

    **Raises:** `ValueError` for a number of latents that is no square, rms or length that are not positive.

    !!! example
        >>> index = sl.components.GaussianMap(latents=jnp.zeros(17**2), mean=-3.0, rms=0.05, length=10.0)
        >>> synchrotron = sl.components.PowerLaw(index=index)
        >>> index.pixels(768).shape
        (768,)
    """

    latents: Float[Array, " n"] = param(symbol=r"\xi")
    mean: Float[Array, ""] = param(value=True, symbol=r"\mu")
    rms: Float[Array, ""] = param(0.05, bounds=(0, None), symbol=r"\sigma")
    length: Float[Array, ""] = param(10.0, unit="deg", bounds=(0, None), symbol="L")
    nest: bool = setting(False)

    def __check_init__(self) -> None:
        check_kind("GaussianMap.latents", self.latents, Array | jax.ShapeDtypeStruct, "jnp.zeros((lmax + 1) ** 2)")
        size = self.latents.shape[0]
        if size < 4 or round(size**0.5) ** 2 != size:
            raise ValueError(f"GaussianMap.latents has {size} numbers: give (lmax + 1)^2, e.g. jnp.zeros(17**2).")

    @property
    def lmax(self) -> int:
        """The highest degree."""
        return round(self.latents.shape[0] ** 0.5) - 1

    def pixels(self, npix: int) -> Float[Array, " npix"]:
        """The field in the pixels of a whole HEALPix sky, (npix,).

        **Raises:** `ValueError` for another number of pixels.
        """
        nside = round((npix / 12) ** 0.5)
        if 12 * nside**2 != npix:
            raise ValueError(f"GaussianMap needs a whole HEALPix sky, not {npix} pixels: leave pixels out by mask=.")
        coefficients = self.amplitudes()[packed_degrees(self.lmax)] * self.latents
        ring = Synthesis(nside, self.lmax, spin=0)(coefficients[None])[0]
        return self.mean + (ring[ring_order(nside, nest=True)[0]] if self.nest else ring)

    def spectrum(self) -> Float[Array, " degrees"]:
        """C_l, l = 0 ... lmax."""
        return jnp.square(self.amplitudes())

    def amplitudes(self) -> Float[Array, " degrees"]:
        """The root of C_l, l = 0 ... lmax, which has a derivative where C_l is 0."""
        degrees = jnp.arange(self.lmax + 1, dtype=self.latents.dtype)
        half = jnp.exp(-0.5 * degrees * (degrees + 1) * jnp.square(self.length * (np.pi / 180)))
        return self.rms * half * jnp.sqrt(4 * np.pi / jnp.sum((2 * degrees + 1) * jnp.square(half)))
