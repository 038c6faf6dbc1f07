"""Galactic variance: the likelihood of an ensemble of realisations against dense matrices and closed forms."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jaxtyping import Array, Float
from scipy import stats

import sightline as sl
from sightline.statistics import Correlated, Gaussian, Likelihood, Poisson, StudentT
from sightline.statistics.shrinkage import ShrunkCovariance

HALF = (4.0, 4.0, 4.0)
KEYS = jax.random.split(jax.random.key(3), 6)
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


def dense(draws, sigma):
    """Mean, covariance and shrinkage of realisations in rows, as matrices."""
    mean, rows, n = draws.mean(axis=0), draws.shape[1], draws.shape[2]
    x = (draws - mean).reshape(len(draws), -1)
    sample = x.T @ x / (len(draws) - 1)
    level = np.repeat(np.diagonal(sample).reshape(rows, n).mean(axis=1), n)
    unit = sample / np.sqrt(np.outer(level, level))
    p, f, square, trace = rows * n, len(draws) - 1, np.trace(unit @ unit), np.trace(unit)
    rho = min(((1 - 2 / p) * square + trace**2) / ((f + 1 - 2 / p) * (square - trace**2 / p)), 1)
    return mean, np.diag(np.ravel(sigma) ** 2) + rho * np.diag(level) + (1 - rho) * sample, rho


@eqx.filter_jit
def everything(one, model):
    """All that the likelihood says, and its slope."""
    _, shrunk, unit = one._moments(model)
    drawn = jax.vmap(shrunk.draw)(jax.random.split(jax.random.key(7), 4000))
    return {
        "mean": one.mean(model),
        "shrinkage": shrunk.shrinkage,
        "covariance": one.covariance(model),
        "log_likelihood": one.log_likelihood(model),
        "deviance": one.deviance(model),
        "normalised": one.normalised(model),
        "draws": (unit * drawn).reshape(4000, -1),
        "slope": eqx.filter_grad(lambda m: one.log_likelihood(m))(model),
    }


def check(found, draws, sigma, data):
    mean, covariance, rho = dense(draws, sigma)
    np.testing.assert_allclose(found["mean"].reshape(mean.shape), mean, rtol=1e-10)
    np.testing.assert_allclose(found["shrinkage"], rho, rtol=1e-10)
    np.testing.assert_allclose(found["covariance"], covariance, rtol=1e-9, atol=1e-12)
    away = np.ravel(data) - mean.ravel()
    expected = stats.multivariate_normal(mean.ravel(), covariance).logpdf(np.ravel(data))
    np.testing.assert_allclose(found["log_likelihood"], expected, rtol=1e-10)
    np.testing.assert_allclose(found["deviance"], away @ np.linalg.solve(covariance, away), rtol=1e-10)
    np.testing.assert_allclose(np.sum(found["normalised"] ** 2), found["deviance"], rtol=1e-10)
    units = np.sqrt(np.outer(np.diagonal(covariance), np.diagonal(covariance)))
    np.testing.assert_allclose(np.cov(found["draws"].T) / units, covariance / units, atol=0.1)
    return rho


def test_everything_equals_dense_matrices():
    one, model = ensemble(), fields()

    @eqx.filter_jit
    def by_hand(key):
        latents = jax.random.normal(jax.random.split(key, 1)[0], (3, 8, 8, 8))
        return measured(eqx.tree_at(lambda m: m.terms["turbulence"].latents, model, latents))

    rho = check(everything(one, model), np.stack([by_hand(key) for key in KEYS]), SIGMA, DATA)
    assert 0.05 < rho < 1


def test_one_row_shrinks_as_published():
    """Equation 23 of Chen et al. (2010) for S = diag(8, 2): p = 2, tr S = 10, tr S^2 = 68, hence 100/(18 f)."""
    for copies, freedom, expected in ((1, 4, 1.0), (5, 24, 100 / (24 * 18))):
        x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1], [0, 0]]) * np.sqrt([8.0, 2.0])
        x = np.concatenate([x] * copies) * np.sqrt(freedom / (4 * copies))
        np.testing.assert_allclose(x.T @ x / freedom, np.diag([8, 2]), atol=1e-12)
        shrunk = ShrunkCovariance(jnp.ones((1, 2)), jnp.asarray(x[:, None]))
        np.testing.assert_allclose(shrunk.shrinkage, expected, rtol=1e-12)


def test_more_realisations_than_data():
    few = Likelihood(lambda m: waves(m)[:3], DATA[0, :3], Gaussian(SIGMA[0, :3]))
    one, model = sl.EnsembleLikelihood(few, jax.random.split(jax.random.key(5), 12)), make()
    draws = np.stack([jax.random.normal(jax.random.split(key, 1)[0], (4, 5, 4)).ravel()[:3] for key in one.keys])
    check(everything(one, model), (0.3 + draws + 0.1 * draws**2)[:, None], SIGMA[0, :3], DATA[0, :3])


@pytest.fixture(scope="module")
def posterior():
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
    keys = jax.random.split(jax.random.key(4), 6)
    assert eqx.tree_at(lambda p: p.likelihoods[0].keys, posterior, keys).log_likelihood({}) != height


def test_information_is_that_of_mean_and_covariance(posterior):
    """F = dm.C^-1 dm + tr(C^-1 dC C^-1 dC)/2, with derivatives of the dense matrices."""
    one, values = posterior.likelihoods[0], posterior.space.initial
    vector, back = jax.flatten_util.ravel_pytree(values)

    @jax.jit
    @jax.jacfwd
    def jacobians(vector):
        model = posterior.space.replace(back(vector))
        return one.information(model), one.mean(model).ravel(), one.covariance(model)

    rows, slope, change = jacobians(vector)
    inverse = np.linalg.inv(everything(one, fields())["covariance"])
    expected = slope.T @ inverse @ slope + 0.5 * jnp.einsum("ab,bci,cd,daj->ij", inverse, change, inverse, change)
    np.testing.assert_allclose(rows.T @ rows, expected, rtol=1e-7, atol=1e-9 * float(jnp.max(expected)))


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
    """Without noise and offset m = s m_1, C = s^2 C_1: the maximum is the root of p s^2 + (d.A m) s = d.A d."""
    data = 2.5 * RANDOM.normal(size=80)
    likelihood = Likelihood(lambda m: m.rms * m.latents.ravel(), data, Gaussian(np.full(80, 1e-5)))
    one = sl.EnsembleLikelihood(likelihood, jax.random.split(jax.random.key(1), 24))
    unit = everything(one, make())
    square, cross = data @ np.linalg.solve(unit["covariance"], np.stack([data, unit["mean"]], axis=1))
    root = (-cross + np.sqrt(cross**2 + 320 * square)) / 160
    posterior = sl.Posterior(sl.ParameterSpace(make(), {"rms": dist.Uniform(0.1, 20.0)}), one)
    result = sl.fit(posterior)
    assert not posterior.has_residuals()
    np.testing.assert_allclose(result.parameters["rms"], root, rtol=1e-4)
    error = result.standard_deviations["rms"]
    assert abs(root - 2.5) < 3 * error < 3 * 0.12 * 2.5


@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
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
    keys = jax.random.split(jax.random.key(2), 4)
    names = {"magnetic_field.terms.lsa.b0": dist.Normal(1.0, 1.0), "*.log_rms": dist.Normal(0.5, 0.2)}
    posterior = sl.Posterior(
        sl.ParameterSpace(simulator, names), [sl.EnsembleLikelihood(one, keys) for one in (maps, bins)]
    )
    slope = jax.grad(posterior.log_posterior)(posterior.space.initial)
    assert all(np.isfinite(value) and value != 0 for value in slope.values())
    assert posterior.size == 33
    assert "4 realisations" in repr(posterior.summary())
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

    assert memory(32) < 1.1 * memory(4)


def test_bad_input_is_refused_by_name():
    plain = ensemble().likelihood
    for keys, message in [
        (KEYS[:1], "two realisations"),
        (jnp.ones((4, 2)), "jax.random.split"),
        (jnp.stack([KEYS[0], KEYS[0]]), "not all different"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.EnsembleLikelihood(plain, keys)
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
