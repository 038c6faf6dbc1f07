"""The operator on plasmas: every kind of electrons and photons, derivatives, precision, and what is done once."""

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline._core.module import default_float
from sightline.sky.emission import Plasma
from sightline.testing.derivatives import derivative_problems, round_trip_problems

electrons, photons = sl.cosmic_rays.spectra, sl.radiation.spectra
RAY = jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(sl.Directions([30.0], [20.0])).rays)
CUT = electrons.CutOffPowerLaw(index=2.4, cut_off_energy=1e3)
ENERGIES = (1e-4, 1e-1, 10.0, 1e3)


def spectrum_grid(spectrum):
    energies = np.geomspace(1e-3, 3e5, 150)
    values = jax.vmap(spectrum)(jnp.asarray(energies))[:, None, None, None] * jnp.ones((150, 3, 3, 3))
    return sl.cosmic_rays.SpectrumGrid(values, energies, half_widths=(20.0, 20.0, 5.0))


def warm(t):
    """A temperature that changes with height."""
    return sl.electrons.ExponentialDisk(n0=t, scale_radius=1e3, scale_height=10.0)


RAYS = {
    "power law": lambda: sl.cosmic_rays.Uniform(5.355e-18, index=2.7, reference_energy=10.0),
    "index": lambda: sl.cosmic_rays.ExponentialDisk(
        5.355e-18, index=sl.cosmic_rays.LinearIndex(2.6, theta=-0.1), reference_energy=10.0
    ),
    "spectrum": lambda: sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), CUT),
    "grid": lambda: spectrum_grid(electrons.PowerLaw(index=2.7)),
}
LIGHT = {
    "CMB": lambda: sl.radiation.CMB(),
    "temperature": lambda: sl.radiation.CMB() + sl.radiation.Disk(warm(2000.0), 1.0),
    "grid": lambda: sl.radiation.Grid(jnp.ones((3, 3, 3, 3)).at[1, 1].set(2.0), energies=(0.1, 1.0, 10.0)),
    "spectrum": lambda: sl.radiation.WithSpectrum(
        sl.electrons.ExponentialDisk(), photons.PowerLaw(2.0, 0.1, 10.0, 1.0)
    ),
}


def emissivity(operator, rays, light, energies, positions):
    """(positions, energies)."""
    rays, light = rays.prepare(), light.prepare()

    def one(position):
        plasma = Plasma(position, cosmic_rays=rays.populations(position), radiation=light.photons(position))
        return jax.vmap(lambda e: operator(plasma, RAY, e).emissivity.I)(energies)

    return jax.vmap(one)(positions)


def places():
    return jnp.asarray([[-8.3, 0.0, 0.0], [-4.0, 1.0, 0.4], [2.0, 7.0, -1.5]], default_float())


@pytest.mark.parametrize(
    ("rays", "light"),
    [
        ("power law", "CMB"),
        pytest.param("index", "temperature", marks=pytest.mark.long),
        pytest.param("spectrum", "spectrum", marks=pytest.mark.long),
    ],
)
def test_derivatives(rays, light):
    operator, fields = sl.emission.InverseCompton(), (RAYS[rays](), LIGHT[light]())
    energies, at = jnp.asarray(ENERGIES, default_float()), places()
    scale = emissivity(operator, *fields, energies, at)
    problems = derivative_problems(lambda f: emissivity(operator, *f, energies, at) / scale, fields, "the fields")
    problems += derivative_problems(lambda e: emissivity(operator, *fields, e, at) / scale, energies, "the energy")
    assert problems + round_trip_problems(operator) == []


@pytest.mark.parametrize("name", [pytest.param("spectrum", marks=pytest.mark.long), "grid"])
def test_derivatives_by_grids(name):
    """By values of spectra on grids, of electrons and photons, against differences along one direction."""
    fields = (RAYS["grid"](), LIGHT["grid"]()) if name == "grid" else (RAYS["spectrum"](), LIGHT["grid"]())
    energies, at = jnp.asarray([1e-1, 10.0]), places()
    flat, back = jax.flatten_util.ravel_pytree(fields)
    turn = flat * jnp.cos(jnp.arange(flat.size))

    @jax.jit
    def logarithm(step):
        return jnp.log(emissivity(sl.emission.InverseCompton(), *back(flat + step * turn), energies, at))

    ends = [logarithm(jnp.asarray(s * 1e-3)) for s in (-2, -1, 1, 2)]
    slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-3
    np.testing.assert_allclose(jax.jacfwd(logarithm)(jnp.zeros(())), slope, rtol=1e-6, atol=1e-8)


def test_ways_to_hold_the_same_spectrum_agree(precision):
    """A power law as itself, as a spectrum, and on a grid; photons of one temperature as a number and as a field."""
    spectrum = electrons.PowerLaw(index=2.7)
    rays = [
        sl.cosmic_rays.Uniform(5.355e-18, index=2.7, reference_energy=10.0),
        sl.cosmic_rays.WithSpectrum(sl.electrons.Uniform(1.0), spectrum),
        spectrum_grid(spectrum),
    ]
    flat = 0.7 * sl.electrons.Uniform(1000.0)
    light = [sl.radiation.Disk(700.0, 1.0), sl.radiation.Disk(flat, 1.0)]
    energies = jnp.asarray(ENERGIES, default_float())
    run = eqx.filter_jit(emissivity)
    found = [run(sl.emission.InverseCompton(), r, g, energies, places()) for r in rays for g in light]
    for other in found:
        assert other.dtype == precision
        np.testing.assert_allclose(other, found[0], rtol=2e-5 if precision == "float64" else 6e-5)


@pytest.mark.long
def test_the_contract(precision):
    sl.testing.check_operator(sl.emission.InverseCompton())


def test_energies_outside_are_refused():
    plasma = Plasma(jnp.zeros(3), cosmic_rays=RAYS["power law"]().populations(jnp.zeros(3)))
    plasma = eqx.tree_at(
        lambda p: p.radiation, plasma, sl.radiation.CMB().photons(jnp.zeros(3)), is_leaf=lambda x: x is None
    )
    for energy in (1e-7, 1e7, 0.0, -1.0):
        with pytest.raises(ValueError, match="energy"):
            sl.emission.InverseCompton()(plasma, RAY, jnp.asarray(energy))
        assert np.isnan(
            jax.jit(lambda e: sl.emission.InverseCompton()(plasma, RAY, e).emissivity.I)(jnp.asarray(energy))
        )


def test_integrals_are_done_once_for_all_points():
    """With shared spectra nothing of the size of points times nodes is computed; fields are evaluated once."""
    energies = jnp.asarray(ENERGIES)

    def sizes(energies):
        jaxpr = jax.make_jaxpr(
            lambda x: emissivity(sl.emission.InverseCompton(), RAYS["spectrum"](), LIGHT["CMB"](), energies, x)
        )(jnp.zeros((1000, 3)))
        return str(jaxpr)

    assert "1000,160" not in sizes(energies)
    assert sizes(energies).count("tanh") == sizes(energies[:1]).count("tanh")
