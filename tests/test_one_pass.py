"""Value and gradient of log-likelihoods in one pass over the rays: the same numbers as of plain code, in one scan."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.statistics import Gaussian, Likelihood, Poisson, StudentT

RANDOM = np.random.default_rng(11)
CELLS = sl.BoxCells(cells=64)
SOURCES = sl.SourceCatalogue(l=np.linspace(5.0, 350.0, 7), b=np.linspace(-70.0, 60.0, 7), distance=np.arange(1.0, 8.0))


def simulator(**parts):
    defaults = {
        "magnetic_field": sl.magnetic.LSA(),
        "electron_density": sl.electrons.ExponentialDisk(),
        "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
        "emission": (sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
        "chunk": 1,  # four rays of 64 cells, which do not divide the number of rays
    }
    return sl.Simulator(**(defaults | parts))


def model_of(**parts):
    nuisance = {"zero": 0.01, "scatter": 3.0, "distance": np.arange(1.0, 8.0)}
    return sl.Model(simulator(**parts), {"beam": sl.GaussianBeam(fwhm=60.0)}, nuisance)


def lines(supersample=1, pixels=None):
    return sl.Sightlines(sl.HealpixSky(2, pixels, supersample=supersample), CELLS)


def of_map(sky, frequency=5.0, **options):
    shape = (3, *np.shape(frequency), sky.sky.size)
    data, noise = 0.1 * RANDOM.normal(size=shape), 0.05 * (1 + RANDOM.random(shape))
    noise = None if "covariance" in options else noise
    return sl.MapLikelihood(sky, frequency, data, noise, unit="K_RJ", convention="COSMO", **options)


def with_noise(noise, data=None):
    likelihood = of_map(lines(pixels=np.arange(7)), offset="zero")
    return Likelihood(likelihood.observable, likelihood.data if data is None else data, noise)


def sources(student=None, **options):
    observable = sl.observables.RotationMeasure(SOURCES, **options)
    return sl.SourceLikelihood(observable, 30 * RANDOM.normal(size=7), 5.0, scatter="scatter", student=student)


def kept():
    """Data of some pixels of an observable of all."""
    likelihood = of_map(lines())
    places = np.array([3, 1, 40, 41, 8, 30, 11])
    return Likelihood(likelihood.observable, likelihood.data[:, places], Gaussian(0.1 * np.ones((3, 7))), places)


def in_classes():
    """Rays in two classes, one of fewer panels."""
    whole = simulator().sightlines(sl.HealpixSky(2, np.arange(7)))
    first, rest = np.array([5, 0, 3]), np.array([1, 2, 4, 6])
    coarse = whole.take(first)
    classes = (coarse.with_edges(coarse.edges[::2], coarse.parts), whole.take(rest))
    bare = eqx.tree_at(lambda one: one.edges, whole, None)
    return of_map(bare.with_classes(classes, np.argsort(np.concatenate([first, rest]))))


ROOT = RANDOM.normal(size=(48, 3, 3))
CASES = {
    "map": lambda: of_map(lines(), offset="zero"),
    "subpixels": lambda: of_map(lines(2, np.arange(3))),
    "frequencies": lambda: of_map(lines(), [1.4, 5.0], parameters="IQU"),
    "masked": lambda: of_map(lines(), mask=np.arange(48) % 3 > 0),
    "kept": kept,
    "bare sky": lambda: of_map(sl.Sightlines(sl.Directions(np.linspace(0.0, 300.0, 7), 30.0))),
    "classes": in_classes,
    "covariance": lambda: of_map(lines(), covariance=1e-2 * (ROOT @ np.swapaxes(ROOT, 1, 2) + np.eye(3))),
    "student": lambda: with_noise(StudentT(0.1 * np.ones((3, 7)), freedom=3.0)),
    "counts": lambda: with_noise(Poisson(), np.ones((3, 7))),
    "sources": sources,
    "distances": lambda: sources(4.0, distance="distance"),
}


def moved(model, values):
    """The model with other values: magnetic field, cosmic rays, electrons, nuisance."""
    scale = dict(zip(("b0", "scale_height", "n0"), values[:3], strict=True))
    places = {"b0": "magnetic_field", "scale_height": "cosmic_rays", "n0": "electron_density"}
    for name, value in scale.items():

        def where(m, name=name):
            return getattr(getattr(m.simulator, places[name]), name)

        model = eqx.tree_at(where, model, value * where(model))
    return eqx.tree_at(lambda m: m.nuisance, model, {k: v * values[3] for k, v in model.nuisance.items()})


def functions(likelihood, model):
    """log L of factors of parameters, as likelihoods compute it, and in plain code."""
    data = jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, likelihood)

    def one(x):
        return data.log_likelihood(moved(model, x))

    def plain(x):
        return jnp.sum(data.pointwise(moved(model, x)))

    return one, plain


def scans(function, *arguments):
    """How often the program of a function goes through the rays."""
    return str(jax.make_jaxpr(function)(*arguments)).count("= scan[")


X = jnp.array([1.1, 0.9, 1.2, 1.05])


@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient_equal_plain_code(case):
    likelihood, model = CASES[case](), model_of()
    one, plain = functions(likelihood, model)
    value, slope = jax.jit(jax.value_and_grad(one))(X)
    expected, slopes = jax.jit(jax.value_and_grad(plain))(X)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    np.testing.assert_allclose(slope, slopes, rtol=1e-12, atol=1e-12 * float(jnp.max(jnp.abs(slopes))))
    assert likelihood.split(moved(model, X)) is None  # nothing is traced: warnings of the simulator are heard
    assert scans(jax.grad(plain), X) == 2 * scans(jax.grad(one), X)


@pytest.mark.parametrize("case", ["subpixels", "sources"])
def test_all_derivatives_equal_those_of_plain_code(case):
    one, plain = functions(CASES[case](), model_of())
    many = jnp.stack([X, 0.9 * X])

    def derivatives(function):
        slopes = jax.vmap(jax.grad(function))(many)
        values, products = jax.jvp(function, (X,), (jnp.arange(4.0),))
        second = jax.hessian if case == "subpixels" else lambda f: jax.jacrev(jax.grad(f))
        return jax.vmap(function)(many), slopes, values, products, second(function)(X)

    for found, expected in zip(jax.jit(lambda: derivatives(one))(), jax.jit(lambda: derivatives(plain))(), strict=True):
        scale = float(jnp.max(jnp.abs(expected)))
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * scale)


@pytest.mark.parametrize(
    "likelihood",
    [
        lambda: of_map(lines(), instrument="beam"),
        lambda: sl.BinnedLikelihood(sl.observables.RotationMeasure(lines()), RANDOM.normal(size=48), 1),
        lambda: of_map(sl.Sightlines(sl.ImagePlane((4, 4), (8.0, 8.0)))),
        lambda: dataclasses.replace(kept(), observable=eqx.Partial(lambda one, m: one(m), kept().observable)),
    ],
    ids=["beam", "bins", "image plane", "function"],
)
def test_what_mixes_pixels_goes_through_them_as_before(likelihood):
    found = []
    jax.eval_shape(lambda x: found.append(likelihood().split(moved(model_of(), x))), X)
    assert found == [None]


def test_data_that_do_not_fit_are_refused_as_before():
    likelihood = with_noise(Poisson(), np.ones((3, 6)))
    with pytest.raises(ValueError, match=r"the model gives \(3, 7\), the data are \(3, 6\)"):
        jax.grad(functions(likelihood, model_of())[0])(X)
    nameless = eqx.tree_at(lambda m: m.nuisance, model_of(), {"scatter": jnp.ones(()), "distance": jnp.ones(6)})
    with pytest.raises(ValueError, match="there are 7 rays"):
        jax.grad(functions(sources(distance="distance"), nameless)[0])(X)


def test_global_work_is_done_once():
    """A turbulent field is made before the rays, and not differentiated with them but for what depends on it."""
    field = sl.magnetic.Turbulent((8, 8, 4), rms=2.0, outer_scale=20.0, key=jax.random.key(0))
    model = sl.Model(simulator(magnetic_field=field), nuisance={"scatter": 3.0})
    likelihood = sources()

    def of(density):
        return lambda rms: density(eqx.tree_at(lambda m: m.simulator.magnetic_field.rms, model, rms))

    one, plain = of(likelihood.log_likelihood), of(lambda m: jnp.sum(likelihood.pointwise(m)))
    rms = jnp.asarray(1.5)
    np.testing.assert_allclose(jax.grad(one)(rms), jax.grad(plain)(rms), rtol=1e-12)
    text = str(jax.make_jaxpr(jax.grad(one))(rms))
    assert text.count("fft[") == str(jax.make_jaxpr(one)(rms)).count("fft[")


def test_a_leaf_that_is_data_may_be_differentiated_too():
    likelihood, model = of_map(lines()), model_of()

    def of(density):
        return lambda sigma: density(eqx.tree_at(lambda one: one.noise.sigma, likelihood, sigma))

    def one(s, x):
        return of(lambda one: one.log_likelihood(moved(model, x)))(s)

    def plain(s, x):
        return of(lambda one: jnp.sum(one.pointwise(moved(model, x))))(s)

    slopes = [jax.jit(jax.grad(function, argnums=(0, 1)))(likelihood.noise.sigma, X) for function in (one, plain)]
    for found, expected in zip(*slopes, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * float(jnp.max(jnp.abs(expected))))


def test_posterior_in_both_precisions(precision):
    """Held fields, and priors of names, through `Posterior`; its program holds one scan of the rays."""
    model = simulator()
    space = sl.ParameterSpace(model, {"magnetic_field.*": dist.Normal(0, 90)})
    likelihood = of_map(lines())
    posterior = sl.Posterior(space, likelihood).hold()
    u = space.to_unconstrained(space.initial)
    value, slope = jax.value_and_grad(posterior.log_density)(u)
    assert value.dtype == precision
    whole = Likelihood(eqx.Partial(lambda one, m: one(m), likelihood.observable), likelihood.data, likelihood.noise)
    expected, slopes = jax.value_and_grad(sl.Posterior(space, whole).log_density)(u)
    np.testing.assert_allclose(value, expected, rtol=1e-5 if precision == "float32" else 1e-12)
    for name, found in slope.items():
        np.testing.assert_allclose(found, slopes[name], rtol=2e-3 if precision == "float32" else 1e-10)
    assert scans(jax.grad(posterior.log_density), u) == 1


def test_second_derivatives_of_a_posterior_of_a_sky():
    """Backwards over backwards and forwards over backwards, against differences of the gradient."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(index=2.7),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    lines = sl.Sightlines(sl.HealpixSky(1), sl.BoxCells(16))
    stokes = simulator(lines, 2.4)
    data = 1.1 * np.stack([stokes.I, stokes.Q, stokes.U])
    space = sl.ParameterSpace(
        simulator, {"magnetic_field.b0": dist.Uniform(0.1, 5.0), "cosmic_rays.index": dist.Uniform(2.1, 3.5)}
    )
    posterior = sl.Posterior(space, sl.MapLikelihood(lines, 2.4, data, 1e-2, unit="K_RJ", convention="COSMO"))
    start, back = jax.flatten_util.ravel_pytree(space.to_unconstrained(space.initial))
    slope = jax.jit(jax.grad(lambda x: posterior.log_density(back(x))))
    step = 1e-5
    expected = [(slope(start + step * one) - slope(start - step * one)) / (2 * step) for one in np.eye(2)]
    scale = float(np.max(np.abs(expected)))
    for second in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(second(slope)(start), expected, atol=1e-6 * scale)
