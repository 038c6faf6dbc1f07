"""YMW16 against tables and dispersion measures of its public code, and its contract where it has corners."""

import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.electrons.ymw16 import YMW16
from sightline.sky.fields.electrons.ymw16_arms import YMW16Arms
from sightline.sky.fields.electrons.ymw16_bubble import YMW16LocalBubble
from sightline.sky.fields.electrons.ymw16_disk import (
    YMW16DiskShape,
    YMW16GalacticCentre,
    YMW16ThickDisk,
    YMW16ThinDisk,
)
from sightline.sky.fields.electrons.ymw16_local import YMW16Gum, YMW16LoopI
from sightline.testing import check_field

THRESHOLD = {"float64": 1e-6, "float32": 1e-4}
COLUMNS = {
    "thick": "ne1_thick",
    "thin": "ne2_thin",
    "arms": "ne3_arms",
    "galactic_centre": "ne4_gc",
    "gum": "ne5_gum",
    "local_bubble": "ne6_local_bubble",
    "loop_i": "ne7_loopI",
    "total": "ne_total",
}
GUM_LONGITUDE, GUM_LATITUDE = np.deg2rad(264), np.deg2rad(-4)
GUM = np.array(
    [
        0.45 * np.cos(GUM_LATITUDE) * np.cos(GUM_LONGITUDE) - 8.3,
        0.45 * np.cos(GUM_LATITUDE) * np.sin(GUM_LONGITUDE),
        0.45 * np.sin(GUM_LATITUDE),
    ]
)
LOOP = np.array([-8.106206, -0.010156, 0.010467])
LOOP_AXIS = np.array([0.0, np.cos(np.deg2rad(40)), np.sin(np.deg2rad(40))])
CORNERS = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.5],
        [1e-30, 0.0, 0.0],
        [0.0, -1e-9, 1e-9],
        [0.0, 0.05, -0.007],
        [-8.3, 0.0, 0.006],
        [-8.3, 0.0, 0.0],
        [-8.3, 0.0, 1.0],
        [-8.34, 0.0, 0.0],
        [-8.34 + 0.11 / 0.94, 0.0, 0.0],
        [-8.4, 0.0, 0.0],
        [0.0, 15.0, 0.0],
        [-1e-9, 7.65, 0.0],
        [1e-9, 7.65, 0.0],
        [30.0, 0.0, 10.0],
        [1e3, -1e3, 1e3],
        GUM,
        GUM + np.array([0.0, 0.0, 0.1258 * 1.4]),
        GUM + np.array([0.1258, 0.0, 0.0]),
        GUM + np.array([0.08, -0.09, 0.0]),
        LOOP,
        LOOP + 0.08 * LOOP_AXIS,
        LOOP - 0.08 * LOOP_AXIS,
    ]
)


PADDED = 2400  # positions, so that each function is compiled once


def everything(model, position):
    return jnp.stack([*model.components(position).values(), model(position)])


@eqx.filter_jit
def _densities(model, positions):
    return jax.vmap(everything, (None, 0))(model, positions)


def densities(positions, model=None):
    """All components and the total, (points, 8) cm^-3, at (points, 3) kpc."""
    positions = np.asarray(positions)
    padded = np.concatenate([positions, np.full((PADDED - len(positions), 3), 1.0)])
    return np.asarray(_densities(model or YMW16(), jnp.asarray(padded, float)))[: len(positions)]


@eqx.filter_jit
def gradient(model, positions):
    """Of the sum of all components at all points."""
    return eqx.filter_grad(lambda both: sum(map(jnp.sum, components(*both).values())))((model, positions))


def components(model, positions):
    return jax.vmap(model.components)(positions)


@eqx.filter_jit
def slopes(model, positions, step):
    """Derivatives and central differences, (points, 8), along a random direction of parameters, positions."""
    generator = np.random.default_rng(5)
    moving, rest = eqx.partition((model, positions), eqx.is_inexact_array)
    direction = jax.tree.map(lambda leaf: leaf * generator.normal(size=leaf.shape), moving)

    def moved(distance):
        leaves = jax.tree.map(lambda leaf, d: leaf + distance * d, moving, direction)
        return jax.vmap(everything, (None, 0))(*eqx.combine(leaves, rest))

    slope = jax.jvp(moved, (jnp.zeros(()),), (jnp.ones(()),))[1]
    before, after = jax.lax.map(moved, jnp.stack([-step, step]))
    return slope, (after - before) / (2 * step), direction


@pytest.fixture(scope="module")
def random():
    """Positions, (300, 3) kpc: in the Galaxy, about the Sun, and about the small components."""
    generator = np.random.default_rng(0)
    wide = generator.uniform(-1, 1, (100, 3)) * (18, 18, 4)
    sun = generator.normal(size=(100, 3)) * (0.3, 0.3, 0.1) - (8.3, 0, 0)
    near = np.repeat([GUM, LOOP], 40, axis=0) + 0.08 * generator.normal(size=(80, 3))
    centre = generator.normal(size=(20, 3)) * (0.2, 0.2, 0.05)
    return np.concatenate([wide, sun, near, centre])


def test_every_component_equals_the_published_table(precision, models):
    table = np.load(models / "tables" / "YMW16_public.npz")
    found = densities(table["pos_kpc"])
    assert found.dtype == precision
    for value, (name, column) in zip(found.T, COLUMNS.items(), strict=True):
        expected = table[column]
        assert np.sum((value - expected) ** 2) <= THRESHOLD[precision] ** 2 * np.sum(expected**2), name


def test_dispersion_measures_of_the_public_code(models):
    """Its midpoint rule: steps of 5 pc, or 1/200 of distances below 1 kpc, the last cut at the target."""
    table = np.load(models / "tables" / "DM_public.npz")
    distance, l, b = table["dist_kpc"], np.deg2rad(table["l_deg"]), np.deg2rad(table["b_deg"])
    step = np.where(distance < 1, distance / 200, 0.005)[:, None]
    near = np.arange(5000) * step
    middle, width = near + step / 2, np.clip(distance[:, None] - near, 0, step)
    direction = np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])
    positions = np.reshape([[-8.3], [0], [0.006]], (3, 1, 1)) + direction[:, :, None] * middle
    density = jax.jit(jax.vmap(YMW16(), in_axes=1))(positions.reshape(3, -1))
    found = 1e3 * np.sum(np.asarray(density).reshape(middle.shape) * width, axis=1)
    expected = table["DM_YMW16_stateless_midpoint"]
    left_out = json.loads((Path(__file__).parent / "left_out" / "YMW16.json").read_text())
    left_out = left_out["DM_YMW16_stateless_midpoint"]["indices"]
    np.testing.assert_allclose(np.delete(found, left_out), np.delete(expected, left_out), rtol=1e-4)


def test_gradients_are_finite_everywhere(precision, random):
    gradients = gradient(YMW16(), jnp.asarray(np.concatenate([CORNERS, random]), float))
    for leaf in jax.tree.leaves(eqx.filter(gradients, eqx.is_array)):
        assert leaf.dtype == precision
        assert np.all(np.isfinite(leaf))
    assert np.all(np.isfinite(densities(CORNERS)))


def test_derivatives_equal_central_differences(random):
    model, positions = YMW16(), jnp.asarray(np.concatenate([CORNERS, random]))
    slope, difference, direction = slopes(model, positions, jnp.asarray(1e-7))
    pairs = zip(*map(jax.tree.leaves, (gradient(model, positions), direction)), strict=True)
    np.testing.assert_allclose(np.sum(slope[:, :-1]), sum(jnp.vdot(a, b) for a, b in pairs), rtol=1e-10)
    assert np.all(np.isfinite(slope))
    slope, difference = np.asarray(slope)[len(CORNERS) :], np.asarray(difference)[len(CORNERS) :]
    scale = np.maximum(np.abs(slope), np.max(np.abs(slope), axis=0) * 1e-3)
    off = np.abs(slope - difference) > 1e-6 * scale
    assert np.all(np.sum(off, axis=0) <= 3)  # of 300 points, at hard edges


def test_contract_of_the_component_with_the_sharpest_shell():
    check_field(YMW16Gum())


def test_components_alone_are_those_of_the_whole(random):
    fields = (
        YMW16ThickDisk(),
        YMW16ThinDisk(),
        YMW16Arms(),
        YMW16GalacticCentre(),
        YMW16Gum(),
        YMW16LocalBubble(),
    )
    alone = jax.jit(jax.vmap(lambda x: jnp.stack([field(x) for field in (*fields, YMW16LoopI())])))(random)
    np.testing.assert_allclose(alone, densities(random)[:, :-1], rtol=1e-12)


def test_disks_share_one_shape():
    with pytest.raises(ValueError, match="thin has a shape of its own"):
        YMW16(thin=YMW16ThinDisk(shape=YMW16DiskShape()))
    flat = YMW16(shape=YMW16DiskShape(warp_slope=0.0))
    assert flat.sun == (-8.3, 0.0, 0.006)
    mirrored = [[0.0, 12.0, 1.0], [0.0, 12.0, -1.0]]
    above, below = densities(mirrored, flat)[:, -1]
    assert above == below
    above, below = densities(mirrored)[:, -1]
    assert above > 1.2 * below


def test_arms_have_no_gap_towards_the_far_side_of_the_solar_circle():
    """The public code drops them for 6.28 < theta < 2 pi: 0.1285 cm^-3 falls to 0.0150 at R = 7.65 kpc."""
    theta = np.linspace(6.27, 2 * np.pi + 0.01, 60)
    circle = 7.65 * np.stack([-np.sin(theta), np.cos(theta), 0 * theta], axis=1)
    np.testing.assert_allclose(densities(circle)[:, -1], 0.1285, rtol=0.02)


def test_column_through_the_thick_disk_and_crest_of_the_gum_shell():
    heights = np.linspace(-10, 10, 2001)
    line = np.stack([np.full_like(heights, -6.0), np.zeros_like(heights), heights], axis=1)
    np.testing.assert_allclose(np.sum(densities(line)[:, 0]) * 0.01, 2 * 0.01132 * 1.673, rtol=1e-4)
    shell = GUM + np.array([[0.1258, 0, 0], [0, -0.1258, 0], [0, 0, 1.4 * 0.1258], [0, 0, -1.4 * 0.1258]])
    np.testing.assert_allclose(densities(shell)[:, 4], 1.84, rtol=1e-9)


def test_wall_of_the_bubble():
    """By default the thick disk jumps there by the factor 0.48; smoothed, its radius can be fitted."""
    wall = -8.34 + 0.11 / 0.94
    sides = jnp.asarray([[wall - 1e-6, 0.0, 0.0], [wall + 1e-6, 0.0, 0.0]])
    inside, outside = densities(sides)[:, -1]
    assert 0.5 < inside / outside < 0.75

    @eqx.filter_jit
    def pair(radius):
        return jax.vmap(YMW16(local_bubble=YMW16LocalBubble(radius=radius), smooth=0.01))(sides)

    (inside, outside), slope = jax.jvp(pair, (jnp.asarray(0.11),), (jnp.ones(()),))
    np.testing.assert_allclose(inside, outside, rtol=1e-3)
    assert np.all(slope < -0.1)
