"""The example of an X-ray spectrum: it reads, fits, and says what is missing."""

import importlib
import sys
from pathlib import Path

import jax
import numpy as np
import pytest


@pytest.fixture(scope="module")
def example():
    """The module of the example, whose folder is on the path as when it is run."""
    folder = str(Path(__file__).parents[1] / "examples")
    sys.path.insert(0, folder)
    with jax.enable_x64(True):
        yield importlib.import_module("xray_fit")
    sys.path.remove(folder)


def test_missing_data_name_the_variable(example, monkeypatch):
    monkeypatch.delenv("SIGHTLINE_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="SIGHTLINE_DATA"):
        example.read()


@pytest.mark.long
def test_the_fit_and_its_fluxes(example, data, monkeypatch):
    import sightline as sl

    monkeypatch.setenv("SIGHTLINE_DATA", str(data))
    observation = example.read()
    target = example.posterior(observation)
    best = sl.fit(target.flat()).raise_for_status()
    found = sl.goodness(target, best)
    assert abs(found.z["EPIC-pn"]) < 4
    flux = sl.inference.derived(target, best, example.fluxes)
    seen, bare, law, black = flux.value
    assert seen < bare
    assert law + black == pytest.approx(bare, rel=1e-9)
    assert np.all(flux.standard_deviation > 0)
