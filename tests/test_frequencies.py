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
    [*((name, "float64") for name in LAWFUL | OTHER), *((name, "float32") for name in [*LAWFUL][:2])],
    indirect=["precision"],
)
def test_maps_and_gradients_are_those_of_each_frequency(name, precision):
    simulator, sky, frequency = (LAWFUL | OTHER)[name](), lines(), jnp.asarray(FREQUENCIES)
    assert lawful(simulator, {}) == (name in LAWFUL)
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


class Cut(sl.emission.Synchrotron):
    """A class of a user that is no power of frequency, derived from one that is."""

    def __call__(self, plasma, ray, frequency):
        found = sl.emission.Synchrotron.__call__(self, plasma, ray, frequency)
        return jax.tree.map(lambda leaf: leaf * jnp.exp(-frequency), found)


class Dust(sl.emission.AbstractEmissionOperator):
    """A power of frequency, whose exponent is a field of the user."""

    needs = ("beta", "electron_density")

    def exponents(self, plasma):
        return sl.emission.TransferCoefficients(sl.emission.StokesVector(I=plasma.extra["beta"]))

    def __call__(self, plasma, ray, frequency):
        emission = plasma.electron_density * frequency ** plasma.extra["beta"]
        return sl.emission.TransferCoefficients(sl.emission.StokesVector(I=emission))


def test_what_another_class_works_out_is_not_taken_for_a_power():
    simulator, few = model(Cut()), lines(sl.Directions(30.0, 50.0))
    both = simulator(few, jnp.asarray([1.0, 3.0])).I
    np.testing.assert_allclose(both[1], simulator(few, 3.0).I, rtol=1e-12)


def test_an_exponent_that_is_held_is_a_field():
    beta = sl.electrons.Uniform(1.6)
    simulator = sl.Simulator(electron_density=sl.electrons.ExponentialDisk(), emission=Dust(), fields={"beta": beta})
    few, frequency = lines(sl.Directions(30.0, 50.0)), jnp.asarray([100.0, 353.0])
    assert lawful(simulator, {})
    held = simulator.hold(few, ["fields.beta"])
    assert not lawful(simulator, held.known)
    np.testing.assert_allclose(simulator(held, frequency).I, simulator(few, frequency).I, rtol=1e-12)


def test_errors_of_exponents_are_said():
    class Wrong(Dust):
        def exponents(self, plasma):
            raise ValueError("of the user")

        def __call__(self, plasma, ray, frequency):
            return sl.emission.TransferCoefficients(sl.emission.StokesVector(I=plasma.electron_density))

    simulator = sl.Simulator(
        electron_density=sl.electrons.ExponentialDisk(), emission=Wrong(), fields={"beta": sl.electrons.Uniform(1.6)}
    )
    with pytest.raises(ValueError, match="of the user"):
        simulator(lines(), jnp.asarray([1.0, 3.0]))


def test_derivatives_by_frequency_and_index_in_every_mode():
    few, frequency = lines(sl.Directions([30.0, 200.0], [50.0, -60.0])), jnp.asarray([23.0, 5.0])

    @jax.jit
    def maps(index, frequency):
        stokes = model(SYNCHROTRON(), FARADAY(), cosmic_rays=disk(index))(few, frequency)
        return jnp.log(stokes.I[:, 0]), stokes.Q[:, 1] * frequency**2.8

    jacobians = [mode(lambda nu: maps(2.8, nu))(frequency) for mode in (jax.jacfwd, jax.jacrev)]
    alone = [jax.jacfwd(lambda nu, k=k: maps(2.8, nu)[k][0])(frequency[:1]) for k in range(2)]
    for forward, reverse, first in zip(*jacobians, alone, strict=True):
        np.testing.assert_allclose(forward, reverse, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(forward[0], [first[0], 0], rtol=1e-9, atol=1e-13)
    second = jax.jit(jax.hessian(lambda index: maps(index, frequency)[0][1]))(2.8)
    slope = jax.jit(jax.grad(lambda index: maps(index, frequency)[0][1]))
    np.testing.assert_allclose(second, (slope(2.8001) - slope(2.7999)) / 2e-4, rtol=1e-6)
    indices = jnp.asarray([2.5, 3.0])
    each = [maps(index, frequency)[1] for index in indices]
    np.testing.assert_allclose(jax.vmap(maps, (0, None))(indices, frequency)[1], each, rtol=1e-10)
