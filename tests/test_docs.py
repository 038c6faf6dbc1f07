"""Every Python block of the README and the documentation runs, and every docstring example prints what it says."""

import doctest
import importlib
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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONG = ("components.md", "data.md", "galaxies.md", "grids.md", "inference.md", "instruments.md", "start.md", "xray.md")
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
    if name.startswith("sightline.inference."):
        prepared = prepared | request.getfixturevalue("sampled")
    module = importlib.import_module(name)
    own = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=own | NAMES | prepared):
        outcome = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
        assert outcome.failed == 0, f"{test.name}: see the captured output"
