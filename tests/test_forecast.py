"""Forecasts against the formula term by term, and against fits to noise."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.components import CMB, Clusters, MixingMatrix, ModifiedBlackbody, PowerLaw

jax.config.update("jax_enable_x64", True)

NSIDE = 4
SKY = sl.HealpixSky(NSIDE)
BANDS = sl.instruments.load("LiteBIRD")
NAMES = ("terms.dust.index", "terms.dust.temperature", "terms.synchrotron.index")


def mixing(index=1.6, temperature=18.5, slope=-3.1):
    dust = ModifiedBlackbody(index, temperature, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(slope, 0.0, 20.0))


def rough(seed, scale, frequency):
    """Maps of Q and U without any shape, uK_CMB."""
    rng = np.random.default_rng(seed)
    q, u = scale * rng.normal(1.0, 1.0, (2, SKY.size))
    return sl.Stokes(0 * q, q, u, frequency=frequency, unit="uK_CMB", sky=SKY)


FOREGROUNDS = {"dust": rough(1, 3.0, 150.0), "synchrotron": rough(2, 20.0, 20.0)}


@pytest.fixture(scope="module")
def found():
    return sl.forecast(mixing(), BANDS, FOREGROUNDS)


def likelihood(noise=0.0):
    matrix = np.asarray(mixing()(BANDS, SKY.size))
    maps = np.zeros((2, len(BANDS), SKY.size)) + noise
    for name, one in FOREGROUNDS.items():
        maps += matrix[:, mixing().components.index(name)] * np.stack([one.Q, one.U])[:, None]
    return sl.SpectralLikelihood(BANDS, maps, unit="uK_CMB", convention="COSMO", sky=SKY)


def posterior(one):
    box = (dist.Uniform(0.5, 3.0), dist.Uniform(10.0, 40.0), dist.Uniform(-7.0, -0.5))
    return sl.Posterior(sl.ParameterSpace(mixing(), dict(zip(NAMES, box, strict=True))), one)


def gains(matrix):
    """W of one pixel by NumPy."""
    weight = 1 / np.asarray(BANDS.depth) ** 2
    return np.linalg.solve(matrix.T @ (weight[:, None] * matrix), matrix.T * weight)


def test_the_residual_is_the_sum_over_parameters_and_components(found):
    step, matrix = 1e-5, np.asarray(mixing()(BANDS, 1))[..., 0]
    truth = np.array([1.6, 18.5, -3.1])
    alpha = []
    for k in range(3):
        up, down = (np.asarray(mixing(*(truth + s * step * np.eye(3)[k]))(BANDS, 1))[..., 0] for s in (1, -1))
        alpha.append(-(gains(matrix) @ (up - down) / (2 * step))[0, 1:])
    powers = {}
    for i, j in ((0, 0), (0, 1), (1, 1)):
        first, second = list(FOREGROUNDS.values())[i], list(FOREGROUNDS.values())[j]
        whole, apart = (
            sl.harmonics.angular_power(one).BB for one in (_as(first) + _as(second), _as(first) - _as(second))
        )
        powers[i, j] = powers[j, i] = (whole - apart)[found.ell] / 4  # of the two crossed
    expected = sum(
        found.covariance[k, m] * alpha[k][i] * alpha[m][j] * powers[i, j]
        for k in range(3)
        for m in range(3)
        for i in range(2)
        for j in range(2)
    )
    np.testing.assert_allclose(found.residual, expected, rtol=1e-6)
    noise = np.sum((gains(matrix)[0] * BANDS.depth) ** 2) * (np.pi / 10800) ** 2
    np.testing.assert_allclose(found.noise, noise, rtol=1e-9)


def _as(stokes):
    """The same map, labelled as that of dust."""
    return sl.Stokes(stokes.I, stokes.Q, stokes.U, frequency=150.0, unit="uK_CMB", sky=SKY)


def test_errors_are_those_of_fisher_and_of_the_part_of_the_sky(found):
    known = sl.fisher(posterior(likelihood()))
    np.testing.assert_allclose(found.covariance, known.covariance, rtol=1e-6)
    half = sl.forecast(mixing(), BANDS, FOREGROUNDS, f_sky=0.5)
    np.testing.assert_allclose(half.covariance, 2 * found.covariance, rtol=1e-10)
    np.testing.assert_allclose(half.residual, 2 * found.residual, rtol=1e-10)
    total = half.lensing + half.noise + half.residual
    weight = 0.25 * np.sum((2 * half.ell + 1) * (half.tensors / total) ** 2)
    assert half.sigma_r == pytest.approx(weight**-0.5, rel=1e-12)
    assert half.sigma_r > half.sigma_r_without_foregrounds
    space = sl.ParameterSpace(sl.cosmology.BModes(), {"r": dist.Uniform(-1.0, 1.0)})
    like = sl.BandpowerLikelihood(half.ell, total, half.noise, 0.5, residual=half.residual)
    error = sl.fisher(sl.Posterior(space, like)).standard_deviations[0]
    assert half.sigma_r == pytest.approx(error, rel=1e-9)


@pytest.mark.long
def test_foregrounds_left_by_fits_to_noise_are_those_expected(found):
    clean, sigma = likelihood(), np.asarray(BANDS.sigma(SKY, "QU"))[..., None]
    rng = np.random.default_rng(5)
    left, noise = [], []
    post = posterior(clean)
    for _ in range(40):
        drawn = post.given([clean.data + jnp.asarray(sigma * rng.normal(size=clean.data.shape))])
        model = sl.fit(drawn, sl.ProjectedGaussNewton(), covariance=0, progress=False).model
        own, seen = (sl.harmonics.angular_power(one.amplitudes(model)["cmb"]) for one in (clean, drawn.likelihoods[0]))
        left.append(own.BB[found.ell])
        noise.append(seen.BB[found.ell])
    weight = 2 * found.ell + 1
    assert np.sum(weight * np.mean(left, axis=0)) == pytest.approx(np.sum(weight * found.residual), rel=0.15)
    whole = np.mean(noise, axis=0) - np.mean(left, axis=0)
    assert np.sum(weight * whole) == pytest.approx(np.sum(weight * found.noise), rel=0.05)


def test_clusters_have_maps_of_their_own(found):
    labels = (np.asarray(SKY.lonlat()[1]) > 0).astype(int)
    dust = ModifiedBlackbody(Clusters(1.6, labels), 18.5, 150.0)
    split = MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(-3.1, 0.0, 20.0))
    more = sl.forecast(split, BANDS, FOREGROUNDS)
    assert more.parameters[:2] == ["terms.dust.index.values[0]", "terms.dust.index.values[1]"]
    assert np.all(more.standard_deviations[:2] > found.standard_deviations[0])
    assert np.sum(more.residual) > np.sum(found.residual)
    assert "sigma(r) without residuals" in repr(more)


def test_beams_raise_the_noise(found):
    sharp = sl.forecast(mixing(), BANDS, FOREGROUNDS, beams=True)
    assert np.all(np.diff(sharp.noise) > 0)
    assert sharp.noise[0] == pytest.approx(found.noise[0], rel=1e-3)


def test_a_cut_sky_leaks(found):
    mask = np.abs(SKY.lonlat()[1]) > 20
    cut = {}
    for name, one in FOREGROUNDS.items():
        maps = np.where(mask, np.stack([one.Q, one.U]), np.nan)
        cut[name] = sl.Stokes(one.I, *maps, frequency=one.frequency, unit="uK_CMB", sky=SKY)
    with pytest.warns(sl.harmonics.LeakageWarning, match="of the sky is left"):
        part = sl.forecast(mixing(), BANDS, cut)
    assert part.f_sky == pytest.approx(mask.mean())
    np.testing.assert_allclose(part.standard_deviations / found.standard_deviations, mask.mean() ** -0.5, rtol=0.1)


def test_what_is_refused():
    for change, text in (
        ({"f_sky": 0.0}, r"f_sky = 0.0 must lie in \(0, 1\]"),
        ({"f_sky": 1.5}, "f_sky = 1.5"),
        ({"free": ("terms.dust.colour",)}, "matches none of"),
        ({"ell": [1, 2]}, "from 2 to 3 nside - 1 = 11"),
        ({"foregrounds": {"haze": FOREGROUNDS["dust"]}}, "which is no component"),
        ({"foregrounds": {"dust": FOREGROUNDS["synchrotron"]}}, "labelled 20 GHz"),
        ({"mixing": MixingMatrix(dust=ModifiedBlackbody(reference=150.0))}, "sl.components.CMB"),
        ({"beams": True, "bands": sl.instruments.Bands(BANDS.frequency, BANDS.depth)}, "have no fwhm"),
    ):
        given = {"mixing": mixing(), "bands": BANDS, "foregrounds": FOREGROUNDS} | change
        with pytest.raises(ValueError, match=text):
            sl.forecast(**given)
    with pytest.raises(TypeError, match="MixingMatrix"):
        sl.forecast(None, BANDS, FOREGROUNDS)
    with pytest.raises(TypeError, match="foregrounds is a NoneType"):
        sl.forecast(mixing(), BANDS, None)
    with pytest.raises(TypeError, match="Bands"):
        sl.forecast(mixing(), [100.0], FOREGROUNDS)
