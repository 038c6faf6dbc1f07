"""The example of LiteBIRD on a coarse sky: the right clusters lead to the right r."""

import numpy as np
import pytest

import sightline as sl


@pytest.fixture(scope="module")
def module(example):
    """The module of the example."""
    return example("litebird")


@pytest.mark.long
def test_more_clusters_leave_less_of_the_foregrounds(module):
    on = module.grid(16)
    sky = module.truth(on)
    data, one = module.observed(on, sky, 0), np.zeros(3072, int)
    few, many = (
        module.cleaned(on, name, module.posterior(labels, one, labels_low, data), sky)
        for name, labels, labels_low in (
            ("one", one, one),
            ("many", module.clusters(on, 64), sl.components.multiresolution(on.sky, 2)),
        )
    )
    assert float(np.var(many.residuals.systematic.Q)) < 0.3 * float(np.var(few.residuals.systematic.Q))
    assert many.r.mode < 0.5 * few.r.mode


@pytest.mark.long
def test_zones_of_bright_dust_have_finer_pixels(module):
    on = module.grid(16)
    labels = module.zoned(on, module.truth(on), (0, 4, 8))
    counts = np.bincount(labels)
    assert counts.max() == 1024
    assert counts.min() >= 1
    assert np.sum(counts > 16) == 1
