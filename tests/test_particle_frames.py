"""The own frame of a galaxy of particles: where it was put, and how it was turned."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import sightline as sl


def disk(seed=0, count=4000):
    """An elongated disk in z = 0 that turns about +z, with a few stars far out of its plane."""
    generator = np.random.default_rng(seed)
    position = generator.normal(size=(count, 3)) * (4.0, 2.5, 0.3)
    velocity = 20.0 * np.stack([-position[:, 1], position[:, 0], 0 * position[:, 0]], axis=1)
    position[: count // 20] += (0.0, 0.0, 60.0)
    return position, velocity


def stars(position, velocity):
    ones = np.ones(len(position))
    return sl.particles.Stars(position, velocity, 1e5 * ones, ones, 0 * ones)


@pytest.mark.parametrize("seed", range(4))
def test_a_turned_and_moved_galaxy_is_turned_back(seed, precision):
    position, velocity = disk()
    turn = Rotation.random(random_state=seed).as_matrix()
    moved = stars(position @ turn.T + (30.0, -20.0, 5.0), velocity @ turn.T + (900.0, -300.0, 50.0))
    frame = sl.particles.own_frame(moved)
    np.testing.assert_allclose(frame.centre, (30.0, -20.0, 5.0), atol=0.7)
    found = frame.apply(moved)
    assert found.position.dtype == precision
    axes = np.asarray(frame.axes) @ turn
    np.testing.assert_allclose(np.abs(np.diag(axes)), 1, atol=0.01)
    assert axes[2, 2] > 0.99
    assert np.linalg.det(frame.axes) == pytest.approx(1)
    spin = np.cross(found.position, found.velocity).mean(axis=0)
    assert spin[2] > 0
    np.testing.assert_allclose(frame.velocity, turn @ np.zeros(3) + (900.0, -300.0, 50.0), atol=8.0)


def test_the_half_mass_radius_is_one():
    position, velocity = disk()
    frame = sl.particles.own_frame(stars(position, velocity))
    distance = np.linalg.norm(position - frame.centre, axis=1)
    assert np.mean(distance <= frame.half_mass_radius) == pytest.approx(0.5, abs=1e-3)


def test_gas_goes_with_the_stars():
    position, velocity = disk()
    frame = sl.particles.own_frame(stars(position, velocity))
    gas = sl.particles.Gas(position[:5], velocity[:5], np.ones(5), np.zeros(5), np.ones(5))
    np.testing.assert_allclose(
        frame.apply(gas).position, frame.apply(stars(position[:5], velocity[:5])).position, rtol=1e-12
    )
    speed = np.linalg.norm(frame.apply(gas).velocity, axis=1)
    np.testing.assert_allclose(speed, np.linalg.norm(velocity[:5] - frame.velocity, axis=1), rtol=1e-12)


def test_stars_without_mass_have_no_centre():
    with pytest.raises(ValueError, match=r"The stars have no mass"):
        sl.particles.own_frame(
            sl.particles.Stars(np.ones((2, 3)), np.ones((2, 3)), [0.0, 0.0], [1.0, 1.0], [0.0, -0.1])
        )
