"""An X-ray spectrum fitted from the terminal, without a run file."""

import json
import re
import tomllib

import jax
import numpy as np
import pytest

import sightline as sl
from sightline import cli
from sightline.cli import expression, inference, spectrum, study
from sightline.cli.refusal import Refusal

EDGES = np.geomspace(0.5, 8.0, 31)
TRUTH = sl.spectra.InterstellarAbsorption(column=0.2) * sl.spectra.PowerLaw(index=1.8, norm=2e-3)
MODEL = sl.Model(spectra={"source": TRUTH, "sky": sl.spectra.PowerLaw(index=1.0, norm=4e-4)})
ASKED = ["spectrum", "source.pha", "--model", "absorption * power_law", "--output", "results"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A spectrum with its background and response, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    response = sl.counts.Response(EDGES[:-1], EDGES[1:], 200.0 * np.eye(30), EDGES)
    keys = jax.random.split(jax.random.key(0), 3)
    on, sky, off = (
        np.asarray(sl.counts.fakeit(MODEL, name, response, 1e4, key))
        for name, key in zip(("source", "sky", "sky"), keys, strict=True)
    )
    sl.io.write_response("x.rsp", response)
    sl.io.write_pha("back.pha", sl.counts.Spectrum(off, 1e4))
    sl.io.write_pha("source.pha", sl.counts.Spectrum(on + sky, 1e4), background="back.pha", response="x.rsp")
    return tmp_path


def test_a_fit_without_a_run_file_finds_the_truth_and_leaves_one(folder, monkeypatch, capsys):
    for name in ("residuals", "corner", "spectrum"):
        monkeypatch.setattr(inference.plot, name, lambda *_, path, **__: path.touch())
    assert cli.main([*ASKED, "--low", "0.6", "--high", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["fit"]["parameters"]
    for name, truth in (("column", 0.2), ("index", 1.8), ("norm", 2e-3)):
        (one,) = (value for key, value in found.items() if key.endswith(name))
        assert one["value"] == pytest.approx(truth, abs=4 * one["standard_deviation"])
    table = tomllib.loads((folder / "results" / "run.toml").read_text())
    assert table["data"][0]["select"] == [0.6, 6.0]
    assert table["data"][0]["treatment"] == "profiled"
    assert cli.main([*ASKED, "--low", "0.7"]) == 2  # the folder is that of another run
    assert "another run file" in capsys.readouterr().err


def test_the_likelihood_alone_is_fitted(folder, monkeypatch, capsys):
    """A faint line is where its counts are, not at the end of a prior of its logarithm."""
    for name in ("residuals", "corner", "spectrum"):
        monkeypatch.setattr(inference.plot, name, lambda *_, path, **__: path.touch())
    model = "power_law(index=1.8,norm=2e-3) + line(energy=3.0,sigma=0.05,norm=1e-4)"
    fixed = [part for name in ("index", "power_law.norm", "energy", "sigma") for part in ("--fix", name)]
    asked = ["spectrum", "source.pha", "--model", model, *fixed, "--background", "none", "--low", "2", "--json"]
    assert cli.main([*asked, "--output", "line"]) == 0
    report = json.loads(capsys.readouterr().out)["fit"]
    assert report["statistic"] == "C"
    run = tomllib.loads((folder / "line" / "run.toml").read_text())
    assert run["fit"]["flat"] is True
    posterior = study.prepare(run, folder / "line").posterior
    (found,) = report["parameters"].values()
    (name,) = report["parameters"]
    heights = [float(posterior.log_likelihood({name: found["value"] * x})) for x in (0.95, 1.0, 1.05)]
    assert heights[1] == max(heights)
    assert "C/dof" in (folder / "line" / "fit.txt").read_text()


def test_norms_start_where_the_counts_are(folder):
    model = "absorption(column=0.2) * power_law(index=1.8)"
    table = spectrum.run_table(spectrum.Request(folder / "source.pha", model, folder, fix=["column"]))
    component = table["spectra"]["source"]["multiply"][1]
    assert component["norm"] == pytest.approx(2e-3, rel=0.03)
    assert [name.rpartition(".")[2] for name in table["parameters"]] == ["index", "norm"]


def test_each_component_starts_with_its_share(folder):
    """Norms of a disk and of a power law differ by 1e5 for as many counts: neither prior leaves the other's out."""
    model = "power_law(index=1.8) + disk_black_body(temperature=0.2)"
    table = spectrum.run_table(spectrum.Request(folder / "source.pha", model, folder))
    first, second = table["spectra"]["source"]["add"]
    assert second["norm"] / first["norm"] > 1e4
    observation = spectrum.read_observed(spectrum.Keys(dict(table["data"][0]), "x"), folder)
    counts = [
        spectrum._expected({"add": [first, second | {"norm": norm}]}, observation) for norm in (0.0, second["norm"])
    ]
    assert counts[1] == pytest.approx(2 * counts[0], rel=0.02)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("0.5 * power_law", ["index", "norm"]),
        ("flux(power_law, flux=1e-11, low=0.5, high=8)", ["index", "flux"]),
        ("flux(power_law + black_body, flux=1e-11, low=0.5, high=8)", ["index", "temperature", "norm", "flux"]),
    ],
)
def test_what_drops_out_is_not_free(folder, model, names):
    """A factor beside a norm, and one norm below a flux."""
    table = spectrum.run_table(spectrum.Request(folder / "source.pha", model, folder))
    assert sorted(name.rpartition(".")[2] for name in table["parameters"]) == sorted(names)


def test_the_run_file_can_be_read_and_changed(folder):
    """Names of any characters, and a line for each parameter."""
    table = spectrum.run_table(spectrum.Request(folder / "source.pha", "power_law", folder / "\U0001f30c \x7f"))
    text = spectrum._toml(table)
    assert tomllib.loads(text) == table
    assert re.search(r'^"spectra.source.index" = \{.*\}$', text, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("power_law", {"kind": "PowerLaw"}),
        ("line(energy=-6.4)", {"kind": "Line", "energy": -6.4}),
        (
            "absorption*(power_law+black_body+line)*edge(energy=7.1, depth=0.1)",
            {
                "multiply": [
                    {"kind": "InterstellarAbsorption"},
                    {"add": [{"kind": "PowerLaw"}, {"kind": "BlackBody"}, {"kind": "Line"}]},
                    {"kind": "Edge", "energy": 7.1, "depth": 0.1},
                ]
            },
        ),
        ("0.5 * power_law", {"multiply": [0.5, {"kind": "PowerLaw"}]}),
        (
            "redshifted(power_law + line, redshift=0.1)",
            {
                "kind": "Redshifted",
                "spectrum": {"add": [{"kind": "PowerLaw"}, {"kind": "Line"}]},
                "redshift": 0.1,
            },
        ),
        (
            "gaussian_smoothing(line, sigma=0.1)",
            {"kind": "GaussianSmoothing", "of": {"kind": "Line"}, "sigma": 0.1},
        ),
    ],
)
def test_a_line_of_text_is_the_table_of_a_run_file(text, table):
    assert expression.parse(text) == table


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--model": "absorbtion * power_law"}, r"--model has 'absorbtion': did you mean 'absorption'"),
        ({"--model": "absorption"}, r"--model has no photons"),
        ({"--model": "absorption *"}, r"no sum and product"),
        ({"--model": "power_law - line"}, r"join components by \+ and \* alone"),
        ({"--model": "power_law(1.8)"}, r"name each number, e.g. power_law\(index=1\)"),
        ({"--model": "power_law(indx=1.8)"}, r"--model indx: .*did you mean 'index'"),
        ({"--model": "__import__('os')"}, r"--model has '__import__'"),
        ({"--model": "line(energy=open('x'))"}, r"--model has 'open'"),
        ({"--model": 'power_law(kind="BlackBody")'}, r"kind is no setting; there are index"),
        ({"--model": "power_law(kind=black_body)"}, r"kind is no setting"),
        ({"--model": "power_law(add=3) + line"}, r"add is no setting"),
        ({"--model": "power_law(index=1, index=2)"}, r"index is given twice"),
        ({"--model": "redshifted(power_law, spectrum=line)"}, r"spectrum is given twice"),
        ({"--model": "3"}, r"--model '3' is a number"),
        ({"--low": "5", "--high": "2"}, r"--low = 5 and --high = 2"),
        ({"--low": "20"}, r"source.pha: select\(20, .*leaves no group"),
        ({"--fix": "indx"}, r"--fix indx: there is no such parameter; there are .*power_law.index"),
        ({"--response": "none.rsp"}, r"none.rsp"),
        ({"--row": "3"}, r"row"),
        ({"--treatment": "scald"}, r"[Tt]reatment"),
    ],
)
def test_refusals_come_first_in_one_line(folder, capsys, monkeypatch, changes, message):
    def work(*_, **__):
        raise AssertionError("long work began")

    monkeypatch.setattr(inference.sl, "fit", work)
    options = dict(zip(ASKED[2::2], ASKED[3::2], strict=True)) | changes
    assert cli.main([*ASKED[:2], *(part for pair in options.items() for part in pair)]) == 2
    output = capsys.readouterr()
    assert re.fullmatch(f"sightline: .*{message}.*\n", output.err), output.err
    assert not (folder / "results").exists()


@pytest.mark.parametrize("number", ["nan", "-inf", "NaN", "1e999"])
def test_numbers_that_are_none_are_told(number):
    with pytest.raises(Refusal, match="is no finite number"):
        expression.parse(f"power_law(index={number})")


def test_components_may_be_named_settings():
    found = expression.parse("redshifted(spectrum=power_law, redshift=-0.5)")
    assert found == {"kind": "Redshifted", "spectrum": {"kind": "PowerLaw"}, "redshift": -0.5}
