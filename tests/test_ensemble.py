"""Galactic variance: the likelihood of an ensemble of realisations against dense matrices and closed forms."""

import dataclasses
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jaxtyping import Array, Float
from scipy import interpolate, special

import sightline as sl
from sightline.statistics import Correlated, Gaussian, Likelihood, Poisson, StudentT
from sightline.statistics.localised import LocalisedEnsemble, localised_covariance

HALF = (4.0, 4.0, 4.0)
KEYS = jax.random.split(jax.random.key(3), 32)
RANDOM = np.random.default_rng(1)
PLACES = RANDOM.uniform(-3.5, 3.5, (2, 10, 3))
SCALE = np.array([[1.0], [20.0]])
SIGMA = SCALE * RANDOM.uniform(0.3, 1.0, (2, 10))
DATA = SCALE * RANDOM.normal(0.0, 2.0, (2, 10))
NAMES = ("terms.turbulence.rms", "terms.turbulence.slope", "terms.turbulence.outer_scale", "terms.regular.b")


class Waves(sl.fields.AbstractTurbulent, sl.fields.AbstractField):
    """The simplest turbulence: independent numbers of a given rms."""

    latents: Float[Array, "4 5 4"] = sl.param(kw_only=True)
    rms: Float[Array, ""] = sl.param(kw_only=True)

    def __call__(self, position):
        return self.rms * position


def make(rms=1.0):
    return Waves(latents=jnp.ones((4, 5, 4)), rms=rms, outer_scale=40.0)


def waves(model):
    return 0.3 + model.rms * model.latents.ravel() + 0.1 * (model.rms * model.latents.ravel()) ** 2


def fields():
    turbulence = sl.magnetic.Turbulent((8, 8, 8), HALF, rms=1.5, outer_scale=5.0, key=jax.random.key(0))
    return sl.fields.Sum(turbulence=turbulence, regular=sl.magnetic.Uniform((0.4, -0.2, 0.1)))


def measured(model):
    """Ten numbers in two rows, of other unit and scale."""
    values = jax.vmap(jax.vmap(model.prepare()))(jnp.asarray(PLACES))
    return jnp.stack([values[0, :, 0], 20 * values[1, :, 1] + 0.5 * values[1, :, 2] ** 2])


def ensemble(keys=KEYS):
    return sl.EnsembleLikelihood(Likelihood(measured, DATA, Gaussian(SIGMA), name="toy"), keys)


def localised(away):
    """S o (1 - a + a R o R), element by element."""
    sample = away.T @ away / (len(away) - 1)
    sd = np.sqrt(np.diagonal(sample))
    squares = (sample / np.outer(sd, sd)) ** 2
    noise = np.sqrt(min(np.sum(1 + squares) / ((len(away) - 1) * np.sum(squares)), 1))
    return sample * (1 - noise + noise * squares), noise


def judged(turbulence, held):
    """ln c that each held-out simulation asks for, its variance by noise, and the information, by eigenvalues."""
    values, vectors = np.linalg.eigh(turbulence)
    share = values / (1 + values)
    weight, square = share / (1 + values), (held @ vectors) ** 2
    total, information = np.sum((square + 1) * weight, axis=1), 0.5 * np.sum(share**2)
    noise = (2 * np.sum(weight**2) + 4 * np.sum(square * weight**2, axis=1)) / total**2
    slope = np.sum(share) / (2 * information)
    found = slope * (np.log(total / np.sum(share)) - noise / 2 + 2 * information / np.sum(share) ** 2)
    return found, slope**2 * noise, information


def dense(draws):
    """Mean, covariances of the parts, ln c_0 and tau^2 of simulations in units of the noise, as matrices."""
    number, mean = len(draws), draws.mean(axis=0)
    part, away = np.arange(number) % 4, draws - mean
    parts = [localised(away[part != fold])[0] for fold in range(4)]
    held, scale = away * np.sqrt(number / (number - 1)), 0.0
    for _ in range(4):
        each = [judged(np.exp(scale) * one, held[part == fold]) for fold, one in enumerate(parts)]
        found, noise = (np.concatenate([one[i] for one in each]) for i in (0, 1))
        scale += np.clip(np.mean(found), -2, 2)
    spread = (1 + 1 / number) * (number - 1) / (number - 3) * np.var(found, ddof=1)
    return mean, parts, scale, max(spread + np.mean(noise) - 1 / np.mean([one[2] for one in each]), 0)


def integrated(values, mean, parts, scale, uncertainty):
    """log of the integral over the scale, on a fine grid, the mean over the parts."""
    z = np.linspace(-6, 6, 241)
    heights = []
    for one in parts:
        eigenvalues, vectors = np.linalg.eigh(one)
        variance = 1 + np.exp(scale + np.sqrt(uncertainty) * z)[:, None] * eigenvalues
        terms = np.sum(np.log(2 * np.pi * variance) + ((values - mean) @ vectors) ** 2 / variance, axis=1)
        heights.append(special.logsumexp(-0.5 * terms - 0.5 * z**2) - special.logsumexp(-0.5 * z**2))
    return np.mean(heights)


@eqx.filter_jit
def everything(one, model):
    """All that the likelihood says, and its slope."""
    return {
        "mean": one.mean(model),
        "covariance": one.covariance(model),
        "log_likelihood": one.log_likelihood(model),
        "deviance": one.deviance(model),
        "normalised": one.normalised(model),
        "slope": eqx.filter_grad(lambda m: one.log_likelihood(m))(model),
    }


def check(found, draws, sigma, data):
    sigma, data = np.ravel(sigma), np.ravel(data)
    mean, parts, scale, uncertainty = dense(draws.reshape(len(draws), -1) / sigma)
    covariance = np.outer(sigma, sigma) * (np.eye(sigma.size) + np.exp(scale) * np.mean(parts, axis=0))
    away = data - mean * sigma
    np.testing.assert_allclose(found["mean"].ravel(), mean * sigma, rtol=1e-10)
    np.testing.assert_allclose(found["covariance"], covariance, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["deviance"], away @ np.linalg.solve(covariance, away), rtol=1e-7)
    np.testing.assert_allclose(np.sum(found["normalised"] ** 2), found["deviance"], rtol=1e-10)
    expected = integrated(data / sigma, mean, parts, scale, uncertainty) - np.sum(np.log(sigma))
    np.testing.assert_allclose(found["log_likelihood"], expected, atol=0.02)
    assert abs(scale) < 2
    return uncertainty


def test_everything_equals_dense_matrices():
    one, model = ensemble(), fields()

    @jax.jit
    def by_hand(key):
        latents = jax.random.normal(jax.random.split(key, 1)[0], (3, 8, 8, 8))
        return measured(eqx.tree_at(lambda m: m.terms["turbulence"].latents, model, latents))

    assert check(everything(one, model), np.asarray(jax.lax.map(by_hand, KEYS)), SIGMA, DATA) > 0


def test_small_correlations_are_damped_and_large_ones_kept():
    """Two data of correlation r: S_12 (1 - a + a r^2), with a^2 = sum (1 + R^2)/((N - 1) sum R^2)."""
    x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]] * 8) * np.sqrt(31 / 32)
    for r in (0.0, 0.1, 0.999):
        away = x @ np.array([[1, r], [0, np.sqrt(1 - r**2)]]) * np.array([1.0, 50.0])
        squares = 2 + 2 * r**2
        noise = np.sqrt((4 + squares) / (31 * squares))
        found = np.asarray(localised_covariance(jnp.asarray(away)))
        np.testing.assert_allclose(np.diagonal(found), [1, 2500], rtol=1e-12)
        np.testing.assert_allclose(found[0, 1], 50 * r * (1 - noise + noise * r**2), atol=1e-12)
    few = np.random.default_rng(0).normal(size=(8, 40))
    assert np.linalg.eigvalsh(np.asarray(localised_covariance(jnp.asarray(few))))[0] > 1e-3


def test_the_scale_is_right_for_fewer_realisations_than_data():
    """Pulls of ln rms of 60 correlated data by 32 realisations, with 48 ensembles and eight data each."""
    random, size = np.random.default_rng(2), 60
    places = np.linspace(0, 1, size)
    covariance = 400 * np.exp(-np.abs(places[:, None] - places) / 0.3)
    root, grid = np.linalg.cholesky(covariance), np.linspace(-0.8, 0.8, 13)

    @jax.jit
    def curve(simulations, data):
        def at(x):
            found = LocalisedEnsemble(jnp.exp(x) * simulations)
            return jax.vmap(found.log_density)(data)

        return jax.lax.map(at, jnp.asarray(grid))

    fine, pulls = np.linspace(grid[0], grid[-1], 401), []
    for _ in range(48):
        simulations, data = (random.normal(size=(n, size)) @ root.T for n in (32, 8))
        data = data + random.normal(size=data.shape)
        for height in np.asarray(curve(jnp.asarray(simulations), jnp.asarray(data))).T:
            weight = np.exp(interpolate.CubicSpline(grid, height - height.max())(fine))
            weight /= weight.sum()
            mean = weight @ fine
            pulls.append(mean / np.sqrt(weight @ (fine - mean) ** 2))
    assert abs(np.mean(pulls)) < 0.3
    assert 0.7 < np.std(pulls) < 1.2
    assert np.mean(np.abs(pulls) < 2) > 0.92


def test_data_that_are_one_more_realisation_fit_in_single_precision():
    with jax.enable_x64(False):
        model, key = make(), jax.random.key(5)
        plain = Likelihood(lambda m: waves(m).reshape(2, 40), np.ones((2, 40)), Gaussian(np.full((2, 40), 0.2)))
        one = sl.EnsembleLikelihood(plain, KEYS)
        found = everything(one, model)
        assert found["covariance"].dtype == jnp.float32
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found))
        drawn = jax.vmap(lambda key: one.draw(model, key))(jax.random.split(key, 200))
        assert drawn.shape == (200, 2, 40)
        ratio = jnp.var(drawn, axis=0).ravel() / jnp.diagonal(found["covariance"])
        assert 0.5 < jnp.median(ratio) < 2


@pytest.fixture(scope="module")
def posterior():
    with pytest.warns(sl.EnsembleWarning, match=r"turbulence.slope, .*outer_scale free .* 32 realisations of 20 data"):
        return sl.Posterior(sl.ParameterSpace(fields(), {name: dist.Normal(0.0, 5.0) for name in NAMES}), ensemble())


def test_gradient_equals_differences_in_both_modes(posterior):
    values = posterior.space.initial
    slope, forward = jax.grad(posterior.log_likelihood)(values), jax.jacfwd(posterior.log_likelihood)(values)
    for name in NAMES:
        np.testing.assert_allclose(forward[name], slope[name], rtol=1e-9)
        up, down = (posterior.log_likelihood({**values, name: values[name] + h}) for h in (1e-5, -1e-5))
        np.testing.assert_allclose(jnp.sum(slope[name]), (up - down) / 2e-5, rtol=1e-6)
    batch = jax.vmap(posterior.log_likelihood)(jax.tree.map(lambda v: jnp.stack([v, 1.1 * v]), values))
    np.testing.assert_allclose(batch[0], posterior.log_likelihood(values), rtol=1e-10)


def test_keys_fix_the_values_and_latents_of_the_model_do_not_count(posterior):
    height = posterior.log_likelihood({})
    place = "terms.turbulence.latents"
    other = eqx.tree_at(lambda p: p.space.model.terms["turbulence"].latents, posterior, replace_fn=lambda x: x + 1)
    assert place not in NAMES
    assert height == posterior.log_likelihood({}) == other.log_likelihood({})
    keys = jax.random.split(jax.random.key(4), 32)
    assert eqx.tree_at(lambda p: p.likelihoods[0].keys, posterior, keys).log_likelihood({}) != height


def test_information_is_that_of_mean_and_covariance(posterior):
    """F = dm.C^-1 dm + tr(C^-1 dC C^-1 dC)/2 - v v tau^2/(1 + tau^2 H), v = tr(C^-1 dC C^-1 c_0 K)/2, of matrices."""
    one, values = posterior.likelihoods[0], posterior.space.initial
    vector, back = jax.flatten_util.ravel_pytree(values)

    @jax.jit
    @jax.jacfwd
    def jacobians(vector):
        model = posterior.space.replace(back(vector))
        return one.information(model), one.mean(model).ravel(), one.covariance(model)

    rows, slope, change = jacobians(vector)
    covariance = np.asarray(everything(one, fields())["covariance"])
    inverse, turbulence = np.linalg.inv(covariance), covariance - np.diag(SIGMA.ravel() ** 2)
    expected = slope.T @ inverse @ slope + 0.5 * jnp.einsum("ab,bci,cd,daj->ij", inverse, change, inverse, change)
    shared = 0.5 * jnp.einsum("ab,bci,cd,da->i", inverse, change, inverse, turbulence)
    information = 0.5 * np.trace(inverse @ turbulence @ inverse @ turbulence)
    uncertainty = float(one._ensemble(fields()).uncertainty)
    expected = expected - np.outer(shared, shared) * uncertainty / (1 + uncertainty * information)
    np.testing.assert_allclose(rows.T @ rows, expected, rtol=1e-6, atol=1e-8 * float(jnp.max(expected)))


def test_without_turbulence_it_is_the_plain_likelihood(precision):
    model = make(0.0)
    plain = Likelihood(lambda m: waves(m).reshape(2, 40), np.ones((2, 40)), Gaussian(np.full((2, 40), 0.2)))
    one = sl.EnsembleLikelihood(plain, KEYS)
    found = everything(one, model)
    rtol = 1e-12 if precision == "float64" else 1e-5
    np.testing.assert_allclose(found["log_likelihood"], plain.log_likelihood(model), rtol=rtol)
    np.testing.assert_allclose(found["normalised"], -plain.residuals(model), rtol=1e-5)
    for rms in (0.0, 1e-12, 1e-5, 1e5):
        slope = everything(one, dataclasses.replace(model, rms=rms))["slope"]
        assert np.isfinite(slope.rms), rms


def test_an_injected_rms_is_recovered():
    data = 2.5 * RANDOM.normal(size=80)
    likelihood = Likelihood(lambda m: m.rms * m.latents.ravel(), data, Gaussian(np.full(80, 0.1)))
    one = sl.EnsembleLikelihood(likelihood, jax.random.split(jax.random.key(1), 64))
    posterior = sl.Posterior(sl.ParameterSpace(make(), {"rms": dist.Uniform(0.1, 20.0)}), one)
    result = sl.fit(posterior).raise_for_status()
    assert not posterior.has_residuals()
    error = float(result.standard_deviations["rms"])
    assert abs(result.parameters["rms"] - 2.5) < 3 * error
    # at best 2.5/sqrt(160): two numbers of the ensemble's scale are not free
    assert 0.19 < error < 0.4
    again = sl.fit(posterior, start=result)
    assert again.status == "converged"
    assert len(again.history) < 4


@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
@pytest.mark.filterwarnings("ignore::sightline.EnsembleWarning")
@pytest.mark.long
def test_maps_bins_and_several_turbulent_fields():
    box = {"half_widths": (12.0, 12.0, 4.0), "outer_scale": 9.0, "key": jax.random.key(0)}
    simulator = sl.Simulator(
        sl.magnetic.LSA() + sl.magnetic.Turbulent((12, 12, 8), **box),
        sl.electrons.Turbulent((12, 12, 8), profile=sl.electrons.ExponentialDisk(), **box),
        sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(),),
    )
    lines = sl.Sightlines(sl.HealpixSky(nside=1), cells=sl.RadialCells(cells=8))
    maps = sl.MapLikelihood(lines, 23.0, data=simulator(lines, 23.0), noise=1e-6, mask=np.arange(12) > 1)
    measure = sl.observables.RotationMeasure(lines)
    bins = sl.BinnedLikelihood(measure, measure(simulator), bins=np.arange(12) // 4, floor=5.0)
    keys = jax.random.split(jax.random.key(2), 8)
    names = {"magnetic_field.terms.lsa.b0": dist.Normal(1.0, 1.0), "*.log_rms": dist.Normal(0.5, 0.2)}
    posterior = sl.Posterior(
        sl.ParameterSpace(simulator, names), [sl.EnsembleLikelihood(one, keys) for one in (maps, bins)]
    )
    slope = jax.grad(posterior.log_posterior)(posterior.space.initial)
    assert all(np.isfinite(value) and value != 0 for value in slope.values())
    assert posterior.size == 33
    assert "8 realisations" in repr(posterior.summary())
    assert "pixels" in repr(posterior.likelihoods[0].summary())
    replica = posterior.replicate({}, jax.random.key(1))
    assert [one.data.shape for one in replica.likelihoods] == [(3, 10), (3,)]


def test_memory_is_that_of_one_realisation():
    turbulence = sl.magnetic.Turbulent((32, 32, 32), HALF, outer_scale=4.0, key=jax.random.key(0))
    field, static = eqx.partition(turbulence, eqx.is_array)
    plain = Likelihood(lambda m: m.prepare().table[0, 0, :8, 0], np.ones(8), Gaussian(np.ones(8)))

    def memory(count):
        one = sl.EnsembleLikelihood(plain, jax.random.split(jax.random.key(0), count))
        slope = jax.jit(jax.grad(lambda m: one.log_likelihood(eqx.combine(m, static))))
        return slope.lower(field).compile().memory_analysis().temp_size_in_bytes

    assert memory(96) < 1.1 * memory(32)


def test_bad_input_is_refused_by_name():
    plain = ensemble().likelihood
    for keys, message in [
        (KEYS[:1], "8 realisations or more"),
        (KEYS[:7], "8 realisations or more"),
        (jnp.ones((4, 2)), "jax.random.split"),
        (jnp.concatenate([KEYS, KEYS[:1]]), "not all different"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.EnsembleLikelihood(plain, keys)
    with pytest.warns(sl.EnsembleWarning, match="Take 32 keys"):
        sl.EnsembleLikelihood(plain, KEYS[:31])
    with pytest.raises(ValueError, match="up to 2048 data"):
        sl.EnsembleLikelihood(Likelihood(lambda m: jnp.ones(2049), jnp.ones(2049), Gaussian(jnp.ones(2049))), KEYS)
    with pytest.raises(TypeError):
        sl.EnsembleLikelihood(3.0, KEYS)
    for noise in (Gaussian(jnp.ones(3), "scatter"), Poisson(), StudentT(jnp.ones(3))):
        with pytest.raises(ValueError, match="independent Gaussian noise of known width"):
            sl.EnsembleLikelihood(Likelihood(lambda m: jnp.ones(3), jnp.ones(3), noise), KEYS)
    matrices = Likelihood(lambda m: jnp.ones((2, 3)), jnp.ones((2, 3)), Correlated(np.stack([np.eye(2)] * 3)))
    with pytest.raises(ValueError, match="not Gaussian, correlated"):
        sl.EnsembleLikelihood(matrices, KEYS)
    smooth = Likelihood(lambda m: m.b, jnp.ones(3), Gaussian(jnp.ones(3)))
    uniform = sl.ParameterSpace(sl.magnetic.Uniform((1.0, 0.0, 0.0)), {"b": dist.Normal(0.0, 1.0)})
    with pytest.raises(ValueError, match="no turbulent field"):
        sl.Posterior(uniform, sl.EnsembleLikelihood(smooth, KEYS))


def test_batches_and_residuals_are_refused(posterior):
    with pytest.raises(ValueError, match="no batches"):
        posterior.log_batch({}, jax.random.key(0), 5)
    with pytest.raises(ValueError, match=r"no residuals.*sl\.BFGS"):
        posterior.residuals({})


def test_a_free_rms_is_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("terms.turbulence.rms", "terms.regular.b"):
            sl.Posterior(sl.ParameterSpace(fields(), {name: dist.Normal(0.0, 5.0)}), ensemble())
        many = jax.random.split(jax.random.key(0), 80)
        sl.Posterior(sl.ParameterSpace(fields(), {NAMES[1]: dist.Normal(0.0, 5.0)}), ensemble(many))
