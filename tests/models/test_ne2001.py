"""NE2001 and NE2025 against tables and dispersion measures of the public programs, and their papers."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.electrons.ne2001 import NE2001, NE2025, total
from sightline.sky.fields.electrons.ne2001_arm_shape import REACH, polyline
from sightline.sky.fields.electrons.ne2001_arms import NE2001SpiralArms, arm_distances
from sightline.sky.fields.electrons.ne2001_clumps import NE2001Clumps, NE2001Voids
from sightline.sky.fields.electrons.ne2001_disk import NE2001GalacticCentre, NE2001ThickDisk, NE2001ThinDisk
from sightline.sky.fields.electrons.ne2001_local import NE2001LocalHotBubble
from sightline.testing import check_field, sample_positions
from sightline.testing.derivatives import derivative_problems

THRESHOLD = {"float64": 1e-6, "float32": 1e-4}
CHUNK = 4096


@eqx.filter_jit
def _evaluate(model, positions):
    def densities(position):
        parts = model.components(position)
        return parts | {"ne_total": total(parts)}

    return jax.vmap(densities)(positions)


def evaluate(model, positions):
    """Components and total at positions, (n, 3) kpc, in chunks of one size, compiled once."""
    padded = np.pad(positions, ((0, -len(positions) % CHUNK), (0, 0)))
    chunks = [_evaluate(model, jnp.asarray(chunk, float)) for chunk in padded.reshape(-1, CHUNK, 3)]
    return {name: np.concatenate([chunk[name] for chunk in chunks])[: len(positions)] for name in chunks[0]}


def left_out(name, component):
    file = Path(__file__).parent / "left_out" / f"{name}.json"
    return json.loads(file.read_text()).get(component, {"indices": []})["indices"]


@pytest.mark.parametrize("model", [NE2001, NE2025])
def test_every_component_equals_the_published_table(model, precision, models):
    table = np.load(models / "tables" / f"{model.__name__}_public.npz")
    for name, value in evaluate(model(), table["pos_kpc"]).items():
        assert value.dtype == precision
        value, expected = (np.delete(v, left_out(model.__name__, name)) for v in (value, table[name]))
        error = np.sqrt(np.sum((value - expected) ** 2) / np.sum(1.0 * expected**2))
        assert error <= THRESHOLD[precision], name


@pytest.mark.parametrize("model", [NE2001, NE2025])
def test_dispersion_measures_of_the_published_programs(model, models):
    """Midpoints of steps of 10 pc, or a tenth of the distance, the last one shorter, from the model's Sun."""
    table = np.load(models / "tables" / "DM_public.npz")
    l, b, distance = np.deg2rad(table["l_deg"]), np.deg2rad(table["b_deg"]), table["dist_kpc"]
    direction = np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)], axis=1)
    step = np.minimum(0.01, 0.1 * distance)
    count = np.ceil(distance / step).astype(int)
    ray = np.repeat(np.arange(len(distance)), count)
    start = step[ray] * np.concatenate([np.arange(n) for n in count])
    positions = np.array(model.sun) + (start + 0.5 * step[ray])[:, None] * direction[ray]
    weights = 1e3 * np.minimum(step[ray], distance[ray] - start)
    found = np.bincount(ray, weights * evaluate(model(), positions)["ne_total"])
    np.testing.assert_allclose(found, table[f"DM_{model.__name__}"], rtol=5e-3)


@pytest.mark.parametrize(
    "field",
    [NE2001GalacticCentre(smooth=0.3), NE2001LocalHotBubble(smooth=0.1)],
    ids=lambda field: field.name,
)
def test_contract_of_components(field):
    check_field(field)


def places(model):
    """Where components begin, end, peak or bend, and ordinary places."""
    special = [
        (0, 0, 0),
        model.sun,
        (0, -0.01, -0.02),
        (-17.5, 0, 0),
        (3.8, 0, 0),
        (-8.5, 0, -0.16),
        (0, 0, 2.3),
    ]
    bends = np.insert(polyline(4)[:5], 2, 0, axis=1)
    peaks = *model.clumps.centre[:5], *model.voids.centre[:5]
    return jnp.asarray(np.concatenate([special, bends, peaks, [(1e3, 1e3, 0)], sample_positions(800)]), float)


def test_derivatives_of_disks_and_arms_equal_central_differences():
    parts = (NE2001ThickDisk(), NE2001ThinDisk(), NE2001SpiralArms())

    def density(tree):
        parts, positions = tree
        return sum(jax.vmap(part)(positions) for part in parts)

    assert not derivative_problems(density, (parts, places(NE2001())), "parameters and position")


def test_gradients_are_finite_in_single_precision():
    @jax.jit
    def gradients(model, positions):
        return jax.grad(lambda m, x: jnp.sum(jax.vmap(m)(x)), argnums=(0, 1))(model, positions)

    with jax.enable_x64(False):
        model = NE2001()
        for leaf in jax.tree.leaves(gradients(model, places(model))):
            assert np.all(np.isfinite(leaf))


def test_nearest_point_of_an_arm_is_that_of_a_search_of_all_of_it():
    x, y = np.random.default_rng(0).uniform(-16, 16, (2, 4000))
    found = np.stack(jax.jit(jax.vmap(arm_distances))(x, y))
    for spiral, distance in enumerate(found):
        squares = []
        for start, end in itertools.pairwise(polyline(spiral)):
            dx, dy, (ux, uy) = x - start[0], y - start[1], end - start
            along = np.clip((dx * ux + dy * uy) / (ux**2 + uy**2), 0, 1)
            squares.append((dx - along * ux) ** 2 + (dy - along * uy) ** 2)
        expected = np.sqrt(np.min(squares, axis=0))
        near = expected < REACH
        np.testing.assert_allclose(distance[near], expected[near], rtol=1e-12)
        assert np.all(distance[~near] >= REACH)


@pytest.mark.parametrize("model", ["NE2001", "NE2025"])
def test_clumps_looked_up_are_all_that_reach_a_point(model):
    clumps, generator = NE2001Clumps.of(model), np.random.default_rng(0)
    centre, radius, sharp = np.array(clumps.centre), np.array(clumps.radius), np.array(clumps.sharp)
    positions = np.repeat(centre, 5, axis=0)
    positions += generator.uniform(-2, 2, positions.shape) * np.repeat(radius, 5)[:, None]
    q = np.sum((positions[:, None] - centre) ** 2, axis=-1) / radius**2
    each = np.where(sharp, q < 1, np.where(q < 5, np.exp(-q), 0))
    found = jax.jit(jax.vmap(clumps))(positions)
    np.testing.assert_allclose(found, each @ np.asarray(clumps.density), rtol=1e-9, atol=1e-12)


def test_last_void_wins_and_displaces_all_but_clumps():
    voids = replace(NE2001Voids(), density=np.arange(17.0))
    values, weights = jax.jit(jax.vmap(voids.layer))(jnp.asarray(voids.centre))
    assert np.all(np.asarray(values) >= np.arange(17))
    np.testing.assert_array_equal(weights, 1)
    interarm = NE2001()
    np.testing.assert_allclose(interarm(jnp.asarray(interarm.voids.centre[11])), 0.01)


def test_column_of_the_thick_disk_at_the_sun():
    """33 pc cm^-3 perpendicular to the plane, the published n1 h1."""
    z = jnp.linspace(0.0, 15.0, 3001)
    density = jax.jit(jax.vmap(lambda z: NE2001ThickDisk()(jnp.stack([-8.5 + 0 * z, 0 * z, z]))))(z)
    np.testing.assert_allclose(np.trapezoid(density, z), 0.033, rtol=1e-5)


def test_smooth_edges_give_a_gradient_for_the_shape():
    def at_edge(region):
        return region(jnp.array([0.145, -0.01, -0.02]))

    assert eqx.filter_grad(at_edge)(NE2001GalacticCentre()).radius == 0
    assert eqx.filter_grad(at_edge)(NE2001GalacticCentre(smooth=0.1)).radius > 0


def test_catalogues_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        replace(NE2001Clumps(), density=np.zeros(3))
    with pytest.raises(ValueError, match="'NE2001', 'NE2025'"):
        NE2001Voids.of("YMW16")
