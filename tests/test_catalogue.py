"""Line integrals to sources: cells that are refined at the structures of a model."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import sightline as sl
from sightline.sky.fields import Structures

SUN = np.array(sl.SUN)
CHUNK = 2**15


class Clumps(sl.fields.AbstractField):
    """Gaussian clumps on a smooth disk: n exp(-(d/r)^2) for d < 2.2 r."""

    density: jax.Array = sl.param((20.0, 5.0))
    radius: jax.Array = sl.param((0.004, 0.03), unit="kpc")
    centre: jax.Array = sl.param(((-7.3, 0.0, 0.006), (-8.3, 2.2, 0.01)), unit="kpc")

    def __call__(self, position):
        square = jnp.sum((position - self.centre) ** 2, axis=1) / self.radius**2
        clumps = jnp.where(square < 4.84, self.density * jnp.exp(-square), 0)
        return 0.03 * jnp.exp(-jnp.abs(position[2])) + jnp.sum(clumps)

    def structures(self):
        return Structures.balls(self.centre, 2.2 * self.radius)


class Silent(sl.fields.AbstractField):
    """The same, of a user who tells of no structures."""

    inner: Clumps = eqx.field(default_factory=Clumps)

    def __call__(self, position):
        return self.inner(position)

    def structures(self):
        return Structures.none()


@eqx.filter_jit
def densities(model, positions):
    return jax.vmap(model)(positions)


def column(model, sky, observer, step, start=0.0):
    """DM, pc cm^-3, by midpoints of steps of `step` kpc, the first shorter by `start` steps, the last one cut."""
    edges = [np.append(np.maximum(np.arange(0, d / step) - start, 0) * step, d) for d in sky.distance]
    middle, widths = (
        np.concatenate(v) for v in zip(*((0.5 * (e[1:] + e[:-1]), np.diff(e)) for e in edges), strict=True)
    )
    ray = np.repeat(np.arange(sky.size), [len(e) - 1 for e in edges])
    positions = np.array(observer) + middle[:, None] * sky.rays()[0].T[ray]
    padded = np.pad(positions, ((0, -len(positions) % CHUNK), (0, 0))).reshape(-1, CHUNK, 3)
    values = np.concatenate([densities(model, jnp.asarray(chunk, float)) for chunk in padded])[: len(ray)]
    return 1e3 * np.bincount(ray, values * widths)


def measured(model, sky, observer=sl.SUN, **changes):
    cells = sl.ResolvedCells(**changes) if changes else None
    simulator = sl.Simulator(electron_density=model)
    return np.asarray(simulator.dispersion_measure(sl.Sightlines(sky, cells, observer)))


SOURCES = sl.SourceCatalogue(
    l=[0.0, 0.0, 0.0, 0.05, 90.1, 120.0], b=[0.0, 0.0, 0.2, 0.1, 0.1, -40.0], distance=[3.0, 1.0, 6.0, 1.003, 8.0, 0.2]
)


def test_clumps_are_resolved(precision):
    """Behind, in and beside them, and where the model does not tell of them they are missed."""
    truth = column(Clumps(), SOURCES, sl.SUN, 5e-5)
    tolerance = 1e-4 if precision == "float64" else 5e-4
    np.testing.assert_allclose(measured(Clumps(), SOURCES), truth, rtol=tolerance)
    np.testing.assert_allclose(measured(Silent(), SOURCES)[5], truth[5], rtol=tolerance)
    assert abs(measured(Silent(), SOURCES)[2] / truth[2] - 1) > 0.05


def test_the_thinnest_count_where_there_are_too_many():
    centres = SUN + np.array([1.0, 0.0, 0.0]) * np.linspace(0.5, 2.9, 30)[:, None]
    wide = Structures.balls(centres, np.linspace(0.2, 0.1, 30))
    both = Structures.join(wide, Structures.balls(SUN + np.array([1.0, 0.0, 0.0]), 0.001))
    enter, leave = both.crossings(jnp.asarray(SUN), jnp.array([1.0, 0.0, 0.0]), jnp.asarray(3.0), 2)
    np.testing.assert_allclose(enter, [0.999, 2.8], atol=1e-9)
    np.testing.assert_allclose(leave, [1.001, 3.0], atol=1e-9)


def test_rays_that_start_or_end_within_a_structure_or_miss_it():
    shell = Structures.balls(SUN, [0.1, 0.2])
    axes = jnp.eye(3)

    def walls(structures, direction, length):
        return np.stack(structures.crossings(jnp.asarray(SUN), direction, jnp.asarray(length), 9)).T

    np.testing.assert_allclose(walls(shell, axes[1], 5.0), [[0, 0.1], [0, 0.2]], atol=1e-12)
    np.testing.assert_allclose(walls(shell, axes[1], 0.15), [[0, 0.1], [0, 0.15]], atol=1e-12)
    np.testing.assert_array_equal(walls(Structures.balls(-SUN, 0.1), axes[1], 99.0), [[0, 0]])
    np.testing.assert_allclose(walls(Structures.layer(1.0, 1.5), axes[2], 9.0), [[0.994, 1.494]], atol=1e-12)
    np.testing.assert_array_equal(walls(Structures.layer(1.0, 1.5), axes[0], 9.0), [[0, 0]])
    cylinder = Structures.ellipsoids((0.0, 0.0, 0.0), (0.3, 0.4, np.inf))
    np.testing.assert_allclose(walls(cylinder, axes[0], 99.0), [[8.0, 8.6]], atol=1e-12)


def test_wrappers_move_structures():
    moved = sl.fields.Rotated(2.0 * Clumps(), rotation=(0.0, 0.0, 90.0)).structures()
    np.testing.assert_allclose(moved.quadrics.centre, [[0, -7.3, 0.006], [-2.2, -8.3, 0.01]], atol=1e-12)
    np.testing.assert_allclose(jnp.linalg.norm(moved.quadrics.matrix, axis=2)[:, 0], [1 / 0.0088, 1 / 0.066])
    assert (Clumps() + sl.electrons.Uniform()).structures().size == 2
    assert (Clumps() * Clumps()).structures().size == 4
    assert sl.fields.Masked(sl.electrons.Uniform(), inside=lambda x: x[2] > 0).structures().size == 0
    assert sl.fields.Confined(Clumps(), radius=1.0).structures().size == 3


def test_walls_of_confined_fields_are_exact():
    """Constant densities in a ball and in a box off the axes, whose chords are known."""
    sky = sl.SourceCatalogue([10.0, 200.0], [5.0, -30.0], 9.0)
    ball = sl.fields.Confined(sl.electrons.Uniform(1.0), radius=0.7, centre=sl.SUN)
    np.testing.assert_allclose(measured(ball, sky), 700, rtol=1e-9)
    box = sl.fields.ConfinedToBox(sl.electrons.Uniform(1.0), half_widths=(0.5, 0.3, 0.1), centre=sl.SUN)
    reach = np.min([[0.5], [0.3], [0.1]] / np.abs(sky.rays()[0]), axis=0)
    np.testing.assert_allclose(measured(box, sky), 1e3 * reach, rtol=1e-9)


def test_no_map_box_ends_a_ray():
    far = sl.SourceCatalogue(0.0, 89.0, 40.0)
    np.testing.assert_allclose(measured(sl.electrons.Uniform(0.01), far), 400, rtol=1e-9)
    open_ended = sl.Sightlines(sl.Directions(0.0, 89.0), sl.ResolvedCells(distance=40.0))
    simulator = sl.Simulator(electron_density=sl.electrons.Uniform(0.01))
    np.testing.assert_allclose(simulator.dispersion_measure(open_ended), 400, rtol=1e-9)


def test_cells_that_are_given_are_plain():
    lines = sl.Sightlines(SOURCES, sl.RadialCells(cells=100))
    assert lines.widths.shape == (100,)
    expected = sl.Simulator(electron_density=Silent()).dispersion_measure(lines)
    np.testing.assert_array_equal(sl.Simulator(electron_density=Clumps()).dispersion_measure(lines), expected)


def test_rotation_and_emission_measures_share_the_cells():
    parts = {"magnetic_field": sl.magnetic.Uniform((2.0, 0.0, 0.0)), "electron_density": Clumps()}
    simulator = sl.Simulator(**parts)
    on_axis = sl.SourceCatalogue(180.0, 0.0, 3.0)
    seen = sl.Sightlines(on_axis, observer=(-5.3, 0.0, 0.006))
    dm = float(simulator.dispersion_measure(seen)[0])
    assert float(simulator.rotation_measure(seen)[0]) == pytest.approx(0.811901 * 2 * dm, rel=1e-6)
    clump = sl.Simulator(electron_density=Clumps(density=(20.0, 0.0)))
    expected = 20.0**2 * 4.0 * np.sqrt(np.pi / 2) + 2 * 20 * 0.03 * np.exp(-0.006) * 4.0 * np.sqrt(np.pi)
    expected += 3e3 * (0.03 * np.exp(-0.006)) ** 2
    assert float(clump.emission_measure(seen)[0]) == pytest.approx(expected, rel=5e-3)


def test_derivatives_pass_through_structures(precision):
    """Of the densities exactly, of places and sizes to the accuracy of the points; in both modes and under vmap."""
    lines = sl.Sightlines(SOURCES)

    @eqx.filter_jit
    def total(model):
        return jnp.sum(sl.Simulator(electron_density=model).dispersion_measure(lines))

    model = Clumps()
    slope = eqx.filter_grad(total)(model)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope))
    without = total(dataclasses.replace(model, density=(0.0, 0.0)))
    tolerance = 1e-9 if precision == "float64" else 1e-4
    np.testing.assert_allclose(jnp.sum(slope.density * model.density), total(model) - without, rtol=tolerance)
    _, forward = eqx.filter_jvp(total, (model,), (jax.tree.map(jnp.ones_like, model),))
    np.testing.assert_allclose(forward, sum(jnp.sum(leaf) for leaf in jax.tree.leaves(slope)), rtol=1e3 * tolerance)
    many = eqx.filter_vmap(lambda r: total(dataclasses.replace(model, radius=r)))(
        jnp.array([[4e-3, 0.03], [8e-3, 0.1]])
    )
    one = total(dataclasses.replace(model, radius=jnp.array([8e-3, 0.1])))
    np.testing.assert_allclose(many, jnp.stack([total(model), one]), rtol=tolerance)


def test_memory_does_not_grow_with_the_catalogue():
    def needed(count):
        lines = sl.Sightlines(sl.SourceCatalogue(np.linspace(0, 360, count), 3.0, 5.0))
        total = eqx.filter_value_and_grad(lambda s: jnp.sum(s.dispersion_measure(lines)))
        compiled = eqx.filter_jit(total).lower(sl.Simulator(electron_density=Clumps(), chunk=64)).compile()
        return compiled.compiled.memory_analysis().temp_size_in_bytes

    assert (needed(2560) - needed(640)) / 1920 < 300  # bytes a ray; one number at each of its points would be 3264


def test_slope_with_respect_to_the_size_of_a_clump():
    lines = sl.Sightlines(sl.SourceCatalogue(0.0, 0.0, 3.0))

    @eqx.filter_jit
    def measure(radius):
        model = Clumps(radius=jnp.stack([radius, jnp.asarray(0.03)]))
        return sl.Simulator(electron_density=model).dispersion_measure(lines)[0]

    expected = 2e4 * (np.sqrt(np.pi) * special.erf(2.2) - 4.4 * np.exp(-4.84))  # the cut stays where it is
    assert float(jax.grad(measure)(jnp.asarray(0.004))) == pytest.approx(expected, rel=1e-3)


NEAR = {
    "YMW16": sl.SourceCatalogue([264.0, 337.6, 195.0, 0.2], [-4.0, 2.8, 0.0, 0.1], [0.6, 15.8, 0.4, 8.3]),
    "NE2001": sl.SourceCatalogue([260.4, 263.5, 40.0, 0.9], [-1.8, -2.8, -5.0, 1.3], [0.53, 0.4, 0.3, 8.6]),
    "NE2025": sl.SourceCatalogue([105.98, 269.0, 5.3, 0.9], [0.26, -10.7, 27.2, 1.3], [0.09, 0.57, 1.7, 8.6]),
}


@pytest.mark.parametrize("name", NEAR)
def test_columns_through_the_structures_of_the_models(name):
    """The Gum Nebula, Loop I, the Local Bubble, clumps, voids and the Galactic centre, finely stepped."""
    model = getattr(sl.electrons, name)()
    truth = column(model, NEAR[name], model.sun, 5e-5)
    np.testing.assert_allclose(measured(model, NEAR[name], model.sun), truth, rtol=2e-3)


@pytest.mark.parametrize("name", NEAR)
def test_every_target_is_within_half_a_percent_of_its_column(name, models):
    """Of steps of 1 pc, the mean of two that start half a step apart: on a wall of a clump each errs by a percent."""
    table = np.load(models / "tables" / "DM_public.npz")
    sky, model = sl.SourceCatalogue(table["l_deg"], table["b_deg"], table["dist_kpc"]), getattr(sl.electrons, name)()
    truth = np.mean([column(model, sky, model.sun, 1e-3, start) for start in (0.0, 0.5)], axis=0)
    np.testing.assert_allclose(measured(model, sky, model.sun), truth, rtol=5e-3)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: sl.ResolvedCells(structures=0), ValueError, "structures = 0 must be a positive whole number"),
        (lambda: sl.ResolvedCells(cells=1.5), ValueError, "cells = 1.5"),
        (lambda: sl.ResolvedCells(distance=-1.0), ValueError, "distance = -1.0"),
        (lambda: sl.Sightlines(SOURCES, cells=64), TypeError, "sl.ResolvedCells"),
    ],
)
def test_bad_cells_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
