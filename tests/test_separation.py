"""Spectral parameters with amplitudes eliminated: values, derivatives, units, noise, priors, and what is refused."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import minimize

import sightline as sl
from sightline.components import CMB, Clusters, MixingMatrix, ModifiedBlackbody, PowerLaw
from sightline.statistics.scoring import scoring

jax.config.update("jax_enable_x64", True)

FREQUENCY = [
    40,
    50,
    60,
    68,
    78,
    89,
    100,
    119,
    140,
    166,
    195,
    235,
    280,
    337,
    402,
]  # LiteBIRD, arXiv:2202.02773, table 13
DEPTH = [37.42, 33.46, 21.31, 16.87, 12.07, 11.30, 6.56, 4.58, 4.79, 5.57, 5.85, 10.79, 13.8, 21.95, 47.45]
BANDS = sl.instruments.Bands(FREQUENCY, DEPTH)
SKY = sl.HealpixSky(16)
TRUTH, AMPLITUDES = (1.6, 18.5, -3.1), np.array([0.6, 3.0, 20.0])  # uK_CMB, dust at 150, synchrotron at 20 GHz
NAMES = ("terms.dust.index", "terms.dust.temperature", "terms.synchrotron.index")
BOX = {
    NAMES[0]: dist.Uniform(0.5, 3.0),
    NAMES[1]: dist.Uniform(10.0, 40.0),
    NAMES[2]: dist.Uniform(-7.0, -0.5),
}
PLAIN = {"unit": "uK_CMB", "convention": "COSMO"}


def mixing(index=1.6, temperature=18.5, slope=-3.1):
    dust = ModifiedBlackbody(index, temperature, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(slope, 0.0, 20.0))


def sky_u(bands=BANDS, npix=3072, kinds=2):
    """Sky U of the design: every pixel alike, without noise, (kinds, bands, npix) uK_CMB."""
    return np.ones((kinds, 1, 1)) * np.einsum("bcn,c->bn", mixing()(bands, npix), AMPLITUDES)


def likelihood(npix=3072, **options):
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    return sl.SpectralLikelihood(BANDS, sky_u(npix=npix), noise=sigma, **PLAIN, **options)


def posterior(one):
    return sl.Posterior(sl.ParameterSpace(mixing(), BOX), one)


def values(*numbers):
    return dict(zip(NAMES, map(jnp.asarray, numbers), strict=True))


@pytest.fixture(scope="module")
def whole():
    return posterior(sl.SpectralLikelihood(BANDS, sky_u(), **PLAIN))


def test_errors_of_sky_u(whole):
    found = sl.fisher(whole)
    np.testing.assert_allclose(found.standard_deviations, [0.0015688, 0.045976, 0.0055470], rtol=5e-3)
    likelihood = whole.likelihoods[0]
    noise = np.sqrt(likelihood.amplitudes(mixing()).covariance()[:, 0, 0]) * 1e6
    np.testing.assert_allclose(noise, 0.013403, rtol=1e-4)
    alone = sl.SpectralLikelihood(
        BANDS, sky_u(npix=12), noise=np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6, **PLAIN
    )
    noise = np.sqrt(alone.amplitudes(MixingMatrix(cmb=CMB())).covariance()[:, 0, 0]) * 1e6
    np.testing.assert_allclose(noise, 0.009824, rtol=1e-4)


def test_the_optimum_from_everywhere(whole):
    """The middle of the box, four of its corners, and scipy's own way there."""
    middle = sl.fit(whole, sl.ProjectedGaussNewton(), start=values(1.75, 25.0, -3.75), covariance=0)
    assert len(middle.history) <= 15
    corners = [(0.5, 10.0, -7.0), (3.0, 40.0, -0.5), (0.5, 40.0, -0.5), (3.0, 10.0, -7.0)]
    for start in corners:
        found = sl.fit(whole, start=values(*start), covariance=0)
        assert found.status == "converged"
        assert len(found.history) <= 40
        assert found.log_posterior == pytest.approx(middle.log_posterior, abs=1e-3)
        assert found.bounds.active == []
        np.testing.assert_allclose([found.parameters[name] for name in NAMES], TRUTH, rtol=1e-6)
    assert found.chi2 < 1e-6
    assert found.dof == 2 * 15 * 3072 - 3 - 3 * 2 * 3072
    both = jax.jit(jax.value_and_grad(lambda x: -whole.log_posterior(dict(zip(NAMES, x, strict=True)))))
    box = [(0.5, 3.0), (10.0, 40.0), (-7.0, -0.5)]
    oracle = minimize(
        lambda x: [np.asarray(one, float) for one in both(jnp.asarray(x))],
        [1.75, 25.0, -3.75], jac=True, method="L-BFGS-B", bounds=box, options={"ftol": 1e-16},
    )  # fmt: skip
    assert -oracle.fun == pytest.approx(middle.log_posterior, abs=1e-3)


def test_likelihood_is_the_least_squares_of_each_pixel():
    one = likelihood(npix=12)
    at = mixing(1.63, 17.8, -3.2)
    matrix = np.asarray(at(BANDS, 12))[:, :, 0]
    weight = 1 / np.asarray(BANDS.sigma(SKY, "QU"))[0] / 1e6
    amplitudes, left, *_ = np.linalg.lstsq(matrix * weight[:, None], sky_u(npix=1)[0, :, 0] * weight, rcond=None)
    assert float(one.log_likelihood(at)) == pytest.approx(-12 * float(left[0]), rel=1e-9)
    assert float(one.deviance(at)) == pytest.approx(24 * float(left[0]), rel=1e-9)
    assert float(jnp.sum(one.residuals(at) ** 2)) == pytest.approx(24 * float(left[0]), rel=1e-9)
    found = one.amplitudes(at)
    np.testing.assert_allclose([found[name].U[3] * 1e6 for name in found.components], amplitudes, rtol=1e-9)
    np.testing.assert_allclose(one.mean(at)[0, :, 3] * 1e6, matrix @ amplitudes, rtol=1e-9)


def test_priors_and_data_beside_it_need_not_be_gaussian():
    """A fit takes the density then, and fits to simulations Fisher's information."""
    bands = sl.instruments.Bands([100.0, 150.0, 353.0], [10.0, 6.0, 20.0])
    model = MixingMatrix(cmb=CMB(), dust=ModifiedBlackbody(1.6, 18.5, 150.0))
    maps = np.ones((1, 3, 1)) * model(bands, 1).sum(axis=1)
    one = sl.SpectralLikelihood(bands, maps, "Q", noise=0.01, **PLAIN)
    space = sl.ParameterSpace(model, {"terms.dust.index": dist.LogNormal(np.log(1.6), 0.1)})
    best = sl.fit(sl.Posterior(space, one), covariance=0)
    assert float(best.parameters["terms.dust.index"]) == pytest.approx(1.6, rel=1e-3)
    counts = sl.Likelihood(lambda model: 4 * model["dust"].index[None], [6], sl.statistics.Poisson())
    both = sl.Posterior(space, [one, counts])
    at = jax.jit(lambda x: scoring(both, x)._replace(product=None))(jnp.array([1.7]))
    value, slope = jax.value_and_grad(lambda x: -both.log_posterior({"terms.dust.index": x}))(1.7)
    assert float(at.value) == pytest.approx(float(value))
    assert float(at.gradient[0]) == pytest.approx(float(slope))


def clustered(npix=48):
    """Indices of dust in three clusters, of synchrotron in every pixel; noise that differs from pixel to pixel."""
    rng = np.random.default_rng(2)
    labels = np.arange(npix) % 3
    model = mixing(Clusters([1.5, 1.6, 1.7], labels), 19.0, sl.components.PixelMap(-3.1 + 0.1 * rng.normal(size=npix)))
    sigma = rng.uniform(0.5, 2.0, (2, 15, npix)) * np.asarray(DEPTH)[:, None] / 200
    data = sky_u(npix=npix, kinds=2) + sigma * rng.normal(size=sigma.shape)
    names = ("terms.dust.index.values", "terms.dust.temperature", "terms.synchrotron.index.values")
    box = dict(zip(names, BOX.values(), strict=True))
    return sl.ParameterSpace(model, box), data, sigma


def dense(posterior):
    """Half the sum of squares by the residuals of the likelihood, and its derivatives by JAX."""
    from sightline.parameters import ravel

    space = posterior.space
    vector, back = ravel(space.initial, space.names)
    rows = jax.jit(lambda x: posterior.likelihoods[0].residuals(space.replace(back(x))).ravel())
    return vector, back, rows


@pytest.mark.parametrize(
    "kind",
    [pytest.param("equal", marks=pytest.mark.long), pytest.param("different", marks=pytest.mark.long), "correlated"],
)
def test_gradient_and_curvature(kind):
    from sightline.statistics.normal import normal

    space, data, sigma = clustered()
    if kind == "equal":
        options = {"noise": np.asarray(DEPTH)[:, None] / 200}
    elif kind == "different":
        options = {"noise": sigma}
    else:
        cross = 0.4 * sigma[0] * sigma[1]
        rows = [[sigma[0] ** 2, cross], [cross, sigma[1] ** 2]]
        options = {"covariance": np.moveaxis(np.array(rows), (0, 1), (-2, -1))}
    one = sl.Posterior(space, sl.SpectralLikelihood(BANDS, data, **PLAIN, **options))
    vector, back, rows = dense(one)
    found = eqx.filter_jit(
        lambda p, x: (lambda n: (n.value, n.gradient, jax.vmap(n.product)(jnp.eye(x.size)), n.diagonal))(normal(p, x))
    )
    value, gradient, curvature, diagonal = found(one, vector)
    left, slope = rows(vector), jax.jacfwd(rows)(vector)
    assert float(value) == pytest.approx(0.5 * float(left @ left), rel=1e-10)
    np.testing.assert_allclose(gradient, slope.T @ left, atol=1e-8 * float(jnp.max(jnp.abs(slope.T @ left))))
    reverse = jax.grad(lambda x: -one.log_likelihood(back(x)))(vector)
    np.testing.assert_allclose(reverse, gradient, rtol=1e-9, atol=1e-9)
    # Kaufman's curvature: what s does as theta moves is left out of the residuals
    info = jax.jacfwd(lambda x: one.likelihoods[0].information(space.replace(back(x))))(vector)
    scale = np.sqrt(np.diagonal(info.T @ info))
    np.testing.assert_allclose(curvature / np.outer(scale, scale), info.T @ info / np.outer(scale, scale), atol=1e-9)
    np.testing.assert_allclose(diagonal, np.diagonal(curvature), rtol=1e-10)
    step = 1e-5 * jnp.abs(vector)
    for k in (0, 3, 17):
        sides = [one.log_likelihood(back(vector.at[k].add(sign * step[k]))) for sign in (1, -1)]
        away = float(sides[0] - sides[1]) / (2 * float(step[k]))
        assert -float(gradient[k]) == pytest.approx(away, rel=2e-5, abs=1e-4)


@pytest.mark.long
def test_every_mode_of_differentiation():
    space, data, sigma = clustered(npix=12)
    one = sl.Posterior(space, sl.SpectralLikelihood(BANDS, data, noise=sigma, **PLAIN))
    vector, back, rows = dense(one)
    density = jax.jit(lambda x: one.log_likelihood(back(x)))
    _, along = jax.jvp(density, (vector,), (jnp.ones_like(vector),))
    assert float(along) == pytest.approx(float(jnp.sum(jax.grad(density)(vector))), rel=1e-10)
    exact = jax.hessian(lambda x: -0.5 * jnp.sum(rows(x) ** 2))(vector)
    np.testing.assert_allclose(jax.hessian(density)(vector), exact, atol=1e-7 * float(jnp.max(jnp.abs(exact))))
    mapped = jax.vmap(density)(jnp.stack([vector, 1.01 * vector]))
    np.testing.assert_allclose(mapped, [density(vector), density(1.01 * vector)], rtol=1e-12)
    likelihood = one.likelihoods[0]
    with pytest.raises(ValueError, match="no derivatives by data"):
        jax.grad(lambda d: eqx.tree_at(lambda x: x.data, likelihood, d).log_likelihood(space.model))(likelihood.data)


def test_the_unit_of_the_data_does_not_matter():
    rng = np.random.default_rng(1)
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6 * np.ones(48)
    data = sky_u(npix=48) + sigma * rng.normal(size=sigma.shape)
    results = []
    for unit, scale in (("uK_CMB", 1.0), ("K_CMB", 1e-6)):
        one = sl.SpectralLikelihood(BANDS, data * scale, noise=sigma * scale, unit=unit, convention="COSMO")
        results.append(sl.fit(posterior(one), start=values(1.7, 20.0, -3.0)))
    for name in NAMES:
        away = float(results[0].parameters[name] - results[1].parameters[name])
        assert abs(away) < 1e-3 * float(results[0].standard_deviations[name])
    in_iau = data * np.array([1.0, -1.0])[:, None, None]
    same = sl.SpectralLikelihood(BANDS, in_iau, noise=sigma, unit="uK_CMB", convention="IAU")
    assert float(same.log_likelihood(mixing())) == pytest.approx(float(one.log_likelihood(mixing())), rel=1e-9)


def test_single_precision_keeps_differences():
    """At 1, 3 and 10 sigma from the fit, at numbers that both precisions have."""
    rng = np.random.default_rng(7)
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    data = sky_u() + sigma * rng.normal(size=(2, 15, 3072))
    covariance = sl.fisher(posterior(sl.SpectralLikelihood(BANDS, data, **PLAIN))).covariance
    away = np.outer([0, 1, 3, 10], covariance[0] / np.sqrt(covariance[0, 0]))  # the others follow the index
    points = (np.array(TRUTH) + away).astype(np.float32).astype(float)
    differences = {}
    for wide in (False, True):
        with jax.enable_x64(wide):
            one = eqx.filter_jit(sl.SpectralLikelihood(BANDS, data, **PLAIN).log_likelihood)
            found = [float(one(mixing(*point))) for point in points]
            differences[wide] = np.array(found) - found[0]
    np.testing.assert_allclose(differences[False], differences[True], atol=0.05)
    assert differences[True][3] < -10


def test_bands_taken_for_lines_ruin_the_fit():
    """Through top hats of 30 % in brightness, fitted as if monochromatic; and with the bands in the model."""
    nu = np.asarray(FREQUENCY, float)
    grids = [np.linspace(0.85 * one, 1.15 * one, 401) for one in nu]
    passes = [sl.instruments.Bandpass(grid, np.ones(401), nominal=one) for grid, one in zip(grids, nu, strict=True)]
    wide = sl.instruments.Bands(FREQUENCY, DEPTH, bandpasses=passes)
    maps = sky_u(wide, npix=12)  # what is found depends on no noise, as there is none
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    wrong = sl.SpectralLikelihood(BANDS, maps, noise=sigma, **PLAIN)
    result = sl.fit(posterior(wrong))
    found = np.array([float(result.parameters[name]) for name in NAMES])
    np.testing.assert_allclose(found, [1.83794, 12.0187, -3.25635], rtol=2e-4)
    errors = np.array([0.0015688, 0.045976, 0.0055470])
    np.testing.assert_allclose(np.abs(found - TRUTH) / errors, [152, 141, 28], rtol=1e-2)
    cmb = float(wrong.amplitudes(result.model)["cmb"].Q[0]) * 1e6
    assert abs(cmb - 0.6) == pytest.approx(0.14976, rel=2e-3)
    right = sl.fit(posterior(sl.SpectralLikelihood(wide, maps, noise=sigma, **PLAIN)))
    np.testing.assert_allclose([right.parameters[name] for name in NAMES], TRUTH, rtol=1e-6)


def test_maps_of_wide_bands_convert_as_the_bands_do():
    """Means of brightness in top hats, given as such: a power of the nominal frequency is no mean."""
    grids = [np.linspace(0.85 * one, 1.15 * one, 401) for one in FREQUENCY]
    passes = [sl.instruments.Bandpass(g, np.ones(401), nominal=nu) for g, nu in zip(grids, FREQUENCY, strict=True)]
    wide = sl.instruments.Bands(FREQUENCY, DEPTH, bandpasses=passes)
    amplitudes, truth = np.array([0.6, 3.0, 20.0]) * 1e-6, mixing(*TRUTH)
    values = []
    for grid in grids:
        kelvin = sl.Stokes(
            *[(np.asarray(truth(grid, 1)[:, :, 0]) @ amplitudes)[:, None]] * 3, frequency=grid, unit="K_CMB"
        )
        values.append(np.trapezoid(kelvin.to("MJy/sr").Q[:, 0], grid) / np.ptp(grid))
    data = np.broadcast_to(np.array(values)[None, :, None], (2, len(FREQUENCY), 12))
    sigma = 1e-3 * np.abs(data)
    one = sl.SpectralLikelihood(wide, data, noise=sigma, unit="MJy/sr", convention="COSMO")
    assert abs(float(one.log_likelihood(truth))) < 1e-6
    np.testing.assert_allclose(one.amplitudes(truth)["dust"].Q, amplitudes[1], rtol=1e-9)


def test_an_integral_over_flat_amplitudes_is_a_trap(whole):
    """Its volume, |A^T N^-1 A|^-1/2 a pixel and parameter, moves the mode by tens of errors; the profile stays.

    By how much depends on where amplitudes are counted, here at 150 and 20 GHz: flat is flat of nothing else.
    """
    weight = jnp.asarray(1 / np.asarray(BANDS.sigma(SKY, "QU"))[0])

    def integrated(x):
        matrix = mixing(*x)(BANDS, 1)[:, :, 0] * weight[:, None]
        _, volume = jnp.linalg.slogdet(matrix.T @ matrix)
        return -whole.log_posterior(dict(zip(NAMES, x, strict=True))) + 3072 * volume

    slope, curvature, mode = jax.jit(jax.grad(integrated)), jax.jit(jax.hessian(integrated)), jnp.array(TRUTH)
    for _ in range(12):
        mode -= jnp.linalg.solve(curvature(mode), slope(mode))
    assert float(slope(mode) @ jnp.linalg.solve(curvature(mode), slope(mode))) < 1e-10
    np.testing.assert_allclose(mode, [1.62847, 17.7392, -3.24486], rtol=1e-5)
    assert np.all(np.abs(mode - np.array(TRUTH)) > 15 * np.array([0.0015688, 0.045976, 0.0055470]))
    profile = sl.fit(whole, covariance=0)
    np.testing.assert_allclose([profile.parameters[name] for name in NAMES], TRUTH, rtol=1e-6)


def test_a_gaussian_prior_is_integrated():
    """Against the marginal density of the data, N(A m, N + A S A^T)."""
    deviations, means = np.array([2.0, 4.0, 30.0]), np.array([0.0, 1.0, 5.0])
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[0] * 1e6
    prior = {
        "cmb": deviations[0] * 1e-6,
        "dust": dist.Normal(1e-6, 4e-6),
        "synchrotron": dist.Normal(np.full((2, 12), 5e-6), 30e-6),
    }
    one = sl.SpectralLikelihood(BANDS, sky_u(npix=12), noise=sigma[:, None], prior=prior, **PLAIN)

    def exact(at):
        matrix = np.asarray(at(BANDS, 1))[:, :, 0]
        total = np.diag(sigma**2) + matrix @ np.diag(deviations**2) @ matrix.T
        left = sky_u(npix=1)[0, :, 0] - matrix @ means
        return -0.5 * (left @ np.linalg.solve(total, left) + np.linalg.slogdet(total)[1] - 2 * np.sum(np.log(sigma)))

    at = mixing(1.62, 18.0, -3.2)
    assert float(one.log_likelihood(at)) == pytest.approx(24 * exact(at), rel=1e-8)
    assert one.residuals(at) is None
    density = lambda x: one.log_likelihood(mixing(*x))  # noqa: E731
    slope, x = jax.grad(density)(jnp.array([1.62, 18.0, -3.2])), np.array([1.62, 18.0, -3.2])
    for k, step in enumerate((1e-5, 1e-4, 1e-5)):
        away = np.eye(3)[k] * step
        assert float(slope[k]) == pytest.approx(
            24 * (exact(mixing(*(x + away))) - exact(mixing(*(x - away)))) / (2 * step), rel=1e-5
        )


def test_leaks_of_wrong_spectra():
    """What is left of dust and synchrotron in the CMB at wrong parameters, per unit of their amplitude."""
    wrong = mixing(1.55, 19.5, -3.05)
    for which, gain in ((1, -0.02961552), (2, -2.591e-4)):
        pure = np.asarray(mixing()(BANDS, 12))[None, :, which] * np.ones((2, 1, 1))
        one = sl.SpectralLikelihood(BANDS, pure, noise=np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6, **PLAIN)
        leak = np.asarray(one.amplitudes(wrong)["cmb"].Q) * 1e6
        np.testing.assert_allclose(leak, gain, rtol=2e-4)


def test_the_leak_has_the_spectrum_of_the_dust():
    """BB of what dust leaves in the CMB is gain^2 of its own, the gain by least squares of the bands."""
    sky, rng = sl.HealpixSky(8), np.random.default_rng(5)
    wrong, sigma = mixing(1.55, 19.5, -3.05), np.asarray(BANDS.sigma(sky, "QU"))
    weight = 1 / sigma[0]
    matrix, dust = np.asarray(wrong(BANDS, 1))[..., 0], np.asarray(mixing()(BANDS, 1))[:, 1, 0]
    gain = np.linalg.lstsq(matrix * weight[:, None], dust * weight, rcond=None)[0][0]
    assert gain == pytest.approx(-0.02961552, rel=1e-6)
    zero, (q, u) = np.zeros(768), 3e-6 * rng.normal(size=(2, 768))
    true = {
        "cmb": sl.Stokes(zero, zero, zero, frequency=100.0, unit="K_CMB", sky=sky),
        "dust": sl.Stokes(zero, q, u, frequency=150.0, unit="K_CMB", sky=sky),
    }
    data = sl.components.ComponentSky(mixing(), true)(sky, FREQUENCY).to("K_CMB")
    left = sl.SpectralLikelihood(BANDS, data).residuals_of(wrong, sl.components.ComponentSky(mixing(), true))["cmb"]
    leaked, own = (sl.harmonics.angular_power(one, lmax=16).BB[2:] for one in (left.systematic, true["dust"]))
    np.testing.assert_allclose(leaked, gain**2 * own, rtol=1e-10)
    assert np.all(own > 0)


def test_what_is_predicted_is_in_no_residual():
    """The CMB and dust of a sky whose synchrotron is predicted as it is: nothing is wrong but the noise."""
    sky, rng = sl.HealpixSky(1), np.random.default_rng(6)
    maps = {name: 1e-6 * rng.normal(size=(3, 12)) for name in ("cmb", "dust", "synchrotron")}
    at = {"cmb": 100.0, "dust": 150.0, "synchrotron": 20.0}
    true = {name: sl.Stokes(*maps[name], frequency=at[name], unit="K_CMB", sky=sky) for name in maps}
    whole, own = sl.components.ComponentSky(mixing(), true), {name: true.pop(name) for name in ("synchrotron",)}
    rest = MixingMatrix(cmb=CMB(), dust=ModifiedBlackbody(1.6, 18.5, 150.0))
    predicted = sl.components.PredictedSky(rest, {"synchrotron": sl.components.ComponentSky(mixing(), own)}, sky)
    data = whole(sky, FREQUENCY).to("K_CMB")
    like = sl.SpectralLikelihood(BANDS, data)
    np.testing.assert_allclose(like.cleaned(predicted, like.data, "cmb"), maps["cmb"][1:], atol=1e-15)
    others = sl.components.ComponentSky(rest, true)
    for truth, given in ((whole, None), (others, predicted)):
        found = like.residuals_of(predicted, truth, given)
        assert set(found) == {"cmb", "dust"}
        for part in (*found["cmb"], *found["dust"]):
            np.testing.assert_allclose(part.Q, 0, atol=1e-15)
    with pytest.raises(ValueError, match="predicts 'synchrotron', which neither truth nor predicted has"):
        like.residuals_of(predicted, others)
    with pytest.raises(ValueError, match="both truth and predicted have"):
        like.residuals_of(predicted, whole, predicted)
    with pytest.raises(TypeError, match="predicted is a ComponentSky: give the true"):
        like.residuals_of(predicted, others, whole)


def test_parts_of_the_sky_and_of_the_parameters():
    rng = np.random.default_rng(4)
    mask = rng.random(48) < 0.5
    labels = np.arange(48) % 3
    model = mixing(Clusters([1.5, 1.6, 1.7], labels))
    data = sky_u(npix=48, kinds=3)
    data[1, 3, 7] = np.nan
    sigma = np.asarray(BANDS.sigma(SKY, "IQU"))[..., None] * 1e6
    one = sl.SpectralLikelihood(BANDS, data, "IQU", noise=sigma, mask=mask, **PLAIN)
    mask[7] = False
    assert one.data.shape == (3, 15, mask.sum())
    found = one.amplitudes(model)["dust"]
    assert np.isnan(found.Q[~mask]).all()
    assert np.isfinite(found.I[mask]).all()
    alone = [
        sl.SpectralLikelihood(BANDS, data[k : k + 1], name, noise=sigma[k], mask=mask, **PLAIN)
        for k, name in enumerate("IQU")
    ]
    total = sum(float(single.log_likelihood(model)) for single in alone)
    assert float(one.log_likelihood(model)) == pytest.approx(total, rel=1e-10)
    few = one.batch(jnp.arange(5))
    assert float(few.log_likelihood(model)) == pytest.approx(float(jnp.sum(one.pointwise(model)[:5])), rel=1e-10)


def test_other_clusters_of_the_same_shape_compile_nothing():
    traced = []

    @eqx.filter_jit
    def density(one, model):
        traced.append(1)
        return one.log_likelihood(model)

    one = likelihood(npix=12)
    for seed in range(3):
        labels = np.random.default_rng(seed).permutation(np.arange(12) % 4)
        density(one, mixing(Clusters(1.6, labels)))
    assert len(traced) == 1


def test_bad_input_is_named():
    data, sigma = sky_u(npix=12), np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    make = sl.SpectralLikelihood
    few = make(sl.instruments.Bands(FREQUENCY[:2], DEPTH[:2]), data[:, :2], noise=sigma[:, :2], **PLAIN)
    with pytest.raises(ValueError, match=r"2 bands cannot tell 3 components apart"):
        posterior(few)
    with pytest.raises(ValueError, match=r"2 bands cannot tell 3 components apart"):
        few.log_likelihood(mixing())
    twice = MixingMatrix(cmb=CMB(), first=PowerLaw(-3.0, 0.0, 23.0), second=PowerLaw(-3.0, 0.0, 30.0))
    with pytest.raises(ValueError, match=r"'first' and 'second' have the same shape .* in pixel 0"):
        make(BANDS, data, noise=sigma, **PLAIN).amplitudes(twice)
    for options, message in (
        ({"noise": -sigma}, "finite and positive"),
        ({"noise": sigma[:, :3]}, "noise has shape"),
        ({"noise": sigma, "mask": np.zeros(12, bool)}, "No pixel is left of 12: .*mask chooses 0"),
        (
            {"noise": np.full_like(sigma, np.nan)},
            "No pixel is left of 12: data has a value in 12, noise has a value in 0",
        ),
        ({"noise": sigma, "mask": np.full(12, np.nan)}, "mask has 12 values other than 0 and 1"),
        ({"noise": sigma, "mask": np.ones(48, bool)}, "mask has shape"),
        ({"noise": sigma, "parameters": "QQ"}, "each once"),
        ({"noise": sigma, "prior": {"cmb": np.inf}}, "is flat: an integral over flat amplitudes"),
        ({"noise": sigma, "prior": {"cmb": dist.Uniform(0, 1)}}, "is Uniform: an integral over flat amplitudes"),
        ({"noise": sigma, "prior": {"cmb": -1.0}}, "must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            make(BANDS, data, **options, **PLAIN)
    some = make(BANDS, data, noise=sigma, prior={"cmb": 1e-6}, **PLAIN)
    with pytest.raises(ValueError, match=r"prior has no 'dust': an integral over flat"):
        posterior(some)
    with pytest.raises(ValueError, match="state unit"):
        make(BANDS, data, noise=sigma)
    with pytest.raises(ValueError, match=r"give \(2, 15, npix\)"):
        make(BANDS, data[:, :14], noise=sigma, **PLAIN)
    with pytest.raises(ValueError, match="every pixel is blank"):
        make(BANDS, data * np.nan, noise=sigma, **PLAIN)
    with pytest.raises(ValueError, match="of no known sky"):
        make(BANDS, data[..., :5], **PLAIN)
    with pytest.raises(ValueError, match=r"has 48 pixels, the maps have 12"):
        make(BANDS, data, noise=sigma, **PLAIN).log_likelihood(mixing(Clusters(1.6, np.zeros(48, int))))
    with pytest.raises(TypeError, match="MixingMatrix"):
        make(BANDS, data, noise=sigma, **PLAIN).log_likelihood(CMB())
    with pytest.raises(TypeError, match=r"truth is a NoneType: give sl.components.ComponentSky"):
        make(BANDS, data, noise=sigma, **PLAIN).residuals_of(mixing(), None)
    with pytest.raises(TypeError, match=r"sky is a int: give a sl.HealpixSky"):
        make(BANDS, data, noise=sigma, sky=1, **PLAIN)
    with pytest.raises(ValueError, match="parameters = None"):
        make(BANDS, data, noise=sigma, parameters=None, **PLAIN)
    shifted = sl.Stokes(
        *np.ones((3, 15, 12)), frequency=np.asarray(FREQUENCY) * 1.1, unit="K_CMB", sky=sl.HealpixSky(1)
    )
    with pytest.raises(ValueError, match="the bands at"):
        make(BANDS, shifted)


def test_intensity_and_other_orders_are_no_polarised_maps_of_a_sky():
    nested, ring = sl.HealpixSky(1, nest=True), sl.HealpixSky(1)
    bright = np.ones((15, 12))
    of = {"frequency": FREQUENCY, "unit": "K_CMB"}
    with pytest.raises(ValueError, match=r"parameters = 'QU', but Q and U of the data are 0 .* give parameters='I'"):
        sl.SpectralLikelihood(BANDS, sl.Stokes(bright, 0 * bright, 0 * bright, sky=ring, **of))
    holed = np.where(np.arange(12) == 3, -1.6375e30, 0 * bright)
    with pytest.raises(ValueError, match=r"give parameters='I' or polarised maps"):
        sl.SpectralLikelihood(BANDS, sl.Stokes(bright, holed, holed, sky=ring, **of))
    part = sl.Stokes(*[bright[:, :4]] * 3, sky=sl.HealpixSky(2, pixels=[0, 1, 2, 3]), **of)
    with pytest.raises(ValueError, match=r"data are of other pixels than the sky given"):
        sl.SpectralLikelihood(BANDS, part, sky=sl.HealpixSky(2, pixels=[10, 11, 12, 13]))
    maps = sl.Stokes(bright, bright, bright, sky=nested, **of)
    with pytest.raises(
        ValueError, match=r"data are at NSIDE 1 in NESTED order, the sky given at .* RING order: bring both"
    ):
        sl.SpectralLikelihood(BANDS, maps, sky=ring)
    noise = sl.Stokes(bright, bright, bright, sky=ring, **of)
    with pytest.raises(ValueError, match=r"noise maps are at NSIDE 1 in RING order"):
        sl.SpectralLikelihood(BANDS, maps, noise=noise)


def test_clusters_without_signal_are_held_and_listed():
    """A cluster whose pixels have no dust tells nothing of its index; one that is masked has no data."""
    labels = np.repeat(np.arange(3), 4)
    data = sky_u(npix=12)
    data[:, :, :4] -= np.asarray(mixing()(BANDS, 12))[:, 1, :4] * 3.0  # no dust there
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    mask = np.arange(12) < 8
    one = sl.SpectralLikelihood(BANDS, data, noise=sigma, mask=mask, **PLAIN)
    box = {"terms.dust.index.values": dist.Uniform(0.5, 3.0), "terms.synchrotron.index": dist.Uniform(-7.0, -0.5)}
    result = sl.fit(sl.Posterior(sl.ParameterSpace(mixing(Clusters(1.7, labels)), box), one))
    assert result.status == "converged"
    assert result.blind == ["terms.dust.index.values[2]"]
    errors = result.standard_deviations["terms.dust.index.values"]
    assert np.isinf(errors[2])
    assert float(result.parameters["terms.dust.index.values"][1]) == pytest.approx(1.6, rel=1e-5)


@pytest.mark.parametrize("faint", [pytest.param(1.0, marks=pytest.mark.long), 0.01])
def test_clusters_against_scipy(faint):
    """8, 2 and 4 clusters, bright, and 100 times fainter in a box of a few errors with active bounds."""
    rng = np.random.default_rng(5)
    npix, counts = 192, (8, 2, 4)
    labels = [rng.permutation(np.arange(npix) % count) for count in counts]
    truth = [1.6 + 0.05 * rng.normal(size=8), 18.5 + rng.normal(size=2), -3.1 + 0.1 * rng.normal(size=4)]
    model = mixing(*(Clusters(value, one) for value, one in zip(truth, labels, strict=True)))
    amplitudes = np.array([0.6, 3.0 * faint, 20.0 * faint])
    sigma = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
    data = np.einsum("bcn,c->bn", model(BANDS, npix), amplitudes) + sigma * rng.normal(size=(2, 15, npix))
    one = sl.SpectralLikelihood(BANDS, data, noise=sigma, **PLAIN)
    names = [f"{name}.values" for name in NAMES]
    width = 1.0 if faint == 1.0 else 0.3
    box = [(1.6 - width, 1.6 + width), (18.5 - 8 * width, 18.5 + 8 * width), (-3.1 - width, -3.1 + width)]
    centre = mixing(*(Clusters(sum(ends) / 2 + 0.05, label) for ends, label in zip(box, labels, strict=True)))
    space = sl.ParameterSpace(centre, {name: dist.Uniform(*ends) for name, ends in zip(names, box, strict=True)})
    full = sl.Posterior(space, one)
    vector, back, _ = dense(full)
    both = jax.jit(jax.value_and_grad(lambda x: -full.log_posterior(back(x))))
    first = float(both(vector)[0])
    bounds = list(itertools.chain(*([ends] * count for ends, count in zip(box, counts, strict=True))))
    oracle = minimize(
        lambda x: (float(both(jnp.asarray(x))[0]) - first, np.asarray(both(jnp.asarray(x))[1])),
        np.asarray(vector), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-16, "gtol": 1e-8, "maxiter": 5000, "maxfun": 5000},
    )  # fmt: skip
    result = sl.fit(full, sl.ProjectedGaussNewton())
    assert result.status == "converged"
    assert len(result.history) <= 15
    for end in np.transpose(bounds):  # two corners
        corner = sl.fit(full, start=back(jnp.asarray(end)), covariance=0)
        assert corner.status == "converged"
        assert len(corner.history) <= 40
        assert corner.log_posterior == pytest.approx(result.log_posterior, abs=1e-3)
    assert result.log_posterior == pytest.approx(-(oracle.fun + first), abs=1e-3)
    held = [label for label, x, ends in zip(space.labels, oracle.x, bounds, strict=True) if x in ends]
    assert result.bounds.active == held
    assert (faint == 1.0) == (held == [])
    assert all(value >= 0 for value in result.bounds.multipliers.values())


def test_maps_in_another_order_of_pixels_are_refused():
    """Of a truth, of the index of a simulator and of what a simulator predicts: their number is the same."""
    ring, nested = (sl.HealpixSky(1, nest=nest) for nest in (False, True))
    bands = sl.instruments.Bands(frequency=[30.0, 100.0, 353.0], depth=[10.0, 6.0, 20.0])
    mixing = MixingMatrix(cmb=CMB(), dust=ModifiedBlackbody(1.6))
    likelihood = sl.SpectralLikelihood(bands, np.full((2, 3, 12), 1e-6), unit="K_CMB", convention="COSMO", sky=ring)
    amplitude = sl.Stokes(*np.zeros((3, 12)), frequency=353.0, unit="K_CMB", sky=nested)
    with pytest.raises(ValueError, match="amplitudes of 'dust' are at NSIDE 1 in NESTED order"):
        likelihood.residuals_of(mixing, sl.components.ComponentSky(mixing, {"dust": amplitude}))
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(),),
    )
    index = sl.components.SimulatedIndex(simulator, sl.Sightlines(nested, sl.BoxCells(4)))
    with pytest.raises(ValueError, match=r"SimulatedIndex.sightlines are in NESTED order, the data in RING"):
        likelihood.log_likelihood(MixingMatrix(cmb=CMB(), synchrotron=PowerLaw(index, reference=30.0)))
