"""Mixtures of populations: series of velocities, templates, weights against other ways, recovery, real spectra."""

import dataclasses
import os
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from scipy import integrate, ndimage, optimize

import sightline as sl
from sightline.galaxies.cubes.mixture import losvd, templates, weights

DATA = Path(os.environ.get("SIGHTLINE_DATA", "absent"))
LIGHT = 299792.458


@pytest.fixture(scope="module")
def library():
    return sl.populations.synthetic(step=1.0, low=4300.0, high=6400.0).select(ages=[0.5, 1.0, 2.0, 5.0, 10.0])


CHANNELS = sl.cubes.Channels.regular(4800.0, 1.25, 800)


def series(x, velocity, dispersion, h3, h4):
    """The profile as van der Marel and Franx write it."""
    y = (x - velocity) / dispersion
    third = (2 * np.sqrt(2) * y**3 - 3 * np.sqrt(2) * y) / np.sqrt(6)
    fourth = (4 * y**4 - 12 * y**2 + 3) / np.sqrt(24)
    return np.exp(-0.5 * y * y) / np.sqrt(2 * np.pi) / dispersion * (1 + h3 * third + h4 * fourth)


def mock(library, kinematics=(120.0, 150.0, 0.0, 0.0), populations=((2.0, 0.0, 1.0), (10.0, -0.5, 3.0)), slope=0.0):
    """Channel means of a mixture by brute force: velocities summed one by one, on a fine grid of wavelengths."""
    flux = sum(m * np.asarray(library.luminosity(t, z), np.float64) for t, z, m in populations)
    velocity = np.arange(-1000.0, 1001.0, 10.0)
    share = 10.0 * series(velocity, *kinematics)
    centre = kinematics[0]
    parts = 25
    fine = CHANNELS.edges[0] + 1.25 / parts * (np.arange(parts * len(CHANNELS)) + 0.5)
    factor = [np.exp((v - centre) / LIGHT) * (1 + centre / LIGHT) for v in velocity]  # a series in ln wavelength
    moved = [s * np.interp(fine / f, library.wavelength, flux) for f, s in zip(factor, share, strict=True)]
    x = 2 * np.arange(len(CHANNELS)) / (len(CHANNELS) - 1) - 1
    return np.mean(np.reshape(sum(moved), (-1, parts)), axis=1) * (1 + slope * x)


def test_the_transform_is_that_of_the_series():
    x = np.linspace(-2000.0, 2000.0, 8001)
    profile = series(x, 40.0, 130.0, 0.1, -0.05)
    frequency = np.array([0.0, 1e-3, 5e-3, 1.2e-2])
    direct = integrate.simpson(profile * np.exp(-1j * frequency[:, None] * x), x=x)
    found = losvd.transform(frequency, 40.0, 130.0, np.array([0.1, -0.05]))
    np.testing.assert_allclose(found, direct, atol=1e-10)


def test_its_derivatives_are_those_of_differences():
    frequency, at = np.linspace(0, 0.02, 7), np.array([40.0, 130.0, 0.1, -0.05, 0.02, 0.01])
    found = losvd.derivatives(frequency, *at[:2], at[2:])
    for k, step in enumerate([1e-2, 1e-2, *[1e-5] * 4]):
        up, down = at + step * np.eye(6)[k], at - step * np.eye(6)[k]
        slope = (losvd.transform(frequency, *up[:2], up[2:]) - losvd.transform(frequency, *down[:2], down[2:])) / (
            2 * step
        )
        np.testing.assert_allclose(found[k], slope, atol=1e-7 * max(1, abs(slope).max()))


def test_samples_are_blurred_as_by_a_fine_sum():
    nodes = np.linspace(5000.0, 5040.0, 41)
    values = np.random.default_rng(0).uniform(size=41)
    points = np.linspace(5012.0, 5028.0, 9)
    fine = np.arange(5000.0, 5040.0, 0.002)
    smooth = ndimage.gaussian_filter1d(np.interp(fine, nodes, values), 0.8 / 0.002, mode="nearest", truncate=8)
    found = templates.point_weights(nodes, points, np.full(9, 0.8)) @ values
    np.testing.assert_allclose(found, np.interp(points, fine, smooth), atol=2e-6)
    plain = templates.point_weights(nodes, points, np.zeros(9)) @ values
    np.testing.assert_allclose(plain, np.interp(points, nodes, values), rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_weights_are_those_of_scipy(seed):
    random = np.random.default_rng(seed)
    matrix, data = random.uniform(size=(60, 90)), random.uniform(size=60)
    start = random.choice(90, 8, replace=False)
    found = weights.nonnegative(lambda k: matrix[:, k], lambda r: matrix.T @ r, data, start)
    expected, norm = optimize.nnls(matrix, data)
    dense = np.zeros(90)
    dense[found.index] = found.weights
    assert np.linalg.norm(found.residual) == pytest.approx(norm, rel=1e-9)
    np.testing.assert_allclose(matrix @ dense, matrix @ expected, atol=1e-8)


def test_velocities_are_recovered_without_noise(library):
    flux = mock(library, (120.0, 150.0, 0.06, 0.08), slope=0.2)
    data = sl.cubes.Spectra(flux, CHANNELS, (1e-3 * flux) ** 2)
    found = sl.cubes.fit_mixture(data, library, moments=4, degree=4)
    np.testing.assert_allclose((found.kinematics - [120.0, 150.0, 0.06, 0.08]) / [100, 100, 1, 1], 0, atol=2e-3)
    np.testing.assert_allclose(found.model, flux, rtol=2e-4)
    assert found.status == "converged"
    assert found.chi2 < 10


def test_masses_are_those_of_the_whole_series(library):
    """h_4 adds 12/384^(1/2) of itself to the integral of the Gaussian, which is light, and so mass, as well."""
    extra = 0.08 * 12 / np.sqrt(384)
    age, metallicity = float(library.age[2]), float(library.metallicity[3])
    flux = mock(library, (120.0, 150.0, 0.0, 0.08), populations=((age, metallicity, 3.0),))
    data = sl.cubes.Spectra(flux, CHANNELS, (1e-3 * flux) ** 2)
    one = library.select(ages=[age], metallicities=[metallicity])
    found = sl.cubes.fit_mixture(data, one, moments=4, degree=0)
    assert float(found.weights.sum()) == pytest.approx(3 * (1 + extra), rel=2e-3)
    assert losvd.integral(np.array([0.06, 0.08])) == pytest.approx(1 + extra, rel=1e-12)
    assert losvd.integral(np.zeros(0)) == 1.0


def test_populations_are_recovered_without_noise(library):
    flux = mock(library)
    data = sl.cubes.Spectra(flux, CHANNELS, (1e-3 * flux) ** 2)
    found = sl.cubes.fit_mixture(data, library, moments=2, degree=0)
    truth = library.weights(2.0, 0.0) + 3 * library.weights(10.0, -0.5)
    np.testing.assert_allclose(found.weights, truth, atol=0.05)
    assert float(found.mean_log_age("mass")) == pytest.approx((np.log10(2) + 3) / 4, abs=0.04)
    assert float(found.mean_metallicity("mass")) == pytest.approx(-0.375, abs=0.03)
    assert float(found.mean_log_age("light")) < float(found.mean_log_age("mass"))
    assert float(found.light.sum()) == pytest.approx(1.0)


def test_errors_are_those_of_many_draws(library):
    flux, random = mock(library, (120.0, 150.0, 0.06, 0.08)), np.random.default_rng(1)
    sigma = flux / 300
    drawn = flux + sigma * random.normal(size=(24, len(flux)))
    data = sl.cubes.Spectra(drawn, CHANNELS, np.broadcast_to(sigma**2, drawn.shape))
    found = sl.cubes.fit_mixture(data, library, moments=4, degree=1, start=(100.0, 120.0))
    pulls = (found.kinematics - [120.0, 150.0, 0.06, 0.08]) / found.errors
    assert np.all(np.abs(pulls.mean(axis=0)) < 2.5 / np.sqrt(24))
    np.testing.assert_allclose(pulls.std(axis=0), 1, atol=2 / np.sqrt(48))
    assert np.sqrt(np.mean(pulls.var(axis=0))) == pytest.approx(1, abs=2 / np.sqrt(192))
    assert float(np.mean(found.chi2 / found.dof)) == pytest.approx(1.0, abs=0.04)


def test_a_prior_keeps_moments_small_in_noise(library):
    flux, random = mock(library), np.random.default_rng(2)
    drawn = flux * (1 + random.normal(size=(6, len(flux))) / 40)
    data = sl.cubes.Spectra(drawn, CHANNELS, np.broadcast_to((flux / 40) ** 2, drawn.shape))
    options = {"moments": 4, "degree": 0, "start": (100.0, 120.0)}
    free, held = (sl.cubes.fit_mixture(data, library, **options, moment_scatter=width) for width in (None, 0.05))
    assert np.all(np.abs(held.kinematics[:, 2:]) < 0.1)
    assert np.abs(free.kinematics[:, 2:]).mean() > 2 * np.abs(held.kinematics[:, 2:]).mean()
    assert np.all((held.errors[:, 2:] > 0) & (held.errors[:, 2:] <= 0.05))
    assert np.all(held.chi2 >= free.chi2 - 1e-6)
    with pytest.raises(ValueError, match="moment_scatter"):
        sl.cubes.fit_mixture(data, library, moment_scatter=0.0)


def test_errors_by_draws_agree(library):
    flux = mock(library)
    sigma = flux / 100
    data = sl.cubes.Spectra(flux + sigma * np.random.default_rng(5).normal(size=len(flux)), CHANNELS, sigma**2)
    options = {"moments": 2, "degree": 0, "start": (100.0, 120.0)}
    plain, drawn = (sl.cubes.fit_mixture(data, library, **options, draws=draws) for draws in (0, 40))
    np.testing.assert_allclose(drawn.errors, plain.errors, rtol=2 / np.sqrt(80))
    assert np.all(np.isnan(plain.population_errors))
    assert drawn.population_errors.shape == (2, 2)
    assert np.all((drawn.population_errors > 0.03) & (drawn.population_errors < 0.2))
    with pytest.raises(ValueError, match="draws"):
        sl.cubes.fit_mixture(data, library, draws=1)


def test_air_and_vacuum_are_83_km_s_apart(library):
    flux = mock(library)
    wrong = sl.cubes.Spectra(flux, sl.cubes.Channels(CHANNELS.edges, "vacuum"), (1e-2 * flux) ** 2)
    right = sl.cubes.Spectra(flux, CHANNELS.to("vacuum"), (1e-2 * flux) ** 2)
    at = [float(sl.cubes.fit_mixture(one, library, moments=2, degree=0).velocity) for one in (wrong, right)]
    assert at[0] - at[1] == pytest.approx(-83.0, abs=1.5)  # air wavelengths called vacuum seem shorter


def test_the_instrument_is_taken_out(library):
    blurred = sl.populations.Library(
        *(library.wavelength, library.age, library.metallicity, library.nodes, "air", 1.5), name="fwhm 1.5"
    )
    light = np.asarray(library.luminosity(5.0, 0.0), np.float64)
    instrument, z = 4.0, 0.03
    channels = sl.cubes.Channels.regular(4950.0, 1.25, 800)
    kinematic = 100.0 / LIGHT * channels.centres  # km/s to A as observed
    width = np.sqrt((instrument**2 - (1.5 * (1 + z)) ** 2) / 2.3548**2 + kinematic**2)
    flux = np.asarray(sl.cubes.rebin(library.wavelength, light, channels.edges, 1 + z, width))
    data = sl.cubes.Spectra(flux, channels, (1e-2 * flux) ** 2)
    found = sl.cubes.fit_mixture(data, blurred, moments=2, degree=0, redshift=z, fwhm=instrument * u.Angstrom)
    assert float(found.dispersion) == pytest.approx(100.0, abs=1.0)
    assert abs(float(found.velocity)) < 0.7
    knowing = dataclasses.replace(data, fwhm=instrument, redshift=z)
    same = sl.cubes.fit_mixture(knowing, blurred, moments=2, degree=0)
    np.testing.assert_array_equal(same.kinematics, found.kinematics)
    other = sl.cubes.fit_mixture(knowing, blurred, moments=2, degree=0, redshift=0.0301)
    assert float(other.velocity) == pytest.approx(LIGHT * (1.03 / 1.0301 - 1), abs=0.7)
    bare = sl.cubes.fit_mixture(dataclasses.replace(knowing, fwhm=None), blurred, moments=2, degree=0)
    wide = np.sqrt(100.0**2 + (LIGHT / 5450 / 2.3548) ** 2 * (instrument**2 - (1.5 * (1 + z)) ** 2))
    assert float(bare.dispersion) == pytest.approx(wide, rel=0.02)
    with pytest.raises(ValueError, match="sharper than the library"):
        sl.cubes.fit_mixture(data, blurred, redshift=z, fwhm=1.5)


def test_data_are_left_out_and_counted(library):
    flux = mock(library)
    variance, mask = (1e-3 * flux) ** 2, np.zeros(len(flux), bool)
    variance[:5], mask[400:410] = np.inf, True
    spoilt = flux.copy()
    spoilt[[0, 3, 405]] = [1e9, np.nan, -1e9]
    data = sl.cubes.Spectra(spoilt, CHANNELS, variance, mask)
    found = sl.cubes.fit_mixture(data, library, moments=2, degree=0, low=4850.0, emission=400.0)
    assert abs(float(found.velocity) - 120) < 10
    assert found.left_out["flux or variance not finite"] == 5
    assert found.left_out["masked"] == 10
    assert found.left_out["beside emission lines"] > 0
    assert sum(found.left_out.values()) + int(found.used.sum()) == len(flux)
    dark = sl.cubes.Spectra(np.stack([flux, flux]), CHANNELS, np.stack([variance, np.full(len(flux), np.inf)]))
    both = sl.cubes.fit_mixture(dark, library, moments=2, degree=0)
    assert both.status.tolist() == ["converged", "no data"]
    assert np.isnan(both.velocity[1])
    assert "no data" in both.summary()
    widths = np.stack([np.full(len(flux), 3.0), np.full(len(flux), np.nan)])
    unknown = dataclasses.replace(dark, redshift=[0.0, np.nan], fwhm=widths)
    same = sl.cubes.fit_mixture(unknown, library, moments=2, degree=0)
    assert same.status.tolist() == both.status.tolist()
    with pytest.raises(ValueError, match="redshift must be finite"):
        sl.cubes.fit_mixture(dataclasses.replace(unknown, redshift=np.nan), library, moments=2, degree=0)
    lost = sl.cubes.Spectra(np.stack([flux, 0 * flux]), CHANNELS, np.stack([variance, variance]))
    third = sl.cubes.fit_mixture(lost, library, moments=2, degree=0, low=4850.0, high=5700.0)
    assert third.left_out["of spectra that were not fitted"] == third.used[0].sum()
    assert third.left_out["beyond the library or the range"] == 2 * (lost.kept[0].sum() - third.used[0].sum())


def test_dark_spectra_have_no_light(library):
    flux = np.stack([mock(library), np.zeros(len(CHANNELS)), -np.ones(len(CHANNELS))])
    data = sl.cubes.Spectra(flux, CHANNELS, np.broadcast_to((1e-2 * flux[0]) ** 2, flux.shape))
    found = sl.cubes.fit_mixture(data, library, moments=2, degree=1)
    assert found.status.tolist() == ["converged", "no light", "no light"]
    assert np.isnan(found.dispersion).tolist() == [False, True, True]


def test_a_polynomial_can_be_added(library):
    flux = mock(library)
    x = 2 * np.arange(len(CHANNELS)) / (len(CHANNELS) - 1) - 1
    sky = flux.mean() * (0.3 - 0.1 * x)
    data = sl.cubes.Spectra(flux + sky, CHANNELS, (1e-3 * flux) ** 2)
    found = sl.cubes.fit_mixture(data, library, moments=2, degree=0, additive=2)
    assert float(found.velocity) == pytest.approx(120.0, abs=0.5)
    assert float(found.dispersion) == pytest.approx(150.0, abs=1.0)
    np.testing.assert_allclose(found.model, flux + sky, rtol=3e-4)
    assert found.additive.shape == (3,)
    without = sl.cubes.fit_mixture(data, library, moments=2, degree=0)
    assert without.chi2 > 5 * found.chi2
    for unit in (1e-17, 1e8):
        same = sl.cubes.Spectra(unit * data.flux, CHANNELS, unit**2 * data.variance)
        again = sl.cubes.fit_mixture(same, library, moments=2, degree=0, additive=2)
        assert again.chi2 == pytest.approx(found.chi2, rel=1e-6)
        np.testing.assert_allclose(again.additive, unit * found.additive, rtol=1e-6)


def test_a_mask_can_be_given_apart(library):
    flux = mock(library)
    spoilt, mask = flux.copy(), np.zeros(len(flux), bool)
    spoilt[100:120], mask[100:120] = 1e3, True
    data = sl.cubes.Spectra(spoilt, CHANNELS, (1e-2 * flux) ** 2)
    found = sl.cubes.fit_mixture(data, library, moments=2, degree=0, mask=mask)
    assert found.left_out["masked"] == 20
    assert abs(float(found.velocity) - 120) < 3
    with pytest.raises(ValueError, match="mask"):
        sl.cubes.fit_mixture(data, library, mask=mask[:-1])
    with pytest.raises(ValueError, match="mask is of float64: give true or false, true for what is left out"):
        sl.cubes.fit_mixture(data, library, mask=mask.astype(float))
    with pytest.warns(sl.cubes.MaskWarning, match=rf"leaves out {len(flux) - 20} of {len(flux)} data: True is what is"):
        sl.cubes.fit_mixture(data, library, moments=2, degree=0, mask=~mask)


def test_regularised_weights_are_smoother(library):
    flux = mock(library)
    random = np.random.default_rng(3)
    data = sl.cubes.Spectra(flux * (1 + 0.01 * random.normal(size=len(flux))), CHANNELS, (0.01 * flux) ** 2)
    rough, smooth = (
        sl.cubes.fit_mixture(data, library, moments=2, degree=0, regularisation=value, start=(100.0, 150.0))
        for value in (0.0, 300.0)
    )

    def bend(found):
        return np.sum(np.diff(found.light, 2, axis=0) ** 2) + np.sum(np.diff(found.light, 2, axis=1) ** 2)

    assert bend(smooth) < 0.1 * bend(rough)
    assert rough.chi2 <= smooth.chi2 < rough.chi2 + 30


def test_cubes_are_fitted_spaxel_by_spaxel(library):
    flux = mock(library)
    plane = sl.cubes.Spaxels((1, 2), 0.2)
    spectra = np.stack([flux, 2 * flux], axis=1)
    cube = sl.SpectralCube(1e4 * spectra, CHANNELS, plane, (1e2 * spectra) ** 2)
    found = sl.cubes.fit_mixture(cube, library, moments=2, degree=0, start=(100.0, 150.0))
    assert found.velocity.shape == (2,)
    assert found.weights[1].sum() == pytest.approx(2 * found.weights[0].sum(), rel=1e-4)
    assert found[0].velocity == found.velocity[0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"moments": 7}, ValueError, "moments"),
        ({"degree": -1}, ValueError, "degree"),
        ({"redshift": 3.0}, ValueError, "none of the channels"),
        ({"redshift": np.nan}, ValueError, "redshift"),
        ({"velocities": (100.0, -100.0)}, ValueError, "rising"),
        ({"dispersions": (0.0, 100.0)}, ValueError, "positive"),
        ({"regularisation": -1.0}, ValueError, "regularisation"),
        ({"fwhm": [1.0, 2.0]}, ValueError, "fwhm"),
        ({"low": 5 * u.km}, ValueError, "low"),
    ],
)
def test_what_makes_no_sense_is_refused(library, options, error, words):
    flux = np.ones(len(CHANNELS))
    with pytest.raises(error, match=words):
        sl.cubes.fit_mixture(sl.cubes.Spectra(flux, CHANNELS, flux), library, **options)


def test_wrong_data_are_refused(library):
    flux = np.ones(len(CHANNELS))
    with pytest.raises(ValueError, match="no variance"):
        sl.cubes.fit_mixture(sl.cubes.Spectra(flux, CHANNELS), library)
    with pytest.raises(TypeError, match="Spectra"):
        sl.cubes.fit_mixture(flux, library)
    with pytest.raises(ValueError, match="0 or negative"):
        sl.cubes.Spectra(flux, CHANNELS, 0 * flux)
    with pytest.raises(ValueError, match="last axis"):
        sl.cubes.Spectra(flux[:-1], CHANNELS)


def real(folder, name):
    if not (DATA / folder / name).is_file():
        pytest.skip(f"needs the environment variable SIGHTLINE_DATA with {folder}/{name}")
    return DATA / folder / name


def miles(medium="air"):
    path = real("ssp", "miles_kb_baSTI_ssp_grid.npz")
    return sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium=medium, fwhm=2.51)


def test_real_bins_of_muse_fit_better_than_published():
    from astropy.io import fits

    bins = sl.io.read_spectra(real("ifu", "NGC0000Example_BinSpectra.fits"), medium="air")
    published = fits.getdata(real("ifu", "NGC0000Example_sfh-bestfit.fits"), "BESTFIT")["BESTFIT"]
    mask = np.zeros(583, bool)
    mask[0] = True
    for k in (0, 9):
        found = sl.cubes.fit_mixture(bins[k], miles(), moments=4, degree=4, mask=mask)
        theirs = np.sum((bins.flux[k] - published[k])[1:] ** 2 / bins.variance[k][1:])
        assert found.chi2 < 0.9 * theirs
        assert abs(found.velocity) < 70
        assert 90 < found.dispersion < 140
        assert found.used.sum() == 582


def test_a_real_spectrum_of_manga_knows_air_from_vacuum():
    one = sl.io.read_spectra(real("ifu", "MaNGA_test_spectra.fits.gz"), medium="vacuum")[1]
    options = {
        "degree": 8,
        "low": 5000.0,
        "high": 5600.0,
        "moments": 2,
        "start": (0.0, 100.0),
    }
    with pytest.raises(ValueError, match="sharper than the library"):
        sl.cubes.fit_mixture(one, miles(), **options)
    one = dataclasses.replace(one, fwhm=None)
    right, wrong = (sl.cubes.fit_mixture(one, miles(medium), **options) for medium in ("air", "vacuum"))
    assert abs(right.velocity) < 15
    assert wrong.velocity - right.velocity == pytest.approx(83.5, abs=1.5)
