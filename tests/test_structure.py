"""The shape of the package: imports, class tree, purity."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import pytest
from equinox._module._module import is_abstract_module

import sightline as sl
from sightline.testing import structure

SOURCE = Path(sl.__file__).parent
IMPORTS = structure.rooms(SOURCE)
# From the bottom up: a room imports only from those before it. `testing` looks at everything a user writes.
ROOMS = ["_version", "_core", "registry", "model", "parameters", "statistics", "inference", "processes"]
ROOMS += [
    "sky.axes",
    "sky.geometry",
    "sky.brightness",
    "sky.stokes",
    "sky.pixels",
    "sky.harmonics",
    "sky.grids",
    "sky.fields",
    "sky.emission",
]
ROOMS += ["sky.transfer"]
ROOMS += ["sky.observables", "sky.simulator", "sky.instruments", "sky.likelihoods"]
ROOMS += [
    "components.maps",
    "components.seds",
    "components.mixing",
    "components.component_sky",
    "components.predicted_sky",
]
ROOMS += ["components.separation"]
ROOMS += ["components.cosmology", "components.forecasts"]
ROOMS += [
    f"galaxies.{room}" for room in ("cubes", "populations", "dust", "stars", "particles", "ifu", "methods", "galaxy")
]
ROOMS += ["galaxies.likelihoods"]
ROOMS += ["scattering"]
ROOMS += ["xray.spectra", "xray.counts", "xray.detectors", "xray.likelihoods", "io", "sky.presets", "sky.datasets"]
ROOMS += ["citation", "plot", "testing", "cli", "__main__"]
# Methods with a default that a subclass may replace.
HOOKS = {
    "start",
    "eliminated",
    "examine",
    "place",
    "layout",
    "log_likelihood",
    "normal",
    "prepare",
    "young",
    "populations",
    "structures",
    "exponents",
    "name",
    "hold",
    "check",
    "judge_all",
    "split",
    "photons",
    "parts",
    "components",
    "derivatives",
    "jumps",
    "binned",
    *(
        "bounded",
        "chance",
        "cross_section",
        "electron",
        "polarisation",
        "uniform",
    ),  # of processes and sources of packets
    "reach",
    "expected_deviance",
    "replicate",
    "background",
    *("common", "local"),  # of histories of stars
    "at",
    "coordinate",
    "value",
    "unit",
}


def modules():
    return [importlib.import_module(m.name) for m in pkgutil.walk_packages(sl.__path__, "sightline.")]


def classes():
    found = {c for m in modules() for _, c in inspect.getmembers(m, inspect.isclass)}
    return sorted((c for c in found if c.__module__.startswith("sightline") and issubclass(c, eqx.Module)), key=str)


@pytest.mark.parametrize("room", sorted(IMPORTS))
def test_rooms_import_only_from_rooms_below_them(room):
    above = IMPORTS[room].difference(ROOMS[: ROOMS.index(room)])
    assert not above, f"{room} imports from {sorted(above)}, which stand above it"


def test_the_inference_wing_knows_no_sky():
    for room in ("parameters", "statistics", "inference"):
        assert IMPORTS[room] <= {"_core", "_version", "registry", "parameters", "statistics"}


def test_no_files_import_each_other():
    assert structure.circles(SOURCE) == []


def test_a_circle_would_be_found(tmp_path):
    for name, text in {"a": "from .b import x", "b": "def f():\n    from . import c", "c": "from .a import y"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert structure.circles(tmp_path) == [["a", "b", "c"]]


def test_healpy_is_imported_in_one_file():
    def imports_healpy(path):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        return any(name.split(".")[0] == "healpy" for name in names)

    importing = [path for path in SOURCE.rglob("*.py") if imports_healpy(path)]
    assert [p.relative_to(SOURCE).as_posix() for p in importing] == ["sky/geometry/healpix.py"]


def test_classes_are_abstract_or_final():
    for cls in classes():
        for base in cls.__mro__[1:]:
            if base in (eqx.Module, sl.Module) or not issubclass(base, eqx.Module):
                continue
            named = base.__name__.lstrip("_").startswith("Abstract")
            assert named, f"{cls.__name__} subclasses {base.__name__}, which is concrete"
        if cls.__name__.lstrip("_").startswith("Abstract"):
            assert is_abstract_module(cls) or not callable(cls), f"{cls.__name__} can be instantiated"


def test_only_abstract_methods_and_hooks_are_overridden():
    for cls in classes():
        for name, member in vars(cls).items():
            if (name.startswith("__") and name != "__call__") or not (callable(member) or isinstance(member, property)):
                continue
            for base in cls.__mro__[1:]:
                inherited = vars(base).get(name)
                if inherited is None or base in (eqx.Module, object):
                    continue
                abstract = getattr(inherited, "__isabstractmethod__", False)
                assert abstract or name in HOOKS, f"{cls.__name__}.{name} overrides {base.__name__}.{name}"


def test_no_class_calls_super_or_holds_todo():
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        for word in ("NotImplementedError", "TODO", "FIXME", "pickle"):
            assert word not in text, f"{path.name}: {word}"
        if path.name != "module.py":
            assert "super()" not in text, f"{path.name}: super()"


def test_every_public_class_and_function_is_documented():
    for module in modules():
        for name, item in inspect.getmembers(module, lambda x: inspect.isclass(x) or inspect.isfunction(x)):
            if item.__module__ == module.__name__ and not name.startswith("_"):
                assert inspect.getdoc(item), f"{module.__name__}.{name} has no docstring"


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_is_pure():
    heavy = "healpy matplotlib astropy interpax optimistix optax blackjax numpyro diffrax rich cyclopts scipy.integrate"
    code = f"""
import jax, equinox, sys
before, settings = set(sys.modules), dict(jax.config.values)
import sightline
loaded = sorted(m for m in "{heavy}".split() if m in sys.modules and m not in before)
print(loaded, settings == dict(jax.config.values), jax.numpy.ones(1).dtype)
"""
    assert run(code) == "[] True float32"


def test_types_are_checked_for_users_who_ask():
    code = """
import os; os.environ["SIGHTLINE_TYPECHECK"] = "1"
import sightline as sl
try: sl.HealpixSky(1, nest=3)
except Exception as error: print(type(error).__name__)
"""
    assert run(code) == "TypeCheckError"


def test_models_survive_serialisation(tmp_path):
    simulator = sl.Simulator(magnetic_field=sl.magnetic.LSA(b0=3.0), electron_density=sl.electrons.Uniform())
    path = tmp_path / "model.eqx"
    eqx.tree_serialise_leaves(path, simulator)
    blank = jax.tree.map(lambda leaf: 0 * leaf, simulator)
    assert eqx.tree_equal(eqx.tree_deserialise_leaves(path, blank), simulator)


def test_stripped_docstrings_are_not_missed():
    """healpy cannot do without."""
    code = """
import jax.numpy as jnp, sightline as sl
print(sl.magnetic.LSA()(jnp.zeros(3)).shape)
try: sl.HealpixSky(1).rays()
except ImportError as error: print("python -O" in str(error))
"""
    command = [sys.executable, "-OO", "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert printed[0] == "(3,)"
    assert printed[1] in ("", "True")
