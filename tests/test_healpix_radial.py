"""Fields on shells of HEALPix pixels: pixels as healpy finds them, values without interpolation, refinement."""

import equinox as eqx
import healpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.grids import healpix_radial as shells
from sightline.testing import check_field

EDGES = (0.0, 0.5, 1.5, 4.0, 10.0, 30.0)
POLES = [[0, 0, 1], [0, 0, -1], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [1, -1e-17, 0.3], [1e-9, -1e-9, -1]]


def random_values(*shape):
    return np.random.default_rng(0).uniform(1, 2, shape)


@pytest.mark.parametrize("nside", [1, 2, 32, 1024])
def test_pixels_are_those_of_healpy(nside):
    vectors = np.concatenate([np.random.default_rng(nside).normal(size=(100_000, 3)), POLES])
    found = jax.jit(jax.vmap(lambda x: shells.pixel(x, nside)))(jnp.asarray(vectors))
    np.testing.assert_array_equal(found, healpy.vec2pix(nside, *vectors.T))


def test_middles_of_pixels_are_found_in_single_precision():
    middles = np.array(healpy.pix2vec(256, np.arange(12 * 256**2)), np.float32).T
    with jax.enable_x64(False):
        found = jax.jit(jax.vmap(lambda x: shells.pixel(x, 256)))(jnp.asarray(middles))
    np.testing.assert_array_equal(found, np.arange(12 * 256**2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: sl.magnetic.HealpixRadialGrid(random_values(3, 48, 5), edges=EDGES, interpolation="linear"),
        lambda: sl.electrons.HealpixRadialGrid(random_values(12, 5), edges=EDGES),
        lambda: sl.cosmic_rays.HealpixRadialGrid(random_values(48, 5), edges=EDGES, observer=(0.0, 0.0, 0.0)),
    ],
    ids=["magnetic", "electrons", "cosmic rays"],
)
def test_contract(make):
    check_field(make())


def test_contract_in_single_precision():
    with jax.enable_x64(False):
        check_field(sl.magnetic.HealpixRadialGrid(random_values(3, 12, 5), edges=EDGES, interpolation="linear"))


def test_nodes_and_cells_agree():
    values, nodes = random_values(12 * 8**2, 5), sl.grids.healpix_nodes(8, EDGES)
    for interpolation in ("constant", "linear"):
        field = sl.electrons.HealpixRadialGrid(values, edges=EDGES, interpolation=interpolation)
        found = jax.vmap(jax.vmap(field))(jnp.asarray(nodes))
        np.testing.assert_allclose(found, values, rtol=1e-12)
        assert field(jnp.asarray(sl.SUN) + jnp.array([0.0, 0.0, 30.1])) == 0


def test_a_sightline_sees_its_own_pixel_only():
    """The gradient of a map of columns with respect to the cells: length of the ray in each, nothing elsewhere."""
    nside, edges = 4, 8.0 * sl.RadialCells(cells=6, distance=8.0, growth=5.0).edges()
    field = sl.electrons.HealpixRadialGrid(random_values(12 * nside**2, 6), edges=edges)
    lines = sl.Sightlines(sl.HealpixSky(nside=nside), cells=sl.RadialCells(cells=6, distance=8.0, growth=5.0))

    @eqx.filter_jit
    def columns(values):
        simulator = sl.Simulator(electron_density=eqx.tree_at(lambda f: f.values, field, values))
        return simulator.dispersion_measure(lines)

    np.testing.assert_allclose(columns(field.values), 1e3 * field.values @ np.diff(edges), rtol=1e-10)
    pixel = 17
    gradient = jax.grad(lambda values: columns(values)[pixel])(field.values)
    expected = np.zeros_like(gradient)
    expected[pixel] = 1e3 * np.diff(edges)
    np.testing.assert_allclose(gradient, expected, atol=1e-9)


def test_refinement():
    positions = jnp.asarray(np.random.default_rng(0).normal(size=(2000, 3)) * 8)
    field = sl.magnetic.HealpixRadialGrid(random_values(3, 48, 5), edges=EDGES)
    fine = field.refined(2)
    assert (fine.nside, len(fine.edges)) == (4, 11)
    np.testing.assert_allclose(jax.vmap(fine)(positions), jax.vmap(field)(positions), rtol=1e-12)
    linear = sl.magnetic.HealpixRadialGrid(random_values(3, 48, 5), edges=EDGES, interpolation="linear")
    fine = linear.refined(2)
    nodes = jnp.asarray(sl.grids.healpix_nodes(4, fine.edges).reshape(-1, 3))
    np.testing.assert_allclose(jax.vmap(fine)(nodes), jax.vmap(linear)(nodes), rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "edges", "message"),
    [
        ((13, 5), EDGES, "12 nside"),
        ((12, 4), EDGES, "5 bins"),
        ((108, 5), EDGES, "power of two"),
        ((12, 2), (0.0, 2.0, 1.0), "increasing"),
    ],
)
def test_what_does_not_fit_is_refused(values, edges, message):
    with pytest.raises(ValueError, match=message):
        sl.electrons.HealpixRadialGrid(random_values(*values), edges=edges)


def test_shells_survive_a_file(tmp_path):
    field = sl.magnetic.HealpixRadialGrid(random_values(3, 12, 5), edges=EDGES)
    sl.save(field, tmp_path / "field.npz")
    assert eqx.tree_equal(sl.load(tmp_path / "field.npz"), field)
