"""Packets: exact transmissions, polarisation, energies of hot electrons, errors, derivatives, and what is refused."""

import dataclasses
import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

import sightline as sl
from sightline.processes import klein_nishina
from sightline.scattering import compton, tally, thermal
from sightline.scattering import process as processes
from sightline.scattering.compton import REST
from sightline.scattering.packet import Packet, isotropic, perpendicular
from sightline.scattering.thermal import boosted

sc = sl.scattering
UNIT = 1 / processes.THOMSON  # cm^-3 for an optical depth of 1 per kpc
KEY = jax.random.key(7)


def slab(depth, process, **options):
    return sc.Transport(sl.electrons.Uniform(depth * UNIT), process, sc.Slab(1.0), sc.Lambertian(), **options)


HOT = [(5110.0, 511.0, 0.0647874938), (511.0, 3000.0, 0.0820132256), (51.1, 511.0, 0.398663254), (1.0, 1.0, 0.99608697)]


class Hole(sl.fields.AbstractField):
    """A density that is not a number in a layer."""

    def __call__(self, position):
        return jnp.where(jnp.abs(position[2] - 0.5) < 0.01, jnp.nan, 0.8 * UNIT)


def packet(energy=1.0, q=0.0, u=0.0, direction=(0.0, 0.6, 0.8)):
    direction = jnp.asarray(direction)
    numbers = (jnp.asarray(float(x)) for x in (1.0, q, u, energy))
    return Packet(jnp.zeros(3), direction, perpendicular(direction), *numbers)


def test_one_packet_has_no_error():
    seen = sc.Tallied.of(jnp.array([[2.0], [1.0], [0.0]]), jnp.array([[4.0], [1.0], [0.0]]), 1)
    assert np.isnan(seen.error[0])
    pair = sc.Tallied.of(jnp.array([[4.0], [0.0], [0.0]]), jnp.array([[10.0], [0.0], [0.0]]), 2)  # 1 and 3
    np.testing.assert_allclose(pair.error[0], np.std([1.0, 3.0], ddof=1) / np.sqrt(2))


@pytest.mark.parametrize(("process", "exact"), [(sc.Isotropic(), 0.553406), (sc.Thomson(), 0.553096)])
def test_transmission_of_a_slab(process, exact):
    """Optical depth 1, Lambertian light: exact values of the integral equation."""
    seen = slab(1.0, process)(KEY, packets=40_000)
    escape = seen["escape"]
    assert abs(escape.I[1] - exact) < 4 * escape.error[1]
    np.testing.assert_allclose(jnp.sum(escape.I), 1.0, rtol=1e-12)
    np.testing.assert_allclose(escape.error[1], np.sqrt(exact * (1 - exact) / 40_000), rtol=0.02)
    assert int(seen.lost) == 0


def test_derivative_of_the_transmission_forward_and_reverse():
    """d T/d tau = -0.23405, from the packets of one run."""

    def transmission(depth, **options):
        cloud = slab(depth, sc.Isotropic(), majorant=1.6 * UNIT, **options)
        return cloud(KEY, packets=options.pop("packets", 40_000))["escape"].I[1]

    _, slope = jax.jvp(transmission, (jnp.asarray(1.0),), (jnp.asarray(1.0),))
    assert abs(slope + 0.23405) < 0.02
    few = {"batch": 64, "events": 60}

    def small(depth, **more):
        cloud = slab(depth, sc.Isotropic(), majorant=1.6 * UNIT, **few, **more)
        return cloud(KEY, packets=256)["escape"].I[1]

    _, forward = jax.jvp(small, (jnp.asarray(1.0),), (jnp.asarray(1.0),))
    np.testing.assert_allclose(jax.grad(lambda d: small(d, reverse=True))(jnp.asarray(1.0)), forward, rtol=1e-10)


def test_a_majorant_may_be_the_density_itself():
    """Flights are drawn for more, or no collision would be refused, and the derivative would lack those."""

    def transmission(depth, majorant):
        return slab(depth, sc.Isotropic(), majorant=majorant * UNIT)(KEY, packets=40_000)["escape"].I[1]

    _, slope = jax.jvp(lambda depth: transmission(depth, 1.0), (jnp.asarray(1.0),), (jnp.asarray(1.0),))
    assert abs(slope + 0.23405) < 0.03


def test_results_do_not_depend_on_the_batch():
    tallies = {"escape": sc.Escape(8), "seen": sc.Peel([(0.0, 0.0, 1.0), (0.6, 0.0, 0.8)])}
    one, other = (slab(1.0, sc.Thomson(), batch=batch)(KEY, 3000, tallies) for batch in (64, 1024))
    np.testing.assert_array_equal(one["escape"].I, other["escape"].I)
    assert one.scatterings == other.scatterings
    for name in tallies:
        for part in ("I", "Q", "U", "error"):
            np.testing.assert_allclose(getattr(one[name], part), getattr(other[name], part), rtol=1e-9, atol=1e-12)


def test_peeled_and_escaping_light_agree():
    """The brightness towards the zenith from a slab of depth 0.5, per steradian, is that of the escapes around it."""
    tallies = {"escape": sc.Escape(20), "seen": sc.Peel([(0.0, np.sqrt(1 - 0.85**2), 0.85)])}
    seen = slab(0.5, sc.Thomson())(KEY, 60_000, tallies)
    bins = seen["escape"]
    straight = np.array([integrate.quad(lambda m: 2 * m * np.exp(-0.5 / m), a, a + 0.1)[0] for a in (0.8,)])
    scattered = (bins.I[18] - straight[0]) / (2 * np.pi * 0.1)
    error = np.hypot(bins.error[18] / (2 * np.pi * 0.1), seen["seen"].error[0])
    assert abs(scattered - seen["seen"].I[0]) < 4 * error + 0.002 * seen["seen"].I[0]
    q = bins.Q[18] / (2 * np.pi * 0.1)
    assert abs(q - seen["seen"].Q[0]) < 4 * bins.error_Q[18] / (2 * np.pi * 0.1) + 0.02 * abs(q)


@pytest.mark.long
def test_polarisation_of_a_half_space():
    """Chandrasekhar 1960, table XXIV: 11.713 % at the limb, 2.252 % at 0.5, none at the zenith, I(1)/I(0) = 3.063."""
    cosines = np.array([0.005, 0.5, 1.0])
    directions = tuple((float(np.sqrt(1 - m * m)), 0.0, float(m)) for m in cosines)
    cloud = slab(12.0, sc.Thomson(), majorant=12.001 * UNIT)
    seen = cloud(KEY, 400_000, {"seen": sc.Peel(directions)})["seen"]
    share = seen.Q / seen.I
    error = np.hypot(seen.error_Q, share * seen.error) / seen.I
    np.testing.assert_array_less(abs(share - np.array([-0.1145, -0.02252, 0.0])), 4 * error + 0.001)


def test_a_cloud_scatters_its_column_once():
    """Little optical depth: what is seen is the column of electrons along the beam, times the phase function."""
    cloud = sl.electrons.ExponentialDisk(n0=1.0, scale_radius=0.5, scale_height=0.4)
    source = sc.PointSource(position=(0.0, 0.0, -0.99), beam=(0.0, 0.0, 1.0))
    run = sc.Transport(cloud, sc.Thomson(), sc.Box((1.0, 1.0, 1.0)), source, majorant=40.0)
    seen = run(KEY, 40_000, {"seen": sc.Peel([(1.0, 0.0, 0.0)])})["seen"]
    column = integrate.quad(lambda z: float(cloud(jnp.asarray([0.0, 0.0, z]))), -0.99, 1.0, points=[0.0])[0]
    exact = processes.THOMSON * column * 3 / (16 * np.pi)
    assert abs(seen.I[0] - exact) < 4 * seen.error[0] + 2e-3 * exact
    np.testing.assert_allclose(seen.Q[0], -seen.I[0], rtol=1e-3)  # across the beam: perpendicular to it, east-west


def test_flights_are_seen_before_they_collide():
    """A depth of 1e-4, of which 200 packets hit nothing: what each may do is seen, and its derivative."""

    def seen(depth):
        source = sc.PointSource(position=(0.0, 0.0, -0.5), beam=(0.0, 0.0, 1.0))
        region, most = sc.Box((0.5, 0.5, 0.5)), 1.0001e-4 * UNIT
        cloud = sc.Transport(sl.electrons.Uniform(depth * UNIT), sc.Thomson(), region, source, majorant=most)
        found = cloud(KEY, 200, {"seen": sc.Peel([(1.0, 0.0, 0.0), (0.0, 0.6, 0.8)])})["seen"]
        return found.I, found.error

    value, slope = jax.jvp(seen, (jnp.asarray(1e-4),), (jnp.asarray(1.0),))
    exact = 3 / (16 * np.pi) * (1 + np.array([0.0, 0.8]) ** 2)
    np.testing.assert_allclose(value[0], 1e-4 * exact, rtol=1e-3)
    np.testing.assert_allclose(slope[0], exact, rtol=1e-3)
    np.testing.assert_array_less(value[1], 1e-3 * value[0])


def test_polarised_beams_scatter_as_dipoles(precision):
    """A beam along +z, its field along x: nothing goes along x, and what goes along y is polarised along x."""
    beam = packet(q=1.0, direction=(0.0, 0.0, 1.0))  # from the reference +x
    process, none = sc.Thomson(), jnp.zeros(4)
    aside = process.towards(beam, none, jnp.asarray([1.0, 0.0, 0.0]))
    across = process.towards(beam, none, jnp.asarray([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(aside.I, 0.0, atol=1e-6)
    np.testing.assert_allclose(across.I, 6 / (16 * np.pi), rtol=1e-6)
    along = abs(across.reference[0])
    np.testing.assert_allclose(across.q * (2 * along**2 - 1), 1.0, rtol=1e-5)


def test_random_angles_follow_their_laws(precision):
    numbers = jax.random.uniform(KEY, (20_000,))
    cosines = np.asarray(jax.jit(jax.vmap(processes.rayleigh))(numbers), float)
    assert stats.kstest(cosines, lambda c: (4 + 3 * c + c**3) / 8).pvalue > 1e-3
    m = jnp.asarray(0.7)
    phi = np.asarray(jax.jit(jax.vmap(lambda n: processes.azimuth(n, m)))(numbers), float)
    assert stats.kstest(phi, lambda p: (p - 0.35 * np.sin(2 * p)) / (2 * np.pi)).pvalue > 1e-3


@pytest.mark.parametrize("energy", [1e-3, 511.0, 1e5])
def test_compton_energies_and_directions(energy):
    """Mean energies in closed form, energy against angle, and the same total in all directions."""
    numbers = jax.random.uniform(KEY, (20_000, 8))
    light, process, none = packet(energy, q=0.3, u=0.4), sc.Compton(), jnp.zeros(4)
    left = jax.jit(jax.vmap(lambda n: process.scatter(light, none, n)))(numbers)
    k = energy / REST
    expected = float(sl.processes.mean_energy_ratio(k))
    ratio = np.asarray(left.energy) / energy
    assert abs(np.mean(ratio) - expected) < 4 * np.std(ratio) / np.sqrt(20_000) + 1e-9
    cosines = np.asarray(left.direction @ light.direction)
    np.testing.assert_allclose(ratio, 1 / (1 + k * (1 - cosines)), rtol=1e-6)
    assert np.all(np.asarray(left.q**2 + left.u**2) <= 1 + 1e-9)
    directions = jax.vmap(lambda n: isotropic(n[0], n[1]))(numbers)
    sent = jax.jit(jax.vmap(lambda d: process.towards(light, none, d).I))(directions)
    mean, error = 4 * np.pi * np.mean(sent), 4 * np.pi * np.std(sent) / np.sqrt(20_000)
    assert abs(mean - 1) < 4 * error


def test_klein_nishina_in_closed_form(precision):
    k = np.geomspace(1e-6, 1e4, 6)
    one = 1 + 2 * k
    wide = k > 1e-2
    exact = 0.75 * (
        (1 + k) / k**3 * (2 * k * (1 + k) / one - np.log(one)) + np.log(one) / (2 * k) - (1 + 3 * k) / one**2
    )
    found = sl.processes.cross_section_ratio(jnp.asarray(k))
    np.testing.assert_allclose(np.asarray(found)[wide], exact[wide], rtol=1e-9 if precision == "float64" else 1e-6)
    assert sl.processes.cross_section_ratio(0.0) == pytest.approx(1, rel=1e-15 if precision == "float64" else 1e-6)
    assert sl.processes.mean_energy_ratio(0.0) == pytest.approx(1, rel=1e-15 if precision == "float64" else 1e-6)
    with pytest.raises(ValueError, match="must not be negative"):
        sl.processes.cross_section_ratio(-1.0)
    small = 1 - 2 * k + 26 / 5 * k**2
    np.testing.assert_allclose(np.asarray(found)[k < 1e-4], small[k < 1e-4], rtol=1e-6)
    mean = np.asarray(sl.processes.mean_energy_ratio(jnp.asarray(k)))
    np.testing.assert_allclose(mean[k < 1e-4], 1 - k[k < 1e-4], rtol=1e-6)
    law = sl.processes.KleinNishina()
    l = jnp.linspace(0.0, 1.0, 9)
    slope = jax.vmap(jax.grad(lambda l: law.unit_cumulative(l, energy=jnp.asarray(3.0))))(l)
    np.testing.assert_allclose(slope, jax.vmap(lambda l: law.unit_density(l, energy=jnp.asarray(3.0)))(l), rtol=1e-5)


def test_maxwell_juettner_means():
    """The mean kinetic energy over theta: 3/2 cold, 3 - 1/theta + K1/K2 at any theta."""
    from scipy import special

    law = sl.processes.MaxwellJuttner()
    nodes, weights = np.polynomial.legendre.leggauss(64)
    l = jnp.asarray(0.5 * (1 + nodes))
    for theta in (1e-5, 0.1, 10.0):
        at = jnp.asarray(theta)
        x = jax.vmap(lambda l, at=at: law.value(l, temperature=at))(l)
        p = jax.vmap(lambda l, at=at: law.unit_density(l, temperature=at))(l)
        mean = float(jnp.sum(0.5 * jnp.asarray(weights) * p * x))
        exact = 3 + special.kve(1, 1 / theta) / special.kve(2, 1 / theta) / theta - 1 / theta
        np.testing.assert_allclose(mean, exact, rtol=1e-6)


def hot(energy, temperature, count):
    """Energies after one scattering by hot electrons over before, weighted by what collides."""
    process, light = sc.ThermalCompton(temperature), packet(energy)

    def one(numbers):
        electron = process.electron(light, numbers[:8])
        return process.chance(light, electron), process.scatter(light, electron, numbers[8:]).energy / energy

    chance, ratio = jax.jit(jax.vmap(one))(jax.random.uniform(KEY, (count, 16)))
    return np.asarray(chance), np.asarray(ratio)


def test_hot_electrons_give_energy():
    """kT = 0.1 m c^2, soft photons: a factor 1 + 4 theta K3/K2-like, 1.506796 a scattering; cold: 1 + 4 theta - k."""
    chance, ratio = hot(1e-6, 0.1 * REST, 400_000)
    mean = np.sum(chance * ratio) / np.sum(chance)
    error = np.std(chance * (ratio - mean)) / np.mean(chance) / np.sqrt(400_000)
    assert error < 2e-3
    assert abs(mean - 1.506796) < 4 * error
    np.testing.assert_allclose(2 * np.mean(chance), 1.0, atol=4 * 2 * np.std(chance) / np.sqrt(400_000))


def test_boosts_are_undone():
    light, electron = packet(5.0, 0.3, -0.2), jnp.asarray([0.7, 0.48, 0.6, 0.64])
    there = boosted(light, electron)
    back = boosted(there, electron.at[1:].multiply(-1))
    np.testing.assert_allclose(back.direction, light.direction, atol=1e-12)
    np.testing.assert_allclose(back.energy, 5.0, rtol=1e-12)
    np.testing.assert_allclose(np.hypot(back.q, back.u), np.hypot(0.3, 0.2), rtol=1e-12)
    ours, theirs = ((p.q, p.u, p.reference) for p in (light, back))
    phi = np.arctan2(*(float(jnp.sum(v * theirs[2])) for v in (jnp.cross(light.direction, ours[2]), ours[2])))
    turned = complex(ours[0], ours[1]) * np.exp(-2j * phi)
    np.testing.assert_allclose(complex(theirs[0], theirs[1]), turned, atol=1e-12)


def test_thermal_light_towards_an_observer_is_all_of_it():
    process, light = sc.ThermalCompton(100.0), packet(20.0, 0.5)
    electron = jnp.asarray([0.4, 0.0, 0.6, -0.8])
    nodes, weights = np.polynomial.legendre.leggauss(48)
    phi = np.arange(48) * 2 * np.pi / 48
    sine = np.sqrt(1 - nodes**2)
    grid = np.stack([np.outer(sine, np.cos(phi)), np.outer(sine, np.sin(phi)), np.outer(nodes, np.ones(48))], -1)
    sent = jax.jit(jax.vmap(jax.vmap(lambda d: process.towards(light, electron, d).I)))(jnp.asarray(grid))
    np.testing.assert_allclose(np.sum(weights[:, None] * sent) * 2 * np.pi / 48, 1.0, rtol=1e-5)


def test_field_sources_carry_their_field():
    field = sl.electrons.ExponentialDisk(n0=1.0, scale_radius=1.0, scale_height=0.5)
    source = sc.FieldSource(field)
    run = sc.Transport(sl.electrons.Uniform(1e-6), sc.Isotropic(), sc.Sphere(1.0), source)
    seen = run(KEY, 20_000)["escape"]
    nodes = np.linspace(-1, 1, 41)
    places = jnp.asarray(np.stack(np.meshgrid(nodes, nodes, nodes), -1).reshape(-1, 3))
    inside = jnp.sum(places**2, axis=1) <= 1
    exact = float(jnp.mean(jax.vmap(field)(places)[inside]))
    assert abs(jnp.sum(seen.I) - exact) < 0.03 * exact


@pytest.mark.parametrize("region", [sc.Sphere(0.7), sc.Box((1.0, 0.5, 0.2)), sc.Slab(0.3)])
def test_light_that_is_made_evenly_in_a_region_leaves_it_whole(region):
    """Packets are born in the region alone, evenly: their mean square distance is that of its volume."""
    run = sc.Transport(sl.electrons.Uniform(1e3), sc.Isotropic(), region, sc.IsotropicSource())
    np.testing.assert_allclose(jnp.sum(run(KEY, 500)["escape"].I), 1.0, rtol=1e-12)
    places = jax.vmap(region.point)(jax.random.uniform(KEY, (20_000, 3)))
    assert float(jnp.min(jax.vmap(region.depth)(places))) >= 0
    exact = {"Sphere": 0.6 * 0.49, "Box": (1 + 0.25 + 0.04) / 3, "Slab": 0.03}[type(region).__name__]
    np.testing.assert_allclose(jnp.mean(jnp.sum(places**2, axis=1)), exact, rtol=0.02)


def test_along_a_slab_nothing_is_seen():
    """The limit of directions ever closer to its surface; a sum that is NaN has an error that is NaN."""
    run = sc.Transport(sl.electrons.Uniform(487.0), sc.Isotropic(), sc.Slab(1.0), sc.Lambertian())
    seen = run(KEY, 200, {"peel": sc.Peel(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))})["peel"]
    np.testing.assert_array_equal([seen.I[0], seen.error[0]], 0)
    assert float(seen.I[1]) > 0
    assert np.isnan(sc.Tallied.of(jnp.full((3, 1), jnp.nan), jnp.full((3, 1), jnp.nan), 8).error[0])


@pytest.mark.parametrize(
    ("make", "error", "what"),
    [
        (lambda: slab(1.0, sc.Isotropic())(KEY, 0), ValueError, "at least one"),
        (lambda: slab(1.0, sc.Isotropic(), majorant=UNIT / 2)(KEY, 500), ValueError, "above the majorant"),
        (
            lambda: dataclasses.replace(slab(1.0, sc.Isotropic(), majorant=UNIT), density=Hole())(KEY, 500),
            ValueError,
            "not finite at",
        ),
        (
            lambda: dataclasses.replace(
                slab(1.0, sc.Isotropic()), density=-1.0 * sl.electrons.Uniform(UNIT), majorant=UNIT
            )(KEY, 500),
            ValueError,
            "negative",
        ),
        (lambda: slab(1.0, sc.Isotropic())(0, 500), TypeError, "key is a int"),
        (lambda: slab(1.0, sc.Isotropic())(KEY, 500, sc.Escape()), TypeError, "tallies must be a dictionary"),
        (lambda: sc.FieldSource(sl.magnetic.LSA()), TypeError, "emissivity must be a scalar field"),
        (lambda: sc.ThermalCompton(sl.magnetic.LSA()), TypeError, "temperature must be a scalar field"),
        (lambda: sc.Box((1.0, 1.0)), ValueError, "three positive lengths"),
        (lambda: sc.Escape(cosines=2.5), ValueError, "whole number"),
        (lambda: sc.PointSource(degree=0.5), ValueError, "beam"),
        (lambda: sc.PointSource(beam=(0.0, 0.0, 1.0), degree=1.5), ValueError, "bounds"),
        (lambda: sc.Peel([(0.0, 0.0, 0.0)]), ValueError, "none of them zero"),
        (lambda: sc.Escape(energies=(2.0, 1.0)), ValueError, "rising"),
        (lambda: dataclasses.replace(slab(1.0, sc.Isotropic()), region=None), TypeError, "region must be"),
        (lambda: dataclasses.replace(slab(1.0, sc.Isotropic()), region=sc.Sphere()), ValueError, "below a"),
        (lambda: dataclasses.replace(slab(1.0, sc.Isotropic()), density=sl.magnetic.LSA()), TypeError, "scalar field"),
        (
            lambda: dataclasses.replace(slab(1.0, sc.Isotropic()), source=sc.PointSource(position=(0.0, 0.0, 2.0))),
            ValueError,
            "outside the Slab",
        ),
    ],
)
def test_what_is_refused(make, error, what):
    with pytest.raises(error, match=what):
        make()


def test_lost_packets_are_told():
    with pytest.warns(sc.LostWarning, match="raise `events`"):
        seen = slab(20.0, sc.Isotropic(), events=5)(KEY, 500)
    assert int(seen.lost) > 0


def test_single_precision():
    with jax.enable_x64(False):
        seen = slab(1.0, sc.Compton())(jax.random.key(1), 4000, {"seen": sc.Peel([(0.0, 0.0, 1.0)])})["seen"]
        assert seen.I.dtype == np.float32
        assert np.isfinite(float(seen.I[0]))
        assert abs(float(seen.Q[0])) < 0.1 * float(seen.I[0])


def test_a_transport_is_saved(tmp_path):
    cloud = slab(1.0, sc.ThermalCompton(10.0))
    sl.save(cloud, tmp_path / "cloud.model")
    assert eqx.tree_equal(sl.load(tmp_path / "cloud.model"), cloud)


DEVICES = """
import jax, numpy as np, sightline as sl
sc = sl.scattering
cloud = sc.Transport(sl.electrons.Uniform(487.17), sc.Thomson(), sc.Slab(1.0), sc.Lambertian(), batch=128)
seen = cloud(jax.random.key(3), 2000, {"escape": sc.Escape(4)})
found = seen["escape"]
print(jax.device_count(), np.asarray(found.I).tolist(), float(found.Q[3]), int(seen.scatterings))
"""


def test_results_do_not_depend_on_devices():
    found = []
    for count in (1, 4):
        flags = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"}
        done = subprocess.run([sys.executable, "-c", DEVICES], capture_output=True, text=True, env=os.environ | flags)
        assert done.returncode == 0, done.stderr[-800:]
        number, rest = done.stdout.split(maxsplit=1)
        assert int(number) == count
        shares, q, scatterings = rest.rpartition("]")[0] + "]", *rest.rpartition("]")[2].split()
        found.append((shares, float(q), int(scatterings)))
    np.testing.assert_allclose(eval(found[0][0]), eval(found[1][0]), rtol=1e-6)
    assert found[0][2] == found[1][2]
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-6)


@pytest.mark.parametrize(
    ("ratio", "at", "first", "second"),
    [
        (sl.processes.cross_section_ratio, (0.0, 3e-8, 1.2e-5), -2.0, 10.4),
        (sl.processes.mean_energy_ratio, (0.0, 1.5e-8, 1.2e-5), -1.0, 4.4),
        (sl.processes.rate_factor, (1e-8, 1.8e-8, 2.3e-7, 1.1e-5), -2 / 3, 1.3),
    ],
)
def test_derivatives_of_ratios_where_they_are_one(ratio, at, first, second):
    """By their series: 1 - 2 k + 26/5 k^2, 1 - k + 11/5 k^2 and 1 - 2/3 b + 13/20 b^2; in single precision."""
    with jax.enable_x64(False):
        slopes = jax.jit(jax.vmap(lambda k: jax.jvp(jax.grad(ratio), (k,), (jnp.ones_like(k),))))
        found = slopes(jnp.asarray(at))
    np.testing.assert_allclose(found[0], first, rtol=2e-4)
    np.testing.assert_allclose(found[1], second, rtol=1e-3)


def test_light_of_a_field_is_not_negative():
    class Height(sl.fields.AbstractField):
        scale: jax.Array = sl.param(1.0)

        def __call__(self, position):
            return self.scale * position[2]

    class Endless(sl.fields.AbstractField):
        def __call__(self, position):
            return 1 / jnp.maximum(position[0], 0)

    sphere, still = sl.scattering.Sphere(1.0), sl.electrons.Uniform(1e-3)
    with pytest.raises(ValueError, match=r"FieldSource\.emissivity = -0\.\d+ at .* kpc: it must be finite, not neg"):
        sl.scattering.Transport(still, sl.scattering.Isotropic(), sphere, sl.scattering.FieldSource(Height()))
    with pytest.raises(ValueError, match=r"FieldSource\.emissivity = inf at"):
        sl.scattering.Transport(still, sl.scattering.Isotropic(), sphere, sl.scattering.FieldSource(Endless()))
    grid = sl.electrons.Grid(np.ones((4, 4, 4)), interpolation="cubic", half_widths=(2.0, 2.0, 2.0))
    source = sl.scattering.FieldSource(grid)  # which is prepared before packets are born
    seen = sl.scattering.Transport(still, sl.scattering.Isotropic(), sphere, source)(jax.random.key(0), 2000)
    assert float(jnp.sum(seen["escape"].I)) == pytest.approx(1, rel=0.1)


def test_a_majorant_that_is_too_low_is_told_under_jit():
    def escaped(density, majorant):
        sphere, source = sl.scattering.Sphere(1.0), sl.scattering.PointSource()
        process = sl.scattering.Isotropic()
        one = sl.scattering.Transport(sl.electrons.Uniform(density), process, sphere, source, majorant=majorant)
        return jnp.sum(one(jax.random.key(0), 500)["escape"].I)

    density = 500.0  # a depth of about one
    assert np.isfinite(jax.jit(lambda d: escaped(d, 2 * density))(density))
    assert np.isnan(jax.jit(lambda d: escaped(d, 0.5 * density))(density))


@pytest.mark.parametrize(("temperature", "energy", "exact"), HOT)
def test_cross_sections_of_hot_electrons(temperature, energy, exact):
    """Against 4000 energies and 1500 angles: what light on its way to an observer is dimmed by."""
    found = sc.ThermalCompton(temperature).cross_section(packet(energy)) / processes.THOMSON
    assert float(found) == pytest.approx(exact, rel=2e-4)


@pytest.mark.parametrize("k", [1e-3, 1.0, 100.0])
def test_draws_of_energies_are_those_of_klein_and_nishina(k, precision):
    """However often Newton's rule is at the root: 5 % of draws were bisected away from it again."""
    number = (jnp.arange(4000.0) + 0.5) / 4000
    drawn = jax.vmap(lambda u: compton.lost(u, jnp.asarray(k)))(number)
    found = klein_nishina.share(drawn, jnp.asarray(k))
    np.testing.assert_allclose(found, number, atol=1e-13 if precision == "float64" else 2e-6)


@pytest.mark.parametrize("theta", [1e-3, 1.0, 50.0])
def test_draws_of_electrons_are_those_of_maxwell_and_juttner(theta, precision):
    number, theta = (jnp.arange(4000.0) + 0.5) / 4000, jnp.asarray(theta)
    drawn = jax.vmap(lambda u: thermal.kinetic(u, theta))(number)
    found = sl.processes.MaxwellJuttner().cumulative(drawn, temperature=theta)
    np.testing.assert_allclose(found, number, atol=1e-8 if precision == "float64" else 5e-6)


def test_light_is_dimmed_by_the_temperature_on_its_way():
    """Of a temperature that falls outwards: as by 400 shells, not as where it was scattered."""
    hot = 400.0 * sl.electrons.ExponentialDisk(n0=1.0, scale_radius=0.25, scale_height=0.25)
    process, energy = sc.ThermalCompton(hot), 50.0
    medium = sc.Transport(sl.electrons.Uniform(1500.0), process, sc.Sphere(1.0), sc.PointSource())
    start, up = packet(energy), jnp.asarray([0.0, 0.0, 1.0])
    found = tally._depth(start, up, start.energy, medium)
    places = (np.arange(400) + 0.5) / 400
    sigma = [process.cross_section(eqx.tree_at(lambda p: p.position, start, z * up)) for z in places]
    assert float(found) == pytest.approx(1500.0 * np.mean(sigma), rel=1e-3)
    assert float(process.cross_section(start)) * 1500 < 0.9 * float(found)
