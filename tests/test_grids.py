"""Fields on grids: staggered potentials without divergence, refinement."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.grids import splines, staggered
from sightline.testing import check_field

HALF = (20.0, 15.0, 5.0)


def points(count, half=HALF, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, (count, 3)) * half)


def potential_grid(order, cells=(12, 9, 7), seed=0, **settings):
    generator = np.random.default_rng(seed)
    parts = (generator.normal(size=staggered.edge_shape(cells, axis, order)) for axis in range(3))
    return sl.magnetic.VectorPotentialGrid(*parts, half_widths=HALF, order=order, **settings)


@eqx.filter_jit
def values(field, positions):
    return jax.vmap(field.prepare())(positions)


@eqx.filter_jit
def divergences(field, positions):
    return jax.vmap(sl.fields.divergence(field))(positions)


@pytest.mark.parametrize(("order", "walls"), [(1, "closed"), (2, "open")])
@pytest.mark.long
def test_contract_of_the_potential(order, walls, precision):
    check_field(potential_grid(order, (4, 3, 3), walls=walls))


@pytest.mark.parametrize("order", [1, 2])
def test_divergence_vanishes_at_every_point(order):
    field, positions = potential_grid(order), points(10_000)
    cell = min(2 * half / n for half, n in zip(HALF, (12, 9, 7), strict=True))
    b = jnp.linalg.norm(values(field, positions), axis=1)
    assert float(jnp.max(jnp.abs(divergences(field, positions)) / (b / cell))) < 1e-10


@pytest.mark.parametrize("order", [1, 2])
def test_fields_are_continuous_as_documented(order):
    """Across faces the normal component, at second order all components, agree on both sides."""
    field, cells = potential_grid(order), (12, 9, 7)
    for axis in range(3):
        face = points(50, seed=axis).at[:, axis].set(-HALF[axis] + 2 * HALF[axis] * 3 / cells[axis])
        step = jnp.zeros(3).at[axis].set(1e-9)
        jump = np.max(np.abs(values(field, face + step) - values(field, face - step)), axis=0)
        assert jump[axis] < 1e-7
        assert np.all(np.delete(jump, axis) < 1e-7) == (order == 2)


@pytest.mark.parametrize("order", [1, pytest.param(2, marks=pytest.mark.long)])
def test_fluxes_are_those_of_the_potential(order):
    """Order 1: the mean of B over a face is exact. Both: the error falls with the square of the cell."""
    wave = jnp.array([0.3, 0.4, 0.5])

    def potential(x):
        return jnp.stack([jnp.sin(wave @ x), jnp.cos(wave @ x), jnp.sin(wave @ x + 1)])

    def exact(x):
        d = jnp.stack([jnp.cos(wave @ x), -jnp.sin(wave @ x), jnp.cos(wave @ x + 1)])
        return jnp.cross(wave, d)

    inner, errors = points(500, (15.0, 10.0, 4.0)), []
    for cells in ((16, 12, 8), (32, 24, 16)):
        field = sl.magnetic.VectorPotentialGrid.from_potential(potential, cells, HALF, order=order)
        errors.append(jnp.sqrt(jnp.mean((values(field, inner) - jax.vmap(exact)(inner)) ** 2)))
    assert errors[0] / errors[1] > (1.9 if order == 1 else 3.5)
    if order == 1:
        flux, h = field.prepare().flux[2][5, 6, 7], 2 * np.asarray(HALF) / cells
        corner = -np.asarray(HALF) + np.array([5, 6, 7]) * h
        nodes, weights = np.polynomial.legendre.leggauss(8)
        x, y = (corner[i] + 0.5 * (1 + nodes) * h[i] for i in (0, 1))
        places = jnp.asarray([[(a, b, corner[2]) for b in y] for a in x])
        mean = np.einsum("i,j,ij->", weights, weights, jnp.vectorize(exact, signature="(d)->(d)")(places)[..., 2]) / 4
        assert flux == pytest.approx(mean, rel=1e-7)


@pytest.mark.parametrize("order", [1, 2])
def test_refinement_and_gauge_change_nothing(order):
    field, positions = potential_grid(order, walls="closed"), points(300)
    np.testing.assert_allclose(values(field.refined(2), positions), values(field, positions), atol=1e-12)
    field = potential_grid(order)
    b = values(field, positions)
    np.testing.assert_allclose(values(field.refined(2), positions), b, atol=1e-12)
    np.testing.assert_allclose(values(field.refined(3), positions), b, atol=1e-12)
    gauge = np.random.default_rng(1).normal(size=tuple(n + order for n in (12, 9, 7)))
    moved = [
        getattr(field, f"potential_{name}") + np.diff(gauge, axis=axis) * (n / 2 / half)
        for axis, (name, n, half) in enumerate(zip("xyz", (12, 9, 7), HALF, strict=True))
    ]
    shifted = sl.magnetic.VectorPotentialGrid(*moved, half_widths=HALF, order=order)
    np.testing.assert_allclose(values(shifted, positions), b, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_closed_walls_let_no_flux_out(order):
    field = potential_grid(order, walls="closed")
    for axis in range(3):
        wall = points(50).at[:, axis].set(HALF[axis])
        b = values(field, wall)
        assert np.max(np.abs(b[:, axis])) < 1e-12
        assert np.max(np.abs(values(field, wall * 0.9))) > 0.1


def test_potentials_that_do_not_fit_are_refused():
    field = potential_grid(1)
    with pytest.raises(ValueError, match=r"do not fit together.*zeros"):
        dataclasses.replace(field, potential_y=field.potential_x)
    with pytest.raises(ValueError, match="half_widths"):
        sl.magnetic.VectorPotentialGrid.zeros((2, 2, 2), (1.0, 1.0, 0.0))
    with pytest.raises(ValueError, match=r"call \.prepare\(\) first"):
        field(jnp.zeros(3))


def test_potential_grids_survive_a_file(tmp_path):
    field = potential_grid(2, walls="closed")
    sl.save(field, tmp_path / "field.npz")
    assert eqx.tree_equal(sl.load(tmp_path / "field.npz"), field)


@pytest.mark.parametrize("factor", [2, 3])
def test_linear_grids_refine_exactly(factor):
    generator, positions = np.random.default_rng(0), points(300)
    for make, shape in (
        (sl.magnetic.Grid, (3, 6, 5, 4)),
        (sl.electrons.Grid, (6, 5, 4)),
        (sl.cosmic_rays.Grid, (6, 5, 4)),
    ):
        grid = make(generator.uniform(1, 2, shape), half_widths=HALF)
        fine = grid.refined(factor)
        assert fine.values.shape[-3:] == tuple(factor * (n - 1) + 1 for n in shape[-3:])
        np.testing.assert_allclose(values(fine, positions), values(grid, positions), rtol=1e-12)


def test_cubic_grids_refine_at_the_nodes():
    grid = sl.electrons.Grid(np.random.default_rng(0).uniform(1, 2, (6, 5, 4)), interpolation="cubic", half_widths=HALF)
    fine = grid.refined()
    np.testing.assert_allclose(fine.values[::2, ::2, ::2], grid.values, rtol=1e-12)
    place = jnp.asarray(sl.grids.nodes(fine.values.shape, HALF)[3, 5, 3])
    assert fine.values[3, 5, 3] == pytest.approx(float(grid.prepare()(place)), rel=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_splines_are_a_partition_of_unity(degree):
    ones = jnp.ones(tuple(n + degree for n in (3, 4, 5)))
    total = jax.vmap(lambda x: splines.evaluate(ones, (degree,) * 3, x, HALF))(points(20))
    np.testing.assert_allclose(total, 1, rtol=1e-14)


CELLS = (3, 4, 2)
PLACE = (-8.0, 1.0, 0.5)
KINDS = {
    "magnetic": lambda v, **k: sl.magnetic.Grid.from_cells(jnp.stack([v, -v, 2 * v]), **k),
    "electrons": lambda v, **k: sl.electrons.Grid.from_cells(v, **k),
    "cosmic rays": lambda v, **k: sl.cosmic_rays.Grid.from_cells(v, index=2.8, **k),
    "spectrum": lambda v, **k: sl.cosmic_rays.SpectrumGrid.from_cells(
        jnp.stack([v, v / 2**3]), (10.0, 20.0), reference_energy=10.0, **k
    ),
}


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("kind", KINDS)
def test_cells_have_their_values_at_their_centres(kind, interpolation):
    half = (1.5, 2.0, 0.5)
    values = jnp.asarray(np.random.default_rng(3).uniform(1, 2, CELLS))
    grid = KINDS[kind](values, half_widths=half, centre=PLACE, interpolation=interpolation).prepare()
    i, j, k = np.meshgrid(*map(np.arange, CELLS), indexing="ij")
    places = np.stack([i - 1, j - 1.5, 0.5 * (k - 0.5)], axis=-1) + PLACE  # cells of 1 x 1 x 0.5 kpc
    np.testing.assert_allclose(sl.grids.nodes(CELLS, half, PLACE, "cells"), places, rtol=1e-12)
    at = jax.jit(jax.vmap(grid.populations if kind == "spectrum" else grid))
    inside = jnp.asarray(places.reshape(-1, 3))
    step = jnp.asarray([0.49, -0.49, 0.24])
    corner = jnp.asarray([[-9.5, -1, 0], [-6.5, 3, 1]])  # of the box; one step beyond, nothing
    found = at(jnp.concatenate([inside, corner, corner + step * jnp.asarray([[-1.0], [1.0]])]))
    found = found[0].spectrum.logarithms[:, 0] if kind == "spectrum" else found
    found = jnp.exp(found) if kind == "spectrum" else found[:, 0] if kind == "magnetic" else found
    np.testing.assert_allclose(found[: values.size], values.ravel(), rtol=1e-12)
    np.testing.assert_allclose(found[values.size :][:2], [values[0, 0, 0], values[-1, -1, -1]], rtol=1e-12)
    if kind != "spectrum":
        np.testing.assert_array_equal(found[values.size + 2 :], 0)


@pytest.mark.long
def test_grids_move_with_their_centre():
    """Whatever a box holds is the same at the same place from its centre."""
    random, shift = np.random.default_rng(4), jnp.asarray(PLACE)
    key, half = jax.random.key(2), (2.0, 1.5, 1.0)
    swirl = lambda x: jnp.exp(-x @ x) * jnp.array([0.0, 0.0, 6.0])  # noqa: E731
    cylinder = {"shape": (4, 5, 3), "coordinates": "cylindrical", "key": key}
    builders = [
        lambda c: sl.magnetic.Grid(random_of((3, 4, 4, 3)), half_widths=half, centre=c),
        lambda c: sl.electrons.Grid(random_of((4, 4, 3)), half_widths=half, centre=c, interpolation="cubic"),
        lambda c: sl.magnetic.VectorPotentialGrid.from_potential(
            lambda x: swirl(x - jnp.asarray(c)), (4, 4, 4), half, order=2, centre=c
        ),
        lambda c: sl.magnetic.GaussianProcess(half_widths=half, lengths=1.0 * np.ones(3), centre=c, **cylinder),
        lambda c: sl.electrons.GaussianProcess((4, 4, 3), half, median=0.1, lengths=np.ones(3), key=key, centre=c),
        lambda c: sl.magnetic.Turbulent((4, 4, 4), half, outer_scale=4.0, key=key, centre=c),
    ]
    positions = jnp.asarray(random.uniform(-1.2, 1.2, (20, 3))) * jnp.asarray(half)
    for build in builders:
        at, moved = build((0.0, 0.0, 0.0)), build(PLACE)
        expected = jax.vmap(at.prepare())(positions)
        np.testing.assert_allclose(jax.vmap(moved.prepare())(positions + shift), expected, rtol=1e-9, atol=1e-12)
    finer = builders[2](PLACE).refined()
    assert finer.centre == PLACE
    np.testing.assert_allclose(finer.prepare()(shift + 0.3), builders[2](PLACE).prepare()(shift + 0.3), rtol=1e-9)


def random_of(shape):
    return np.random.default_rng(5).uniform(1, 2, shape)


@pytest.mark.parametrize("factor", [2, 3])
def test_cells_refine_at_their_centres(factor):
    half = (2.0, 1.5, 1.0)
    coarse = sl.electrons.Grid.from_cells(random_of((3, 4, 2)), half_widths=half, centre=PLACE)
    fine = coarse.refined(factor)
    assert fine.values.shape == (3 * factor, 4 * factor, 2 * factor)
    places = jnp.asarray(sl.grids.nodes(fine.values.shape, half, PLACE, "cells").reshape(-1, 3))
    np.testing.assert_allclose(jax.vmap(fine)(places), jax.vmap(coarse)(places), rtol=1e-12)


def test_boxes_that_make_no_sense_are_refused():
    values = jnp.ones((2, 2, 2))
    with pytest.raises(ValueError, match=r"Grid\.centre = \(1\.0, 2\.0\) must be a position"):
        sl.electrons.Grid(values, centre=(1.0, 2.0))
    with pytest.raises(ValueError, match="choose one of 'nodes', 'cells'"):
        sl.electrons.Grid(values, layout="corners")
    with pytest.raises(ValueError, match="layout = 'cell': choose one of"):
        sl.grids.nodes((2, 2, 2), (1.0, 1.0, 1.0), layout="cell")
    simulator = sl.Simulator(electron_density=sl.electrons.Grid(values, half_widths=(1, 1, 1), centre=sl.SUN))
    assert simulator.dispersion_measure(sl.Sightlines(sl.Directions(0.0, 0.0), cells=sl.RadialCells(200, 2.0)))[
        0
    ] == pytest.approx(1e3, rel=0.01)
    far = sl.Simulator(electron_density=sl.electrons.Grid(values, half_widths=(1, 1, 1), centre=(0.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match="does not contain the observer"):
        far.dispersion_measure(sl.Sightlines(sl.Directions(0.0, 0.0), cells=sl.RadialCells(20, 2.0)))


BOX = (20.0, 20.0, 5.0)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_slopes_at_nodes_are_those_of_one_side(interpolation):
    """The plane z = 0 is one of nodes where their number is odd: there, too, a slope is no half of one."""
    nodes = sl.grids.nodes((5, 5, 5), BOX)
    linear = np.array([[0.2, 0.1, 0.3], [0.4, -0.5, 0.2], [0.1, 0.6, 0.3]])
    grid = sl.magnetic.Grid(
        jnp.moveaxis(jnp.asarray(nodes @ linear.T), -1, 0), half_widths=BOX, interpolation=interpolation
    )
    slopes = jax.jit(jax.vmap(jax.jacfwd(grid.prepare())))
    places = jnp.asarray([[0.0, 0.0, 0.0], [1.0, 0.2, 2.5], [-10.0, 10.0, -2.5], [20.0, -20.0, 5.0]])
    np.testing.assert_allclose(slopes(places), np.broadcast_to(linear, (4, 3, 3)), atol=1e-12)


def test_dispersion_measures_along_a_plane_of_nodes_move_with_the_observer():
    nodes = sl.grids.nodes((5, 5, 11), BOX)
    density = sl.electrons.Grid(jnp.asarray(0.03 * (1 + 0.1 * nodes[..., 2])), half_widths=BOX)
    sources = sl.SourceCatalogue(l=[30.0], b=[0.0], distance=[3.0])

    def measure(z):
        lines = sl.Sightlines(sources, observer=jnp.asarray([-8.178, 0.3, 0.0]).at[2].set(z))
        return sl.observables.DispersionMeasure(lines)(sl.Simulator(electron_density=density))[0]

    assert float(jax.grad(measure)(0.0)) == pytest.approx(9.0, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_divergence_on_faces_of_cells_vanishes(order):

    def flow(x):
        return jnp.exp(-x @ x / 50) * jnp.array([0.0, 3.0, 6.0])

    field = sl.magnetic.VectorPotentialGrid.from_potential(flow, (16, 16, 8), BOX, order=order).prepare()
    slopes = jax.jit(jax.vmap(jax.jacfwd(field)))(jnp.asarray([[2.5, 0.3, 0.7], [5.0, 1.0, 1.25], [2.5, 2.5, 0.4]]))
    assert np.max(np.abs(np.trace(slopes, axis1=1, axis2=2))) < 1e-12


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_boxes_off_the_centre_hold_their_own_walls(interpolation, precision):
    """Places on walls are rounded: (c + X) - c may be larger than X."""
    shape, box = (7, 9, 5), {"half_widths": (7.3, 11.7, 3.1), "centre": (-8.178, 0.4, 0.03)}
    grid = sl.electrons.Grid(jnp.ones(shape), interpolation=interpolation, **box)
    assert np.all(np.abs(grid.refined(2).values - 1) < 1e-5)
    nodes = jnp.asarray(sl.grids.nodes(shape, **box)).reshape(-1, 3)
    np.testing.assert_allclose(jax.jit(jax.vmap(grid.prepare()))(nodes), 1, rtol=1e-5)
