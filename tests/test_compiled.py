"""Compiled programs that the command line keeps."""

import os
import platform

import jax
import pytest

from sightline.cli import compiled

NAMES = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    before = {name: getattr(jax.config, name) for name in NAMES}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    yield tmp_path / "sightline" / "compiled" / platform.node()
    for name, value in before.items():
        jax.config.update(name, value)


def test_each_machine_has_its_folder(folder):
    compiled.keep_compiled()
    assert folder.is_dir()
    assert jax.config.jax_compilation_cache_dir == str(folder)


def test_the_environment_wins(folder, monkeypatch):
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    compiled.keep_compiled()
    assert not folder.exists()
    assert jax.config.jax_compilation_cache_dir == before


def test_a_folder_that_cannot_be_made_is_done_without(folder, monkeypatch):
    folder.parents[1].parent.joinpath("sightline").write_text("a file")
    before = jax.config.jax_compilation_cache_dir
    compiled.keep_compiled()
    assert jax.config.jax_compilation_cache_dir == before


def test_the_oldest_are_swept(folder, monkeypatch):
    monkeypatch.setattr(compiled, "_MOST", 250)
    folder.mkdir(parents=True)
    for age, name in enumerate(("new", "older", "oldest")):
        (folder / name).write_bytes(bytes(100))
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    compiled.keep_compiled()
    assert sorted(file.name for file in folder.iterdir()) == ["new", "older"]
