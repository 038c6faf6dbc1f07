"""The basic fields and their algebra."""

import dataclasses
import json

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.testing import check_field, sample_positions

KEY = jax.random.key(0)


def random_values(*shape):
    return np.random.default_rng(0).uniform(1, 2, shape)


FIELDS = {
    "uniform": lambda: sl.magnetic.Uniform(),
    "lsa": lambda: sl.magnetic.LSA(),
    "magnetic grid": lambda: sl.magnetic.Grid(random_values(3, 6, 5, 4), outside="nearest"),
    "grid off centre": lambda: sl.magnetic.Grid(random_values(3, 6, 5, 4), half_widths=(2, 3, 1), centre=sl.SUN),
    "cubic grid": lambda: sl.electrons.Grid(random_values(6, 5, 4), interpolation="cubic"),
    "uniform electrons": lambda: sl.electrons.Uniform(),
    "electron disk": lambda: sl.electrons.ExponentialDisk(),
    "uniform cosmic rays": lambda: sl.cosmic_rays.Uniform(),
    "cosmic-ray disk": lambda: sl.cosmic_rays.ExponentialDisk(reference_energy=10.0),
    "cosmic-ray grid": lambda: sl.cosmic_rays.Grid(random_values(4, 4, 4), index=sl.electrons.Uniform(3.1)),
    "analytic disk": lambda: sl.cosmic_rays.AnalyticDisk(index=sl.cosmic_rays.LinearIndex(3.0, 0.01, 0.02)),
    "temperature": lambda: sl.temperature.Uniform(),
    "sum": lambda: sl.magnetic.LSA() + 0.3 * sl.magnetic.Uniform() - sl.magnetic.LSA(b0=0.2),
    "profile": lambda: sl.electrons.ExponentialDisk() * sl.magnetic.LSA(),
    "rotated": lambda: sl.fields.Rotated(sl.magnetic.LSA(), (0.0, 0.0, 0.0)),
    "linear": lambda: sl.fields.Linear(sl.magnetic.LSA(), np.arange(9.0).reshape(3, 3)),
    "ball": lambda: sl.fields.Confined(sl.magnetic.LSA(), smooth=0.3),
    "box": lambda: sl.fields.ConfinedToBox(sl.electrons.ExponentialDisk(), (5.0, 5.0, 1.0), smooth=0.2),
    "masked": lambda: sl.fields.Masked(sl.magnetic.LSA(), lambda x: x[2] > 0.01),
}


@pytest.mark.parametrize("name", FIELDS)
def test_contract(name, precision):
    check_field(FIELDS[name]())


def test_lsa_equals_the_published_table(models):
    table = np.load(models / "tables" / "LSA_synax_public.npz")
    values = jax.jit(jax.vmap(sl.magnetic.LSA()))(jnp.asarray(table["pos_kpc"]))
    difference = np.sum((values - table["B_total_muG"]) ** 2) / np.sum(table["B_total_muG"] ** 2)
    assert np.sqrt(difference) <= 1e-9


def test_lsa_pitch_is_measured_from_the_azimuth():
    field = sl.magnetic.LSA(psi1=0.0, chi0=0.0)(jnp.asarray([-8.0, 0.0, 0.0]))
    pitch = np.deg2rad(27.0)
    np.testing.assert_allclose(field, [-1.2 * np.sin(pitch), -1.2 * np.cos(pitch), 0], atol=1e-12)  # towards l = 243


def test_wmap_cosmic_rays_equal_the_published_table(models):
    table = np.load(models / "tables" / "CRE_WMAP_synax_public.npz")
    name = json.loads((models / "params" / "CRE_WMAP_synax.json").read_text())["columns"][0]
    n0 = 211.13068378473076e-6 * np.exp(-8.3 / 5) / np.cosh(0.006) ** 2  # the table's normalisation is at the centre
    assert n0 == pytest.approx(4.01427e-5, rel=1e-5)
    values = 1e6 * jax.vmap(sl.cosmic_rays.ExponentialDisk(n0=n0))(jnp.asarray(table["pos_kpc"]))  # m^-3
    difference = np.sum((values - table[name]) ** 2) / np.sum(table[name] ** 2)
    assert np.sqrt(difference) <= 1e-9


def test_density_at_the_sun_and_centre():
    sun = jnp.asarray(sl.SUN)
    assert sl.cosmic_rays.ExponentialDisk(n0=2e-5)(sun) == pytest.approx(2e-5)
    assert sl.electrons.ExponentialDisk()(jnp.zeros(3)) == pytest.approx(0.03)


def test_normalisation_by_flux():
    """0.25 (GeV m^2 s sr)^-1 at 10 GeV is N_0 = 40.13 m^-3 for p = 3."""
    rays = sl.cosmic_rays.Uniform.from_flux(0.25, energy=10.0)
    assert rays(jnp.zeros(3)) == pytest.approx(40.13e-6, rel=1e-4)
    steep = dataclasses.replace(rays, index=3.3)
    assert steep.pivot_density(jnp.zeros(3)) == rays.pivot_density(jnp.zeros(3))
    assert steep(jnp.zeros(3)) == pytest.approx(40.13e-6 * (10 / 0.51099895e-3) ** 0.3, rel=1e-4)
    with pytest.raises(ValueError, match="energy = 0"):
        sl.cosmic_rays.Uniform.from_flux(0.25, energy=0)


def test_analytic_disk_has_its_flux_at_the_sun():
    """hammurabi X's template: 30.45 m^-3 at gamma = 1."""
    sun = jnp.asarray([-8.3, 0.0, 0.0])
    assert float(sl.cosmic_rays.AnalyticDisk()(sun)) == pytest.approx(30.45e-6, rel=1e-3)
    tilted = sl.cosmic_rays.AnalyticDisk(index=sl.cosmic_rays.LinearIndex(3.2, 0.02), sun=(-8.3, 0.0, 0.0))
    p = float(tilted.spectral_index(sun))
    assert p == pytest.approx(3.2 - 0.02 * 8.3)
    gamma = 20.6 / 0.51099895e-3
    straight = sl.cosmic_rays.Uniform.from_flux(0.0217, energy=20.6, index=p)
    assert float(tilted(sun)) * gamma**-p == pytest.approx(float(straight.pivot_density(sun)), rel=1e-9)


def test_divergence_and_curl():
    class Whirl(sl.fields.AbstractField):
        b0: jax.Array = sl.param(2.0)

        def __call__(self, position):
            x, y, z = position
            return self.b0 * jnp.stack([-y + x * x, x, z * y])

    point = jnp.asarray([0.5, 2.0, -1.0])
    assert float(sl.fields.divergence(Whirl())(point)) == pytest.approx(2 * (1 + 2))
    np.testing.assert_allclose(sl.fields.curl(Whirl())(point), [2 * -1.0, 0, 4], atol=1e-12)


def test_sums_name_their_terms():
    total = sl.magnetic.LSA() + 2.0 * sl.magnetic.LSA() + sl.magnetic.Uniform()
    assert list(total.terms) == ["lsa", "lsa_2", "uniform"]
    named = sl.fields.Sum(disk=sl.magnetic.LSA(), halo=sl.magnetic.Uniform())
    assert list((named + sl.magnetic.LSA()).terms) == ["disk", "halo", "lsa"]
    position = jnp.asarray([-8.0, 1.0, 0.2])
    expected = 3 * sl.magnetic.LSA()(position) + sl.magnetic.Uniform()(position)
    np.testing.assert_allclose(total(position), expected)
    np.testing.assert_allclose((sl.magnetic.LSA() / 4 - sl.magnetic.LSA())(position), -0.75 * total["lsa"](position))
    with pytest.raises(TypeError, match="disk is a float"):
        sl.fields.Sum(disk=1.0)
    assert list(sum([sl.magnetic.LSA(), sl.magnetic.Uniform()]).terms) == ["lsa", "uniform"]
    with pytest.raises(TypeError, match="term is a float"):
        1.0 + sl.magnetic.LSA()
    assert sl.cosmic_rays.ExponentialDisk().name == "exponential_disk"


def test_flux_takes_units_and_gradients():
    flux = 0.25e-4 / (u.GeV * u.cm**2 * u.s * u.sr)
    rays = sl.cosmic_rays.Uniform.from_flux(flux, energy=1e4 * u.MeV)
    assert float(rays(jnp.zeros(3))) == pytest.approx(40.13e-6, rel=1e-4)
    slope = jax.grad(lambda j0: sl.cosmic_rays.Uniform.from_flux(j0, energy=10.0)(jnp.zeros(3)))(0.25)
    assert float(slope) == pytest.approx(float(rays(jnp.zeros(3))) / 0.25, rel=1e-6)


def test_no_term_of_a_sum_is_lost():
    total = sl.fields.Sum(uniform_2=sl.magnetic.Uniform()) + sl.magnetic.Uniform() + sl.magnetic.Uniform()
    assert list(total.terms) == ["uniform_2", "uniform", "uniform_3"]


def test_populations_go_through_the_algebra():
    thin, thick = sl.cosmic_rays.Uniform(1e-5, index=2.5), sl.cosmic_rays.Uniform(2e-5, index=3.5)
    total = sl.fields.Confined(0.5 * thin + thick, radius=1.0)
    inside, outside = (total.populations(jnp.asarray(x)) for x in (sl.SUN, (0.0, 0.0, 0.0)))
    assert [float(p.index) for p in inside] == [2.5, 3.5]
    np.testing.assert_allclose([float(p.density) for p in inside], [0.5e-5, 2e-5])
    assert [float(p.density) for p in outside] == [0, 0]
    with pytest.raises(TypeError, match="no spectral index"):
        sl.electrons.Uniform().populations(jnp.zeros(3))


def test_rotation_turns_position_and_vector():
    field = sl.magnetic.Grid(random_values(3, 9, 9, 9), half_widths=(9.0, 9.0, 9.0))
    turned = sl.fields.Rotated(field, (0.0, 0.0, 90.0))
    x, y, z = 1.0, 2.0, 0.5
    bx, by, bz = field(jnp.asarray([x, y, z]))
    np.testing.assert_allclose(turned(jnp.asarray([-y, x, z])), [-by, bx, bz], rtol=1e-12)
    scalar = sl.fields.Rotated(sl.electrons.ExponentialDisk(), (90.0, 0.0, 0.0))
    assert scalar(jnp.asarray([0.0, 3.0, 0.0])) == pytest.approx(0.03 * np.exp(-3), rel=1e-12)


def test_confinement():
    ball = sl.fields.Confined(sl.magnetic.Uniform(), radius=4.0)
    for distance, expected in ((3.999, 6.0), (4.001, 0.0)):
        assert ball(jnp.asarray([-8.3, distance, 0.006]))[0] == expected
    soft = sl.fields.Confined(sl.magnetic.Uniform(), radius=4.0, smooth=0.1)
    assert soft(jnp.asarray([-8.3, 4.0, 0.006]))[0] == pytest.approx(3.0)
    slope = eqx.filter_grad(lambda f: f(jnp.asarray([-8.3, 4.0, 0.006]))[0])(soft).radius
    assert slope == pytest.approx(6 / 0.1 / 4)
    box = sl.fields.ConfinedToBox(sl.electrons.Uniform(1.0), (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(jax.vmap(box)(jnp.asarray([[0.9, 1.9, 2.9], [1.1, 0, 0], [0, 0, -3.1]])), [1, 0, 0])


def test_grids_reproduce_what_they_can():
    """Trilinear interpolation is exact for a field linear in each coordinate, cubic for its nodes."""
    half = (8.0, 6.0, 2.0)
    nodes = sl.grids.nodes((7, 6, 5), half)
    x, y, z = np.moveaxis(nodes, -1, 0)
    values = np.stack([1 + x - 2 * y, x * y * z, z])
    points = jnp.asarray(sample_positions(60) / (18, 18, 4) * half * 0.99)
    linear = jax.vmap(sl.magnetic.Grid(values, half_widths=half))(points)
    px, py, pz = np.asarray(points).T
    np.testing.assert_allclose(linear.T, [1 + px - 2 * py, px * py * pz, pz], atol=1e-12)
    cubic = sl.magnetic.Grid(values, half_widths=half, interpolation="cubic").prepare()
    np.testing.assert_allclose(cubic(jnp.asarray(nodes[3, 2, 1])), values[:, 3, 2, 1], atol=1e-12)


def test_cubic_beats_linear_on_a_smooth_field():
    half = (8.0, 8.0, 8.0)
    nodes = sl.grids.nodes((24, 24, 24), half)
    values = np.sin(nodes @ np.array([0.5, 0.3, 0.4]))
    points = jnp.asarray(np.random.default_rng(0).uniform(-7, 7, (200, 3)))
    exact = np.sin(points @ np.array([0.5, 0.3, 0.4]))
    errors = []
    for method in ("linear", "cubic"):
        grid = sl.magnetic.Grid(np.stack([values] * 3), half_widths=half, interpolation=method).prepare()
        errors.append(np.max(np.abs(jax.vmap(grid)(points)[:, 0] - exact)))
    assert errors[1] < 0.1 * errors[0]
    assert errors[0] < 0.031  # spacing^2 |k|^2 / 8


def test_grids_outside_their_box():
    grid = sl.electrons.Grid(np.ones((4, 4, 4)), half_widths=(1.0, 1.0, 1.0))
    assert grid(jnp.asarray([1.5, 0.0, 0.0])) == 0
    assert dataclasses.replace(grid, outside="nearest")(jnp.asarray([1.5, 0.0, 0.0])) == 1
    with pytest.raises(ValueError, match=r"call \.prepare\(\) first"):
        dataclasses.replace(grid, interpolation="cubic")(jnp.zeros(3))


def test_the_contract_check_finds_faults():
    class Wrong(sl.fields.AbstractField):
        n0: jax.Array = sl.param(1.0)
        fault: str = sl.setting("none")

        def __call__(self, position):
            x, y, _z = position
            if self.fault == "shape":
                return position[:2]
            if self.fault == "gradient":
                return self.n0 * jnp.sqrt(x * x + y * y)
            if self.fault == "type":
                return self.n0 * x * np.arange(1.0, 4.0)[1]
            if self.fault == "derivative":
                return self.n0 * jax.lax.stop_gradient(x) * y
            return self.n0 * x

    check_field(Wrong())
    for fault, message in {
        "shape": "shape",
        "gradient": "not finite",
        "derivative": "central differences",
    }.items():
        with pytest.raises(AssertionError, match=message):
            check_field(Wrong(fault=fault))
    with jax.numpy_dtype_promotion("standard"), pytest.raises(AssertionError, match="fixed type"):
        check_field(Wrong(fault="type"))


POINTS = jnp.eye(3)


@pytest.mark.parametrize("points", [POINTS, POINTS.tolist(), np.ones((5, 3)), jnp.ones(2), 1.0], ids=str)
@pytest.mark.parametrize(
    "of",
    [
        lambda p: sl.magnetic.LSA()(p),
        lambda p: sl.magnetic.LSA()(position=p),
        lambda p: (sl.magnetic.LSA() + sl.magnetic.Uniform())(p),
        lambda p: sl.electrons.YMW16().components(p),
        lambda p: sl.electrons.NE2001().local_ism.layer(p),
        lambda p: sl.cosmic_rays.Uniform().populations(p),
        lambda p: sl.cosmic_rays.Uniform().spectral_index(p),
        lambda p: sl.electrons.Grid(jnp.ones((2, 2, 2))).interpolate(p),
        lambda p: sl.Simulator(magnetic_field=sl.magnetic.LSA()).plasma(p),
        lambda p: sl.fields.divergence(sl.magnetic.LSA())(jnp.asarray(p)),
        lambda p: jax.eval_shape(lambda x: sl.magnetic.LSA()(x), jnp.asarray(p)),
        lambda p: jax.jacfwd(lambda x: sl.magnetic.LSA()(x))(jnp.asarray(p)),
    ],
)
def test_fields_take_one_position(of, points):
    with pytest.raises(ValueError, match=r"takes one position, \(3,\) kpc, not an array of shape .*jax\.vmap\(field"):
        of(points)


def test_fields_of_users_take_one_position():
    class Mine(sl.fields.AbstractField):
        def __call__(self, x):  # whatever its argument is called
            return x[2]

        def populations(self, x):
            return (x[0],)

    for of in (Mine(), Mine().populations, lambda p: Mine()(x=p)):
        with pytest.raises(ValueError, match=r"Mine.* takes one position.*jax\.vmap"):
            of(POINTS)
    np.testing.assert_array_equal(jax.vmap(Mine())(POINTS), [0, 0, 1])
    assert jax.jit(lambda field, x: field(x))(Mine(), POINTS[2]) == 1


@pytest.mark.parametrize(
    "position", [[-8.0, 1.0, 2.0], (-8, 1, 2), np.array([-8, 1, 2]), [-8e3, 1e3, 2e3] * u.pc, jnp.array([-8, 1, 2])]
)
def test_positions_are_converted(position, precision):
    field = sl.magnetic.LSA()
    value = field(position)
    assert value.dtype == precision
    np.testing.assert_allclose(value, field(jnp.asarray([-8.0, 1.0, 2.0])), rtol=1e-6)


@pytest.mark.parametrize(
    ("position", "error", "message"),
    [
        ("Sun", TypeError, r"LSA takes one position.*not 'Sun'"),
        (None, TypeError, "not None"),
        ([1.0, [2.0, 3.0]], TypeError, "one position"),
        (jnp.array([1j, 0, 0]), TypeError, "real numbers"),
        (np.array([True, False, True]), TypeError, "real numbers"),
        ([1.0, 2.0, 3.0] * u.K, ValueError, "convertible to 'kpc'"),
    ],
)
def test_what_is_no_position_is_refused(position, error, message):
    with pytest.raises(error, match=message):
        sl.magnetic.LSA()(position)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (sl.fields.Masked(sl.magnetic.LSA(), lambda x: jnp.abs(x) < 4), r"Masked\.inside returned shape \(3,\)"),
        (sl.magnetic.LSA() * sl.magnetic.LSA(), r"returned shape \(3,\)"),
        (sl.magnetic.LSA() + sl.electrons.Uniform(), r"shapes \(\) and \(3,\) do not go together"),
        (sl.electrons.Uniform() + sl.magnetic.LSA(), r"shapes \(\) and \(3,\) do not go together"),
        (sl.cosmic_rays.Uniform(index=sl.magnetic.LSA(), reference_energy=10.0), r"LSA returned shape \(3,\)"),
    ],
)
def test_numbers_and_vectors_are_not_mixed(field, message):
    with pytest.raises(ValueError, match=message):
        field(jnp.ones(3))


def test_an_observable_integrates_numbers():
    sky, simulator = sl.Directions(10.0, 5.0), sl.Simulator(magnetic_field=sl.magnetic.LSA())
    field = lambda plasma, ray: jnp.stack(plasma.magnetic_field)  # noqa: E731
    one = lambda plasma, ray: jnp.ones(())  # noqa: E731
    needs = ("magnetic_field",)
    for observable in (
        sl.observables.Column(sky, field, needs),
        sl.observables.WeightedMean(sky, field, one, needs),
        sl.observables.WeightedMean(sky, one, field, needs),
    ):
        with pytest.raises(ValueError, match=r"(quantity|weight) returned shape \(3,\) at one point"):
            observable(simulator)
    with pytest.raises(TypeError, match="quantity returned a tuple at one point"):
        sl.observables.Column(sky, lambda plasma, ray: (1.0, 2.0), needs)(simulator)


BOX = {"half_widths": (3.0, 2.0, 1.0), "centre": (-7.0, 1.0, 0.2)}
OFF_CENTRE = {
    "electrons": lambda: sl.electrons.Grid(random_values(5, 4, 4), **BOX),
    "cells": lambda: sl.electrons.Grid.from_cells(random_values(5, 4, 4), **BOX),
    "cubic": lambda: sl.electrons.Grid(random_values(5, 4, 4), interpolation="cubic", **BOX),
    "magnetic": lambda: sl.magnetic.Grid(random_values(3, 5, 4, 4), **BOX),
    "vector potential": lambda: jax.tree.map(
        lambda leaf: jnp.asarray(random_values(*leaf.shape)) if leaf.ndim else leaf,
        sl.magnetic.VectorPotentialGrid.zeros((5, 4, 3), **BOX),
    ),
    "process": lambda: sl.magnetic.GaussianProcess(shape=(6, 6, 6), rms=3.0, key=KEY, **BOX),
    "cylinder": lambda: sl.magnetic.GaussianProcess(
        shape=(6, 6, 6), rms=3.0, key=KEY, coordinates="cylindrical", lengths=(3.0, 1.0, 1.0), **BOX
    ),
    "turbulence": lambda: sl.magnetic.Turbulent((16, 16, 16), rms=3.0, key=KEY, **BOX),
    "shifted": lambda: sl.fields.Shifted(
        sl.electrons.Grid(random_values(5, 4, 4), half_widths=BOX["half_widths"]), BOX["centre"]
    ),
}


@pytest.mark.parametrize("name", OFF_CENTRE)
def test_fields_off_centre_are_seen_where_they_are(name):
    """By default cells, which are cut where fields say that they end, as by narrow ones all along the ray."""
    field = OFF_CENTRE[name]()
    sky = sl.Directions([0.0, 90.0, 150.0, 200.0, 20.0], [1.0, 0.0, 20.0, 5.0, -60.0])
    plain = sl.Sightlines(sky, sl.RadialCells(4000, distance=10.0))
    if isinstance(field.prepare()(jnp.asarray(BOX["centre"])), jax.Array) and field.prepare()(jnp.zeros(3)).ndim == 0:
        simulator = sl.Simulator(electron_density=field)
        found, expected = simulator.dispersion_measure(sky), simulator.dispersion_measure(plain)
    else:
        simulator = sl.Simulator(field, sl.electrons.Uniform(0.1))
        found, expected = simulator.rotation_measure(sky), simulator.rotation_measure(plain)
    assert np.all(np.abs(expected) > 0)
    np.testing.assert_allclose(found, expected, rtol=5e-3, atol=2e-3 * np.max(np.abs(expected)))


def test_the_contract_finds_fields_that_go_on_behind_their_end():
    class Wrong(sl.fields.AbstractField):
        n0: jax.Array = sl.param(1.0)

        def structures(self):
            return sl.fields.Structures.layer(-0.5, 0.5).ending(sl.fields.Structures.layer(-0.5, 0.5))

        def __call__(self, position):
            return self.n0 * jnp.exp(-0.5 * position[2] ** 2)

    with pytest.raises(AssertionError, match=r"structures\(\) ends it before"):
        sl.testing.check_field(Wrong())


def test_mixing_components_needs_some():
    with pytest.raises(TypeError, match="Uniform is a scalar"):
        sl.fields.Linear(sl.electrons.Uniform(1.0), jnp.eye(3))(jnp.zeros(3))


def test_complex_numbers_are_refused():
    for values in (np.ones((3, 3, 3)) * (1 + 2j), jnp.ones((3, 3, 3), complex)):
        with pytest.raises(TypeError, match=r"Grid.values must be real numbers, not complex ones"):
            sl.electrons.Grid(values)
    with pytest.raises(TypeError, match=r"LSA.b0 must be real numbers"):
        sl.magnetic.LSA(b0=np.complex128(1 + 2j))
