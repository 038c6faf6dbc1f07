"""One ray at all frequencies: fields are evaluated once, and coefficients, too, where they are powers of frequency."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.types import Scalar, Vector
from ..emission import AbstractEmissionOperator, StokesVector, TransferCoefficients
from ..emission.base import add_parts
from ..geometry import Ray
from .base import AbstractSimulator
from .division import coordinates
from .held import with_held

Cells = tuple[Float[Array, " cells"], Float[Array, " cells"]]
"""Distances of the middles of cells, and their widths, kpc."""


def lawful(simulator: AbstractSimulator) -> bool:
    """Whether all coefficients are powers of frequency, whose exponents are the same at all places."""
    if any(type(operator).exponents is AbstractEmissionOperator.exponents for operator in simulator.emission):
        return False

    def cell(simulator: AbstractSimulator, position: Vector) -> TransferCoefficients | None:
        return simulator.exponents(simulator.plasma(position))

    places = jax.ShapeDtypeStruct((2, 3), default_float())
    try:
        found = eqx.filter_eval_shape(lambda s, x: jax.vmap(cell, (None, 0), out_axes=None)(s, x), simulator, places)
    except ValueError:  # `vmap` refuses to return one value for many places
        return False
    return found is not None


def solve_all(
    simulator: AbstractSimulator, cells: Cells, ray: Ray, known: Any, frequency: Float[Array, " nfreq"], laws: bool
) -> tuple[StokesVector, Float[Array, " nfreq"]]:
    """Stokes parameters of a ray, (nfreq,) each, and the largest rotation [rad] within a cell, (nfreq,).

    One frequency after the other, with `laws`, keeps the coefficients of all the cells of a batch in the cache; for
    reverse mode each is worked out again. Otherwise all coefficients are there at once.
    """
    distance, widths = cells
    places = coordinates(ray, distance)

    def cell(nu: Scalar, known: Any, x: Scalar, y: Scalar, z: Scalar) -> tuple[TransferCoefficients, Any]:
        plasma = with_held(simulator, known).plasma(jnp.stack([x, y, z]))
        return simulator.coefficients(plasma, ray, nu), simulator.exponents(plasma) if laws else None

    def of_cells(nu: Scalar) -> tuple[TransferCoefficients, Any]:
        return jax.vmap(cell, in_axes=(None, 0, 0, 0, 0), out_axes=(0, None))(nu, known, *places)

    def solve(coefficients: TransferCoefficients, nu: Scalar) -> tuple[StokesVector, Scalar]:
        return _solve(simulator, coefficients, widths, ray, nu)

    if not laws:
        # the plasma does not depend on nu, so that the outer vmap leaves it single
        coefficients, _ = jax.vmap(of_cells)(frequency)
        return jax.vmap(solve)(coefficients, frequency)
    first, exponents = of_cells(frequency[0])

    def at(nu: Scalar) -> tuple[StokesVector, Scalar]:
        ratio = nu / frequency[0]
        return solve(jax.tree.map(lambda one, exponent: one * jnp.power(ratio, exponent), first, exponents), nu)

    return jax.lax.map(jax.checkpoint(at), frequency)


def _solve(
    simulator: AbstractSimulator, coefficients: TransferCoefficients, widths: Array, ray: Ray, frequency: Scalar
) -> tuple[StokesVector, Scalar]:
    behind = StokesVector()
    for background in simulator.background:
        behind = add_parts(behind, background(ray, frequency))
    rate = coefficients.rotation.V
    turn = jnp.zeros_like(frequency) if rate is None else jnp.max(jnp.abs(rate) * widths)
    return simulator.transfer(coefficients, widths, behind), jax.lax.stop_gradient(turn)
