"""Factors of photon spectra: closed forms, where they jump, derivatives, both precisions, bad input."""

import math

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import toy_sky  # noqa: F401  (double precision)
from sightline.xray.spectra.absorption import MorrisonMcCammon
from sightline.xray.spectra.factors import (
    Edge,
    ExponentialFactor,
    FermiDirac,
    GaussianAbsorption,
    HighEnergyCutoff,
    PartialCovering,
)

DIP = 0.4 / (0.2 * math.sqrt(2 * math.pi))
CASES = {  # factor, energy, value
    "edge": (Edge(7.0, 0.8), 8.0, math.exp(-0.8 * (7 / 8) ** 3)),
    "below an edge": (Edge(7.0, 0.8), 6.999, 1.0),
    "at an edge": (Edge(7.0, 0.8), 7.0, math.exp(-0.8)),
    "line": (GaussianAbsorption(6.7, 0.2, 0.4), 6.9, math.exp(-DIP * math.exp(-0.5))),
    "cut-off": (HighEnergyCutoff(10.0, 15.0), 22.0, math.exp(-0.8)),
    "below a cut-off": (HighEnergyCutoff(10.0, 15.0), 9.0, 1.0),
    "exponential": (ExponentialFactor(2.0, 0.7, 1.0), 3.0, 1 + 2 * math.exp(-2.1)),
    "below an exponential": (ExponentialFactor(2.0, 0.7, 1.0), 0.9, 1.0),
    "Fermi-Dirac": (FermiDirac(20.0, 8.0), 30.0, 1 / (1 + math.exp(10 / 8))),
    "covered": (PartialCovering(Edge(7.0, 0.8), 0.3), 8.0, 0.7 + 0.3 * math.exp(-0.8 * (7 / 8) ** 3)),
}
each = pytest.mark.parametrize(("factor", "energy", "value"), CASES.values(), ids=CASES)


@each
def test_values(factor, energy, value):
    assert float(factor(jnp.asarray(energy))) == pytest.approx(value, rel=1e-12)


@each
def test_derivatives(factor, energy, value):
    del value
    inside = (factor, jnp.asarray(energy + 1e-4))
    params, static = eqx.partition(inside, eqx.is_inexact_array)

    def value(params):
        one, energy = eqx.combine(params, static)
        return one(energy)

    slope = jax.jvp(value, (params,), (jax.tree.map(jnp.ones_like, params),))[1]
    back = sum(jax.tree.leaves(jax.grad(value)(params)))
    up, down = (jax.tree.map(lambda leaf, s=s: leaf + s * 1e-6, params) for s in (1, -1))
    np.testing.assert_allclose([slope, back], (value(up) - value(down)) / 2e-6, rtol=1e-7, atol=1e-9)


@jax.jit
def both(factor, energies):
    return jax.vmap(lambda e: jax.value_and_grad(lambda one, e: one(e), argnums=(0, 1))(factor, e))(energies)


@each
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_everything_is_finite_in_both_precisions(factor, energy, value, dtype):
    del energy, value
    factor = jax.tree.map(lambda leaf: leaf.astype(dtype), factor)
    energies = jnp.concatenate([jnp.geomspace(1e-3, 1e4, 50, dtype=dtype), factor.jumps().astype(dtype)])
    found, slope = both(factor, energies)
    assert found.dtype == dtype
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in [found, *jax.tree.leaves(slope)])


def test_bins_are_cut_where_factors_jump_and_move_with_them():
    jumps = {name: np.asarray(case[0].jumps()).tolist() for name, case in CASES.items()}
    assert jumps["edge"] == jumps["covered"] == [7.0]
    assert jumps["cut-off"] == [10.0]
    assert jumps["exponential"] == [1.0]
    assert jumps["Fermi-Dirac"] == []
    np.testing.assert_allclose(jumps["line"], 6.7 + 0.2 * np.arange(-5, 6))
    assert PartialCovering(MorrisonMcCammon(1.0), 0.5).jumps().tolist() == MorrisonMcCammon(1.0).jumps().tolist()
    assert jax.grad(lambda energy: Edge(energy, 1.0).jumps()[0])(7.0) == 1


def test_a_line_within_a_bin_is_integrated():
    """Two nodes between the cuts give the equivalent width of a narrow line."""
    line = GaussianAbsorption(6.7, 0.001, 0.002)
    x, half = 1 / math.sqrt(3), 0.5 * 0.001
    middle = np.asarray(line.jumps())[:-1] + half
    found = half * sum(1 - float(line(jnp.asarray(e + s * x * half))) for e in middle for s in (-1, 1))
    depth = np.exp(-0.5 * np.linspace(-5, 5, 20001) ** 2) * 2 / math.sqrt(2 * math.pi)
    assert found == pytest.approx(0.001 * np.trapezoid(1 - np.exp(-depth), dx=10 / 20000), rel=1e-4)


def test_units_and_bad_input():
    assert float(HighEnergyCutoff(1e4 * u.eV, 15.0).cutoff) == 10.0
    with pytest.raises(ValueError, match="must be positive"):
        GaussianAbsorption(6.7, 0.0, 0.1)
    with pytest.raises(ValueError, match="outside its bounds"):
        PartialCovering(Edge(7.0, 1.0), 1.5)
    with pytest.raises(ValueError, match="outside its bounds"):
        Edge(7.0, -1.0)
    with pytest.raises(TypeError, match="is no factor"):
        PartialCovering(1.0, 0.5)
