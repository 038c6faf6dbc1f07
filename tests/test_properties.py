"""What holds of every model, whatever its numbers: values drawn at random, one compiled function for each property."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sightline as sl

FREQUENCIES = (0.408, 1.4, 23.0)
EAST_OF_CENTRE = (40.0, 25.0)  # deg
CELLS = sl.RadialCells(cells=6, distance=4.0)
LINES = sl.Sightlines(sl.Directions(*EAST_OF_CENTRE), cells=CELLS, observer=sl.SUN)

every = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
strengths = st.floats(-20.0, 20.0).filter(lambda value: abs(value) > 1e-3)
vectors = st.tuples(strengths, strengths, strengths)
densities = st.floats(1e-3, 0.3)
electrons = st.floats(1e-7, 1e-3)
indices = st.floats(2.1, 4.5)
angles = st.floats(-np.pi, np.pi)


def simulator(field, density, cosmic_rays):
    operators = (sl.emission.Synchrotron(), sl.emission.FaradayRotation())
    return sl.Simulator(field, sl.electrons.Uniform(density), cosmic_rays, operators)


def stacked(stokes):
    """I, Q and U, IAU."""
    found = stokes.to_convention("IAU")
    return jnp.stack([found.I, found.Q, found.U])


@jax.jit
def seen(field, density, n0, index):
    """A uniform medium along one ray, (3, frequencies)."""
    made = simulator(sl.magnetic.Uniform(field), density, sl.cosmic_rays.Uniform(n0, index=index))
    return stacked(made(LINES, frequency=FREQUENCIES))[..., 0]


@jax.jit
def seen_together(field, density, first, second):
    """Two populations of electrons, each by its N_0 and its index."""
    both = [sl.cosmic_rays.Uniform(n0, index=index) for n0, index in (first, second)]
    made = simulator(sl.magnetic.Uniform(field), density, both[0] + both[1])
    return stacked(made(LINES, frequency=FREQUENCIES))[..., 0]


def numbers(*values):
    return [jnp.asarray(value, float) for value in values]


def towards():
    """The unit vector of the sightline, away from the observer."""
    l, b = np.deg2rad(EAST_OF_CENTRE)
    return np.array([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])


def turned(vector, angle):
    """A vector turned about the sightline, right-handed (Rodrigues)."""
    n, v = towards(), np.asarray(vector)
    return np.cos(angle) * v + np.sin(angle) * np.cross(n, v) + (1 - np.cos(angle)) * (n @ v) * n


@every
@given(vectors, densities, electrons, indices, angles)
def test_a_sky_turned_about_the_line_of_sight_turns_q_and_u(field, density, n0, index, angle):
    """From north towards east is left-handed about a ray that leaves the observer: P' = P exp(-2 i angle)."""
    plain = np.asarray(seen(*numbers(field, density, n0, index)))
    found = np.asarray(seen(*numbers(turned(field, angle), density, n0, index)))
    expected = (plain[1] + 1j * plain[2]) * np.exp(-2j * angle)
    np.testing.assert_allclose(found[0], plain[0], rtol=1e-9)
    np.testing.assert_allclose((found[1] + 1j * found[2]) / plain[0], expected / plain[0], rtol=0, atol=1e-9)


@every
@given(vectors, densities, electrons, indices, st.floats(1e-3, 1e3))
def test_brightness_is_linear_in_the_electrons(field, density, n0, index, factor):
    plain, more = (np.asarray(seen(*numbers(field, density, one, index))) for one in (n0, n0 * factor))
    np.testing.assert_allclose(more, factor * plain, rtol=1e-9, atol=1e-12 * np.max(more[0]))


@every
@given(vectors, densities, electrons, indices, st.floats(0.1, 10.0))
def test_power_laws_of_field_and_frequency(field, density, n0, index, factor):
    """j ~ B^((p + 1)/2) nu^(-(p - 1)/2), so that T ~ nu^(-(p + 3)/2) (Rybicki & Lightman 1979, equation 6.36)."""
    plain, more = (seen(*numbers(np.multiply(one, field), density, n0, index))[0] for one in (1.0, factor))
    np.testing.assert_allclose(more, factor ** ((index + 1) / 2) * np.asarray(plain), rtol=1e-8)
    scaled = np.asarray(plain) * np.asarray(FREQUENCIES) ** ((index + 3) / 2)
    np.testing.assert_allclose(scaled, scaled[0], rtol=1e-8)


@every
@given(vectors, densities, st.tuples(electrons, indices), st.tuples(electrons, indices))
def test_emitters_in_a_transparent_medium_add_up(field, density, first, second):
    both = np.asarray(seen_together(*numbers(field, density), numbers(*first), numbers(*second)))
    apart = sum(np.asarray(seen(*numbers(field, density, *one))) for one in (first, second))
    np.testing.assert_allclose(both, apart, rtol=1e-9, atol=1e-11 * np.max(both[0]))


COARSE = sl.Sightlines(sl.HealpixSky(1, nest=True, supersample=2), cells=CELLS, observer=sl.SUN)
FINE = sl.Sightlines(sl.HealpixSky(2, nest=True), cells=CELLS, observer=sl.SUN)


@jax.jit
def both_skies(field, density, n0, index):
    made = simulator(sl.magnetic.Uniform(field), density, sl.cosmic_rays.Uniform(n0, index=index))
    return stacked(made(COARSE, frequency=1.4)), stacked(made(FINE, frequency=1.4))


def carried():
    """How far the norths of coarse pixels, carried along great circles to their parts, are turned there, (48,) rad."""
    centres, _, norths = (np.repeat(part, 4, axis=1) for part in sl.HealpixSky(1, nest=True).rays())
    parts, east, north = sl.HealpixSky(2, nest=True).rays()
    moved = norths - np.sum(norths * parts, axis=0) / (1 + np.sum(centres * parts, axis=0)) * (centres + parts)
    return np.arctan2(np.sum(moved * east, axis=0), np.sum(moved * north, axis=0))


@every
@given(vectors, densities, electrons, indices)
def test_a_pixel_is_the_mean_of_its_parts_in_its_own_frame(field, density, n0, index):
    coarse, fine = map(np.asarray, both_skies(*numbers(field, density, n0, index)))
    polarised = (fine[1] + 1j * fine[2]) * np.exp(-2j * carried())
    mean = [part.reshape(12, 4).mean(axis=-1) for part in (fine[0], polarised)]  # nested parts follow each other
    np.testing.assert_allclose(coarse[0], mean[0], rtol=1e-9)
    np.testing.assert_allclose(coarse[1] + 1j * coarse[2], mean[1], rtol=0, atol=1e-9 * np.max(coarse[0]))


MANY = jax.jit(jax.vmap(seen, in_axes=(0, None, 0, 0)))


@every
@given(st.tuples(vectors, vectors, vectors), densities, st.tuples(*3 * [electrons]), st.tuples(*3 * [indices]))
def test_vmap_is_a_loop(fields, density, n0, index):
    together = np.asarray(MANY(*numbers(fields, density, n0, index)))
    for found, *one in zip(together, fields, n0, index, strict=True):
        alone = np.asarray(seen(*numbers(one[0], density, *one[1:])))
        np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-11 * np.max(alone[0]))


def fields(depth=3):
    """Sums and multiples of published fields and uniform ones."""
    leaves = st.one_of(
        vectors.map(sl.magnetic.Uniform),
        st.floats(0.1, 9.0).map(lambda b0: sl.magnetic.LSA(b0=b0)),
        st.floats(-3.0, 3.0).map(lambda b: sl.magnetic.JF12ToroidalHalo(b_north=b)),
    )
    joined = lambda inner: st.one_of(  # noqa: E731
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(strengths, inner).map(lambda pair: pair[0] * pair[1]),
    )
    return st.recursive(leaves, joined, max_leaves=depth)


@every
@given(fields(), densities, electrons, indices)
def test_models_come_back_from_files(tmp_path_factory, field, density, n0, index):
    made = simulator(field, density, sl.cosmic_rays.Uniform(n0, index=index))
    path = tmp_path_factory.mktemp("model") / "model.npz"
    sl.save(made, path)
    assert bool(eqx.tree_equal(sl.load(path), made))
