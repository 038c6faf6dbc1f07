"""Every Python block of the README and the documentation runs, and every docstring example prints what it says."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float

import sightline as sl

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = {"sl": sl, "jax": jax, "jnp": jnp, "Array": Array, "Float": Float}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
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


@pytest.mark.parametrize("name", sorted(m.name for m in pkgutil.walk_packages(sl.__path__, "sightline.")))
@pytest.mark.filterwarnings("ignore:Faraday rotation:UserWarning")
def test_docstring_examples(name, simulated, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    own = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name, globs=own | NAMES | simulated):
        outcome = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
        assert outcome.failed == 0, f"{test.name}: see the captured output"
