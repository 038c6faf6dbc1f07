"""The models of Unger & Farrar against tables of a public code, div B = 0, field lines and what the authors quote."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sightline.sky.fields.magnetic.uf23 import UF23
from sightline.sky.fields.magnetic.uf23_disk import UF23SpiralDisk, UF23SpurDisk
from sightline.sky.fields.magnetic.uf23_halo import UF23ToroidalHalo, UF23TwistedHalo
from sightline.sky.fields.magnetic.uf23_parameters import UF23_ERRORS, UF23_PARAMETERS
from sightline.sky.fields.magnetic.uf23_poloidal import UF23ExponentialPoloidalHalo, UF23PoloidalHalo
from sightline.testing import check_field, sample_positions

THRESHOLD = {"float64": 1e-9, "float32": 1e-4}
# Between them they have every component.
FIELDS = {
    "twistX": functools.partial(UF23, "twistX"),
    "spur and expX": functools.partial(UF23, "spur", poloidal=UF23ExponentialPoloidalHalo()),
}
PLACES = [
    (0, 0, 0),
    (0, 0, 2),
    (0, 0, -9),
    (-3, 0, 0),
    (0, 5, 0),
    (0, 0, 1e-30),
    (7, 0, -1e-12),
    (1e-9, 0, 0),
    (18, 24, 0),
]
PLACES += [(20, 0, 0.8), (-9.4, 1, 1e-6), (99, 99, 99), (0, 0, 29), (-1e4, 1e4, 1e4)]
EVERYWHERE = np.concatenate([np.asarray(PLACES, float), sample_positions(300)])


@eqx.filter_jit
def evaluate(field, positions):
    return jax.vmap(field)(positions)


@eqx.filter_jit
def gradients(field, positions):
    """Values, and the gradients of their sum with respect to the parameters and the position."""

    def total(moving, positions):
        values = jax.vmap(eqx.combine(moving, rest))(positions)
        return jnp.sum(values), values

    moving, rest = eqx.partition(field, eqx.is_inexact_array)
    of, values = jax.grad(total, argnums=(0, 1), has_aux=True)(moving, positions)
    return values, *of


def columns(field):
    """The fields that the columns of a table hold."""
    yield "B_total_muG", field
    yield "B_disk_muG", field.disk
    if isinstance(field.poloidal, UF23TwistedHalo):
        yield "B_halo_twisted_muG", field.poloidal
        yield "B_halo_poloidal_muG", field.poloidal.poloidal
    else:
        yield "B_halo_toroidal_muG", field.toroidal
        yield "B_halo_poloidal_muG", field.poloidal


@eqx.filter_jit
def tabulate(field, positions):
    return {name: jax.vmap(part)(positions) for name, part in columns(field)}


@pytest.mark.parametrize("variant", UF23_PARAMETERS)
def test_every_component_equals_the_published_table(variant, precision, models):
    table = np.load(models / "tables" / f"UF23_{variant}_public.npz")
    for name, value in tabulate(UF23(variant), jnp.asarray(table["pos_kpc"], float)).items():
        assert value.dtype == precision
        exact = table[name]
        difference = np.sqrt(np.sum((value - exact) ** 2, axis=0) / np.maximum(np.sum(exact**2, axis=0), 1e-30))
        assert np.max(difference) <= THRESHOLD[precision], name


def test_values_that_the_authors_quote_and_zero_beyond_30_kpc():
    positions = [(1, 1, 1), (1, 3, 2), (0, 18, 23.99), (0, 18, 24.01)]
    values = evaluate(UF23("base"), jnp.asarray(positions, float))
    np.testing.assert_allclose(values[0], (-1.4686, 1.6456, 0.8357), atol=5e-5)
    np.testing.assert_allclose(values[1], (-1.7697, 0.85706, 0.66356), atol=5e-5)
    assert np.any(values[2] != 0)
    assert np.all(values[3] == 0)


@pytest.mark.parametrize("name", FIELDS)
def test_contract(name):
    check_field(FIELDS[name]())


@pytest.mark.parametrize(("name", "smooth"), [("twistX", 0.5), ("spur and expX", 0.0)])
def test_single_precision_and_its_gradients_are_finite(name, smooth):
    with jax.enable_x64(False):
        field = jax.tree.map(lambda leaf: leaf.astype(float), FIELDS[name](smooth=smooth))
        found = gradients(field, jnp.asarray(EVERYWHERE, float))
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found))
        assert (found[1].radius != 0) == (smooth > 0)


@pytest.mark.parametrize(
    "halo",
    [
        UF23ToroidalHalo(),
        UF23PoloidalHalo(),
        UF23ExponentialPoloidalHalo(),
        UF23TwistedHalo(UF23PoloidalHalo(), rotation_radius=4.0),
        UF23SpiralDisk(inner_radius=0.0, outer_radius=99.0, edge_width=0.1),
    ],
    ids=lambda halo: type(halo).__name__,
)
def test_no_divergence(halo):
    positions = sample_positions()
    positions = positions[np.hypot(*positions.T[:2]) > 6.1]  # from where on r g(r) of that disk is constant
    jacobian = jax.jit(jax.vmap(jax.jacfwd(halo)))(jnp.asarray(positions))
    assert np.max(np.abs(np.trace(jacobian, axis1=1, axis2=2))) < 1e-10


def test_poloidal_field_is_tangential_to_its_lines():
    halo, a, z = UF23ExponentialPoloidalHalo(), 4.0, np.linspace(-6, 6, 13)

    def line(z):
        p, scale = halo.exponent, halo.line_radius
        w = jnp.abs(z / (scale * jnp.tan(jnp.deg2rad(halo.line_angle)))) ** p
        return a * (1 + w / (1 + (a / scale) ** p)) ** (1 / p)

    slope = jax.jit(jax.vmap(jax.grad(line)))(z + 1e-9)
    bx, _, bz = evaluate(halo, jnp.stack([line(z), 0 * z, z], axis=1)).T
    np.testing.assert_allclose(bx / bz, slope, atol=1e-7)


def test_infinite_a_is_the_limit_of_the_lines():
    closed = UF23PoloidalHalo()
    scale = 1e6
    angle = np.rad2deg(np.arctan(closed.height / scale))
    lines = UF23ExponentialPoloidalHalo(exponent=closed.exponent, line_radius=scale, line_angle=angle)
    (r, z), (r_limit, z_limit) = (jax.jit(jax.vmap(halo.meridional))(sample_positions()) for halo in (closed, lines))
    np.testing.assert_allclose(r / z, r_limit / z_limit, rtol=1e-6, atol=1e-9)


def test_twist_is_that_of_the_rotation():
    halo = UF23("twistX").poloidal

    def omega(r, z):  # km/s/kpc
        return -240 * (1 - jnp.exp(-r / 1.6)) / r * 2 / (1 + jnp.exp(2 * jnp.abs(z) / 10))

    r, z = jnp.asarray([0.3, 2.0, 8.0, 15.0]), jnp.asarray([0.2, -3.0, 1.0, -8.0])
    b_r, b_phi, b_z = evaluate(halo, jnp.stack([r, 0 * r, z], axis=1)).T
    shear = jax.jit(jax.vmap(jax.grad(omega, argnums=(0, 1))))(r, z)
    expected = halo.twisting_time * r * (b_r * shear[0] + b_z * shear[1]) * 1.0227121650537077e-3  # kpc/Myr in km/s
    np.testing.assert_allclose(b_phi, expected, rtol=1e-9)


def test_spur_is_cut_only_where_it_has_faded():
    """The code of the authors counts azimuths from 0 and drops all windings but the nearest."""
    disk, tangent = UF23SpurDisk(), np.tan(np.deg2rad(UF23_PARAMETERS["spur"]["alpha"]))
    positions = np.random.default_rng(5).uniform(-20, 20, (4000, 3)) * (1, 1, 0.05)
    r, phi = np.hypot(*positions.T[:2]), np.arctan2(positions[:, 1], positions[:, 0]) % (2 * np.pi)
    turns = phi - np.deg2rad(disk.phase) + 2 * np.pi * np.asarray([[-1], [0], [1]])
    nearest = np.argmin(np.abs(r - 8.2 * np.exp(turns * tangent)), axis=0)
    strength = np.linalg.norm(evaluate(disk, jnp.asarray(positions)), axis=1)
    assert np.max(strength[nearest == 1]) > 1
    assert np.max(strength[nearest != 1]) < 1e-10 * np.abs(disk.b)


def test_gradient_in_the_plane_is_finite_and_the_value_exact():
    jacobian = jax.jit(jax.jacfwd(UF23PoloidalHalo()))
    value, slope = UF23PoloidalHalo()(jnp.asarray([5.0, 0.0, 0.0])), jacobian(jnp.asarray([5.0, 0.0, 0.0]))
    np.testing.assert_array_equal(value[:2], 0)
    assert np.all(slope[:, 2] == 0)
    assert np.abs(jacobian(jnp.asarray([5.0, 0.0, 1e-12]))[0, 2]) > 1e4


def test_components_are_exchanged_and_left_out():
    position, field = jnp.asarray([[-5.0, 3.0, 1.0]]), UF23("base")
    halo, disk = dataclasses.replace(field, disk=None), dataclasses.replace(field, toroidal=None, poloidal=None)
    total = evaluate(halo, position) + evaluate(disk, position)
    np.testing.assert_allclose(total, evaluate(field, position), rtol=1e-14)
    other = dataclasses.replace(UF23("spur"), disk=UF23SpiralDisk(), radius=20.0)
    assert eqx.tree_equal(other.toroidal, UF23("spur").toroidal)
    assert eqx.tree_equal(other.disk, field.disk)
    assert other.radius == 20
    assert dataclasses.replace(UF23("twistX"), radius=20.0).toroidal is None
    assert UF23("base", smooth=0.5).smooth == 0.5


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            functools.partial(UF23, "Base"),
            ValueError,
            "'base', 'neCL', 'expX', 'spur', 'cre10', 'synCG', 'twistX', 'neb",
        ),
        (functools.partial(UF23, halo=None), TypeError, "no component 'halo': it has disk, toroidal, poloidal"),
    ],
)
def test_wrong_names_are_refused_with_the_right_ones(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_errors_are_those_of_fitted_parameters():
    for variant, values in UF23_PARAMETERS.items():
        assert values.keys() - UF23_ERRORS[variant].keys() <= {"striation"}
        assert UF23_ERRORS[variant].keys() <= values.keys()
        assert all(0 < error < 60 for error in UF23_ERRORS[variant].values())
