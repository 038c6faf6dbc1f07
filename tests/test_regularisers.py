"""Regularisers against analytic values, and what they refuse."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.statistics import Gaussian, Likelihood

RANDOM = np.random.default_rng(11)
HALF = (4.0, 2.0, 1.0)
SHAPE = (9, 5, 3)
NODES = sl.grids.nodes(SHAPE, HALF)


def linear_grid(matrix):
    """B = M x, which a linear grid holds exactly."""
    return sl.magnetic.Grid(jnp.asarray(np.moveaxis(NODES @ np.asarray(matrix).T, -1, 0)), half_widths=HALF)


def test_smoothness():
    grid = jnp.asarray(RANDOM.normal(size=(3, 4, 5, 2)))
    model = {"g": {"values": grid}}
    smooth = sl.Smoothness("*.values", weight=9.0, axes=(-4, -3, -2))
    expected = 9 * sum((np.diff(grid, axis=axis) ** 2).sum() for axis in (0, 1, 2))
    np.testing.assert_allclose(jnp.sum(smooth.residuals(model) ** 2), expected, rtol=1e-12)
    np.testing.assert_allclose(smooth.log_density(model), -expected / 2, rtol=1e-12)
    with pytest.raises(ValueError, match="matches no leaf"):
        smooth.residuals({"g": grid})
    with pytest.raises(ValueError, match="has no axes"):
        smooth.residuals({"g": {"values": grid[0, 0]}})
    with pytest.raises(ValueError, match="from the end"):
        sl.Smoothness("g", weight=1.0, axes=(0,))
    with pytest.raises(ValueError, match="names an axis twice"):
        sl.Smoothness("g", weight=1.0, axes=(-1, -1))
    with pytest.raises(ValueError, match="one for each axis"):
        sl.Smoothness("g", weight=jnp.ones(2))
    with pytest.raises(ValueError, match="positive"):
        sl.Smoothness("g", weight=jnp.array([1.0, 0.0, 1.0]))


def test_smoothness_of_slopes_and_by_axis():
    """v = a x^2 + b y: along x second differences are 2 a h^2 and b is free; first ones along y are b h."""
    x, y = NODES[..., 0], NODES[..., 1]
    model = {"values": jnp.asarray(0.5 * x**2 + 3.0 * y)}
    curved = sl.Smoothness("values", weight=4.0, order=2)
    np.testing.assert_allclose(curved.log_density(model), -0.5 * 4.0 * 7 * 5 * 3 * 1.0, rtol=1e-12)
    steep = sl.Smoothness("values", weight=jnp.array([1e-30, 2.0, 5.0]))
    np.testing.assert_allclose(steep.log_density(model), -0.5 * 2.0 * 9 * 4 * 3 * 9.0, rtol=1e-12)


def test_total_variation_counts_the_height_of_edges_whatever_their_direction():
    model = {"values": jnp.asarray(RANDOM.normal(size=(2, 1, 1, 1))) + jnp.zeros((2, 6, 6, 6))}
    total = sl.TotalVariation("values", weight=2.0, softening=1e-9)
    assert total.log_density(model) == 0
    jump = jnp.array([3.0, -4.0])[:, None, None, None]
    for axis in (1, 2, 3):
        later = (jnp.arange(6) >= 4).reshape([-1 if a == axis else 1 for a in range(4)])
        stepped = {"values": model["values"] + jump * later.astype(float)}
        np.testing.assert_allclose(total.log_density(stepped), -2.0 * 5.0 * 36, rtol=1e-7)
    slope = jax.grad(lambda m: total.log_density(m))(model)
    assert jnp.all(slope["values"] == 0)


def test_total_variation_of_flat_voxels_counts_the_area_of_edges():
    """A box of 6 x 3 x 1.5 kpc in 6^3 voxels, cut by edges of height 5 at right angles to each axis."""
    sides = (1.0, 0.5, 0.25)
    total = sl.TotalVariation("values", weight=2.0, softening=1e-9, sides=sides)
    for axis, area in enumerate((3.0 * 1.5, 6.0 * 1.5, 6.0 * 3.0)):
        later = (jnp.arange(6) >= 4).reshape([-1 if a == axis else 1 for a in range(3)])
        stepped = {"values": 5.0 * later.astype(float) + jnp.zeros((6, 6, 6))}
        np.testing.assert_allclose(total.log_density(stepped), -2.0 * 5.0 * area / 0.125 ** (2 / 3), rtol=1e-7)
    values = {"values": jnp.asarray(RANDOM.normal(size=(2, 4, 4, 4)))}
    cubes, old = (sl.TotalVariation("values", 2.0, 0.1, sides=s).log_density(values) for s in ((3.0, 3.0, 3.0), None))
    np.testing.assert_allclose(cubes, old, rtol=1e-12)
    for bad in ((1.0, 2.0), (1.0, 2.0, -1.0)):
        with pytest.raises(ValueError, match=r"TotalVariation\.sides"):
            sl.TotalVariation("values", 2.0, 0.1, sides=bad)


@pytest.mark.parametrize("sides", [(1.0, 1.0, 1.0), (1.0, 0.5, 2.0)])
def test_strengths_keep_with_finer_voxels_as_documented(sides):
    """A Gaussian of width 1 kpc costs the same in voxels half as large, with the weights of docs/grids.md."""

    def cost(finer, prior):
        half = 3.0 * np.array(sides)
        nodes = sl.grids.nodes((32 * finer + 1,) * 3, half)
        bump = jnp.asarray(np.exp(-0.5 * np.sum((nodes / np.array(sides)) ** 2, axis=-1)))
        grid = sl.magnetic.Grid(jnp.stack([bump, bump, -bump]), half_widths=tuple(half))
        places = sl.grids.centres(grid.values.shape, half), nodes.reshape(-1, 3)
        return float(prior(float(finer), *places).log_density(grid))

    def variation(e):
        return lambda f, *_: sl.TotalVariation("values", 3.0 / f**2, e / f, sides=sides)

    priors = {
        "first": lambda f, *_: sl.Smoothness("values", 3.0 / f),
        "second": lambda f, *_: sl.Smoothness("values", 3.0 * f, order=2),
        "rough": variation(1e-3),
        "soft": variation(10.0),
        "divergence": lambda f, centres, _: sl.DivergencePenalty(centres, 0.1 * f**1.5, field=""),
        "near": lambda f, _, nodes: sl.Proximity(sl.magnetic.Uniform(jnp.zeros(3)), nodes, 0.1 * f**1.5, field=""),
    }
    for name, prior in priors.items():
        np.testing.assert_allclose(cost(2, prior), cost(1, prior), rtol=0.02, err_msg=name)


def test_smoothness_needs_nodes_enough():
    model = {"values": jnp.zeros((3, 4, 2))}
    with pytest.raises(ValueError, match=r"shape \(3, 4, 2\) has 2 nodes along axis -1, and order = 2 needs 3: leave"):
        sl.Smoothness("values", weight=1.0, order=2).log_density(model)
    assert sl.Smoothness("values", weight=1.0, axes=(-2, -3), order=2).residuals(model).shape == (3 * 2 * 2 + 4 * 2,)
    flat = sl.Smoothness("values", weight=1.0).residuals({"values": jnp.zeros((1, 4, 2))})
    assert flat.shape == (3 * 2 + 4,)  # one node is no axis


def test_total_variation_is_smoothness_below_its_softening():
    model = {"values": jnp.asarray(1e-3 * RANDOM.normal(size=(4, 4, 4)))}
    soft = sl.TotalVariation("values", weight=6.0, softening=30.0)
    smooth = sl.Smoothness("values", weight=6.0 / 30.0)
    np.testing.assert_allclose(soft.log_density(model), smooth.log_density(model), rtol=1e-6)


def test_divergence_of_a_linear_field_is_its_trace():
    matrix = RANDOM.normal(size=(3, 3))
    model = {"field": linear_grid(matrix)}
    centres = sl.grids.centres(SHAPE, HALF)
    assert centres.shape == (8 * 4 * 2, 3)
    penalty = sl.DivergencePenalty(centres, scale=0.1, field="field")
    with pytest.raises(ValueError, match="field"):
        penalty.residuals(model)  # a dict has no attributes
    alone = sl.DivergencePenalty(centres, scale=0.1, field="")
    np.testing.assert_allclose(alone.residuals(model["field"]), np.trace(matrix) / 0.1, rtol=1e-10)


def test_proximity_and_energy():
    field = linear_grid(2.0 * np.eye(3))
    points = jnp.asarray(RANDOM.uniform(-0.9, 0.9, (50, 3)) * HALF)
    near = sl.Proximity(sl.magnetic.Uniform([1.0, 0.0, 0.0]), points, scale=jnp.linspace(1, 2, 50), field="")
    apart = 2 * points - jnp.array([1.0, 0.0, 0.0])
    expected = -0.5 * np.sum((np.asarray(apart) / np.linspace(1, 2, 50)[:, None]) ** 2)
    np.testing.assert_allclose(near.log_density(field), expected, rtol=1e-12)
    rms = float(jnp.sqrt(jnp.mean(jnp.sum((2 * points) ** 2, axis=1))))
    for bounds, distance in {(0.0, rms - 0.3): 0.3, (rms + 0.2, 99.0): 0.2, (rms - 1, rms + 1): 0.0}.items():
        bound = sl.EnergyBound(points, bounds=bounds, scale=0.5, field="")
        np.testing.assert_allclose(bound.log_density(field), -0.5 * (distance / 0.5) ** 2, rtol=1e-10, atol=1e-15)
    none = sl.EnergyBound(points, bounds=(1.0, 2.0), scale=0.5, field="")
    slope = eqx.filter_grad(none.log_density)(linear_grid(np.zeros((3, 3))))
    assert jnp.all(jnp.isfinite(slope.values))
    with pytest.raises(ValueError, match="bounds"):
        sl.EnergyBound(points, bounds=(2.0, 1.0), scale=0.5)
    with pytest.raises(ValueError, match="scale"):
        sl.Proximity(sl.magnetic.LSA(), points, scale=jnp.ones(3))


def test_a_posterior_with_any_function_of_the_field():
    field = sl.magnetic.Uniform([1.0, 2.0, 3.0])
    space = sl.ParameterSpace(field, {"b": dist.Normal(0.0, 10.0).expand((3,)).to_event(1)})
    likelihood = Likelihood(lambda model: model(jnp.zeros(3)), jnp.array([1.0, 2.0, 3.0]), Gaussian(jnp.ones(3)))
    prior = sl.FieldPrior(lambda found: -jnp.sum(jnp.abs(found(jnp.ones(3)))), field="")
    free, bound = (sl.Posterior(space, likelihood, regularisers=r) for r in ((), (prior,)))
    np.testing.assert_allclose(bound.log_posterior({}) - free.log_posterior({}), -6.0, rtol=1e-12)
    assert free.has_residuals()
    assert not bound.has_residuals()
    with pytest.raises(ValueError, match="FieldPrior is no sum of squares"):
        bound.residuals({})
    with pytest.raises(ValueError, match="one number"):
        sl.FieldPrior(lambda found: found(jnp.ones(3)), field="").log_density(field)
    with pytest.raises(ValueError, match="name a field"):
        sl.FieldPrior(lambda found: 0.0).log_density(
            sl.Simulator(electron_density=sl.electrons.Uniform(), magnetic_field=None)
        )


@pytest.mark.parametrize("kind", ["divergence", "variation", "proximity", "energy", "smooth"])
def test_gradients_equal_central_differences(kind, precision):
    grid = linear_grid(np.ones((3, 3)))
    noise = jnp.asarray(RANDOM.normal(size=grid.values.shape), grid.values.dtype)
    grid = eqx.tree_at(lambda g: g.values, grid, grid.values.astype(noise.dtype) + noise)
    points = sl.grids.centres(SHAPE, HALF)
    prior = {
        "divergence": lambda: sl.DivergencePenalty(points, scale=1.0, field=""),
        "variation": lambda: sl.TotalVariation("values", weight=1.0, softening=0.5),
        "proximity": lambda: sl.Proximity(sl.magnetic.LSA(), points, scale=1.0, field=""),
        "energy": lambda: sl.EnergyBound(points, bounds=(0.0, 0.1), scale=0.1, field=""),
        "smooth": lambda: sl.Smoothness("values", weight=1.0, order=2),
    }[kind]()
    height = jax.jit(lambda v: prior.log_density(eqx.tree_at(lambda g: g.values, grid, v)))
    step = 1e-5 if precision == "float64" else 1e-2
    way = jnp.asarray(RANDOM.normal(size=noise.shape), noise.dtype)
    slope = jnp.sum(jax.grad(height)(grid.values) * way)
    differences = (height(grid.values + step * way) - height(grid.values - step * way)) / (2 * step)
    assert height(grid.values).dtype == precision
    np.testing.assert_allclose(slope, differences, rtol=1e-7 if precision == "float64" else 2e-2)
