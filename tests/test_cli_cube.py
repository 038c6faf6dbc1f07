"""`sightline cube`: the same cube as Python's, and refusals before any work; particles in files."""

import json

import h5py
import numpy as np
import pytest

import sightline as sl
from sightline import cli

CUT = ["--wavelength", "5000", "5030", "--shape", "3", "4", "--library", "synthetic", "--redshift", "0.01"]


@pytest.fixture
def particles(tmp_path, monkeypatch):
    """Twenty stars in a file, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    content = {
        "position": 0.02 * random.normal(size=(20, 3)),
        "velocity": 50.0 * random.normal(size=(20, 3)),
        "mass": random.uniform(1e5, 2e5, 20),
        "age": random.uniform(1.0, 10.0, 20),
        "metallicity": random.uniform(-1.0, 0.2, 20),
    }
    np.savez("stars.npz", **{"initial_mass" if name == "mass" else name: one for name, one in content.items()})
    return content


def test_the_cube_is_that_of_python(particles, capsys):
    asked = ["cube", "stars.npz", "--output", "cube.fits", *CUT, "--inclination", "40", "--plot", "moments.png"]
    assert cli.main(asked) == 0
    ifu = sl.cubes.muse(shape=(3, 4))
    first = np.flatnonzero(ifu.channels.edges >= 5000.0)[0]
    ifu = sl.cubes.muse(shape=(3, 4), channels=ifu.channels[first : first + 24])
    stars = sl.particles.Stars(**particles)
    galaxy = sl.Galaxy(stars, sl.populations.synthetic(), redshift=0.01, orientation=sl.Orientation(inclination=40.0))
    expected, found = galaxy(ifu), sl.io.read_cube("cube.fits")
    assert found.channels.edges[-1] <= 5030
    np.testing.assert_allclose(found.flux, np.asarray(expected.flux)[: len(found.channels)], rtol=1e-10)
    assert found.variance is None
    printed = capsys.readouterr().out
    for text in ("20", "synthetic", "muse", "3 x 4", "cube.fits", "moments.png", "Mpc"):
        assert text in printed


def test_the_report_as_json(particles, capsys):
    assert cli.main(["cube", "stars.npz", "--output", "cube.fits", *CUT, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == "cube.fits"
    assert found["library"] == "synthetic"


def test_noise_comes_with_its_variance(particles):
    for name in ("a.fits", "b.fits"):
        assert cli.main(["cube", "stars.npz", "--output", name, *CUT, "--signal-to-noise", "20", "--centre"]) == 0
    first, second = sl.io.read_cube("a.fits"), sl.io.read_cube("b.fits")
    np.testing.assert_array_equal(first.flux, second.flux)
    assert first.variance is not None
    assert float(first.variance.min()) > 0


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--output", "cube.txt"], "--output"),
        (["--output", "cube.fits", "--wavelength", "100", "200"], "--wavelength"),
        (["--output", "cube.fits", "--extinction", "-1"], "--extinction"),
        (["--output", "cube.fits", "--library", "stars.npz", "--fwhm", "2.5"], "--medium"),
        (["--output", "cube.fits", "--library", "stars.npz", "--medium", "air"], "--fwhm"),
        (["--output", "cube.fits", "--redshift", "-0.1"], "--redshift"),
        (["--output", "cube.fits", "--redshift", "0"], "--redshift = 0 must be above 0"),
        (["--output", "cube.fits", "--psf", "0"], "--psf = 0 must be"),
        (["--output", "cube.fits", "--signal-to-noise", "nan"], "--signal-to-noise = nan must be"),
        (["--output", "cube.fits", "--shape", "2.5", "2"], "'2.5' is no whole number"),
        (["--output", "cube.fits", "--solar", "0.0142"], "no mass fraction"),
        (["--output", "cube.fits", "--medium", "vacuum"], "--medium does not go with --library synthetic"),
        (["--output", "cube.fits", "--fwhm", "3"], "--fwhm does not go with --library synthetic"),
        (["--output", "cube.fits", "--unit", "Lsun/Hz/Msun"], "--unit does not go with --library synthetic"),
        (["--output", "cube.fits", "--plot", "cube.fits"], "--plot"),
        (["--output", "cube.fits", "--instrument", "hubble"], "instrument"),
        (["--output", "cube.fits", "--library", "nothing.npz"], "nothing.npz"),
        (["--output", "stars.npz"], "--output"),
        (["--output", "nowhere/cube.fits"], "nowhere"),
    ],
)
def test_refusals_come_first_and_write_nothing(particles, tmp_path, capsys, extra, words):
    del particles
    names = {token for token in extra if token.startswith("--")}
    kept, tokens = [], iter(CUT)
    pairs = {"--wavelength": 2, "--shape": 2, "--library": 1, "--redshift": 1}
    for token in tokens:
        values = [next(tokens) for _ in range(pairs[token])]
        kept += [] if token in names else [token, *values]
    assert cli.main(["cube", "stars.npz", *kept, *extra]) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["stars.npz"]


def test_particles_that_are_not_there(particles, capsys):
    del particles
    assert cli.main(["cube", "nothing.npz", "--output", "cube.fits", *CUT]) == 2
    assert "nothing.npz" in capsys.readouterr().err


def test_particles_of_hdf5_with_units(particles, tmp_path):
    with h5py.File(tmp_path / "stars.h5", "w") as file:
        group = file.create_group("PartType4")
        names = {"position": "Coordinates", "velocity": "Velocities", "mass": "InitialMass", "age": "age"}
        for name, own in names.items():
            group[own] = particles[name] * (1e3 if name == "position" else 1)
        group["Coordinates"].attrs["unit"] = "pc"
        group["Z"] = 0.0142 * 10 ** particles["metallicity"]
        group["Masses"] = 0.5 * particles["mass"]  # of today
        group["Iron"] = particles["metallicity"]
    found = sl.particles.read(tmp_path / "stars.h5", names={"metallicity": "Z"}, solar=0.0142)
    for name, values in particles.items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-9, atol=1e-12)
    with pytest.raises(sl.io.FileError, match="no metallicity"):
        sl.particles.read(tmp_path / "stars.h5")
    with pytest.raises(ValueError, match="mass fraction"):
        sl.particles.read(tmp_path / "stars.h5", names={"metallicity": "Z"})
    metals = {"names": {"metallicity": "Iron"}, "units": {"metallicity": "dex"}}
    logarithmic = sl.particles.read(tmp_path / "stars.h5", **metals).metallicity
    np.testing.assert_allclose(logarithmic, particles["metallicity"], rtol=1e-9)
    with pytest.raises(ValueError, match="metallicity is in dex, and no mass fraction"):
        sl.particles.read(tmp_path / "stars.h5", **metals, solar=0.0142)
    iron = {"metallicity": "Iron"}
    with pytest.raises(ValueError, match="no mass fraction, from 0 to 1"):
        sl.particles.read(tmp_path / "stars.h5", names=iron, solar=0.0142)
    with pytest.raises(ValueError, match="mass is in 'kpc'"):
        sl.particles.read(tmp_path / "stars.h5", names={"metallicity": "Z"}, units={"mass": "kpc"})


def test_masses_and_ages_of_files_that_may_be_others(particles, tmp_path):
    np.savez(tmp_path / "today.npz", **particles)
    with pytest.warns(sl.particles.MassWarning, match="no mass says to be that which formed, mass is taken"):
        sl.particles.read(tmp_path / "today.npz")
    found = sl.particles.read(tmp_path / "today.npz", names={"mass": "mass"})  # who says so is not asked again
    np.testing.assert_allclose(found.mass, particles["mass"])
    for unit, factor in (("Myr", 1e3), ("yr", 1e9)):
        old = {"age": factor * particles["age"]}
        np.savez(tmp_path / "old.npz", **particles | old)
        options = {"names": {"mass": "mass"}, "units": {"age": unit}}
        np.testing.assert_allclose(sl.particles.read(tmp_path / "old.npz", **options).age, particles["age"])
        with pytest.raises(ValueError, match=r"old\.npz: age is up to .* units="):
            sl.particles.read(tmp_path / "old.npz", names={"mass": "mass"})
        with pytest.raises(ValueError, match=r"Stars\.age is up to .* times these"):
            sl.particles.Stars(**particles | old)
