"""Inverse Compton of one electron: dilogarithm, kernel, distribution, moments, against quadrature and literature."""

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import sightline as sl
from sightline.processes.dilogarithm import dilogarithm


def test_the_dilogarithm_and_its_derivatives(precision):
    z = np.concatenate([-np.geomspace(1e-9, 1e9, 31), [0.0], np.geomspace(1e-9, 0.999, 31), [-1.0, 0.5, 1.0]])
    z = jnp.asarray(z)
    exact = np.array([float(mpmath.polylog(2, float(x)).real) for x in z])
    eps = float(jnp.finfo(z.dtype).eps)
    np.testing.assert_allclose(jax.jit(dilogarithm)(z), exact, rtol=6 * eps, atol=0)
    slope = [float(-mpmath.log1p(-float(x)) / float(x)) if x else 1.0 for x in z[:-1]]
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(dilogarithm)))(z[:-1]), slope, rtol=8 * eps)
    second = jax.jit(jax.vmap(jax.grad(jax.grad(dilogarithm))))(z)
    np.testing.assert_allclose(second[31], 0.5, rtol=8 * eps)
    assert np.all(np.isfinite(second))
    assert np.isnan(dilogarithm(jnp.asarray(1.5)))


def _density(t, b):
    q = t / b
    return (2 * q * mpmath.log(q) + (1 + 2 * q) * (1 - q) + t * t / (2 * (1 + t)) * (1 - q)) / (1 + t) ** 2


def _quadrature(coordinates, b):
    """The distribution at coordinates, by Gauss-Legendre quadrature between them."""
    width = mpmath.log1p(b)
    nodes = [mpmath.expm1(float(l) * width) for l in coordinates]
    nodes[-1] = mpmath.mpf(b)
    nodes.insert(1, nodes[1] * 1e-4)
    parts = [mpmath.quad(lambda t: _density(t, b), [low, high]) for low, high in itertools.pairwise(nodes)]
    whole = [sum(parts[: k + 1]) for k in range(len(parts))]
    return np.array([0.0, *(float(one / whole[-1]) for one in whole[1:])])


def test_the_distribution_against_quadrature(precision):
    law, l = sl.processes.InverseCompton(), np.linspace(0, 1, 7)
    b = np.array([1e-8, 1e-3, 0.3, 0.31, 1.0, 30.0, 1e4, 1e8])
    evaluate = jax.jit(jax.vmap(jax.vmap(lambda l, b: law.unit_cumulative(l, b=b), (0, None)), (None, 0)))
    found = evaluate(jnp.asarray(l), jnp.asarray(b))
    exact = np.stack([_quadrature(l, one) for one in b])
    assert np.max(np.abs(found - exact)) < (1e-12 if precision == "float64" else 1e-5)


def test_rate_mean_and_losses(precision):
    tolerance = 1e-6 if precision == "float64" else 1e-5
    b = jnp.asarray([1e-8, 1.0, 10.0])
    np.testing.assert_allclose(sl.processes.rate_factor(b), [1, 0.6551717, 0.2584600], rtol=tolerance)
    mean = sl.processes.InverseCompton().mean(b)
    np.testing.assert_allclose(mean, [1e-8 / 3, 0.1842526, 0.4767934], rtol=tolerance)
    np.testing.assert_allclose(sl.processes.InverseCompton().mean(4 * 10**0.5), 0.50486108, rtol=tolerance)
    np.testing.assert_allclose(sl.processes.loss_factor(jnp.asarray([0.0, 1.0])), [1, 0.3621512], rtol=tolerance)


_PIECES = [0, *(mpmath.mpf(10) ** k for k in range(-9, 1))]


def test_losses_against_quadrature(precision):
    b = [1e-6, 0.1, 1.9999, 2.0, 100.0, 1e5]
    exact = [mpmath.quad(lambda q, b=b: q / (1 + b * q) * _density(b * q, b), _PIECES) for b in b]
    found = sl.processes.loss_factor(jnp.asarray(b))
    np.testing.assert_allclose(found, [float(9 * one) for one in exact], rtol=1e-12 if precision == "float64" else 1e-5)


def test_what_is_no_number_stays_none_or_is_refused():
    law = sl.processes.InverseCompton()
    assert np.isnan(law.cumulative([np.nan, 0.2], b=1.0)).tolist() == [True, False]
    assert np.isnan(law.density(np.nan, b=1.0))
    assert np.isnan(jax.grad(sl.processes.dilogarithm)(1.5))
    for factor in (sl.processes.rate_factor, sl.processes.loss_factor):
        with pytest.raises(ValueError, match=r"b = -1\.0: 4 gamma e0 must be positive"):
            factor(-1.0)


def test_the_density_is_the_derivative_and_everything_is_finite(precision):
    law = sl.processes.InverseCompton()
    l = jnp.asarray([0.0, 1e-20, 1e-4, 0.1, 0.5, 0.9, 1.0])
    b = jnp.asarray([1e-8, 1e-3, 0.4, 1.5, 1e3, 1e9])

    def all_of(l, b):
        slopes = jax.grad(lambda l, b: law.unit_cumulative(l, b=b), (0, 1))(l, b)
        curved = jax.grad(lambda l, b: law.unit_density(l, b=b), (0, 1))(l, b)
        return law.unit_density(l, b=b), slopes[0], slopes[1], *curved

    density, slope, *rest = jax.jit(jax.vmap(jax.vmap(all_of, (0, None)), (None, 0)))(l, b)
    assert np.all(np.isfinite(np.stack([density, slope, *rest])))
    assert 0.9 < np.max(density) < 3.3
    inner = slice(0, -1)
    tolerance = 1e-9 if precision == "float64" else 3e-4
    np.testing.assert_allclose(slope[:, inner], density[:, inner], rtol=tolerance, atol=tolerance)


def test_exact_draws_and_their_derivatives(precision):
    sampler = sl.samplers.Exact(sl.processes.InverseCompton())
    u, b = jnp.asarray([0.0, 0.1, 0.5, 0.9, 1.0]), jnp.asarray([1e-6, 0.4, 1.5, 4 * 10**0.5, 1e8])

    def both(u, b):
        x = lambda u, b: sampler(u, b=b)  # noqa: E731
        slope = jax.grad(x, (0, 1))(u, b)
        return x(u, b), slope, [jax.jvp(x, (u, b), (e, 1 - e))[1] for e in (jnp.ones_like(u), jnp.zeros_like(u))]

    x, (by_u, by_b), along = jax.jit(jax.vmap(jax.vmap(both, (0, None)), (None, 0)))(u, b)
    assert np.all(np.isfinite(np.stack([x, by_u, by_b, *along])))
    np.testing.assert_allclose([by_u, by_b], along, rtol=1e-5)
    np.testing.assert_allclose(x[:, 0], 0)
    np.testing.assert_allclose(x[:, -1], b / (1 + b), rtol=1e-6)
    logarithmic = (b[:, None] * by_b / jnp.maximum(x, 1e-30))[3, 1:4]
    np.testing.assert_allclose(logarithmic, [0.430727, 0.308774, 0.125832], rtol=1e-3)
    found = sampler.distribution.cumulative(x[:4, 1:4], b=b[:4, None])
    np.testing.assert_allclose(found, jnp.broadcast_to(u[1:4], (4, 3)), atol=1e-12 if precision == "float64" else 2e-5)


def test_cumulative_is_finite_where_x_rounds_to_one(precision):
    law = sl.processes.InverseCompton()
    found = law.cumulative(jnp.asarray([0.0, 0.5, 1.0]), b=jnp.asarray(5e8))
    assert np.all(np.isfinite(found))
    assert (float(found[0]), float(found[2])) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("ratio", "first", "second"),
    [(sl.processes.cross_section_ratio, -2.0, 10.4), (sl.processes.mean_energy_ratio, -1.0, 4.4)],
)
def test_ratios_have_their_derivatives_at_no_energy_at_all(ratio, first, second):
    """1 - 2 k + 26 k^2/5 and 1 - k + 11 k^2/5, from the Klein-Nishina formula for k << 1."""
    np.testing.assert_allclose([jax.grad(ratio)(0.0), jax.grad(jax.grad(ratio))(0.0)], [first, second], rtol=1e-12)
    h = 1e-3
    np.testing.assert_allclose((ratio(2 * h) - 2 * ratio(h) + 1) / h**2, second, rtol=0.03)


def test_densities_at_the_lower_end_are_their_limits():
    """p ~ sqrt(x) of thermal electrons, p ~ x^(-2/3) of synchrotron photons."""
    for temperature in (1e-3, 1.0, 30.0):
        assert float(sl.processes.MaxwellJuttner().density(0.0, temperature=temperature)) == 0
    assert float(sl.processes.SynchrotronPhoton().density(0.0)) == np.inf
