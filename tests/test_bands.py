"""Bands of instruments: noise of a pixel, responses, published tables, and what is refused."""

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.brightness import per_kelvin
from sightline.sky.instruments.known import TABLES

jax.config.update("jax_enable_x64", True)

Bands, Bandpass = sl.instruments.Bands, sl.instruments.Bandpass


def test_noise_of_a_pixel():
    bands = Bands([40.0, 140.0], depth=[37.42, 4.79])
    area = 41252.96125 * 3600 / (12 * 16**2)  # arcmin^2 of the sphere over pixels
    found = np.asarray(bands.sigma(sl.HealpixSky(16), "IQU"))
    exact = 1e-6 * np.array([37.42, 4.79]) / np.sqrt(area)
    assert found[1:] == pytest.approx(np.stack([exact, exact]), rel=1e-6)
    assert found[0] == pytest.approx(exact / np.sqrt(2), rel=1e-6)
    assert bands.sigma(sl.HealpixSky(16), "UQ").shape == (2, 2)


def test_noise_of_litebird_without_foregrounds():
    sigma = np.asarray(sl.instruments.load("LiteBIRD").sigma(sl.HealpixSky(16), "Q"))[0]
    assert 1e6 / np.sqrt(np.sum(sigma**-2.0)) == pytest.approx(0.009824, rel=1e-4)


def test_noise_does_not_depend_on_which_pixels():
    bands = Bands([40.0], depth=10.0)
    assert np.array_equal(bands.sigma(sl.HealpixSky(16), "Q"), bands.sigma(sl.HealpixSky(16, pixels=[3, 4]), "Q"))


def test_quantities_and_one_number_for_all():
    bands = Bands([40e3, 140e3] * u.MHz, depth=2e-3 * u.mK * u.deg, fwhm=[30.0, 60.0] * u.arcmin)
    assert bands.frequency == pytest.approx((40.0, 140.0))
    assert bands.depth == pytest.approx((120.0, 120.0))
    assert bands.fwhm == pytest.approx((0.5, 1.0))
    assert len(bands) == 2


@pytest.mark.parametrize("name", sl.instruments.list())
def test_tables_are_whole(name):
    bands, table = sl.instruments.load(name), TABLES[name]
    assert len(bands.frequency) == len(bands.depth) == len(bands.fwhm) == len(table.frequency)
    assert np.all(np.diff(bands.frequency) > 0)
    assert np.all(np.diff(bands.fwhm) <= 0.01)  # beams narrow with frequency
    assert "arXiv:" in table.source


def test_numbers_of_tables():
    litebird, planck = sl.instruments.load("LiteBIRD"), sl.instruments.load("Planck")
    assert litebird.frequency[8] == 140.0
    assert litebird.depth[8] == 4.79
    assert litebird.depth[-1] == 47.45
    assert planck.depth[planck.frequency.index(143.0)] == pytest.approx(1.17 * 60)
    small = sl.instruments.load("SimonsObservatorySAT")
    assert small.depth[small.frequency.index(93.0)] == pytest.approx(2.6 * np.sqrt(2), abs=0.01)


def test_nodes_are_padded_with_nothing():
    band = Bandpass([90.0, 100.0, 110.0], [1.0, 2.0, 1.0], nominal=100.0)
    nodes = Bands([100.0, 220.0], 1.0, bandpasses=[band, None]).nodes()
    assert nodes.frequency.tolist() == [[90.0, 100.0, 110.0], [220.0, 220.0, 220.0]]
    assert nodes.share[1].tolist() == [float(per_kelvin("K_CMB", jnp.asarray(220.0))), 0.0, 0.0]
    cmb = 1 / per_kelvin("K_CMB", nodes.frequency)
    assert np.sum(nodes.share * cmb, axis=1) == pytest.approx([1, 1], rel=1e-12)


def test_weights_of_a_bandpass_are_learnable():
    def mean(weights):
        band = Bandpass([90.0, 100.0, 110.0], weights, nominal=100.0)
        bands = Bands([100.0], 1.0, bandpasses=[band])
        return sl.components.MixingMatrix(dust=sl.components.ModifiedBlackbody())(bands, 1)[0, 0, 0]

    at, step = jnp.asarray([1.0, 2.0, 1.0]), jnp.asarray([0.0, 0.0, 1e-5])
    difference = (mean(at + step) - mean(at - step)) / 2e-5
    assert float(jax.grad(mean)(at)[2]) == pytest.approx(float(difference), rel=1e-6)


def test_a_share_of_brightness_is_that_of_the_instrument():
    band = Bandpass([90.0, 100.0, 110.0], [1.0, 2.0, 1.0], nominal=100.0, unit="MJy/sr")
    assert np.asarray(band.share("MJy/sr")) == pytest.approx([1 / 6, 2 / 3, 1 / 6])
    per_unit = per_kelvin("MJy/sr", jnp.asarray(band.frequency)) / per_kelvin("uK_CMB", jnp.asarray(band.frequency))
    assert float(jnp.sum(band.share("uK_CMB") * per_unit)) == pytest.approx(1)


def test_bandpasses_may_end_with_nothing():
    """Of weights 0, 1, 1, 0 at 90 to 120 GHz: (u(100) + u(110))/(c(100) + c(110)), u and c of 1 unit and 1 K_CMB."""
    band = Bandpass([90.0, 100.0, 110.0, 120.0], [0.0, 1.0, 1.0, 0.0], nominal=100.0)
    bands = Bands([100.0, 143.0], [10.0, 6.0], bandpasses=[band, None])
    assert bands.kelvin("K_CMB") == pytest.approx([1.0, 1.0], rel=1e-12)
    middle, intensity = jnp.asarray([100.0, 110.0]), per_kelvin("MJy/sr", jnp.asarray([100.0, 110.0]))
    expected = 2 / float(jnp.sum(intensity / per_kelvin("K_CMB", middle)))
    assert bands.kelvin("MJy/sr")[0] == pytest.approx(expected, rel=1e-6)


REFUSED = {
    r"Bands.depth = .* must be positive": lambda: Bands([40.0, 50.0], [1.0, 0.0]),
    r"Bands.frequency = .* must be positive": lambda: Bands([40.0, -50.0], 1.0),
    "Bands.depth is not finite": lambda: Bands([40.0, 50.0], [1.0, np.nan]),
    r"Bands.fwhm = .* must be positive": lambda: Bands([40.0], 1.0, fwhm=[0.0]),
    "Bands.depth has 3 entries, frequency has 2: give one a band": lambda: Bands([40.0, 50.0], [1.0, 2.0, 3.0]),
    "Bands.bandpasses has 1 entries": lambda: Bands([40.0, 50.0], 1.0, bandpasses=[None]),
    "one is labelled 41 GHz, its band 40 GHz": lambda: Bands(
        [40.0], 1.0, bandpasses=[Bandpass([38.0, 42.0], [1.0, 1.0], nominal=41.0)]
    ),
    "weights.* are all zero": lambda: Bandpass([38.0, 42.0], [0.0, 0.0], nominal=40.0),
    r"weights = .* outside its bounds": lambda: Bandpass([38.0, 42.0], [1.0, -1.0], nominal=40.0),
    "depth was given in 'kg'": lambda: Bands([40.0], 3 * u.kg),
    "parameters = 'QV': name some of 'IQU'": lambda: Bands([40.0], 1.0).sigma(sl.HealpixSky(1), "QV"),
    "'Litebrd' is not known: near it are 'LiteBIRD'": lambda: sl.instruments.load("Litebrd"),
    "'xyz' is not known: known are 'LiteBIRD', 'PICO'": lambda: sl.instruments.load("xyz"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_values_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_a_band_holds_its_nominal_frequency():
    for nominal in (19.9, 26.1, 100.0):
        with pytest.raises(ValueError, match=r"Bandpass.nominal = .* GHz is not in the band, 20 ... 26 GHz"):
            Bandpass([20.0, 26.0], [1.0, 1.0], nominal=nominal)


def test_what_is_no_bandpass_or_sky_is_refused():
    with pytest.raises(TypeError, match=r"sl\.instruments\.Bandpass or None"):
        Bands([40.0], 1.0, bandpasses=[1.0])
    with pytest.raises(TypeError, match=r"sl\.HealpixSky"):
        Bands([40.0], 1.0).sigma(sl.Directions(0.0, 0.0), "Q")
