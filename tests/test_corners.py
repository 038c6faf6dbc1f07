"""The gather from grids and its transpose against the plain sum over corners."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.grids import corners, regular

HALF = (2.0, 1.5, 1.0)
RANDOM = np.random.default_rng(7)
INNER = RANDOM.uniform(-1, 1, size=(40, 3)) * HALF
EDGES = np.array([[2.0, 1.5, 1.0], [-2.0, -1.5, -1.0], [0.0, 0.0, 0.0], [5.0, -7.0, 0.3], [-2.0, 1.5, 9.0]])
POINTS = jnp.asarray(np.concatenate([INNER, EDGES]))


def plain(values, position):
    """Eight terms, differentiated by JAX itself."""
    (i, j, k), fractions = regular.locate(position, values.shape, HALF)
    total = 0.0
    for corner in itertools.product((0, 1), repeat=3):
        weights = [f if upper else 1 - f for f, upper in zip(fractions, corner, strict=True)]
        at = values[..., i + corner[0], j + corner[1], k + corner[2]]
        total = total + weights[0] * weights[1] * weights[2] * at
    return total


def fast(values, position):
    return regular.trilinear(regular.table(values), values.shape[:-3], position, HALF)


def grid(*channels, dtype=None):
    return jnp.asarray(RANDOM.normal(size=(*channels, 5, 4, 6)), dtype)


def compare(form, *arguments, tolerance=1e-13):
    """The same function of both interpolations."""
    found, expected = (jax.jit(lambda *a, g=g: form(g, *a))(*arguments) for g in (fast, plain))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, float(jnp.max(jnp.abs(b)))))


def many(function, values, points):
    return jax.vmap(lambda x: function(values, x))(points)


@pytest.mark.parametrize("channels", [(), (1,), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32], ids=["double", "single"])
def test_values_and_both_derivatives_equal_the_plain_sum(channels, dtype):
    values, points = grid(*channels, dtype=dtype), POINTS.astype(dtype)
    cotangent = jnp.asarray(RANDOM.normal(size=(len(points), *channels)), dtype)
    tangents = grid(*channels, dtype=dtype), jnp.asarray(RANDOM.normal(size=points.shape), dtype)

    def form(g, values, points):
        both = lambda v, x: many(g, v, x)  # noqa: E731
        out, pulled = jax.vjp(both, values, points)
        return out, pulled(cotangent), jax.jvp(both, (values, points), tangents)

    compare(form, values, points, tolerance=1e-13 if dtype == jnp.float64 else 2e-5)


def test_second_derivatives_equal_the_plain_sum():
    values, points, seed = grid(3), POINTS[:7], grid(3)

    def loss(g, values, points):
        return jnp.sum(jnp.sin(many(g, values, points)))

    def form(g, values, points):
        forward = jax.jvp(jax.grad(lambda v, x: loss(g, v, x), (0, 1)), (values, points), (seed, 0.3 * points))
        back = jax.grad(lambda v, x: sum(jnp.sum(d**2) for d in jax.grad(lambda *a: loss(g, *a), (0, 1))(v, x)), (0, 1))
        return forward, back(values, points), jax.hessian(lambda x: loss(g, values, x[None]))(points[0])

    compare(form, values, points)


def test_every_way_of_batching_equals_a_loop():
    values, points = jnp.stack([grid(3) for _ in range(4)]), POINTS[:4]
    cotangents = jnp.asarray(RANDOM.normal(size=(4, 3)))

    def gradient(g):
        return lambda v, x, c: jax.vjp(lambda v: g(v, x), v)[1](c)[0]

    def form(g, values, points, cotangents):
        pull = gradient(g)
        return (
            jax.vmap(g)(values, points),
            jax.vmap(g, (0, None))(values, points[0]),
            jax.vmap(g, (3, 1), 1)(jnp.moveaxis(values, 0, 3), points.T),
            jax.vmap(jax.vmap(g, (None, 0)), (0, None))(values, points),
            jax.vmap(pull)(values, points, cotangents),
            jax.vmap(pull, (None, None, 0))(values[0], points[0], cotangents),
            jax.vmap(pull, (None, 0, None))(values[0], points, cotangents[0]),
            jax.jacfwd(lambda v: many(g, v, points))(values[0]),
            jax.jacrev(lambda v: many(g, v, points))(values[0]),
        )

    compare(form, values, points, cotangents)
    looped = jnp.stack([plain(v, x) for v, x in zip(values, points, strict=True)])
    np.testing.assert_allclose(jax.vmap(fast)(values, points), looped, rtol=1e-13, atol=1e-14)


def test_bounded_memory_of_rays_leaves_the_gradient_as_it_is():
    values, points = grid(3), jnp.asarray(RANDOM.uniform(-1, 1, size=(6, 5, 3)) * HALF)

    def form(g, values):
        body = jax.checkpoint(lambda p: jnp.sum(many(g, values, p) ** 2))
        return jnp.sum(jax.lax.map(body, points, batch_size=2))

    compare(lambda g, values: jax.value_and_grad(lambda v: form(g, v))(values), values)


def test_composed_fields_have_the_gradients_of_their_grids():
    points = jnp.asarray(INNER[:9])

    def sums(field):
        return jnp.sum(jax.vmap(field)(points) ** 3)

    def composed(values):
        base = sl.magnetic.Grid(values, half_widths=HALF)
        return sl.fields.Rotated(2.0 * base, rotation=(5.0, 0.0, 30.0)) + sl.fields.Confined(base, radius=1.2)

    values, seed = grid(3), grid(3)
    slope = jnp.vdot(jax.grad(lambda v: sums(composed(v)))(values), seed)
    step = (sums(composed(values + 1e-6 * seed)) - sums(composed(values - 1e-6 * seed))) / 2e-6
    assert float(slope) == pytest.approx(float(step), rel=1e-7)


def test_the_transpose_is_one_scatter_of_rows():
    def loss(values):
        return jnp.sum(many(fast, values, POINTS) ** 2)

    text = jax.jit(jax.grad(loss)).lower(grid(3)).as_text()
    assert text.count('"stablehlo.scatter"') == 1
    assert "grid_gather" in str(jax.make_jaxpr(loss)(grid(3)))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32], ids=str)
def test_places_survive_low_precision(dtype):
    """Nodes beyond the integers that the type of the values counts exactly, in the transpose."""
    shape = (70, 70, 4) if dtype != jnp.float32 else (4200, 4200, 2)
    i, j = (jnp.arange(n - 3, n - 1, dtype=jnp.int32) for n in shape[:2])
    zero = jnp.zeros(2, dtype)

    def total(rows):
        return jnp.sum(corners.gather(rows, (i, j, jnp.full(2, shape[2] - 2, jnp.int32)), (zero, zero, zero)))

    rows = jnp.zeros((*shape, 1), dtype)
    found = jnp.argwhere(jax.jit(jax.grad(total))(rows)[..., 0], size=3, fill_value=-1)
    np.testing.assert_array_equal(found, [[*pair, shape[2] - 2] for pair in zip(i, j, strict=True)] + [[-1] * 3])


def test_what_32_bit_indices_do_not_reach_is_refused():
    shape = jax.ShapeDtypeStruct((1024, 1024, 1024, 3), jnp.float32)
    index, fraction = jnp.zeros((), int), jnp.zeros(())
    with pytest.raises(ValueError, match="32-bit"):
        jax.eval_shape(lambda rows: corners.gather(rows, (index,) * 3, (fraction,) * 3), shape)
