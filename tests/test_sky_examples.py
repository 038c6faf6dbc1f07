"""The examples that hold models against rotation measures and low-frequency surveys, small."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

NSIDE = 4


@pytest.fixture
def surveys(data, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_DATA", str(data))


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_missing_surveys_name_the_variable(example, monkeypatch, folder):
    monkeypatch.delenv("SIGHTLINE_DATA", raising=False)
    if folder:
        monkeypatch.setenv("SIGHTLINE_DATA", folder)
    for name in ("rotation_measures", "low_frequencies", "joint_fit", "grid_joint"):
        with pytest.raises(FileNotFoundError, match="SIGHTLINE_DATA"):
            example(name).read()


def test_comparison_of_what_is_known(example):
    compare = example("rotation_measures").compare
    model = np.random.default_rng(1).normal(size=1000)
    found = compare(np.append(2 * model + 1, np.nan), np.append(model, 5.0))
    np.testing.assert_allclose(found[:4], (1000, 1, 1, 2))
    np.testing.assert_allclose(found.rms, np.sqrt(np.mean((model + 1) ** 2)))


def test_medians_need_three_sources(example):
    medians = example("rotation_measures").medians(np.array([1.0, 9.0, 2.0, 5.0, 5.0]), np.array([7, 7, 7, 3, 3]))
    assert np.flatnonzero(np.isfinite(medians)) == [7]
    assert medians[7] == 2


def test_electrons_have_the_sun_of_the_field(example):
    for name in ("UF23-neCL", "PT11-ASS", "LSA"):
        preset = sl.presets.load(name)
        moved = example("rotation_measures").with_ymw16(preset).electron_density
        for step in ((0.0, 0.0, 0.0), (0.1, -0.4, -0.05), (3.0, 1.0, 0.5)):
            here, there = (jnp.asarray(sun) + jnp.asarray(step) for sun in (sl.electrons.YMW16().sun, preset.observer))
            np.testing.assert_allclose(moved(there), sl.electrons.YMW16()(here), rtol=1e-9)


def test_rotation_measures_from_the_catalogue_to_the_figure(example, surveys, tmp_path):
    module, report = example("rotation_measures"), example("rotation_measures_report")
    data = module.read(NSIDE)
    few = np.arange(0, len(data.sources), 40)
    sources = type(data.sources)(
        *(getattr(data.sources, name)[few] for name in ("l", "b", "rm", "error", "catalogue")),
        data.sources.dropped,
        data.sources.converted,
    )
    data = data._replace(sources=sources, pixel=data.pixel[few])
    one = module.predict("UF23-base", data, NSIDE, cells=64)
    found = module.compare_all(data, one)
    assert found["quiet sky"].pearson > 0.4
    assert found["sky"].number == 12 * NSIDE**2
    names = (*report.SHOWN, "UF23-base", "PT11-ASS")
    text = report.write(data, dict.fromkeys(names, found), {"PT11-ASS": found}, {"sources": 0.1, "sky": 0.2})
    assert "What this says" in text
    report.draw(tmp_path / "rm.png", data, dict.fromkeys(names, one))
    assert (tmp_path / "rm.png").stat().st_size > 10_000


def test_clumping_counts_for_the_disks(example):
    clumping = example("low_frequencies").DiskClumping()
    np.testing.assert_allclose(clumping(jnp.asarray([-8.3, 0.0, 1.0])), 10, rtol=0.01)  # thick disk alone
    l, b, distance = np.deg2rad(264.0), np.deg2rad(-4.0), np.linspace(0.2, 0.8, 200)
    ray = np.asarray(sl.SUN) + np.outer(distance, [np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])
    through = jax.vmap(clumping)(jnp.asarray(ray))
    assert float(jnp.min(through)) < 1.5  # the shell of the Gum nebula is a clump already
    assert np.all((through >= 1) & (through <= 10))
    slope = jax.grad(lambda x: clumping(x))(jnp.asarray([-8.0, 0.3, 0.1]))
    assert np.all(np.isfinite(slope))


def test_cane_turns_over_at_3_mhz(example):
    report, frequency = example("low_frequencies_report"), np.geomspace(1e-3, 0.1, 50)
    assert 2.8 < report.peak(frequency, report.cane(frequency)) < 3.2
    assert 2.5e5 < report.cane(np.asarray(0.01)) < 3.5e5  # K at 10 MHz


def test_low_frequencies_from_the_surveys_to_the_figure(example, surveys, tmp_path, monkeypatch):
    module, report = example("low_frequencies"), example("low_frequencies_report")
    monkeypatch.setattr(module, "NSIDE", 16)
    monkeypatch.setattr(module, "CELLS", 24)
    monkeypatch.setattr(module, "SPECTRA", np.geomspace(1e-3, 0.5, 12))
    monkeypatch.setattr(
        module, "DIRECTIONS", dict(list(module.DIRECTIONS.items())[::3] + list(module.DIRECTIONS.items())[2:3])
    )
    measured = module.read(16)
    choice = module.Choice(clumping=10.0)  # of everything: quicker than that of the disks
    fit = module.fit(choice, measured.high, 16, 24)
    assert abs(np.median((fit.sky[1] / measured.high)[module.away_from_plane(16)]) - 1) < 0.05
    assert -2.7 < np.median(fit.index) < -2.4
    found = module.spectra(choice, fit.n0, measured)
    assert 1 < report.peak(module.SPECTRA, found["north pole"].temperature) < 4
    assert report.thick_below(found["anticentre (180, 0)"]) > report.thick_below(found["north pole"])
    fits = dict.fromkeys(module.CHOICES, fit)
    text = report.write(measured, fits, found, module.difference_index(measured), 0.0)
    assert "Turnover" in text
    report.draw(tmp_path / "low.png", measured, fit, found)
    assert (tmp_path / "low.png").stat().st_size > 10_000


def test_bins_lose_their_outliers(example):
    outliers = example("joint_fit_data").outliers
    rm = np.array([10.0, 11.0, 12.0, 13.0, 200.0, 0.0, 1e4])
    np.testing.assert_array_equal(outliers(rm, np.array([4, 4, 4, 4, 4, 9, 9])), [0, 0, 0, 0, 1, 0, 0])


@pytest.mark.long
def test_joint_fit_from_the_surveys_to_the_figure(example, surveys, tmp_path, monkeypatch):
    module, report = example("joint_fit"), example("joint_fit_report")
    data = module.read(8)
    assert data.held.sum() == 38  # patches
    rest = {"disk.b", "disk.transition_height", "disk.transition_width"}
    monkeypatch.setattr(module, "SYMBOLS", {name: of for name, of in module.SYMBOLS.items() if name in rest})
    monkeypatch.setattr(module, "flat", module.normal)  # the other fits, of the same shape, compile nothing
    monkeypatch.setattr(module, "DISK", {})
    few = np.arange(0, len(data.rm), 2)
    data = data._replace(**{name: getattr(data, name)[few] for name in ("l", "b", "rm", "source_bin")})
    start = module.model()
    simple = dataclasses.replace(start.simulator, electron_density=sl.electrons.ExponentialDisk())  # compiles sooner
    start = dataclasses.replace(start, simulator=simple)
    fits, spent = module.fit_all(start, module.likelihoods(data, ~data.held, 16), starts=1, steps=3)
    known, scores, binned, described = module.gather(data, start, fits, cells=16)
    chi2 = {name: sum(one.chi2 for one in both[0]) for name, both in scores.items()}
    assert max(chi2["fitted"], chi2["published, brightness fitted"]) < chi2["published"]
    best, parts = fits["fitted"], scores["fitted"]
    np.testing.assert_allclose(chi2["fitted"], best.chi2, rtol=1e-6)
    assert sum(one.size for one in parts[0]) == best.dof + 7
    for fitted, held in zip(*parts, strict=True):  # of RM, and of Q and U
        assert 0.1 < held.size / fitted.size < 0.35
    finer = {"RM": parts[0][0], "Q and U": parts[0][1], "rotation": parts[0][1]}
    text = report.write(known, scores, fits, binned, described, finer, spent)
    assert "held out" in text
    assert "nan" not in text
    report.draw(tmp_path / "joint.png", binned)
    assert (tmp_path / "joint.png").stat().st_size > 10_000


@pytest.mark.long
def test_grid_over_a_field_from_the_surveys_to_the_figure(example, surveys, tmp_path, monkeypatch):
    module, report = example("grid_joint"), example("grid_joint_report")
    monkeypatch.setattr(module, "STRENGTHS", (1.0,))
    monkeypatch.setattr(report, "POINTS", 100)
    data = module.read(8)
    assert np.array_equal(sum(part.astype(int) for part in data.parts.values()), np.ones(192))
    fields = sl.magnetic.LSA(), sl.electrons.ExponentialDisk(), sl.cosmic_rays.ExponentialDisk()  # compile sooner
    simple = SimpleNamespace(simulator=sl.Simulator(*fields), observer=sl.SUN, cells=sl.RadialCells(12, 25.0, 5.0))
    monkeypatch.setattr(sl.presets, "load", lambda name: simple)
    start = module.model((4, 4, 2), 8, 12)
    models, tried, notes = module.fit_all(data, start, 12, steps=2)
    whole = module.likelihoods(data, 12)
    found = {name: module.pulls(whole, one) for name, one in models.items()}
    fitted = [sum(one.chi2(data.parts["fitted"])[0] for one in kinds) for kinds in found.values()]
    assert fitted[2] < fitted[1] < fitted[0]
    np.testing.assert_allclose([row[1] for row in tried], fitted[1:], rtol=1e-6)
    for one in found["background"]:
        sizes = [one.chi2(patches)[1] for patches in data.parts.values()]
        assert sum(sizes) == one.values.size
        assert min(sizes) > 0
    best = module.alone(start, [part.within(data.parts["fitted"]) for part in whole])
    assert float(best.simulator.cosmic_rays.n0) == float(models["background"].simulator.cosmic_rays.n0)
    text = report.write(models, found, data.parts, tried, notes)
    assert "nan" not in text
    report.draw(models, found, tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 10_000
