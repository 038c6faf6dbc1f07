"""Published skies, what to cite for them, and models whose Suns differ."""

import warnings
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.citation.bibliography import _entries

NAMES = [entry.name for entry in sl.presets.list()]


@pytest.fixture(scope="module")
def presets():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no preset mixes Suns
        return {name: sl.presets.load(name) for name in NAMES}


def test_every_published_field_has_a_preset():
    assert {"LSA", "JF12", "JF12b", "JF12sol", "PT11-ASS", "PT11-BSS", "KST24"} <= set(NAMES)
    assert sum(name.startswith("UF23-") for name in NAMES) == 8
    assert sum(name.startswith("TF17-") for name in NAMES) == 6
    assert "Unger2024" in repr(sl.presets.list())


@pytest.mark.parametrize("name", NAMES)
def test_presets_know_their_place_and_papers(presets, name):
    preset = presets[name]
    assert preset.name == name
    assert preset.note
    assert set(preset.papers) <= set(_entries())
    assert preset.cells.distance >= 20 - preset.observer[0] - 1e-9
    text = sl.citation(preset)
    assert all(f"{{{key}," in text for key in preset.papers)
    lines = preset.sightlines(sl.Directions(10.0, 0.0))
    np.testing.assert_allclose(lines.rays.origin[:, 0], preset.observer)


@pytest.mark.parametrize("name", ["JF12", "UF23-base", "KST24"])
def test_presets_shine(presets, name):
    preset = presets[name]
    lines = sl.Sightlines(
        sl.Directions([0.0, 120.0, 250.0], [1.0, -30.0, 88.0]), sl.RadialCells(64, 28.0, 10.0), preset.observer
    )
    stokes = preset.simulator(lines, 23.0)
    assert jnp.all(stokes.I > 0)
    assert jnp.all(stokes.polarised_intensity < 0.76 * stokes.I)
    assert jnp.all(jnp.isfinite(stokes.Q) & jnp.isfinite(stokes.U))


def test_the_random_field_of_jf12_dominates_its_total_intensity(presets):
    """Regular and striated fields alone cannot give the low polarisation of the plane."""
    preset = presets["JF12"]
    lines = sl.Sightlines(sl.Directions([20.0, 140.0], [0.5, 2.0]), sl.RadialCells(64, 28.0, 10.0), preset.observer)
    stokes = preset.simulator(lines, 23.0)
    assert jnp.all(stokes.polarised_intensity / stokes.I < 0.4)


def test_unknown_presets_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="UF23-base"):
        sl.presets.load("UF23base")
    assert sl.presets.load("kst24").name == "KST24"


def test_a_class_of_the_users_is_cited():
    class Mine(sl.fields.AbstractField):
        references: ClassVar[tuple[str, ...]] = ("@article{Mine2027, title = {My field}}",)

        def __call__(self, position):
            return position

    text = sl.citation(sl.fields.Sum(mine=Mine(), other=sl.magnetic.JF12Disk()))
    assert "Mine2027" in text
    assert "Jansson2012," in text
    assert "Page2007" not in text
    assert text == repr(text)
    with pytest.raises(TypeError, match="pass an instance"):
        sl.citation(sl.magnetic.JF12)


@pytest.mark.parametrize("said", ["Page2007", "@misc{mine, title = {A field}}"])
def test_one_paper_may_be_said_without_a_tuple(said):
    class Single(sl.fields.AbstractField):
        cites = said

        def __call__(self, position):
            return 0 * position

    assert said in sl.citation(Single())


def test_every_entry_is_whole():
    for key, entry in _entries().items():
        assert entry.count("{") == entry.count("}"), key
        assert all(field in entry for field in ("author", "title", "year")), key


def test_shifted_moves_a_field_and_its_sun():
    field = sl.electrons.ExponentialDisk()
    moved, at = sl.fields.Shifted(field, offset=(0.2, 0.0, 0.1)), jnp.array([-8.3, 0.5, 0.2])
    assert moved(at) == field(at - jnp.array([0.2, 0.0, 0.1]))
    found = sl.fields.shifted.suns(sl.fields.Sum(a=sl.fields.Shifted(sl.electrons.NE2001(), (0.2, 0.0, 0.0))))
    np.testing.assert_allclose(sorted(found), [(-8.3, 0.0, 0.0)], atol=1e-6)
    gradient = jax.grad(lambda d: sl.fields.Shifted(field, d)(at))(jnp.zeros(3))
    np.testing.assert_allclose(gradient, -jax.grad(field)(at))


def test_mixing_suns_warns_with_the_cure():
    with pytest.warns(sl.SunWarning, match="Shifted"):
        sl.Simulator(electron_density=sl.electrons.NE2001(), cosmic_rays=sl.cosmic_rays.ExponentialDisk())
