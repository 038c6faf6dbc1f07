"""Simulators as components of PySM skies."""

import sys
import types

import astropy.units as u
import numpy as np
import pytest

import sightline as sl


@pytest.fixture(scope="module")
def simulator():
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=sl.emission.Synchrotron(),
    )


@pytest.fixture
def units(monkeypatch):
    """A stand-in for `pysm3.units`, of which uK_RJ alone is used."""
    made = types.ModuleType("pysm3.units")
    made.uK_RJ = u.def_unit("uK_RJ")
    monkeypatch.setitem(sys.modules, "pysm3.units", made)
    monkeypatch.setitem(sys.modules, "pysm3", types.ModuleType("pysm3"))


def test_one_frequency(simulator, units):
    component = sl.io.PysmComponent(simulator, nside=2)
    found = component.get_emission(23.0 * u.GHz)
    expected = simulator(sl.HealpixSky(2), 23.0)
    assert found.shape == (3, 48)
    assert str(found.unit) == "uK_RJ"
    np.testing.assert_allclose(found.value, 1e6 * np.stack([expected.I, expected.Q, expected.U]), rtol=1e-6)


def test_band(simulator, units):
    """Weights are powers: T = int w nu^2 T d nu / int w nu^2 d nu."""
    component = sl.io.PysmComponent(simulator, nside=1)
    frequency, weights = np.array([20.0, 22.0, 25.0]), np.array([0.5, 1.0, 0.7])
    maps = np.asarray(simulator(sl.HealpixSky(1), frequency).Q)
    power = weights * frequency**2
    expected = np.trapezoid(power[:, None] * maps, frequency, axis=0) / np.trapezoid(power, frequency)
    found = component.get_emission(frequency * 1e9 * u.Hz, weights)
    np.testing.assert_allclose(found[1].value, 1e6 * expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"weights has shape \(2,\), freqs \(3,\)"):
        component.get_emission(frequency * u.GHz, [1.0, 2.0])


def test_pysm_itself(simulator):
    pysm3 = pytest.importorskip("pysm3")
    component = sl.io.PysmComponent(simulator, nside=4)
    sky = pysm3.Sky(nside=4, component_objects=[component])
    found = sky.get_emission(23.0 * u.GHz)
    expected = simulator(sl.HealpixSky(4), 23.0)
    np.testing.assert_allclose(found[2].to_value(pysm3.units.uK_RJ), 1e6 * np.asarray(expected.U), rtol=1e-6)
    frequency, weights = np.array([20.0, 22.0, 25.0]), np.array([0.5, 1.0, 0.7])
    band = pysm3.Sky(nside=4, component_objects=[component], output_unit="uK_RJ")
    found = band.get_emission(frequency * u.GHz, weights)
    normalised = pysm3.utils.normalize_weights(frequency, weights)
    maps = np.asarray(simulator(sl.HealpixSky(4), frequency).I)
    np.testing.assert_allclose(found[0].value, 1e6 * np.trapezoid(normalised[:, None] * maps, frequency, axis=0), 1e-5)
