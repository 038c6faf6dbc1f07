"""`sightline separate`: the same as Python's calls, maps and covariances in files, refusals that name the key."""

import json
import re
from pathlib import Path

import healpy
import jax
import numpy as np
import pytest

import sightline as sl
from sightline import cli
from sightline.cli import inference, separation, study

NSIDE = 4
SKY = sl.HealpixSky(NSIDE)
LOW = [0, 3, 6, 9]
RUN = """
[sky]
mask = "mask.fits"

[[data]]
file = "low.fits"
instrument = "LiteBIRD"

[[data]]
file = ["235.fits", "402.fits"]
depth = [10.79, 47.45]
fwhm = 0.5

[components.cmb]
kind = "CMB"

[components.dust]
kind = "ModifiedBlackbody"
index = { value = 1.54, nside = 1 }
temperature = 18.5
reference = 150

[components.synchrotron]
kind = "PowerLaw"
index = { value = -3.0, kmeans = 2, key = 1 }
reference = 20.0

[parameters]
"terms.dust.index.values" = { prior = "uniform", low = 0.5, high = 3.0 }
"terms.synchrotron.*.values" = { prior = "uniform", low = -7.0, high = -0.5, start = -2.9 }

[output]
folder = "results"
"""


def model():
    return sl.components.MixingMatrix(
        cmb=sl.components.CMB(),
        dust=sl.components.ModifiedBlackbody(1.6, 18.5, 150.0),
        synchrotron=sl.components.PowerLaw(-3.1, 0.0, 20.0),
    )


def maps_of(bands):
    """Noisy maps of three components, K_CMB; pixel 5 is blank."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        bright = 1e-6 * np.array([0.6, 3.0, 20.0])[:, None, None] * (1 + 0.2 * rng.normal(size=(3, 2, SKY.size)))
        sigma = np.asarray(bands.sigma(SKY, "QU"))[..., None]
        mixing = np.asarray(model()(bands, SKY.size))
        maps = np.einsum("bcn,ckn->kbn", mixing, bright) + sigma * rng.normal(size=(2, len(bands), SKY.size))
    maps[:, 3, 5] = np.nan
    return maps


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Maps of LiteBIRD in files, two in files of their own, in other units; a mask and labels."""
    folder, bands = tmp_path_factory.mktemp("bands"), sl.instruments.load("LiteBIRD")
    maps = maps_of(bands)
    with jax.enable_x64(True):
        for places, name in ((LOW, "low"), ([11], "235"), ([14], "402")):
            nu, (q, u) = [bands.frequency[one] for one in places], maps[:, places]
            nu, q, u = (nu, q, u) if name == "low" else (nu[0], q[0], u[0])
            stokes = sl.Stokes(np.full_like(q, np.nan), q, u, frequency=nu, unit="K_CMB", sky=SKY)
            stokes = stokes.to("K_RJ").to_convention("IAU") if name == "402" else stokes
            sl.io.write_map(folder / f"{name}.fits", stokes)
    kept = np.abs(SKY.lonlat()[1]) > 10
    sl.io.write_columns(folder / "mask.fits", SKY, {"MASK": (kept.astype(float), "")})
    labels = np.where(SKY.lonlat()[0] > 180, 7.0, 3.0)
    sl.io.write_columns(folder / "labels.fits", SKY, {"LABEL": (labels, "")})
    return folder, maps, kept


@pytest.fixture
def folder(files, monkeypatch):
    monkeypatch.chdir(files[0])
    (files[0] / "run.toml").write_text(RUN)
    return files[0]


def prepare(folder, run=RUN):
    (folder / "run.toml").write_text(run)
    return separation.prepare(study.read(folder / "run.toml"), folder)


def test_a_separation_is_that_of_python(folder, files, monkeypatch, capsys):
    for name in ("residuals", "corner", "components"):
        monkeypatch.setattr(inference.plot, name, lambda *_, **__: None)
    assert cli.main(["separate", "run.toml", "--json"]) == 0
    results, (_, maps, kept) = folder / "results", files
    known = json.loads((results / "fit.json").read_text())
    printed = json.loads(capsys.readouterr().out)
    assert printed["fit"] == known
    assert printed["components"] == json.loads((results / "components.json").read_text())
    whole = sl.instruments.load("LiteBIRD")
    places = [*LOW, 11, 14]
    kept = kept & (np.arange(SKY.size) != 5)
    with jax.enable_x64(True):
        sky = sl.HealpixSky(NSIDE, np.flatnonzero(kept))
        labels = sl.components.multiresolution(sky, 1)
        low = sl.components.kmeans(sky, 2, jax.random.key(1))
        bands = sl.instruments.Bands([whole.frequency[one] for one in places], [whole.depth[one] for one in places])
        data = maps[:, places][..., kept]
        likelihood = sl.SpectralLikelihood(bands, data, unit="K_CMB", convention="COSMO", sky=sky)
        saved = sl.load(results / "model.npz")
        found = likelihood.amplitudes(saved)
        for name, truth in (("dust", 1.6), ("synchrotron", -3.1)):
            one = known["parameters"][f"terms.{name}.index.values"]
            value, error = np.array(one["value"]), np.array(one["standard_deviation"])
            np.testing.assert_array_equal(value, saved.terms[name].index.values)
            assert np.all(np.abs(value - truth) < 4 * error)
            assert np.all(error < 0.05)
        assert known["chi2"] == pytest.approx(-2 * float(likelihood.log_likelihood(saved)), rel=1e-9)
        np.testing.assert_array_equal(saved.terms["dust"].index.labels, labels)
        for name in found.components:
            one = sl.io.read_map(results / f"{name}.fits")
            np.testing.assert_allclose(one.Q, found[name].Q, rtol=1e-6, atol=1e-12)
            assert float(one.frequency) == float(found[name].frequency)
        _, columns = sl.io.read_columns(results / "covariance.fits")
        np.testing.assert_allclose(columns["U_DUST_CMB"], found.covariance()[1, 1, 0], rtol=1e-5)
    assert known["status"] == "converged"
    assert known["dof"] == 2 * kept.sum() * (6 - 3) - labels.max() - 1 - 2
    _, columns = sl.io.read_columns(results / "labels.fits")
    np.testing.assert_array_equal(columns["DUST.INDEX"], labels)
    np.testing.assert_array_equal(columns["SYNCHROTRON.INDEX"], low)
    row = json.loads((results / "components.json").read_text())[0]
    assert (row["component"], row["parameter"], row["reference_GHz"]) == ("cmb", "Q", None)
    assert row["rms_uK_CMB"] == pytest.approx(1e6 * np.sqrt(np.mean(found.values[0, 0] ** 2)), rel=1e-6)
    healpy_map = healpy.read_map(results / "dust.fits", field=1, hdu=1, partial=True)
    assert np.count_nonzero(healpy_map != healpy.UNSEEN) == kept.sum()


def test_labels_of_a_file_noise_of_bands_and_priors_of_amplitudes(folder):
    run = RUN.replace("kmeans = 2, key = 1", 'labels = "labels.fits"').replace("depth = [10.79, 47.45]", "noise = 2e-7")
    run = run.replace("[output]", "[amplitudes]\ncmb = 1e-6\ndust = 1e-5\nsynchrotron = 1e-4\n[output]")
    with jax.enable_x64(True):
        (likelihood,) = (found := prepare(folder, run).posterior).likelihoods
        labels = np.asarray(found.space.model.terms["synchrotron"].index.labels)
        sky = likelihood.sky
        np.testing.assert_array_equal(labels, sky.lonlat()[0] > 180)
        bands = likelihood.bands
        factor = 1 / float(sl.Stokes(*np.ones((3, 1)), frequency=402.0, unit="K_CMB", sky=None).to("K_RJ").Q[0])
        sigma = np.asarray(likelihood.noise.sigma)
        np.testing.assert_allclose(sigma[:, -2:, 0], [[2e-7, 2e-7 * factor]] * 2, rtol=1e-6)
        assert bands.fwhm[-1] == 0.5
        depth = 2e6 * 1e-7 * np.sqrt(healpy.nside2pixarea(NSIDE, degrees=True)) * 60
        assert bands.depth[-2] == pytest.approx(depth, rel=1e-6)
        assert likelihood.prior is not None


def test_a_bandpass_belongs_to_its_band(folder):
    rows = [f"{nu} 1" for nu in np.linspace(380, 424, 23)]
    (folder / "402.txt").write_text("\n".join(rows))
    (folder / "235.txt").write_text("234 1\n235 1\n236 1")
    run = RUN.replace("fwhm = 0.5", 'bandpass = ["235.txt", "402.txt"]')
    with jax.enable_x64(True):
        (likelihood,) = prepare(folder, run).posterior.likelihoods
        assert likelihood.bands.bandpasses[-1].nominal == 402.0
        assert likelihood.bands.bandpasses[0] is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"CMB"', '"CBM"', r"\[components.cmb\] kind = 'CBM': did you mean 'CMB'"),
        ("temperature = 18.5", "temperatur = 18.5", r"\[components.dust\] temperatur: .*did you mean 'temperature'"),
        ("temperature = 18.5", "temperature = -1", r"\[components.dust\].*temperature"),
        ("reference = 150", "reference = { value = 150 }", r"reference is the same in all pixels"),
        ("reference = 150", "reference = 0", r"\[components.dust\].*reference"),
        ("nside = 1", "nsid = 1", r"\[components.dust.index\] must have one of kmeans.*nsid"),
        ("nside = 1", "nside = 8", r"\[components.dust.index\] nside: "),
        ("kmeans = 2", "kmeans = 999", r"\[components.synchrotron.index\] kmeans: count = 999"),
        ("kmeans = 2, key = 1", 'labels = "none.fits"', r"none.fits"),
        ("value = 1.54", "value = [1.5, 1.6]", r"\[components.dust.index\] value: .*labels name"),
        ("dust.index.values", "dust.indx.values", r"no parameter 'terms.dust.indx.values'.*terms.dust.index.values"),
        ("LiteBIRD", "LiteBERD", r"\[\[data\]\] 1: instrument 'LiteBERD'.*'LiteBIRD'"),
        ("LiteBIRD", "Planck", r"Planck has no band at 40 GHz, but 28.4, 44.1"),
        ('instrument = "LiteBIRD"', "", r"\[\[data\]\] 1: noise is missing: .*LiteBIRD"),
        ('instrument = "LiteBIRD"', "nois = 1", r"\[\[data\]\] 1: nois: .*did you mean 'noise'"),
        ("fwhm = 0.5", "noise = 1.0", r"\[\[data\]\] 2: file 1: noise, depth and instrument"),
        ("[10.79, 47.45]", "[10.79]", r"\[\[data\]\] 2: depth has 1 entries for 2 files"),
        ("[10.79, 47.45]", "-1.0", r"\[\[data\]\] 2: file 1: .*depth"),
        ('"402.fits"', '"mask.fits"', r"\[\[data\]\] 2: file 2: .*mask.fits"),
        ('mask = "mask.fits"', "latitude = 89.9", r"\[sky\] no pixel is left"),
        ('mask = "mask.fits"', "latitude = 95", r"\[sky\] latitude = 95"),
        ('mask = "mask.fits"', 'parameters = "QX"', r"\[sky\] parameters = 'QX'"),
        ("[sky]", "[skies]", r"skies: there is no such key here: did you mean 'sky'"),
        ("[sky]", "[sample]\n[sky]", r"sample: there is no such key"),
        ("low = 0.5", "low = 4.5", r"terms.dust.index.values.*low = 4.5"),
        ("[output]", "[amplitudes]\ncmb = 1.0\n[output]", r"\[\[data\]\].*prior"),
        ("[components.cmb]", '[components."c m"]', r"\[components\] 'c m' becomes the name of a file"),
    ],
)
def test_refusals_come_first_in_one_line_and_name_the_key(folder, capsys, monkeypatch, old, new, message):
    def work(*_, **__):
        raise AssertionError("long work began")

    monkeypatch.setattr(inference.sl, "fit", work)
    assert old in RUN
    (folder / "run.toml").write_text(RUN.replace(old, new, 1).replace("results", "refused"))
    assert cli.main(["separate", "run.toml"]) == 2
    output = capsys.readouterr()
    assert re.fullmatch(f"sightline: .*{message}.*\n", output.err), output.err
    assert not (folder / "refused").exists()


def test_a_folder_of_something_else_is_refused(folder, capsys):
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    (folder / "run.toml").write_text(RUN.replace("results", "taken"))
    assert cli.main(["separate", "run.toml"]) == 2
    assert "is not empty, and no run made it" in capsys.readouterr().err
    assert [one.name for one in (folder / "taken").iterdir() if one.suffix == ".txt"] == ["mine.txt"]


def test_the_run_file_of_the_documentation(folder):
    """It is read: its keys, names and values exist."""
    page = (Path(__file__).parents[1] / "docs" / "command_line.md").read_text()
    (block,) = (one for one in re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL) if "[components" in one)
    found = prepare(folder, block)
    assert found.posterior.space.names == (
        "terms.dust.index.values",
        "terms.dust.temperature",
        "terms.synchrotron.index",
    )


def test_noise_of_a_file_is_of_each_parameter_and_blank_pixels_are_left_out(folder):
    sigma = np.full((2, SKY.size), 0.2)
    sigma[1] *= 2
    sigma[:, 100] = np.nan
    columns = {f"SIGMA_{name}": (one, "uK") for name, one in zip("QU", sigma, strict=True)}
    sl.io.write_columns(folder / "sigma.fits", SKY, columns, overwrite=True)
    run = RUN.replace('instrument = "LiteBIRD"', 'noise = "sigma.fits"').replace('mask = "mask.fits"', "")
    run = run.replace("depth = [10.79, 47.45]", 'noise = ["sigma.fits", "sigma.fits"]')
    with jax.enable_x64(True):
        (likelihood,) = prepare(folder, run).posterior.likelihoods
        assert likelihood.data.shape == (2, 6, SKY.size - 2)  # the blank pixel of a map, and that of the noise
        found = np.asarray(likelihood.noise.sigma)[:, :, 0] * 1e6
        np.testing.assert_allclose(found[:, :5], [[0.2] * 5, [0.4] * 5], rtol=1e-6)
        assert found[0, 5] > 0.2  # in K_RJ, as the map is
        assert found[1, 5] == pytest.approx(2 * found[0, 5])


def test_maps_of_brightness_alone(folder):
    """Intensity in bands, one file each, in K_RJ."""
    for nu in (23, 33, 61):
        columns = {"TEMPERATURE": (np.full(SKY.size, (nu / 23.0) ** -3.0), "K")}
        sl.io.write_columns(folder / f"{nu}.fits", SKY, columns, overwrite=True)
    run = """
[sky]
parameters = "I"

[[data]]
file = ["23.fits", "33.fits", "61.fits"]
reader = "brightness"
frequency = [23.0, 33.0, 61.0]
noise = 1e-3

[components.synchrotron]
kind = "PowerLaw"
reference = 23.0

[parameters]
"terms.synchrotron.index" = { prior = "uniform", low = -5, high = -1 }

[output]
folder = "intensity"
"""
    with jax.enable_x64(True):
        found = prepare(folder, run).posterior
        (likelihood,) = found.likelihoods
        assert likelihood.data.shape == (1, 3, SKY.size)
        assert float(likelihood.log_likelihood(found.space.model)) == pytest.approx(0.0, abs=1e-12)  # -3 by default
        amplitude = likelihood.amplitudes(found.space.model)["synchrotron"].to("K_RJ")
        np.testing.assert_allclose(amplitude.I, 1.0)
