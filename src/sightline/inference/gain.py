"""By how much the log posterior would rise to its maximum, as gradient and curvature tell."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..parameters import ravel
from ..statistics import Posterior
from .coordinates import Vector, by_name

PRODUCTS = 20  # with the Hessian, at most


def starts_at_maximum(posterior: Posterior, start: Any, history: list[float], tolerance: float) -> bool:
    """Whether a fit goes on from a maximum: a few steps have brought nothing, and the curvature promises no more."""
    noise = 4 * float(jnp.finfo(jnp.result_type(float)).eps) * abs(history[0])
    gained = -float(posterior.log_posterior(posterior.space.to_constrained(start))) - min(history)
    if gained >= max(tolerance, noise):
        return False
    try:
        return expected_gain(posterior, start, tolerance) < tolerance
    except Exception:  # code of a user without second derivatives, which no method needs
        return False


def expected_gain(posterior: Posterior, unconstrained: Any, enough: float) -> float:
    """g.H^-1 g/2 with the gradient g and H minus the Hessian: a lower bound that grows with every product H v.

    Conjugate gradients end once the bound exceeds `enough`, or where H is not positive, at no maximum. Where the
    slope leads away from the edge of a prior it is infinite.

    **Source:** Nocedal & Wright 2006, Numerical Optimization, algorithm 5.2.
    """
    if leads_inside(posterior, unconstrained):
        return float("inf")
    u, _ = ravel(unconstrained, posterior.space.names)
    residual = _slope(posterior, u)
    direction, gain, square = residual, 0.0, float(jnp.vdot(residual, residual))
    noise = float(jnp.finfo(u.dtype).eps) * abs(float(_height(posterior, u)))
    for _ in range(min(PRODUCTS, u.size)):
        product = _curve(posterior, u, direction)
        curvature = float(jnp.vdot(direction, product))
        if square == 0 or gain > enough:
            break
        if not curvature > 0:
            return float("inf") if square > noise else gain
        step = square / curvature
        gain += 0.5 * step * square
        residual = residual - step * product
        before, square = square, float(jnp.vdot(residual, residual))
        direction = residual + (square / before) * direction
    return gain


def leads_inside(posterior: Posterior, unconstrained: Any) -> bool:
    """Whether the density rises away from an edge of a prior, where the logistic function hides it: at no maximum."""
    names, edges = posterior.space.names, posterior.space.at_edge(unconstrained)
    edge = jnp.concatenate([jnp.ravel(edges[name]) for name in names])
    if not bool(jnp.any(edge)):
        return False
    u, _ = ravel(unconstrained, names)
    return bool(jnp.any(edge & (_slope(posterior, u) * jnp.sign(u) < 0)))


def _height(posterior: Posterior, u: Vector) -> jax.Array:
    return posterior.log_posterior(posterior.space.to_constrained(by_name(posterior, u)))


@eqx.filter_jit
def _slope(posterior: Posterior, u: Vector) -> Vector:
    return jax.grad(lambda u: _height(posterior, u))(u)


@eqx.filter_jit
def _curve(posterior: Posterior, u: Vector, direction: Vector) -> Vector:
    """H v."""
    return -jax.jvp(jax.grad(lambda u: _height(posterior, u)), (u,), (direction,))[1]
