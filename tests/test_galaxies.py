"""Galaxies of particles through an integral-field unit."""

import dataclasses
import os
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl

MILES = Path(os.environ.get("SIGHTLINE_DATA", "")) / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
LIBRARY = sl.populations.synthetic(step=2.0)
CHANNELS = sl.cubes.Channels.regular(4750.0, 2.5, 200)


def particles(count=30, seed=0):
    rng = np.random.default_rng(seed)
    position, velocity = rng.normal(size=(count, 3)), 120 * rng.normal(size=(count, 3))
    mass, age = rng.uniform(1e5, 2e5, count), rng.uniform(0.05, 13, count)
    return sl.particles.Stars(position, velocity, mass, age, rng.uniform(-2, 0.3, count))


def ended(library):
    """A library whose light ends within it, so that all of it may be seen."""
    taper = np.sin(np.pi * np.linspace(0, 1, len(library.wavelength))) ** 2
    return sl.populations.Library(library.wavelength, library.age, library.metallicity, library.nodes * taper, "air")


def unit(**options):
    return sl.cubes.IFU((8, 8), 1.0, CHANNELS, **options)


def test_a_particle_is_its_spectrum_rebinned():
    stars = particles(1)
    stars = dataclasses.replace(stars, position=[[0.1, 0.1, 5.0]], velocity=[[0.0, 0.0, -200.0]])
    cube = sl.Galaxy(stars, LIBRARY, redshift=0.02)(unit())
    beta = 200.0 / 299792.458  # face-on, from above: motion towards -z is away from us
    light = LIBRARY.luminosity(stars.age[0], stars.metallicity[0]) * stars.mass[0]
    edges = sl.cubes.vacuum_to_air(sl.cubes.air_to_vacuum(CHANNELS.edges) / 1.02)  # light is stretched in vacuum
    means = sl.cubes.rebin(LIBRARY.wavelength, light, edges, 1 + beta) * np.diff(edges) * 1.02 / CHANNELS.widths
    from astropy.cosmology import Planck15

    area = 4 * np.pi * Planck15.luminosity_distance(0.02).to_value("cm") ** 2
    expected = means * 3.828e33 / area / 1.02 / (1 + beta)
    spaxel = int(np.argmax(cube.flux.sum(axis=0)))
    assert divmod(spaxel, 8) == (4, 4)
    np.testing.assert_allclose(cube.flux[:, spaxel], expected, rtol=1e-11)
    assert sl.Galaxy(stars, LIBRARY, 0.02).scale == pytest.approx(
        Planck15.kpc_proper_per_arcmin(0.02).value / 60, rel=1e-9
    )


def test_the_total_does_not_depend_on_velocity():
    library = ended(LIBRARY)
    channels = sl.cubes.Channels.regular(3500.0, 5.0, 860)
    ifu = sl.cubes.IFU((2, 2), 50.0, channels)

    def total(speed):
        stars = dataclasses.replace(particles(3), velocity=np.tile([[0.0, 0.0, speed]], (3, 1)))
        return float(jnp.sum(sl.Galaxy(stars, library, redshift=0.02)(ifu).flux))

    totals = [total(speed) for speed in (-500.0, -77.0, 0.0, 250.0, 500.0)]
    assert np.ptp(totals) < 1e-12 * totals[0]


@pytest.mark.parametrize("assignment", ["nearest", "cloud"])
def test_a_cube_is_the_sum_of_its_particles(assignment):
    stars = particles(40)
    ifu = sl.cubes.IFU((20, 20), 1.0, CHANNELS, assignment=assignment)
    whole = sl.Galaxy(stars, LIBRARY, 0.02, method=sl.cubes.Exact(chunk=7))(ifu).flux
    parts = [sl.Galaxy(jax.tree.map(lambda x, i=i: x[i : i + 8], stars), LIBRARY, 0.02) for i in range(0, 40, 8)]
    np.testing.assert_allclose(whole, sum(one(ifu).flux for one in parts), rtol=1e-12, atol=1e-35)


def test_a_cloud_keeps_the_centroid():
    plane = sl.cubes.Spaxels((6, 6), 0.5)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-1, 1, (2, 50))
    east, north = plane.offsets()
    for how, options in (("cloud", {}), ("gaussian", {"length": np.full(50, 0.2)})):
        found = sl.cubes.assign(x, y, plane, how=how, **options)
        np.testing.assert_allclose(found.share.sum(axis=1), 1, rtol=1e-12 if how == "cloud" else 0.01)
        if how == "cloud":
            np.testing.assert_allclose(jnp.sum(found.share * east[found.spaxel], axis=1), x, atol=1e-12)
            np.testing.assert_allclose(jnp.sum(found.share * north[found.spaxel], axis=1), y, atol=1e-12)
    phases = np.linspace(-0.25, 0.25, 51)[1:]
    found = sl.cubes.assign(phases, 0 * phases, plane, how="gaussian", length=0.2)
    square = jnp.sum(found.share * (east[found.spaxel] - phases[:, None]) ** 2, axis=1)
    assert jnp.mean(square) == pytest.approx(0.2**2 + 0.5**2 / 12, rel=1e-6)
    outside = sl.cubes.assign([9.0], [0.0], plane)
    assert outside.share.tolist() == [[0.0]]
    with pytest.raises(ValueError, match="how"):
        sl.cubes.assign(x, y, plane, how="best")
    with pytest.raises(ValueError, match="length"):
        sl.cubes.assign(x, y, plane, how="gaussian")


@pytest.mark.parametrize("lsf", [None, 2.6])
def test_derivatives_are_differences(lsf):
    ifu, stars = unit(lsf=lsf, assignment="cloud"), particles(6)
    weight = np.random.default_rng(4).normal(size=(200, 64)) * 1e19

    def value(stars, ifu):
        return jnp.sum(sl.Galaxy(stars, LIBRARY, 0.02)(ifu).flux * weight)

    compiled = jax.jit(value)
    slope = eqx.filter_grad(value)(stars, ifu)
    for name, step in (("mass", 1e2), ("age", 1e-6), ("metallicity", 1e-6), ("velocity", 3e-3), ("position", 1e-6)):
        at = getattr(stars, name)
        index = (2, 0) if at.ndim == 2 else (2,)
        index = (2, 2) if name == "velocity" else index
        ends = [compiled(dataclasses.replace(stars, **{name: at.at[index].add(s * step)}), ifu) for s in (-1, 1)]
        assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(float(getattr(slope, name)[index]), rel=2e-6)
    if lsf is not None:
        by_lsf = eqx.filter_grad(lambda ifu: value(stars, ifu))(ifu).lsf.fwhm
        ends = [value(stars, eqx.tree_at(lambda i: i.lsf.fwhm, ifu, jnp.asarray(2.6 + s * 1e-4))) for s in (-1, 1)]
        assert (ends[1] - ends[0]) / 2e-4 == pytest.approx(float(by_lsf), rel=1e-5)


def test_jvp_agrees_with_vjp_and_vmap():
    ifu, stars = unit(), particles(5)

    def flux(velocity):
        return sl.Galaxy(dataclasses.replace(stars, velocity=velocity), LIBRARY, 0.02)(ifu).flux * 1e18

    tangent = jax.random.normal(jax.random.key(0), stars.velocity.shape)
    _, forward = jax.jvp(flux, (stars.velocity,), (tangent,))
    weight = jax.random.normal(jax.random.key(1), forward.shape)
    (back,) = jax.vjp(flux, stars.velocity)[1](weight)
    assert jnp.sum(back * tangent) == pytest.approx(float(jnp.sum(forward * weight)), rel=1e-10)
    many = jax.vmap(flux)(jnp.stack([stars.velocity, 2 * stars.velocity]))
    np.testing.assert_allclose(many[1], flux(2 * stars.velocity), rtol=1e-10, atol=1e-14)


def test_the_line_spread_function_is_that_of_rebinning():
    stars = dataclasses.replace(particles(1), position=np.zeros((1, 3)) + 0.1, velocity=[[0.0, 0.0, -50.0]])
    cube = sl.Galaxy(stars, LIBRARY, redshift=0.02)(unit(lsf=2.6))
    d = 1.02 * (1 + 50.0 / 299792.458)
    light = LIBRARY.luminosity(stars.age[0], stars.metallicity[0])
    means = sl.cubes.rebin(LIBRARY.wavelength, light, CHANNELS.edges, d, 2.6 / 2.3548)
    seen = cube.flux[:, int(np.argmax(cube.flux.sum(axis=0)))]
    np.testing.assert_allclose(seen / seen.mean(), means / means.mean(), rtol=2e-4)


def test_memory_does_not_grow_with_particles():
    ifu = unit()

    def loss(stars):
        return jnp.sum(jnp.square(sl.Galaxy(stars, LIBRARY, 0.02)(ifu).flux * 1e18))

    def temporary(count):
        compiled = jax.jit(jax.grad(loss)).lower(particles(count)).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    few, many = temporary(1000), temporary(5000)
    assert many - few < 4000 * 30 * 8  # no more than copies of the particles themselves


def test_turned_galaxies_are_image_planes():
    orientation = sl.Orientation(inclination=50.0, position_angle=60.0)
    plane = sl.ImagePlane((3, 3), (1.0, 1.0), inclination=50.0, position_angle=60.0)
    away, east, north = (part[:, 0] for part in plane.rays())
    point = jnp.array([0.3, -1.2, 0.7])
    np.testing.assert_allclose(orientation.project(point), [point @ east, point @ north, point @ away], rtol=1e-12)


def test_dust_in_front_reddens():
    stars = particles(40)
    gas = sl.particles.Gas(stars.position[:20], stars.velocity[:20], 1e7 * np.ones(20), np.zeros(20))
    ifu = unit()
    clean = sl.Galaxy(stars, LIBRARY, 0.02)(ifu).flux.sum(axis=1)
    screen = sl.dust.Screen(sl.dust.CCM89(), foreground=0.5)
    ratio = sl.Galaxy(stars, LIBRARY, 0.02, dust=screen)(ifu).flux.sum(axis=1) / clean
    law = 10 ** (-0.4 * 0.5 * sl.dust.CCM89().ratio(CHANNELS.centres / 1.02))
    np.testing.assert_allclose(ratio, law, rtol=1e-10)
    behind = sl.Galaxy(stars, LIBRARY, 0.02, gas=gas, dust=screen)(ifu).flux.sum(axis=1) / clean
    assert np.all(behind < ratio)
    assert behind[-1] / behind[0] > ratio[-1] / ratio[0]


def test_one_spaxel_is_recovered():
    truth = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [10.0], [-1.15])
    ifu = sl.cubes.IFU((1, 1), 1.0, CHANNELS)
    cube = sl.Galaxy(truth, LIBRARY, 0.02)(ifu)
    start = dataclasses.replace(truth, age=[3.0], metallicity=[-0.3])
    model = sl.Model(sl.Galaxy(start, LIBRARY, 0.02), instruments={"muse": ifu})
    np.testing.assert_array_equal(model.cube("muse").flux.shape, cube.flux.shape)
    priors = {
        "simulator.stars.0.age": dist.Uniform(0.05, 13.9),
        "simulator.stars.0.metallicity": dist.Uniform(-1.99, 0.39),
    }
    likelihood = sl.CubeLikelihood(cube, instrument="muse", noise=float(cube.flux.mean()) / 100)
    posterior = sl.Posterior(sl.ParameterSpace(model, priors), [likelihood])
    method = sl.LevenbergMarquardt(tolerance=1e-5)
    for values in ((3.0, -0.3), (13.0, -1.1), (1.0, 0.0), (13.0, -1.9)):
        begun = {name: [one] for name, one in zip(priors, values, strict=True)}
        best = sl.fit(posterior, method, start=begun, covariance=0)
        found = best.model.simulator.stars[0]
        assert found.age[0] == pytest.approx(10.0, rel=1e-6)
        assert found.metallicity[0] == pytest.approx(-1.15, abs=1e-6)


def test_data_with_holes():
    ifu = unit()
    galaxy = sl.Galaxy(particles(), LIBRARY, 0.02)
    cube = galaxy(ifu)
    variance = np.full((200, 64), 1e-38)
    variance[3, 5] = 0.0
    mask = np.ones((200, 64), bool)
    mask[:, 0] = False
    data = sl.SpectralCube(cube.flux.at[1, 1].set(jnp.nan), CHANNELS, ifu.plane, variance)
    likelihood = sl.CubeLikelihood(data, "muse", mask=mask)
    assert likelihood.size == 200 * 63 - 2
    model = sl.Model(galaxy, instruments={"muse": ifu}, nuisance={"slope": [0.1], "jitter": 2.0})
    assert float(likelihood.deviance(model)) == pytest.approx(0.0, abs=1e-20)
    bent = sl.CubeLikelihood(data, "muse", mask=mask, calibration="slope", scatter="jitter")
    assert float(bent.deviance(model)) > 0
    for sigma in (1.0, np.ones((200, 64)), np.ones(likelihood.size)):  # in units of the median, of which all are
        like = sl.CubeLikelihood(data, "muse", noise=sl.statistics.Gaussian(sigma), mask=mask)
        assert float(like.log_likelihood(model)) == pytest.approx(float(likelihood.log_likelihood(model)))
    with pytest.warns(sl.cubes.MaskWarning, match=r"leaves out 12598 of 12798 data: True is what counts here"):
        assert sl.CubeLikelihood(data, "muse", mask=~mask).size == 200
    with pytest.raises(ValueError, match="variance"):
        sl.CubeLikelihood(cube, "muse")
    with pytest.raises(ValueError, match="mask"):
        sl.CubeLikelihood(data, "muse", mask=mask[:5])
    with pytest.raises(ValueError, match=r"variance: a distribution is in units of its median"):
        sl.CubeLikelihood(cube, "muse", noise=sl.statistics.StudentT(1.0, freedom=3.0))


@pytest.mark.parametrize(
    ("channels", "shape", "spaxel", "match"),
    [
        (CHANNELS.to("vacuum"), (2, 2), 1.0, r"200 channels in vacuum.*to\('air'\)"),
        (CHANNELS[:90], (2, 2), 1.0, "90 channels in air"),
        (sl.cubes.Channels.regular(4751.0, 2.5, 200), (2, 2), 1.0, "up to 1 A from those of the data"),
        (CHANNELS, (1, 4), 1.0, r"\(1, 4\) spaxels"),
        (CHANNELS, (2, 2), 0.5, r"data.plane.spaxel"),
    ],
)
def test_instruments_unlike_the_data_are_refused(channels, shape, spaxel, match):
    data = sl.SpectralCube(np.ones((200, 4)), CHANNELS, sl.cubes.Spaxels((2, 2), 1.0), np.ones((200, 4)))
    other = sl.cubes.IFU(shape, spaxel, channels)
    stars = dataclasses.replace(particles(1), position=np.zeros((1, 3)))
    model = sl.Model(sl.Galaxy(stars, LIBRARY, 0.02), instruments={"muse": other})
    with pytest.raises(ValueError, match=match):
        sl.CubeLikelihood(data, "muse").deviance(model)


@pytest.mark.parametrize("lsf", [None, 20.0])
def test_channels_at_the_end_of_a_library_are_not_darkened(lsf):
    wave = np.linspace(5000.0, 5500.0, 251)
    flat = sl.populations.Library(wave, [1.0, 10.0], [-1.0, 0.0], np.ones((2, 2, 251)), "vacuum")
    ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(5000.0, 5.0, 100, "vacuum"), lsf=lsf)
    for speed in (-900.0, 900.0):
        stars = sl.particles.Stars(np.zeros((1, 3)), [[0.0, 0.0, speed]], [1e6], [5.0], [-0.5])
        seen = sl.Galaxy(stars, flat, 0.0, distance=10.0)(ifu).flux[:, 0]
        np.testing.assert_allclose(seen, seen[50], rtol=1e-10)


def test_a_library_of_all_wavelengths_is_cut_to_the_channels():
    wave = np.unique(np.concatenate([np.geomspace(91.0, 1e7, 3000), LIBRARY.wavelength]))
    light = np.stack([[np.interp(wave, LIBRARY.wavelength, one) for one in row] for row in LIBRARY.nodes])
    whole = sl.populations.Library(wave, LIBRARY.age, LIBRARY.metallicity, light, "vacuum")
    known = sl.populations.Library(LIBRARY.wavelength, LIBRARY.age, LIBRARY.metallicity, LIBRARY.nodes, "vacuum")
    assert whole.shape == known.shape
    assert len(unit().templates(whole, 0.02).axis.nodes) < 1000
    seen = [sl.Galaxy(particles(3), one, 0.02)(unit()).flux for one in (whole, known)]
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-9)


def test_the_smeared_field_gets_light_from_outside():
    stars = dataclasses.replace(particles(1), position=[[0.0, 2.0, 0.0]])  # face-on, y is towards east
    ifu = sl.cubes.IFU((3, 3), 1.0, CHANNELS, psf=sl.cubes.GaussianPSF(fwhm=2.0))
    cube = sl.Galaxy(stars, LIBRARY, redshift=0.05)(ifu)
    assert ifu.field.shape == (15, 15)
    assert np.argmax(cube.flux[0]) == 5  # the middle of the eastern edge
    with pytest.raises(ValueError, match="margin"):
        sl.cubes.IFU((3, 3), 1.0, CHANNELS, psf=sl.cubes.GaussianPSF(fwhm=2.0), margin=1.0)


SEEN = sl.SpectralCube(
    np.ones((3, 1)), sl.cubes.Channels.regular(5000.0, 2.0, 3), sl.cubes.Spaxels((1, 1), 1.0), np.ones((3, 1))
)


def replaced(**values):
    return lambda: dataclasses.replace(particles(5), **values)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (replaced(mass=[1.0, np.nan, 1.0, 1.0, 1.0]), ValueError, "mass"),
        (replaced(mass=-np.ones(5)), ValueError, "mass"),
        (replaced(position=np.ones((5, 5))), TypeError, "position"),
        (replaced(age=np.ones(4)), ValueError, "numbers of particles"),
        (replaced(metallicity=np.linspace(0.001, 0.04, 5)), ValueError, "mass fraction"),
        (lambda: sl.Galaxy(particles(), LIBRARY, 0.0), ValueError, "redshift"),
        (lambda: sl.Galaxy(particles(), LIBRARY, np.inf, distance=10.0), ValueError, "redshift = inf finite"),
        (lambda: sl.Galaxy(particles(), LIBRARY, 0.4)(unit()), ValueError, "library"),
        (lambda: sl.Galaxy(1.0, LIBRARY, 0.02), TypeError, "stars"),
        (lambda: sl.Galaxy(particles(), LIBRARY, 0.02)(3.0), TypeError, "IFU"),
        (lambda: sl.Galaxy(replaced(velocity=np.full((5, 3), 2e4))(), LIBRARY, 0.02)(unit()), ValueError, "5 of 5"),
        (lambda: sl.Galaxy(replaced(position=np.full((5, 3), 99.0))(), LIBRARY, 0.02)(unit()), ValueError, "inside"),
        (lambda: sl.cubes.IFU((3, 3), 1.0, [1.0, 2.0]), TypeError, "channels"),
        (lambda: sl.cubes.IFU((3, 3), 1.0, CHANNELS, assignment="best"), ValueError, "assignment"),
        (lambda: sl.CubeLikelihood(np.ones(3), "muse"), TypeError, "data"),
        (lambda: sl.CubeLikelihood(SEEN, None), TypeError, "instrument is a NoneType: give its name"),
        (lambda: sl.CubeLikelihood(SEEN, "muse", noise=-1.0), ValueError, "noise has 1 negative values"),
        (
            lambda: sl.CubeLikelihood(
                SEEN.replace(variance=np.ones(SEEN.flux.shape)),
                "muse",
                noise=sl.statistics.StudentT(1.0, freedom=3.0),
                scatter="jitter",
            ),
            ValueError,
            "scatter='jitter' beside noise=StudentT",
        ),
        (lambda: sl.CubeLikelihood(SEEN, "muse", calibration=1), TypeError, "calibration is a int"),
        (lambda: sl.CubeLikelihood(SEEN, "muse", scatter=0.1), TypeError, "scatter is a float"),
        (lambda: sl.cubes.add_noise(SEEN.replace(variance=None), 0, signal_to_noise=9.0), TypeError, "key is a int"),
        (lambda: sl.cubes.IFU((3, 3), 1.0, CHANNELS, psf=0.7), TypeError, "psf is a float, not a AbstractPSF"),
        (lambda: sl.cubes.PolynomialLSF([]), ValueError, "coefficients is empty"),
        (lambda: sl.cubes.VelocityNodes(limits=100.0), ValueError, "limits = 100.0 must be two speeds"),
        (lambda: sl.Galaxy(particles(), LIBRARY, 0.02, cosmology="Planck18"), TypeError, "cosmology is a str"),
        (lambda: sl.Galaxy((), LIBRARY, 0.02), ValueError, "stars is empty and no gas has lines"),
        (lambda: sl.cubes.assign([], [], SEEN.plane), ValueError, "n at least 1"),
        (lambda: sl.cubes.assign([0.0], [0.0], None), TypeError, "plane is a NoneType"),
    ],
)
def test_bad_input(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_one_metallicity_for_all_that_may_be_a_mass_fraction_is_told():
    with pytest.warns(UserWarning, match=r"Stars\.metallicity is 0\.02 for all: is that a mass fraction Z"):
        replaced(metallicity=np.full(5, 0.02))()
    with pytest.warns(sl.particles.MetallicityWarning, match=r"0\.01 to 0\.11 for all"):
        replaced(metallicity=[0.02, 0.01, 0.11, 0.03, 0.02])()
    for values in (np.zeros(5), [0.0, 0.05, 0.1, 0.0, 0.02], [0.05, 0.3, 0.1, 0.1, 0.1]):  # these are [M/H]
        replaced(metallicity=values)()


def test_an_instrument_sharper_than_the_library():
    axes = LIBRARY.wavelength, LIBRARY.age, LIBRARY.metallicity
    coarse = sl.populations.Library(*axes, LIBRARY.nodes, "air", fwhm=2.51)
    with pytest.raises(ValueError, match="sharper"):
        sl.Galaxy(particles(), coarse, 0.02)(unit(lsf=2.0))


def test_ages_beyond_the_library_have_finite_gradients():
    stars = replaced(age=[0.0, 1e-9, 14.0, 50.0, 1.0], metallicity=[-9.0, 3.0, 0.0, 0.4, -2.0])()
    slope = jax.grad(lambda s: jnp.sum(sl.Galaxy(s, LIBRARY, 0.02)(unit()).flux * 1e18))(stars)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope))


@pytest.mark.skipif(not MILES.is_file(), reason="SIGHTLINE_DATA has no ssp/ of MILES")
def test_fisher_errors_of_one_spaxel_on_miles():
    library = sl.populations.read(MILES, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)
    ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(4750.0, 1.25, 1600))
    truth = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [10.0], [-1.15])

    def flux(point):
        stars = dataclasses.replace(truth, age=10 ** point[:1], metallicity=point[1:])
        return sl.Galaxy(stars, library, 0.02)(ifu).flux[:, 0] * 1e15

    at = jnp.array([1.0, -1.15])
    sigma = flux(at) / 100
    jacobian = jax.jacfwd(flux)(at) / sigma[:, None]
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    errors = np.sqrt(np.diag(covariance))
    found = sorted([*errors, covariance[0, 1] / np.prod(errors)])
    np.testing.assert_allclose(found, [-0.976, 8.45e-4, 3.70e-3], rtol=0.02)


def fluxes(method, stars, **options):
    return sl.Galaxy(stars, LIBRARY, 0.02, method=method, **options)(unit()).flux * 1e18


def test_velocity_nodes_are_near_the_exact_method():
    stars = particles(60)
    exact = fluxes(sl.cubes.Exact(), stars)
    errors = [
        float(jnp.sqrt(jnp.mean((fluxes(sl.cubes.VelocityNodes(step), stars) - exact) ** 2) / jnp.mean(exact**2)))
        for step in (50.0, 25.0)
    ]
    assert errors[1] < 5e-5
    assert errors[1] < 0.5 * errors[0]


def test_gradients_of_velocity_nodes():
    stars, weight = particles(20), np.random.default_rng(5).normal(size=(200, 64))

    def slope(method):
        return jax.grad(lambda s: jnp.sum(fluxes(method, s) * weight))(stars)

    exact, nodes = slope(sl.cubes.Exact()), slope(sl.cubes.VelocityNodes(25.0))
    for name, most in (("mass", 1e-3), ("age", 1e-3), ("metallicity", 1e-3), ("velocity", 0.05)):
        one, other = getattr(exact, name), getattr(nodes, name)
        assert float(jnp.linalg.norm(other - one) / jnp.linalg.norm(one)) < most


def test_fast_particles_are_counted():
    stars = dataclasses.replace(particles(5), velocity=np.full((5, 3), -3000.0))
    with pytest.warns(sl.cubes.VelocityWarning, match="5 of 5"):
        fluxes(sl.cubes.VelocityNodes(25.0), stars)
    wide = sl.cubes.VelocityNodes(1.0, limits=(-9e5, 9e5))
    with pytest.raises(ValueError, match=r"more than 2\^31 masses"):
        fluxes(wide, stars)
    with pytest.raises(ValueError, match="four nodes"):
        sl.cubes.VelocityNodes(25.0, limits=(0.0, 50.0))


def test_dust_on_nodes():
    stars = particles(30)
    gas = sl.particles.Gas(stars.position[:15], stars.velocity[:15], 1e7 * np.ones(15), np.zeros(15))
    options = {"gas": gas, "dust": sl.dust.Screen(sl.dust.CCM89(), foreground=0.5)}
    exact = fluxes(sl.cubes.Exact(), stars, **options)
    nodes = fluxes(sl.cubes.VelocityNodes(25.0), stars, **options)
    assert float(jnp.sqrt(jnp.mean((nodes - exact) ** 2) / jnp.mean(exact**2))) < 1e-3


def test_galaxies_come_back_from_files(tmp_path):
    options = {"dust": sl.dust.Screen(sl.dust.CCM89()), "orientation": sl.Orientation(10.0, 20.0)}
    galaxy = sl.Galaxy(particles(5), LIBRARY, 0.02, method=sl.cubes.Exact(chunk=3), **options)
    model = sl.Model(galaxy, instruments={"muse": unit(psf=sl.cubes.GaussianPSF(0.7))})
    sl.save(model, tmp_path / "model.npz")
    found = sl.load(tmp_path / "model.npz")
    assert eqx.tree_equal(found, model)
    np.testing.assert_array_equal(found.cube("muse").flux, model.cube("muse").flux)
