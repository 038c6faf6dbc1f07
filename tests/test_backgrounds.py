"""Treatments of a background bin by bin: values, first and second derivatives, at 0 counts and sources too."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import gamma, poisson

import sightline as sl
from sightline.statistics import (
    GaussianBackground,
    MarginalBackground,
    Poisson,
    ProfiledBackground,
    ScaledBackground,
    churazov,
    gehrels,
    neyman,
)
from sightline.statistics.gaussian_background import profile_gaussian
from sightline.statistics.marginal import log_marginal
from sightline.statistics.profiled import profile, profiled_background

CASES = np.array(
    [  # s, n, B, r
        *((2.0, 5.0, 3.0, 0.5), (0.7, 0.0, 4.0, 0.3), (3.0, 4.0, 0.0, 0.8), (0.2, 9.0, 0.0, 0.8), (1.5, 0.0, 0.0, 2.0)),
        *((40.0, 60.0, 900.0, 0.02), (1e-6, 7.0, 12.0, 0.5), (1e-6, 0.0, 0.0, 0.5), (300.0, 10.0, 5.0, 3.0)),
    ]
)


def quiet(kind, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(*arguments)


@pytest.mark.parametrize("case", CASES.tolist())
def test_the_profile_is_the_largest_likelihood(case):
    s, n, b, r = case

    def negative(log_mean):
        mean = np.exp(log_mean)
        at_best = xlogy(n, n) - n + xlogy(b, b) - b
        return at_best - (xlogy(n, s + r * mean) - s - r * mean + xlogy(b, mean) - mean)

    best = minimize_scalar(negative, bounds=(-40, 12), method="bounded", options={"xatol": 1e-12})
    assert float(profile(*jnp.asarray(case))) == pytest.approx(-best.fun, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("function", ["profile", "gaussian", "marginal"])
def test_first_and_second_derivatives(function):
    def value(s):
        _, n, b, r = jnp.asarray(CASES.T)
        if function == "profile":
            return profile(s, n, b, r)
        if function == "gaussian":
            return profile_gaussian(s, n, b * r, jnp.sqrt(b) * r)
        return log_marginal(s, n, b + 1, r)

    def slope(s):
        return jax.grad(lambda x: jnp.sum(value(x)))(s)

    s = jnp.asarray(CASES[:, 0])
    step = 1e-4 * s
    use = CASES[:, 0] > 1e-3  # of the others, differences are noise
    use &= ~((CASES[:, 2] == 0) & (function == "profile") & (CASES[:, 1] == 4.0))
    first = (value(s + step) - value(s - step)) / (2 * step)
    np.testing.assert_allclose(slope(s)[use], first[use], rtol=1e-6, atol=1e-7)
    second = (slope(s + step) - slope(s - step)) / (2 * step)
    found = jax.jvp(slope, (s,), (jnp.ones_like(s),))[1]
    np.testing.assert_allclose(found[use], second[use], rtol=1e-5, atol=1e-7)
    assert np.all(np.isfinite(slope(s)))
    assert np.all(np.isfinite(found))
    assert np.all(np.isfinite(slope(jnp.zeros_like(s))))


@pytest.mark.parametrize("argument", range(4))
def test_slopes_of_the_profile_in_all_that_it_depends_on(argument):
    values = [jnp.asarray(column) for column in np.array([(2.0, 5.0, 3.0, 0.5), (40.0, 60.0, 900.0, 0.02)]).T]
    step = 1e-5 * values[argument]

    def at(change):
        return profile(*(value + change * float(k == argument) for k, value in enumerate(values)))

    found = jax.grad(lambda change: jnp.sum(at(change)))(jnp.zeros(2))
    np.testing.assert_allclose(found, (at(step) - at(-step)) / (2 * step), rtol=1e-6, atol=1e-8)


def test_information_and_draws_of_w_have_the_variance_and_the_mean_of_the_counts():
    noise, mean = ProfiledBackground([20.0, 30.0], [0.5, 0.1]), jnp.array([5.0, 7.0])
    (found,) = noise.information(mean, None)
    np.testing.assert_allclose(found, mean / np.sqrt([5 + 0.5 * 1.5 * 20, 7 + 0.1 * 1.1 * 30]), rtol=1e-12)
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.vmap(lambda key: noise.draw(mean, None, key))(keys)
    np.testing.assert_allclose(np.mean(drawn, axis=0), [15.0, 10.0], rtol=0.02)
    np.testing.assert_allclose(np.var(drawn, axis=0), [5 + 0.5 * 1.5 * 20, 7 + 0.1 * 1.1 * 30], rtol=0.1)
    nothing = quiet(ProfiledBackground, [0.0], [2.0])
    assert float(nothing.draw(jnp.zeros(1), None, keys[0])[0]) == 0.0


def test_the_slope_of_w_is_that_of_counts_over_their_mean():
    """d/ds = n/(s + r b) - 1, of no source as well: n = 8, B = 4, r = 1/2: b = 12/1.5 = 8, mean 4."""
    assert float(jax.grad(profile)(0.0, 8.0, 4.0, 0.5)) == pytest.approx(8 / 4 - 1)
    assert float(jax.grad(profile)(3.0, 0.0, 0.0, 0.5)) == -1.0


def test_the_marginal_is_the_integral_over_the_background():
    """p(n | s, B) = int Poisson(n | s + r b) Gamma(b | B + 1, 1) db."""
    b, weight = np.polynomial.laguerre.laggauss(120)
    for s, n, off, r in ((2.0, 5.0, 3.0, 0.5), (0.0, 2.0, 1.0, 0.7), (6.0, 0.0, 8.0, 0.3)):
        density = weight * np.exp(b) * gamma.pdf(b, off + 1) * poisson.pmf(n, s + r * b)
        found = float(log_marginal(*map(jnp.asarray, (s, n, off + 1, r))))
        assert found == pytest.approx(np.log(density.sum()), rel=1e-10)
    assert float(log_marginal(*map(jnp.asarray, (-1.0, 0.0, 1.0, 0.5)))) == -np.inf


def test_pg_with_an_exact_background_is_poisson():
    n, b, s = jnp.array([3.0, 0.0, 7.0]), jnp.array([1.0, 2.0, 0.5]), jnp.array([1.5, 0.5, 4.0])
    exact = GaussianBackground(b, jnp.zeros(3)).pointwise(s, n, None)
    np.testing.assert_allclose(exact, poisson.logpmf(n, s + b), rtol=1e-12)
    narrow = GaussianBackground(b, jnp.full(3, 1e-4)).pointwise(s, n, None)
    np.testing.assert_allclose(narrow, exact, atol=1e-6)


def test_deviances_are_zero_at_best_and_those_of_the_manuals():
    n, off, r = jnp.array([12.0, 0.0]), jnp.array([8.0, 3.0]), jnp.array([0.5, 0.5])
    w = quiet(ProfiledBackground, off, r)
    best = float(w.deviance(jnp.array([8.0, 0.0]), n, None))
    b = 3 / 1.5  # of a bin without counts on the source
    assert best == pytest.approx(2 * (1.5 * b - 3 * np.log(b) - (3 - 3 * np.log(3))), rel=1e-12)
    scaled = quiet(ScaledBackground, off, r)
    assert float(scaled.deviance(jnp.array([8.0, 0.0]), n, None)) == pytest.approx(2 * 1.5)


def test_slopes_of_cash_in_tiny_means():
    """1 - n/m, twice, where squares of 1/m leave single precision, as of a black body far above its temperature."""
    with jax.enable_x64(False):
        mean, n = jnp.array([1e-30, 1e-20, 1e-30, 2.0]), jnp.array([0.0, 0.0, 4.0, 3.0])
        value, slope = jax.value_and_grad(lambda m: Poisson().deviance(m, n, None))(mean)
    np.testing.assert_allclose(slope, [2.0, 2.0, -8e30, -1.0], rtol=1e-5)
    assert float(value) == pytest.approx(2 * (-4 + 4 * np.log(4e30) + 2 - 3 + 3 * np.log(1.5)), rel=1e-6)


def test_pointwise_values_are_log_probabilities():
    n, off, r, s = (jnp.array([v]) for v in (5.0, 3.0, 0.5, 2.0))
    b = float(profiled_background(s, n, off, r)[0])
    expected = poisson.logpmf(5, 2 + 0.5 * b) + poisson.logpmf(3, b)
    assert float(quiet(ProfiledBackground, off, r).pointwise(s, n, None)[0]) == pytest.approx(expected, rel=1e-12)
    assert float(MarginalBackground(off, r).pointwise(s, n, None)[0]) < 0


def test_what_is_biased_warns():
    with pytest.warns(sl.statistics.SparseBackgroundWarning, match="1 of 3 background bins"):
        ProfiledBackground([3.0, 9.0, 7.0], [0.5, 0.5, 0.5])
    with pytest.warns(sl.statistics.ScaledBackgroundWarning, match="underestimates"):
        ScaledBackground([3.0, 9.0], [0.5, 0.5])


def test_what_was_not_counted_is_refused():
    with pytest.raises(ValueError, match=r"ProfiledBackground\.counts must be whole"):
        ProfiledBackground([1.5], [0.5])
    with pytest.raises(ValueError, match="ratio must be finite"):
        ProfiledBackground([9.0], [0.0])
    with pytest.raises(ValueError, match="data must be whole"):
        sl.Likelihood(lambda m: m, [1.5], quiet(ProfiledBackground, [9.0], [0.5]))
    with pytest.raises(ValueError, match="one a bin"):
        sl.Likelihood(lambda m: m, [1.0, 2.0], quiet(ProfiledBackground, [9.0], [0.5]))
    with pytest.raises(ValueError, match="shape = 0"):
        MarginalBackground([1.0], [0.5], shape=0.0)


def test_deviations_of_counts():
    np.testing.assert_allclose(gehrels([0.0]), 1 + 0.75**0.5)
    np.testing.assert_allclose(neyman([0.0, 9.0]), [1.0, 3.0])
    counts = np.array([10.0, 12.0, 0.0, 1.0, 30.0])
    found = churazov(counts, least=20.0) ** 2
    np.testing.assert_allclose(found, [11.0, 22 / 3, 53 / 5, 31 / 3, 30.0])
    model = sl.statistics.ModelVariance()
    chi2 = float(model.deviance(jnp.array([4.0, 9.0]), jnp.array([6.0, 9.0]), None))
    assert chi2 == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["C", "W", "PG"])
def test_bright_bins_keep_their_digits_in_single_precision(kind: str) -> None:
    """n log m of 1e5 counts is known to 0.1 in single precision, their probability to 1e-5."""
    counts, back = np.array([150_321.0, 1_000_450.0, 66.0, 32.0, 31.0]), np.array([1e5, 1e6, 30.0, 20.0, 12.0])

    def found(dtype: type) -> tuple[np.ndarray, float]:
        data, b, mean = (jnp.asarray(x, dtype) for x in (counts, back, counts - 0.5 * back + [90, 700, 3, 0, 9]))
        noise = {
            "C": Poisson(),
            "W": ProfiledBackground(b, jnp.full(5, 0.5, dtype)),
            "PG": GaussianBackground(0.5 * b, jnp.sqrt(b)),
        }[kind]
        mean = mean + 0.5 * b if kind == "C" else mean
        return np.asarray(noise.pointwise(mean, data, None), float), float(noise.deviance(mean, data, None))

    double = found(np.float64)
    with jax.enable_x64(False):
        single = found(np.float32)
    np.testing.assert_allclose(single[0], double[0], rtol=0, atol=5e-5)
    np.testing.assert_allclose(single[1], double[1], rtol=1e-4)
    if kind == "C":
        expected = poisson.logpmf(counts, counts + np.array([90, 700, 3, 0, 9]))
        np.testing.assert_allclose(double[0], expected, rtol=0, atol=3e-9)  # which is what scipy keeps of 1e6
