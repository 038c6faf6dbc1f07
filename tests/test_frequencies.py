"""A sky at several frequencies is that at each, whether its coefficients are powers of frequency or not."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.simulator.frequencies import lawful

FREQUENCIES = (0.7, 1.4, 23.0)


def lines(sky=None):
    return sl.Sightlines(sky or sl.HealpixSky(1), cells=sl.BoxCells(24))


def model(*emission, cosmic_rays=None, **more):
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=cosmic_rays or disk(2.7),
        emission=emission,
        **more,
    )


def disk(index):
    return sl.cosmic_rays.ExponentialDisk(index=index)


class Amplitude(sl.fields.AbstractField):
    """rms of a random field, uG."""

    def __call__(self, position):
        return 2 * jnp.exp(-(position[2] ** 2))


class Index(sl.fields.AbstractField):
    """Of cosmic rays, steeper far from the plane."""

    def __call__(self, position):
        return 2.5 + 0.3 * jnp.tanh(position[2] ** 2)


def steepening():
    return sl.cosmic_rays.Grid(jnp.ones((2, 2, 2)), index=Index(), half_widths=(20.0, 20.0, 5.0))


SYNCHROTRON, FARADAY = sl.emission.Synchrotron, sl.emission.FaradayRotation
LAWFUL = {
    "synchrotron and rotation": lambda: model(SYNCHROTRON(), FARADAY()),
    "dispersion, absorption, a background": lambda: model(
        SYNCHROTRON(absorption="total"),
        FARADAY(random=Amplitude(), coherence_length=0.05),
        background=sl.emission.CMB(),
    ),
    "polarised absorption": lambda: model(
        SYNCHROTRON(absorption="polarised"), FARADAY(), transfer=sl.transfer.PolarisedTransfer()
    ),
}
OTHER = {
    "thermal gas": lambda: model(
        SYNCHROTRON(), FARADAY(), sl.emission.FreeFree(), temperature=sl.temperature.Uniform(7000.0)
    ),
    "two populations": lambda: model(SYNCHROTRON(), FARADAY(), cosmic_rays=disk(2.7) + disk(3.1)),
    "an index that changes": lambda: model(SYNCHROTRON(), cosmic_rays=steepening()),
}


@eqx.filter_jit
@eqx.filter_value_and_grad(has_aux=True)
def seen(simulator, sky, frequency):
    """A number that all of the maps enter, the maps, and its derivatives."""
    stokes = simulator(sky, frequency)
    maps = jnp.stack([stokes.I, stokes.Q, stokes.U], axis=-2)
    return jnp.sum(maps**2) + jnp.sum(maps), maps


@pytest.mark.parametrize(
    ("name", "precision"),
    [*((name, "float64") for name in LAWFUL | OTHER), ("synchrotron and rotation", "float32")],
    indirect=["precision"],
)
def test_maps_and_gradients_are_those_of_each_frequency(name, precision):
    simulator, sky, frequency = (LAWFUL | OTHER)[name](), lines(), jnp.asarray(FREQUENCIES)
    assert lawful(simulator) == (name in LAWFUL)
    (loss, maps), slopes = seen(simulator, sky, frequency)
    found = [seen(simulator, sky, nu) for nu in frequency]
    expected, each = sum(one for (one, _), _ in found), jnp.stack([one for (_, one), _ in found])
    right = jax.tree.map(lambda *parts: sum(parts), *(one for _, one in found))
    tolerance = {"float64": 1e-11, "float32": 2e-4}[precision]
    scale = np.max(np.abs(each), axis=-1, keepdims=True)
    np.testing.assert_allclose(maps / scale, each / scale, atol=tolerance)
    np.testing.assert_allclose(loss, expected, rtol=tolerance)
    for slope, known in zip(jax.tree.leaves(slopes), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(slope, known, rtol=10 * tolerance, atol=tolerance * np.max(np.abs(known)))


def test_held_fields_and_single_rays_at_several_frequencies():
    simulator, frequency, sky = LAWFUL["synchrotron and rotation"](), jnp.asarray([5.0, 10.0, 23.0]), lines()
    held = simulator.hold(sky, ["electron_density", "cosmic_rays"])
    np.testing.assert_allclose(simulator(held, frequency).Q, simulator(sky, frequency).Q, rtol=1e-12)
    few = lines(sl.Directions(30.0, 50.0))
    np.testing.assert_allclose(simulator(few, frequency).U[1], simulator(few, 10.0).U, rtol=1e-12)
