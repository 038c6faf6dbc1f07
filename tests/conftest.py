"""Types checked at run time, strict promotion, both precisions, and the data that lies beside the project."""

import contextlib
import ctypes
import gc
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUICK_COMPILATION = (
    "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
)
"""A test runs most programs once: without these, half the time of the suite goes into making them fast."""

KEPT = "JAX_COMPILATION_CACHE_DIR"
if KEPT not in os.environ:  # the first process of a run makes it, for all: two programs in five are there already
    own_folder = tempfile.TemporaryDirectory(prefix="sightline_programs_", ignore_cleanup_errors=True)
    os.environ[KEPT] = own_folder.name
    for left in Path(tempfile.gettempdir()).glob("sightline_programs_*"):  # by runs that were killed
        if time.time() - left.stat().st_mtime > 86400:
            shutil.rmtree(left, ignore_errors=True)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

if "XLA_FLAGS" not in os.environ:  # .ci/full sets it: there programs are compiled as users have them
    os.environ["XLA_FLAGS"] = QUICK_COMPILATION
    known = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True)
    if known.returncode:  # XLA ends the process at a flag that it no longer has
        os.environ["XLA_FLAGS"] = ""

import jax  # noqa: E402
import pytest  # noqa: E402
from jaxtyping import install_import_hook  # noqa: E402


def one_context(mlir):
    """JAX makes a context of the compiler for each program, a tenth of the time of the suite: here most have the first.

    A program that is made while another one is being lowered wants its own.
    """
    make = mlir.make_ir_context
    first = make()

    def lend():
        try:
            return make() if mlir.ir.Context.current else first
        except ValueError:  # there is none
            return first

    mlir.make_ir_context = lend


with contextlib.suppress(AttributeError, ImportError):  # in versions that have it no more
    one_context(importlib.import_module("jax._src.interpreters.mlir"))

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")

with install_import_hook("sightline", "beartype.beartype"):
    import sightline  # noqa: F401

gc.collect()
gc.freeze()  # what is imported stays: collections need not go through it
gc.set_threshold(5000, 20, 50)  # what JAX keeps is large: whole collections took 7 % of the time


def pytest_collection_modifyitems(config, items):
    """Marks the tests listed in `long.txt`, which took longest of all: single members of families."""
    root = Path(__file__).parent
    listed = set((root / "long.txt").read_text(encoding="utf-8").splitlines())
    for item in items:
        if item.nodeid in listed:
            item.add_marker(pytest.mark.long)
            listed.discard(item.nodeid)
    whole = {Path(str(argument)).resolve() for argument in config.args} <= {root, root.parent}
    if whole and listed:
        raise pytest.UsageError(f"tests/long.txt names tests that are no more: {', '.join(sorted(listed))}")


@pytest.fixture(autouse=True)
def _little_memory():
    """Compiled functions hold memory, and share it between tests: within bounds."""
    yield
    if _held() > 2.5e9:
        _forget()


@pytest.fixture(scope="module", autouse=True)
def _few_maps():
    """They hold memory maps, too, of which Linux lends a process 65,530."""
    yield
    told = Path("/proc/self/maps")
    if told.exists() and told.read_bytes().count(b"\n") > 20_000:
        _forget()


def _forget():
    jax.clear_caches()
    gc.collect()
    give_back(0)  # or what is free stays with the process, which would forget after every test from then on


give_back = getattr(ctypes.CDLL(None), "malloc_trim", bool) if sys.platform == "linux" else bool


def _held():
    """Bytes that the process holds in memory, where Linux tells them."""
    told = Path("/proc/self/statm")
    return int(told.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if told.exists() else 0


@pytest.fixture(params=["float64", "float32"])
def precision(request):
    """Runs a test in both precisions; its value is the name of the type."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(scope="module")
def example():
    """Imports an example, whose folder is on the path as when it is run."""
    folder = str(Path(__file__).parents[1] / "examples")
    sys.path.insert(0, folder)
    yield importlib.import_module
    sys.path.remove(folder)


@pytest.fixture(scope="session")
def data():
    """Folder of real surveys and catalogues: SIGHTLINE_DATA, or `shared/data` beside the project."""
    folder = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("needs the survey data: set SIGHTLINE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def models(data):
    """Folder of tabulated published models, beside the data."""
    folder = data.parent / "models"
    if not folder.is_dir():
        pytest.skip("needs the tables of published models: a folder `models` beside SIGHTLINE_DATA")
    return folder
