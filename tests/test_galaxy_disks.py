"""A disk of fields recovered from its noisy cube, and what makes that fast."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax.test_util import check_grads
from scipy.stats import norm

import sightline as sl
from sightline.galaxies.methods.deposit import spread
from sightline.galaxies.stars.spread import on_nodes

LIBRARY = sl.populations.synthetic(step=5.0).select(ages=[1.0, 3.0, 10.0], metallicities=[-1.0, -0.5, 0.0])
PRIORS = {
    "simulator.orientation.inclination": dist.Uniform(5.0, 85.0),
    "simulator.orientation.position_angle": dist.Normal(60.0, 60.0),
    "simulator.stars.0.density.mass": dist.TruncatedNormal(2e10, 3e10, low=0.0),
    "simulator.stars.0.velocity.*": dist.TruncatedNormal(150.0, 100.0, low=0.0),
    "simulator.stars.0.dispersion.values": dist.TruncatedNormal(60.0, 60.0, low=0.0),
}


def model(mass, speeds, dispersions, logits, gradient, inclination, position_angle):
    stars = sl.stars.Component(
        density=sl.stars.ExponentialDisk(mass, 3.0, 0.3),
        velocity=sl.stars.Rotation([3.0, 9.0], speeds),
        dispersion=sl.stars.RadialProfile([0.0, 8.0], dispersions),
        history=sl.stars.RadialHistory([0.0, 8.0], [1.0, 3.0, 10.0], logits, -0.3, gradient, 0.15),
    )
    orientation = sl.Orientation(inclination=inclination, position_angle=position_angle)
    method = sl.cubes.VelocityNodes(50.0, limits=(-500.0, 500.0), supersample=1, points=6)
    galaxy = sl.Galaxy(stars, LIBRARY, 0.01, orientation=orientation, method=method)
    channels = sl.cubes.Channels.regular(4800.0, 2.5, 120)
    return sl.Model(galaxy, instruments={"ifu": sl.cubes.IFU((5, 5), 4.0 / galaxy.scale, channels)})


def test_a_disk_is_recovered_from_its_noisy_cube():
    logits = np.array([[0.0, 0.5, 1.5], [1.0, 0.5, -0.5]])
    truth = model(3e10, [150.0, 200.0], [100.0, 50.0], logits, -0.05, 50.0, 60.0)
    cube = sl.cubes.add_noise(truth.cube("ifu"), jax.random.key(1), signal_to_noise=100.0)
    begun = model(1.5e10, [100.0, 120.0], [60.0, 60.0], logits, -0.05, 40.0, 75.0)
    posterior = sl.Posterior(sl.ParameterSpace(begun, PRIORS), sl.CubeLikelihood(cube, instrument="ifu"))
    best = sl.fit(posterior, sl.LevenbergMarquardt(tolerance=0.1))
    assert best.status == "converged"
    assert 0.92 < best.chi2 / best.dof < 1.08  # 3000 data: a standard deviation is 0.026
    known = sl.ParameterSpace(truth, PRIORS).initial
    for name, error in best.standard_deviations.items():
        np.testing.assert_array_less(np.abs(best.parameters[name] - known[name]) / error, 3.5, err_msg=name)
    assert float(best.standard_deviations["simulator.orientation.inclination"]) < 0.5
    assert float(best.parameters["simulator.stars.0.density.mass"]) == pytest.approx(3e10, rel=0.05)


def test_mixtures_of_spectra_are_those_of_masses():
    class Whole(sl.stars.AbstractHistory):
        """The same history, place by place."""

        radial: sl.stars.RadialHistory

        def weights(self, position, ages, metallicities):
            return self.radial.weights(position, ages, metallicities)

    one = model(3e10, [150.0, 200.0], [100.0, 50.0], np.arange(6.0).reshape(2, 3), -0.05, 50.0, 60.0)
    stars, screen = one.simulator.stars[0], sl.dust.Screen(sl.dust.CCM89(), birth_clouds=1.0, birth_age=2.0)
    method, cubes = dataclasses.replace(one.simulator.method, supersample=2), []
    for history in (stars.history, Whole(stars.history)):
        whole = sl.stars.Component(stars.density, stars.velocity, stars.dispersion, history=history)
        galaxy = sl.Galaxy(whole, LIBRARY, 0.01, dust=screen, method=method)
        cubes.append(galaxy(one.instruments["ifu"]).flux)
    np.testing.assert_allclose(cubes[0], cubes[1], rtol=1e-10)


def test_explicit_derivatives_of_weights_are_right():
    velocities, nodes = np.arange(-300.0, 301.0, 50.0), jnp.array([-2.0, -1.0, 0.0, 0.3])
    check_grads(lambda v, s: spread(v, s, velocities), (jnp.asarray(37.0), jnp.asarray(80.0)), 1, eps=1e-4)
    check_grads(lambda v, x, s: on_nodes(v, x, s), (jnp.asarray(-0.4), nodes, jnp.asarray(0.2)), 1, eps=1e-6)
    check_grads(on_nodes, (jnp.asarray(-0.4), nodes), 1, eps=1e-6)
    for value, expected in ((-3.0, 0.0), (0.1, 1 / 0.3), (2.0, 0.0)):  # beyond the ends nothing moves
        slope = jax.grad(lambda v: on_nodes(v, nodes)[-1])(jnp.asarray(value))
        assert float(slope) == pytest.approx(expected)


@pytest.mark.parametrize(("velocity", "sigma"), [(250.0, 200.0), (-290.0, 60.0), (40.0, 80.0), (900.0, 30.0)])
def test_what_a_dispersion_carries_beyond_the_nodes_is_put_at_the_ends(velocity, sigma):
    """Mean and scatter are those of a Gaussian clipped to the nodes, by a fine sum; its mass is kept."""
    nodes = np.arange(-300.0, 301.0, 10.0)
    weights = np.asarray(spread(jnp.asarray(velocity), jnp.asarray(sigma), nodes))
    fine = np.clip(velocity + sigma * norm.ppf((np.arange(200_000) + 0.5) / 200_000), -300.0, 300.0)
    mean = weights @ nodes
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert mean == pytest.approx(fine.mean(), abs=0.1)
    assert np.sqrt(max(weights @ (nodes - mean) ** 2, 0.0)) == pytest.approx(fine.std(), abs=0.3)
    assert weights[-1] == pytest.approx(norm.sf(295.0, velocity, sigma), abs=2e-3)
    check_grads(lambda v, s: spread(v, s, nodes), (jnp.asarray(velocity), jnp.asarray(sigma)), 1, eps=1e-3)


def test_a_profile_is_linear_between_its_nodes():
    profile = sl.stars.RadialProfile([1.0, 3.0], [100.0, 40.0])
    values = [float(profile(jnp.array([0.0, r, 5.0]))) for r in (0.0, 1.0, 2.5, 9.0)]
    assert values == pytest.approx([100.0, 100.0, 55.0, 40.0])
    with pytest.raises(ValueError, match=r"RadialProfile.values has shape \(3,\), radii has 2 nodes"):
        sl.stars.RadialProfile([1.0, 3.0], [1.0, 2.0, 3.0])


def test_a_grid_of_velocities_moves_a_galaxy():
    turning = sl.stars.Rotation([20.0], [200.0])  # a rigid body, which a linear grid holds exactly
    x, y = np.meshgrid([-20.0, 0.0, 20.0], [-20.0, 0.0, 20.0], indexing="ij")
    values = np.stack([-10.0 * y, 10.0 * x, 0 * x])[..., None] * np.ones(2)
    grid = sl.stars.VelocityGrid(values, half_widths=(20.0, 20.0, 5.0))
    place = jnp.array([3.0, -7.0, 1.0])
    np.testing.assert_allclose(grid(place), turning(place), atol=1e-9)
    with pytest.raises(ValueError, match="components last"):
        sl.stars.VelocityGrid(np.zeros((4, 3, 2, 3)), half_widths=(20.0, 20.0, 5.0))
