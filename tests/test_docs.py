"""Every Python block of the README and the documentation runs, and every docstring example prints what it says."""

import doctest
import importlib
import operator
import pkgutil
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
import pytest
from jaxtyping import Array, Float

import sightline as sl

ROOT = Path(__file__).parents[1]
FRONT = ROOT / "docs" / "index.md"
WRITTEN = [path for folder in ("reference", "notebooks") for path in (ROOT / "docs" / folder).glob("*.md")]
PAGES = [
    ROOT / "README.md",
    *sorted(set((ROOT / "docs").rglob("*.md")) - {FRONT, *WRITTEN}),
]
SHORT = {  # the most lines that each program of the front page may have, blank ones aside
    "A first figure": 10,
    "A field of your own, fitted": 29,
    "Your rotation measures against UF23": 10,
    "An MHD cube as a sky": 15,
    "An X-ray spectrum": 15,
    "Components of the microwave sky": 15,
    "The cube of a galaxy": 15,
    "Radio and gamma rays of the same electrons": 15,
}
LONG = (
    "add_data.md",
    "save.md",
    "mhd.md",
    "coming_from.md",
    "components.md",
    "data.md",
    "galaxies.md",
    "gamma_rays.md",
    "grids.md",
    "inference.md",
    "instruments.md",
    "samplers.md",
    "scattering.md",
    "start.md",
    "xray.md",
)
NAMES = {"sl": sl, "jax": jax, "jnp": jnp, "Array": Array, "Float": Float}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _page(path):
    marks = pytest.mark.long if path.name in LONG else ()
    return pytest.param(path, marks=marks, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize("page", map(_page, PAGES))
@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL):
        exec(compile(block, page.name, "exec"), namespace)


def _short_programs():
    """The programs of the front page by their headings."""
    sections = re.findall(r"^### (.*?)$(.*?)(?=^#|^```{)", FRONT.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {title: re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL) for title, text in sections}


def test_the_front_page_has_the_short_programs_alone():
    programs = _short_programs()
    assert list(programs) == list(SHORT)
    assert all(len(blocks) == 1 for blocks in programs.values())
    assert FRONT.read_text().count("```python") == len(SHORT)


@pytest.mark.parametrize("title", SHORT)
@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
def test_short_programs_run_in_their_lines(title, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (program,) = _short_programs()[title]
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) <= SHORT[title]
    assert max(map(len, lines)) <= 120
    exec(compile(program, title, "exec"), {})
    assert (tmp_path / "sky.png").exists() or capsys.readouterr().out


@pytest.mark.parametrize("page", [*PAGES, FRONT], ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_of_code_fit_into_their_boxes(page):
    blocks = re.findall(r"^```(python|sh|toml)\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert [line for _, block in blocks for line in block.splitlines() if len(line) > 120] == []


def test_every_contract_check_is_in_the_table_of_extension_points():
    rows = [
        row.split("|") for row in (ROOT / "docs" / "extending.md").read_text().splitlines() if row.startswith("| `sl.")
    ]
    checked = " ".join(row[3] for row in rows)
    assert {name for name in dir(sl.testing) if name.startswith("check_")} == set(re.findall(r"check_\w+", checked))
    for row in rows:
        first = re.findall(r"`sl\.([\w.]+)`", row[1])
        assert first
        assert all(operator.attrgetter(name)(sl).__abstractmethods__ for name in first), row


@pytest.fixture(scope="session")
def simulated():
    """What examples call `simulator`, `sky` and `stokes`."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    sky = sl.HealpixSky(nside=8)
    return {"simulator": simulator, "sky": sky, "stokes": simulator(sky, frequency=23.0)}


@pytest.fixture(scope="session")
def sampled(simulated):
    """What examples of inference call `posterior` and `chains`."""
    lines = sl.Sightlines(sl.HealpixSky(nside=1), cells=sl.RadialCells(cells=16))
    data = simulated["simulator"](lines, frequency=23.0)
    space = sl.ParameterSpace(simulated["simulator"], {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    posterior = sl.Posterior(space, [sl.MapLikelihood(lines, 23.0, data=data, noise=1e-4, parameters="QU")])
    return {"posterior": posterior, "chains": sl.sample(posterior, jax.random.key(0), chains=2, draws=20, warmup=0)}


@pytest.mark.parametrize("name", sorted(m.name for m in pkgutil.walk_packages(sl.__path__, "sightline.")))
@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
def test_docstring_examples(name, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared = request.getfixturevalue("simulated")
    if name.startswith(("sightline.inference.", "sightline.plot.traces", "sightline.plot.predictions")):
        prepared = prepared | request.getfixturevalue("sampled")
    module = importlib.import_module(name)
    own = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=own | NAMES | prepared):
        outcome = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
        assert outcome.failed == 0, f"{test.name}: see the captured output"
