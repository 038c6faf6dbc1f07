"""What would not fit is said before it is tried, with what to lower."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline._core import memory


@pytest.fixture
def free(monkeypatch):
    """Says how many bytes are free."""
    return lambda size: monkeypatch.setattr(memory, "available", lambda: size)


def test_what_is_free_is_a_number_of_bytes():
    """Of this machine, or infinite where nothing says it."""
    assert memory.available() > 2**20


def test_limits_of_a_container(tmp_path, monkeypatch):
    """Of both versions of control groups; files that are kept for reading can be given up."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "_MACHINE", tmp_path / "meminfo")
    assert memory.available() == math.inf
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n", encoding="ascii")
    assert memory.available() == 8000 * 1024
    for name, text in (
        ("max", "4000000"),
        ("current", "3999000"),
        ("stat", "anon 9\ninactive_file 2000\nactive_file 1000"),
    ):
        (tmp_path / f"memory.{name}").write_text(text + "\n", encoding="ascii")
    assert memory.available() == 4000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert memory.available() == 8000 * 1024
    (tmp_path / "memory").mkdir()
    for name, text in (("limit_in_bytes", "5000"), ("usage_in_bytes", "4000"), ("stat", "inactive_file 500")):
        (tmp_path / "memory" / f"memory.{name}").write_text(text, encoding="ascii")
    assert memory.available() == 1500


def test_the_default_device_decides(monkeypatch):
    """What it says is free, where it says anything."""
    said = {"bytes_limit": 1000, "bytes_in_use": 300}
    monkeypatch.setattr(memory, "_of_device", lambda: said)
    assert memory.available() == 700
    with jax.default_device(jax.devices("cpu")[0]):
        monkeypatch.undo()
        assert memory.available() > 2**20


@pytest.mark.parametrize(
    ("size", "text"), [(10, "10 bytes"), (8_300, "8.3 kB"), (5e9, "5 GB"), (2.5e12, "2.5 TB"), (4e18, "4e+06 TB")]
)
def test_sizes_are_said_in_units(free, size, text):
    free(1)
    with pytest.raises(MemoryError, match=f"It would take {text.replace('+', '.')}, and 1 bytes are free: wait."):
        memory.foresee(size / jax.dtypes.canonicalize_dtype(float).itemsize, "It", "wait")


def test_sightlines_of_a_large_sky(free):
    free(10e6)
    with pytest.raises(MemoryError, match=r"Sightlines of 196608 rays would take 20.4 MB, and 10 MB .* lower nside"):
        sl.Sightlines(sl.HealpixSky(64, supersample=2), sl.BoxCells(4))


def test_batches_and_fields_held(free):
    """Sizes of a batch and of what is held: known before they are made, and only these are refused."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(),),
        chunk=100_000,
    )
    lines = sl.Sightlines(sl.HealpixSky(8), sl.BoxCells(512))
    free(20e6)
    with pytest.raises(MemoryError, match=r"A batch of 768 rays of 512 cells would take .* lower chunk"):
        simulator(lines, 23.0)
    free(5e6)
    with pytest.raises(MemoryError, match=r"Values of magnetic_field in the cells of 768 rays would take 9.44 MB"):
        simulator.hold(lines, "magnetic_field")


def test_jacobians_and_draws_of_many_parameters(free):
    space = sl.ParameterSpace({"x": jnp.zeros(400)}, {"x": dist.Normal(0.0, 1.0).expand([400])})
    likelihood = sl.Likelihood(lambda model: model["x"], np.zeros(400), sl.statistics.Gaussian(np.ones(400)))
    posterior = sl.Posterior(space, likelihood)
    free(1e6)
    with pytest.raises(MemoryError, match=r"A Jacobian of 400 data by 400 parameters would take 1.28 MB.*sl.LBFGS"):
        sl.fisher(posterior)
    with pytest.raises(MemoryError, match=r"4000 draws of 400 parameters would take 12.8 MB.*larger thin"):
        sl.sample(posterior, jax.random.key(0))
