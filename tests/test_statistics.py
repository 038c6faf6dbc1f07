"""Likelihoods against scipy, data brought to one unit and convention, and everything that is refused."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl
from sightline.statistics import Brightness, Correlated, Gaussian, Likelihood, Poisson, StudentT

LINES = sl.BoxCells(cells=8)
SKY = sl.HealpixSky(nside=2)
RANDOM = np.random.default_rng(5)


@pytest.fixture(scope="module")
def simulator():
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


@pytest.fixture(scope="module")
def lines():
    return sl.Sightlines(SKY, cells=LINES)


@pytest.fixture(scope="module")
def truth(simulator, lines):
    return simulator(lines, 5.0)


def constant(model):
    return model * jnp.linspace(0.5, 2.0, 6).reshape(2, 3)


DATA = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 5.0]])
MEAN = 2.0 * np.linspace(0.5, 2.0, 6).reshape(2, 3)
SIGMA = np.array([[0.5, 1.0, 0.7], [0.2, 2.0, 1.0]])
BLOCKS = np.stack([[[2.0, 0.3], [0.3, 1.0]], [[1.0, -0.5], [-0.5, 1.0]], [[4.0, 0.0], [0.0, 0.1]]])
NOISES = {
    "gaussian": (Gaussian(SIGMA), stats.norm(MEAN, SIGMA).logpdf(DATA).sum()),
    "student": (StudentT(SIGMA, freedom=3.0), stats.t(3.0, MEAN, SIGMA).logpdf(DATA).sum()),
    "poisson": (Poisson(), stats.poisson(MEAN).logpmf(DATA).sum()),
    "correlated": (
        Correlated(BLOCKS),
        sum(stats.multivariate_normal(MEAN[:, i], BLOCKS[i]).logpdf(DATA[:, i]) for i in range(3)),
    ),
}


@pytest.mark.parametrize("kind", NOISES)
def test_density_equals_scipy(kind, precision):
    noise, expected = NOISES[kind]
    noise = jax.tree.map(lambda leaf: leaf.astype(precision), noise)
    likelihood = Likelihood(constant, DATA, noise)
    model = jnp.asarray(2.0)
    found = likelihood.log_likelihood(model)
    assert found.dtype == precision
    np.testing.assert_allclose(found, expected, rtol=1e-5 if precision == "float32" else 1e-12)
    np.testing.assert_allclose(jnp.sum(likelihood.pointwise(model)), found, rtol=1e-6)
    values = jax.vmap(likelihood.log_likelihood)(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(values[1], found, rtol=1e-6)
    drop = likelihood.log_likelihood(jnp.asarray(1.5)) - found
    half = 0.5 * (likelihood.deviance(model) - likelihood.deviance(jnp.asarray(1.5)))
    np.testing.assert_allclose(drop, half, rtol=1e-4 if precision == "float32" else 1e-10)
    if likelihood.residuals(model) is not None:
        square = [jnp.sum(likelihood.residuals(jnp.asarray(x)) ** 2) for x in (2.0, 1.5)]
        np.testing.assert_allclose(drop, 0.5 * (square[0] - square[1]), rtol=1e-4)


@pytest.mark.parametrize("kind", [*NOISES, "scattered", "scattered student"])
def test_information_is_the_variance_of_the_score(kind):
    """F = E[(d log L/d theta)^2] over data drawn from the likelihood, for mean and scatter."""
    size = (40_000, 2, 3)
    scatter = {"scattered": Gaussian(0.5 + 0 * SIGMA, "s"), "scattered student": StudentT(0.5 + 0 * SIGMA, "s", 5.0)}
    noise = scatter[kind] if kind in scatter else NOISES[kind][0]

    class Fake(eqx.Module):
        level: jax.Array
        nuisance: dict

    def make(theta):
        return Fake(theta[0], {"s": theta[1]})

    def observe(model):
        return constant(model.level)

    theta, likelihood = jnp.array([2.0, 0.8]), Likelihood(observe, DATA, noise)
    jacobian = jax.jacfwd(lambda t: likelihood.information(make(t)))(theta)
    scale, generator = np.sqrt(0.25 + 0.64), np.random.default_rng(3)
    root = np.linalg.cholesky(BLOCKS)
    draw = {
        "gaussian": lambda: MEAN + SIGMA * generator.normal(size=size),
        "student": lambda: MEAN + SIGMA * generator.standard_t(3.0, size=size),
        "poisson": lambda: generator.poisson(MEAN, size=size).astype(float),
        "correlated": lambda: MEAN + np.einsum("nij,cjn->cin", root, generator.normal(size=size)),
        "scattered": lambda: MEAN + scale * generator.normal(size=size),
        "scattered student": lambda: MEAN + scale * generator.standard_t(5.0, size=size),
    }[kind]()

    def score(data):
        return jax.grad(lambda t: jnp.sum(noise.pointwise(observe(make(t)), data, make(t))))(theta)

    scores = jax.jit(jax.vmap(score))(draw)
    expected = jnp.mean(scores[:, :, None] * scores[:, None, :], axis=0)
    np.testing.assert_allclose(jacobian.T @ jacobian, expected, atol=0.04 * float(jnp.max(expected)))


def test_counts_of_an_empty_model():
    likelihood = Likelihood(lambda rate: rate * jnp.ones(2), [0.0, 3.0], Poisson())
    assert likelihood.log_likelihood(jnp.asarray(0.0)) == -jnp.inf
    assert likelihood.pointwise(jnp.asarray(0.0))[0] == 0
    assert jnp.isfinite(jax.grad(likelihood.log_likelihood)(0.0))
    assert jnp.all(jnp.isfinite(jax.jacfwd(likelihood.information)(0.0)))


@pytest.mark.parametrize("parameters", ["IQU", "QU", "U"])
@pytest.mark.parametrize(("unit", "convention"), [("K_CMB", "IAU"), ("MJy/sr", "COSMO")])
def test_maps_are_converted_once(simulator, lines, truth, parameters, unit, convention):
    given = truth.to(unit).to_convention(convention)
    factor = float(given.I[0] / truth.I[0])
    likelihood = sl.MapLikelihood(lines, 5.0, given, noise=1e-3 * factor, parameters=parameters)
    np.testing.assert_allclose(likelihood.residuals(simulator), 0, atol=1e-9)
    np.testing.assert_allclose(likelihood.noise.sigma, 1e-3, rtol=1e-6)
    arrays = np.stack([getattr(given, name) for name in parameters])
    same = sl.MapLikelihood(
        lines, 5.0, arrays, noise=1e-3 * factor, parameters=parameters, unit=unit, convention=convention
    )
    np.testing.assert_allclose(same.data, likelihood.data, rtol=1e-12)
    assert f"{parameters}, K_RJ, COSMO (given in {unit}, {convention})" in repr(likelihood.summary())


def test_covariance_per_pixel(simulator, lines, truth):
    root = RANDOM.normal(size=(SKY.size, 3, 3))
    covariance = 1e-6 * (root @ np.swapaxes(root, 1, 2) + 0.1 * np.eye(3))
    shifted = [part + 1e-3 * jnp.asarray(RANDOM.normal(size=SKY.size)) for part in (truth.I, truth.Q, truth.U)]
    data = dataclasses.replace(truth, I=shifted[0], Q=shifted[1], U=shifted[2])
    apart = np.stack(shifted) - np.stack([truth.I, truth.Q, truth.U])
    for parameters, places in (("IQU", [0, 1, 2]), ("UQ", [2, 1])):
        block = covariance[:, places][:, :, places]
        expected = sum(
            stats.multivariate_normal(np.zeros(len(places)), c).logpdf(d)
            for c, d in zip(block, apart[places].T, strict=False)
        )
        found = sl.MapLikelihood(lines, 5.0, data, covariance=covariance, parameters=parameters)
        np.testing.assert_allclose(found.log_likelihood(simulator), expected, rtol=1e-8)
    sign = np.array([1.0, 1.0, -1.0])  # the same in IAU
    flipped = sl.MapLikelihood(lines, 5.0, data.to_convention("IAU"), covariance=covariance * np.outer(sign, sign))
    straight = sl.MapLikelihood(lines, 5.0, data, covariance=covariance)
    np.testing.assert_allclose(flipped.log_likelihood(simulator), straight.log_likelihood(simulator), rtol=1e-10)


def test_masked_pixels_are_not_simulated(simulator, truth):
    mask = np.arange(SKY.size) % 3 == 0
    blank = np.array(truth.I)
    blank[3], blank[6] = np.nan, -1.6375e30
    noise = np.full(SKY.size, 1e-3)
    noise[9] = np.inf
    fine = sl.Sightlines(sl.HealpixSky(nside=2, supersample=2), cells=LINES)
    full = simulator(fine, 5.0)
    likelihood = sl.MapLikelihood(fine, 5.0, dataclasses.replace(truth, I=jnp.asarray(blank)), noise, mask=mask)
    assert likelihood.data.shape == (3, 13)
    assert likelihood.observable.sightlines.size == 13 * 4
    np.testing.assert_allclose(likelihood.mean(simulator)[1], np.asarray(full.Q)[mask][[0, *range(4, 16)]], rtol=1e-9)
    assert "13 of 48" in repr(likelihood.summary())


def test_several_frequencies(simulator, lines):
    data = simulator(lines, [5.0, 23.0])
    likelihood = sl.MapLikelihood(lines, [5.0, 23.0], data.to("K_CMB"), noise=1e-3, parameters="QU")
    assert likelihood.data.shape == (2, 2, 48)
    np.testing.assert_allclose(likelihood.mean(simulator), likelihood.data, rtol=1e-9)


def test_instruments_and_zero_levels(simulator, lines, truth):
    beam = sl.GaussianBeam(fwhm=40.0)
    model = sl.Model(simulator, {"wide": beam}, {"zero": 0.2, "each": jnp.array([0.1, 0.3])})
    mask = np.arange(SKY.size) < 20
    likelihood = sl.MapLikelihood(lines, 5.0, truth, 1e-3, instrument="wide", offset="zero", mask=mask)
    expected = np.stack([beam(truth).I + 0.2, beam(truth).Q, beam(truth).U])[:, :20]
    np.testing.assert_allclose(likelihood.mean(model), expected, rtol=1e-9)
    other = sl.MapLikelihood(lines, 5.0, truth, 1e-3, offset="each", parameters="IU")
    np.testing.assert_allclose(other.mean(model)[1], truth.U + 0.3, rtol=1e-9)
    text = repr(likelihood.summary())
    assert "wide" in text
    assert "nuisance 'zero'" in text
    cases = [
        (likelihood, simulator, "needs a sl.Model"),
        (other, simulator, r"offset = 'each' is not in the nuisance of the model, which has none"),
        (sl.MapLikelihood(lines, 5.0, truth, 1e-3, offset="zero", parameters="QU"), model, "is not fitted"),
        (sl.MapLikelihood(lines, 5.0, truth, 1e-3, offset="each"), model, "one number for each parameter"),
    ]
    for case, wrong, message in cases:
        with pytest.raises(ValueError, match=message):
            case.log_likelihood(wrong)
    with pytest.raises(ValueError, match="no batches"):
        likelihood.batch(jnp.arange(3))


def test_batches_are_part_of_the_whole(simulator, lines, truth):
    likelihood = sl.MapLikelihood(lines, 5.0, truth + 0.1 * truth, noise=1e-3 * (1 + np.arange(48) % 5))
    index = jnp.array([5, 40, 7])
    part = eqx.filter_jit(lambda l, i, m: l.batch(i).pointwise(m))(likelihood, index, simulator)
    np.testing.assert_allclose(part, likelihood.pointwise(simulator)[:, index], rtol=1e-9)
    sources = sl.SourceCatalogue(l=[10.0, 50.0, 200.0], b=[1.0, -3.0, 30.0], distance=[1.0, 2.0, 3.0])
    measures = sl.SourceLikelihood(sl.observables.DispersionMeasure(sources), [20.0, 40.0, 30.0], 1.0)
    some = eqx.filter_jit(lambda l, i, m: l.batch(i).pointwise(m))(measures, jnp.array([2, 0]), simulator)
    np.testing.assert_allclose(some, measures.pointwise(simulator)[jnp.array([2, 0])], rtol=1e-9)


def test_bins_of_sources(simulator):
    l, b = RANDOM.uniform(0, 360, 300), RANDOM.uniform(-80, 80, 300)
    observable = sl.observables.RotationMeasure(sl.Sightlines(sl.Directions(l, b), cells=LINES))
    model = np.asarray(observable(simulator))
    data = model + RANDOM.normal(size=300) * 15
    data[7] = np.nan
    bins = (l // 60).astype(int)
    bins[:5] = -1
    likelihood = sl.BinnedLikelihood(observable, data, bins)
    used = (bins >= 0) & np.isfinite(data)
    for k in range(6):
        inside = used & (bins == k)
        np.testing.assert_allclose(likelihood.data[k], data[inside].mean(), rtol=1e-12)
        np.testing.assert_allclose(likelihood.noise.sigma[k], data[inside].std(ddof=1), rtol=1e-12)
        np.testing.assert_allclose(likelihood.mean(simulator)[k], model[inside].mean(), rtol=1e-9)
    middle = float(np.median(likelihood.noise.sigma))
    raised = sl.BinnedLikelihood(observable, data, bins, floor=middle)
    np.testing.assert_array_equal(raised.noise.sigma, np.maximum(likelihood.noise.sigma, middle))
    assert "6 of 6, 294 data" in repr(likelihood.summary())
    sky = sl.BinnedLikelihood(observable, data, bins=2, minimum=5)
    assert 20 < sky.size < 48
    assert np.all(np.isfinite(jax.grad(lambda b0: sky.log_likelihood(moved(simulator, b0)))(1.3)))
    for change, message in [
        ({"bins": bins[:10]}, "one whole number for each of 300 data"),
        ({"bins": bins, "minimum": 200}, "No bin holds 200 data"),
        ({"bins": bins, "minimum": 1}, "needs 2 data"),
        ({"bins": bins, "evaluate": "both"}, "choose 'data' or 'bins'"),
        ({"bins": bins, "data": np.ones(300)}, "all the same"),
        ({"bins": bins, "floor": -1.0}, "floor = -1.0 must be one number"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.BinnedLikelihood(**({"observable": observable, "data": data} | change))


def moved(simulator, b0):
    return eqx.tree_at(lambda s: s.magnetic_field.b0, simulator, jnp.asarray(b0))


def test_bins_of_a_fine_map(simulator):
    fine = simulator(sl.Sightlines(sl.HealpixSky(nside=8), cells=LINES), 5.0)
    coarse = Brightness(sl.Sightlines(SKY, cells=LINES), 5.0, "QU")
    likelihood = sl.BinnedLikelihood(coarse, fine.to("K_CMB").to_convention("IAU"), bins=2, evaluate="bins")
    import healpy

    expected = healpy.ud_grade(np.asarray(fine.Q), 2)
    np.testing.assert_allclose(likelihood.data[0], expected, rtol=1e-9)
    assert likelihood.mean(simulator).shape == (2, 48)
    each = sl.BinnedLikelihood(Brightness(sl.Sightlines(fine.sky, cells=LINES), 5.0, "QU"), fine, bins=2)
    np.testing.assert_allclose(each.data, likelihood.data, rtol=1e-9)
    np.testing.assert_allclose(each.residuals(simulator), 0, atol=1e-9)
    cmb = fine.to("K_CMB")
    floored = sl.BinnedLikelihood(coarse, cmb, bins=2, evaluate="bins", floor=float(jnp.max(cmb.I)))
    np.testing.assert_allclose(floored.noise.sigma, float(jnp.max(fine.I)), rtol=1e-9)
    with pytest.raises(ValueError, match="needs an observable on the full"):
        sl.BinnedLikelihood(coarse, fine, bins=4, evaluate="bins")
    arrays = np.stack([fine.Q, fine.U])
    with pytest.raises(ValueError, match="whose sky is known"):
        sl.BinnedLikelihood(coarse, arrays, bins=2, evaluate="bins", unit="K_RJ", convention="COSMO")


def test_sources(simulator):
    sources = sl.Directions(l=[10.0, 120.0, 200.0, 300.0], b=[20.0, -30.0, 40.0, 50.0])
    observable = sl.observables.RotationMeasure(sl.Sightlines(sources, cells=LINES))
    mean, data = np.asarray(observable(simulator)), np.array([3.0, np.nan, 8.0, -20.0])
    kept = [0, 2, 3]
    plain = sl.SourceLikelihood(observable, data, error=[1.0, 1.0, 2.0, 3.0], scatter=10.0)
    expected = stats.norm(mean[kept], np.hypot([1.0, 2.0, 3.0], 10)).logpdf(data[kept])
    np.testing.assert_allclose(plain.pointwise(simulator), expected, rtol=1e-10)
    free = sl.SourceLikelihood(observable, data, error=2.0, scatter="rm", student=5)
    model = sl.Model(simulator, nuisance={"rm": 4.0})
    expected = stats.t(5, mean[kept], np.hypot(2.0, 4.0)).logpdf(data[kept])
    np.testing.assert_allclose(free.pointwise(model), expected, rtol=1e-10)
    assert free.residuals(model) is None
    slope = jax.grad(lambda s: free.log_likelihood(sl.Model(simulator, nuisance={"rm": s})))(0.0)
    assert jnp.isfinite(slope)
    assert "nuisance 'rm'" in repr(free.summary())
    for change, message in [
        ({"error": 0.0}, "error must be finite and positive"),
        ({"error": [1.0, -1.0, 1.0, -2.0]}, "error must be finite and positive; 1 of 3"),
        ({"data": np.full(4, np.nan)}, "No source is left"),
        ({"data": np.ones(3)}, r"data has shape \(3,\), the observable has 4"),
        ({"scatter": -1.0}, "not negative"),
        ({"student": 0.0}, "must be positive"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.SourceLikelihood(**({"observable": observable, "data": data, "error": 1.0} | change))


def test_fitted_distances(simulator):
    sources = sl.SourceCatalogue(l=[10.0, 120.0, 200.0], b=[2.0, -3.0, 4.0], distance=[1.0, 2.0, 3.0])
    observable = sl.observables.DispersionMeasure(sources, distance="d")
    likelihood = sl.SourceLikelihood(observable, [20.0, np.nan, 40.0], error=1.0)
    model = sl.Model(simulator, nuisance={"d": jnp.array([2.0, 2.0, 4.0])})
    far = sl.SourceCatalogue(l=[10.0, 200.0], b=[2.0, 4.0], distance=[2.0, 4.0])
    np.testing.assert_allclose(likelihood.mean(model), simulator.dispersion_measure(far), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": 0.0}, "noise must be finite and positive"),
        ({"noise": -np.ones(48)}, "noise must be finite and positive; 144 of 144"),
        ({"noise": np.ones(7)}, "does not fit data"),
        ({"noise": None}, "either noise"),
        ({"covariance": np.eye(3)}, "covariance has shape"),
        ({"noise": None, "covariance": np.tile(np.diag([1.0, 1.0, 0.0]), (48, 1, 1))}, "symmetric and positive"),
        ({"mask": np.zeros(48, bool)}, "No pixel is left"),
        ({"mask": np.ones(12, bool)}, "mask has shape"),
        ({"sky": sl.HealpixSky(4)}, "data are at NSIDE 2 in RING order, the sky at NSIDE 4 in RING order"),
        ({"sky": sl.HealpixSky(2, nest=True)}, "the sky at NSIDE 2 in NESTED order"),
        ({"sky": sl.HealpixSky(2, pixels=range(48)[::-1])}, "other pixels"),
        ({"frequency": 23.0}, "The data are at 5.0 GHz, frequency = 23.0 GHz"),
        ({"parameters": "IVU"}, "The data have no V"),
        ({"parameters": "II"}, "each once"),
        ({"unit": "K_RJ"}, "knows its unit"),
        ({"data": np.ones((3, 48))}, "data are arrays: state unit"),
        ({"data": np.full((3, 48), np.nan), "unit": "K_RJ", "convention": "IAU"}, "every pixel is blank"),
        ({"data": np.ones((3, 192)), "unit": "K_RJ", "convention": "IAU"}, "192 pixels, as at NSIDE 4, the sky 48"),
        ({"data": np.ones((3, 48)), "unit": "K_RJ", "convention": "ESA"}, "convention 'ESA'"),
        ({"data": np.ones((3, 48)), "unit": "K", "convention": "IAU"}, "unit 'K' is not known"),
    ],
)
def test_refused_maps(truth, change, message):
    arguments = {"sky": SKY, "frequency": 5.0, "data": truth, "noise": 1e-3} | change
    with pytest.raises(ValueError, match=message):
        sl.MapLikelihood(**arguments)


def test_refused_likelihoods():
    for arguments, message in [
        ((constant, np.full((2, 3), np.nan), Gaussian(SIGMA)), "6 of 6 data are not finite"),
        ((constant, np.zeros((2, 0)), Gaussian(SIGMA)), "data are empty"),
        ((constant, DATA, Gaussian(SIGMA[0])), "one a datum"),
        ((constant, DATA + 0.5, Poisson()), "whole numbers"),
        ((constant, DATA, Correlated(BLOCKS[:2])), "covariance has shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            Likelihood(*arguments)
    with pytest.raises(ValueError, match=r"the model gives \(2, 3\), the data are \(3,\)"):
        Likelihood(constant, DATA[0], Gaussian(SIGMA[0])).log_likelihood(jnp.asarray(1.0))


class Counting(eqx.Module):
    """An observable that counts how often it is traced."""

    traces: list = eqx.field(static=True)

    def __call__(self, model):
        self.traces.append(1)
        return model["a"] * jnp.arange(1.0, 5.0) + model["b"]


def straight_line(data, traces=None, **options):
    start = {"a": jnp.asarray(1.0), "b": jnp.asarray(0.5)}
    priors = {"a": dist.Normal(0.0, 2.0), "b": dist.Uniform(-3.0, 3.0)}
    likelihood = Likelihood(Counting([] if traces is None else traces), data, Gaussian(jnp.full(4, 0.5)))
    return sl.Posterior(sl.ParameterSpace(start, priors), likelihood, **options)


class Twice(sl.statistics.AbstractGaussianRegulariser):
    def residuals(self, model):
        return 2 * model["a"][None]


def test_posterior_is_the_sum_of_its_parts():
    data = jnp.array([1.0, 2.0, 4.0, 5.0])
    posterior = straight_line(data, regularisers=[Twice()])
    posterior = eqx.tree_at(lambda p: p.likelihoods, posterior, posterior.likelihoods * 2)
    values = {"a": 1.3, "b": 0.1}
    likelihood = 2 * stats.norm(1.3 * np.arange(1, 5) + 0.1, 0.5).logpdf(data).sum()
    prior = stats.norm(0, 2).logpdf(1.3) + np.log(1 / 6)
    np.testing.assert_allclose(posterior.log_likelihood(values), likelihood, rtol=1e-12)
    np.testing.assert_allclose(posterior.log_prior(values), prior, rtol=1e-12)
    np.testing.assert_allclose(posterior.log_posterior(values), likelihood + prior - 2 * 1.3**2, rtol=1e-12)
    u = posterior.space.to_unconstrained(values)
    expected = likelihood + prior - 2 * 1.3**2 + posterior.space.log_jacobian(u)
    np.testing.assert_allclose(posterior.log_density(u), expected, rtol=1e-12)
    assert list(posterior.pointwise(values)) == ["data", "data_2"]
    assert posterior.size == 8
    drop = posterior.log_posterior(values) - posterior.log_posterior({})
    square = [jnp.sum(posterior.residuals(v) ** 2) for v in (values, {})]
    np.testing.assert_allclose(drop, 0.5 * (square[1] - square[0]), rtol=1e-10)
    assert "data_2" in repr(posterior.summary())


def test_a_second_call_compiles_nothing():
    traces = []
    posterior, other = (straight_line(jnp.asarray(data), traces) for data in (np.ones(4), np.zeros(4)))
    functions = [type(posterior).log_density, type(posterior).residuals, type(posterior).information]
    for function in functions:
        function(posterior, posterior.space.initial)
    before = len(traces)
    for function in functions:
        assert not jnp.array_equal(
            function(posterior, posterior.space.initial),
            function(other, {"a": jnp.asarray(2.0), "b": jnp.asarray(0.1)}),
        )
    assert len(traces) == before


def test_gradient_of_a_posterior_equals_differences(simulator, lines, truth, precision):
    if precision == "float32":
        simulator, lines, truth = jax.tree.map(
            lambda x: x.astype(precision) if eqx.is_inexact_array(x) else x, (simulator, lines, truth)
        )
    space = sl.ParameterSpace(
        simulator, {"magnetic_field.b0": dist.Uniform(0, 10), "cosmic_rays.n0": dist.HalfNormal(1)}
    )
    sources = sl.SourceCatalogue(l=[10.0, 50.0, 200.0], b=[1.0, -3.0, 30.0], distance=[1.0, 2.0, 3.0])
    rotation = sl.SourceLikelihood(sl.observables.RotationMeasure(sources), [20.0, 40.0, 30.0], 5.0)
    posterior = sl.Posterior(space, [sl.MapLikelihood(lines, 5.0, 1.02 * truth, noise=1e-3), rotation])
    u = space.to_unconstrained(space.initial)
    value, slope = jax.value_and_grad(posterior.log_density)(u)
    assert value.dtype == precision
    _, forward = jax.jvp(
        posterior.log_density, (u,), ({"magnetic_field.b0": jnp.ones_like(value), "cosmic_rays.n0": 0 * value},)
    )
    np.testing.assert_allclose(slope["magnetic_field.b0"], forward, rtol=1e-3 if precision == "float32" else 1e-10)
    if precision == "float64":
        batch = jax.vmap(posterior.log_density)(jax.tree.map(lambda x: jnp.stack([x, x + 0.1]), u))
        np.testing.assert_allclose(batch[0], value, rtol=1e-12)
        up, down = ({**u, "magnetic_field.b0": u["magnetic_field.b0"] + h} for h in (1e-5, -1e-5))
        step = (posterior.log_density(up) - posterior.log_density(down)) / 2e-5
        np.testing.assert_allclose(slope["magnetic_field.b0"], step, rtol=1e-6)


def test_batches_estimate_the_posterior(simulator, lines, truth):
    space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Normal(0, 10)})
    posterior = sl.Posterior(space, sl.MapLikelihood(lines, 5.0, 1.02 * truth, noise=1e-4))
    estimates = jax.vmap(lambda key: posterior.log_batch({}, key, 12))(jax.random.split(jax.random.key(0), 200))
    error = jnp.std(estimates) / 200**0.5
    assert abs(float(jnp.mean(estimates) - posterior.log_posterior({}))) < 4 * float(error)
    np.testing.assert_allclose(posterior.log_batch({}, jax.random.key(0), 48), posterior.log_posterior({}), rtol=1e-12)


def test_memory_of_a_gradient_is_bounded(simulator):
    """Four times the pixels need little more memory: rays are recomputed in the backward pass."""

    def memory(nside):
        lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=64))
        blank = sl.Stokes(*jnp.zeros((3, lines.size)), frequency=5.0, sky=lines.sky)
        space = sl.ParameterSpace(simulator, {"magnetic_field.*": dist.Normal(0, 90)})
        posterior = sl.Posterior(space, sl.MapLikelihood(lines, 5.0, blank, noise=1e-3))
        dynamic, static = eqx.partition(posterior, eqx.is_array)
        gradient = jax.jit(lambda u, d: jax.grad(lambda v: eqx.combine(d, static).log_density(v))(u))
        return gradient.lower(space.initial, dynamic).compile().memory_analysis().temp_size_in_bytes

    assert memory(16) < 1.6 * memory(8)


def test_refused_posteriors(simulator, lines, truth):
    space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    likelihood = sl.MapLikelihood(lines, 5.0, truth, 1e-3, offset="zero")
    for arguments, error, message in [
        ((space, [likelihood]), ValueError, "'zero' is not in the nuisance"),
        ((space, []), ValueError, "likelihoods is empty"),
        ((space, [truth]), TypeError, "is no AbstractLikelihood"),
        ((simulator, likelihood), TypeError, "ParameterSpace"),
        ((space, sl.MapLikelihood(lines, 5.0, truth, 1e-3), [1.0]), TypeError, "is no AbstractRegulariser"),
    ]:
        with pytest.raises(error, match=message):
            sl.Posterior(*arguments)
    model = sl.Model(simulator, nuisance={"zero": 0.0})
    for prior, noise in ((dist.LogNormal(0.0, 1.0), None), (dist.Uniform(0, 9), 4)):
        rotation = sl.SourceLikelihood(
            sl.observables.RotationMeasure(sl.Directions(0.0, 50.0)), [3.0], 1.0, student=noise
        )
        posterior = sl.Posterior(sl.ParameterSpace(model, {"*.b0": prior}), rotation)
        assert not posterior.has_residuals()
        with pytest.raises(ValueError, match=r"sl\.BFGS"):
            posterior.residuals({})


def test_what_would_count_twice_is_refused(simulator, lines, truth):
    """The same data of one name, with whatever noise, and the same regulariser."""
    maps, known = truth, {"parameters": "QU"}
    space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    one = sl.MapLikelihood(lines, 5.0, maps, 1e-3, **known)
    again = sl.MapLikelihood(lines, 5.0, maps, 2e-3, **known)
    sl.Posterior(space, [one, sl.MapLikelihood(lines, 5.0, maps, 1e-3, name="another", **known)])
    for pair in ([one, one], [one, again]):
        with pytest.raises(
            ValueError, match=r"likelihoods\[0\] and likelihoods\[1\], both 'map.*', hold the same data"
        ):
            sl.Posterior(space, pair)
    parts = [sl.MapLikelihood(lines, 5.0, maps, 1e-3, parameters=name) for name in "QU"]
    bound = functools.partial(sl.EnergyBound, jnp.full((1, 3), 5.0), scale=1.0)
    sl.Posterior(space, parts, [bound(bounds=(0.0, 0.5)), bound(bounds=(0.0, 0.6))])
    with pytest.raises(ValueError, match=r"regularisers\[0\] and regularisers\[1\] are the same EnergyBound"):
        sl.Posterior(space, parts, [bound(bounds=(0.0, 0.5)), bound(bounds=(0.0, 0.5))])


def test_a_scatter_of_any_name_counts(simulator):
    """An empty name is a name: residuals know nothing of a scatter that the density has."""
    for noise in (Gaussian(np.ones(2), ""), StudentT(np.ones(2), "")):
        assert noise.residuals(jnp.ones(2), jnp.zeros(2)) is None
        assert len(noise.information(jnp.ones(2), sl.Model(simulator, nuisance={"": 1.0}))) == 2
        assert "intrinsic scatter: nuisance ''" in noise.describe()
    for kind in (Gaussian, StudentT):  # the second argument is no number, as degrees of freedom
        with pytest.raises(TypeError, match=r"scatter is a float: give the name of .* degrees of freedom to freedom="):
            kind(np.ones(2), 4.0)


def test_replicated_data_go_to_the_likelihood_they_are_of():
    model = {"z": jnp.asarray(1.0), "a": jnp.asarray(5.0)}

    def flat(name):
        noise = Gaussian(1e-3 * jnp.ones(3))
        return Likelihood(lambda m: m[name] * jnp.ones(3), jnp.ones(3), noise, name=name)

    posterior = sl.Posterior(sl.ParameterSpace(model, {"*": dist.Normal(0.0, 9.0)}), [flat("z"), flat("a")])
    replica = posterior.replicate({}, jax.random.key(0))
    for one, mean in zip(replica.likelihoods, (1.0, 5.0), strict=True):
        np.testing.assert_allclose(one.data, mean, atol=0.01)


def test_what_is_no_noise_is_refused():
    with pytest.raises(TypeError, match=r"noise = 0\.3 is no noise"):
        sl.Likelihood(lambda model: model, [1.0, 2.0], 0.3)


def test_counts_without_a_mean_are_impossible_in_both():
    """log L is -inf there, and Cash's statistic infinite; without counts it is 2 m."""
    mean, data = jnp.array([0.0, 1.0]), jnp.array([2.0, 1.0])
    assert float(Poisson().deviance(mean, data, None)) == np.inf
    assert float(jnp.sum(Poisson().pointwise(mean, data, None))) == -np.inf
    assert float(Poisson().deviance(jnp.zeros(2), jnp.zeros(2), None)) == 0


@pytest.mark.parametrize("unit", [1e-17, 1e-11, 1.0, 1e16])
@pytest.mark.parametrize("noise", [Gaussian, StudentT])
def test_units_do_not_matter_to_an_intrinsic_scatter(precision, noise, unit):
    """In single precision 1/v^2 of v = sigma^2 + s^2 is no number beyond 1e-10 and 1e10."""

    def slopes(unit):
        known = noise(jnp.full(4, 0.1 * unit), scatter="s")
        one = Likelihood(lambda m: m.nuisance["a"] * jnp.ones(4), unit * np.array([1.0, 2.5, 0.4, 1.8]), known)
        height = lambda a, s: one.log_likelihood(sl.Model(nuisance={"a": a * unit, "s": s * unit}))  # noqa: E731
        return jax.grad(height, (0, 1))(jnp.asarray(1.4), jnp.asarray(0.5))

    np.testing.assert_allclose(
        slopes(unit), slopes(1.0), **({"rtol": 2e-5, "atol": 1e-5} if precision == "float32" else {"rtol": 1e-12})
    )


def test_faint_data_keep_their_deviance_in_single_precision():
    with jax.enable_x64(False):
        data = np.random.default_rng(0).normal(size=50) * 2e-19
        one = Likelihood(lambda m: jnp.zeros(50), data, Gaussian(jnp.full(50, 2e-19)))
        np.testing.assert_allclose(one.deviance(None), np.sum((data / 2e-19) ** 2), rtol=1e-5)


def test_empty_bins_without_a_mean_have_second_derivatives(precision):
    tiny = {"float64": 1e-160, "float32": 1e-25}[precision]
    found = jax.hessian(lambda m: Poisson().pointwise(m, jnp.zeros(1), None)[0])(jnp.array([tiny]))
    np.testing.assert_array_equal(found, 0)


def test_the_deviance_of_powers_below_zero_depends_on_the_mean():
    noise, data = sl.statistics.Wishart(jnp.array([5.0, 5.0])), jnp.array([-0.1, 0.7])
    height = lambda m: jnp.sum(noise.pointwise(m, data, None))  # noqa: E731
    at = jnp.array([1.0, 1.3])
    np.testing.assert_allclose(jax.grad(lambda m: -0.5 * noise.deviance(m, data, None))(at), jax.grad(height)(at))


def test_a_scatter_far_above_the_errors(precision):
    one = Gaussian(jnp.array([1e-15]), scatter="s")
    model = sl.Model(nuisance={"s": 1.0})
    assert float(one.pointwise(jnp.zeros(1), jnp.ones(1), model)[0]) == pytest.approx(-0.5 - 0.5 * np.log(2 * np.pi))
