import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from .._core.types import Number
from ..sky.emission import FaradayVector, StokesVector, TransferCoefficients
from ..sky.transfer import AbstractTransfer
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems

_CELLS = 24
_DARK = StokesVector()


def check_transfer(solver: AbstractTransfer) -> None:
    """Holds a transfer solver to its contract and says everything that is wrong with it.

    An isothermal slab shines as S (1 - e^-tau); a background fades as e^-tau; a Burn slab
    has its closed form at any rotation per cell; the order of cells and the sign of the rotation are right; cutting
    cells in two changes nothing; values and derivatives are finite from depth 0 to 1e6, and derivatives equal central
    differences. All that again with zeros for dichroism and conversion, and with random ones, if it solves them.

    **Arguments:** `solver`: of scalar absorption and Faraday rotation at least.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_transfer(sl.transfer.CellTransfer())
    """
    if not isinstance(solver, AbstractTransfer):
        report(type(solver).__name__, ["it is no sl.transfer.AbstractTransfer: subclass that"])
    check_tree(solver)
    problems = _closed_forms(solver) + _random_problems(solver, *random_medium(seed=0)) + round_trip_problems(solver)
    if _solves_all(solver):
        zeros, full = _closed_forms(_Filled(solver)), _random_problems(solver, *_full_medium())
        problems += [f"with zeros for dichroism and conversion, {problem}" for problem in zeros]
        problems += [f"with dichroism and conversion, {problem}" for problem in full]
    report(type(solver).__name__, problems)


class _Filled(AbstractTransfer):
    """A solver that is given zeros for every coefficient left out."""

    solver: AbstractTransfer

    def __call__(self, coefficients: TransferCoefficients, widths: Array, background: StokesVector) -> StokesVector:
        return self.solver(_fill(coefficients, widths), widths, background)


def _fill(medium: TransferCoefficients, widths: Array) -> TransferCoefficients:
    def zeros(vector: Any) -> Any:
        return type(vector)(**{k: jnp.zeros_like(widths) if v is None else v for k, v in vars(vector).items()})

    return TransferCoefficients(zeros(medium.emissivity), zeros(medium.absorption), zeros(medium.rotation))


def _solves_all(solver: AbstractTransfer) -> bool:
    medium, widths = random_medium(seed=0)
    try:
        eqx.filter_eval_shape(solver, _fill(medium, widths), widths, _DARK)
    except ValueError:
        return False
    return True


def _closed_forms(solver: AbstractTransfer) -> list[str]:
    return _slab_problems(solver) + _burn_problems(solver) + _order_problems(solver) + _extreme_problems(solver)


def _random_problems(solver: AbstractTransfer, medium: TransferCoefficients, widths: Array) -> list[str]:
    problems = derivative_problems(lambda m: _stack(solver, m, widths)[None], medium, "the coefficients")
    return problems + _cut_problems(solver, medium, widths)


def _full_medium() -> tuple[TransferCoefficients, Array]:
    """A random medium with dichroism, conversion and all four emissivities; kappa_I exceeds the others."""
    medium, widths = random_medium(seed=2)
    generator = np.random.default_rng(3)
    filled = jax.tree.map(
        lambda leaf: leaf + jnp.asarray(generator.uniform(-0.3, 0.3, leaf.shape), leaf.dtype), _fill(medium, widths)
    )
    return eqx.tree_at(lambda m: m.absorption.I, filled, replace_fn=lambda absorption: 1 + absorption), widths


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


def _cut_problems(solver: AbstractTransfer, medium: TransferCoefficients, widths: Array) -> list[str]:
    stack = eqx.filter_jit(_stack)
    whole = stack(solver, medium, widths)
    halves = stack(solver, jax.tree.map(lambda leaf: jnp.repeat(leaf, 2), medium), jnp.repeat(widths / 2, 2))
    if jnp.max(jnp.abs(whole - halves)) > _tolerance() * jnp.max(jnp.abs(whole)):
        return ["cutting every cell in two changes the result: a cell of constant coefficients must be exact"]
    return []


def _extreme_problems(solver: AbstractTransfer) -> list[str]:
    problems = []
    for kappa, rho in ((0.0, 0.0), (1e6, 0.0), (1e6, 1e4), (0.0, 1e5), (1e-30, 1e-30)):
        found = _total(_slab(1.0, kappa, rho), solver)
        problems += finite_problems(found, f"the result or its gradient at tau = {kappa}, 2 phi = {rho} a cell")
    return problems


@eqx.filter_jit
@eqx.filter_value_and_grad
def _total(medium: TransferCoefficients, solver: AbstractTransfer) -> Array:
    return jnp.sum(_stack(solver, medium, jnp.ones(_CELLS, default_float())))


def _stack(solver: AbstractTransfer, medium: TransferCoefficients, widths: Array) -> Array:
    behind = StokesVector(*(jnp.asarray(value, default_float()) for value in (2.0, 0.3, -0.4)))
    return jnp.stack(jax.tree.leaves(solver(medium, widths, behind)))
