"""Fields made of neural networks: contracts, divergence of a potential, refusals, use in a simulator."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.testing import check_field, sample_positions


def network(outputs, activation=jax.nn.tanh):
    return eqx.nn.MLP(3, outputs, width_size=6, depth=1, activation=activation, key=jax.random.key(0))


FIELDS = {
    "field": lambda: sl.magnetic.Neural(network(3, jax.nn.silu), amplitude=2.0),
    "potential": lambda: sl.magnetic.Neural(network(3), amplitude=2.0, potential=True),
    "electrons": lambda: sl.electrons.Neural(network("scalar"), positivity="exp"),
    "cosmic rays": lambda: sl.cosmic_rays.Neural(network(1)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_contract(name):
    check_field(FIELDS[name]())


def test_contract_in_single_precision():
    with jax.enable_x64(False):
        check_field(FIELDS["potential"]())


def test_a_potential_has_no_divergence_and_the_curl_of_the_network():
    field, positions = FIELDS["potential"](), jnp.asarray(sample_positions(100))
    divergence = jax.vmap(sl.fields.divergence(field))(positions)
    b = jax.vmap(field)(positions)
    assert np.max(np.abs(divergence)) < 1e-12 * np.max(np.abs(b))

    def potential(x):
        return 2.0 * 5.0 * field.network(x / jnp.asarray(field.scale))

    step, x = 1e-5, positions[3]
    slope = np.stack([(potential(x + e) - potential(x - e)) / (2 * step) for e in step * jnp.eye(3)], axis=1)
    curl = [slope[2, 1] - slope[1, 2], slope[0, 2] - slope[2, 0], slope[1, 0] - slope[0, 1]]
    np.testing.assert_allclose(b[3], curl, atol=1e-8)


def test_densities_are_positive():
    positions = jnp.asarray(sample_positions(100))
    for name in ("electrons", "cosmic rays"):
        assert np.all(jax.vmap(FIELDS[name]())(positions) > 0)


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"must return 3 numbers"):
        sl.magnetic.Neural(network(2))
    with pytest.raises(ValueError, match=r"must return 1 number\."):
        sl.electrons.Neural(network(3))
    with pytest.raises(TypeError, match=r"eqx\.nn\.MLP"):
        sl.magnetic.Neural(lambda x: x)


def test_a_simulator_learns_the_weights(tmp_path):
    simulator = sl.Simulator(
        magnetic_field=FIELDS["potential"](),
        cosmic_rays=FIELDS["cosmic rays"](),
        emission=(sl.emission.Synchrotron(),),
    )
    lines = sl.Sightlines(sl.Directions(l=[10.0, 200.0], b=[5.0, -40.0]), cells=sl.RadialCells(cells=8, distance=5.0))
    gradient = eqx.filter_jit(eqx.filter_grad(lambda s: jnp.sum(s(lines, 1.4).I)))(simulator)
    weights = gradient.magnetic_field.network.layers[0].weight
    assert weights.shape == (6, 3)
    assert np.any(weights != 0)
    with pytest.raises(TypeError, match="no model file can hold"):
        sl.save(simulator, tmp_path / "model.npz")
    eqx.tree_serialise_leaves(tmp_path / "weights.eqx", simulator)
    blank = jax.tree.map(lambda leaf: 0 * leaf if eqx.is_array(leaf) else leaf, simulator)
    assert eqx.tree_equal(eqx.tree_deserialise_leaves(tmp_path / "weights.eqx", blank), simulator)
