"""Columns, means, Faraday spectra, free distances, and galaxies seen from outside."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import sightline as sl
from sightline.sky.observables import (
    Column,
    DispersionMeasure,
    FaradaySpectrum,
    RotationMeasure,
    WeightedMean,
    rotation_measure_spread,
    rotation_measure_synthesis,
)

KPC_PC = 1e3
NEEDS = ("magnetic_field", "electron_density")


def galaxy(**parts):
    defaults = {
        "magnetic_field": sl.magnetic.LSA(),
        "electron_density": sl.electrons.ExponentialDisk(),
        "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
        "emission": (sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    }
    return sl.Simulator(**(defaults | parts))


def lines(cells=64):
    return sl.Sightlines(sl.Directions([20.0, 130.0, 250.0], [2.0, -30.0, 60.0]), sl.RadialCells(cells, 20.0))


def towards(plasma, ray):
    return ray.project(plasma.magnetic_field)[2]


def density(plasma, ray):
    return plasma.electron_density


def test_columns_and_means_of_the_users_choice():
    simulator, sight = galaxy(), lines()
    column = Column(sight, density, ("electron_density",))(simulator)
    np.testing.assert_allclose(KPC_PC * column, simulator.dispersion_measure(sight), rtol=1e-12)
    mean = WeightedMean(sight, towards, density, NEEDS)(simulator)
    ratio = simulator.rotation_measure(sight) / simulator.dispersion_measure(sight) / 0.811901
    np.testing.assert_allclose(mean, ratio, rtol=1e-6)
    empty = dataclasses.replace(simulator, electron_density=sl.electrons.Uniform(0.0))
    np.testing.assert_array_equal(WeightedMean(sight, towards, density, NEEDS)(empty), 0)
    with pytest.raises(ValueError, match="Column needs temperature"):
        Column(sight, density, ("temperature",))(simulator)


CATALOGUE = sl.SourceCatalogue([20.0, 130.0], [2.0, -30.0], [3.0, 1.5])


@pytest.mark.parametrize("observable", [DispersionMeasure, RotationMeasure])
def test_distances_in_the_nuisance_can_be_fitted(observable):
    model = sl.Model(galaxy(), nuisance={"distances": jnp.array([3.0, 1.5])})
    free = observable(CATALOGUE, distance="distances")
    np.testing.assert_allclose(free(model), observable(CATALOGUE)(model), rtol=1e-12)

    def measure(distances):
        return free(dataclasses.replace(model, nuisance={"distances": distances}))

    jacobian = jax.jacrev(measure)(jnp.array([2.0, 1.0]))
    step = 1e-4
    ends = [measure(jnp.array([2.0 + s, 1.0 + s])) for s in (step, -step)]
    np.testing.assert_allclose(np.diag(jacobian), (ends[0] - ends[1]) / (2 * step), rtol=1e-6)
    np.testing.assert_allclose(jacobian - np.diag(np.diag(jacobian)), 0, atol=1e-12)
    tangent = jax.jvp(measure, (jnp.array([2.0, 1.0]),), (jnp.ones(2),))[1]
    np.testing.assert_allclose(tangent, np.diag(jacobian), rtol=1e-10)


def test_the_dispersion_grows_with_distance_by_the_density_there():
    """d DM/d distance is n_e at the source."""
    model = sl.Model(galaxy(), nuisance={"d": jnp.array([2.0, 1.0])})
    free = DispersionMeasure(CATALOGUE, distance="d")
    slope = jax.grad(lambda d: jnp.sum(free(dataclasses.replace(model, nuisance={"d": d}))))(jnp.array([2.0, 1.0]))
    rays = sl.Sightlines(CATALOGUE).rays
    places = rays.origin + jnp.array([2.0, 1.0]) * rays.direction
    exact = KPC_PC * jax.vmap(sl.electrons.ExponentialDisk())(places.T)
    np.testing.assert_allclose(slope, exact, rtol=1e-5)


@pytest.mark.parametrize("observable", [DispersionMeasure, RotationMeasure])
def test_distances_that_a_compiled_fit_makes_negative_give_nan(observable):
    free = observable(CATALOGUE, distance="d")
    measure = jax.jit(lambda distances: galaxy().measure(free, length=distances))
    first, second = measure(jnp.array([2.0, -1.0]))
    assert np.isfinite(first)
    assert np.isnan(second)


def test_distances_that_are_not_there_are_refused():
    model = sl.Model(galaxy(), nuisance={"offset": 1.0})
    with pytest.raises(ValueError, match="'d' is not in the nuisance"):
        DispersionMeasure(CATALOGUE, distance="d")(model)
    with pytest.raises(ValueError, match="2 rays"):
        galaxy().measure(DispersionMeasure(CATALOGUE), length=jnp.ones(3))


def slab(depth_total):
    """A slab with constant emissivity and rotation, of a given Faraday depth in all."""
    return galaxy(
        magnetic_field=sl.magnetic.Uniform((0.0, 5.0, 5.0)),
        electron_density=sl.electrons.Uniform(depth_total / (811.901 * 5.0 * 1.0)),
        cosmic_rays=sl.cosmic_rays.Uniform(4e-5),
    ), sl.Sightlines(sl.Directions(270.0, 0.0), sl.RadialCells(256, 1.0))


DEPTH = jnp.linspace(-150.0, 250.0, 401)


def test_faraday_spectrum_of_a_burn_slab_is_a_box():
    simulator, sight = slab(
        100.0
    )  # B points from l = 90 to l = 270: towards the observer is -y at l = 270? tested below
    total = float(simulator.rotation_measure(sight)[0])
    spectrum = np.asarray(FaradaySpectrum(sight, depth=np.asarray(DEPTH), width=2.0)(simulator)[:, 0])
    clear = dataclasses.replace(simulator, emission=(sl.emission.Synchrotron(),))(sight, 1.4).to_convention("IAU")
    polarisation = complex(clear.Q[0], clear.U[0])
    low, high = sorted([0.0, total])
    inside, outside = (low + 10 < DEPTH) & (high - 10 > DEPTH), (low - 10 > DEPTH) | (high + 10 < DEPTH)
    np.testing.assert_allclose(spectrum[inside], polarisation / abs(total), rtol=1e-5)
    np.testing.assert_allclose(np.abs(spectrum[outside]), 0, atol=1e-6 * abs(polarisation) / abs(total))
    np.testing.assert_allclose(np.sum(spectrum) * float(DEPTH[1] - DEPTH[0]), polarisation, rtol=1e-6)


@pytest.mark.long
def test_synthesis_of_a_cube_is_the_spectrum_seen_through_the_spread():
    simulator, sight = slab(100.0)
    frequency = jnp.linspace(0.3, 3.0, 400)
    cube = simulator(sight, frequency)
    flat = (frequency / 1.4)[:, None] ** 3  # p = 3: brightness falls as nu^-3
    cube = dataclasses.replace(cube, I=cube.I * flat, Q=cube.Q * flat, U=cube.U * flat)
    found = rotation_measure_synthesis(cube, DEPTH)[:, 0]
    fine = np.linspace(-200.0, 200.0, 1601)
    spectrum = np.asarray(FaradaySpectrum(sight, depth=fine, width=0.25)(simulator)[:, 0])
    shifts = np.asarray(DEPTH)[:, None] - fine
    spread = np.asarray(rotation_measure_spread(frequency, jnp.asarray(shifts.ravel()))).reshape(shifts.shape)
    square = (0.299792458 / frequency) ** 2
    turn = np.exp(2j * fine * float(jnp.mean(square)))  # synthesis refers the angle to the mean lambda^2
    expected = spread @ (spectrum * turn) * (fine[1] - fine[0])
    np.testing.assert_allclose(found, expected, atol=5e-4 * np.abs(found).max())
    assert abs(complex(rotation_measure_spread(frequency, jnp.zeros(1))[0]) - 1) < 1e-12


def test_spectra_are_smooth_in_the_model():
    _, sight = slab(100.0)

    def loss(b, width):
        simulator, _ = slab(100.0)
        simulator = dataclasses.replace(simulator, magnetic_field=sl.magnetic.Uniform(b))
        spectrum = FaradaySpectrum(sight, depth=np.linspace(-60, 160, 12), width=width)(simulator)
        return jnp.sum(jnp.abs(spectrum) ** 2)

    b, width = jnp.array([0.5, 4.0, 5.0]), jnp.asarray(20.0)
    slopes = jax.jit(jax.grad(loss, argnums=(0, 1)))(b, width)
    value = jax.jit(loss)
    for axis in range(3):
        step = jnp.zeros(3).at[axis].set(1e-4)
        slope = (value(b + step, width) - value(b - step, width)) / 2e-4
        assert float(slopes[0][axis]) == pytest.approx(float(slope), rel=1e-6)
    slope = (value(b, width + 1e-3) - value(b, width - 1e-3)) / 2e-3
    assert float(slopes[1]) == pytest.approx(float(slope), rel=1e-6)
    still = loss(jnp.array([3.0, 0.0, 4.0]), width)  # no rotation at all
    assert jnp.isfinite(still)


def test_synthesis_refuses_what_it_cannot_use():
    simulator, sight = slab(100.0)
    with pytest.raises(ValueError, match="several frequencies"):
        rotation_measure_synthesis(simulator(sight, 1.0), DEPTH)
    with pytest.raises(ValueError, match="weights"):
        rotation_measure_synthesis(simulator(sight, [1.0, 2.0]), DEPTH, weights=[1.0])
    with pytest.raises(ValueError, match="weights"):
        rotation_measure_spread([1.0, 2.0], DEPTH, weights=[0.0, 0.0])


BOX = sl.ChordCells(cells=64, half_widths=(15.0, 15.0, 4.0))


@pytest.mark.parametrize(("inclination", "angle"), [(0.0, 0.0), (35.0, 20.0), (90.0, 70.0)])
def test_image_plane_equals_a_fan_from_a_distant_observer(inclination, angle):
    plane = sl.ImagePlane((3, 4), (12.0, 16.0), inclination, angle)
    rays = sl.Sightlines(plane, BOX).rays
    far = 1e9
    away = np.asarray(rays.direction[:, 0])
    targets = np.asarray(rays.origin) + far * away[:, None]
    directions = targets / np.linalg.norm(targets, axis=0)
    l, b = np.rad2deg(np.arctan2(*directions[[1, 0]])), np.rad2deg(np.arctan2(directions[2], np.hypot(*directions[:2])))
    simulator = galaxy()
    image = simulator(sl.Sightlines(plane, BOX), 1.0)
    if inclination == 0:
        np.testing.assert_allclose(away, (0, 0, -1), atol=1e-12)
    fan = simulator(sl.Sightlines(sl.Directions(l, b), BOX, observer=tuple(-far * away)), 1.0)
    np.testing.assert_allclose(image.I, fan.I, rtol=1e-6)
    np.testing.assert_allclose(image.polarised_intensity, fan.polarised_intensity, rtol=1e-5)
    np.testing.assert_allclose(
        simulator.rotation_measure(sl.Sightlines(plane, BOX)),
        simulator.rotation_measure(sl.Sightlines(sl.Directions(l, b), BOX, observer=tuple(-far * away))),
        rtol=1e-4,
        atol=1e-4,
    )


def test_rays_that_miss_the_box_are_exactly_zero():
    plane = sl.ImagePlane((8, 8), (80.0, 80.0), inclination=60.0)
    stokes = galaxy()(sl.Sightlines(plane, BOX), 1.0)
    east, north = plane.plane()
    missed = np.hypot(east, north) > 30
    np.testing.assert_array_equal(np.asarray(stokes.I)[missed], 0)
    np.testing.assert_array_equal(np.asarray(stokes.Q)[missed], 0)
    assert np.asarray(stokes.I).max() > 0
    gradient = jax.grad(
        lambda b: jnp.sum(galaxy(magnetic_field=sl.magnetic.LSA(b0=b))(sl.Sightlines(plane, BOX), 1.0).Q)
    )(1.2)
    assert jnp.isfinite(gradient)


def test_image_of_a_face_on_disk_has_its_axes_where_they_should_be():
    """Position angle turns the major axis from north to east; a field along it gives E across it."""
    for angle in (0.0, 30.0, 90.0):
        plane = sl.ImagePlane((2, 2), (2.0, 2.0), 0.0, angle)
        simulator = galaxy(magnetic_field=sl.magnetic.Uniform((5.0, 0.0, 0.0)), emission=sl.emission.Synchrotron())
        stokes = simulator(sl.Sightlines(plane, BOX), 1.0).to_convention("IAU")
        chi = np.rad2deg(0.5 * np.arctan2(stokes.U, stokes.Q))
        np.testing.assert_allclose(np.mod(chi - angle, 180), 90, atol=1e-6)


def test_bad_planes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        sl.ImagePlane((0, 4), (1.0, 1.0))
    with pytest.raises(ValueError, match="extent"):
        sl.ImagePlane((4, 4), (1.0, -1.0))
    with pytest.raises(ValueError, match="inclination"):
        sl.ImagePlane((4, 4), (1.0, 1.0), inclination=float("nan"))


def test_turning_the_sky_turns_its_polarisation():
    """A model turned as a body looks the same in the turned directions, Q and U by the angle between the bases."""
    turn = (20.0, 35.0, -50.0)
    parts = {"electron_density": sl.electrons.Uniform(0.02), "cosmic_rays": sl.cosmic_rays.Uniform(4e-5)}
    still = galaxy(**parts)
    turned = galaxy(magnetic_field=sl.fields.Rotated(sl.magnetic.LSA(), turn), **parts)
    matrix = Rotation.from_rotvec(turn, degrees=True).as_matrix()
    cells, centre = sl.RadialCells(64, 15.0), (0.0, 0.0, 0.0)
    before = sl.Sightlines(sl.Directions([10.0, 100.0, 200.0], [5.0, -40.0, 70.0]), cells, centre)
    x, y, z = matrix @ np.asarray(before.rays.direction)
    after = sl.Directions(np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arcsin(z)))
    after = sl.Sightlines(after, cells, centre)
    north = matrix @ np.asarray(before.rays.north)
    along, across = (np.sum(north * np.asarray(axis), axis=0) for axis in (after.rays.north, after.rays.east))
    seen, expected = (sim(where, 1.4).to_convention("IAU") for sim, where in ((turned, after), (still, before)))
    polarisation = (np.asarray(expected.Q) + 1j * np.asarray(expected.U)) * (along + 1j * across) ** 2
    np.testing.assert_allclose(np.asarray(seen.Q) + 1j * np.asarray(seen.U), polarisation, rtol=1e-8)
    np.testing.assert_allclose(seen.I, expected.I, rtol=1e-10)
    np.testing.assert_allclose(turned.rotation_measure(after), still.rotation_measure(before), rtol=1e-8)


def test_columns_and_means_have_the_derivatives_of_differences():
    sight = lines(16)

    def loss(b0, n0):
        simulator = galaxy(magnetic_field=sl.magnetic.LSA(b0=b0), electron_density=sl.electrons.ExponentialDisk(n0=n0))
        mean = WeightedMean(sight, lambda p, r: towards(p, r) ** 2, density, NEEDS)(simulator)
        return jnp.sum(mean) + jnp.sum(Column(sight, density, ("electron_density",))(simulator) ** 2)

    slopes = jax.grad(loss, argnums=(0, 1))(1.2, 0.03)
    numeric = (loss(1.201, 0.03) - loss(1.199, 0.03)) / 0.002, (loss(1.2, 0.0301) - loss(1.2, 0.0299)) / 0.0002
    np.testing.assert_allclose(slopes, numeric, rtol=1e-6)


def test_faraday_spectra_refuse_what_they_do_not_hold():
    random = sl.electrons.Uniform(3.0)
    faded = sl.emission.FaradayRotation(random=random, coherence_length=0.05)
    spectrum = FaradaySpectrum(lines(), depth=np.linspace(-10, 10, 3), width=1.0)
    with pytest.raises(ValueError, match="no place for depolarisation"):
        spectrum(galaxy(emission=(sl.emission.Synchrotron(), faded)))
    with pytest.raises(ValueError, match="no place for dichroic"):
        spectrum(galaxy(emission=(sl.emission.Synchrotron(absorption="polarised"),)))
    with pytest.raises(ValueError, match="emits Q or U"):
        spectrum(galaxy(emission=(sl.emission.FaradayRotation(),)))
    with pytest.raises(ValueError, match="depth"):
        rotation_measure_spread([1.0, 2.0], 3.0)


def test_lengths_and_planes_that_cannot_be_are_refused():
    free = DispersionMeasure(CATALOGUE, distance="d")
    with pytest.raises(ValueError, match="finite and positive"):
        free(sl.Model(galaxy(), nuisance={"d": [-1.0, 2.0]}))
    with pytest.raises(ValueError, match="finite and positive"):
        free(sl.Model(galaxy(), nuisance={"d": [np.nan, 2.0]}))
    with pytest.raises(ValueError, match=r"distance = 'd' is in the nuisance of a sl\.Model"):
        free(galaxy())
    with pytest.raises(ValueError, match="ChordCells"):
        sl.Sightlines(sl.ImagePlane((2, 2), (1.0, 1.0)), sl.RadialCells(64, 30.0))


def test_fields_of_the_observable_are_prepared():
    grid = sl.electrons.Grid(np.full((4, 4, 4), 2.0), half_widths=(30.0, 30.0, 30.0), interpolation="cubic")
    found = sl.observables.EmissionMeasure(lines(8), clumping=grid)(galaxy())
    np.testing.assert_allclose(found, 2 * galaxy().emission_measure(lines(8)), rtol=1e-10)


def test_clumps_of_the_observable_are_resolved():
    """Clumping that is 1 + 9 inside 20 pc of a point 1 kpc away."""
    place = np.asarray(sl.SUN) + np.array([1.0, 0.0, 0.0])
    clump = sl.fields.Confined(sl.electrons.Uniform(9.0), radius=0.02, centre=place)
    simulator = galaxy(electron_density=sl.electrons.Uniform(0.1))
    source = sl.SourceCatalogue([0.0], [0.0], [2.0])
    found = sl.observables.EmissionMeasure(source, clumping=sl.electrons.Uniform(1.0) + clump)(simulator)
    np.testing.assert_allclose(found, 0.01 * (2000 + 9 * 40), rtol=1e-5)


def test_observables_are_quantities_of_astropy(tmp_path):
    import astropy.units as u
    import healpy

    sky = sl.HealpixSky(1)
    model = sl.Simulator(magnetic_field=sl.magnetic.LSA(), electron_density=sl.electrons.ExponentialDisk())
    units = {"RotationMeasure": "rad / m2", "DispersionMeasure": "pc / cm3", "EmissionMeasure": "pc / cm6"}
    columns = {name: getattr(sl.observables, name)(sky).quantity(model) for name in units}
    for name, unit in units.items():
        assert columns[name].unit == u.Unit(unit)
        np.testing.assert_array_equal(columns[name].value, getattr(sl.observables, name)(sky)(model))
    sl.io.write_columns(tmp_path / "measures.fits", sky, columns)
    _, found = sl.io.read_columns(tmp_path / "measures.fits", units={"EmissionMeasure": "pc cm-6"})
    np.testing.assert_array_equal(found["EmissionMeasure"], columns["EmissionMeasure"].value)
    np.testing.assert_array_equal(healpy.read_map(tmp_path / "measures.fits"), columns["RotationMeasure"].value)
    with pytest.raises(TypeError, match=r"columns\['RM'\] has no unit"):
        sl.io.write_columns(tmp_path / "rm.fits", sky, {"RM": np.ones(12)})
    with pytest.raises(TypeError, match=r"use sl\.io\.write_columns"):
        sl.io.write_map(tmp_path / "rm.fits", np.ones(12))
