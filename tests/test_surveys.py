"""Instruments as they are published."""

import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl


def fwhm(ifu, wavelength):
    return float(ifu.lsf.width(jnp.asarray([wavelength]))[0])


def test_muse():
    """Equation 8 of Bacon et al. 2017; 1.25 A from 4750 A."""
    muse = sl.cubes.muse(shape=(3, 4))
    assert muse.plane.shape == (3, 4)
    assert muse.plane.spaxel == 0.2
    assert muse.channels.medium == "air"
    np.testing.assert_allclose(muse.channels.centres[[0, -1]], [4750.0, 9350.0])
    for wave in (5000.0, 7000.0, 9000.0):
        assert fwhm(muse, wave) == pytest.approx(5.866e-8 * wave**2 - 9.187e-4 * wave + 6.040, rel=1e-12)
    assert sl.cubes.muse().plane.shape == (300, 300)
    published, before = fwhm(muse, 7000.0), float(muse.lsf.optical(jnp.asarray([7000.0]))[0])
    assert before**2 == pytest.approx(published**2 - 8 * np.log(2) * 1.25**2 / 12, rel=1e-12)
    assert sl.cubes.muse(shape=(2, 2), lsf=2.5).lsf.channel is None


def test_manga_sami_califa_nirspec():
    manga, blue, red = sl.cubes.manga(), sl.cubes.sami(), sl.cubes.sami("red")
    assert manga.channels.medium == "vacuum"
    assert len(manga.channels) == 6732
    assert 9000.0 / fwhm(manga, 9000.0) == pytest.approx(2650)
    assert manga.plane.shape[0] * manga.plane.spaxel > manga.aperture.diameter
    assert (fwhm(blue, 4800.0), fwhm(red, 6850.0)) == (2.66, 1.59)
    resolving = 4800.0 / fwhm(blue, 4800.0), 6850.0 / fwhm(red, 6850.0)
    assert resolving == pytest.approx((1808, 4304), rel=3e-3)  # Croom et al. 2021
    steps = [ifu.channels.edges[1] - ifu.channels.edges[0] for ifu in (blue, red)]
    np.testing.assert_allclose(steps, [1.04, 0.57], rtol=1e-9)  # core data products of data release 3
    assert [len(ifu.channels) for ifu in (blue, red)] == [2048, 2048]
    assert blue.channels.centres[0] < 3750 < 5750 < blue.channels.centres[-1]
    assert red.channels.centres[0] < 6300 < 7400 < red.channels.centres[-1]
    califa = sl.cubes.califa("V1200")
    assert (len(califa.channels), fwhm(califa, 4000.0)) == (1701, 2.3)
    nirspec = sl.cubes.nirspec("G395H")
    middle = float(np.mean(nirspec.channels.centres))
    assert middle / fwhm(nirspec, middle) == pytest.approx(2700, rel=1e-4)
    edges = sl.cubes.nirspec("G235H").channels.edges
    assert edges[1] - edges[0] == pytest.approx(3.96)
    prism = sl.cubes.nirspec("PRISM")
    wave = np.array([6000.0, 12000.0, 22500.0, 32500.0, 47500.0, 53000.0])
    power = [63.98, 30.09, 59.25, 118.46, 256.66, 323.24]  # of the file of dispersion curves
    np.testing.assert_allclose(wave / [fwhm(prism, one) for one in wave], power, rtol=0.008)
    assert len(prism.channels) == 941


def test_what_is_published_can_be_replaced():
    ifu = sl.cubes.muse(shape=(5, 5), psf=sl.cubes.GaussianPSF(0.7), spaxel=0.4, lsf=3.0, assignment="nearest")
    assert (ifu.plane.spaxel, fwhm(ifu, 6000.0), ifu.assignment) == (0.4, 3.0, "nearest")
    assert ifu.margin == pytest.approx(2.1)
    with pytest.raises(ValueError, match=r"disperser = 'G140X': choose one of 'PRISM', 'G140M'"):
        sl.cubes.nirspec("G140X")
    with pytest.raises(ValueError, match=r"arm = 'green': choose one of 'blue', 'red'"):
        sl.cubes.sami("green")


def test_only_the_aperture_is_seen():
    sami = sl.cubes.sami()
    inside = sami.aperture.inside(*sami.plane.offsets())
    assert np.sum(inside) * 0.25 == pytest.approx(np.pi * 7.5**2, rel=0.03)
