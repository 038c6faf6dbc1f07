"""Networks of NASCaRP, read from text: a small one in its format, fitted here to inverse Compton."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

POINT = {"gamma": 1e5, "e0": 10**-4.5}


@functools.cache
def layers() -> list[tuple[np.ndarray, np.ndarray]]:
    """3 numbers through 12 fixed tanh units to y, least squares at the paper's point in u."""
    generator = np.random.default_rng(2)
    weight = np.stack([generator.uniform(-6, 6, 12), generator.normal(0, 0.01, 12), generator.normal(0, 0.01, 12)], 1)
    bias = -weight[:, 0] * generator.uniform(0, 1, 12)
    u = np.linspace(0, 1, 201)
    hidden = np.tanh(weight @ np.stack([u, 5 + 0 * u, -4.5 + 0 * u]) + bias[:, None])
    design = np.concatenate([hidden, np.ones((1, u.size))]).T
    last = np.linalg.lstsq(design, wanted(u), rcond=1e-3)[0]
    return [(weight, bias), (last[None, :-1], last[-1:])]


def wanted(u: np.ndarray) -> np.ndarray:
    """y for which the map of energies gives the exact draw."""
    gamma, e0 = POINT["gamma"], POINT["e0"]
    law = sl.processes.InverseCompton()
    x = gamma * np.asarray(sl.samplers.Exact(law)(u, b=4 * gamma * e0))
    top = gamma * law.support(b=4 * gamma * e0)[1]
    part = np.clip((x - e0) / (top - e0), 0, 1)
    return np.clip(np.arctanh((2 * part - 1) * np.tanh(5.0)) / 5, -1, 1)


def drawn(u: np.ndarray) -> np.ndarray:
    """What the layers above give, in NumPy."""
    (weight, bias), (last, end) = layers()
    hidden = np.tanh(weight @ np.stack([u, 5 + 0 * u, -4.5 + 0 * u]) + bias[:, None])
    part = 0.5 * (1 + np.tanh(5 * np.clip(last[0] @ hidden + end, -1, 1)) / np.tanh(5.0))
    gamma, e0, b = POINT["gamma"], POINT["e0"], 4 * POINT["gamma"] * POINT["e0"]
    return e0 + (gamma * b / (1 + b) - e0) * part


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("network")
    for k, (weight, bias) in enumerate(layers()):
        flat = weight.T.ravel() if k == 0 else weight.ravel()
        rows = [" ".join(repr(float(w)) for w in flat), *(repr(float(b)) for b in bias)]
        (path / f"net1_layer{k}.txt").write_text("\n".join(rows) + "\n")
    return path


def changed(folder: Path, target: Path, name: str, change) -> Path:
    """A copy of the folder with one file's rows changed."""
    for file in folder.iterdir():
        rows = file.read_text().splitlines()
        (target / file.name).write_text("\n".join(change(rows) if file.name == name else rows))
    return target


def test_a_network_of_text_files_serves_like_other_samplers(folder, precision, tmp_path):
    network, u = sl.samplers.from_nascarp(folder), jnp.linspace(0, 1, 101)
    x = network(u, **POINT)
    assert x.dtype == precision
    np.testing.assert_allclose(x, drawn(np.linspace(0, 1, 101)), rtol=1e-3 if precision == "float32" else 1e-9)
    error = network.distribution.cumulative(x, **POINT) - u
    assert 1e-3 < float(jnp.sqrt(jnp.mean(error**2))) < 5e-2
    assert network.draw(jax.random.key(0), shape=(5,), **POINT).shape == (5,)
    slope = jax.grad(lambda gamma: network(0.5, gamma=gamma, e0=POINT["e0"]))(1e5)
    assert bool(jnp.isfinite(slope))
    assert slope != 0
    exact = sl.samplers.Exact(network.distribution, guess=network)
    np.testing.assert_allclose(network.distribution.cumulative(exact(u, **POINT), **POINT), u, atol=2e-5)
    sl.save(network, tmp_path / "network")
    np.testing.assert_array_equal(sl.load(tmp_path / "network")(u, **POINT), x)


def test_parameters_outside_its_domain_are_refused(folder):
    network = sl.samplers.from_nascarp(folder)
    with pytest.raises(ValueError, match=r"gamma = 1e\+11.*nothing is extrapolated"):
        network(0.5, gamma=1e11, e0=1e-5)
    with pytest.raises(ValueError, match=r"e0 = 0\.1"):
        network(0.5, gamma=1e4, e0=0.1)
    with pytest.raises(ValueError, match=r"u = 1\.5"):
        network(1.5, **POINT)
    with pytest.raises(TypeError, match="without gamma"):
        network(0.5, b=1.0)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("net1_layer0.txt", lambda rows: rows[:-2], r"net1_layer0.txt has 36 weights and 10 biases.*truncated"),
        ("net1_layer0.txt", lambda rows: [" ".join(rows[0].split()[:24]), *rows[1:]], "24 weights.*another network"),
        ("net1_layer0.txt", lambda rows: rows[:1], r"net1_layer0.txt is no layer"),
        ("net1_layer0.txt", lambda rows: ["x" + rows[0], *rows[1:]], r"net1_layer0.txt holds what is no number"),
        ("net1_layer1.txt", lambda rows: [rows[0], "nan"], r"net1_layer1.txt holds numbers that are not finite"),
        ("net1_layer1.txt", lambda rows: [rows[0].replace("-", ""), *rows[1:]], "another law.*rms error"),
        ("net1_layer1.txt", lambda rows: [f"{rows[0]} {rows[0]}", *rows[1:], "0.1"], r"layer1.txt ends .* not one"),
    ],
)
def test_files_that_do_not_fit_are_refused_with_their_path(folder, tmp_path, name, change, message):
    with pytest.raises(sl.io.FileError, match=message):
        sl.samplers.from_nascarp(changed(folder, tmp_path, name, change))


def test_a_folder_without_the_network_is_refused(folder):
    with pytest.raises(FileNotFoundError, match=r"net2_layer0\.txt"):
        sl.samplers.from_nascarp(folder, prefix="net2")


def test_the_scattered_energy_follows_inverse_compton(precision):
    law, plain = sl.processes.ScatteredEnergy(), sl.processes.InverseCompton()
    x = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(law.cumulative(1e5 * x, **POINT), plain.cumulative(x, b=4 * 10**0.5), rtol=1e-5)
    np.testing.assert_allclose(law.density(1e5 * x, **POINT) * 1e5, plain.density(x, b=4 * 10**0.5), rtol=1e-5)


def test_the_exact_draw_of_scattered_energies_keeps_the_contract():
    assert sl.testing.check_sampler(sl.samplers.Exact(sl.processes.ScatteredEnergy()), tolerance=1e-4).rms < 1e-10
