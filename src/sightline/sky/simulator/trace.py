"""Every intermediate quantity along one ray."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.types import Scalar
from ..emission import Plasma, TransferCoefficients
from ..geometry import Sightlines
from ..stokes import Stokes
from .base import AbstractSimulator
from .division import coordinates, division, panels_of


class Trace(eqx.Module):
    """What happens along one ray, cell by cell from the observer outwards.

    - `distance`, `widths`: (cells,) kpc; `position`: (3, cells) kpc, of the middles.
    - `plasma`, `coefficients`: as the operators saw and returned them, arrays of (cells,).
    - `optical_depth`: of all nearer cells; `rotation`: angle [rad] of P by all nearer cells; (cells,).
    - `stokes`: what arrives, as the simulator returns it.

    !!! example
        >>> simulator.trace(sl.Directions(30.0, 2.0), frequency=1.4).distance.ndim
        1
    """

    distance: Float[Array, " cells"]
    widths: Float[Array, " cells"]
    position: Float[Array, "3 cells"]
    plasma: Plasma
    coefficients: TransferCoefficients
    optical_depth: Float[Array, " cells"]
    rotation: Float[Array, " cells"]
    stokes: Stokes


@eqx.filter_jit
def trace_ray(simulator: AbstractSimulator, lines: Sightlines, frequency: Scalar) -> tuple[Any, ...]:
    """What `Trace` holds but for its Stokes parameters, of a single ray."""
    ray = jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)
    distance, widths = division(lines, ray, jax.tree.map(lambda leaf: leaf[0], panels_of(lines)), None)
    places = coordinates(ray, distance)
    plasma = jax.vmap(lambda x, y, z: simulator.plasma(jnp.stack([x, y, z])), out_axes=-1)(*places)
    coefficients = jax.vmap(lambda p: simulator.coefficients(p, ray, frequency), in_axes=-1, out_axes=-1)(plasma)
    absorption, rotation = coefficients.absorption.I, coefficients.rotation.V

    def nearer(rate: Array | None) -> Array:
        return jnp.zeros_like(widths) if rate is None else jnp.cumsum(rate * widths) - rate * widths

    return distance, widths, jnp.stack(places), plasma, coefficients, nearer(absorption), nearer(rotation)
