"""The example of WMAP: slopes and indices of known maps, and of the real sky where it is."""

import jax
import numpy as np
import pytest


@pytest.fixture
def wmap(example):
    with jax.enable_x64(True):
        yield example("wmap")


def made(wmap, slope, beta):
    """Maps whose V and W have known slopes on 23 GHz: a power law without noise."""
    low = np.random.default_rng(0).normal(size=(2, 12 * wmap.FINE**2)) * 20
    return np.stack([low, slope * low, (94 / 23) ** beta * low], axis=1)


def test_slope_and_index_of_a_power_law_are_those_it_was_made_of(wmap):
    beta = -3.2
    maps = made(wmap, (61 / 23) ** beta, beta)
    found = wmap.slope(maps, 1, (5.0, 90.0))
    np.testing.assert_allclose([found.value, *found.parts], (61 / 23) ** beta)
    assert found.error < 1e-12
    few, _ = wmap.coarse(maps)
    index = wmap.spectral_index(few, np.array([0.1, 0.1, 0.1]), (0.0, 90.0))
    assert float(index.fit.parameters["terms.synchrotron.index"]) == pytest.approx(beta, abs=1e-3)
    assert index.jackknife < 0.01
    assert index.at[np.argmax(index.curve)] == pytest.approx(beta, abs=0.006)


def test_slope_of_v_on_k_on_the_real_sky(wmap, data, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_DATA", str(data))
    with jax.numpy_dtype_promotion("standard"):  # the files are in single precision
        found = wmap.slope(wmap.read(), 1, (5.0, 90.0))
    assert found.value == pytest.approx(0.061, abs=0.005)
    assert found.error == pytest.approx(0.005, abs=0.001)
    assert min(found.parts) > 0
