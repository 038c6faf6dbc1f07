"""KST24 against the table of a public code, div B = 0 of its halo, and what the paper says."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.magnetic.kst24 import KST24, KST24LocalBubble
from sightline.sky.fields.magnetic.kst24_arms import KST24Arms
from sightline.sky.fields.magnetic.kst24_halo import KST24Toroid, KST24XField
from sightline.testing import check_field, sample_positions

THRESHOLD = {"float64": 1e-9, "float32": 1e-4}
LOCI = [
    [0, 0, 0],
    [0, 0, 1],
    [-1, 0, 0.3],
    [1e-8, 0, -1],
    [-8.2, 0.095, -0.05],
    [0, 3, 0],
    [1e3, 0, 100],
    [1, 0, 1.185],
]


@eqx.filter_jit
def components(field, positions):
    return jax.vmap(lambda x: field.components(x) | {"total": field(x)})(positions)


@eqx.filter_jit
def gradients(field, positions):
    return eqx.filter_grad(lambda leaves: jnp.sum(jax.vmap(leaves[0])(leaves[1])))((field, positions))


def at(*positions, field=None):
    rows = np.zeros((4, 3))
    rows[: len(positions)] = positions
    values = components(KST24() if field is None else field, jnp.asarray(rows))
    return {name: np.asarray(value[: len(positions)]) for name, value in values.items()}


def test_the_sum_equals_the_published_table(precision, models):
    table = np.load(models / "tables" / "KST24_public.npz")
    values = components(KST24(), jnp.asarray(table["pos_kpc"], float))
    value, expected = np.asarray(values.pop("total")), table["B_total_muG"]
    assert value.dtype == precision
    assert np.sum((value - expected) ** 2) <= THRESHOLD[precision] ** 2 * np.sum(expected**2)
    np.testing.assert_allclose(sum(values.values()), value, atol=20 * np.finfo(precision).eps)


def test_contract():
    check_field(KST24())


@pytest.mark.parametrize("smooth", [0.0, 0.2])
def test_gradients_are_finite_everywhere_in_single_precision(smooth):
    with jax.enable_x64(False):
        parts = (KST24Toroid, KST24XField, KST24Arms, KST24LocalBubble)
        toroid, x_field, arms, bubble = (part(smooth=smooth) for part in parts)
        field = KST24(north=toroid, x_field=x_field, arms=arms, bubble=bubble)
        positions = jnp.asarray(np.concatenate([LOCI, sample_positions()]), float)
        of_field, of_positions = gradients(field, positions)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((of_field, of_positions)))
    assert np.all((of_field.arms.inner_radius != 0) == (smooth > 0))
    assert np.all((of_field.arms.exponent != 0) == (smooth > 0))


def test_derivative_of_soft_arms_equals_central_differences():
    """Away from the kinks of the published numbers: arms that do not flare, and one as high as the cap."""

    @jax.jit
    def compare(arms, move, positions):
        def of(arms):
            return jax.vmap(arms)(positions)

        _, slope = jax.jvp(of, (arms,), (move,))
        ahead = of(jax.tree.map(lambda a, m: a + 1e-5 * m, arms, move))
        behind = of(jax.tree.map(lambda a, m: a - 1e-5 * m, arms, move))
        return slope, (ahead - behind) / 2e-5

    arms = KST24Arms(smooth=0.2, flare=5 * (2.0,), max_width=1.31)
    move = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(1.0, 1 + leaf.size).reshape(leaf.shape)), arms)
    slope, difference = compare(arms, move, jnp.asarray(sample_positions(60)))
    np.testing.assert_allclose(slope, difference, atol=1e-6 * np.max(np.abs(slope)))


def test_no_divergence_of_the_halo_between_the_edges():
    for field in (KST24Toroid(), KST24XField()):
        slopes = jax.jit(jax.vmap(jax.jacfwd(field)))(jnp.asarray(sample_positions()))
        np.testing.assert_allclose(np.trace(slopes, axis1=1, axis2=2), 0, atol=1e-10)


def test_the_bubble_keeps_the_flux_and_displaces_the_rest():
    longitude, latitude, centre = np.deg2rad(50), np.deg2rad(2), np.asarray([-8.2, 0.095, -0.05])
    along = np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    across = np.asarray([np.sin(longitude), -np.cos(longitude), 0.0])
    values = at(*(centre + radius * across for radius in (0.201, 0.215, 0.229)), centre)
    np.testing.assert_allclose(values["bubble"][:3] @ along * (0.23**2 - 0.2**2), -3.5 * 0.23**2)
    np.testing.assert_array_equal(values["total"][:3], values["bubble"][:3])
    np.testing.assert_array_equal(values["total"][3], 0)


def test_arms_have_the_field_and_pitch_of_the_paper():
    """The axis of the Local arm on the Sun's side, and Perseus in and above the plane."""
    pitch, azimuth = np.deg2rad(20), np.pi
    local = 3 * np.exp(np.tan(pitch) * (azimuth - np.deg2rad(2.2))) - 0.15
    perseus = 3 * np.exp(np.tan(pitch) * (azimuth + np.deg2rad(46))) - 1
    axis, low, high = at([-local, 0, 0], [-perseus, 0, 0], [-perseus, 0, 0.8])["arms"]
    np.testing.assert_allclose(axis, -3.5 * np.asarray([-np.sin(pitch), -np.cos(pitch), 0]))
    np.testing.assert_allclose(low, 5.5 / 3.5 * high)


def test_arms_end_where_the_toroidal_halo_begins():
    lowered = dataclasses.replace(KST24(), north=KST24Toroid(bottom=0.1))
    position = [-8.2, 0.3, 0.15]
    assert np.any(at(position)["arms"] != 0)
    assert np.all(at(position, field=lowered)["arms"] == 0)
    np.testing.assert_allclose(np.linalg.norm(at(position, field=lowered)["north"]), 3.2)
