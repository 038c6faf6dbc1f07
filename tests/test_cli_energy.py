"""Run files whose data are of gamma rays, alone or beside radio maps."""

import dataclasses
import json
import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline import cli
from sightline.cli import study
from sightline.cli.refusal import Refusal
from sightline.cli.scene import choose, with_gamma_rays

RUN = """
[model]
cells = 8
gamma_rays = true

[parameters]
"magnetic_field.b0" = { prior = "uniform", low = 0, high = 10, start = 2.0 }
"cosmic_rays.n0" = { prior = "uniform", low = 1e-5, high = 1e-3, start = 6e-5 }

[[data]]
kind = "map"
name = "radio"
file = "radio.fits"
parameters = "I"
noise = 1e-6

[[data]]
kind = "map"
name = "gamma"
file = "gamma.fits"
noise = [1e-8, 1e-10]
energy = [0.1, 1.0]

[fit]
method = "levenberg_marquardt"

[output]
folder = "results"
"""
LIGHT = sl.radiation.CMB() + sl.radiation.Disk(30.0, 0.5) + sl.radiation.Disk(3000.0, 1.0)
MODEL = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation(), sl.emission.InverseCompton()),
    radiation=LIGHT,
)
LINES = sl.Sightlines(sl.HealpixSky(1), sl.ResolvedCells(2))
ENERGIES = [0.1, 1.0]
UNIT = "GeV-1 cm-2 s-1 sr-1"


@pytest.fixture(scope="module")
def mocks():
    return MODEL(LINES, 23.0), MODEL(LINES, energy=ENERGIES)


@pytest.fixture
def folder(tmp_path, monkeypatch, mocks):
    monkeypatch.chdir(tmp_path)
    radio, gamma = mocks
    sl.io.write_map("radio.fits", radio)
    sl.io.write_map("gamma.fits", gamma)
    sl.io.write_energy_cube("cube.fits", gamma)
    (tmp_path / "run.toml").write_text(RUN)
    return tmp_path


def test_light_is_that_at_the_sun_of_the_model():
    with warnings.catch_warnings():
        warnings.simplefilter("error", sl.SunWarning)
        simulator: Any = with_gamma_rays(choose("JF12", None)).simulator
    assert simulator.sun == (-8.5, 0.0, 0.0)
    disks = [one for one in simulator.radiation.terms.values() if isinstance(one, sl.radiation.Disk)]
    assert [disk.sun for disk in disks] == 2 * [simulator.sun]


def prepare(folder, old="", new=""):
    (folder / "run.toml").write_text(RUN.replace(old, new))
    return study.prepare(study.read(folder / "run.toml"), folder).posterior


def expected(gamma, **options):
    return sl.MapLikelihood(LINES, energy=ENERGIES, data=gamma, noise=np.array([[1e-8], [1e-10]]), **options)


def test_maps_of_both_axes_are_one_posterior(folder, mocks):
    radio, gamma = prepare(folder).likelihoods
    brighter = dataclasses.replace(MODEL, cosmic_rays=sl.cosmic_rays.ExponentialDisk(n0=8e-5))
    own = sl.MapLikelihood(LINES, 23.0, mocks[0], 1e-6, parameters="I")
    for found, wanted in ((radio, own), (gamma, expected(mocks[1]))):
        np.testing.assert_allclose(found.log_likelihood(brighter), wanted.log_likelihood(brighter), rtol=1e-6)
    assert gamma.data.shape == (1, 2, 12)
    assert dict(gamma.notes)["energy"] == "0.1, 1 GeV"


def test_cubes_are_the_same_data_with_noise_in_their_unit(folder, mocks):
    own = prepare(folder, 'file = "gamma.fits"\nnoise = [1e-8, 1e-10]\nenergy = [0.1, 1.0]', CUBE).likelihoods[1]
    dimmer = dataclasses.replace(MODEL, cosmic_rays=sl.cosmic_rays.ExponentialDisk(n0=2e-5))
    np.testing.assert_allclose(own.log_likelihood(dimmer), expected(mocks[1]).log_likelihood(dimmer), rtol=1e-6)


CUBE = 'file = "cube.fits"\nreader = "energy_cube"\nnoise = [1e-11, 1e-13]'  # per MeV


def test_bins_of_gamma_rays(folder, mocks):
    changes = 'kind = "bins"\nname = "gamma"\nreader = "map"\nbins = 1\nminimum = 2\nfloor = 1e-9\nfile = "fine.fits"'
    fine = np.repeat(np.asarray(mocks[1].I), 4, axis=1)  # nested: each pixel in four
    fine = fine * (1 + 0.1 * np.random.default_rng(1).normal(size=fine.shape))
    sky = sl.HealpixSky(2, nest=True)
    stokes = sl.Stokes(fine, 0 * fine, 0 * fine, energy=ENERGIES, sky=sky)
    sl.io.write_map("fine.fits", stokes)
    old = 'kind = "map"\nname = "gamma"\nfile = "gamma.fits"\nnoise = [1e-8, 1e-10]\nenergy = [0.1, 1.0]'
    found = prepare(folder, old, changes).likelihoods[1]
    seen = sl.statistics.Brightness(sl.Sightlines(sky, sl.ResolvedCells(2)), energy=ENERGIES)
    own = sl.BinnedLikelihood(seen, stokes, 1, minimum=2, floor=1e-9)
    np.testing.assert_allclose(found.log_likelihood(MODEL), own.log_likelihood(MODEL), rtol=1e-6)
    assert found.data.shape == (1, 2, 12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "energy = [0.1, 1.0]",
            "energy = [0.1, 1.0]\nfrequency = 0.4",
            r"'gamma': frequency and energy are both given",
        ),
        ("energy = [0.1, 1.0]", "energy = [0.1, -1.0]", r"'gamma'.*energy.*finite and positive"),
        ("energy = [0.1, 1.0]", "energy = 0.1", r"'gamma'.*2 tables"),
        ("energy = [0.1, 1.0]", "enrgy = 0.1", r"enrgy: .*did you mean 'energy'"),
        ("noise = 1e-6\n", "noise = 1e-6\nenergy = 1.0\n", r"'radio'.*1 keV"),
        ("[1e-8, 1e-10]", "[1e-8]", r"'gamma': noise = .* one positive number for each energy"),
        ("[1e-8, 1e-10]", "[1e-8, 0]", r"'gamma': noise = .* one positive number for each energy"),
        ("gamma_rays = true\n", "", r"InverseCompton"),
        ("cells = 8\ngamma_rays = true", 'file = "model.npz"\ngamma_rays = true', r"gamma_rays belongs to presets"),
        ('file = "gamma.fits"', 'file = "gamma.fits"\nreader = "energy_cube"', r"'gamma'.*no cube of energies"),
    ],
)
def test_refusals_name_the_key(folder, old, new, message):
    with pytest.raises(Refusal, match=message):
        prepare(folder, old, new)


def test_energies_of_files_of_others_are_passed(folder, mocks):
    """A file that names no energy, as those of others."""
    from astropy.io import fits

    sl.io.write_map("bare.fits", mocks[1][0])
    fits.delval("bare.fits", "ENERGY", ext=1)
    with pytest.raises(sl.io.FileError, match="FREQ"):
        sl.io.read_map("bare.fits")
    found = sl.io.read_map("bare.fits", energy=0.1)
    np.testing.assert_allclose(found.energy, 0.1, rtol=1e-12)
    np.testing.assert_array_equal(found.I, mocks[1].I[0])
    with pytest.raises(ValueError, match="frequency and energy are both given"):
        sl.io.read_map("bare.fits", frequency=1.0, energy=0.1)
    assert jnp.ndim(found.frequency) == 0


@pytest.mark.long
def test_a_joint_fit_from_the_terminal(folder):
    assert cli.main(["fit", "run.toml"]) == 0
    found = json.loads((folder / "results" / "fit.json").read_text())["parameters"]
    assert found["simulator.magnetic_field.b0"]["value"] == pytest.approx(float(MODEL.magnetic_field.b0), rel=1e-2)
    assert found["simulator.cosmic_rays.n0"]["value"] == pytest.approx(float(MODEL.cosmic_rays.n0), rel=1e-2)
