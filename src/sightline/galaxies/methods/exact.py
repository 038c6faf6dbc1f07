"""The exact method: the spectrum of each emitter, in memory that does not grow with their number."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import setting
from ..cubes.templates import Templates
from .emitters import Emitters, chunks
from .method import AbstractMethod, Transmission, shifts


class Exact(AbstractMethod):
    """Every emitter's channel means, exact, a chunk of emitters at a time.

    In reverse mode each chunk is computed again, so that memory does not grow with the number of emitters.

    **Arguments:** `chunk`: emitters at a time.

    !!! example
        >>> sl.cubes.Exact(chunk=64).chunk
        64
    """

    chunk: int = setting(64, positive=True)

    def __call__(
        self, emitters: Emitters, templates: Templates, spaxels: int, transmission: Transmission | None
    ) -> Float[Array, "channels spaxels"]:
        channels = len(templates.points) - 1
        parts = chunks(emitters, self.chunk)

        @jax.checkpoint
        def light(part: Emitters) -> Array:
            shift, factor = shifts(part.velocity)
            spectra = jax.vmap(templates.mix)(part.places, part.weights * factor[:, None], shift)
            if transmission is not None and part.visual is not None:
                spectra = spectra * transmission(part.visual)
            return (part.share[:, :, None] * spectra[:, None]).reshape(-1, channels)

        def add(cube: Array, part: Emitters) -> tuple[Array, None]:
            return cube.at[part.spaxel.reshape(-1)].add(light(part)), None

        empty = jnp.zeros((spaxels, channels), emitters.weights.dtype)
        return jax.lax.scan(add, empty, parts)[0].T
