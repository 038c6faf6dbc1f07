"""Smooth galaxies: masses, images, speeds and histories against closed forms and integrals."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

import sightline as sl

AGES, METALS = jnp.array([0.03, 0.3, 1.0, 3.0, 10.0]), jnp.array([-2.3, -1.2, -0.4, 0.0, 0.4])
HISTORY = {"radii": [1.0, 4.0], "ages": [0.1, 1.0, 8.0], "metallicity": 0.1, "gradient": -0.05}


def tilted():
    return sl.stars.RadialHistory(**HISTORY, logits=[[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]], spread=0.15)


FIELDS = {
    "disk": lambda: sl.stars.ExponentialDisk(mass=3e4, scale_radius=2.5, scale_height=0.4),
    "sersic": lambda: sl.stars.Sersic(mass=1e4, effective_radius=1.3, index=2.5, axis_ratio=0.7),
    "rotation": lambda: sl.stars.Rotation([1.0, 3.0, 6.0], [90.0, 180.0, 200.0]),
}
HISTORIES = {
    "single": lambda: sl.stars.SingleAge(2.2, -0.7),
    "beyond": lambda: sl.stars.SingleAge(0.0, 3.0),
    "radial": tilted,
    "sharp": lambda: sl.stars.RadialHistory(**HISTORY),
    "as it comes": lambda: sl.stars.RadialHistory([0.0, 5.0, 10.0], [1.0, 5.0, 10.0]),
    "one radius": lambda: sl.stars.RadialHistory([2.0], [5.0], metallicity=-0.1, spread=0.3),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_keep_their_contract(name):
    sl.testing.check_field(FIELDS[name]())


@pytest.mark.parametrize("name", HISTORIES)
def test_histories_keep_their_contract(name, precision):
    sl.testing.check_history(HISTORIES[name]())


@pytest.mark.parametrize(("index", "radius"), [(0.6, 1.0), (1.0, 0.2), (4.0, 0.2), (10.0, 0.2)])
def test_a_spheroid_holds_its_mass_with_its_core(index, radius):
    spheroid = sl.stars.Sersic(1e9, radius, index)
    r = np.geomspace(1e-9, 1e6, 8001) * radius
    density = jax.vmap(lambda x: spheroid(jnp.stack([x, 0.0, 0.0])))(jnp.asarray(r))
    np.testing.assert_allclose(integrate.trapezoid(4 * np.pi * r**3 * density, np.log(r)), 1e9, rtol=1e-6)


def test_a_disk_holds_its_mass():
    disk = sl.stars.ExponentialDisk(mass=3e10, scale_radius=3.0, scale_height=0.3)
    radius, weight = np.polynomial.laguerre.laggauss(20)
    r, z = (grid.ravel() for grid in np.meshgrid(3 * radius, 0.3 * radius))
    area = (3 * weight[None, :] * 0.3 * weight[:, None]).ravel() * np.exp(r / 3 + z / 0.3)
    density = jax.vmap(disk)(jnp.stack([jnp.asarray(r), jnp.zeros(r.size), jnp.asarray(z)], axis=1))
    assert float(np.sum(2 * np.pi * r * area * 2 * np.asarray(density))) == pytest.approx(3e10, rel=1e-10)


@pytest.mark.parametrize("index", [0.8, 1.0, 2.0, 4.0, 8.0])
def test_a_spheroid_holds_its_mass_and_half_its_light(index):
    spheroid = sl.stars.Sersic(mass=1.0, effective_radius=2.0, index=index, core=1e-9)
    at = jax.jit(lambda r: spheroid(jnp.stack([r, 0 * r, 0 * r])))

    def shell(log_r, share=lambda r: 1.0):
        r = np.exp(log_r)
        return 4 * np.pi * r**3 * float(at(r)) * share(r)

    whole = integrate.quad(shell, -20, 12, limit=400)[0]
    seen = integrate.quad(
        shell, -20, 12, limit=400, args=(lambda r: 1 - np.sqrt(max(1 - (2.0 / r) ** 2, 0)),), points=[np.log(2.0)]
    )[0]
    assert whole == pytest.approx(1, rel=1e-7)
    assert seen == pytest.approx(0.5, abs=0.015)  # as close as the published p is


def test_a_flat_spheroid_has_the_same_mass():
    round_, flat = (sl.stars.Sersic(axis_ratio=q) for q in (1.0, 0.4))
    place = jnp.array([0.3, 0.4, 0.5])
    assert float(flat(place * jnp.array([1, 1, 0.4]))) == pytest.approx(float(round_(place)) / 0.4, rel=1e-12)


def test_rotation_is_anticlockwise_and_linear_between_nodes():
    curve = sl.stars.Rotation([1.0, 3.0], [90.0, 180.0])
    np.testing.assert_allclose(curve(jnp.array([0.0, 2.0, 1.0])), [-135, 0, 0])
    np.testing.assert_allclose(curve(jnp.array([-9.0, 0.0, 0.0])), [0, -180, 0])
    np.testing.assert_allclose(curve(jnp.array([0.5, 0.0, 0.0])), [0, 45, 0])
    from_centre = sl.stars.Rotation([0.0, 1.0, 3.0], [0.0, 90.0, 180.0])
    np.testing.assert_allclose(from_centre(jnp.array([0.5, 0.1, 0.0])), curve(jnp.array([0.5, 0.1, 0.0])))
    rigid = np.array([[0, -90, 0], [90, 0, 0], [0, 0, 0]])
    for one in (curve, from_centre):
        for way in (jax.jacfwd, jax.jacrev):
            np.testing.assert_allclose(way(one)(jnp.zeros(3)), rigid, atol=1e-12)
            np.testing.assert_allclose(way(one)(jnp.array([1e-9, 0.0, 2.0])), rigid, atol=1e-6)
    flat = sl.stars.Rotation([0.0], [200.0])
    assert np.all(np.isfinite(jax.jacrev(flat)(jnp.zeros(3))))


def test_one_age_is_bilinear():
    weights = sl.stars.SingleAge(np.sqrt(3.0), -0.1).weights(jnp.zeros(3), AGES, METALS)
    expected = np.zeros((5, 5))
    expected[2:4, 2:4] = np.outer([0.25, 0.75], [0.5, 0.5])
    np.testing.assert_allclose(weights, expected, atol=1e-12)
    young = sl.stars.SingleAge(0.0, -9.0).weights(jnp.zeros(3), AGES, METALS)
    assert float(young[0, 0]) == 1


def test_a_spread_of_metallicity_is_an_integral():
    history = sl.stars.RadialHistory([0.0], [1.0], metallicity=-0.3, gradient=0.0, spread=0.25)
    weights = history.weights(jnp.zeros(3), AGES, METALS)
    values = np.linspace(-3, 3, 200001)
    density = stats.norm(-0.3, 0.25).pdf(values) * (values[1] - values[0])
    hats = np.stack([np.interp(values, METALS, unit) for unit in np.eye(5)])
    np.testing.assert_allclose(weights[:, 2], hats @ density, atol=1e-9)
    assert float(jnp.sum(weights[:, 2] * METALS)) == pytest.approx(-0.3, abs=3e-3)


def test_a_radial_history_changes_with_radius():
    history = tilted()
    inner, outer = (history.shares(jnp.asarray(r)) for r in (0.0, 9.0))
    np.testing.assert_allclose(inner, jax.nn.softmax(jnp.array([0.0, 1.0, 2.0])))
    np.testing.assert_allclose(outer, jax.nn.softmax(jnp.array([1.0, 0.0, -1.0])))
    np.testing.assert_allclose(history.shares(jnp.asarray(2.5)), (inner + outer) / 2)
    metals = [float(jnp.sum(history.weights(jnp.array([r, 0.0, 1.0]), AGES, METALS).sum(1) * METALS)) for r in (1, 3)]
    assert metals[1] - metals[0] == pytest.approx(-0.1, abs=0.01)


def test_bad_stars_are_refused():
    disk, age = sl.stars.ExponentialDisk(), sl.stars.SingleAge(1.0)
    with pytest.raises(ValueError, match=r"ExponentialDisk.scale_height = 0.0 must be positive"):
        sl.stars.ExponentialDisk(scale_height=0.0)
    with pytest.raises(ValueError, match=r"Rotation.radii = \(3.0, 1.0\) must be numbers in a row, each larger"):
        sl.stars.Rotation([3.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"Rotation.speeds has shape \(3,\), radii has 2 nodes"):
        sl.stars.Rotation([1.0, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"RadialHistory.logits has shape \(3, 2\), not \(2 radii, 3 ages\)"):
        sl.stars.RadialHistory(**HISTORY, logits=np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"SingleAge.age is up to 8000 Gyr: are these Myr\? Give Gyr, 1e-3 times"):
        sl.stars.SingleAge(8e3)
    with pytest.raises(ValueError, match=r"RadialHistory.ages is up to 1e\+10 Gyr: are these years\?"):
        sl.stars.RadialHistory([0.0, 5.0], [1e8, 1e10])
    with pytest.raises(TypeError, match=r"Component.history is a ExponentialDisk"):
        sl.stars.Component(disk, dispersion=50.0, history=disk)
    with pytest.raises(TypeError, match=r"Component.density is a SingleAge"):
        sl.stars.Component(age, dispersion=50.0, history=age)
    with pytest.raises(TypeError, match=r"Component.velocity must return shape \(3,\) at a place, ExponentialDisk"):
        sl.stars.Component(disk, velocity=disk, history=age)


def test_a_component_is_what_it_was_made_of():
    rising = 40.0 * sl.electrons.Uniform(1.0)
    part = sl.stars.Component(FIELDS["disk"](), FIELDS["rotation"](), rising, history=tilted())
    assert float(part.prepare().dispersion_at(jnp.ones(3))) == 40
    colder = dataclasses.replace(part, dispersion=jnp.asarray(10.0))
    assert float(colder.dispersion_at(jnp.ones(3))) == 10
    assert part.structures().extent.bounded
    assert len(jax.tree.leaves(eqx.filter(part, eqx.is_inexact_array))) == 10
