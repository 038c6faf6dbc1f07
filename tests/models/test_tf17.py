"""TF17 against tables of a public code, div B = 0, and the field lines of the papers."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.magnetic.tf17 import TF17, TF17Halo
from sightline.sky.fields.magnetic.tf17_disk import TF17DiskA, TF17DiskB, TF17DiskD
from sightline.testing import check_field, sample_positions

THRESHOLD = {"float64": 1e-9, "float32": 1e-4}
LOCI = [[0, 0, 0], [0, 0, 1], [1e-8, 0, -1], [-3, 0, 0], [3, 4, 0], [1, 0, 1.5], [1e3, 0, 100], [1e-4, 1e-4, 50]]
DISKS = {"Ad1": TF17DiskA, "Bd1": TF17DiskB, "Dd1": TF17DiskD}
VARIANTS = [disk + halo for disk in DISKS for halo in ("C0", "C1")]


@eqx.filter_jit
def evaluate(field, positions):
    return jax.vmap(field)(positions)


@eqx.filter_jit
def slopes(field, positions):
    return jax.vmap(jax.jacfwd(field))(positions)


@eqx.filter_jit
def gradients(field, positions):
    return eqx.filter_grad(lambda leaves: jnp.sum(jax.vmap(leaves[0])(leaves[1])))((field, positions))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_component_equals_the_published_table(variant, precision, models):
    table = np.load(models / "tables" / f"TF17_{variant}_public.npz")
    field, positions = TF17(variant), jnp.asarray(table["pos_kpc"], float)
    values = {"disk": evaluate(field.disk, positions), "halo": evaluate(field.halo, positions)}
    values["total"] = values["disk"] + values["halo"]
    for name, value in values.items():
        value, expected = np.asarray(value), table[f"B_{name}_muG"]
        assert value.dtype == precision
        assert np.sum((value - expected) ** 2) <= THRESHOLD[precision] ** 2 * np.sum(expected**2), name


def test_the_field_is_the_sum_of_its_components():
    field, position = TF17("Bd1C0"), jnp.asarray([-6.0, 2.0, 0.3])
    total, terms = eqx.filter_jit(lambda f, x: (f(x), f.components(x)))(field, position)
    np.testing.assert_allclose(total, terms["disk"] + terms["halo"])


@pytest.mark.parametrize("component", [TF17DiskA, TF17DiskD, TF17Halo])
def test_contract(component):
    check_field(component())


@pytest.mark.parametrize("disk", [TF17DiskA, TF17DiskB, TF17DiskD])
def test_gradients_are_finite_everywhere_in_single_precision(disk):
    with jax.enable_x64(False):
        soft = {} if disk is TF17DiskB else {"smooth": 0.2}
        positions = jnp.asarray(np.concatenate([LOCI, sample_positions()]), float)
        for field in (disk(**soft), TF17(disk=disk())):
            of_field, of_positions = gradients(field, positions)
            assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((of_field, of_positions)))
            assert of_positions.dtype == jnp.float32


@pytest.mark.parametrize("field", [TF17DiskA(), TF17DiskB(), TF17DiskD(), TF17Halo(), TF17Halo(phase=None)])
def test_no_divergence(field):
    jacobian = np.asarray(slopes(field, jnp.asarray(sample_positions())))
    scale = np.sqrt(np.sum(jacobian**2, axis=(1, 2)))
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2) / scale, 0, atol=1e-9)


def test_poloidal_field_is_along_the_lines_of_the_papers():
    """dr/dz or dz/dr of each family of lines, at a point where r^ = x^."""
    x, z = 6.0, 0.4
    fields = (TF17Halo(), TF17DiskA(), TF17DiskB(), TF17DiskD())
    halo, a, b, d = (np.asarray(evaluate(field, jnp.asarray([[x, 0.0, z]]))[0]) for field in fields)
    opening, flare, ratio, w = 0.33, 0.031, x / 3, 1.5 / z
    np.testing.assert_allclose(halo[0] / halo[2], 2 * opening * x * z / (1 + opening * z * z))
    np.testing.assert_allclose(a[2] / a[0], 2 * flare * x * z / (1 + flare * x * x))
    np.testing.assert_allclose(b[2] / b[0], z / x * (2 * ratio**0.5 - 2 / ratio**2) / (1 / ratio**2 + 4 * ratio**0.5))
    np.testing.assert_allclose(d[0] / d[2], x / z * (1 / w - w**0.5) / (2 * w**0.5 + 1 / w))


def test_variants_and_replaced_components():
    for variant in VARIANTS:
        field = TF17(variant)
        assert isinstance(field.disk, DISKS[variant[:3]])
        assert (field.halo.phase is None) == variant.endswith("C0")
        assert eqx.tree_equal(field.disk.spiral, field.halo.spiral)
    with pytest.raises(ValueError, match="'Ad1C0', 'Ad1C1'"):
        TF17("Cd1C0")
    mixed = dataclasses.replace(TF17("Bd1C0"), halo=TF17Halo())
    assert isinstance(mixed.disk, TF17DiskB)
    assert mixed.halo.b1 == 9
