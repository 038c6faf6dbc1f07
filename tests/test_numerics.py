"""Elementary and safe functions: values, jvp, vjp and vmap at their bad points, in both precisions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from sightline._core import elementary, safe
from sightline.processes import synchrotron
from sightline.processes.dilogarithm import dilogarithm
from sightline.sky.fields.electrons import ymw16_profiles
from sightline.sky.grids.cubic import spline
from sightline.statistics import profiled
from sightline.statistics.gaussian_background import profile_gaussian
from sightline.xray.spectra.black_bodies import bose


def array(values, precision):
    return jnp.asarray(values, precision)


def eps(precision):
    return float(np.finfo(precision).eps)


ANGLES = np.concatenate([np.linspace(-50, 50, 20001), np.arange(-40, 41) * np.pi / 4, [0.0, 1e-300, -1e-9]])


def test_sincos(precision):
    x = array(ANGLES, precision)
    sine, cosine = jax.jit(elementary.sincos)(x)
    exact = np.asarray(x, np.float64)
    np.testing.assert_allclose(sine, np.sin(exact), rtol=0, atol=1.5 * eps(precision))
    np.testing.assert_allclose(cosine, np.cos(exact), rtol=0, atol=1.5 * eps(precision))


def test_sincos_of_large_angles(precision):
    large = array([1e4, -3.3e5, 9.9e5] if precision == "float64" else [1e2, -3.3e2, 9.9e2], precision)
    sine, cosine = elementary.sincos(large)
    np.testing.assert_allclose(sine, np.sin(np.asarray(large, np.float64)), atol=4 * eps(precision))
    huge = array([1e9, 1e15, -1e17], precision)
    assert np.all(np.hypot(*map(np.asarray, elementary.sincos(huge))) < 1 + 1e-6)
    np.testing.assert_allclose(cosine**2 + sine**2, 1, rtol=4 * eps(precision))


@pytest.mark.parametrize("at", [np.inf, np.nan])
def test_derivatives_of_sincos_are_nan_where_it_is(precision, at):
    x, total = array(at, precision), lambda x: sum(elementary.sincos(x))
    one = jnp.ones_like(x)
    assert np.isnan(jax.jvp(total, (x,), (one,))[1])
    assert np.isnan(jax.grad(total)(x))
    assert np.isnan(jax.grad(jax.grad(total))(x))


def test_sinc(precision):
    x = array(ANGLES, precision)
    exact = np.sinc(np.asarray(x, np.float64) / np.pi)
    np.testing.assert_allclose(elementary.sinc(x), exact, rtol=0, atol=2 * eps(precision))


def test_exp(precision):
    x = array(np.linspace(-708, 708.7, 20001) / (1 if precision == "float64" else 8.2), precision)
    exact = np.exp(np.asarray(x, np.float64))
    np.testing.assert_allclose(jax.jit(elementary.exp)(x), exact, rtol=2 * eps(precision))
    ends = array([-np.inf, -800.0, 800.0, np.inf, np.nan, 0.0], precision)
    np.testing.assert_array_equal(elementary.exp(ends), [0, 0, np.inf, np.inf, np.nan, 1])
    assert jax.grad(elementary.exp)(ends[1]) == 0


def test_log(precision):
    x = array(np.geomspace(1e-30, 1e30, 5001), precision)
    exact = np.log(np.asarray(x, np.float64))
    np.testing.assert_allclose(elementary.log(x), exact, rtol=4 * eps(precision), atol=2 * eps(precision))
    assert elementary.log(array(1.0, precision)) == 0


def test_arctan2_and_azimuth(precision):
    angle = np.linspace(-np.pi, np.pi, 4001)[1:]
    x, y = array(3e-3 * np.cos(angle), precision), array(3e-3 * np.sin(angle), precision)
    exact = np.arctan2(np.asarray(y, np.float64), np.asarray(x, np.float64))
    np.testing.assert_allclose(jax.jit(elementary.arctan2)(y, x), exact, rtol=4 * eps(precision))
    np.testing.assert_allclose(elementary.azimuth(y, x), exact % (2 * np.pi), rtol=4 * eps(precision))
    centre, away = array(0.0, precision), array(-2.0, precision)
    assert elementary.arctan2(centre, centre) == elementary.azimuth(centre, centre) == 0
    assert jax.grad(elementary.arctan2)(centre, centre) == 0
    assert jax.grad(elementary.arctan2)(centre, away) == -0.5


def phi1_exact(z):
    z = np.asarray(z, np.complex128)
    series = sum((-z) ** k / np.prod(np.arange(1.0, k + 2)) for k in range(25))
    with np.errstate(all="ignore"):
        return np.where(np.abs(z) < 1.5, series, (1 - np.exp(-z)) / z)


DEPTHS = [0.0, 1e-300, 1e-12, 1e-3, 0.5, 0.999999, 1.0, 1.000001, 3.0, 50.0, 1e3, 1e6]


def test_phi1_real(precision):
    x = array(DEPTHS, precision)
    np.testing.assert_allclose(safe.phi1(x), phi1_exact(x).real, rtol=8 * eps(precision))


def test_phi1_complex(precision):
    z = jnp.asarray(
        np.outer(DEPTHS, [1, 0.3]) - 1j * np.outer(DEPTHS, [0, 1]),
        dtype="complex128" if precision == "float64" else "complex64",
    )
    np.testing.assert_allclose(safe.phi1(z), phi1_exact(z), rtol=2e3 * eps(precision))


def test_phi1_rotating_is_phi1_of_a_complex_argument(precision):
    depth, angle = np.meshgrid(DEPTHS, [0.0, 1e-9, 0.7, 1.0, -2.0, 30.0, -1e3])
    re, im = safe.phi1_rotating(array(depth, precision), array(angle, precision))
    exact = phi1_exact(np.asarray(depth, precision) - 1j * np.asarray(angle, precision))
    np.testing.assert_allclose(re, exact.real, rtol=0, atol=8 * eps(precision))
    np.testing.assert_allclose(im, exact.imag, rtol=0, atol=8 * eps(precision))


def test_accumulate_is_an_exclusive_sum(precision):
    for n in (1, 15, 16, 17, 100, 256, 1000, 5000):
        x = array(np.random.default_rng(n).normal(size=n), precision)
        exact = np.concatenate([[0], np.cumsum(np.asarray(x, np.float64))[:-1]])
        np.testing.assert_allclose(safe.accumulate(x), exact, atol=100 * eps(precision))


def test_safe_norm_and_hypot(precision):
    vectors = array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [1e-15, 0.0, 0.0]], precision)
    np.testing.assert_allclose(safe.safe_norm(vectors), [0, 5, 1e-15], rtol=4 * eps(precision))
    gradient = jax.grad(lambda v: jnp.sum(safe.safe_norm(v)))(vectors)
    np.testing.assert_allclose(gradient, [[0, 0, 0], [0.6, 0.8, 0], [1, 0, 0]], rtol=4 * eps(precision))


def test_sech2_does_not_overflow(precision):
    u = array([-2e4, -80.0, -1.0, 0.0, 1.0, 80.0, 2e4], precision)
    with np.errstate(over="ignore"):
        exact = 1 / np.cosh(np.asarray(u, np.float64)) ** 2
    np.testing.assert_allclose(safe.sech2(u), exact, rtol=16 * eps(precision), atol=1e-37)


ONE_ARGUMENT = {
    "sincos": (lambda x: elementary.sincos(x)[0] + 2 * elementary.sincos(x)[1], [0.0, np.pi / 4, -2.0, 11.0]),
    "sinc": (elementary.sinc, [0.0, 1e-5, np.pi / 2 + 1e-3, -4.0, 20.0]),
    "exp": (lambda x: elementary.exp(-x), [-3.0, 0.0, 0.35, 9.0]),
    "log": (elementary.log, [0.1, 0.7, 1.0, 5.0]),
    "arctan2": (lambda x: elementary.arctan2(x, 1 - 2 * x), [0.0, 0.2, 1.0, -3.0]),
    "power": (lambda x: elementary.power(x, 0.3), [0.1, 1.0, 5.0]),
    "phi1": (safe.phi1, [0.0, 1e-4, 0.99, 1.01, 30.0]),
    "phi1_rotating": (lambda x: sum(safe.phi1_rotating(x, 1.3 * x)), [0.0, 1e-4, 0.2, 0.9, 4.0]),
    "safe_norm": (lambda x: safe.safe_norm(jnp.stack([x, 2 * x + 1])), [0.0, 1.0]),
    "sech2": (safe.sech2, [0.3, -1.0, 4.0]),
    "accumulate": (lambda x: safe.accumulate(jnp.stack([x, x * x, x])), [0.5, 2.0]),
}


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_derivatives(name):
    function, points = ONE_ARGUMENT[name]
    for point in points:
        check_grads(
            lambda x: function(jnp.asarray(x)),
            (jnp.asarray(point),),
            order=2,
            modes=("fwd", "rev"),
            atol=2e-5,
            rtol=2e-5,
            eps=1e-4,
        )


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_finite_and_vectorised(name, precision):
    function, points = ONE_ARGUMENT[name]
    x = array([*points, *([1e-30, 1e5] if name != "accumulate" else [])], precision)
    values, slopes = jax.vmap(lambda v: jax.jvp(function, (v,), (jnp.ones_like(v),)))(x)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    assert values.dtype == precision
    together, alone = jax.vmap(function)(x), jnp.stack([function(v) for v in x])
    np.testing.assert_allclose(together, alone, rtol=100 * eps(precision), atol=100 * eps(precision))


def _one(found):
    return found[0] + 0.7 * found[1] if isinstance(found, tuple) else found


SPLINE = np.random.default_rng(0).normal(size=12)
TWICE = {
    "sincos": (lambda x: _one(elementary.sincos(x)), [0.3, 2.0, 5.0]),
    "sinc": (elementary.sinc, [0.0, 0.3, 4.0]),
    "exp": (elementary.exp, [-2.0, 0.5, 3.0]),
    "log": (elementary.log, [0.2, 1.0, 7.0]),
    "power": (lambda x: elementary.power(x, 1.7), [0.2, 1.0, 7.0]),
    "arctan2": (lambda x: elementary.arctan2(x, jnp.ones_like(x)), [0.2, 1.5, -3.0]),
    "mean_exponential": (elementary.mean_exponential, [-3.0, 0.2, 2.0]),
    "exponential": (ymw16_profiles.exponential, [-3.0, 0.2, 2.0]),
    "profile": (lambda x: ymw16_profiles.profile(x < 100, x, 0.5 * x, exponent=-x * x), [-1.0, 0.2, 2.0]),
    "spline": (lambda x: _one(spline(jnp.asarray(SPLINE), jnp.floor(x).astype(int), x % 1)), [0.3, 2.6, 5.1]),
    "emission": (lambda x: _one(synchrotron.emission(x)), [0.1, 0.7, 1.5]),
    "absorption": (lambda x: _one(synchrotron.absorption(x)), [0.1, 0.7, 1.5]),
    "dilogarithm": (dilogarithm, [-3.0, 0.05, 0.7]),
    "bose": (bose, [0.1, 2.0, 500.0]),
    "profile_gaussian": (lambda x: profile_gaussian(x, *map(jnp.asarray, (3.0, 2.0, 0.7))), [0.1, 2.0, 5.0]),
    "profile of W": (lambda x: profiled.profile(x, *map(jnp.asarray, (3.0, 2.0, 0.7))), [0.1, 2.0, 5.0]),
}


@pytest.mark.parametrize("name", TWICE)
def test_second_derivatives_in_loops(name):
    """Of what is differentiated backwards in a loop JAX keeps the code, not the rule of its derivative."""
    function, places = TWICE[name]
    slope = jax.grad(lambda a: jnp.sum(jax.lax.map(lambda x: function(x * a), jnp.asarray(places)) ** 2))
    step = 1e-5
    expected = (slope(1 + step) - slope(1 - step)) / (2 * step)
    found = [jax.grad(slope)(1.0), jax.jvp(slope, (1.0,), (1.0,))[1]]
    np.testing.assert_allclose(found, np.full(2, expected), rtol=1e-5)


@pytest.mark.parametrize("x", [2.3e-308, 1e-300, 1.0, 1e308, 1.7e308])
def test_logarithms_of_all_normal_numbers(x):
    np.testing.assert_allclose(elementary.log(jnp.asarray(x)), np.log(x), rtol=3e-16 if x < 1e307 else 1e-6)
    if x < 1e307:  # 1/x is a normal number
        np.testing.assert_allclose(jax.grad(elementary.log)(x), 1 / x, rtol=3e-16)
