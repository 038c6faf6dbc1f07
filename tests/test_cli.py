"""The command line: the same sky as Python's, refusals before any work, nothing half-written."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import healpy
import jax
import numpy as np
import pytest

import sightline as sl
from sightline import cli, io
from sightline.cli import run, scene, simulation
from sightline.cli.interrupts import interrupts

MODEL = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    """Runs `sightline simulate` in a folder of its own, with a small sky unless told otherwise."""
    monkeypatch.chdir(tmp_path)

    def run(*tokens):
        defaults = {"--frequency": ["23"], "--output": ["sky.fits"], "--nside": ["2"], "--cells": ["16"]}
        filled = [token for name, values in defaults.items() if name not in tokens for token in (name, *values)]
        return cli.main(["simulate", *map(str, tokens), *filled])

    return run


def test_sky_equals_the_library(simulate, tmp_path, capsys):
    assert simulate("--frequency", 10, 23, "--nside", 4, "--plot", "sky.png") == 0
    lines = sl.Sightlines(sl.HealpixSky(4), sl.ResolvedCells(cells=4))
    expected, found = MODEL(lines, [10.0, 23.0]), io.read_map(tmp_path / "sky.fits")
    for name in "IQU":
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-18)
    assert found.I.dtype == np.float64
    assert healpy.read_map("sky.fits", field=(0, 1, 2), hdu=2).shape == (3, 192)
    assert (tmp_path / "sky.png").read_bytes()[:4] == b"\x89PNG"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sky.fits", "sky.png"]
    report = capsys.readouterr().out
    for text in ("LSA", "ExponentialDisk", "nside 4", "16 a ray", "10", "23", "sky.fits", "sky.png", "Wall time"):
        assert text in report
    assert f"{float(np.median(expected.I[1])):.4g}" in report


def test_gamma_rays(simulate, tmp_path, capsys):
    tokens = ["simulate", "--energy", "0.1", "1:10:2", "--nside", "2", "--cells", "16", "--output", "gamma.fits"]
    assert cli.main([*tokens, "--plot", "gamma.png"]) == 0
    found = io.read_map(tmp_path / "gamma.fits")
    assert (found.unit, found.I.shape) == ("GeV-1 cm-2 s-1 sr-1", (3, 48))
    np.testing.assert_allclose(found.energy, [0.1, 1.0, 10.0], rtol=1e-12)
    light = sl.radiation.CMB() + sl.radiation.Disk(30.0, 0.5) + sl.radiation.Disk(3000.0, 1.0)
    model = sl.Simulator(cosmic_rays=MODEL.cosmic_rays, radiation=light, emission=sl.emission.InverseCompton())
    expected = model(sl.Sightlines(sl.HealpixSky(2), sl.ResolvedCells(cells=4)), energy=[0.1, 1.0, 10.0])
    np.testing.assert_allclose(found.I, expected.I, rtol=1e-6)
    assert "Energy [GeV]" in capsys.readouterr().out
    assert cli.main([*tokens, "--frequency", "23", "--overwrite"]) == 2
    assert "--energy does not go with --frequency" in capsys.readouterr().err
    for option, value in (("--temperature", "8000"), ("--clumping", "2")):
        assert cli.main([*tokens, option, value, "--overwrite"]) == 2
        assert f"--energy does not go with {option}" in capsys.readouterr().err
    assert cli.main(["simulate", "--energy", "1e9", "--output", "no.fits"]) == 2
    assert "1e+06 GeV" in capsys.readouterr().err


def test_blocks_make_up_the_sky(monkeypatch):
    monkeypatch.setattr(simulation, "RAYS_PER_BLOCK", 64)
    for sky in (sl.HealpixSky(4), sl.HealpixSky(1), sl.HealpixSky(2, supersample=4), sl.HealpixSky(1, supersample=16)):
        blocks = list(simulation.blocks(sky))
        assert len({block.size for block in blocks}) == 1
        np.testing.assert_array_equal(np.concatenate([block.indices for block in blocks]), sky.indices)
        assert {block.supersample for block in blocks} == {sky.supersample}


def test_blocks_give_the_same_sky(simulate, tmp_path, monkeypatch):
    assert simulate() == 0
    monkeypatch.setattr(simulation, "RAYS_PER_BLOCK", 16)
    assert simulate("--output", "blocks.fits") == 0
    whole, blocks = io.read_map(tmp_path / "sky.fits"), io.read_map(tmp_path / "blocks.fits")
    np.testing.assert_allclose(blocks.Q, whole.Q, rtol=1e-10, atol=1e-18)


def test_single_precision(simulate, tmp_path):
    assert simulate("--precision", "single") == 0
    assert io.read_map(tmp_path / "sky.fits").I.dtype == np.float32
    assert jax.config.jax_enable_x64


def test_rotation_is_reported_once(simulate, capsys, monkeypatch):
    monkeypatch.setattr(simulation, "RAYS_PER_BLOCK", 16)
    assert simulate("--frequency", 0.1) == 0
    report = " ".join(capsys.readouterr().out.split())
    lines = sl.Sightlines(sl.HealpixSky(2), sl.ResolvedCells(cells=4))
    largest = float(MODEL.rotation_per_cell(lines, [0.1]).max())
    assert report.count("Warning") == 1
    assert f"up to {largest:.3g} rad" in report
    assert simulate("--output", "high.fits") == 0
    assert "Warning" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["--frequency", "-1"], "--frequency.*positive"),
        (["--frequency", "nan"], "--frequency.*positive"),
        (["--frequency"], "--frequency"),
        (["--frequency", "K"], "--frequency.*no frequency"),
        (["--nside", "63"], "--nside = 63.*power of two"),
        (["--nside", "0"], "--nside = 0.*power of two"),
        (["--cells", "0"], "--cells = 0.*positive"),
        (["--supersample", "3"], "--supersample = 3.*power of two"),
        (["--precision", "half"], "--precision.*double"),
        (["--output", "old.fits"], "--output = old.fits exists.*--overwrite"),
        (["--output", "none/sky.fits"], "--output = none/sky.fits: there is no folder"),
        (["--output", "."], "--output = . is a folder"),
        (["--output", "sky.txt"], "--output = sky.txt.*fits"),
        (["--plot", "old.png"], "--plot = old.png exists.*--overwrite"),
        (["--plot", "none/sky.png"], "--plot = none/sky.png: there is no folder"),
        (["--plot", "sky.xyz"], "--plot = sky.xyz.*png"),
        (["--nsides", "4"], "--nsides"),
        (["--nside", "1.6"], "--nside.*'1.6' is no whole number"),
        (["--cells", "16.5"], "--cells.*'16.5' is no whole number"),
        (["--seed", "0.5"], "--seed.*'0.5' is no whole number"),
    ],
)
def test_refusals_come_first_in_one_line(simulate, tmp_path, capsys, monkeypatch, tokens, message):
    def work(*_):
        raise AssertionError("long work began")

    monkeypatch.setattr(simulation, "simulate_sky", work)
    for name in ("old.fits", "old.png"):
        (tmp_path / name).write_text("old")
    assert simulate(*tokens) == 2
    output = capsys.readouterr()
    assert re.fullmatch(f"sightline: .*{message}.*\n", output.err)
    assert output.out == ""
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"old.fits": "old", "old.png": "old"}


def test_both_outputs_cannot_be_one_file(simulate, capsys, monkeypatch):
    from matplotlib.backend_bases import FigureCanvasBase

    monkeypatch.setattr(FigureCanvasBase, "filetypes", {"fits": "for this test"})
    assert simulate("--plot", "./sky.fits") == 2
    assert "--plot = sky.fits is also --output" in capsys.readouterr().err


def test_missing_arguments(capsys):
    assert cli.main(["simulate", "--output", "sky.fits"]) == 2
    assert "--frequency" in capsys.readouterr().err


def test_overwrite(simulate, tmp_path):
    (tmp_path / "sky.fits").write_text("old")
    assert simulate("--overwrite") == 0
    assert io.read_map(tmp_path / "sky.fits").I.shape == (48,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_leaves_nothing(simulate, tmp_path, capsys, monkeypatch, number):
    def swallowed(*_):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            time.sleep(1)
        return None, False

    monkeypatch.setattr(simulation, "_quietly", swallowed)
    before = signal.signal(number, signal.default_int_handler)  # whatever started the tests may ignore it
    try:
        assert simulate() == 130
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with interrupts() as check:
            os.kill(os.getpid(), signal.SIGTERM)
            check()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_full_disk_is_said_in_one_line(simulate, tmp_path, capsys, monkeypatch):
    from astropy.io import fits

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fits.HDUList, "writeto", full)
    assert simulate() == 1
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_mistakes_of_the_program_are_not_hidden(simulate, monkeypatch):
    def mistake(*_):
        raise ValueError("a mistake")

    monkeypatch.setattr(run, "simulate_sky", mistake)
    with pytest.raises(ValueError, match="a mistake"):
        simulate()


def test_help_and_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == sl.__version__
    assert cli.main(["simulate", "--help"]) == 0
    text = capsys.readouterr().out
    for name in ("--frequency", "--nside", "--output", "--plot", "--overwrite", "--cells", "--supersample", "GHz"):
        assert name in text


def test_installed_command(tmp_path):
    command = [sys.executable, "-m", "sightline", "simulate", "--frequency", "0.408", "23", "--nside", "2"]
    command += ["--cells", "8", "--supersample", "2", "--output", "sky.fits"]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (first.returncode, first.stderr) == (0, "")
    stokes = io.read_map(tmp_path / "sky.fits")
    assert stokes.I.shape == (2, 48)
    assert stokes.sky.supersample == 2
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert second.returncode == 2
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert "--overwrite" in second.stderr


def test_models_lists_what_simulate_takes(capsys):
    assert cli.main(["models"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("JF12b", "UF23-nebCor", "KST24"))


def test_simulates_a_published_sky_from_its_sun(tmp_path, capsys):
    output = tmp_path / "sky.fits"
    command = ["simulate", "--model", "PT11-ASS", "--frequency", "23", "--nside", "2", "--cells", "32"]
    assert cli.main([*command, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "PT11" in said
    assert "rotation measures only" in " ".join(said.split())
    assert sl.io.read_map(output).I.size == 48


def test_unknown_model_is_refused_with_the_nearest(tmp_path, capsys):
    command = ["simulate", "--model", "JF13", "--frequency", "23", "--output", str(tmp_path / "sky.fits")]
    assert cli.main(command) == 2
    assert "--model: There is no preset 'JF13': choose one of JF12" in capsys.readouterr().err


def test_ranges_and_operators(simulate, tmp_path):
    chosen = ["--operators", "self-absorption", "free-free", "--clumping", "3"]
    assert simulate("--frequency", "0.01:0.05:3", 1, *chosen) == 0
    found = io.read_map(tmp_path / "sky.fits")
    np.testing.assert_allclose(found.frequency, [0.01, 0.03, 0.05, 1.0])
    model = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        temperature=sl.temperature.Uniform(8000.0),
        emission=(sl.emission.Synchrotron(absorption="total"), sl.emission.FreeFree(clumping=3.0)),
    )
    expected = model(sl.Sightlines(sl.HealpixSky(2), sl.ResolvedCells(4)), [0.01, 0.03, 0.05, 1.0])
    np.testing.assert_allclose(found.I, expected.I, rtol=1e-10)


def test_beam_and_bandpass(simulate, tmp_path):
    np.savetxt(tmp_path / "band.txt", np.transpose([[20.0, 23.0, 26.0], [1.0, 2.0, 1.0]]))
    command = ["simulate", "--bandpass", "band.txt", "--beam", "10", "--nside", "2", "--cells", "16"]
    assert cli.main([*command, "--output", "band.fits"]) == 0
    found = io.read_map(tmp_path / "band.fits")
    lines, frequency = sl.Sightlines(sl.HealpixSky(2), sl.ResolvedCells(4)), [20.0, 23.0, 26.0]
    band = sl.instruments.Bandpass(frequency, [1.0, 2.0, 1.0], nominal=23.0)
    expected = sl.GaussianBeam(fwhm=10.0)(band(MODEL(lines, frequency)))
    np.testing.assert_allclose(found.Q, expected.Q, atol=1e-12)
    assert float(found.frequency) == 23.0


def test_a_band_of_uneven_steps_is_labelled_with_its_mean(tmp_path):
    """int nu w d nu/int w d nu by the trapezoid rule, as the band integrates."""
    np.savetxt(tmp_path / "band.txt", np.transpose([[20.0, 21.0, 22.0, 30.0], [1.0, 1.0, 1.0, 1.0]]))
    assert scene.read_band(tmp_path / "band.txt").nominal == pytest.approx(25.0)


@pytest.mark.parametrize(("name", "unit"), [("rm", "rad m-2"), ("dm", "pc cm-3"), ("em", "pc cm-6")])
def test_measures(tmp_path, monkeypatch, capsys, name, unit):
    monkeypatch.chdir(tmp_path)
    command = ["simulate", "--observable", name, "--nside", "2", "--cells", "16", "--output", "x.fits"]
    assert cli.main([*command, "--plot", "x.png"]) == 0
    sky, columns = io.read_columns("x.fits")
    lines = sl.Sightlines(sl.HealpixSky(2), sl.ResolvedCells(4))
    measures = {"rm": MODEL.rotation_measure, "dm": MODEL.dispersion_measure, "em": MODEL.emission_measure}
    np.testing.assert_allclose(columns[name.upper()], measures[name](lines), rtol=1e-10)
    assert sky.size == 48
    assert unit in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([], "either --frequency or --bandpass"),
        (["--observable", "rm", "--frequency", "1"], "--frequency does not go with --observable rm"),
        (["--frequency", "1:2"], "'1:2' is no frequency"),
        (["--frequency", "1:2:1"], "is no frequency"),
        (["--frequency", "1", "--beam", "-3"], "--beam = -3"),
        (["--frequency", "1", "--operators", "free-free", "--clumping", "0.5"], "--clumping = 0.5"),
        (["--bandpass", "none.txt"], "none.txt"),
        (["--frequency", "1", "--clumping", "3"], "--clumping belongs to free-free"),
        (["--observable", "rm", "--clumping", "3"], "--clumping does not go with"),
        (["--observable", "em", "--clumping", "0.3"], "--clumping = 0.3"),
        (["--frequency", "23", "1:2:0"], "'1:2:0' is no frequency"),
        (
            ["--frequency", "1", "--operators", "free-free", "--temperature", "0"],
            "--temperature = 0 must be a number of",
        ),
        (["--frequency", "1", "--operators", "free-free", "--temperature", "0.5"], "--temperature = 0.5"),
        (["--frequency", "1", "--operators", "free-free", "--temperature", "nan"], "--temperature = nan"),
        (["--frequency", "1", "--operators", "free-free", "--clumping", "0"], "--clumping = 0 must be a number of"),
        (["--frequency", "1", "--operators", "free-free", "--clumping", "inf"], "--clumping = inf"),
        (["--frequency", "1", "--temperature", "0"], "--temperature = 0"),
        (["--observable", "em", "--clumping", "0"], "--clumping = 0"),
        (["--observable", "rm", "--clumping", "0"], "--clumping = 0"),
        (["--frequency", "1", "--beam", "0"], "--beam = 0 must be a positive number"),
        (["--frequency", "1", "--beam", "nan"], "--beam = nan"),
        (["--frequency", "1", "--noise", "0"], "--noise = 0 must be a positive number"),
        (["--frequency", "1", "--noise", "nan"], "--noise = nan"),
        (["--frequency", "1", "--seed", "-1"], "--seed = -1"),
        (["--frequency", "1", "--seed", "18446744073709551616"], "--seed = 18446744073709551616"),
        (["--frequency", "1", "--operators"], "--operators names none"),
        (["--frequency", "1", "--operators", "synchrotron", "synchrotron"], "--operators names synchrotron 2 times"),
        (["--frequency", "1", "--operators", "faraday", "--operators", "faraday"], "--operators names faraday 2 times"),
    ],
)
def test_requests_that_do_not_fit_are_refused(tmp_path, monkeypatch, capsys, tokens, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["simulate", *tokens, "--nside", "2", "--output", "sky.fits"]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
