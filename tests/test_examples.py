"""The examples, small: they run, recover what is known, and say what is missing."""

import importlib
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

NSIDE, CELLS = 8, 32


@pytest.fixture(scope="module")
def haslam():
    """The module of the example, whose folder is on the path as when it is run."""
    folder = str(Path(__file__).parents[1] / "examples")
    sys.path.insert(0, folder)
    yield importlib.import_module("haslam_408")
    sys.path.remove(folder)


def problem_of(haslam, data, sigma, out):
    return haslam.Problem(
        haslam.galaxy(), haslam.sightlines(NSIDE, CELLS), jnp.asarray(data), jnp.asarray(~out / sigma)
    )


def test_fit_recovers_a_known_disk(haslam):
    truth = jnp.asarray([np.log(2.0e-5), np.log(7.0), np.log(1.5), 11.0])
    sky = haslam.brightness(truth, haslam.galaxy(), haslam.sightlines(NSIDE, CELLS))
    noise = 0.01 * np.asarray(sky)
    data = np.asarray(sky) + noise * np.random.default_rng(1).normal(size=sky.size)
    best = haslam.fit(problem_of(haslam, data, noise, haslam.mask(NSIDE)))
    assert np.all(np.abs(best.values - [2.0e-5, 7.0, 1.5, 11.0]) < 4 * best.errors)
    assert 0.8 < best.chi2 / best.dof < 1.25
    assert np.all((best.patch_errors > 0.4 * best.errors) & (best.patch_errors < 2.5 * best.errors))


def test_jacobian_is_that_of_differences(haslam):
    lines, start = haslam.sightlines(2, CELLS), jnp.asarray(haslam.START)
    sky = jax.jit(lambda parameters: haslam.brightness(parameters, haslam.galaxy(), lines))
    jacobian = jax.jacfwd(sky)(start)
    for i, step in enumerate(1e-4 * jnp.eye(4)):
        sides = [sky(start + sign * step) for sign in (1, -1)]
        np.testing.assert_allclose(jacobian[:, i], (sides[0] - sides[1]) / 2e-4, rtol=1e-5, atol=1e-5)


def test_tangled_field_emits_two_thirds(haslam):
    import sightline as sl

    position = jnp.asarray([-8.3, 0.0, 0.006])
    ray = jax.tree.map(lambda leaf: leaf[..., 0], haslam.sightlines(1, 2).rays)
    plasma = haslam.galaxy().plasma(position)
    tangled = haslam.TangledSynchrotron()(plasma, ray, jnp.asarray(0.408)).emissivity
    strength = jnp.sqrt(sum(b * b for b in plasma.magnetic_field))
    across = sl.emission.Plasma(position, tuple(jnp.unstack(strength * ray.east)), cosmic_rays=plasma.cosmic_rays)
    ordered = sl.emission.Synchrotron()(across, ray, jnp.asarray(0.408)).emissivity
    np.testing.assert_allclose(tangled.I, ordered.I * 2 / 3, rtol=1e-6)
    assert tangled.Q is None


def test_mask_holds_what_it_names(haslam):
    from haslam_408_data import SOURCES, checkerboard, separation

    out = haslam.mask(32)
    for l, b in [(100.0, 0.0), (10.0, -15.0), (30.0, 40.0), *(source[:2] for source in SOURCES.values())]:
        assert out[np.argmin(separation(32, l, b))]
    for l, b in [(0.0, -40.0), (180.0, 30.0), (0.0, -90.0), (100.0, -10.0)]:
        assert not out[np.argmin(separation(32, l, b))]
    assert haslam.mask(32, whole_loop=True).sum() > out.sum()
    assert 0.45 < checkerboard(12 * 32**2).mean() < 0.55


def test_haslam_from_the_survey_to_the_figure(haslam, data, tmp_path):
    brightness, sigma = haslam.read_survey(data / "radio/haslam408_bonn1982_gal_ring_nside128.fits", NSIDE)
    assert 34 < brightness.mean() < 36
    problem = problem_of(haslam, brightness, sigma, haslam.mask(NSIDE))
    best = haslam.fit(problem)
    assert 5 < best.values[3] < 20  # the offset [K]
    halves, others = haslam.held_out(problem, best), haslam.variations(problem, sigma, best)
    assert len(halves) == 2
    residual = haslam.difference(problem, best.parameters)
    text = haslam.write(best, problem, residual, halves, others, haslam.discretisation(problem, best))
    assert "What this fit cannot explain" in text
    haslam.draw(tmp_path / "sky.png", problem, residual)
    assert (tmp_path / "sky.png").stat().st_size > 10_000


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_missing_survey_names_the_variable(haslam, monkeypatch, folder):
    monkeypatch.delenv("SIGHTLINE_DATA", raising=False)
    if folder:
        monkeypatch.setenv("SIGHTLINE_DATA", folder)
    with pytest.raises(FileNotFoundError, match="SIGHTLINE_DATA"):
        haslam.survey_path()
