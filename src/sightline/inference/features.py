"""What a network sees of data: few numbers of unit variance, whatever the scale of the data."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_SHRINK = 0.1  # of the covariance of the noise towards its diagonal: few pairs tell of it
_NOISY = 1.5  # variance over that of the noise, below which a direction tells nothing


class Features(eqx.Module):
    """x = W (asinh(d/s) - mean): data compressed where they span decades, then the directions that stand out of noise.

    - `scale`: (n,), s, the medians of |d| over simulations; `mean`: (n,); `matrix`: (features, n), W.
    """

    scale: Float[Array, " n"]
    mean: Float[Array, " n"]
    matrix: Float[Array, "features n"]

    @classmethod
    def of(cls, data: Array, again: Array, number: int) -> "Features":
        """The features of simulated data: directions of the largest variance over that of the noise, scaled to 1.

        **Arguments:** `data`: (simulations, n); `again`: as many, of the same parameters; `number`: of features.

        **Raises:** `ValueError` where nothing stands out of the noise.
        """
        from scipy.linalg import eigh

        values, other = np.asarray(data, np.float64), np.asarray(again, np.float64)
        scale = _scale(values)
        first = np.arcsinh(values / scale)
        mean, away = first.mean(axis=0), first - np.arcsinh(other / scale)
        noise, whole = away.T @ away / (2 * len(other)), np.cov(first - mean, rowvar=False).reshape(len(mean), -1)
        floor = np.maximum(np.diagonal(noise), 1e-8 * np.diagonal(whole))  # of data without noise
        floor = np.where(floor > 0, floor, 1.0)
        ratio, rows = eigh(whole, (1 - _SHRINK) * noise + _SHRINK * np.diag(floor))
        kept = np.flatnonzero(ratio > _NOISY)[::-1][:number]
        if not kept.size:
            raise ValueError(
                "Nothing in the simulated data stands out of their noise: they know nothing of the priors."
            )
        matrix = rows[:, kept].T / np.sqrt(ratio[kept])[:, None]
        return cls(*(jnp.asarray(part, data.dtype) for part in (scale, mean, matrix)))

    def __call__(self, data: Float[Array, " n"]) -> Float[Array, " features"]:
        """The features of one data set."""
        stretched = jnp.arcsinh(data / self.scale) - self.mean
        return jnp.matmul(self.matrix, stretched, precision="highest")


def _scale(values: np.ndarray) -> np.ndarray:
    """The median size of each datum; the mean where most are 0."""
    scale, typical = np.median(np.abs(values), axis=0), np.sqrt(np.mean(np.square(values), axis=0))
    return np.where(scale > 0, scale, np.where(typical > 0, typical, 1.0))


def vector(data: list[Any]) -> Float[Array, " n"]:
    """Data of several likelihoods, one after another."""
    return jnp.concatenate([jnp.ravel(part) for part in data])
