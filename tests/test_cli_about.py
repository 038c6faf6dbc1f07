"""Commands that tell: info, models, cite, data; reports as JSON; names that are nearly right."""

import importlib.metadata
import json
import re

import jax
import numpy as np
import pytest

import sightline as sl
from sightline import cli
from sightline.registry import public_classes
from sightline.sky.datasets import fetching


@pytest.fixture
def output(capsys):
    """Runs a command that must succeed, and reads what it prints as JSON."""

    def run(*tokens):
        assert cli.main(list(map(str, tokens))) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def survey(tmp_path, monkeypatch):
    """A folder with one known data set."""
    file = tmp_path / "radio" / "rm_catalogues_cirada.npz"
    file.parent.mkdir()
    np.savez(file, l=[10.0], b=[5.0], rm=[-30.0], rm_err=[1.0])
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return file


def test_info(output, survey, capsys):
    found = output("info", "--json")
    assert found["sightline"] == sl.__version__
    assert found["packages"]["jax"] == jax.__version__
    assert set(found["packages"]) == {
        re.split(r"[^\w.-]", one)[0] for one in importlib.metadata.requires("sightline") if "extra" not in one
    }
    assert len(found["devices"]) == len(jax.devices())
    assert found["data_folder"] == str(survey.parents[1])
    assert found["data_found"] == {"rotation_measures": str(survey)}
    assert found["precision"].startswith(str(jax.numpy.zeros(1).dtype))
    assert cli.main(["info"]) == 0
    printed = capsys.readouterr().out
    for text in (sl.__version__, f"rotation_measures {survey}", f"jax {jax.__version__}"):
        assert text in printed


def test_info_without_a_folder(output, monkeypatch, tmp_path):
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path / "absent"))
    assert output("info", "--json")["data_folder"].endswith("absent (does not exist)")
    monkeypatch.delenv("SIGHTLINE_DATA")
    assert output("info", "--json")["data_folder"].endswith("(SIGHTLINE_DATA is not set)")


def test_models(output, capsys):
    found = output("models", "--json")
    assert [one["name"] for one in found["skies"]] == [one.name for one in sl.presets.list()]
    parts = {one["name"]: one for one in found["parts"]}
    assert {f"magnetic.{name}" for name in public_classes("magnetic")} <= set(parts)
    assert "emission.Synchrotron" in parts
    assert parts["magnetic.LSA"]["papers"] == ["Page2007"]
    assert all(one["summary"] for one in parts.values())


@pytest.mark.parametrize(
    ("name", "model"),
    [("uf23-base", lambda: sl.presets.load("UF23-base")), ("magnetic.JF12", sl.magnetic.JF12)],
)
def test_cite(name, model, capsys):
    assert cli.main(["cite", name]) == 0
    assert capsys.readouterr().out.strip() == str(sl.citation(model()))


def test_cite_of_a_model_file_and_of_several(output, tmp_path):
    sl.save(sl.Model(sl.Simulator(magnetic_field=sl.magnetic.LSA())), tmp_path / "model.npz")
    assert {"Page2007", "Yao2017"} <= set(output("cite", tmp_path / "model.npz", "electrons.YMW16", "--json"))
    assert {"Jansson2012b", "Cordes2002"} <= set(output("cite", "JF12", "--json"))  # the sky, not its field alone
    assert "Cordes2002" not in output("cite", "magnetic.JF12", "--json")
    assert set(output("cite", "--json")) == {"Bradbury2018", "Kidger2021"}


def test_data(output, survey, capsys):
    rows = {row["name"]: row for row in output("data", "list", "--json")}
    assert list(rows) == sl.datasets.names()
    assert rows["rotation_measures"]["path"] == str(survey)
    assert rows["haslam_408"]["path"] is None
    assert cli.main(["data", "list"]) == 0
    assert "haslam_408" in capsys.readouterr().out
    for command in ("path", "fetch"):
        assert cli.main(["data", command, "rotation_measures"]) == 0
        assert capsys.readouterr().out.strip() == str(survey)


def test_data_that_cannot_be_fetched(survey, capsys, monkeypatch):
    def offline(*_):
        raise OSError("no connection")

    monkeypatch.setattr(fetching, "download", offline)
    assert cli.main(["data", "fetch", "wmap_k"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no connection" in said
    assert "wmap_band_iqumap_r9_9yr_K_v5.fits from https://lambda.gsfc.nasa.gov/" in said
    assert f"into the folder {survey.parents[1]}." in said


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["simulat"], r'Did you mean "simulate"\?.* See sightline --help'),
        (["simulate", "--frequencies", "3", "--output", "sky.fits"], "Did you mean --frequency"),
        (["info", "--jsn"], "Did you mean --json"),
        (["data", "lst"], 'Did you mean "list"'),
        (["data", "path", "haslam408"], "choose one of haslam_408"),
        (["data", "fetch", "haslam408"], "choose one of haslam_408"),
        (["data", "path", "wmap_k"], r"call sl\.datasets\.fetch"),
        (["cite", "magnetic.JF13"], r"did you mean magnetic\.JF12"),
        (["cite", "PowerLaw"], r"is the name of several: say .*, spectra\.PowerLaw"),
        (["cite", "???"], "sightline models lists those that there are"),
    ],
)
def test_names_that_are_nearly_right(tokens, words, survey, capsys):
    assert cli.main(tokens) == 2
    said = capsys.readouterr().err
    assert re.search(words, said)
    assert said.count("\n") == 1


def test_simulate_reports_json(output, tmp_path):
    asked = ["simulate", "--nside", "1", "--cells", "8", "--output", tmp_path / "sky.fits", "--json"]
    found = output(*asked, "--frequency", "0.1", "23")
    stokes = sl.io.read_map(tmp_path / "sky.fits")
    assert [row["frequency_GHz"] for row in found["maps"]] == [0.1, 23.0]
    np.testing.assert_allclose([row["I_max"] for row in found["maps"]], stokes.I.max(axis=1), rtol=1e-12)
    assert found["unit"] == "K_RJ"
    assert found["written"] == [str(tmp_path / "sky.fits")]
    assert "Faraday rotation turns the polarisation" in found["warnings"][0]
    found = output(*asked, "--overwrite", "--observable", "dm")
    assert (found["observable"], found["unit"]) == ("DM", "pc cm-3")
    assert found["min"] < found["median"] < found["max"]


def test_completion_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # whose startup file of the shell gets a line
    assert cli.main(["--install-completion", "--shell", "bash", "--output", str(tmp_path / "sightline")]) == 0
    assert "simulate" in (tmp_path / "sightline").read_text()
