"""Networks that invert distributions."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl


@pytest.fixture(scope="module")
def network():
    law = sl.processes.InverseCompton()
    return sl.samplers.train(law, jax.random.key(1), widths=(8, 8), steps=1500, batch=256, target=3e-2)


def test_a_trained_network_inverts_the_law_at_every_b(network):
    u = jnp.linspace(0, 1, 101)
    cumulative = jax.jit(network.distribution.cumulative)
    both = jax.jit(jax.vmap(jax.value_and_grad(lambda u, b: network(u, b=b)), (0, None)))
    for b in (1e-8, 1e-3, 1.0, 1e4, 1e8):
        x, slope = both(u, b)
        error = cumulative(x, b=b) - u
        assert float(jnp.sqrt(jnp.mean(error**2))) < 5e-2
        np.testing.assert_allclose(x[jnp.array([0, -1])], [0, b / (1 + b)], rtol=1e-5)
        assert bool(jnp.all(jnp.isfinite(slope)))
    assert network.history.shape == (1500,)
    assert network.history[-1] < network.history[0]


def test_a_network_is_saved_and_loaded(network, tmp_path):
    sl.save(network, tmp_path / "network")
    assert sl.load(tmp_path / "network")(0.3, b=2.0) == network(0.3, b=2.0)


def test_bad_networks_are_refused(network):
    with pytest.raises(ValueError, match="layer 1"):
        dataclasses.replace(network, weights=(network.weights[0], network.weights[1][:, :3], network.weights[2]))
    with pytest.raises(ValueError, match="b = 1e"):
        network(0.5, b=1e12)
    with pytest.raises(ValueError, match=r"u = 1\.5"):
        network(1.5, b=1.0)
    with pytest.raises(ValueError, match="batch = 0"):
        sl.samplers.train(network.distribution, jax.random.key(0), steps=9, batch=(8, 0))
    with pytest.raises(ValueError, match="has 3 stages"):
        sl.samplers.train(network.distribution, jax.random.key(0), steps=2, batch=(8, 8, 8))
    with pytest.raises(ValueError, match="steps"):
        sl.samplers.train(network.distribution, jax.random.key(0), steps=0)
    with pytest.warns(sl.samplers.TrainingWarning, match="times the target"):
        sl.samplers.train(network.distribution, jax.random.key(0), widths=(4,), steps=3, batch=16)


def test_batches_grow_by_stages():
    """The same numbers as one batch in the first stage; in the last one the loss scatters as its batch says."""
    law, key, options = sl.processes.InverseCompton(), jax.random.key(3), {"widths": (6,), "steps": 300, "target": 1.0}
    one = sl.samplers.train(law, key, batch=16, **options)
    grown = sl.samplers.train(law, key, batch=(16, 64, 1024), **options)
    assert grown.history.shape == (300,)
    np.testing.assert_array_equal(grown.history[:100], one.history[:100])
    assert np.all(grown.history[100:110] != one.history[100:110])

    def scatter(history):
        return float(np.std(np.log(np.asarray(history[-60:]))))

    assert scatter(grown.history) < 0.4 * scatter(one.history)
