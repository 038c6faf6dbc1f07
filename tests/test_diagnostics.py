"""Divergence, curl and lines of force: closed forms, and both directions of differentiation."""

import astropy.units as u
import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl
from sightline.sky.fields import field_lines

SUN = [[-8.3, 0.0, 0.006]]


class Toroidal(sl.fields.AbstractField):
    """Circles about the z axis, empty within 1 kpc of it."""

    b0: Float[Array, ""] = sl.param(2.0, unit="uG")

    def __call__(self, position):
        x, y, z = position
        square = x * x + y * y
        return self.b0 * jnp.where(square > 1, jnp.stack([-y, x, 0 * z]), 0) / jnp.maximum(square, 1)


class Unprepared(sl.fields.AbstractField):
    """Uniform, but only once prepared."""

    field: sl.fields.AbstractField

    def __call__(self, position):
        raise ValueError("call .prepare() first")

    def prepare(self):
        return self.field


def test_divergence_and_curl_of_a_linear_field():
    matrix = np.arange(9.0).reshape(3, 3)

    class Affine(sl.fields.AbstractField):
        def __call__(self, position):
            return jnp.asarray(matrix) @ position

    at = jnp.asarray([1.0, -2.0, 0.5])
    np.testing.assert_allclose(sl.fields.divergence(Affine())(at), 12.0)
    np.testing.assert_allclose(sl.fields.curl(Affine())(at), [7 - 5, 2 - 6, 3 - 1])
    with pytest.raises(TypeError, match="ExponentialDisk is scalar"):
        sl.fields.curl(sl.electrons.ExponentialDisk())


def test_circles_close(precision):
    seeds = np.array([[-8.0, 0.0, 0.5], [0.0, 3.0, -1.0]])
    lines = field_lines(Toroidal(), seeds, length=6 * np.pi, points=301)
    assert lines.dtype == precision
    tolerance = 1e-6 if precision == "float64" else 1e-3
    np.testing.assert_allclose(jnp.hypot(lines[0, :, 0], lines[0, :, 1]), 8.0, atol=tolerance)
    np.testing.assert_allclose(lines[:, :, 2], np.broadcast_to([[0.5], [-1.0]], (2, 301)), atol=tolerance)
    np.testing.assert_allclose(lines[1, 0], lines[1, -1], atol=tolerance)  # three turns to either side
    np.testing.assert_array_equal(lines[:, 150], jnp.asarray(seeds))
    angle = np.unwrap(np.arctan2(lines[1, :, 1], lines[1, :, 0]))
    np.testing.assert_allclose(np.diff(angle), 6 * np.pi / 150 / 3, atol=tolerance)  # even, and along B


def test_straight_lines_and_units(precision):
    b = np.array([1.0, -2.0, 2.0])
    lines = field_lines(sl.magnetic.Uniform(b), SUN * u.kpc, length=3000 * u.pc, points=7)
    expected = np.asarray(SUN)[0] + np.arange(-3, 4)[:, None] * b / 3
    np.testing.assert_allclose(lines[0], expected, atol=1e-5 if precision == "float32" else 1e-12)


def test_lines_without_field_or_out_of_the_box_stay():
    seeds = [[0.5, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 9.0]]
    lines = field_lines(sl.magnetic.Uniform((0.0, 0.0, 0.1)) + Toroidal(b0=0.0), seeds, half_widths=(1.0, 1.0, 5.0))
    np.testing.assert_allclose(lines[0, [0, -1]], [[0.5, 0, -5], [0.5, 0, 5]], atol=1e-3)
    for line, seed in zip(lines[1:], seeds[1:], strict=True):
        np.testing.assert_array_equal(line, np.broadcast_to(seed, line.shape))
    nothing = field_lines(sl.magnetic.Uniform((0.0, 0.0, 0.0)), seeds)
    np.testing.assert_array_equal(nothing, np.broadcast_to(np.asarray(seeds)[:, None], nothing.shape))


def test_lines_held_by_a_jump_are_finite():
    """A field that points to the plane from both sides and along it: lines go down and slide."""

    class Converging(sl.fields.AbstractField):
        def __call__(self, position):
            one = jnp.ones_like(position[0])
            return jnp.stack([one, 0 * one, jnp.where(position[2] > 0, -one, one)])

    line = field_lines(Converging(), [[0.0, 0.0, 1.0]], length=2.0, points=21)[0]
    assert np.all(np.isfinite(line))
    assert abs(line[-1, 2]) < 1e-3
    np.testing.assert_allclose(line[0], [-(2**0.5), 0, 1 + 2**0.5], atol=1e-6)


def test_x_field_of_jf12_keeps_its_flux_label():
    """r_p, where a line crosses the plane, is constant along it on either side of the separatrix and through z = 0."""
    field = sl.magnetic.JF12XField()
    lines = field_lines(field, [[3.0, 1.0, 2.0], [-6.0, -5.0, 1.0], [2.0, 0.5, -0.7]], length=4.0)
    radius, height = jnp.hypot(lines[..., 0], lines[..., 1]), jnp.abs(lines[..., 2])
    rise = height / jnp.tan(jnp.deg2rad(field.elevation))
    critical = field.start_radius + rise
    label = jnp.where(radius < critical, radius * field.start_radius / critical, radius - rise)
    np.testing.assert_allclose(label, np.broadcast_to(label[:, 100:101], label.shape), atol=1e-5)
    assert np.ptp(lines[..., 2], axis=1).min() > 3


def test_fields_are_prepared_and_jit_changes_nothing():
    lines = field_lines(Unprepared(sl.magnetic.LSA()), SUN, points=5)
    compiled = eqx.filter_jit(lambda field, seeds: field_lines(field, seeds, points=5))(
        sl.magnetic.LSA(), jnp.asarray(SUN)
    )
    np.testing.assert_allclose(compiled, lines, rtol=1e-12)


def end(psi0, adjoint=None):
    field = sl.magnetic.LSA(psi0=psi0)
    return field_lines(field, SUN, length=3.0, points=3, tolerance=1e-10, adjoint=adjoint)[0, -1, 0]


def test_derivative_equals_central_differences():
    psi0, step = jnp.asarray(20.0), 1e-3
    difference = (end(psi0 + step) - end(psi0 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(end)(psi0), difference, rtol=1e-5)
    _, tangent = jax.jvp(lambda p: end(p, diffrax.ForwardMode()), (psi0,), (jnp.ones(()),))
    np.testing.assert_allclose(tangent, difference, rtol=1e-5)


@pytest.mark.long
def test_derivatives_are_finite_everywhere(precision):
    """Through a hole of the field, at its edge, on the axis and where lines end."""
    seeds = jnp.asarray([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [4.0, 0.0, 0.0], [19.99, 0.0, 0.1], [0.0, 0.0, 1.0]])

    def total(field, seeds):
        return jnp.sum(field_lines(field, seeds, length=3.0, points=5, half_widths=(20.0, 20.0, 2.0)) ** 2)

    gradient = eqx.filter_grad(lambda args: total(*args))((sl.magnetic.JF12XField(), seeds))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"field": sl.electrons.ExponentialDisk()}, TypeError, "ExponentialDisk is scalar"),
        ({"field": sl.magnetic.LSA}, TypeError, "LSA, a class: call it"),
        ({"seeds": [0.0, 0.0, 0.0]}, ValueError, r"\(n, 3\)"),
        ({"seeds": [[np.nan, 0.0, 0.0]]}, ValueError, "finite"),
        ({"length": -1.0}, ValueError, "length = -1.0 must be a positive"),
        ({"points": 10}, ValueError, "odd"),
        ({"half_widths": (1.0, 2.0)}, ValueError, "half_widths"),
        ({"tolerance": 0}, ValueError, "tolerance"),
    ],
)
def test_bad_input_names_the_argument(change, error, message):
    arguments = {"field": sl.magnetic.LSA(), "seeds": SUN} | change
    with pytest.raises(error, match=message):
        field_lines(**arguments)
