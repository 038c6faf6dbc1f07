"""Sightlines that know their model: its Sun, where its fields end, walls, a tolerance."""

import dataclasses

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.fields import Structures
from sightline.sky.geometry.panels import panel_edges
from sightline.sky.simulator.tolerance import class_sizes, whole_rows

SKY = sl.HealpixSky(2)


def default(**parts):
    """LSA, exponential disks, synchrotron and Faraday rotation."""
    model = {
        "magnetic_field": sl.magnetic.LSA(),
        "electron_density": sl.electrons.ExponentialDisk(),
        "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
        "emission": (sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    }
    return sl.Simulator(**(model | parts))


@pytest.fixture(scope="module")
def chosen():
    """Sightlines with a tolerance, and maps with many cells."""
    simulator = default()
    lines = simulator.sightlines(SKY, frequency=[1.4, 23.0], tolerance=3e-3)
    fine = simulator(sl.Sightlines(SKY, sl.ResolvedCells(cells=384)), [1.4, 23.0])
    return simulator, lines, fine


def test_a_bare_sky_is_seen_from_the_sun_of_the_model():
    sky = sl.Directions([20.0, 200.0], [3.0, -40.0])
    simulator = sl.Simulator(sl.magnetic.JF12(), sl.electrons.NE2001())
    assert simulator.sun == (-8.5, 0.0, 0.0)
    known = sl.Sightlines(sky, observer=(-8.5, 0.0, 0.0))
    np.testing.assert_array_equal(simulator.rotation_measure(sky), simulator.rotation_measure(known))
    plain = sl.RadialCells(cells=16, distance=10.0)
    here, there = (sl.Sightlines(sky, plain, place) for place in (None, (-8.5, 0.0, 0.0)))
    np.testing.assert_array_equal(simulator.dispersion_measure(here), simulator.dispersion_measure(there))
    with pytest.warns(sl.SunWarning, match=r"observer at \(-8.3, 0.0, 0.006\) kpc is not at the Sun of the model"):
        simulator.dispersion_measure(sl.Sightlines(sky, plain, sl.SUN))


def test_suns_that_differ_are_named_and_one_is_used():
    with pytest.warns(sl.SunWarning, match=r"magnetic_field, \(-8.178, 0.0, 0.0\), but electron_density at \(-8.3"):
        simulator = sl.Simulator(sl.magnetic.UF23("base"), sl.electrons.YMW16())
    assert simulator.sun == (-8.178, 0.0, 0.0)
    assert sl.Simulator(electron_density=sl.electrons.ExponentialDisk()).sun == sl.SUN


def test_distance_is_no_limit():
    """Behind the last field a path costs nothing and adds nothing."""
    ball = sl.fields.Confined(sl.electrons.Uniform(0.02), radius=7.0, centre=(0.0, 0.0, 0.0))
    simulator = sl.Simulator(sl.magnetic.Uniform((1.0, 0.0, 0.0)), ball, emission=sl.emission.FaradayRotation())
    far = [sl.SourceCatalogue([2.0, 20.0], [1.0, 5.0], distance) for distance in (60.0, 1e6)]
    for measure in (simulator.dispersion_measure, simulator.rotation_measure, simulator.emission_measure):
        near, farther = (np.asarray(measure(sky)) for sky in far)
        assert np.all(near != 0)
        np.testing.assert_allclose(farther, near, rtol=1e-9)
    uniform = sl.Simulator(electron_density=sl.electrons.Uniform(1e-3))
    np.testing.assert_allclose(uniform.dispersion_measure(far[1]), 1e6, rtol=1e-9)  # what does not end is seen whole


def test_one_direction_and_many_distances():
    sources = sl.SourceCatalogue(30.0, 2.0, [1.0, 2.0, 3.0])
    measures = default().dispersion_measure(sources)
    assert measures.shape == (3,)
    assert np.all(np.diff(measures) > 0)


def test_products_end_where_a_factor_ends_and_sums_where_all_have():
    ball, layer = Structures.balls((0.0, 0.0, 0.0), 2.0), Structures.layer(-0.5, 0.5)
    ball, layer = ball.ending(ball), layer.ending(layer)
    origin, up = jnp.array([-8.0, 0.0, 0.3]), jnp.array([1.0, 0.0, 0.0])
    half = (4 - 0.09) ** 0.5
    np.testing.assert_allclose(Structures.product(ball, layer).extent.span(origin, up), (8 - half, 8 + half))
    assert Structures.join(ball, layer).extent.span(origin, up)[1] > 1e6
    assert [float(end) for end in ball.extent.span(origin, -up)] == [0.0, 0.0]
    assert not Structures.join(ball, Structures.none()).extent.bounded
    assert Structures.product(ball, Structures.none()).extent.bounded


def test_cones_and_spirals_are_met_where_they_are():
    generator = np.random.default_rng(3)
    spirals = Structures.spiral_walls([3.0, 7.0], 11.5, 2.0, 20.0)
    cones = Structures.cones([0.5, -0.5], [0.8, 1.3])
    for _ in range(20):
        origin = jnp.asarray(generator.normal(size=3) * (6.0, 6.0, 0.5))
        course = generator.normal(size=3) * (1.0, 1.0, 0.1)
        course = jnp.asarray(course / np.linalg.norm(course))
        for walls, function in ((spirals, _spiral_phase), (cones, _cone_depth)):
            enter, leave = walls.crossings(origin, course, jnp.asarray(60.0), 99)
            found = np.unique(np.concatenate([enter, leave]).round(9))
            found = found[(found > 0) & (found < 60)]
            places = np.asarray(origin) + found[:, None] * np.asarray(course)
            assert all(np.min(np.abs(function(place))) < 1e-6 for place in places)
            s = np.linspace(0, 60, 20001)
            values = np.array([function(place) for place in np.asarray(origin) + s[:, None] * np.asarray(course)])
            radius = np.hypot(*(np.asarray(origin) + s[:, None] * np.asarray(course)).T[:2])
            within = (radius[1:] < 19.99) & (radius[1:] > 2.01) if walls is spirals else np.ones(s.size - 1, bool)
            jumps = (np.abs(np.diff(np.sign(values), axis=0)) > 0) & (np.abs(np.diff(values, axis=0)) < 1)
            crossed = s[1:][within & jumps.any(axis=1)]
            assert all(np.min(np.abs(found - place)) < 0.01 for place in crossed)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_spirals_are_met_by_rays_through_the_axis(dtype):
    """R = a e^(phi t), phi = 0 or pi but for the offset: the point nearest to the axis tells of no azimuth there."""
    tangent, tolerance = np.tan(np.deg2rad(11.5)), 3e-5 if dtype == jnp.float32 else 1e-9
    spirals = Structures.spiral_walls([3.0, 7.0], 11.5, 2.0, 20.0)
    spirals = jax.tree.map(lambda leaf: leaf.astype(dtype), spirals)
    course, end = jnp.asarray([1.0, 0.0, 0.0], dtype), jnp.asarray(28.0, dtype)
    crossings = jax.jit(lambda origin: jnp.concatenate(spirals.crossings(origin, course, end, 99)))
    turns = 2 * np.pi * np.arange(-3, 4)
    ahead, behind = (np.outer([3.0, 7.0], np.exp((turns + phase) * tangent)).ravel() for phase in (0.0, np.pi))
    expected = np.concatenate([8.5 + ahead[(ahead > 2) & (ahead < 19.5)], 8.5 - behind[(behind > 2) & (behind < 8.5)]])
    for aside in (0.0, 1e-17, -1e-12, 1e-5, -0.02):
        found = np.unique(crossings(jnp.asarray([-8.5, aside, 0.1], dtype)).astype(float))
        found = found[(found > 0.01) & (found < 27.9)]
        assert found.size == expected.size
        np.testing.assert_allclose(found, np.sort(expected), atol=tolerance + abs(aside))


class Torus(sl.fields.AbstractLevel):
    radius: jax.Array
    width: jax.Array

    def __call__(self, position):
        return self.width - jnp.hypot(jnp.hypot(position[0], position[1]) - self.radius, position[2])


def test_walls_without_a_closed_form_are_met_where_they_are():
    """Both crossings of grazed bodies, in the frame of a field that is moved."""
    turned = jnp.asarray([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    offset = jnp.asarray([0.5, -0.3, 0.2])
    tori = Torus(jnp.array([4.0, 9.0]), jnp.array([0.5, 0.2]))
    walls = Structures.join(Structures.none(), Structures.bodies(tori, 2)).seen_through(turned, offset)
    for aim in np.linspace(-9.5, 9.5, 39):
        course = np.array([8.3, aim, 0.3]) / np.linalg.norm([8.3, aim, 0.3])
        enter, leave = walls.crossings(jnp.array([-8.3, 0.0, 0.1]), jnp.asarray(course), jnp.asarray(30.0), 24)
        found = np.unique(np.concatenate([enter, leave]))
        s = np.linspace(0, 30, 20001)[1:]
        places = (
            np.asarray(turned) @ (np.array([[-8.3], [0.0], [0.1]]) + course[:, None] * s) + np.asarray(offset)[:, None]
        )
        for radius, width in ((4.0, 0.5), (9.0, 0.2)):
            inside = np.hypot(np.hypot(places[0], places[1]) - radius, places[2]) < width
            crossed = s[1:][inside[1:] != inside[:-1]]
            assert all(np.min(np.abs(found - place)) < 2e-3 for place in crossed)


def _spiral_phase(place):
    tangent = np.tan(np.deg2rad(11.5))
    phase = np.log(np.hypot(place[0], place[1]) / np.array([3.0, 7.0])) / tangent - np.arctan2(place[1], place[0])
    return (phase + np.pi) % (2 * np.pi) - np.pi


def _cone_depth(place):
    return np.abs(place[2] - np.array([0.5, -0.5])) - np.array([0.8, 1.3]) * np.hypot(place[0], place[1])


@pytest.mark.long
def test_estimate_and_truth_agree(chosen):
    simulator, lines, fine = chosen
    seen = simulator(lines, [1.4, 23.0])
    for name in "IQU":
        truth = np.asarray(getattr(fine, name))
        error = np.sqrt(np.mean((np.asarray(getattr(seen, name)) - truth) ** 2, axis=1) / np.mean(truth**2, axis=1))
        assert np.all(error < 4e-3)
        ratio = lines.error.relative[name] / error
        assert np.all((ratio > 1 / 3) & (ratio < 3))
    again = sl.estimate_error(simulator, lines, [1.4, 23.0])
    np.testing.assert_allclose(again.relative["Q"], lines.error.relative["Q"], rtol=1e-6)
    assert float(lines.error.mean_cells) < 60
    assert len({part.edges.shape for part in lines.classes}) == len(lines.classes) <= 6


@pytest.mark.long
def test_classes_differentiate_hold_and_restrict_as_one(chosen):
    """Rays in classes of cells are sightlines like others."""
    simulator, lines, _ = chosen
    whole = simulator(lines, 23.0)

    @eqx.filter_jit
    def loss(b0, sightlines):
        field = dataclasses.replace(simulator.magnetic_field, b0=b0)
        stokes = dataclasses.replace(simulator, magnetic_field=field)(sightlines, 23.0)
        return jnp.sum(stokes.I**2 + stokes.Q**2)

    slope = float(jax.grad(loss)(jnp.asarray(1.2), lines))
    difference = float(loss(jnp.asarray(1.2 + 1e-5), lines) - loss(jnp.asarray(1.2 - 1e-5), lines)) / 2e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-6)
    held = simulator.hold(lines, ["electron_density", "cosmic_rays"])
    np.testing.assert_allclose(simulator(held, 23.0).Q, whole.Q, rtol=1e-12)
    mask = np.arange(SKY.size) % 3 == 0
    likelihood = sl.MapLikelihood(lines, 23.0, data=whole, noise=1e-6, parameters="QU", mask=mask)
    np.testing.assert_allclose(likelihood.residuals(simulator), 0, atol=1e-8)
    kept = likelihood.observable.sightlines
    assert kept.size == mask.sum()
    space = sl.ParameterSpace(simulator, {"magnetic_field.b0": _flat()})
    posterior = sl.Posterior(space, sl.MapLikelihood(lines, 23.0, data=whole, noise=1e-6, parameters="QU"))
    batch = posterior.log_batch({"magnetic_field.b0": 1.2}, jax.random.key(0), 16)
    assert np.isfinite(float(batch))


def _flat():
    import numpyro.distributions as dist

    return dist.Uniform(0.0, 10.0)


def test_a_tolerance_of_measures_and_what_is_refused():
    simulator = default()
    measure = sl.observables.RotationMeasure(SKY)
    lines = simulator.sightlines(measure, tolerance=1e-3)
    fine = simulator.rotation_measure(sl.Sightlines(SKY, sl.ResolvedCells(cells=384)))
    error = simulator.rotation_measure(lines) - fine
    assert float(jnp.sqrt(jnp.mean(error**2) / jnp.mean(fine**2))) < 2e-3
    with pytest.warns(sl.ToleranceWarning, match="not met"):
        simulator.sightlines(measure, tolerance=1e-17)
    for tolerance in (0.0, 1.0, -1e-3, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            simulator.sightlines(SKY, 23.0, tolerance)
    with pytest.raises(ValueError, match="tolerance was given in 'K'"):
        simulator.sightlines(SKY, 23.0, 1e-3 * u.K)
    with pytest.raises(TypeError, match="tolerance must be real numbers"):
        simulator.sightlines(SKY, 23.0, "fine")
    with pytest.raises(ValueError, match="Name the frequency"):
        simulator.sightlines(SKY, tolerance=1e-3)
    for asked in ({"frequency": 23.0}, {"energy": 1.0}):
        with pytest.raises(ValueError, match=r"choose cells by a tolerance: give it"):
            simulator.sightlines(SKY, **asked)
    with pytest.raises(ValueError, match="RotationMeasure is measured at no other frequency"):
        simulator.sightlines(measure, 23.0, 1e-3)
    with pytest.raises(ValueError, match="cells of their own"):
        simulator.sightlines(sl.Sightlines(SKY, sl.BoxCells(8)), 23.0, 1e-3)
    with pytest.raises(TypeError, match="outside jit"):
        eqx.filter_jit(lambda model: model.sightlines(SKY, 23.0, 1e-3).edges)(simulator)


def test_an_observer_that_is_traced_is_differentiated():
    """R_0 fitted: the derivative of a column to a source that stays in its place relative to the observer."""
    simulator = sl.Simulator(electron_density=sl.electrons.ExponentialDisk())
    sources = sl.SourceCatalogue([10.0, 100.0], [20.0, -5.0], [2.0, 3.0])

    @jax.jit
    def column(radius):
        observer = jnp.stack([-radius, jnp.zeros(()), jnp.asarray(0.006)])
        return jnp.sum(simulator.dispersion_measure(sl.Sightlines(sources, observer=observer)))

    known = simulator.dispersion_measure(sl.Sightlines(sources, observer=(-8.3, 0.0, 0.006)))
    np.testing.assert_allclose(column(8.3), jnp.sum(known), rtol=1e-9)
    np.testing.assert_allclose(jax.grad(column)(8.3), (column(8.31) - column(8.29)) / 0.02, rtol=1e-4)


def test_classes_are_cheap():
    used = np.array([4] * 10 + [5] * 2 + [40] * 3 + [41])
    np.testing.assert_array_equal(class_sizes(used, 2), [5, 41])
    np.testing.assert_array_equal(class_sizes(used, 9), [4, 5, 40, 41])
    np.testing.assert_array_equal(class_sizes(used, 9, overhead=20), [5, 41])


def test_rays_have_rows_of_sixteen_cells():
    panels = np.array([1, 4, 5, 12, 13, 16, 17, 32, 33])
    np.testing.assert_array_equal(whole_rows(panels, 1), [4, 4, 8, 12, 16, 16, 32, 32, 48])
    np.testing.assert_array_equal(whole_rows(panels, 4), [1, 4, 8, 12, 16, 16, 20, 32, 36])


@pytest.mark.parametrize("shells", [10, 60, 200])
def test_rays_with_many_walls_end_where_the_model_ends(shells):
    """Shells, met twice each but those behind: as many panels as there is room for, cut at the nearest walls."""
    radii = jnp.linspace(0.1, 19.9, shells)
    walls = Structures.join(*(Structures.cylinders(radius) for radius in radii)).ending(Structures.cylinders(20.0))
    cells, origin, course = sl.ResolvedCells(96, structures=24), jnp.array([-8.0, 0.0, 0.0]), jnp.array([1.0, 0.0, 0.0])
    many = dataclasses.replace(cells, structures=shells)
    for one in (cells, many):
        edges = np.asarray(panel_edges(one, walls, origin, course, jnp.asarray(jnp.inf)))
        assert len(edges) - 1 <= 96 + max(32, one.structures)
        assert np.all(np.diff(edges) >= 0)
        np.testing.assert_allclose(edges[[0, -1]], [0.0, 28.0], atol=1e-12)
    seen = np.append(8.0 - np.asarray(radii), 8.0 + np.asarray(radii))
    met = np.sort(seen[seen > 0])
    kept = met[: 96 + max(32, shells) - 96 // 2 - 8]  # two thin shells are cut in three
    assert np.max(np.min(np.abs(kept[:, None] - edges), axis=1)) < 1e-9


def test_an_error_of_a_thousandth_is_not_printed_as_none():
    relative = {"I": np.array([1.24e-3, 3.0e-5]), "RotationMeasure": np.array(9.76e-4)}
    error = sl.ErrorEstimate(relative, relative, np.asarray(12.0))
    expected = "ErrorEstimate(relative rms I: [0.0012 3e-05], RotationMeasure: 0.00098; 12.0 cells a ray)"
    assert repr(error) == expected
