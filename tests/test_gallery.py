"""The gallery, small: every figure is drawn, small and of few colours, and its columns hold what they say."""

import importlib
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import sightline as sl

NSIDE, CELLS, POINTS = 2, 16, 20


@pytest.fixture(scope="module")
def gallery():
    """The module of the example, whose folder is on the path as when it is run."""
    folder = str(Path(__file__).parents[1] / "examples")
    sys.path.insert(0, folder)
    yield importlib.import_module("gallery")
    sys.path.remove(folder)


def test_every_model_is_drawn_once(gallery):
    names = [name for figure in gallery.magnetic().values() for name in figure]
    assert len(names) == len(set(names)) == 21


@pytest.mark.filterwarnings("ignore::sightline.RotationWarning")
def test_columns_hold_the_model(gallery, tmp_path):
    model = gallery.Model(sl.magnetic.LSA, sl.SUN)
    plane, upright, rotation, polarised = gallery.magnetic_row(model, NSIDE, CELLS, POINTS)
    assert (plane.shape, upright.shape) == ((POINTS, POINTS), (POINTS, 2 * POINTS))
    assert (rotation.shape, polarised.shape) == ((12 * NSIDE**2,), (12 * NSIDE**2,))
    position = jnp.asarray([-20 + 40 * 3.5 / POINTS, -20 + 40 * 6.5 / POINTS, gallery.NEAR_PLANE])
    np.testing.assert_allclose(plane[6, 3], jnp.linalg.norm(sl.magnetic.LSA()(position)), rtol=1e-6)
    assert 0.1 < np.median(polarised) < 100  # uK
    rows = {name: (model, [plane, upright, rotation, polarised]) for name in ("LSA", "again")}
    gallery.draw(tmp_path / "magnetic.png", gallery.MAGNETIC, rows)
    with Image.open(tmp_path / "magnetic.png") as image:
        assert image.mode == "P"
        assert image.width > 2 * image.height


def test_electrons_have_three_columns(gallery, tmp_path):
    model = gallery.electrons()["ExponentialDisk"]
    values = gallery.electron_row(model, NSIDE, CELLS, POINTS)
    assert len(values) == len(gallery.ELECTRONS)
    assert np.all(values[2] > 0)
    gallery.draw(tmp_path / "electrons.png", gallery.ELECTRONS, {"ExponentialDisk": (model, values)})
    assert (tmp_path / "electrons.png").stat().st_size > 5000


def test_gamma_rays_are_drawn(gallery, tmp_path):
    """The density of the Thomson regime is 3 (1 + q (2 ln q + 1 - 2 q)) of q = e1/e1_max, and each is one in all."""
    example = importlib.import_module("gamma_rays")
    radio, gamma = example.skies(1, 8)
    assert (radio.axis, gamma.axis) == ("frequency", "energy")
    example.draw_skies(tmp_path / "sky.png", radio, gamma, 60)
    example.draw_law(tmp_path / "law.png", 50)
    for name in ("sky", "law"):
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.width > 2 * image.height
    share, found = example.densities(2001)
    q = share[1:]
    np.testing.assert_allclose(found[0][1:], 3 * (1 + q * (2 * np.log(q) + 1 - 2 * q)), atol=5e-3)
    np.testing.assert_allclose([np.trapezoid(values, share) for values in found[:3]], 1.0, rtol=2e-3)


@pytest.mark.filterwarnings("ignore::sightline.RotationWarning")
def test_figures_of_a_model_are_drawn(gallery, tmp_path):
    importlib.import_module("figures").main(tmp_path, nside=2, points=10)
    for name in ("zoom", "field_lines", "overview"):
        with Image.open(tmp_path / f"{name}.png") as image:
            assert len(image.convert("RGB").getcolors(2**24)) > 50
