"""Channels, exact rebinning and cubes of integral-field units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

WAVE = 4000.0 + 0.9 * np.arange(1200)


def spectrum(seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, len(WAVE))


def brute(spectra, edges, doppler, sigma, step=0.02):
    """Channel means by convolution on a fine grid."""
    low, count = edges[0] - 60.0, round((edges[-1] - edges[0] + 120.0) / step)
    fine = np.interp((low + step * (np.arange(count) + 0.5)) / doppler, WAVE, spectra, left=0, right=0)
    lag = step * np.arange(-int(8 * sigma / step) - 1, int(8 * sigma / step) + 2)
    kernel = np.exp(-0.5 * (lag / sigma) ** 2)
    smooth = np.convolve(fine, kernel / kernel.sum(), mode="same")
    total = np.r_[0.0, np.cumsum(smooth) * step]
    return np.diff(np.interp(edges, low + step * np.arange(count + 1), total)) / np.diff(edges)


@pytest.mark.parametrize("sigma", [0.125, 0.84, 6.25])
def test_convolution_in_closed_form_is_that_on_a_fine_grid(sigma):
    edges = 4400.0 + 1.25 * np.arange(201)
    found = sl.cubes.rebin(WAVE, spectrum(), edges, doppler=1.0207, sigma=sigma)
    np.testing.assert_allclose(found, brute(spectrum(), edges, 1.0207, sigma), rtol=5e-5)
    traced = jax.jit(lambda d, s: sl.cubes.rebin(WAVE, spectrum(), edges, d, s))(1.0207, sigma)
    np.testing.assert_allclose(traced, found, rtol=1e-11)
    each = sl.cubes.rebin(WAVE, spectrum(), edges, 1.0207, np.full(200, sigma))
    np.testing.assert_allclose(each, found, rtol=1e-12)


def test_a_narrow_gaussian_leaves_plain_means():
    edges = 4400.0 + 1.25 * np.arange(201)
    plain = sl.cubes.rebin(WAVE, spectrum(), edges, doppler=1.0207)
    node = np.sort(np.r_[edges, 1.0207 * WAVE])
    means = np.interp(0.5 * (node[1:] + node[:-1]) / 1.0207, WAVE, spectrum()) * np.diff(node)
    cell = np.searchsorted(edges, 0.5 * (node[1:] + node[:-1])) - 1
    by_hand = [np.sum(means[cell == i]) / 1.25 for i in range(200)]
    np.testing.assert_allclose(plain, by_hand, rtol=1e-10)
    np.testing.assert_allclose(sl.cubes.rebin(WAVE, spectrum(), edges, 1.0207, 1e-3), plain, rtol=1e-6)


def test_single_precision_keeps_the_means():
    edges = 4400.0 + 1.25 * np.arange(201)
    exact = sl.cubes.rebin(WAVE, spectrum(), edges, 1.0207, 0.84)
    with jax.enable_x64(False):
        found = sl.cubes.rebin(WAVE, spectrum(), edges, 1.0207, 0.84)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=3e-5)


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_light_inside_the_channels_is_kept_at_any_velocity(sigma):
    edges = 3800.0 + np.r_[np.arange(500) * 2.5, 1250.0 + 1.25 * np.arange(400)]
    light = [
        jnp.sum(sl.cubes.rebin(WAVE, spectrum(), edges, 1.01 * (1 + v / 3e5), sigma) * np.diff(edges))
        / (1.01 * (1 + v / 3e5))
        for v in (-500.0, -3.0, 0.0, 120.0, 500.0)
    ]
    np.testing.assert_allclose(light, np.trapezoid(spectrum(), WAVE), rtol=1e-12)


def test_a_line_keeps_flux_and_centroid():
    line = np.where(np.arange(len(WAVE)) == 500, 1.0, 0.0)
    edges = 4350.0 + 1.25 * np.arange(240)
    middle = 0.5 * (edges[1:] + edges[:-1])
    for sigma in (0.0, 0.3, 2.0):
        found = np.asarray(sl.cubes.rebin(WAVE, line, edges, 1.01, sigma)) * 1.25
        assert found.sum() == pytest.approx(0.9 * 1.01, rel=1e-10)
        if sigma == 2.0:  # the middles of wide channels stand for their contents where the line is well sampled
            assert np.sum(found * middle) / found.sum() == pytest.approx(1.01 * WAVE[500], abs=1e-6)


def test_derivatives_are_differences():
    edges = 4400.0 + 1.25 * np.arange(101)

    def means(doppler, width, spectra):
        return sl.cubes.rebin(WAVE, spectra, edges, doppler, width)

    at = (1.0207123, jnp.asarray(0.7), jnp.asarray(spectrum()))
    slope = jax.jvp(means, at, (1.0, 0.3, jnp.asarray(spectrum(1))))[1]
    h = 1e-7
    ends = [means(at[0] + s * h, at[1] + 0.3 * s * h, at[2] + s * h * spectrum(1)) for s in (-1, 1)]
    np.testing.assert_allclose((ends[1] - ends[0]) / (2 * h), slope, rtol=1e-5, atol=1e-4)
    _, back = jax.vjp(means, *at)
    weight = np.random.default_rng(2).normal(size=100)
    one, two, three = back(jnp.asarray(weight))
    assert one + 0.3 * two + three @ spectrum(1) == pytest.approx(float(weight @ slope), rel=1e-10)
    many = jax.vmap(lambda d: means(d, at[1], at[2]))(jnp.array([1.01, 1.02]))
    np.testing.assert_allclose(many[1], means(1.02, at[1], at[2]), rtol=1e-10)


def test_irregular_axes():
    rng = np.random.default_rng(3)
    wave = np.cumsum(rng.uniform(0.3, 3.0, 300)) + 4000.0
    values = rng.uniform(size=300)
    edges = np.linspace(wave[5], wave[-7], 40)
    found = jax.jit(lambda d: sl.cubes.rebin(wave, values, edges * 1.1, d))(1.1)
    node = np.sort(np.r_[edges, wave])
    parts = np.interp(0.5 * (node[1:] + node[:-1]), wave, values) * np.diff(node)
    cell = np.searchsorted(edges, 0.5 * (node[1:] + node[:-1])) - 1
    by_hand = [np.sum(parts[cell == i]) / np.diff(edges)[i] for i in range(39)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"wavelength": WAVE[::-1]}, "wavelength"),
        ({"spectra": np.ones(5)}, "spectra"),
        ({"edges": [1.0]}, "edges"),
        ({"doppler": -1.0}, "doppler"),
        ({"sigma": -1.0}, "sigma"),
        ({"sigma": np.ones(7)}, "sigma"),
    ],
)
def test_bad_input_of_rebin(change, match):
    good = {"wavelength": WAVE, "spectra": spectrum(), "edges": [4400.0, 4500.0, 4600.0]}
    with pytest.raises(ValueError, match=match):
        sl.cubes.rebin(**{**good, **change})


def test_channels_and_media():
    channels = sl.cubes.Channels.regular(4750.0, 1.25, 1600)
    assert len(channels) == 1600
    np.testing.assert_allclose(channels.centres[:2], [4750.625, 4751.875])
    air = sl.cubes.vacuum_to_air([5000.0])
    assert 299792.458 * (5000.0 / air[0] - 1) == pytest.approx(83.6, abs=0.3)
    np.testing.assert_allclose(sl.cubes.air_to_vacuum(air), 5000.0, rtol=1e-13)
    # H alpha, 6562.80 A in air and 6564.61 A in vacuum
    assert sl.cubes.air_to_vacuum(6562.79) == pytest.approx(6564.60, abs=0.01)
    far = np.geomspace(91.0, 1e7, 20001)  # below 2000 A those in air are those in vacuum
    np.testing.assert_array_equal(sl.cubes.vacuum_to_air(far)[far < 2000], far[far < 2000])
    far = far[(far < 1999) | (far > 2000)]  # between the two wavelengths in air mean two in vacuum
    np.testing.assert_allclose(sl.cubes.air_to_vacuum(sl.cubes.vacuum_to_air(far)), far, rtol=1e-13)
    with pytest.raises(ValueError, match="medium"):
        sl.cubes.Channels([1.0, 2.0], medium="water")


def test_cubes_add_and_integrate():
    plane, channels = sl.cubes.Spaxels((2, 3), 0.5), sl.cubes.Channels.regular(5000.0, 2.0, 4)
    one = sl.SpectralCube(np.arange(24.0).reshape(4, 6), channels, plane, np.ones((4, 6)))
    two = one + 2 * one
    np.testing.assert_allclose(two.flux, 3 * one.flux)
    np.testing.assert_allclose(two.variance, 5.0)
    np.testing.assert_allclose(one.integrate(5001.0, 5004.0), one.flux[0] + 2 * one.flux[1])
    np.testing.assert_allclose(one.rebin([5000.0, 5004.0, 5008.0]).flux[0], one.flux[:2].mean(axis=0))
    np.testing.assert_allclose(one.rebin([5000.0, 5004.0, 5008.0]).variance, 0.5)
    assert len(one[1:3].channels) == 2
    for total, parts in ((sum([one, one, one]), 3), (one - one, 0), (-one, -1), (one / 4, 0.25)):
        np.testing.assert_allclose(total.flux, parts * one.flux)
        np.testing.assert_allclose(total.variance, {3: 3.0, 0: 2.0, -1: 1.0, 0.25: 0.0625}[parts])
    for wrong in (lambda: 1 + one, lambda: one - 1.0):
        with pytest.raises(TypeError, match="adds to another one"):
            wrong()
    with pytest.raises(ValueError, match="variance: 1 of 24 are negative: make those inf"):
        one.replace(variance=one.variance.at[1, 2].set(-1.0))
    with pytest.raises(ValueError, match="share"):
        one.rebin([5000.0, 5003.0, 5008.0])
    with pytest.raises(ValueError, match="beyond"):
        one.integrate(4990.0, 5001.0)
    with pytest.raises(ValueError, match="other channels"):
        one + sl.SpectralCube(np.ones((2, 6)), channels[1:3], plane)
    with pytest.raises(ValueError, match="flux has shape"):
        sl.SpectralCube(np.ones((4, 5)), channels, plane)


@pytest.mark.parametrize("told", ["flux", "variance"])
def test_data_left_out_stay_in_their_own_channels(told):
    """A channel that is not known spoils what holds it, not all of its spaxel: 0 times NaN or inf is 0."""
    flux, variance = np.arange(12.0).reshape(6, 2) + 1, None
    if told == "variance":  # as read_cube has masked data, whose flux may be anything
        variance = np.ones((6, 2))
        variance[4, 1], flux[4, 1] = np.inf, 1e9
    else:
        flux[4, 1] = np.nan
    cube = sl.SpectralCube(
        flux, sl.cubes.Channels.regular(5000.0, 2.0, 6), sl.cubes.Spaxels((1, 2), 0.2), variance=variance
    )
    np.testing.assert_array_equal(cube.integrate(5000.0, 5008.0), [2 * 16.0, 2 * 20.0])
    np.testing.assert_array_equal(cube.integrate(5000.0, 5010.0), [2 * 25.0, np.nan])
    half = cube.rebin([5000.0, 5004.0, 5008.0, 5012.0])
    np.testing.assert_array_equal(half._known, [[True, True], [True, True], [True, False]])
    np.testing.assert_array_equal(half.flux[:2], [[2.0, 3.0], [6.0, 7.0]])
    total, mean, _ = cube.moments(5000.0, 5012.0, 5006.0)
    np.testing.assert_array_equal(total, [2 * 36.0, 2 * (2 + 4 + 6 + 8 + 12)])
    assert np.all(np.isfinite(mean))
    slope = jax.grad(lambda flux: cube.replace(flux=flux).integrate(5000.0, 5008.0).sum())(cube.flux)
    np.testing.assert_array_equal(slope, [[2, 2]] * 4 + [[0, 0]] * 2)


def test_moments_of_a_line():
    channels = sl.cubes.Channels.regular(6400.0, 1.0, 400)
    velocity, width = 150.0, 200.0
    at = 299792.458 * (channels.centres / 6600.0 - 1)
    flux = np.exp(-0.5 * ((at - velocity) / width) ** 2)[:, None]
    total, mean, spread = sl.SpectralCube(flux, channels, sl.cubes.Spaxels((1, 1), 1.0)).moments(6401.0, 6799.0, 6600.0)
    np.testing.assert_allclose([mean[0], spread[0]], [velocity, width], rtol=1e-3)
    assert total[0] == pytest.approx(width * np.sqrt(2 * np.pi) * 6600.0 / 299792.458, rel=1e-3)


def test_moments_of_channels_that_are_cut():
    """Of a constant flux between 5001 and 5005 A: the middle is 5003 A, the standard deviation of wide channels known.

    Parts of 1, 2 and 1 A, about 5001.5, 5003 and 5004.5 A.
    """
    channels = sl.cubes.Channels.regular(5000.0, 2.0, 4)
    cube = sl.SpectralCube(np.ones((4, 1)), channels, sl.cubes.Spaxels((1, 1), 1.0))
    total, mean, spread = (float(one[0]) for one in cube.moments(5001.0, 5005.0, 5003.0))
    assert total == pytest.approx(4.0)
    assert mean == pytest.approx(0.0, abs=1e-9)
    assert spread == pytest.approx(299792.458 / 5003.0 * np.sqrt(2 * 1.5**2 / 4))
    assert float(cube.moments(5001.0, 5005.5, 5003.25)[1][0]) == pytest.approx(0.0, abs=1e-9)


def test_arrays_of_numpy_on_the_left_scale_spaxels():
    channels = sl.cubes.Channels.regular(4750.0, 1.25, 4)
    cube = sl.SpectralCube(jnp.ones((4, 6)), channels, sl.cubes.Spaxels((2, 3), 0.2))
    scaled = np.arange(6.0) * cube
    np.testing.assert_array_equal(scaled.flux, cube.flux * np.arange(6.0))


def test_second_derivatives_where_channels_end_on_samples():
    """As at rest on round grids, where a segment of the spectrum ends: against differences of the gradient."""
    wavelength, edges = np.arange(5000.0, 5060.0), np.arange(5010.0, 5031.0, 2.0)
    spectrum = jnp.asarray(1 + 0.2 * np.random.default_rng(3).normal(size=60))
    total = lambda x: jnp.sum(sl.cubes.rebin(wavelength, spectrum, edges, x[0], x[1])[:5] ** 2)  # noqa: E731
    at, slope = jnp.array([1.0, 2.0]), jax.jit(jax.grad(total))
    steps = jnp.diag(jnp.array([1e-6, 1e-4]))
    moved = [(slope(at + step) - slope(at - step)) / (2 * jnp.sum(step)) for step in steps]
    np.testing.assert_allclose(jax.hessian(total)(at), moved, rtol=1e-3)


def test_second_derivatives_by_a_width_of_zero():
    """A Gaussian of width s adds s^2/2 times the change of slope to the integral: also between and on samples."""
    wavelength, spectrum = np.arange(5000.0, 5060.0), np.random.default_rng(3).normal(size=60)
    for edges in (np.arange(5010.3, 5031.0, 2.0), np.arange(5010.0, 5031.0, 2.0)):
        total = lambda s: jnp.sum(sl.cubes.rebin(wavelength, spectrum, edges, 1.0, s) ** 2)  # noqa: B023, E731
        found = jax.grad(jax.grad(total))(0.0)
        assert found == pytest.approx(2 * float(total(3e-2) - total(0.0)) / 9e-4, rel=2e-2)
        assert jax.grad(total)(0.0) == 0


def test_derivatives_by_velocity_where_a_channel_begins_at_the_first_sample():
    """The spectrum begins there with a step, of which what is smoothed has a derivative."""

    @jax.jit
    def means(doppler):
        return sl.cubes.rebin([10.0, 11.0, 12.0, 13.0, 14.0], np.ones(5), [10.0, 12.0, 14.0], doppler, 0.5)

    right = (means(1 + 1e-5) - means(1 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.jacfwd(means)(1.0), right, rtol=1e-6)


def test_spectra_in_single_precision_beside_double():
    spectra = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    found = [
        sl.cubes.rebin(np.arange(10.0, 15.0), jnp.asarray(spectra, kind), [10.0, 12.0, 14.0], 1.0, 0.7)
        for kind in (jnp.float32, jnp.float64)
    ]
    np.testing.assert_allclose(*found, rtol=1e-5)
