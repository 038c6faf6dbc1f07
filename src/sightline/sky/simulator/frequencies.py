"""One ray at all frequencies: fields are evaluated once, and coefficients, too, where they are powers of frequency."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.types import Scalar, Vector
from ..emission import AbstractEmissionOperator, StokesVector, TransferCoefficients
from ..emission.base import add_parts, check_returned
from ..geometry import Ray
from .base import AbstractSimulator
from .division import coordinates
from .held import with_held

Division = tuple[Float[Array, " cells"], Float[Array, " cells"]]
"""Distances of the middles of cells, and their widths, kpc."""


def lawful(simulator: AbstractSimulator, known: Mapping[str, Any]) -> bool:
    """Whether all coefficients are powers of frequency, whose exponents are traced to be the same at all places.

    **Arguments:** `known`: values of the fields that are held, cells last.
    """
    if not all(_tells(type(operator)) for operator in simulator.emission):
        return False

    def cell(simulator: AbstractSimulator, known: Any, position: Vector) -> TransferCoefficients | None:
        return simulator.exponents(with_held(simulator, known).plasma(position))

    of_cells = jax.vmap(cell, in_axes=(None, 0, 0), out_axes=None)
    held = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((2,), leaf.dtype), dict(known))
    places = jax.ShapeDtypeStruct((2, 3), default_float())
    try:
        return eqx.filter_eval_shape(lambda s, k, x: of_cells(s, k, x), simulator, held, places) is not None
    except ValueError as error:
        if "out_axes" in str(error):  # `vmap` refuses to return one value for many places
            return False
        raise


def _tells(operator: type[AbstractEmissionOperator]) -> bool:
    """Whether a class says which exponents the coefficients have that it, not a class of its own, works out."""
    says, works = (next(one for one in operator.__mro__ if name in vars(one)) for name in ("exponents", "__call__"))
    return says is not AbstractEmissionOperator and issubclass(says, works)


def solve_all(
    simulator: AbstractSimulator, cells: Division, ray: Ray, known: Any, frequency: Float[Array, " nfreq"], laws: bool
) -> tuple[StokesVector, Float[Array, " nfreq"]]:
    """Stokes parameters of a ray, (nfreq,) each, and the largest rotation [rad] within a cell, (nfreq,).

    With `laws` coefficients are those of one frequency, scaled. On a CPU frequencies then come one after the other,
    each worked out again for reverse mode, so that values of a batch keep the cache; otherwise all are there at once.
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
    pivot = jax.lax.stop_gradient(frequency[0])  # of which nothing depends
    first, exponents = of_cells(pivot)

    def at(nu: Scalar) -> tuple[StokesVector, Scalar]:
        ratio = nu / pivot
        return solve(jax.tree.map(lambda one, exponent: one * jnp.power(ratio, exponent), first, exponents), nu)

    if one_by_one(laws):
        return jax.lax.map(jax.checkpoint(at, prevent_cse=False), frequency)
    return jax.vmap(at)(frequency)


def one_by_one(laws: bool) -> bool:
    """Whether frequencies come one after the other: accelerators have no cache to keep, but cores to fill."""
    return laws and jax.default_backend() == "cpu"


def _solve(
    simulator: AbstractSimulator, coefficients: TransferCoefficients, widths: Array, ray: Ray, frequency: Scalar
) -> tuple[StokesVector, Scalar]:
    behind = StokesVector()
    for background in simulator.background:
        behind = add_parts(behind, check_returned(background(ray, frequency), StokesVector, background))
    rate = coefficients.rotation.V
    turn = jnp.zeros_like(frequency) if rate is None else jnp.max(jnp.abs(rate) * widths)
    solved = check_returned(simulator.transfer(coefficients, widths, behind), StokesVector, simulator.transfer)
    i, q, u = (jnp.zeros((), widths.dtype) if part is None else part for part in (solved.I, solved.Q, solved.U))
    return StokesVector(i, q, u, solved.V), jax.lax.stop_gradient(turn)
