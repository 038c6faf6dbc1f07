"""Fingerprints, checkpoints and progress: the same in another process, whole or not at all, quiet."""

import dataclasses
import errno
import functools
import importlib
import json
import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

import sightline as sl
from sightline.inference.checkpoint import ELSEWHERE, Checkpoint, pack, unpack
from sightline.inference.fingerprint import fingerprint
from sightline.inference.progress import progress

SCRIPT = """
import sys
import jax, jax.numpy as jnp, numpy as np, numpyro.distributions as dist, optax
import sightline as sl
from sightline.inference.fingerprint import fingerprint

TABLE = np.arange(4.0)

class Slab(sl.fields.AbstractField):
    n0: jax.Array = sl.param(0.03, unit="cm-3")

    def __call__(self, position):
        return self.n0 * helper(position[2])

def helper(z):
    return jnp.exp(-z * z) * TABLE[1]

lines = sl.Sightlines(sl.HealpixSky(2), cells=sl.BoxCells(cells=8))
simulator = sl.Simulator(magnetic_field=sl.magnetic.LSA(), electron_density=Slab(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(), emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()))
space = sl.ParameterSpace(simulator, {"magnetic_field.*": dist.TruncatedNormal(1.0, 9.0, low=-90.0),
    "electron_density.n0": dist.LogUniform(1e-3, 1.0)},
    ties={"cosmic_rays.scale_height": lambda v: v["magnetic_field.b0"]})
data = np.ones((2, 48))
known = dict(parameters="QU", unit="K_RJ", convention="COSMO")
posterior = sl.Posterior(space, sl.MapLikelihood(lines, 23.0, data, 1.0, **known))
schedule = optax.adamw(optax.cosine_decay_schedule(0.1, 1000), weight_decay=1e-3)
chosen = lambda x: [y for y in x if y in {"b", "c"}]
things = (posterior, schedule, {1, 2, "a"}, jax.random.key(3), jax.jit(helper), chosen)
print(*map(fingerprint, things))
"""


def test_fingerprints_agree_between_processes():
    texts = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert len(set(texts[0].split())) == 6


def _make(factor, shift=0.0):
    def function(x, scale=1.0):
        return factor * x + scale + shift

    return function


def _class(body):
    space = {"eqx": eqx, "jnp": jnp, "__name__": "mine"}
    exec(f"class Field(eqx.Module):\n    a: float = 1.0\n    def __call__(self, x):\n        return {body}", space)
    return space["Field"]()


def test_whatever_matters_changes_the_fingerprint():
    lsa, other = sl.magnetic.LSA(), dataclasses.replace(sl.magnetic.LSA(), b0=2.0)
    different = [
        lsa,
        other,
        jax.tree.map(lambda leaf: leaf.astype(jnp.float32), lsa),
        None,
        0,
        0.0,
        False,
        "0",
        b"0",
        (),
        [],
        {},
        (0,),
        [0],
        ((0,),),
        {"a": 1, "b": 2},
        {"b": 2, "a": 1},
        np.zeros(2),
        np.zeros(2, np.float32),
        np.zeros((2, 1)),
        jnp.array([0.0, 1e-300]),
        jnp.zeros(3, jnp.bfloat16),
        jnp.ones(3, jnp.bfloat16),
        jax.random.key(0),
        jax.random.key(1),
        jax.random.key(0, impl="rbg"),
        dist.Uniform(0.0, 1.0),
        dist.Uniform(0.0, 2.0),
        dist.Normal(0.0, 1.0),
        dist.Uniform(0.0, 1.0).expand((2,)),
        _make(1.0),
        _make(2.0),
        _make(1.0, jnp.ones(1)),
        functools.partial(_make(1.0), scale=2.0),
        lambda x: x + 1,
        lambda x: x + 2,
        lambda x: x - 1,
        lambda x: jnp.sin(x),
        lambda x: jnp.cos(x),
        jax.jit(lambda x: x * 3),
        _class("x + self.a"),
        _class("x - self.a"),
        optax.adam(0.1),
        optax.adam(0.2),
        optax.sgd(0.1),
        optax.adam(optax.cosine_decay_schedule(0.1, 10)),
        optax.adam(optax.cosine_decay_schedule(0.1, 20)),
        sl.Adam(0.1),
        sl.Adam(0.1, steps=7),
        sl.BFGS(),
    ]
    found = [fingerprint(value) for value in different]
    assert [found.index(one) for one in found] == list(range(len(found)))
    for one, same in [(_make(3.0), _make(3.0)), (_class("x"), _class("x")), (optax.adam(0.1), optax.adam(0.1))]:
        assert fingerprint(one) == fingerprint(same)


def test_modules_of_the_user_are_followed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_helpers_a.py").write_text("FACTOR = 2.0\ndef scaled(x):\n    return FACTOR * x\n")
    helpers = importlib.import_module("my_helpers_a")

    def function(x):
        return helpers.scaled(x)

    before = fingerprint(function)
    assert fingerprint(function) == before
    helpers.FACTOR = 3.0
    assert fingerprint(function) != before


def test_a_value_within_itself_has_a_fingerprint():
    inner = {"name": "loop"}
    inner["self"] = inner
    assert fingerprint(inner) == fingerprint(inner)

    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    assert fingerprint(even) != fingerprint(odd)


def test_what_cannot_be_recognised_is_refused(tmp_path):
    with open(tmp_path / "file", "w") as file:
        for value, place in [
            ({"a": [1, file]}, r"dict\.a\.1 is a .*TextIOWrapper"),
            ((x for x in ()), "generator"),
            (lambda: file, r"closure\.file"),
            (np.array([object()]), "array of objects"),
        ]:
            with pytest.raises(TypeError, match=place):
                fingerprint(value)


def test_a_checkpoint_is_read_as_written(tmp_path):
    parts = {"model": "a", "data": "b"}
    folder = tmp_path / "deep" / "run"
    checkpoint = Checkpoint(folder, parts)
    assert checkpoint.read("state") is None
    assert checkpoint.names() == []
    tree = {
        "x": jnp.arange(3.0),
        "key": jax.random.key(7),
        "keys": jax.random.split(jax.random.key(0, impl="rbg"), 2),
        "small": jnp.array([1.5, jnp.nan], jnp.bfloat16),
        "count": 3,
        "rate": 0.1,
        "flag": jnp.asarray(True),
        "numpy": np.zeros((0, 2), np.int16),
    }
    checkpoint.write("state", pack(tree))
    checkpoint.write("draws_0001", {"b0": np.ones(4)})
    again = Checkpoint(folder, parts)
    assert again.names() == ["draws_0001", "state"]
    found = unpack(again.read("state"), jax.tree.map(lambda leaf: leaf, tree))
    for name, value in tree.items():
        assert fingerprint(found[name]) == fingerprint(value)
    for wrong in (tree | {"y": 1}, tree | {"x": jnp.arange(4.0)}, tree | {"x": jnp.arange(3)}):
        with pytest.raises(ValueError, match=r"kept, .* needed"):
            unpack(again.read("state"), wrong)
    with pytest.raises(TypeError, match=r"\['f'\] is a function"):
        pack({"f": lambda: 1})


def test_another_run_is_refused_and_named(tmp_path):
    Checkpoint(tmp_path / "run", {"model": "a", "data": "b", "key": "c"})
    with pytest.raises(ValueError, match=r"holds another run: data, key differ\. Call as that run was called"):
        Checkpoint(tmp_path / "run", {"model": "a", "data": "x", "key": "y"})
    with pytest.raises(ValueError, match="key, method differ"):
        Checkpoint(tmp_path / "run", {"model": "a", "data": "b", "method": "c"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match=r"is no run: it holds thesis\.tex and no run\.json"):
        Checkpoint(tmp_path / "mine", {})
    path = tmp_path / "run" / "run.json"
    description = json.loads(path.read_text())
    for change, message in [
        ({"format": 99}, "has format 99, not 2"),
        ({"software": description["software"] | {"jax": "0.0.1"}}, r"begun with jax 0\.0\.1, this is jax "),
        ({"parts": 3}, "no description of a run"),
    ]:
        path.write_text(json.dumps(description | change))
        with pytest.raises(ValueError, match=message):
            Checkpoint(tmp_path / "run", {"model": "a", "data": "b", "key": "c"})


@pytest.mark.parametrize("where", ["savez", "fsync", "replace"])
def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch, where):
    checkpoint = Checkpoint(tmp_path / "run", {})
    checkpoint.write("state", {"step": np.asarray(1)})

    def full(*arguments, **options):
        if where == "savez":
            arguments[0].write(b"PK half of a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np if where == "savez" else os, where, full)
        with pytest.raises(OSError, match=r"No space left on device\); what was there before is intact") as caught:
            checkpoint.write("state", {"step": np.asarray(2)})
    assert caught.value.errno == errno.ENOSPC
    assert checkpoint.read("state")["step"] == 1
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == ["run.json", "state.npz"]


def test_damage_and_remains_of_killed_runs(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", {})
    checkpoint.write("state", {"step": np.ones(100)})
    path = tmp_path / "run" / "state.npz"
    raw = bytearray(path.read_bytes())
    for damaged in (raw[:200], b"", bytes(raw[:150]) + b"\xff" * 50 + bytes(raw[200:])):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"state\.npz is damaged .* delete it"):
            checkpoint.read("state")
        with pytest.raises(ValueError, match=r"state\.npz is damaged .* start again"):
            checkpoint.read("state", ELSEWHERE)
    old, new = tmp_path / "run" / ".part-0.npz", tmp_path / "run" / ".part-1.npz"
    for remains in (old, new):
        remains.write_bytes(b"x")
    os.utime(old, (1, 1))
    Checkpoint(tmp_path / "run", {})
    assert not old.exists()
    assert new.exists()


def test_progress(capsys, monkeypatch):
    for enabled in (None, False):
        with progress("fit", 3, enabled) as advance:
            advance(3, loss=1.0)
    assert capsys.readouterr().err == ""
    with progress("fit", 30, True, done=10) as advance:
        advance(10, loss=1.25, divergent=2)
        advance(10, loss=0.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("fit: 20/30, loss 1.25, divergent 2\nfit: 30/30, loss 0.5, ")
    assert "0:00:00 left" in shown.err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("fit", 30) as advance:
        advance(10, loss=1.25)
        advance(20, loss=0.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "30/30" in shown.err
