"""Spectral parameters as Gaussian fields and as simulators predict them; simulators as components."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.components import CMB, GaussianMap, MixingMatrix, ModifiedBlackbody, PredictedSky, SimulatedIndex
from test_separation import BANDS, SKY, mixing

jax.config.update("jax_enable_x64", True)


def test_a_gaussian_map_has_its_rms_and_length():
    drawn = jax.random.normal(jax.random.key(1), (400, 25**2))
    field = GaussianMap(drawn[0], mean=-3.0, rms=0.05, length=15.0)
    maps = jax.jit(jax.vmap(lambda xi: GaussianMap(xi, -3.0, 0.05, 15.0).pixels(768)))(drawn)
    assert float(jnp.mean(maps)) == pytest.approx(-3.0, abs=2e-3)
    assert float(jnp.mean(jnp.square(maps + 3.0))) == pytest.approx(0.05**2, rel=0.05)
    degrees = np.arange(25.0)
    assert float(jnp.sum((2 * degrees + 1) * field.spectrum()) / (4 * np.pi)) == pytest.approx(0.05**2, rel=1e-12)
    l, b = map(np.radians, sl.HealpixSky(8).lonlat())
    unit = np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])
    away = np.degrees(np.arccos(np.clip(unit.T @ unit[:, 400], -1, 1)))
    near = np.argsort(away)[1]
    found = float(np.corrcoef(np.asarray(maps)[:, [400, near]].T)[0, 1])
    assert found == pytest.approx(np.exp(-(away[near] ** 2) / (4 * 15.0**2)), abs=0.02)


def test_derivatives_of_a_gaussian_map():
    xi = jax.random.normal(jax.random.key(2), (9**2,))

    def total(xi, rms, length):
        return jnp.sum(jnp.cos(jnp.arange(192.0)) * GaussianMap(xi, 1.0, rms, length).pixels(192))

    at = (xi, jnp.asarray(0.1), jnp.asarray(20.0))
    slopes = jax.grad(total, argnums=(0, 1, 2))(*at)
    for k, step in ((1, 1e-4), (2, 1e-3)):
        up, down = (tuple(x + sign * step * (i == k) for i, x in enumerate(at)) for sign in (1, -1))
        assert float(slopes[k]) == pytest.approx(float(total(*up) - total(*down)) / (2 * step), rel=1e-6)
    _, along = jax.jvp(total, at, (jnp.ones_like(xi), jnp.zeros(()), jnp.zeros(())))
    assert float(along) == pytest.approx(float(jnp.sum(slopes[0])), rel=1e-9)
    with pytest.raises(ValueError, match=r"\(lmax \+ 1\)\^2"):
        GaussianMap(jnp.zeros(10), -3.0)
    for rms, length in ((0.0, 10.0), (0.05, 90.0)):  # C_l is 0 in part
        slope = jax.grad(lambda m: jnp.sum(m.pixels(192) ** 3))(GaussianMap(xi, 1.0, rms, length))
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope))
    ring, nested = GaussianMap(xi, 1.0).pixels(192), GaussianMap(xi, 1.0, nest=True).pixels(192)
    l, b = sl.HealpixSky(4).lonlat()
    other = np.stack(sl.HealpixSky(4, nest=True).lonlat())
    place = int(np.argmin(np.hypot(other[0] - l[77], other[1] - b[77])))
    assert float(nested[place]) == pytest.approx(float(ring[77]), rel=1e-12)
    with pytest.raises(ValueError, match="whole HEALPix sky"):
        GaussianMap(jnp.zeros(9), -3.0).pixels(100)


def test_a_field_of_indices_is_recovered():
    """The latents of a smooth index of synchrotron emission, with their priors, by least squares."""
    truth = GaussianMap(jax.random.normal(jax.random.key(3), (9**2,)), -3.1, 0.1, 25.0)
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 5e4  # a twentieth of LiteBIRD's
    amplitudes = np.array([0.6, 3.0, 20.0])
    clean = np.einsum("bcn,c->bn", mixing(slope=truth)(BANDS, 192), amplitudes)
    data = clean + sigma * np.random.default_rng(1).normal(size=(2, 15, 192))
    like = sl.SpectralLikelihood(BANDS, data, noise=sigma, unit="uK_CMB", convention="COSMO")
    start = mixing(slope=GaussianMap(jnp.zeros(9**2), -3.0, 0.1, 25.0))
    names = ("terms.synchrotron.index.latents", "terms.synchrotron.index.mean")
    space = sl.ParameterSpace(start, {names[0]: dist.Normal(0.0, 1.0), names[1]: dist.Uniform(-4.0, -2.0)})
    result = sl.fit(sl.Posterior(space, like), covariance=0)
    assert result.status == "converged"
    found = result.model.terms["synchrotron"].index.pixels(192)
    apart = np.asarray(found - truth.pixels(192))
    assert np.std(apart) < 0.3 * np.std(np.asarray(truth.pixels(192)))


def galaxy(nside, cells, b0=1.2):
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), sl.cosmic_rays.spectra.local_interstellar())
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(b0=b0), cosmic_rays=rays, emission=sl.emission.SynchrotronSpectrum()
    )
    return simulator, sl.Sightlines(sl.HealpixSky(nside), observer=sl.SUN, cells=sl.BoxCells(cells=cells))


def test_the_index_of_a_simulated_sky():
    """Of the local interstellar spectrum: steeper than -3, and flatter at higher frequencies."""
    simulator, lines = galaxy(8, 64)
    low = np.asarray(SimulatedIndex(simulator, lines).pixels(768))
    assert np.median(low) == pytest.approx(-3.161, abs=2e-3)
    assert np.std(low) == pytest.approx(0.013, abs=1e-3)
    high = np.asarray(SimulatedIndex(simulator, lines, (30.0, 44.0)).pixels(768))
    per_log = np.median(high - low) / np.log(np.sqrt(30 * 44) / np.sqrt(20 * 30))
    assert per_log == pytest.approx(0.048, abs=3e-3)
    in_matrix = mixing(slope=SimulatedIndex(simulator, lines))(BANDS, 768)
    np.testing.assert_allclose(in_matrix[0, 2], mixing(slope=sl.components.PixelMap(low))(BANDS, 768)[0, 2], rtol=1e-10)
    with pytest.raises(ValueError, match="two that differ"):
        SimulatedIndex(simulator, lines, (20.0, 20.0))


@pytest.mark.long
def test_field_strength_and_dust_from_one_likelihood():
    """A simulated synchrotron sky, dust and CMB; magnetic field and dust index come back, amplitudes are eliminated."""
    simulator, lines = galaxy(2, 32)
    few = sl.instruments.Bands([23.0, 40.0, 90.0, 150.0, 270.0], [20.0, 20.0, 5.0, 5.0, 10.0])
    rng = np.random.default_rng(4)
    parts = MixingMatrix(cmb=CMB(), dust=ModifiedBlackbody(1.6, 19.0, 353.0))
    amplitudes = np.stack([0.6 * rng.normal(size=(2, 48)), 30 * rng.normal(size=(2, 48))]) * 1e-6
    truth = PredictedSky(parts, {"synchrotron": simulator}, lines)
    clean = np.asarray(truth.in_bands(few.nodes(), "QU")) + np.einsum("bcn,ckn->kbn", parts(few, 48), amplitudes)
    sigma = 1e-7 * np.ones(clean.shape)
    data = clean + sigma * rng.normal(size=clean.shape)
    like = sl.SpectralLikelihood(few, data, noise=sigma, unit="K_CMB", convention="COSMO")
    start = MixingMatrix(cmb=CMB(), dust=ModifiedBlackbody(1.5, 19.0, 353.0))
    model = PredictedSky(start, {"synchrotron": galaxy(2, 32, b0=1.0)[0]}, lines)
    names = ("simulators.synchrotron.magnetic_field.b0", "mixing.terms.dust.index")
    space = sl.ParameterSpace(model, {names[0]: dist.Uniform(0.1, 10.0), names[1]: dist.Uniform(0.5, 3.0)})
    posterior = sl.Posterior(space, like)
    result = sl.fit(posterior)
    assert result.status == "converged"
    for name, value in zip(names, (1.2, 1.6), strict=True):
        assert abs(float(result.parameters[name]) - value) < 4 * float(result.standard_deviations[name])
        assert float(result.standard_deviations[name]) < 0.05
    found = like.amplitudes(result.model)["cmb"].Q * 1e6
    assert np.std(np.asarray(found) - amplitudes[0, 0] * 1e6) < 1.0
    single = jax.grad(lambda b: like.log_likelihood(PredictedSky(start, {"synchrotron": galaxy(2, 32, b)[0]}, lines)))
    assert np.isfinite(float(single(jnp.asarray(1.1))))
    with pytest.raises(ValueError, match="is in the mixing matrix as well"):
        PredictedSky(start, {"dust": simulator}, lines)


def test_a_predicted_sky_has_the_medium_of_its_simulator():
    """So that rotation measures and bands are fitted together."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    )
    sky, mixing = sl.HealpixSky(1), MixingMatrix(cmb=CMB())
    sources = sl.observables.RotationMeasure(sl.Directions([30.0, 60.0], [5.0, 6.0]))
    one = sl.Model(PredictedSky(mixing, {"synchrotron": simulator}, sky))
    np.testing.assert_array_equal(sources(one), sources(simulator))
    gas = sl.Simulator(electron_density=sl.electrons.ExponentialDisk(), emission=())
    both = sl.Model(PredictedSky(mixing, {"synchrotron": simulator, "gas": gas}, sky))
    np.testing.assert_array_equal(sources(both), sources(simulator))
    with pytest.raises(ValueError, match="measured of 2 of the simulators synchrotron, gas"):
        sl.observables.DispersionMeasure(sl.Directions(30.0, 5.0))(both)
    cmb = sl.Stokes(*np.ones((3, 12)), frequency=100.0, unit="K_CMB", sky=sky)
    maps = sl.components.ComponentSky(mixing, {"cmb": cmb})
    with pytest.raises(TypeError, match="measured of a medium, and ComponentSky has none"):
        sources(sl.Model(maps))
    names = [name for name, leaf in sl.parameters.find_leaves(one).items() if leaf.learnable]
    assert names
    assert not any("sightlines" in name for name in names)
    with pytest.raises(TypeError, match="geometry of an observation"):
        sl.ParameterSpace(one, {"simulator.sightlines.rays.length": dist.Uniform(0.0, 10.0)})
