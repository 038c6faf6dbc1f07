import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.module import check_tree, default_float
from .._core.types import Number
from ..emission import FaradayVector, StokesVector, TransferCoefficients
from ..transfer import AbstractTransfer
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems

_CELLS = 24
_DARK = StokesVector()


def check_transfer(solver: AbstractTransfer) -> None:
    """Holds a transfer solver to its contract and says everything that is wrong with it.

    An isothermal slab shines as S (1 - e^-tau); a background fades as e^-tau; a Burn slab
    has its closed form at any rotation per cell; the order of cells and the sign of the rotation are right; cutting
    cells in two changes nothing; values and derivatives are finite from depth 0 to 1e6, and derivatives equal central
    differences.

    **Arguments:** `solver`: of scalar absorption and Faraday rotation at least.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_transfer(sl.transfer.CellTransfer())
    """
    if not isinstance(solver, AbstractTransfer):
        report(type(solver).__name__, ["it is no sl.transfer.AbstractTransfer: subclass that"])
    check_tree(solver)
    problems = _slab_problems(solver) + _burn_problems(solver) + _order_problems(solver) + _cut_problems(solver)
    problems += _extreme_problems(solver) + round_trip_problems(solver)
    medium, widths = random_medium(seed=0)
    problems += derivative_problems(lambda m: _stack(solver, m, widths)[None], medium, "the coefficients")
    report(type(solver).__name__, problems)


def random_medium(seed: int) -> tuple[TransferCoefficients, Array]:
    """Coefficients of 24 random cells and their widths: emission of I, Q, U, absorption and rotation of order 1."""
    generator = np.random.default_rng(seed)

    def draw(low: Number, high: Number) -> Array:
        return jnp.asarray(generator.uniform(low, high, _CELLS), default_float())

    emissivity = StokesVector(draw(1, 2), draw(-1, 1), draw(-1, 1))
    coefficients = TransferCoefficients(emissivity, StokesVector(draw(0, 1)), FaradayVector(V=draw(-9, 9)))
    return coefficients, draw(0.1, 0.4)


def _slab(j: float, kappa: float, rho: float) -> TransferCoefficients:
    def fill(value: float) -> Array:
        return jnp.full(_CELLS, value, default_float())

    return TransferCoefficients(
        StokesVector(fill(j), fill(j), fill(0.0)), StokesVector(fill(kappa)), FaradayVector(V=fill(rho))
    )


def _solve(
    solver: AbstractTransfer, medium: TransferCoefficients, widths: Any, behind: StokesVector = _DARK
) -> StokesVector:
    return eqx.filter_jit(solver)(medium, jnp.broadcast_to(jnp.asarray(widths, default_float()), (_CELLS,)), behind)


def _tolerance() -> float:
    return 1e3 * float(np.finfo(default_float()).eps)


def _slab_problems(solver: AbstractTransfer) -> list[str]:
    problems = []
    for depth in (1e-8, 1e-3, 1.0, 30.0):
        kappa = depth / _CELLS
        behind = StokesVector(I=jnp.asarray(3.0, default_float()))
        found = np.asarray(_solve(solver, _slab(kappa * 5, kappa, 0.0), 1.0, behind).I)
        expected = -5 * np.expm1(-depth) + 3 * np.exp(-depth)
        if abs(float(found) / expected - 1) > _tolerance():
            problems.append(f"a slab of S = 5 and tau = {depth:g} before T = 3 gives {found}, not {expected}")
    return problems


def _burn_problems(solver: AbstractTransfer) -> list[str]:
    problems = []
    for turn in (1e-6, 0.3, 3.0, 100.0):
        found = _solve(solver, _slab(1.0, 0.0, turn), 1.0)
        total = turn * _CELLS
        expected = _CELLS * np.sinc(total / 2 / np.pi) * np.exp(0.5j * total)
        error = abs(np.asarray(found.Q) + 1j * np.asarray(found.U) - expected)
        if error > _tolerance() * _CELLS:
            problems.append(f"a Burn slab of {turn:g} rad a cell is off by {error:.2g} of {_CELLS}")
    return problems


def _order_problems(solver: AbstractTransfer) -> list[str]:
    """Only the farthest cell emits, behind others that absorb and rotate; and a polarised background behind all."""
    near = jnp.arange(_CELLS) < _CELLS - 1
    medium = jax.tree.map(lambda leaf: jnp.where(near, leaf, 0), _slab(0.0, 0.05, 0.1))
    lamp = jnp.where(near, 0, jnp.ones(_CELLS, default_float()))
    medium = dataclasses.replace(medium, emissivity=StokesVector(lamp, lamp, 0 * lamp))
    behind = StokesVector(*(jnp.asarray(value, default_float()) for value in (2.0, 0.3, -0.4)))
    found = _solve(solver, medium, 1.0, behind)
    depth, angle = 0.05 * (_CELLS - 1), 0.1 * (_CELLS - 1)
    expected = np.exp(-depth) * np.array([3.0, (1.3 - 0.4j) * np.exp(1j * angle)])
    wrong = abs(np.asarray(found.I) - expected[0]) + abs(np.asarray(found.Q) + 1j * np.asarray(found.U) - expected[1])
    return (
        [] if wrong < _tolerance() else ["a lamp and a background behind an absorbing, rotating medium come out wrong"]
    )


def _cut_problems(solver: AbstractTransfer) -> list[str]:
    medium, widths = random_medium(seed=1)
    whole = _stack(solver, medium, widths)
    halves = _stack(solver, jax.tree.map(lambda leaf: jnp.repeat(leaf, 2), medium), jnp.repeat(widths / 2, 2))
    if jnp.max(jnp.abs(whole - halves)) > _tolerance() * jnp.max(jnp.abs(whole)):
        return ["cutting every cell in two changes the result: a cell of constant coefficients must be exact"]
    return []


def _extreme_problems(solver: AbstractTransfer) -> list[str]:
    problems = []
    for kappa, rho in ((0.0, 0.0), (1e6, 0.0), (1e6, 1e4), (0.0, 1e5), (1e-30, 1e-30)):

        def total(medium: TransferCoefficients) -> Array:
            return jnp.sum(_stack(solver, medium, jnp.ones(_CELLS, default_float())))

        value, gradient = eqx.filter_value_and_grad(total)(_slab(1.0, kappa, rho))
        problems += finite_problems(
            (value, gradient), f"the result or its gradient at tau = {kappa}, 2 phi = {rho} a cell"
        )
    return problems


def _stack(solver: AbstractTransfer, medium: TransferCoefficients, widths: Array) -> Array:
    behind = StokesVector(*(jnp.asarray(value, default_float()) for value in (2.0, 0.3, -0.4)))
    found = dataclasses.replace(solver(medium, widths, behind), V=None)
    return jnp.stack(jax.tree.leaves(found))
