from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import is_concrete, param
from .base import AbstractPixelMap, check_size
from .labels import as_labels, check_labels


class Clusters(AbstractPixelMap):
    """One value for all pixels of a cluster: theta_p = x_c(p), c the label of pixel p.

    Other labels for as many pixels and clusters compile nothing anew. There may be more values than labels name, so
    that maps of few and of many clusters have one shape: no data see the last values then.

    **Arguments:**

    - `values` x: (clusters,), in the unit of the parameter they stand for; a number is that of all clusters.
    - `labels` c: (npix,) whole numbers from 0, all of those up to the largest.

    **Raises:** `TypeError` for labels that are no whole numbers; `ValueError` for labels that are negative, have gaps
    or name more clusters than there are values, and for more clusters than pixels.

    !!! example
        >>> labels = sl.components.multiresolution(sl.HealpixSky(nside=8), nside=2)
        >>> sl.components.Clusters(1.54, labels).values.shape
        (48,)
    """

    labels: Int[Array, " npix"]
    values: Float[Array, " clusters"] = param(value=True, symbol="x")

    def __init__(self, values: Any, labels: Any):
        self.labels = as_labels(labels)
        self.values = _broadcast(values, self.labels)

    def __check_init__(self) -> None:
        if isinstance(self.labels, jax.Array) and is_concrete(self.labels):
            check_labels(np.asarray(self.labels), jnp.size(self.values))

    def pixels(self, npix: int) -> Float[Array, " npix"]:
        """The value of the cluster of each pixel, (npix,)."""
        check_size("Clusters.labels", self.labels.shape[0], npix)
        return self.values.at[self.labels].get(mode="promise_in_bounds")


def _broadcast(values: Any, labels: Any) -> Any:
    """A number as that of all clusters that labels name."""
    known = isinstance(labels, jax.Array) and is_concrete(labels) and labels.size
    if not known or np.ndim(values):
        return values
    return values * np.ones(int(np.max(np.asarray(labels))) + 1)
