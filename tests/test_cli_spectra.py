"""X-ray spectra in run files: the same as Python's calls, and refusals that name the key."""

import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

import sightline as sl
from sightline import cli
from sightline.cli import inference, study

EDGES = np.geomspace(0.5, 8.0, 31)
RUN = """
[spectra.source]
multiply = [
    { kind = "InterstellarAbsorption", column = 0.2 },
    { add = [{ kind = "PowerLaw", index = 1.8, norm = 2e-3 }, { kind = "BlackBody", temperature = 0.6, norm = 1e-5 }] },
]

[spectra.sky]
kind = "PowerLaw"
index = 1.0
norm = 1e-4

[parameters]
"spectra.source.*.power_law.index" = { prior = "uniform", low = 0, high = 4, start = 1.5 }
"spectra.sky.norm" = { prior = "log_uniform", low = 1e-6, high = 1e-2 }

[[data]]
kind = "spectrum"
name = "pn"
file = "source.pha"
select = [0.5, 6.0]
group = "minimum_counts"
minimum = 10
background_spectrum = "sky"

[output]
folder = "results"
"""
SOURCE = sl.spectra.InterstellarAbsorption(column=0.2) * (
    sl.spectra.PowerLaw(index=1.8, norm=2e-3) + sl.spectra.BlackBody(temperature=0.6, norm=1e-5)
)
MODEL = sl.Model(spectra={"source": SOURCE, "sky": sl.spectra.PowerLaw(index=1.0, norm=1e-4)})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A spectrum, its background and its response in files."""
    folder = tmp_path_factory.mktemp("spectra")
    response = sl.counts.Response(EDGES[:-1], EDGES[1:], 200.0 * np.eye(30), EDGES)
    keys = jax.random.split(jax.random.key(0), 3)
    on, sky, off = (
        np.asarray(sl.counts.fakeit(MODEL, name, response, 1e4, key))
        for name, key in zip(("source", "sky", "sky"), keys, strict=True)
    )
    sl.io.write_response(folder / "x.rsp", response)
    sl.io.write_pha(folder / "back.pha", sl.counts.Spectrum(off, 1e4))
    sl.io.write_pha(folder / "source.pha", sl.counts.Spectrum(on + sky, 1e4), background="back.pha", response="x.rsp")
    return folder


@pytest.fixture
def folder(files, monkeypatch):
    monkeypatch.chdir(files)
    (files / "run.toml").write_text(RUN)
    return files


def prepare(folder, run=RUN):
    (folder / "run.toml").write_text(run)
    return study.prepare(study.read(folder / "run.toml"), folder)


def observed(folder):
    return sl.io.read_observation(folder / "source.pha").select(0.5, 6.0)


def test_a_fit_is_that_of_python(folder, monkeypatch):
    for name in ("residuals", "corner"):
        monkeypatch.setattr(inference.plot, name, lambda *_, **__: None)
    monkeypatch.setattr(inference.plot, "spectrum", lambda *_, path, **__: path.touch())
    assert cli.main(["fit", "run.toml"]) == 0
    results = folder / "results"
    names = {"run.toml", "run.log", "fit", "fit.txt", "fit.json", "model.npz", "spectrum.png"}
    assert {path.name for path in results.iterdir()} == names
    found = json.loads((results / "fit.json").read_text())
    index, norm = "spectra.source.terms.sum.terms.power_law.index", "spectra.sky.norm"
    observation = observed(folder).group(sl.counts.MinimumCounts(10))
    with jax.enable_x64(True):
        expected = sl.CountsLikelihood(observation, "source", background="sky")
        saved = sl.load(results / "model.npz")
        assert float(expected.deviance(saved)) == pytest.approx(found["chi2"], rel=1e-9)
    assert found["status"] == "converged"
    assert saved.simulator is None
    for name, truth, value in ((index, 1.8, None), (norm, 1e-4, saved.spectra["sky"].norm)):
        one = found["parameters"][name]
        assert one["value"] == pytest.approx(truth, abs=4 * one["standard_deviation"])
        assert value is None or float(value) == pytest.approx(one["value"])


@pytest.mark.parametrize(
    ("given", "noise"),
    [
        ('treatment = "profiled"', lambda o: sl.statistics.ProfiledBackground(o.background, o.ratio)),
        ('treatment = "marginal"', lambda o: sl.statistics.MarginalBackground(o.background, o.ratio)),
        ('treatment = "scaled"', lambda o: sl.statistics.ScaledBackground(o.background, o.ratio)),
        ('treatment = "none"', lambda o: sl.statistics.Poisson()),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_treatments_and_groups(folder, given, noise):
    run = RUN.replace('background_spectrum = "sky"', given).replace('"minimum_counts"\nminimum = 10', '"optimal"')
    found = prepare(folder, run.replace('"spectra.sky.norm"', '"spectra.source.*.black_body.norm"')).posterior
    observation = observed(folder).group(sl.counts.Optimal())
    expected = sl.CountsLikelihood(observation, "source", noise=noise(observation))
    model = found.space.model
    assert found.likelihoods[0].size == expected.size
    assert float(found.likelihoods[0].log_likelihood(model)) == pytest.approx(float(expected.log_likelihood(model)))


def test_edges_and_a_calibration(folder):
    run = RUN.replace('"minimum_counts"\nminimum = 10', '"edges"\nedges = [0.5, 1, 2.0, 4.0]')
    run = run.replace('"spectra.sky.norm"', '"instruments.pn.area"').replace("1e-6, high = 1e-2", "0.5, high = 2.0")
    found = prepare(folder, run.replace('background_spectrum = "sky"', 'treatment = "none"\ncalibration = 0.9'))
    (likelihood,) = found.posterior.likelihoods
    assert likelihood.size == 3
    assert float(found.posterior.space.initial["instruments.pn.area"]) == pytest.approx(0.9)
    model = found.posterior.space.model
    observation = observed(folder).group(sl.counts.Edges([0.5, 1.0, 2.0, 4.0]))
    plain = sl.CountsLikelihood(observation, "source", noise=sl.statistics.Poisson())
    np.testing.assert_allclose(likelihood.mean(model), 0.9 * np.asarray(plain.mean(model)), rtol=1e-6)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('kind = "Redshifted"\nredshift = 0.5\nspectrum = { kind = "PowerLaw", norm = 1e-3 }',
         lambda: sl.spectra.Redshifted(sl.spectra.PowerLaw(norm=1e-3), redshift=0.5)),
        ('kind = "Flux"\nlow = 0.5\nhigh = 8\nflux = 1e-12\nof = { kind = "PowerLaw" }',
         lambda: sl.spectra.Flux(0.5, 8.0, 1e-12)(sl.spectra.PowerLaw())),
        ('multiply = [0.5, { kind = "GasAbsorption", column = 0.3, abundances = { O = 0.5 } }, { kind = "Line" }]',
         lambda: 0.5 * sl.spectra.GasAbsorption(0.3, {"O": 0.5}) * sl.spectra.Line()),
        ('multiply = [{ kind = "PartialCovering", fraction = 0.4, factor = { kind = "MorrisonMcCammon", column = 2 } },'
         ' { kind = "PowerLaw" }]',
         lambda: sl.spectra.PartialCovering(sl.spectra.MorrisonMcCammon(2.0), 0.4) * sl.spectra.PowerLaw()),
        ('multiply = [{ kind = "TabulatedAbsorption", column = 1, energy = [1, 2, 4], cross_section = [4e-22, 2e-22, '
         '1e-22] }, { kind = "PowerLaw" }]',
         lambda: sl.spectra.TabulatedAbsorption(1.0, [1, 2, 4], [4e-22, 2e-22, 1e-22]) * sl.spectra.PowerLaw()),
    ],
)  # fmt: skip
def test_components_are_those_of_python(folder, table, expected):
    run = RUN.replace('[spectra.sky]\nkind = "PowerLaw"\nindex = 1.0\nnorm = 1e-4', f"[spectra.sky]\n{table}")
    run = run.replace('"spectra.sky.norm"', '"spectra.source.*.black_body.norm"')
    found, other = prepare(folder, run).posterior.space.model.spectra["sky"], expected()
    assert jax.tree.structure(found) == jax.tree.structure(other)
    for one, two in zip(jax.tree.leaves(found), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(one, two)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"PowerLaw", index',
            '"PowerLow", index',
            r"\[spectra.source\] multiply 2: add 1: kind = 'PowerLow'.*'PowerLaw'",
        ),
        ("index = 1.8", "indx = 1.8", r"indx: .*did you mean 'index'"),
        ("index = 1.8", 'index = "a"', r"\[spectra.source\] multiply 2: add 1.*PowerLaw.index"),
        ("temperature = 0.6", "temperature = 0", r"add 2.*BlackBody.temperature"),
        (", column = 0.2", "", r"\[spectra.source\] multiply 1: column is missing"),
        ("add = [", "multiply = [", r"\[spectra.source\] multiply 2.*one photon spectrum"),
        ("[spectra.sky]\nkind", "[spectra.sky]\nkinds", r"\[spectra.sky\] kind is missing"),
        ('"PowerLaw"\nindex = 1.0\nnorm = 1e-4', '"Edge"\nenergy = 1\ndepth = 1', r"'sky'.*no photons"),
        ('kind = "PowerLaw"\nindex = 1.0\nnorm = 1e-4', "add = []", r"\[spectra.sky\] add is empty"),
        ('kind = "PowerLaw"\nindex = 1.0\nnorm = 1e-4', 'kind = "Flux"', r"\[spectra.sky\] of is missing"),
        ("source.pha", "sauce.pha", r"\[\[data\]\] 'pn':.*sauce.pha"),
        ("select = [0.5, 6.0]", "select = 0.5", r"\[\[data\]\] 'pn': select = 0.5 must be a list"),
        ("select = [0.5, 6.0]", "select = [0.5]", r"'pn': select = \[0.5\] must be two energies"),
        ("select = [0.5, 6.0]", "select = [50, 60]", r"'pn': select\(50, 60\) leaves no group"),
        ("minimum_counts", "minimal_counts", r"group = 'minimal_counts': did you mean 'minimum_counts'"),
        ("minimum = 10", "minimum = -1", r"minimum = -1"),
        ('background_spectrum = "sky"', "", r"'pn': the spectrum has a background: give background_spectrum"),
        ('background_spectrum = "sky"', 'background_spectrum = "ski"', r"no spectrum 'ski'.*sky, source"),
        ('spectrum = "sky"', 'spectrum = "sky"\ntreatment = "none"', r"'pn': background and noise both"),
        ('spectrum = "sky"', 'spectrum = "sky"\nlatitude = 5', r"latitude: there is no such key"),
        ('"spectra.sky.norm"', '"spectra.ski.norm"', r"no parameter 'spectra.ski.norm'.*spectra.sky.norm"),
        ("[output]", "[model]\ncells = 8\n[output]", r"\[model\] cells belong to a sky"),
        ("[output]", "[fit]\nscout = 100\n[output]", r"\[fit\] scout = 100"),
    ],
)
def test_refusals_come_first_in_one_line_and_name_the_key(folder, capsys, monkeypatch, old, new, message):
    def work(*_, **__):
        raise AssertionError("long work began")

    monkeypatch.setattr(inference.sl, "fit", work)
    assert old in RUN
    (folder / "run.toml").write_text(RUN.replace(old, new, 1).replace("results", "refused"))
    assert cli.main(["fit", "run.toml"]) == 2
    output = capsys.readouterr()
    assert re.fullmatch(f"sightline: .*{message}.*\n", output.err), output.err
    assert not (folder / "refused").exists()


def test_the_run_file_of_the_documentation(folder):
    """It is read: its keys, names and values exist."""
    page = (Path(__file__).parents[1] / "docs" / "command_line.md").read_text()
    (block,) = (one for one in re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL) if "[spectra" in one)
    found = prepare(folder, block)
    assert found.posterior.space.size == 4
    assert (found.fit["starts"], found.fit["scout"]) == (8, 500)
