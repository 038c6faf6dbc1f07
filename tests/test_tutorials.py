"""Tutorials: every script is one, runs, and becomes a page and a notebook."""

import importlib
import json
import sys
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import pytest

FOLDER = Path(__file__).parents[1] / "docs"
SCRIPTS = sorted((FOLDER / "tutorials").glob("*.py"))


@pytest.fixture(scope="module")
def tutorials():
    """The module that makes pages and notebooks of scripts."""
    folder = str(FOLDER / "extensions")
    sys.path.insert(0, folder)
    yield importlib.import_module("tutorials")
    sys.path.remove(folder)


def test_every_script_is_listed_once(tutorials):
    assert sorted(tutorials.NAMES) == [path.stem for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_pages_and_notebooks_hold_the_whole_script(tutorials, path):
    kinds = [kind for kind, _ in tutorials.cells(path.stem)]
    assert kinds[0] == "markdown"
    assert kinds.count("code") >= 2
    made = json.loads(json.dumps(tutorials.notebook(path.stem)))
    code = "\n".join(cell["source"] for cell in made["cells"][1:] if cell["cell_type"] == "code")
    script = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("# ")]
    assert [line for line in code.splitlines() if line.strip()] == script
    assert all(text in tutorials.page(path.stem) for _, text in tutorials.cells(path.stem))
    assert tutorials.page(path.stem).startswith("# ")


@pytest.mark.long
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
def test_scripts_run(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = jax.config.read("jax_enable_x64")
    exec(compile(path.read_text(), path.name, "exec"), {})
    jax.config.update("jax_enable_x64", before)
    assert plt.get_fignums() or capsys.readouterr().out
    plt.close("all")
