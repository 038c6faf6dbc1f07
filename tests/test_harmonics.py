"""Power spectra of maps: known modes, cut skies, units and orders, and what is refused."""

import sys
import types

import healpy
import jax
import numpy as np
import pytest

import sightline as sl

jax.config.update("jax_enable_x64", True)

NSIDE = 8
SKY = sl.HealpixSky(NSIDE)
RNG = np.random.default_rng(3)
MAPS = RNG.normal(size=(3, SKY.size))


def stokes(maps=MAPS, unit="uK_CMB", sky=SKY, convention="COSMO"):
    return sl.Stokes(*maps, frequency=100.0, unit=unit, sky=sky, convention=convention)


def test_one_mode_has_its_power():
    coefficients = np.zeros((3, healpy.Alm.getsize(16)), complex)
    for kind, (degree, order) in enumerate([(3, 1), (5, 0), (7, 2)]):
        coefficients[kind, healpy.Alm.getidx(16, degree, order)] = 2.0
    power = sl.harmonics.angular_power(stokes(healpy.alm2map(coefficients, NSIDE, lmax=16)), lmax=16)
    assert power.TT[3] == pytest.approx(2 * 4 / 7, rel=1e-3)  # of m and -m
    assert power.EE[5] == pytest.approx(4 / 11, rel=1e-3)
    assert power.BB[7] == pytest.approx(2 * 4 / 15, rel=1e-3)
    assert power.BB[5] < 1e-6
    assert (power.f_sky, power.unit, power.ell[-1]) == (1.0, "uK_CMB^2", 16)
    assert "uK_CMB^2, f_sky = 1" in repr(power)


def test_spectra_are_those_of_healpy_in_any_unit_order_and_convention():
    expected = healpy.anafast(MAPS)
    nested = sl.HealpixSky(NSIDE, nest=True)
    reordered = np.stack([healpy.reorder(one, r2n=True) for one in MAPS])
    few = sl.HealpixSky(NSIDE, pixels=np.arange(SKY.size)[::-1])
    for one in (
        stokes(),
        stokes().to("K_RJ"),
        stokes().to_convention("IAU"),
        stokes(reordered, sky=nested),
        stokes(MAPS[:, ::-1], sky=few),
        stokes(sky=None),
    ):
        power = sl.harmonics.angular_power(one)
        np.testing.assert_allclose([power.TT, power.EE, power.BB, power.EB], expected[[0, 1, 2, 4]], atol=1e-12)


def test_cut_skies():
    mask = np.abs(SKY.lonlat()[1]) > 5
    cut = healpy.anafast(MAPS * mask) / mask.mean()
    blank = np.where(mask, MAPS, np.nan)
    unseen = np.where(mask, MAPS, healpy.UNSEEN)
    for power in (
        sl.harmonics.angular_power(stokes(), mask),
        sl.harmonics.angular_power(stokes(blank)),
        sl.harmonics.angular_power(stokes(unseen)),
    ):
        np.testing.assert_allclose(power.BB, cut[2], atol=1e-12)
        assert power.f_sky == pytest.approx(mask.mean())
    with pytest.warns(sl.harmonics.LeakageWarning, match=r"E leaks into B.*pseudo_power"):
        sl.harmonics.angular_power(stokes(), np.abs(SKY.lonlat()[1]) > 30)


def test_maps_that_are_not_there():
    polarised = sl.harmonics.angular_power(stokes([np.full(SKY.size, np.nan), *MAPS[1:]]))
    np.testing.assert_allclose(polarised.BB, healpy.anafast(MAPS)[2], atol=1e-12)
    assert np.all(np.isnan(polarised.TT))
    blank = np.full(SKY.size, np.nan)
    mask = np.abs(SKY.lonlat()[1]) > 30  # nothing leaks into intensity
    intensity = sl.harmonics.angular_power(stokes([MAPS[0], blank, blank]), mask)
    assert np.all(np.isnan(intensity.BB))
    assert np.all(np.isfinite(intensity.TT))


def test_amplitudes_of_polarised_data_go_straight_in():
    bands, mixing = sl.instruments.load("LiteBIRD"), sl.components.MixingMatrix(cmb=sl.components.CMB())
    data = np.ones((1, len(bands), 1)) * MAPS[1:, None]
    likelihood = sl.SpectralLikelihood(bands, data, unit="uK_CMB", convention="COSMO")
    power = sl.harmonics.angular_power(likelihood.amplitudes(mixing)["cmb"])
    np.testing.assert_allclose(power.BB, healpy.anafast(MAPS)[2], rtol=1e-9, atol=1e-12)


def test_what_is_refused():
    power = sl.harmonics.angular_power
    for one, options, text in (
        (stokes(), {"mask": np.ones(12)}, r"mask has shape \(12,\) for 768 pixels"),
        (stokes(), {"mask": np.full(SKY.size, 0.5)}, "True"),
        (stokes(), {"mask": np.zeros(SKY.size)}, "No pixel is left"),
        (stokes(np.full((3, SKY.size), np.nan)), {}, "No pixel is left"),
        (stokes(), {"lmax": 24}, "between 2 and 3 nside - 1 = 23"),
        (stokes(MAPS[:, :5], sky=None), {}, "5 pixels of no known sky"),
        (stokes(MAPS[:, :4], sky=sl.ImagePlane((2, 2), (1.0, 1.0))), {}, "ImagePlane"),
        (sl.Stokes(*MAPS[:, None], frequency=[1.0], sky=SKY), {}, "1 frequencies"),
        (sl.Stokes(*MAPS[:, 0], frequency=1.0), {}, "needs maps with an axis of pixels"),
    ):
        with pytest.raises(ValueError, match=text):
            power(one, **options)
    with pytest.raises(TypeError, match="give a sl"):
        power(MAPS)


def master(calls):
    """What stands for NaMaster: of bands of two degrees, whose spectra are numbers that tell what was asked for."""
    bins = types.SimpleNamespace(get_n_bands=lambda: 2, get_effective_ells=lambda: np.array([2.5, 4.5]))

    def field(weight, values, **options):
        calls.append((weight, values, options))
        return len(values)

    def full(first, second, bands):
        return np.arange(1.0, 5.0)[:, None] * np.ones(2) if first == 2 else 9 * np.ones((1, 2))

    module = types.ModuleType("pymaster")
    module.NmtBin = types.SimpleNamespace(from_lmax_linear=lambda last, width, is_Dell: bins if is_Dell else None)
    module.mask_apodization = lambda weight, scale, apotype: 0.5 * weight
    module.NmtField, module.compute_full_master = field, full
    return module


def test_purified_spectra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymaster", None)
    with pytest.raises(ImportError, match="pip install 'sightline\\[namaster\\]'"):
        sl.harmonics.pseudo_power(stokes())
    calls = []
    monkeypatch.setitem(sys.modules, "pymaster", master(calls))
    mask = (np.abs(SKY.lonlat()[1]) > 30).astype(float)
    power = sl.harmonics.pseudo_power(stokes(), mask, lmax=5)
    found = np.array([power.TT[0], power.EE[0], power.EB[0], power.BB[0]]) * 2.5 * 3.5 / (2 * np.pi)
    np.testing.assert_allclose(found, (9, 1, 2, 4))
    np.testing.assert_array_equal(power.ell, [2.5, 4.5])
    assert calls[1][2] == {"lmax": 5, "lmax_mask": 5, "purify_b": True}
    np.testing.assert_allclose(calls[1][0], 0.5 * mask)
    np.testing.assert_allclose(calls[1][1], MAPS[1:] * mask)
    assert power.f_sky == pytest.approx(mask.mean())
    for options in ({"apodise": -1.0}, {"width": 0}, {"mask": np.full(SKY.size, 2.0)}):
        with pytest.raises(ValueError, match=r"must not be negative|width|a weight between 0 and 1"):
            sl.harmonics.pseudo_power(stokes(), **options)


def test_purified_spectra_of_a_cut_sky():
    """E and B are those of the full sky, and what E leaks into B scatters less by far: NaMaster itself."""
    pytest.importorskip("pymaster", reason="needs NaMaster, the extra 'namaster'")
    sky, degrees, found = sl.HealpixSky(32), np.arange(96), []
    strong = np.where(degrees > 1, np.maximum(degrees, 1.0) ** -2, 0)
    mask, degree = (np.abs(sky.lonlat()[1]) > 20).astype(float), healpy.Alm.getlm(95)[0]
    for seed in range(8):
        modes = np.random.default_rng(seed).normal(size=(2, 3, len(degree))) * np.sqrt(strong[degree] / 2)
        modes[:, 2] *= 0.1
        modes[0, :, :96], modes[1, :, :96] = np.sqrt(2) * modes[0, :, :96], 0  # of m = 0, which come first
        maps = sl.Stokes(*healpy.alm2map(modes[0] + 1j * modes[1], 32), frequency=100.0, unit="uK_CMB", sky=sky)
        found.append([_power(maps, mask, purify) for purify in (True, False)])
    values = np.array(found)[..., 2:]  # seed, purified or not, spectrum, band
    steep = degrees * (degrees + 1) * strong
    middle = 10 * np.arange(2, 6) + 6.5
    bands = np.array([steep[2 + 10 * i : 12 + 10 * i].mean() for i in range(2, 6)]) / (middle * (middle + 1))
    mean, spread = values.mean(axis=0) / bands, values.std(axis=0) / bands
    np.testing.assert_allclose(mean[0, :2], 1, atol=0.12)
    np.testing.assert_allclose(mean[0, 2], 1e-2, rtol=0.2)
    assert np.all(spread[0, 2] < spread[1, 2])
    assert spread[0, 2, 0] < 0.3 * spread[1, 2, 0]


def _power(maps, mask, purify):
    power = sl.harmonics.pseudo_power(maps, mask, lmax=61, apodise=10.0, width=10, purify=purify)
    return power.TT, power.EE, power.BB
