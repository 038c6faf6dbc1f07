"""Coordinates in which the posterior is about a unit Gaussian at the start: they give steps and tolerances a scale."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..parameters import ravel
from ..statistics import Posterior
from .blame import check_finite
from .jacobian import information, jacobian, unconstrained_curvature

FLOOR = 1e-3  # of the curvature of a prior, for those that have none


class Whitening(eqx.Module):
    """u = origin + W y with W W^T = (F + prior)^-1 at the origin: y counts standard deviations. W = 1 for `None`."""

    origin: Float[Array, " n"]
    matrix: Float[Array, "n n"] | None

    def __call__(self, y: Float[Array, " n"]) -> Float[Array, " n"]:
        """The vector of unconstrained parameters."""
        return self.origin + (y if self.matrix is None else jnp.matmul(self.matrix, y, precision="highest"))

    @property
    def log_volume(self) -> Float[Array, ""]:
        """log |det du/dy|."""
        return jnp.zeros(()) if self.matrix is None else jnp.linalg.slogdet(self.matrix)[1]


def whiten(posterior: Posterior, unconstrained: Any, more: Any = 0.0) -> Whitening:
    """Coordinates about a start, with `more` curvature, (n,), than that of Fisher's information and the prior.

    **Raises:** `ValueError` where derivatives are not finite, naming parameters and data.
    """
    rows = np.asarray(jacobian(information, posterior, unconstrained), np.float64)
    check_finite(rows, posterior, unconstrained)
    origin, _ = ravel(unconstrained, posterior.space.names)
    total = rows.T @ rows + _definite(np.asarray(unconstrained_curvature(posterior, unconstrained), np.float64))
    total += np.diag(np.broadcast_to(more, len(total)))
    scale = np.sqrt(np.diagonal(total))
    root = np.linalg.cholesky(total / np.outer(scale, scale) + 1e-12 * np.eye(len(scale)))
    matrix = np.linalg.inv(root).T / scale[:, None]
    return Whitening(origin, jnp.asarray(matrix, origin.dtype))


def _definite(curvature: np.ndarray) -> np.ndarray:
    """The curvature of priors, whose diagonal has a floor; only that where what is left is not positive definite."""
    known = np.nan_to_num(curvature)
    diagonal = np.maximum(np.diagonal(known), FLOOR)
    scale = np.sqrt(np.outer(diagonal, diagonal))
    np.fill_diagonal(known, diagonal)
    return known if np.linalg.eigvalsh(known / scale)[0] > 0 else np.diag(diagonal)
