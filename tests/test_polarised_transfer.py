"""The solver of all four Stokes parameters: closed forms, an adaptive solver, its limits and CellTransfer."""

import dataclasses

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

import sightline as sl
from sightline.sky.emission import FaradayVector, StokesVector, TransferCoefficients
from sightline.testing import check_transfer
from sightline.testing.transfer import random_medium

CELLS = 8
NAMES = ("j_I", "j_Q", "j_U", "j_V", "k_I", "k_Q", "k_U", "k_V", "r_Q", "r_U", "r_V")


def medium(parts):
    """Coefficients from an array, (11, cells), in the order of NAMES."""
    return TransferCoefficients(StokesVector(*parts[:4]), StokesVector(*parts[4:8]), FaradayVector(*parts[8:]))


@jax.jit
def solve(parts, widths, behind):
    found = sl.transfer.PolarisedTransfer()(medium(parts), widths, StokesVector(*behind))
    return jnp.stack([found.I, found.Q, found.U, found.V])


def slab(length=1.0, behind=(0.0, 0.0, 0.0, 0.0), **values):
    """A homogeneous slab of some coefficients, cut into cells of different width."""
    parts = jnp.asarray([[values.get(name, 0.0)] * CELLS for name in NAMES])
    shares = np.arange(1, CELLS + 1)
    return np.asarray(solve(parts, jnp.asarray(length * shares / shares.sum()), jnp.asarray(behind)))


def matrix(parts):
    """K of one cell, written out once more, independently of the library."""
    _, _, _, _, k, k_q, k_u, k_v, r_q, r_u, r_v = parts
    return np.array([[k, k_q, k_u, k_v], [k_q, k, r_v, -r_u], [k_u, -r_v, k, r_q], [k_v, r_u, -r_q, k]])


def exact(parts, widths, behind):
    """Cell by cell from behind, by the exponential of the 5x5 matrix ((-K, j), (0, 0)) D."""
    stokes = np.append(behind, 1.0)
    for cell in range(len(widths) - 1, -1, -1):
        generator = np.zeros((5, 5))
        generator[:4, :4], generator[:4, 4] = -matrix(parts[:, cell]), parts[:4, cell]
        stokes = linalg.expm(generator * widths[cell]) @ stokes
    return stokes[:4]


@pytest.mark.long
def test_contract():
    check_transfer(sl.transfer.PolarisedTransfer())


@pytest.mark.parametrize("length", [1e-6, 1.0, 30.0])
def test_emission_and_absorption_of_intensity_and_linear_polarisation(length):
    """Dexter 2016, MNRAS 462, 115, appendix: I + Q and I - Q are absorbed each by itself."""
    found = slab(length, j_I=2.0, j_Q=1.0, k_I=1.0, k_Q=0.8)
    plus, minus = (3 / 1.8) * -np.expm1(-1.8 * length), (1 / 0.2) * -np.expm1(-0.2 * length)
    expected = np.array([(plus + minus) / 2, (plus - minus) / 2, 0, 0])
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("length", [1e-6, 1.0, 300.0])
def test_emission_with_rotation_and_conversion(length):
    """Dexter 2016, appendix: p = (Q, U, V) turns about rho while it is emitted; nothing is absorbed."""
    rho, j = np.array([1.0, 0.0, -3.0]), np.array([0.3, 0.5, -0.2])
    found = slab(length, j_Q=j[0], j_U=j[1], j_V=j[2], r_Q=rho[0], r_V=rho[2])
    rate = np.linalg.norm(rho)
    axis, turn = rho / rate, rate * length
    along = axis * (axis @ j)
    expected = along * length + (j - along) * np.sin(turn) / rate
    expected += np.cross(axis, j) * 2 * np.sin(turn / 2) ** 2 / rate
    np.testing.assert_allclose(found[1:], expected, atol=1e-12 * np.abs(expected).max())
    assert abs(found[0]) < 1e-14 * length


def test_faraday_rotation_turns_p_by_twice_the_angle():
    found = slab(behind=(1.0, 0.3, -0.4, 0.1), r_V=0.7, k_Q=0.0)
    assert complex(found[1], found[2]) == pytest.approx((0.3 - 0.4j) * np.exp(0.7j))
    assert found[[0, 3]] == pytest.approx([1, 0.1])


def cases():
    """Rows of (k_I, k_Q, k_U, k_V, r_Q, r_U, r_V) of unit size: generic, and every kind of degeneracy."""
    a, b = np.array([0.6, 0.0, 0.8]), np.array([0.8, 0.0, -0.6])
    zero, c = np.zeros(3), np.array([0.1, -0.5, 0.3])
    return {
        "generic": (1.0, *(0.7 * a), *c),
        "nothing": (0.0, *zero, *zero),
        "scalar": (1.0, *zero, *zero),
        "pure rotation": (0.0, *zero, *a),
        "rotation that absorbs": (1.0, *zero, *(50 * a)),
        "pure dichroism": (1.0, *(0.9 * a), *zero),
        "fully dichroic": (1.0, *a, *zero),
        "both eigenvalues zero": (1.0, *a, *b),
        "almost so": (1.0, *(a * (1 - 1e-7)), *(b + 1e-8)),
        "parallel": (1.0, *(0.8 * a), *(3 * a)),
        "orthogonal": (1.0, *(0.9 * a), *(0.5 * b)),
        "rotation with weak dichroism": (1e-2, *(1e-3 * c), *(10 * a)),
    }


@pytest.mark.parametrize("case", cases())
def test_any_depth_against_the_matrix_exponential(case):
    behind, emission = np.array([2.0, 0.3, -0.4, 0.1]), np.array([1.0, -0.4, 0.3, 0.2])
    for size in (1e-12, 1e-6, 1e-3, 0.02, 0.3, 1.0, 3.0, 30.0):
        row = np.array([*emission, *cases()[case]])
        parts, widths = np.repeat(row[:, None], CELLS, 1), np.zeros(CELLS)
        widths[3] = size  # a single cell, whatever its depth
        found = np.asarray(solve(parts, widths, behind))
        expected = exact(parts, widths, behind)
        np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max(), rtol=0, err_msg=str(size))
        small = found - np.asarray(solve(parts, widths * 0, behind))  # no digits lost beside a bright background
        np.testing.assert_allclose(small, expected - behind, atol=1e-12 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("case", ["generic", "scalar", "pure dichroism", "both eigenvalues zero", "parallel"])
@pytest.mark.parametrize("depth", [1e3, 1e6])
def test_thick_media_shine_with_their_source_function(case, depth):
    row = np.array([1.0, -0.4, 0.3, 0.2, *cases()[case]])
    found = solve(np.repeat(row[:, None], CELLS, 1), np.full(CELLS, depth), np.ones(4))
    np.testing.assert_allclose(found, np.linalg.solve(matrix(row), row[:4]), rtol=1e-11)


@pytest.mark.parametrize("absorbs", [False, True])
def test_reduces_to_the_cell_solver(absorbs):
    coefficients, widths = jax.tree.map(lambda leaf: leaf[:CELLS], random_medium(seed=5))
    behind = StokesVector(*jnp.asarray([2.0, 0.3, -0.4]))
    if not absorbs:
        coefficients = dataclasses.replace(coefficients, absorption=StokesVector())
    simple = sl.transfer.CellTransfer()(coefficients, widths, behind)
    vectors = coefficients.emissivity, coefficients.absorption, coefficients.rotation
    filled = [jnp.zeros(CELLS) if part is None else part for vector in vectors for part in vars(vector).values()]
    found = solve(jnp.stack(filled), widths, jnp.asarray([2.0, 0.3, -0.4, 0.0]))
    np.testing.assert_allclose(found[:3], [simple.I, simple.Q, simple.U], atol=1e-13)
    assert abs(found[3]) < 1e-15
    same = sl.transfer.PolarisedTransfer()(coefficients, widths, behind)
    assert same.I == simple.I
    assert same.V is None


def smooth(s):
    """A smooth random medium in which everything happens: coefficients at distances s, (11, ...)."""
    generator = np.random.default_rng(11)
    waves = [jnp.cos(generator.uniform(1, 5) * s + generator.uniform(0, 6)) for _ in NAMES]
    scales, offsets = (0, 0.5, 0.5, 0.2, 0.3, 0.4, 0.4, 0.2, 2, 2, 6), (1, 0, 0, 0, 1.2, 0, 0, 0, 0, 0, 1)
    return jnp.stack([o + c * wave for o, c, wave in zip(offsets, scales, waves, strict=True)])


def adaptive(coefficients, length, behind):
    """dS/ds = j - K S by diffrax, from the distance `length` to the observer."""

    def slope(s, stokes, _):
        parts = coefficients(length - s)
        j, k, r, linear = parts[:4], parts[4:8], parts[8:], stokes[1:]
        intensity = j[0] - k[0] * stokes[0] - k[1:] @ linear
        return jnp.append(intensity[None], j[1:] - k[0] * linear - k[1:] * stokes[0] + jnp.cross(r, linear))

    controller = diffrax.PIDController(rtol=1e-11, atol=1e-12)
    term, solver, steps = diffrax.ODETerm(slope), diffrax.Dopri8(), 10000
    found = diffrax.diffeqsolve(
        term, solver, 0.0, length, 1e-3, behind, stepsize_controller=controller, max_steps=steps
    )
    return found.ys[-1]


def test_random_cells_against_an_adaptive_solver():
    generator, behind = np.random.default_rng(7), jnp.asarray([2.0, 0.3, -0.4, 0.1])
    parts = generator.uniform(-1, 1, (11, CELLS)) * np.array([1, 1, 1, 1, 0, 0.4, 0.4, 0.4, 3, 3, 9])[:, None]
    parts[4] = generator.uniform(1, 2, CELLS)
    widths, stokes = generator.uniform(0.05, 0.3, CELLS), behind
    follow = jax.jit(lambda cell, width, stokes: adaptive(lambda _: cell, width, stokes))
    for cell in range(CELLS - 1, -1, -1):
        stokes = follow(jnp.asarray(parts[:, cell]), jnp.asarray(widths[cell]), stokes)
    found = solve(parts, widths, behind)
    np.testing.assert_allclose(found, stokes, atol=1e-9)
    np.testing.assert_allclose(found, exact(parts, widths, behind), atol=1e-13)


def test_second_order_on_a_smooth_medium():
    behind, length = jnp.asarray([2.0, 0.3, -0.4, 0.1]), 3.0
    reference = jax.jit(lambda b: adaptive(smooth, jnp.asarray(length), b))(behind)
    errors = []
    for cells in (64, 128, 256):
        parts = smooth(length * (np.arange(cells) + 0.5) / cells)
        errors.append(np.abs(solve(parts, np.full(cells, length / cells), behind) - reference).max())
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2, atol=0.05)
    assert errors[-1] < 1e-4


def test_derivatives_at_the_degenerate_cases():
    """Where roots coincide or vanish, forward and reverse mode equal central differences."""
    rows = np.array([[1.0, -0.4, 0.3, 0.2, *row] for row in cases().values()])
    rows = np.concatenate([rows, rows * np.array([1, 1, 1, 1, *[1e-9] * 7])])
    direction = np.random.default_rng(2).normal(size=rows.shape)
    behind = jnp.asarray([2.0, 0.3, -0.4, 0.1])

    @jax.jit
    @jax.vmap
    def both(row, direction):
        def of(row):
            parts = jnp.broadcast_to(row[:, None], (11, CELLS))
            return jnp.vdot(solve(parts, jnp.full(CELLS, 0.1), behind), jnp.asarray([1.0, 2.0, 3.0, 4.0]))

        step = 1e-5
        difference = (of(row + step * direction) - of(row - step * direction)) / (2 * step)
        return jax.jvp(of, (row,), (direction,))[1], jax.grad(of)(row) @ direction, difference

    forward, reverse, difference = both(rows, direction)
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(forward, difference, rtol=1e-6, atol=1e-7)


def test_derivatives_where_rotation_is_exactly_as_strong_as_dichroism():
    """There d = b^2 - r^2 is 0, where |d| has no slope."""
    emission = sl.emission
    assert 0.5 * 0.5 - (0.3 * 0.3 + 0.4 * 0.4) == 0

    @jax.jit
    def circular(x):
        absorbed = emission.StokesVector(I=jnp.ones(1), Q=x[:1])
        turned = emission.FaradayVector(Q=x[1:2], V=x[2:])
        parts = emission.TransferCoefficients(absorption=absorbed, rotation=turned)
        return sl.transfer.PolarisedTransfer()(parts, jnp.ones(1), emission.StokesVector(I=jnp.asarray(1.0))).V

    at, steps, slope = jnp.asarray([0.5, 0.3, 0.4]), 1e-5 * jnp.eye(3), jax.jit(jax.grad(circular))
    right = [(circular(at + one) - circular(at - one)) / 2e-5 for one in steps]
    np.testing.assert_allclose(slope(at), right, rtol=1e-7, atol=1e-10)
    bent = np.stack([(slope(at + one) - slope(at - one)) / 2e-5 for one in steps])
    np.testing.assert_allclose(jax.jit(jax.hessian(circular))(at), bent, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e3, 1e6])
def test_values_and_gradients_are_finite_in_both_precisions(precision, size):
    rows = np.array([[1.0, -0.4, 0.3, 0.2, *row] for row in cases().values()])
    rows = jnp.asarray(rows, precision) * jnp.asarray([1, 1, 1, 1, *[size] * 7], precision)
    value, gradient = _gradients(rows)
    assert value.dtype == precision
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(gradient))


@jax.jit
@jax.vmap
def _gradients(row):
    def total(row):
        parts, behind = jnp.broadcast_to(row[:, None], (11, CELLS)), jnp.full(4, 0.1, row.dtype)
        return jnp.sum(solve(parts, jnp.full(CELLS, 0.125, row.dtype), behind))

    return jax.value_and_grad(total)(row)


def test_single_precision_agrees_with_double():
    rows = np.array([[1.0, -0.4, 0.3, 0.2, *row] for row in cases().values()])
    double = _gradients(jnp.asarray(rows))
    with jax.enable_x64(False):
        single = _gradients(jnp.asarray(rows, "float32"))
    single, double = ([np.asarray(part, np.float64) for part in both] for both in (single, double))
    np.testing.assert_allclose(single[0], double[0], atol=1e-4)
    np.testing.assert_allclose(single[1], double[1], atol=1e-3 * np.abs(double[1]).max(axis=1, keepdims=True).min())


def test_unresolved_depolarisation_is_refused_with_the_cure():
    faded = TransferCoefficients(StokesVector(I=jnp.ones(2)), depolarisation=jnp.ones(2))
    with pytest.raises(ValueError, match="use CellTransfer"):
        sl.transfer.PolarisedTransfer()(faded, jnp.ones(2), StokesVector())


def test_circular_polarisation_keeps_its_digits_in_single_precision():
    """V is 1e-6 to 1e-4 of I: it is carried by itself, not as a difference of I + V and I - V."""
    found = {}
    for double in (True, False):
        with jax.enable_x64(double):
            emission = (
                sl.emission.Synchrotron(absorption="polarised"),
                sl.emission.CircularSynchrotron(absorption="polarised"),
                sl.emission.FaradayRotation(),
                sl.emission.FaradayConversion(),
            )
            disks = sl.electrons.ExponentialDisk(), sl.cosmic_rays.ExponentialDisk(index=2.6)
            simulator = sl.Simulator(sl.magnetic.LSA(), *disks, emission, transfer=sl.transfer.PolarisedTransfer())
            sky = sl.Directions([0.0, 30.0, 75.0, 180.0, 250.0, 90.0], [1.0, -5.0, 60.0, 2.0, -30.0, 0.0])
            seen = simulator(sl.Sightlines(sky, sl.RadialCells(64, distance=20.0)), 3.0)
            found[double] = np.asarray(seen.V, np.float64), np.asarray(seen.I, np.float64)
    assert np.max(np.abs(found[True][0] / found[True][1])) < 1e-3
    np.testing.assert_allclose(found[False][0], found[True][0], rtol=2e-5)
