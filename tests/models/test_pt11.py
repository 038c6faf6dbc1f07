"""PT11 against tables of a public code, and what the paper says."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.magnetic.pt11 import PT11, PT11Disk, PT11Halo
from sightline.testing import check_field, sample_positions

THRESHOLD = {"float64": 1e-9, "float32": 1e-4}
LOCI = [[0, 0, 0], [0, 0, 1.3], [1e-8, 0, -1], [-8.5, 0, 0], [3, 4, 0], [0, 8, -1.3], [1e3, 0, 100], [1e-4, 1e-4, 50]]


@eqx.filter_jit
def components(field, positions):
    return jax.vmap(lambda x: field.components(x) | {"total": field(x)})(positions)


@eqx.filter_jit
def gradients(field, positions):
    return eqx.filter_grad(lambda leaves: jnp.sum(jax.vmap(leaves[0])(leaves[1])))((field, positions))


@pytest.mark.parametrize("variant", ["ASS", "BSS"])
def test_every_component_equals_the_published_table(variant, precision, models):
    table = np.load(models / "tables" / f"PT11_{variant}_public.npz")
    for name, value in components(PT11(variant), jnp.asarray(table["pos_kpc"], float)).items():
        value, expected = np.asarray(value), table[f"B_{name}_muG"]
        assert value.dtype == precision
        assert np.sum((value - expected) ** 2) <= THRESHOLD[precision] ** 2 * np.sum(expected**2), name


@pytest.mark.parametrize("make", [PT11, lambda: PT11Halo(smooth=0.1)], ids=["ASS", "smooth"])
def test_contract(make):
    check_field(make())


@pytest.mark.parametrize("variant", ["ASS", "BSS"])
def test_gradients_are_finite_everywhere(variant, precision):
    positions = jnp.asarray(np.concatenate([LOCI, sample_positions()]), float)
    for leaf in jax.tree.leaves(gradients(PT11(variant), positions)):
        assert leaf.dtype == precision
        assert np.all(np.isfinite(leaf))


def test_variants_and_replaced_components():
    with pytest.raises(ValueError, match="'ASS', 'BSS'"):
        PT11("BBS")
    north = dataclasses.replace(PT11("BSS"), halo=PT11Halo(b_south=0.0))
    assert north.disk.bisymmetric
    assert north.sun == (-8.5, 0.0, 0.0)
    np.testing.assert_array_equal(north.halo(jnp.asarray([-8.0, 0.0, -1.3])), 0)


@pytest.mark.parametrize("bisymmetric", [False, True])
def test_reversals_and_pitch_of_the_paper(bisymmetric):
    """The first reversal is 0.6 kpc inside the Sun's circle, where BSS changes its direction and ASS keeps it."""
    along = jnp.asarray([[-8.5, 0.0, 0.0], [-8.5 + 0.6, 0.0, 0.0], [-7.3, 0.0, 0.0]])
    sun, reversal, inside = np.asarray(jax.jit(jax.vmap(PT11Disk(bisymmetric=bisymmetric)))(along))
    np.testing.assert_allclose(np.hypot(*sun[:2]), 2.0)  # b0, by the normalisation with cos P
    np.testing.assert_allclose(np.rad2deg(np.arctan2(-sun[0], sun[1])), -5.0)  # clockwise, towards l = 90
    np.testing.assert_allclose(reversal, 0, atol=1e-12)
    assert (inside[1] < 0) == bisymmetric


def test_halo_is_two_opposite_rings():
    rings = jnp.asarray([[0.0, -8.0, 1.3], [0.0, -8.0, -1.3]])
    above, below = np.asarray(jax.jit(jax.vmap(PT11("BSS").halo))(rings))
    np.testing.assert_allclose(above, [4.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(below, -above, atol=1e-12)
