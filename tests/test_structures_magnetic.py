"""Published magnetic fields tell where they jump, where they end, and where their Sun is."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.fields import Structures
from sightline.sky.fields.shifted import suns
from sightline.sky.geometry.panels import equal, gauss, panel_edges

M = sl.magnetic
LONGITUDES, LATITUDES = (
    np.array([20.0, 75.0, 160.0, 250.0, 320.0, 340.0]),
    np.array([1.5, -4.0, 9.0, -2.0, 35.0, -60.0]),
)
WALLED = [
    *(M.LSA, M.KST24XField, M.KST24Arms, M.KST24LocalBubble),
    *(
        pytest.param(k, marks=pytest.mark.long)
        for k in (M.JF12, M.JF12Solenoidal, M.JF12RandomAmplitude, M.KST24Toroid)
    ),
]
COMPONENTS = [
    *(M.LSA(), M.JF12Disk(), M.JF12ToroidalHalo(), M.JF12XField(), M.JF12RandomAmplitude(), M.JF12Solenoidal()),
    *(M.KST24Arms(), M.KST24Toroid(), M.KST24XField(), M.KST24LocalBubble(), M.KST24(), M.PT11(), M.PT11Halo()),
    *(M.TF17(), M.TF17Halo(), M.TF17DiskA(), M.TF17DiskB(), M.TF17DiskD(), M.UF23(), M.UF23SpiralDisk()),
    *(M.UF23SpurDisk(), M.UF23ToroidalHalo(), M.UF23PoloidalHalo(), M.UF23ExponentialPoloidalHalo(), M.UF23("twistX")),
]


def directions():
    return jnp.asarray(sl.Directions(l=LONGITUDES, b=LATITUDES).rays()[0].T)


@eqx.filter_jit
def columns(field, structures, cells, rule):
    """Integrals of B^2 [uG^2 kpc] from the model's Sun."""
    sun = jnp.asarray(next(iter(suns(field))))

    def column(direction):
        edges = panel_edges(cells, structures, sun, direction, jnp.asarray(jnp.inf))
        places, widths = rule((edges[:-1], edges[1:]), 4)
        values = jax.vmap(lambda s: jnp.sum(jnp.square(field(sun + s * direction))))(places)
        return jnp.sum(values * widths)

    return jax.lax.map(column, directions())


def error(field, structures, cells):
    truth = columns(field, field.structures(), sl.ResolvedCells(cells=600), gauss)
    found = columns(field, structures, sl.ResolvedCells(cells=cells), equal)
    return float(jnp.sqrt(jnp.mean((found - truth) ** 2) / jnp.mean(truth**2)))


@pytest.mark.parametrize("kind", WALLED)
def test_hard_edges_cost_no_order(kind):
    """Twelve times the cells, and fewer for those that walls add, have less than a sixteenth of the error."""
    field = kind()
    known = field.structures()
    blind = dataclasses.replace(Structures.none(), extent=known.extent)
    few, many, without = error(field, known, 16), error(field, known, 192), error(field, blind, 192)
    assert many < max(few / 16, 1e-9)
    assert many < 0.1 * without + 1e-9


@pytest.mark.parametrize("field", COMPONENTS, ids=lambda field: type(field).__name__)
def test_every_component_has_a_sun_and_ends(field):
    assert len(suns(field)) == 1
    structures = eqx.filter_jit(lambda traced: traced.structures())(field)
    assert structures.extent.bounded
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(structures.quadrics))
    inside, _ = eqx.filter_jit(lambda s: s.extent.span(jnp.array([-8.5, 0.0, 0.0]), jnp.array([0.6, 0.0, 0.8])))(
        structures
    )
    assert np.isfinite(inside)


@pytest.mark.parametrize("field", [f for f in COMPONENTS if type(f) is not M.LSA], ids=lambda f: type(f).__name__)
def test_nothing_is_left_beyond_the_extent(field):
    """B^2, times the density of any disk, beyond where a field says that it ends."""
    structures = field.structures()
    sun = jnp.asarray(next(iter(suns(field))))

    def beyond(direction):
        start, stop = structures.extent.span(sun, direction)
        places = jnp.linspace(0.01, 60.0, 600)
        value = jax.vmap(lambda s: jnp.sum(jnp.square(field(sun + s * direction))))(places)
        outside = (places < start) | (places > stop)
        return jnp.sum(value), jnp.sum(jnp.where(outside, value, 0))

    total, lost = jax.jit(lambda d: jax.lax.map(beyond, d))(directions())
    assert np.all(lost <= 1e-6 * np.maximum(total, np.max(total) * 1e-6))


def test_a_uniform_field_has_neither_walls_nor_end():
    assert M.Uniform().structures().size == 0
    assert not M.Uniform().structures().extent.bounded


def test_a_model_speaks_for_its_components():
    moved = M.PT11(disk=M.PT11Disk(sun=(-8.2, 0.0, 0.0)))
    assert suns(moved) == {(-8.2, 0.0, 0.0)}
    assert suns(moved + M.TF17()) == {(-8.2, 0.0, 0.0), (-8.5, 0.0, 0.0)}


@pytest.mark.parametrize("kind", [M.UF23ToroidalHalo, M.TF17DiskB, M.PT11Disk])
def test_fields_that_turn_on_the_axis_are_resolved_there(kind):
    """The column of B_y on a ray through the axis, over that of |B|: ten times as right as without walls there.

    Rms over several numbers of cells: without walls it is right by chance for some.
    """
    field, course = kind(), jnp.array([np.cos(np.deg2rad(6.0)), 0.0, np.sin(np.deg2rad(6.0))])
    known, sun = field.structures(), jnp.asarray(next(iter(suns(field))))
    upright = np.asarray(known.quadrics.matrix[:, 2, 2]) == 0
    thin = upright & (np.asarray(known.quadrics.matrix[:, 0, 0]) > 1)  # cylinders of less than 1 kpc
    blind = dataclasses.replace(known, quadrics=jax.tree.map(lambda leaf: leaf[~thin], known.quadrics))

    @eqx.filter_jit
    def column(structures, cells):
        edges = panel_edges(sl.ResolvedCells(cells=cells), structures, sun, course, jnp.asarray(jnp.inf))
        places, widths = equal((edges[:-1], edges[1:]), 4)
        values = jax.vmap(lambda s: field(sun + s * course))(places)
        return jnp.sum(values[:, 1] * widths), jnp.sum(jnp.linalg.norm(values, axis=1) * widths)

    truth, size = column(known, 4000)
    found = [[float(column(one, cells)[0]) for cells in (64, 96, 128, 192)] for one in (known, blind)]
    error, without = np.sqrt(np.mean(np.square((np.array(found) - float(truth)) / float(size)), axis=1))
    assert np.any(thin)
    assert error < min(1.5e-3, 0.1 * without)


@pytest.mark.parametrize("preset", ["TF17-Bd1C1", "PT11-BSS"])
def test_clumps_of_electrons_leave_room_for_the_walls_at_the_axis(preset):
    """A ray over the centre, where the field winds: U was 10 % of its rms off where clumps took the place of walls."""
    preset = sl.presets.load(preset)
    lines = preset.simulator.sightlines(preset.sightlines(sl.Directions(l=[0.0], b=[9.594])))
    radius = np.abs(preset.observer[0] + np.asarray(lines.edges)[:, 0] * np.cos(np.deg2rad(9.594)))
    for wall in 0.8 * 0.6 ** np.arange(1, 12):
        assert np.sum(np.abs(radius - wall) < 1e-3 * wall) == 2
