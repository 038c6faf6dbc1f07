"""The example of LiteBIRD on a coarse sky: the right clusters lead to the right r."""

import importlib
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import sightline as sl


@pytest.fixture(scope="module")
def example():
    folder = str(Path(__file__).parents[1] / "examples")
    sys.path.insert(0, folder)
    with jax.enable_x64(True):
        yield importlib.import_module("litebird")
    sys.path.remove(folder)


@pytest.mark.long
def test_more_clusters_leave_less_of_the_foregrounds(example):
    on = example.grid(16)
    sky = example.truth(on)
    data, one = example.observed(on, sky, 0), np.zeros(3072, int)
    few, many = (
        example.cleaned(on, name, example.posterior(labels, one, labels_low, data), sky)
        for name, labels, labels_low in (
            ("one", one, one),
            ("many", example.clusters(on, 64), sl.components.multiresolution(on.sky, 2)),
        )
    )
    assert float(np.var(many.residuals.systematic.Q)) < 0.3 * float(np.var(few.residuals.systematic.Q))
    assert many.r.mode < 0.5 * few.r.mode


@pytest.mark.long
def test_zones_of_bright_dust_have_finer_pixels(example):
    on = example.grid(16)
    labels = example.zoned(on, example.truth(on), (0, 4, 8))
    counts = np.bincount(labels)
    assert counts.max() == 1024
    assert counts.min() >= 1
    assert np.sum(counts > 16) == 1
