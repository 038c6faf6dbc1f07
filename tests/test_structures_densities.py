"""Where densities, grids and wrappers end and jump, and columns that follow from it."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.fields.shifted import suns

MODELS = {
    "YMW16": sl.electrons.YMW16,
    "NE2001": sl.electrons.NE2001,
    "NE2025": sl.electrons.NE2025,
    "ExponentialDisk": sl.electrons.ExponentialDisk,
}
PARTS = {
    "YMW16": ("thick", "thin", "arms", "galactic_centre", "gum", "local_bubble", "loop_i"),
    "NE2001": ("thick_disk", "thin_disk", "arms", "galactic_centre", "local_ism", "voids", "clumps"),
}
DIRECTIONS = ([0.0, 33.0, 95.0, 180.0, 260.0, 264.0, 330.0, 75.0], [0.0, 0.4, -2.0, 1.0, 12.0, -4.0, 35.0, 70.0])
EDGES = np.concatenate([[0], np.geomspace(1e-3, 600, 1500)])


def rest(field, sun):
    """The largest share of a column, midpoints to 600 kpc, beyond the extent of a field; all columns are positive."""
    directions = jnp.asarray(sl.Directions(*DIRECTIONS).rays()[0].T)

    @eqx.filter_jit
    def beyond(field, sun):
        extent = field.structures().extent
        distance, width = jnp.asarray(0.5 * (EDGES[1:] + EDGES[:-1])), jnp.asarray(np.diff(EDGES))

        def one(direction):
            start, stop = extent.span(sun, direction)
            column = width * jax.vmap(lambda s: field(sun + s * direction))(distance)
            return jnp.sum(jnp.where((distance < start) | (distance > stop), column, 0)), jnp.sum(column)

        return jax.lax.map(one, directions)

    outside, total = beyond(field, jnp.asarray(sun))
    return float(jnp.max(outside / jnp.where(total > 0, total, 1)))


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_left_beyond_the_end_of_a_density(name):
    field = MODELS[name]()
    assert rest(field, getattr(field, "sun", sl.SUN)) < 1e-6


@pytest.mark.parametrize("name", PARTS)
def test_nothing_is_left_beyond_the_end_of_a_component(name):
    model = MODELS[name]()
    for part in PARTS[name]:
        field = getattr(model, part)
        assert field.structures().extent.bounded
        assert rest(field, model.sun) < 1e-6, part
        assert suns(field) == {model.sun}, part


def test_nothing_is_left_beyond_the_end_of_cosmic_rays():
    disk, analytic = sl.cosmic_rays.ExponentialDisk(), sl.cosmic_rays.AnalyticDisk()
    assert rest(disk, disk.sun) < 1e-6
    assert rest(analytic, analytic.sun) < 1e-6
    flatter = sl.cosmic_rays.AnalyticDisk(index=sl.cosmic_rays.LinearIndex(theta=0.1))
    top, plain = (1 / field.structures().extent.regions[0].matrix[1, 2, 2] for field in (flatter, analytic))
    assert float(top / plain) == pytest.approx(1 / (1 - 0.05 * np.log(1e5)))


def test_ends_follow_the_parameters():
    """Scale lengths are free: where a disk ends is traced with them."""
    span = jax.jit(
        lambda h: (
            sl.electrons.ExponentialDisk(scale_height=h)
            .structures()
            .extent.span(jnp.zeros(3), jnp.array([0.0, 0.0, 1.0]))[1]
        )
    )
    assert float(span(2.0)) == pytest.approx(2 * float(span(1.0)))


def everywhere(name):
    """Sources at 60 kpc, 1 Mpc and 1 Gpc in all directions; farther than the disk without an edge, which ends later."""
    far = 300.0 if name == "ExponentialDisk" else 60.0
    l, b = (np.tile(angles, 3) for angles in DIRECTIONS)
    return sl.SourceCatalogue(l, b, np.repeat([far, 1e3, 1e6], len(DIRECTIONS[0])))


def same_at_all_distances(values):
    near, *farther = np.reshape(values, (3, -1))
    assert np.all(np.abs(near) > 0)
    for values in farther:
        np.testing.assert_allclose(values, near, rtol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_dispersion_measures_do_not_depend_on_distance_beyond_the_end(name):
    same_at_all_distances(sl.Simulator(electron_density=MODELS[name]()).dispersion_measure(everywhere(name)))


LONG = [pytest.param(name, marks=pytest.mark.long) for name in ("YMW16", "NE2001", "NE2025")]


@pytest.mark.parametrize("name", ["ExponentialDisk", *LONG])
def test_nothing_depends_on_distance_beyond_the_end(name):
    """Nor do rotation and emission measures and intensities: 1 Gpc is as good as 60 kpc."""
    model, sky = {"electron_density": MODELS[name]()}, everywhere(name)
    simulator = sl.Simulator(magnetic_field=sl.magnetic.Uniform((1.0, 2.0, 0.5)), **model)
    same_at_all_distances(simulator.rotation_measure(sky))
    same_at_all_distances(simulator.emission_measure(sky))
    lit = sl.Simulator(emission=(sl.emission.FreeFree(),), temperature=sl.temperature.Uniform(), **model)
    same_at_all_distances(lit(sky, frequency=1.4).I)


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [("YMW16", (0.54, 1.97, 5.215), 13.80), pytest.param("NE2001", (33.0, 5.0, 3.0), None, marks=pytest.mark.long)],
)
def test_slope_of_a_column_is_the_density_at_the_source(name, place, expected):
    """Leibniz' rule: d DM/d distance = 1e3 n_e."""
    model, (l, b, distance) = MODELS[name](), place
    sky = sl.SourceCatalogue([l], [b], [distance])
    observable = sl.observables.DispersionMeasure(sky, distance="distance")

    def column(distance):
        simulator = sl.Simulator(electron_density=model)
        return observable(sl.Model(simulator, nuisance={"distance": distance}))[0]

    slope = float(jax.grad(column)(jnp.array([distance]))[0])
    source = jnp.asarray(model.sun) + distance * jnp.asarray(sky.rays()[0][:, 0])
    assert slope == pytest.approx(1e3 * float(model(source)), rel=1e-6)
    if expected is not None:
        assert slope == pytest.approx(expected, rel=5e-3)  # the place is rounded


def ends(field, direction=(1.0, 0.0, 0.0), origin=(0.0, 0.0, 0.0)):
    """Where a ray enters and leaves the extent, or None."""
    extent = field.structures().extent
    if not extent.bounded:
        return None
    return tuple(float(end) for end in extent.span(jnp.asarray(origin), jnp.asarray(direction)))


def test_grids_end_at_their_box():
    grid = sl.electrons.Grid(jnp.ones((3, 3, 3)), half_widths=(4.0, 5.0, 1.0))
    assert ends(grid) == pytest.approx((0, 4))
    assert grid.structures().size == 3
    assert ends(dataclasses.replace(grid, outside="nearest")) is None
    assert dataclasses.replace(grid, outside="nearest").structures().size == 3
    spectra = sl.cosmic_rays.SpectrumGrid(jnp.ones((2, 3, 3, 3)), (1.0, 100.0), half_widths=(4.0, 5.0, 1.0))
    potential = sl.magnetic.VectorPotentialGrid.zeros((2, 2, 2), (4.0, 5.0, 1.0))
    magnetic = sl.magnetic.Grid(jnp.ones((3, 2, 2, 2)), half_widths=(4.0, 5.0, 1.0))
    rays = sl.cosmic_rays.Grid(jnp.ones((2, 2, 2)), half_widths=(4.0, 5.0, 1.0))
    for field in (spectra, potential, magnetic, rays):
        assert ends(field) == pytest.approx((0, 4))


def test_random_fields_end_with_what_they_modulate():
    disk, key = sl.electrons.ExponentialDisk(scale_radius=1.0), jax.random.key(0)
    small = {"half_widths": (4.0, 5.0, 1.0), "key": key}
    lengths = {"outer_scale": 10.0, "key": key, "half_widths": (4.0, 5.0, 1.0)}
    process = sl.electrons.GaussianProcess((3, 3, 3), median=disk, **small)
    assert ends(process) == ends(disk)
    assert process.structures().size == 4
    assert ends(sl.electrons.GaussianProcess((3, 3, 3), median=0.1, **small)) is None
    assert ends(sl.electrons.Turbulent((4, 4, 4), profile=disk, **lengths)) == ends(disk)
    assert ends(sl.magnetic.GaussianProcess((3, 3, 3), **small)) == pytest.approx((0, 4))
    turbulent = sl.magnetic.Turbulent((4, 4, 4), **lengths)
    assert ends(turbulent) == pytest.approx((0, 4))
    assert ends(dataclasses.replace(turbulent, outside="periodic")) is None
    assert ends(sl.magnetic.Turbulent((4, 4, 4), profile=disk, outside="periodic", **lengths)) == ends(disk)


def test_shells_are_about_their_observer():
    place = (1.0, 0.0, 0.0)
    shells = sl.electrons.HealpixRadialGrid(jnp.ones((12, 2)), edges=(0.0, 1.0, 3.0), observer=place)
    assert shells.sun == place
    assert ends(shells, origin=place) == pytest.approx((0, 3))
    assert shells.structures().size == 2
    linear = dataclasses.replace(shells, interpolation="linear")
    _, leave = linear.structures().crossings(jnp.asarray(place), jnp.array([0.0, 1.0, 0.0]), jnp.asarray(9.0), 9)
    np.testing.assert_allclose(leave, [0.5, 2, 3], atol=1e-12)


def test_spectra_end_with_their_profile():
    profile = sl.cosmic_rays.ExponentialDisk()
    rays = sl.cosmic_rays.WithSpectrum(profile, sl.cosmic_rays.spectra.local_interstellar())
    assert ends(rays) == ends(profile)
    assert ends(sl.cosmic_rays.Uniform()) is None
    assert sl.cosmic_rays.Uniform(index=sl.cosmic_rays.LinearIndex()).structures().size == 1


def test_wrappers_move_and_cut_ends():
    box = sl.electrons.Grid(jnp.ones((2, 2, 2)), half_widths=(4.0, 2.0, 1.0))
    assert ends(2.0 * box) == pytest.approx((0, 4))
    assert ends(sl.fields.Shifted(box, offset=(1.0, 0.0, 0.0))) == pytest.approx((0, 5))
    assert ends(sl.fields.Rotated(box, rotation=(0.0, 0.0, 90.0))) == pytest.approx((0, 2))
    assert ends(box * sl.electrons.Uniform()) == pytest.approx((0, 4))
    ball = sl.fields.Confined(sl.electrons.Uniform(), radius=3.0, centre=(0.0, 0.0, 0.0))
    assert ends(ball) == pytest.approx((0, 3))
    assert ends(ball + box) == pytest.approx((0, 4))
    assert ends(ball * box) == pytest.approx((0, 3))
    assert ends(box + sl.electrons.Uniform()) is None
    assert ends(sl.fields.Confined(box, radius=3.0, centre=(0.0, 0.0, 0.0))) == pytest.approx((0, 3))
    smooth = sl.fields.ConfinedToBox(sl.electrons.Uniform(), half_widths=(1.0, 1.0, 1.0), smooth=0.1)
    assert ends(smooth) == pytest.approx((0, 2.6))
    assert ends(sl.fields.Masked(box, inside=lambda x: x[2] > 0)) == pytest.approx((0, 4))


def test_what_is_confined_is_so_about_its_sun():
    """The Sun of the field inside, moved with it, unless a centre is given; a leaf that can be fitted."""
    model = sl.electrons.NE2001()
    assert sl.fields.Confined(model).centre.tolist() == [-8.5, 0, 0]
    moved = sl.fields.Shifted(model, offset=(0.2, 0.0, 0.0))
    np.testing.assert_allclose(sl.fields.Confined(moved).centre, [-8.3, 0, 0])
    np.testing.assert_allclose(sl.fields.Confined(sl.electrons.Uniform()).centre, sl.SUN)
    given = sl.fields.Confined(model, radius=4.0, centre=sl.SUN)
    np.testing.assert_allclose(given.centre, sl.SUN)
    wider = dataclasses.replace(given, radius=5.0)
    assert (float(wider.radius), wider.centre.tolist()) == (5, given.centre.tolist())
