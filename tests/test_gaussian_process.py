"""Gaussian processes: variance, correlation, coordinates, derivatives, and what they refuse."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.grids.gaussian import matern_field
from sightline.testing import check_field

KEY = jax.random.key(3)
BOX = {"shape": (9, 8, 5), "half_widths": (4.0, 4.0, 2.0)}
AXIAL = {"shape": (6, 1, 5), "half_widths": (20.0, 20.0, 5.0), "coordinates": "cylindrical", "lengths": (5.0, 1.0, 2.0)}
ROUND = {"shape": (6, 7, 5), "half_widths": (20.0, 20.0, 5.0), "coordinates": "cylindrical", "lengths": (5.0, 1.0, 2.0)}

FIELDS = {
    "box": lambda: sl.magnetic.GaussianProcess(rms=2.0, mean=sl.magnetic.LSA(), key=KEY, **BOX),
    "axial": lambda: sl.magnetic.GaussianProcess(rms=2.0, key=KEY, **AXIAL),
    "round": lambda: sl.magnetic.GaussianProcess(rms=2.0, key=KEY, **ROUND),
    "electrons": lambda: sl.electrons.GaussianProcess(median=sl.electrons.ExponentialDisk(), key=KEY, **BOX),
    "cosmic rays": lambda: sl.cosmic_rays.GaussianProcess(median=sl.cosmic_rays.ExponentialDisk(), key=KEY, **AXIAL),
}


@pytest.mark.parametrize("name", FIELDS)
def test_contract(name):
    check_field(FIELDS[name]())


@pytest.mark.parametrize("name", ["box", "round"])
def test_contract_in_single_precision(name):
    with jax.enable_x64(False):
        check_field(FIELDS[name]())


def test_variance_and_correlation_are_those_of_matern():
    """From the response to one latent; nu = 5/2 has the correlation (1 + a + a^2/3) e^-a, a = sqrt(5) d/l."""
    spacing, lengths = (0.5, 0.5, 0.4), (2.0, 2.0, 1.5)
    impulse = jnp.zeros((48, 48, 48)).at[3, 4, 5].set(1.0)
    response = matern_field(impulse, spacing, jnp.array(lengths), jnp.array(2.5))
    covariance = np.fft.ifftn(np.abs(np.fft.fftn(response)) ** 2).real
    assert covariance[0, 0, 0] == pytest.approx(1, rel=1e-12)
    for axis in range(3):
        a = np.sqrt(5) * np.arange(16) * spacing[axis] / lengths[axis]
        found = np.moveaxis(covariance, axis, 0)[:16, 0, 0]
        np.testing.assert_allclose(found, (1 + a + a * a / 3) * np.exp(-a), atol=0.015)
    known = {"median": 1.0, "rms": 0.7, "latents": impulse, "lengths": lengths}
    field = sl.electrons.GaussianProcess((40, 40, 40), (9.75, 9.75, 7.8), **known)
    np.testing.assert_allclose(field.process(), 0.7 * response[:40, :40, :40], atol=1e-12)


def test_lengths_that_outgrow_the_period_are_told():
    """It has room for 1.5 times those that the process was made with, whose walls were apart else by chance."""
    field = sl.electrons.GaussianProcess((9, 9, 5), (4.0, 4.0, 2.0), median=1.0, lengths=(1.0, 1.0, 1.0), key=KEY)
    for length, known in ((0.3, True), (1.5, True), (2.3, False), (6.0, False)):
        longer = eqx.tree_at(lambda f: f.lengths, field, jnp.full(3, length))
        assert bool(jnp.all(jnp.isfinite(longer.process()))) is known


def test_axial_symmetry():
    field = FIELDS["axial"]().prepare()
    turn = jnp.deg2rad(73.0)
    rotation = jnp.array([[jnp.cos(turn), -jnp.sin(turn), 0], [jnp.sin(turn), jnp.cos(turn), 0], [0, 0, 1.0]])
    place = jnp.array([5.0, 3.0, 1.0])
    np.testing.assert_allclose(field(rotation @ place), rotation @ field(place), rtol=1e-10)
    assert np.all(field(jnp.array([20.0, 1.0, 0.0])) == 0)


def test_cylindrical_nodes_go_round_without_a_seam():
    field = FIELDS["round"]().prepare()
    before, after = (field(jnp.array([-8.0, y, 0.3])) for y in (1e-9, -1e-9))
    np.testing.assert_allclose(before, after, rtol=1e-6)
    assert field.table.shape == (6, 8, 5, 3)
    np.testing.assert_array_equal(field.table[:, 0], field.table[:, -1])


def test_without_latents_it_is_its_mean():
    place = jnp.array([-3.0, 1.0, 0.3])
    field = sl.magnetic.GaussianProcess(mean=sl.magnetic.LSA(), **BOX).prepare()
    np.testing.assert_array_equal(field(place), sl.magnetic.LSA()(place))
    density = sl.electrons.GaussianProcess(median=0.03, **BOX).prepare()
    assert density(place) == 0.03


def test_hyperparameters_have_gradients():
    field = FIELDS["box"]()
    slope = eqx.filter_grad(lambda f: jnp.sum(f.prepare()(jnp.array([0.3, 0.2, 0.1]))))(field)
    assert all(float(jnp.max(jnp.abs(g))) > 0 for g in (slope.rms, slope.lengths, slope.smoothness, slope.latents))


def test_refusals():
    with pytest.raises(ValueError, match="shape"):
        sl.magnetic.GaussianProcess((8, 1, 8))
    with pytest.raises(ValueError, match="positive"):
        sl.magnetic.GaussianProcess((8, 8, 8), lengths=(1.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="do not cover"):
        sl.magnetic.GaussianProcess((8, 8, 8), latents=jnp.zeros((3, 8, 7, 8)))
    for nodes, length in ((8, 0.1), (9, 5.0)):  # opposite walls would be neighbours, or nearly
        given = {"latents": jnp.zeros((3, nodes, nodes, nodes)), "lengths": (length, length, 0.1)}
        with pytest.raises(ValueError, match="leave no room beside the"):
            sl.magnetic.GaussianProcess((8, 8, 8), **given)
    with pytest.raises(ValueError, match="not both"):
        sl.electrons.GaussianProcess((8, 8, 8), median=1.0, latents=jnp.zeros((8, 8, 8)), key=KEY)
    with pytest.raises(ValueError, match="prepare"):
        FIELDS["box"]()(jnp.zeros(3))
