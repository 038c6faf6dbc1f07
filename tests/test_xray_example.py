"""The example of an X-ray spectrum: it reads, fits, and says what is missing."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def module(example):
    """The module of the example."""
    return example("xray_fit")


def test_missing_data_name_the_variable(module, monkeypatch):
    monkeypatch.delenv("SIGHTLINE_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="SIGHTLINE_DATA"):
        module.read()


@pytest.mark.long
def test_the_fit_and_its_fluxes(module, data, monkeypatch):
    import sightline as sl

    monkeypatch.setenv("SIGHTLINE_DATA", str(data))
    observation = module.read()
    target = module.posterior(observation)
    best = sl.fit(target.flat()).raise_for_status()
    found = sl.goodness(target.flat(), best)
    assert abs(found.z["EPIC-pn"]) < 4
    flux = sl.inference.derived(target, best, module.fluxes)
    seen, bare, law, black = flux.value
    assert seen < bare
    assert law + black == pytest.approx(bare, rel=1e-9)
    assert np.all(flux.standard_deviation > 0)
