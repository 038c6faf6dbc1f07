"""B modes, the likelihood of their spectrum, and r."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import gamma, wishart

import sightline as sl
from sightline.components.cosmology import BModes, Sum, Template

jax.config.update("jax_enable_x64", True)

ELL = np.arange(2, 129)
NOISE = 1e-6
F_SKY = 0.6


def posterior(data, priors=None, model=None, **options):
    space = sl.ParameterSpace(model or BModes(), priors or {"r": dist.Uniform(0.0, 1.0)})
    return sl.Posterior(space, sl.BandpowerLikelihood(ELL, data, NOISE, F_SKY, **options))


def spectrum(r, lensing=1.0):
    return np.asarray(BModes(r, lensing)(ELL), np.float64) + NOISE


def test_sizes_of_the_b_modes():
    lensing = np.asarray(BModes(0.0)(np.arange(2, 513)))
    white = np.sqrt(lensing) * 10800 / np.pi
    assert np.all((white > 4.0) & (white < 5.0))  # uK arcmin; about 5
    tensors = np.asarray(BModes(1.0, 0.0)(np.arange(2, 513)))
    d = np.arange(2, 513) * np.arange(3, 514) * tensors / (2 * np.pi)
    assert 60 < 2 + np.argmax(d[30:200]) + 30 < 110  # the bump of recombination
    assert 0.05 < d[80 - 2] < 0.1  # uK^2, for r = 1
    assert d[0] > 2 * d[10 - 2]  # the bump of reionisation
    # of r = 1 the tilt is -r/8 (1 - n_s + 1 + r/8 ...): redder than none, alike near the pivot
    ratio = tensors / np.asarray(BModes(1.0, 0.0, flat=True)(np.arange(2, 513)))
    assert 1.9 < ratio[0] < 2.1
    assert np.all(np.diff(ratio[20:300]) < 1e-3)


def test_b_modes_are_linear(precision):
    model = BModes(jnp.asarray(0.2), jnp.asarray(0.5))
    found = model(ELL)
    assert found.dtype == precision
    np.testing.assert_allclose(found, 0.2 * BModes(1.0, 0.0)(ELL) + 0.5 * BModes(0.0)(ELL), rtol=1e-6)
    slope = jax.jvp(lambda r: BModes(r, 0.0)(ELL), (jnp.asarray(0.2),), (jnp.asarray(1.0),))[1]
    np.testing.assert_allclose(slope, BModes(1.0, 0.0)(ELL), rtol=1e-6)
    assert np.all(np.isfinite(jax.grad(lambda r: jnp.sum(BModes(r)(ELL)))(jnp.asarray(0.0))))
    assert jax.vmap(lambda r: BModes(r)(ELL))(jnp.linspace(0, 1, 3)).shape == (3, ELL.size)


def test_degrees_that_are_not_there():
    for ell in ([1], [513], [2.5], [-3]):
        with pytest.raises(ValueError, match="whole degrees from 2 to 512"):
            BModes()(ell)
    with pytest.raises(TypeError, match="traced"):
        jax.jit(lambda ell: BModes()(ell))(jnp.array([2.0]))


def test_the_likelihood_is_the_formula():
    data = spectrum(0.01) * np.linspace(0.5, 2, ELL.size)
    post = posterior(data)

    def formula(r):
        return -F_SKY / 2 * np.sum((2 * ELL + 1) * (data / spectrum(r) + np.log(spectrum(r))))

    found = post.log_likelihood({"r": 0.01}) - post.log_likelihood({"r": 0.002})
    assert found == pytest.approx(formula(0.01) - formula(0.002), rel=1e-10)
    assert post.likelihoods[0].log_likelihood(BModes(-0.5)) == -np.inf  # no spectrum is negative
    gradient = jax.grad(lambda r: post.likelihoods[0].log_likelihood(BModes(r)))(jnp.asarray(-0.5))
    assert np.isfinite(gradient)


def test_wishart_is_that_of_scipy():
    noise = sl.statistics.Wishart([7.0])
    one = [sl.Likelihood(lambda level: level[None], [x], noise) for x in (0.8, 1.7)]
    difference = one[0].log_likelihood(jnp.asarray(1.3)) - one[0].log_likelihood(jnp.asarray(0.9))
    exact = wishart.logpdf(0.8 * 7, 7, 1.3) - wishart.logpdf(0.8 * 7, 7, 0.9)
    assert difference == pytest.approx(exact, rel=1e-12)
    drawn = jax.vmap(lambda key: noise.draw(jnp.array([1.3]), None, key))(jax.random.split(jax.random.key(0), 4000))
    scale = 2 * 1.3 / 7
    assert np.mean(drawn) == pytest.approx(1.3, rel=0.03)
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.9]), gamma.ppf([0.1, 0.9], 3.5, scale=scale), rtol=0.05)
    deviances = jax.vmap(lambda x: noise.deviance(jnp.array([1.3]), x, None))(drawn)
    mean, variance = noise.expected_deviance(jnp.array([1.3]), None)
    assert (np.mean(deviances), np.var(deviances)) == (pytest.approx(mean, rel=0.05), pytest.approx(variance, rel=0.15))
    assert sl.Likelihood(lambda level: level[None], [-0.1], noise).log_likelihood(
        jnp.asarray(1.0)
    ).item() == pytest.approx(0.35)


def test_fisher_is_the_curvature_at_the_mode():
    post = posterior(spectrum(0.003))
    curvature = jax.hessian(lambda r: post.log_posterior({"r": r}))(0.003)
    error = sl.fisher(post, {"r": 0.003}).standard_deviations[0]
    assert error == pytest.approx(float(-curvature) ** -0.5, rel=1e-6)
    tensors = np.asarray(BModes(1.0, 0.0)(ELL))
    exact = (F_SKY / 2 * np.sum((2 * ELL + 1) * (tensors / spectrum(0.003)) ** 2)) ** -0.5
    assert error == pytest.approx(exact, rel=1e-9)
    assert sl.fit(post).parameters["r"] == pytest.approx(0.003, rel=1e-4)


def test_null_input():
    found = sl.scan(posterior(spectrum(0.0)), {"r": (0, 0.01)})
    assert 0 <= found.mode < 1e-7
    assert 0 < found.upper(0.68) < found.upper(0.95) < 0.001
    assert found.interval()[0] == 0
    assert sl.scan(posterior(spectrum(0.003)), {"r": (0, 0.01)}).mode == pytest.approx(0.003, abs=1e-9)


def test_r_and_what_is_left_of_foregrounds():
    left = 1e-5 * ELL**-0.5
    data = spectrum(0.003, 0.7) + 1.2 * left
    model = Sum(cmb=BModes(), dust=Template(ELL, left))
    names = ("terms.cmb.r", "terms.cmb.lensing", "terms.dust.amplitude")
    priors = dict.fromkeys(names[:1], dist.Uniform(-0.1, 0.1)) | dict.fromkeys(names[1:], dist.Uniform(0.0, 3.0))
    found = sl.fit(posterior(data, priors, model)).parameters
    np.testing.assert_allclose([found[name] for name in names], [0.003, 0.7, 1.2], rtol=3e-3)
    known = posterior(spectrum(0.003) + left, residual=left)
    assert sl.scan(known, {"r": (0, 0.1)}).mode == pytest.approx(0.003, abs=1e-9)


@pytest.mark.long
def test_ranks_of_r_are_uniform():
    """Simulation-based calibration: r drawn from its prior, data drawn from r."""
    ranks, post = [], posterior(spectrum(0.0), {"r": dist.Uniform(0.0, 0.01)})
    for key in jax.random.split(jax.random.key(1), 100):
        one, other = jax.random.split(key)
        r = 0.01 * jax.random.uniform(one)
        found = sl.scan(post.replicate({"r": r}, other), {"r": (0, 0.01)})
        ranks.append(found.below(float(r)).item())
    counts = np.histogram(ranks, bins=5, range=(0, 1))[0]
    assert np.sum((counts - 20) ** 2 / 20) < 13.3  # chi^2 of 4 degrees of freedom, 1 %


def test_spectra_from_degree_zero_on():
    whole = np.concatenate([[0.0, 0.0], spectrum(0.003)])
    likelihood = sl.BandpowerLikelihood(np.arange(130)[: whole.size], whole, noise=NOISE, f_sky=F_SKY)
    assert likelihood.size == ELL.size
    assert "f_sky" in repr(likelihood.summary())


def test_what_is_refused():
    data = spectrum(0.0)
    for change, text in (
        ({"f_sky": 0.0}, r"f_sky = 0.0 must lie in \(0, 1\]"),
        ({"f_sky": 1.1}, "f_sky"),
        ({"data": data[1:]}, r"data has shape \(126,\), ell has 127 degrees"),
        ({"noise": np.ones(3)}, r"noise has shape \(3,\)"),
        ({"noise": -1e-6}, "must not be negative"),
        ({"residual": np.ones(3)}, r"residual has shape \(3,\)"),
        ({"ell": ELL + 400}, "whole degrees from 2 to 512"),
        ({"ell": np.full(ELL.size, 2)}, "each once"),
        ({"data": np.where(ELL == 7, np.nan, data)}, "not finite at 1 of 127"),
        ({"data": 1e-12 * data}, "in uK"),
        ({"data": -data}, "data are negative"),
    ):
        with pytest.raises(ValueError, match=text):
            sl.BandpowerLikelihood(**({"ell": ELL, "data": data, "noise": NOISE} | change))
    with pytest.raises(TypeError, match="give sl"):
        sl.BandpowerLikelihood(ELL, data, NOISE).log_likelihood({"r": 0.0})
    with pytest.raises(ValueError, match="not among its degrees"):
        Template([2, 3], [1e-6, 1e-6])([4])
    with pytest.raises(ValueError, match="2 values for 1 degrees"):
        Template([2], [1e-6, 1e-6])
    with pytest.raises(TypeError, match="is no spectrum"):
        Sum(cmb=3.0)
    with pytest.raises(TypeError, match="at least one"):
        Sum()
    with pytest.raises(ValueError, match="one a datum"):
        sl.Likelihood(lambda level: level[None], [1.0], sl.statistics.Wishart([1.0, 2.0]))


def test_citations():
    assert "Lewis" in sl.citation(BModes())
    assert "Hamimeche" in sl.citation(posterior(spectrum(0.0)))
