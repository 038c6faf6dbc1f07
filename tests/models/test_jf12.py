"""The models of Jansson & Farrar against tables of public codes, div B = 0 and what the papers say."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.magnetic.jf12 import JF12, JF12Disk, JF12ToroidalHalo, JF12XField
from sightline.sky.fields.magnetic.jf12_random import JF12RandomAmplitude
from sightline.sky.fields.magnetic.jf12_solenoidal import JF12Solenoidal, JF12SolenoidalDisk, JF12SolenoidalXField
from sightline.testing import check_field, sample_positions

TABLES = {
    "JF12": (JF12, JF12RandomAmplitude),
    "JF12b": (JF12.planck, JF12RandomAmplitude.planck),
    "JF12sol": (JF12Solenoidal, JF12RandomAmplitude),
}
COMPONENTS = [JF12Disk, JF12ToroidalHalo, JF12XField]
COMPONENTS += [JF12SolenoidalDisk, JF12SolenoidalXField, JF12RandomAmplitude]
AXES = [(0, 0, 0), (0, 0, 2), (-3, 0, 0), (5, 0, 0), (0, 5, 0), (0, 0, 1), (-20, 0, 0), (99, 99, 99)]
EVERYWHERE = np.concatenate([np.asarray(AXES, float), sample_positions(300)])
THRESHOLD = {"float64": 1e-9, "float32": 1e-4}
STRIATION = 1.36


@eqx.filter_jit
def components(field, random, positions):
    """Every quantity of a table, by its name there."""

    def at(position):
        return {
            "B_disk_muG": field.disk(position),
            "B_toroidal_halo_muG": field.toroidal(position),
            "B_X_muG": field.x_field(position),
            "B_reg_muG": field(position),
            "B_turb_rms_muG": random(position),
        }

    return jax.vmap(at)(positions)


@eqx.filter_jit
def evaluate(field, positions):
    return jax.vmap(field)(positions)


@eqx.filter_jit
def gradients(field, positions):
    return jax.grad(lambda f, x: jnp.sum(jax.vmap(f)(x)), argnums=(0, 1))(field, positions)


@eqx.filter_jit
def along_a_direction(field, positions):
    """Derivative and central difference of the values along a direction in parameters and position together."""

    leaves, structure = jax.tree.flatten(field)

    def moved(t):
        growth = [1 + t * jnp.linspace(0.5, 1, leaf.size).reshape(leaf.shape) for leaf in leaves]
        other = jax.tree.unflatten(structure, map(jnp.multiply, leaves, growth))
        return jax.vmap(other)(positions + t * jnp.asarray([0.3, -0.4, 0.2]))

    step = 1e-5
    slope = jax.jvp(moved, (0.0,), (1.0,))[1]
    return slope, (moved(step) - moved(-step)) / (2 * step)


@eqx.filter_jit
def divergence(field, positions):
    return jax.vmap(lambda x: jnp.trace(jax.jacfwd(field)(x)))(positions)


def rms_difference(values, expected):
    return np.sqrt(np.sum((values - expected) ** 2) / np.sum(expected**2))


@pytest.mark.parametrize("name", TABLES)
def test_every_component_equals_the_published_table(name, precision, models):
    table = np.load(models / "tables" / f"{name}_public.npz")
    field, random = (make() for make in TABLES[name])
    values = components(field, random, jnp.asarray(table["pos_kpc"], float))
    values = {key: np.asarray(value) for key, value in values.items()}
    striated = np.sqrt(STRIATION, dtype=precision) * np.linalg.norm(values["B_reg_muG"], axis=1)
    values["B_striated_rms_muG"] = striated
    counted = (table["kind"] != 4) | (precision == "float64")  # kind 4 lies next to the edges
    for key, value in values.items():
        assert value.dtype == precision
        assert rms_difference(value[counted], table[key][counted]) <= THRESHOLD[precision], key


def test_another_public_code_differs_in_b8_and_the_southern_radius_only(models):
    table = np.load(models / "tables" / "JF12_synax_public.npz")
    distance = np.linalg.norm(table["pos_kpc"], axis=1)
    common = (distance > 1) & (distance < 20)  # it cuts at a cylinder
    disk = JF12Disk(b_arms=(0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0, 0.4298 / 0.156))
    field = JF12(disk=disk, toroidal=JF12ToroidalHalo(radius_south=16.7))
    values = evaluate(field, jnp.asarray(table["pos_kpc"]))
    assert rms_difference(values[common], table["B_reg_muG"][common]) <= 1e-9


@pytest.mark.parametrize("make", [JF12ToroidalHalo, JF12XField])
def test_contract(make):
    check_field(make())


@pytest.mark.parametrize("make", [JF12Disk, JF12SolenoidalDisk, JF12SolenoidalXField, JF12RandomAmplitude])
def test_slopes_equal_central_differences(make):
    slopes, differences = map(np.asarray, along_a_direction(make(), jnp.asarray(sample_positions())))
    wrong = np.abs(slopes - differences) > 1e-6 * np.max(np.abs(slopes))
    assert np.mean(wrong) < 0.01  # a few points have an edge within the step


@pytest.mark.parametrize(
    ("make", "smooth"),
    [*((make, 0.0) for make in COMPONENTS), *((make, 0.2) for make in COMPONENTS[:3])],
)
def test_single_precision_and_its_gradients_are_finite(make, smooth):
    with jax.enable_x64(False):
        of_field, of_position = gradients(make(smooth=smooth), jnp.asarray(EVERYWHERE, float))
        assert np.all(np.isfinite(of_position))
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(of_field))
        if smooth and hasattr(of_field, "arm_radii"):
            assert np.all(of_field.arm_radii != 0)


@pytest.mark.parametrize("make", [JF12, JF12Solenoidal])
def test_no_divergence_between_the_edges(make):
    assert np.max(np.abs(divergence(make(), jnp.asarray(sample_positions())))) < 1e-10


def test_no_flux_of_the_solenoidal_arms_through_a_cylinder():
    azimuth = 2 * np.pi * (np.arange(20000) + 0.5) / 20000
    normal = np.stack([np.cos(azimuth), np.sin(azimuth), 0 * azimuth], axis=1)
    positions = np.concatenate([5.5 * normal, 10.0 * normal, 19.5 * normal])
    field = np.asarray(evaluate(JF12SolenoidalDisk(), jnp.asarray(positions))).reshape(3, -1, 3)
    outwards = np.sum(field * normal, axis=2)
    assert np.all(np.abs(outwards.mean(axis=1)) < 1e-3 * np.abs(outwards).mean(axis=1))


def test_an_arm_has_the_amplitude_and_pitch_of_the_paper():
    bx, by, bz = evaluate(JF12Disk(), jnp.asarray([[-6.0, 0.0, 0.0]]))[0]  # in arm 2
    disk = 1 - 1 / (1 + np.exp(2 * 0.40 / 0.27))
    np.testing.assert_allclose(np.hypot(bx, by), 3.0 * 5 / 6 * disk)
    np.testing.assert_allclose(np.rad2deg(np.arctan2(-bx, -by)), 11.5)
    assert bz == 0


def test_the_x_field_mirrors_and_rises_at_its_elevation():
    above, below = np.asarray(evaluate(JF12XField(), jnp.asarray([[-9.0, 0.0, 2.0], [-9.0, 0.0, -2.0]])))
    np.testing.assert_allclose(above * (-1, 1, 1), below)
    np.testing.assert_allclose(np.rad2deg(np.arctan2(above[2], -above[0])), 49.0)
