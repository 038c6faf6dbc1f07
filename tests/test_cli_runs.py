"""`sightline fit` and `sightline sample`: the same as Python's calls, refusals before any work, runs that go on."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from astropy.io import fits

import sightline as sl
from sightline import cli
from sightline.cli import inference, priors, settings, study
from sightline.cli.keys import Keys
from sightline.cli.refusal import Refusal

CELLS = 8
RUN = """
[model]
cells = 8

[parameters]
"magnetic_field.b0" = { prior = "uniform", low = 0, high = 10, start = 1.5 }

[[data]]
kind = "map"
file = "mock.fits"
parameters = "QU"
noise = 1e-6
latitude = 10

[fit]
tolerance = 1e-2
method = "levenberg_marquardt"

[sample]
algorithm = "random_walk"
chains = 2
draws = 20
warmup = 10
segment = 5
key = 3

[output]
folder = "results"
"""
TWICE = """latitude = 10

[[data]]
kind = "map"
file = "mock.fits"
parameters = "QU"
noise = 2e-6
latitude = 10
"""
SLASH = """"nuisance.a/b" = { prior = "normal", loc = 0, scale = 1 }

[nuisance]
"a/b" = 0.0

[[data]]"""
MODEL = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)
SKY = sl.HealpixSky(4)
LINES = sl.Sightlines(SKY, sl.ResolvedCells(-(-CELLS // 4)))


@pytest.fixture(scope="module")
def mock():
    return sl.instruments.add_noise(MODEL(LINES, 23.0), 1e-6, jax.random.key(0))


@pytest.fixture
def folder(tmp_path, monkeypatch, mock):
    """A folder with the mock map, an error map, a mask, a catalogue and a run file, in which one is."""
    monkeypatch.chdir(tmp_path)
    sl.io.write_map("mock.fits", mock)
    column = np.full(SKY.size, 2e-6)
    sl.io.write_columns("sigma.fits", SKY, {"SIGMA_Q": (column, "K"), "SIGMA_U": (2 * column, "K")})
    sl.io.write_columns("mask.fits", SKY, {"MASK": ((SKY.lonlat()[0] > 90).astype(float), "")})
    generator = np.random.default_rng(1)
    columns = {"ra": generator.uniform(0, 360, 60), "dec": generator.uniform(-80, 80, 60)}
    columns |= {"rm": generator.normal(0, 50, 60), "rm_err": np.full(60, 2.0), "catalogue": np.full(60, "A")}
    np.savez("rm.npz", **columns)
    (tmp_path / "run.toml").write_text(RUN)
    return tmp_path


def prepare(folder, **changes):
    """The study of the run file with other values of `table.key`; lists stand for `[[data]]`."""
    table = study.read(folder / "run.toml")
    for name, value in changes.items():
        table[name] = value if isinstance(value, list) else table.get(name, {}) | value
    return study.prepare(table, folder)


MAP = {"kind": "map", "file": "mock.fits", "noise": 1e-6, "parameters": "QU"}


@pytest.mark.long
def test_fit_is_that_of_python(folder, mock, capsys):
    assert cli.main(["fit", "run.toml"]) == 0
    names = {"run.toml", "run.log", "fit", "fit.txt", "fit.json", "model.npz", "residuals.png", "fit_corner.png"}
    assert {path.name for path in (folder / "results").iterdir()} == names
    far = np.abs(SKY.lonlat()[1]) >= 10
    likelihood = sl.MapLikelihood(LINES, 23.0, mock, 1e-6, parameters="QU", mask=far)
    space = sl.ParameterSpace(MODEL, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    start = {"magnetic_field.b0": 1.5}
    expected = sl.fit(sl.Posterior(space, likelihood), sl.LevenbergMarquardt(tolerance=1e-2), start=start)
    found = json.loads((folder / "results" / "fit.json").read_text())
    b0 = found["parameters"]["simulator.magnetic_field.b0"]
    assert b0["value"] == pytest.approx(float(expected.parameters["magnetic_field.b0"]), rel=1e-6)
    assert b0["standard_deviation"] == pytest.approx(expected.fisher.standard_deviations[0], rel=1e-4)
    assert b0["unit"] == "uG"
    assert found["chi2"] == pytest.approx(expected.chi2, rel=1e-9)
    assert (found["status"], found["dof"]) == ("converged", 2 * far.sum() - 1)
    model = sl.load(folder / "results" / "model.npz")
    assert float(model.simulator.magnetic_field.b0) == b0["value"]
    output, log = capsys.readouterr().out, (folder / "results" / "run.log").read_text()
    for text in ("Uniform(low=0, high=10)", f"pixels      {far.sum()} of 192", "converged after", "Wall time"):
        assert text in output
        assert text in log
    assert (folder / "results" / "run.toml").read_text() == RUN
    (folder / "results" / "run.log").unlink()
    capsys.readouterr()
    assert cli.main(["fit", "run.toml", "--json"]) == 0  # again: from the checkpoint
    assert json.loads((folder / "results" / "fit.json").read_text()) == found
    assert json.loads(capsys.readouterr().out) == {"folder": "results", "fit": found}


@pytest.mark.long
def test_sample_goes_on_from_the_maximum_with_bfgs(folder, monkeypatch):
    """A start at the maximum, where no step is better than rounding, is no fit that failed."""
    for name in ("residuals", "corner", "trace", "predictive"):
        monkeypatch.setattr(inference.plot, name, lambda *_, **__: None)
    run = RUN.replace("levenberg_marquardt", "bfgs")
    (folder / "first.toml").write_text(run.replace('"results"', '"first"'))
    assert cli.main(["fit", "first.toml"]) == 0
    b0 = json.loads((folder / "first" / "fit.json").read_text())["parameters"]["simulator.magnetic_field.b0"]["value"]
    (folder / "second.toml").write_text(run.replace('"results"', '"second"').replace("start = 1.5", f"start = {b0!r}"))
    assert cli.main(["sample", "second.toml"]) == 0
    found = json.loads((folder / "second" / "fit.json").read_text())
    assert found["status"] == "converged"
    assert sl.inference.load_chains(folder / "second" / "posterior.nc").vector.shape == (2, 20, 1)


@pytest.mark.long
def test_sample_goes_on_where_it_was(folder, monkeypatch, capsys):
    """Ended twice, once after a segment: the draws are bit for bit those of a run that was not."""
    assert cli.main(["sample", "run.toml"]) == 0
    output = capsys.readouterr().out
    whole = sl.inference.load_chains(folder / "results" / "posterior.nc")
    names = {"posterior.nc", "chains.txt", "chains.json", "corner.png", "trace.png", "predictive.png", "model.npz"}
    assert names < {path.name for path in (folder / "results").iterdir()}
    assert whole.vector.shape == (2, 20, 1)
    assert whole.verdict in output
    found = json.loads((folder / "results" / "chains.json").read_text())
    assert found["verdict"] == whole.verdict
    assert found["parameters"]["simulator.magnetic_field.b0"]["mean"] == pytest.approx(whole.means[0])
    assert cli.main(["sample", "run.toml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chains"] == found

    for name in ("residuals", "corner", "trace", "predictive"):  # drawn above
        monkeypatch.setattr(inference.plot, name, lambda *_, **__: None)
    (folder / "again.toml").write_text(RUN.replace("results", "again"))
    from sightline.inference.checkpoint import Checkpoint

    write, left = Checkpoint.write, [4]

    def ended(self, name, arrays):
        write(self, name, arrays)
        if self.folder.name == "sample":
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", ended)
    assert cli.main(["sample", "again.toml"]) == 130
    assert not (folder / "again" / "posterior.nc").exists()
    monkeypatch.setattr(Checkpoint, "write", write)
    assert cli.main(["sample", "again.toml"]) == 0
    again = sl.inference.load_chains(folder / "again" / "posterior.nc")
    np.testing.assert_array_equal(again.vector, whole.vector)
    (folder / "again.toml").write_text(RUN.replace("results", "again").replace("draws = 20", "draws = 30"))
    assert cli.main(["sample", "again.toml"]) == 0
    more = sl.inference.load_chains(folder / "again" / "posterior.nc")
    np.testing.assert_array_equal(more.vector[:, :20], whole.vector)
    assert more.vector.shape == (2, 30, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cells = 8", "cels = 8", r"\[model\] cels: .*did you mean 'cells'"),
        ("cells = 8", "cells = 0", r"\[model\].*cells"),
        ("cells = 8", 'cells = "8"', r"\[model\] cells = '8' must be a whole number"),
        ("cells = 8", 'preset = "UF23-bse"', r"\[model\].*no preset 'UF23-bse'.*UF23-base"),
        ("cells = 8", "distance = 30", r"\[model\] observer and distance belong to a file"),
        ("cells = 8", 'file = "none.npz"', r"\[model\].*none.npz does not exist"),
        ("cells = 8", 'precision = "half"', r"\[model\] precision = 'half'.*double, single"),
        ("cells = 8", 'set = { "magnetic_field.c0" = 1 }', r"\[model.set\].*'magnetic_field.c0'.*magnetic_field.chi0"),
        ("cells = 8", 'set = { "magnetic_field.b0" = nan }', r"\[model.set\] magnetic_field.b0 = nan.*finite"),
        ("cells = 8", 'set = { "cosmic_rays.n0" = -1 }', r"\[model.set\] cosmic_rays.n0 = -1.*bounds, 0"),
        ("cells = 8", 'set = { "magnetic_field.b0" = [1, 2] }', r"\[model.set\] magnetic_field.b0 = \[1, 2\]"),
        ("magnetic_field.b0", "magnetic_field.b1", r"no parameter 'magnetic_field.b1'; near it are magnetic_field.b0"),
        ("uniform", "unifrom", r"\"magnetic_field.b0\": prior = 'unifrom': did you mean 'uniform'"),
        ("low = 0", "lo = 0", r"magnetic_field.b0\": low is missing; there is no key 'lo'"),
        ("high = 10", "high = -1", r"low = 0 must be below high = -1"),
        ("start = 1.5", "start = 11", r"b0 = 11.*outside the support"),
        ("start = 1.5", "stat = 1.5", r"stat: .*did you mean 'start'"),
        ('"map"', '"maps"', r"\[\[data\]\] 1: kind = 'maps': did you mean 'map'"),
        ("mock.fits", "mok.fits", r"\[\[data\]\] 'map':.*mok.fits does not exist"),
        ('"QU"', '"QX"', r"\[\[data\]\] 'map': parameters = 'QX'"),
        ("noise = 1e-6", "noise = -1e-6", r"\[\[data\]\] 'map': noise must be finite and positive"),
        ("noise = 1e-6", "nosie = 1e-6", r"\[\[data\]\] 'map': noise is missing; there is no key 'nosie'"),
        ("noise = 1e-6", 'noise = "sigma.fits"\nnoise_columns = ["S"]', r"noise_columns: there is no column 'S'"),
        ("latitude = 10", "latitude = 91", r"No pixel is left"),
        ("latitude = 10", "latitude = -1", r"\[\[data\]\] 'map': latitude = -1 must be from 0"),
        ("latitude = 10", "latitude = nan", r"\[\[data\]\] 'map': latitude = nan must be from 0"),
        ("latitude = 10", "beam = 0", r"\[\[data\]\] 'map': beam must be finite and positive, not 0"),
        ("noise = 1e-6", "noise = nan", r"\[\[data\]\] 'map': noise must be finite and positive, not nan"),
        ("latitude = 10", TWICE, r"likelihoods\[0\] and likelihoods\[1\], both 'map', hold the same data"),
        ("[fit]", '[nuisance]\n"a/b" = 1\n[fit]\nkey = -1', r"\[fit\] key = -1 must be from 0"),
        ("key = 3", "key = 18446744073709551616", r"\[sample\] key = 18446744073709551616 must be from 0"),
        ("[[data]]", SLASH, r"No file of draws can hold a parameter called 'nuisance.a/b': .*'nuisance.a_b'"),
        ("latitude = 10", 'offset = "zero"', r"\[\[data\]\].*'zero' is not in the nuisance"),
        ("latitude = 10", "frequency = 24\nbean = 7", r"bean: .*did you mean 'beam'"),
        ("tolerance = 1e-2", "tolerance = -1", r"\[fit\].*tolerance = -1"),
        ("tolerance = 1e-2", "steps = 2.5", r"\[fit\] steps = 2.5 must be a whole number"),
        ("tolerance = 1e-2", "learning_rate = 1", r"\[fit\] learning_rate: there is no such key"),
        ("levenberg_marquardt", "levenberg", r"\[fit\] method = 'levenberg': did you mean 'levenberg_marquardt'"),
        ("random_walk", "nut", r"\[sample\] algorithm = 'nut': did you mean 'nuts'"),
        ('"random_walk"', '"hmc"\nleapfrogs = 2.5', r"\[sample\] leapfrogs = 2.5 must be a whole number"),
        ('"random_walk"', '"nested_slice"\nslices = 2.5', r"\[sample\] slices = 2.5 must be a whole number"),
        ('"random_walk"', '"nested_slice"\nlive = 300\ndying = 400', r"\[sample\] live = 300, dying = 400: .*smaller"),
        ('"random_walk"', '"nuts"\ntarget_acceptance = "0.9"', r"target_acceptance = '0.9' must be a number"),
        ('"random_walk"', '"mclmc"', r"\[sample\].*warmup = 10 must be 50 at least: MCLMC"),
        ("draws = 20", "draws = 0", r"\[sample\] draws = 0"),
        ("draws = 20", "draws = true", r"\[sample\] draws = True must be a whole number"),
        ("key = 3", "target_acceptance = 2", r"\[sample\].*target_acceptance = 2"),
        ('folder = "results"', 'folder = "rm.npz"', r"\[output\] folder = .*rm.npz' is a file"),
        ('folder = "results"', 'folder = "."', r"\[output\] folder = .* is that of the run file"),
        ('folder = "results"', "", r"\[output\] folder is missing"),
        ("[fit]", "[fits]", r"fits: .*did you mean 'fit'"),
        ("[fit]", "[fit", "is no TOML file"),
        ("[[data]]", "[data]", "data = .* must be a list"),
    ],
)
def test_refusals_come_first_in_one_line_and_name_the_key(folder, capsys, monkeypatch, old, new, message):
    def work(*_, **__):
        raise AssertionError("long work began")

    monkeypatch.setattr(inference.sl, "fit", work)
    (folder / "run.toml").write_text(RUN.replace(old, new, 1))
    before = sorted(folder.iterdir())
    assert cli.main(["sample", "run.toml"]) == 2
    output = capsys.readouterr()
    assert re.fullmatch(f"sightline: .*{message}.*\n", output.err), output.err
    assert output.out == ""
    assert sorted(folder.iterdir()) == before


def test_a_folder_belongs_to_one_run_file(folder, capsys, monkeypatch):
    (folder / "results").mkdir()
    (folder / "results" / "notes.txt").write_text("mine")
    assert cli.main(["fit", "run.toml"]) == 2
    assert "is not empty, and no run made it" in capsys.readouterr().err
    (folder / "results" / "run.toml").write_text(RUN.replace("noise = 1e-6", "noise = 2e-6"))
    assert cli.main(["fit", "run.toml"]) == 2
    assert "results of another run file" in capsys.readouterr().err
    (folder / "results" / "run.toml").write_text("# a comment\n" + RUN.replace("draws = 20", "draws = 10"))
    monkeypatch.setattr(inference, "_describe", lambda *_: None)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(inference.sl, "fit", full)
    assert cli.main(["fit", "run.toml"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert cli.main(["fit", "none.toml"]) == 2
    assert "none.toml does not exist" in capsys.readouterr().err
    assert cli.main(["fit"]) == 2


def test_a_folder_of_another_process_is_refused(folder, capsys):
    assert cli.main(["fit", "run.toml"]) == 0
    before = {path: path.read_bytes() for path in (folder / "results").rglob("*") if path.is_file()}
    script = "import signal, sys\nfrom sightline._core.locks import locked\n"
    script += "with locked(sys.argv[1]):\n    print(flush=True)\n    signal.pause()"
    command = [sys.executable, "-c", script, "results"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        (folder / "results" / ".lock").touch()
        capsys.readouterr()
        for name in ("fit", "sample"):
            assert cli.main([name, "run.toml"]) == 2
            said = rf"sightline: \[output\] folder = results is in use: process {other.pid} on .* another folder\.\n"
            assert re.fullmatch(said, capsys.readouterr().err)
        other.kill()
    left = {path: path.read_bytes() for path in before if path.exists()}
    assert left == before


def test_results_are_safe_before_they_are_shown(folder, capsys, monkeypatch):
    """Whatever fails to be printed or drawn: draws are kept, everything else is written, and the end says so."""

    def broken(*_, **__):
        raise RuntimeError("this library is broken")

    for name in ("residuals", "trace", "predictive", "corner"):
        monkeypatch.setattr(inference.plot, name, broken)
    monkeypatch.setattr(sl.Chains, "summary", broken)
    monkeypatch.setattr(sl.FitResult, "summary", broken)
    monkeypatch.setattr(sl.Chains, "r_hat", property(broken))
    assert cli.main(["sample", "run.toml"]) == 1
    output, log = capsys.readouterr(), (folder / "results" / "run.log").read_text()
    failed = "fit.txt, residuals.png, fit_corner.png, chains.txt, chains.json, trace.png, predictive.png, corner.png"
    assert output.err.count("\n") == 1
    assert output.err.startswith(f"sightline: {failed} not made, see run.log; all other results are written.")
    for name in failed.split(", "):
        assert f"Warning: {name} was not made: RuntimeError: this library is broken" in log
    found = {path.name for path in (folder / "results").iterdir()}
    assert found == {"fit", "sample", "run.toml", "run.log", "model.npz", "fit.json", "posterior.nc"}
    assert sl.inference.load_chains(folder / "results" / "posterior.nc").vector.shape == (2, 20, 1)


def test_a_fit_that_fails_says_so_when_all_is_written(folder, capsys):
    (folder / "run.toml").write_text(RUN.replace("tolerance = 1e-2", "tolerance = 1e-9\nsteps = 1"))
    assert cli.main(["fit", "run.toml"]) == 1
    assert "status 'step limit'" in capsys.readouterr().err
    assert json.loads((folder / "results" / "fit.json").read_text())["status"] == "step limit"


def test_maps_with_noise_columns_mask_beam_and_offset(folder, mock):
    one = MAP | {"noise": "sigma.fits", "mask": "mask.fits", "beam": 20.0, "offset": "level", "name": "K"}
    found = prepare(folder, data=[one | {"latitude": 10}], nuisance={"level": [0.0, 1e-6]})
    mask = (SKY.lonlat()[0] > 90) & (np.abs(SKY.lonlat()[1]) >= 10)
    sigma = np.stack([np.full(SKY.size, 2e-6), np.full(SKY.size, 4e-6)])
    model = sl.Model(MODEL, {"K": sl.GaussianBeam(20.0)}, {"level": [0.0, 1e-6]})
    model = dataclasses.replace(model, simulator=_with_b0(1.5))
    expected = sl.MapLikelihood(LINES, 23.0, mock, sigma, parameters="QU", instrument="K", offset="level", mask=mask)
    likelihood = found.posterior.likelihoods[0]
    assert likelihood.name == "K"
    assert float(likelihood.deviance(found.posterior.space.model)) == pytest.approx(float(expected.deviance(model)))


def _with_b0(value):
    return dataclasses.replace(MODEL, magnetic_field=dataclasses.replace(MODEL.magnetic_field, b0=value))


def test_noise_is_in_the_unit_of_the_file(folder, mock):
    """A map in uK, whose noise is: the same likelihood as that of the map in K."""
    columns = {f"{name}_STOKES": (1e6 * np.asarray(getattr(mock, name)), "uK_RJ") for name in "IQU"}
    sl.io.write_columns("micro.fits", SKY, columns)
    sigma = np.full(SKY.size, 1.0)
    sl.io.write_columns("one.fits", SKY, {"SIGMA": (sigma, "uK")})
    said = {"file": "micro.fits", "unit": "uK_RJ", "convention": "COSMO", "frequency": 23.0}
    given = [MAP, MAP | said | {"noise": 1.0, "name": "a"}, MAP | said | {"noise": "one.fits", "name": "b"}]
    likelihoods = prepare(folder, data=given).posterior.likelihoods
    expected = float(likelihoods[0].log_likelihood(MODEL))
    for one in likelihoods[1:]:
        assert float(one.log_likelihood(MODEL)) == pytest.approx(expected, rel=1e-9)


def test_noise_has_the_unit_of_its_own_file(folder, mock):
    sl.io.write_columns("milli.fits", SKY, {"SIGMA": (np.full(SKY.size, 2e-3), "mK_RJ")})
    sl.io.write_columns("other.fits", SKY, {"SIGMA": (np.full(SKY.size, 2.0), "K_CMB")})
    plain, milli = (MAP | {"noise": noise, "name": str(noise)} for noise in (2e-6, "milli.fits"))
    likelihoods = prepare(folder, data=[plain, milli]).posterior.likelihoods
    expected, found = (float(one.log_likelihood(MODEL)) for one in likelihoods)
    assert found == pytest.approx(expected, rel=1e-9)
    with pytest.raises(Refusal, match=r"noise = 'other\.fits': column SIGMA is in 'K_CMB', the map in K_RJ"):
        prepare(folder, data=[MAP | {"noise": "other.fits"}])


def test_a_frame_that_a_file_lacks_can_be_passed(folder):
    sl.io.write_columns("T.fits", SKY, {"T": (np.full(SKY.size, 3e4), "mK")})
    sl.io.write_columns("RM.fits", SKY, {"RM": (np.ones(SKY.size), "rad m-2"), "RM_ERR": (np.ones(SKY.size), "")})
    for name in ("T.fits", "RM.fits"):
        fits.delval(name, "COORDSYS", ext=1)
    bright = {"kind": "map", "reader": "brightness", "file": "T.fits", "frequency": 0.4, "noise": 1.0}
    depth = {"kind": "sources", "reader": "faraday_sky", "file": "RM.fits"}
    for one in (bright, depth):
        with pytest.raises(Refusal, match="COORDSYS"):
            prepare(folder, data=[one])
    found = prepare(folder, data=[bright | {"coordsys": "G"}, depth | {"coordsys": "G"}]).posterior
    assert found.likelihoods[0].data.mean() == pytest.approx(30.0)


def test_sources_and_bins_are_those_of_python(folder, mock):
    sources = {"kind": "sources", "file": "rm.npz", "scatter": "scatter", "student": 4, "latitude": 5, "name": "RM"}
    bins = {"kind": "bins", "file": "rm.npz", "bins": 1, "floor": 3.0}
    pixels = {"kind": "bins", "reader": "map", "file": "mock.fits", "parameters": "QU", "bins": 1, "name": "mean"}
    coarse = pixels | {"evaluate": "bins", "name": "coarse"}
    free = {"nuisance.scatter": {"prior": "log_uniform", "low": 1.0, "high": 500.0}}
    found = prepare(folder, data=[sources, bins, pixels, coarse], parameters=free, nuisance={"scatter": 30.0}).posterior
    assert found.space.names == ("simulator.magnetic_field.b0", "nuisance.scatter")
    table = sl.datasets.read_rotation_measures("rm.npz")
    observable = sl.observables.RotationMeasure(sl.Sightlines(table.sky, sl.ResolvedCells(-(-CELLS // 4))))
    far = np.where(np.abs(table.b) >= 5, table.rm, np.nan)
    bright = sl.statistics.Brightness(LINES, 23.0, "QU")
    fine = sl.statistics.Brightness(sl.Sightlines(sl.HealpixSky(1), sl.ResolvedCells(-(-CELLS // 4))), 23.0, "QU")
    expected = [
        sl.SourceLikelihood(observable, far, table.error, scatter="scatter", student=4),
        sl.BinnedLikelihood(observable, table.rm, 1, floor=3.0),
        sl.BinnedLikelihood(bright, mock, 1),
        sl.BinnedLikelihood(fine, mock, 1, evaluate="bins"),
    ]
    model = found.space.model
    for one, other in zip(found.likelihoods, expected, strict=True):
        assert float(one.log_likelihood(model)) == pytest.approx(float(other.log_likelihood(model)), rel=1e-12)


def test_models_are_presets_or_files(folder):
    sl.save(sl.Model(MODEL, nuisance={"scatter": 2.0}), "model.npz")
    seen = prepare(folder, model={"file": "model.npz", "set": {"cosmic_rays.scale_*": 2.0}})
    model = seen.posterior.space.model
    assert float(model.simulator.cosmic_rays.scale_radius) == float(model.simulator.cosmic_rays.scale_height) == 2.0
    assert float(model.simulator.magnetic_field.b0) == 1.5
    assert float(model.nuisance["scatter"]) == 2.0
    free = {"magnetic_field.b0": {"prior": "uniform", "low": 0, "high": 10}}
    preset = prepare(folder, model={"preset": "LSA"}, parameters=free).posterior
    lines = preset.likelihoods[0].observable.sightlines
    assert lines.cells.cells == CELLS // 4
    assert lines.observer is None
    assert preset.space.model.simulator.sun == sl.presets.load("LSA").observer


def test_a_saved_model_keeps_its_instruments(folder):
    sl.save(sl.Model(MODEL, {"K": sl.GaussianBeam(20.0, gain=1.1)}), "model.npz")
    for beam in ({}, {"beam": 20}):
        found = prepare(folder, model={"file": "model.npz"}, data=[MAP | {"name": "K"} | beam]).posterior
        assert found.likelihoods[0].observable.instrument == "K"
        assert float(found.space.model.instruments["K"].gain) == 1.1
    with pytest.raises(Refusal, match=r"\[\[data\]\] 'K': beam = 30 would replace the GaussianBeam .* leave beam out"):
        prepare(folder, model={"file": "model.npz"}, data=[MAP | {"name": "K", "beam": 30}])
    other = prepare(folder, model={"file": "model.npz"}, data=[MAP | {"name": "Ka", "beam": 30}]).posterior
    assert set(other.space.model.instruments) == {"K", "Ka"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prior": "uniform", "low": 0, "high": [1.0, 2.0]}, dist.Uniform(0.0, np.array([1.0, 2.0]))),
        ({"prior": "log_uniform", "low": 1, "high": 9}, dist.LogUniform(1.0, 9.0)),
        ({"prior": "normal", "loc": 1, "scale": 2}, dist.Normal(1.0, 2.0)),
        ({"prior": "log_normal", "loc": 0, "scale": 0.5}, dist.LogNormal(0.0, 0.5)),
        ({"prior": "half_normal", "scale": 3}, dist.HalfNormal(3.0)),
        ({"prior": "truncated_normal", "loc": 1, "scale": 2, "low": 0}, dist.TruncatedNormal(1.0, 2.0, low=0.0)),
    ],
)
def test_priors_by_name(given, expected):
    found = priors.prior(Keys(given, "[parameters]"))
    value = np.array([0.7, 1.3]) if expected.batch_shape else np.array(1.7)
    np.testing.assert_allclose(found.log_prob(value), expected.log_prob(value))


def test_priors_that_are_none():
    with pytest.raises(Refusal, match=r"p: .*scale"):
        priors.prior(Keys({"prior": "normal", "loc": 1, "scale": -2}, "p:"))


def test_noise_of_a_mock(folder, mock):
    tokens = ["simulate", "--frequency", "23", "--nside", "4", "--cells", str(CELLS), "--output"]
    assert cli.main([*tokens, "one.fits", "--noise", "1e-6", "--seed", "0"]) == 0
    np.testing.assert_allclose(sl.io.read_map("one.fits").Q, mock.Q, rtol=1e-9)
    assert cli.main([*tokens, "two.fits", "--noise", "-1"]) == 2
    assert cli.main(["simulate", "--observable", "rm", "--output", "rm.fits", "--noise", "1"]) == 2


def test_run_files_of_the_documentation(folder):
    """Every one is read: its keys, names and values exist; others in `test_cli_spectra.py`, `test_cli_separate.py`."""
    page = (Path(__file__).parents[1] / "docs" / "command_line.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    blocks = [one for one in blocks if "[spectra" not in one and "[components" not in one]
    photons = sl.Simulator(background=sl.emission.IsotropicPhotons(1e-7, 2.4, reference_energy=1.0))
    sl.io.write_map("gamma.fits", photons(sl.HealpixSky(1), energy=[0.1, 1.0, 10.0]))
    for block, size in zip(blocks, (2, 2, 3), strict=True):
        (folder / "run.toml").write_text(block.replace("cells = 64", "cells = 4"))
        assert prepare(folder).posterior.space.size == size


@pytest.mark.parametrize(("live", "dying"), [(1000, 400), (15, 5)])
def test_settings_that_fit_each_other_may_be_far_from_the_defaults(live, dying):
    keys = Keys({"algorithm": "nested_slice", "live": live, "dying": dying}, "[sample]")
    algorithm = settings.read_sample(keys)["algorithm"]
    assert (algorithm.live, algorithm.dying) == (live, dying)
