"""The examples that reconstruct a magnetic field on a grid, small."""

import argparse

import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

NODES = (16, 16, 4)
pytestmark = pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")


@pytest.mark.long
def test_mock_from_the_truth_to_the_figure(example, tmp_path):
    module, report = example("grid_mock"), example("grid_mock_report")
    mock = module.observe(4, 16, 1e-3, (17, 17, 9))
    parts = np.stack(list(mock.parts.values()))
    assert np.all(parts.sum(axis=0) == 1)
    few = module.thinned(mock, 4)
    assert not np.any(few.parts["validation"] & (mock.parts["test"] | few.parts["train"]))
    at_truth = module.scores(mock, mock.simulator)
    assert at_truth.pop("rms error of B_perp [uG]") == 0
    assert all(0.6 < value < 1.4 for value in at_truth.values())
    fit = module.regularised(mock, module.processes(NODES, (10.0, 1.0, 2.0), 0.03), 4)
    assert set(fit.parameters) == {f"magnetic_field.field.terms.{name}.latents" for name in ("axial", "local")}
    models = {"plain": mock.simulator, "regularised": fit.model}
    found = {name: module.scores(mock, model) for name, model in models.items()}
    options = argparse.Namespace(nside=4, cells=16, nodes=16, noise=1e-3)
    tried = [(((10.0, 1.0, 2.0), 0.03), 1.0, 1.1)]
    text = report.write(options, found, tried, tried[0][0], {"plain": fit, "regularised": fit}, np.ones(3))
    assert "| test pixels |" in text
    report.draw(mock, models, tmp_path / "mock.png")
    assert (tmp_path / "mock.png").stat().st_size > 10_000


def test_the_field_begins_in_circles(example):
    start = example("grid_mock").Start()
    np.testing.assert_allclose(start(jnp.array([0.0, -5.0, 1.0])), [1.0, 0.0, 0.0], atol=1e-6)


def test_haslam_from_the_survey_to_the_figure(example, data, monkeypatch, tmp_path):
    monkeypatch.setenv("SIGHTLINE_DATA", str(data))
    module, report = example("grid_haslam"), example("grid_haslam_report")
    surveys = module.read(8, 16)
    for survey in surveys.values():
        assert np.max(np.sum(list(survey.parts.values()), axis=0)) == 1
    plain, smooth = (module.posterior(survey, NODES, weight) for weight in (0.0, 0.3))
    assert not plain.regularisers
    fit = sl.fit(smooth, sl.Adam(0.5, steps=5), covariance=0)
    sky = np.asarray(module.see(fit.model, survey.lines))
    tried = {0.0: module.scores(survey, 0 * sky), 0.3: module.scores(survey, sky)}
    assert tried[0.3]["fitted"][0] < tried[0.0]["fitted"][0]
    floor = module.scores(survey, module.neighbours(survey))["test"]
    assert floor[0] < tried[0.3]["test"][0]
    models = {"plain": fit.model, "regularised": fit.model}
    outcome = module.Outcome({0.0: sky, 0.3: sky}, models, 0.3, tried, floor)
    text = report.write(argparse.Namespace(nside=8, cells=16, nodes=16, steps=5), {"few": outcome}, 1.0)
    assert "| 0, plain |" in text
    report.draw(survey, outcome, tmp_path / "h.png")
    assert (tmp_path / "h.png").stat().st_size > 10_000
