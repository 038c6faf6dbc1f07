"""The simulator: verified values, gradients, memory, compilation, and everything it refuses."""

import dataclasses
import re

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants as si

import sightline as sl


def sphere(**changes):
    """The homogeneous sphere of the synax paper: 4 kpc around the observer."""
    parts = {
        "magnetic_field": sl.magnetic.Uniform((6.0, 0.0, 0.0)),
        "electron_density": sl.electrons.Uniform(0.01),
        "cosmic_rays": sl.cosmic_rays.Uniform(4.01e-5, index=3.0),
        "emission": (sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    }
    return sl.Simulator(**(parts | changes))


def galaxy(**changes):
    parts = {
        "magnetic_field": sl.magnetic.LSA(),
        "electron_density": sl.electrons.ExponentialDisk(),
        "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
    }
    return sphere(**(parts | changes))


def burn_slab(lines, frequency, length=4.0):
    """Analytic I, Q, U (IAU) of the sphere, with P = integral of j e^(i k s) ds."""
    simulator, rays = sphere(), lines.rays
    b = np.array([6.0, 0.0, 0.0])
    east, north, towards = (np.asarray(v).T @ b for v in (rays.east, rays.north, -rays.direction))
    scale = simulator.trace(sl.Sightlines(sl.Directions(90.0, 0.0)), frequency).coefficients.emissivity.I[0] / 36
    intensity = float(scale) * (east**2 + north**2) * length
    polarised = 0.75 * float(scale) * (east**2 - north**2 - 2j * east * north) * length
    faraday = si.e**3 / (8 * np.pi**2 * si.epsilon_0 * si.m_e**2 * si.c**3) * 1e6 * 1e-10 * si.parsec * 1e3
    turn = 2 * (0.299792458 / frequency) ** 2 * faraday * 0.01 * towards * length
    polarised = polarised * np.exp(0.5j * turn) * np.sinc(turn / 2 / np.pi)
    return intensity, polarised


def test_sphere_equals_the_burn_slab(precision):
    lines = sl.Sightlines(sl.HealpixSky(8), sl.RadialCells(cells=64, distance=4.0))
    stokes = sphere()(lines, 2.4).to_convention("IAU")
    intensity, polarised = burn_slab(lines, 2.4)
    tolerance = 1e-9 if precision == "float64" else 1e-5
    np.testing.assert_allclose(stokes.I, intensity, atol=tolerance)
    np.testing.assert_allclose(stokes.Q, polarised.real, atol=tolerance)
    np.testing.assert_allclose(stokes.U, polarised.imag, atol=tolerance)


def test_verified_sightline():
    """(l, b) = (150, 30): a wrong Faraday sign or convention shows."""
    lines = sl.Sightlines(sl.Directions(150.0, 30.0), sl.RadialCells(cells=64, distance=4.0))
    stokes = sphere()(lines, 2.4)
    np.testing.assert_allclose([stokes.I[0], stokes.Q[0], stokes.U[0]], [0.115900, -0.024408, 0.015513], atol=6e-7)
    assert stokes.to_convention("IAU").U[0] == pytest.approx(-0.015513, abs=6e-7)
    assert sphere().rotation_measure(lines)[0] == pytest.approx(146.1422, abs=6e-5)


def test_verified_extremes():
    lines = sl.Sightlines(sl.Directions([180.0, 0.0, 90.0], 0.0), sl.RadialCells(cells=16, distance=4.0))
    np.testing.assert_allclose(sphere().rotation_measure(lines), [194.856, -194.856, 0], atol=1e-3)
    np.testing.assert_allclose(sphere().dispersion_measure(lines), 40)
    np.testing.assert_allclose(sphere().emission_measure(lines), 0.4)
    stokes = sphere()(lines, 2.4)
    assert stokes.I[2] == pytest.approx(0.26496, abs=1e-4)
    assert stokes.I[0] == pytest.approx(0, abs=1e-20)


def test_sources_end_the_integral():
    pulsars = sl.SourceCatalogue([10.0, 80.0], [3.0, -4.0], [1.0, 2.0])
    np.testing.assert_allclose(sphere().dispersion_measure(pulsars), [10, 20])


def test_shapes_follow_the_frequency():
    sky, simulator = sl.Directions([1.0, 2.0], 3.0), galaxy()
    one = simulator(sky, 23)
    many = simulator(sky, [0.408, 23.0])
    assert one.I.shape == (2,)
    assert many.I.shape == (2, 2)
    np.testing.assert_allclose(many.U[1], one.U, rtol=1e-12)
    np.testing.assert_allclose(simulator(sky, 23000 * u.MHz).Q, one.Q, rtol=1e-12)
    assert (one.unit, one.convention, one.V) == ("K_RJ", "COSMO", None)


def test_background_is_faded_and_never_silent():
    class Fog(sl.emission.AbstractEmissionOperator):
        depth: jax.Array = sl.param(0.5)
        needs = ()

        def __call__(self, plasma, ray, frequency):
            return sl.emission.TransferCoefficients(absorption=sl.emission.StokesVector(I=self.depth))

    lines = sl.Sightlines(sl.Directions(0.0, 90.0), sl.RadialCells(cells=4, distance=2.0))
    cmb, radio = sl.emission.CMB(), sl.emission.IsotropicBackground()
    clear = sl.Simulator(background=cmb)(lines, 1.0).I[0]
    assert clear == pytest.approx(2.7016, abs=1e-3)
    both = clear + sl.Simulator(background=radio)(lines, 1.0).I[0]
    foggy = sl.Simulator(emission=Fog(), background=(cmb, radio))(lines, 1.0).I[0]
    assert foggy == pytest.approx(both * np.exp(-1))


def test_what_would_count_twice_is_refused():
    """Operators of Sightline take all electrons, so that a second one doubles the sky, whatever its settings."""

    class Dust(sl.emission.AbstractEmissionOperator):
        index: jax.Array = sl.param(1.6)
        needs = ()

        def __call__(self, plasma, ray, frequency):
            return sl.emission.TransferCoefficients(emissivity=sl.emission.StokesVector(I=frequency**self.index))

    e, cmb, radio = sl.emission, sl.emission.CMB, sl.emission.IsotropicBackground
    dispersion = e.FaradayRotation(random=sl.magnetic.JF12RandomAmplitude(), coherence_length=0.05)
    everything = dataclasses.replace(galaxy(), temperature=sl.temperature.Uniform())
    for operators in [
        (e.Synchrotron(), e.Synchrotron()),
        (e.Synchrotron(), e.FaradayRotation(), e.Synchrotron(striation=1.0)),
        (e.Synchrotron(), e.SynchrotronSpectrum()),
        (e.FaradayRotation(), dispersion),
        (e.FreeFree(), e.FreeFree(clumping=2.0)),
        (e.CircularSynchrotron(), e.CircularSynchrotron(absorption="polarised")),
        (e.FaradayConversion(), e.FaradayConversion()),
        (e.RelativisticConversion(10.0), e.RelativisticConversion(20.0)),
        (Dust(), Dust()),
    ]:
        names = rf"emission\[0\], {type(operators[0]).__name__} and emission\[[12]\], {type(operators[-1]).__name__}"
        with pytest.raises(ValueError, match=rf"{names}, would count the same twice: leave one of them out"):
            dataclasses.replace(everything, emission=operators)
    for behind in [(cmb(), cmb()), (cmb(), cmb(temperature=2.7)), (radio(), radio())]:
        with pytest.raises(
            ValueError, match=r"background\[0\], .* and background\[1\], .*, would count the same twice"
        ):
            sl.Simulator(background=behind)
    several = dataclasses.replace(
        everything, emission=(Dust(), Dust(index=2.0)), background=(radio(), radio(index=-2.7))
    )
    edited = eqx.tree_at(lambda s: s.emission[1].index, several, several.emission[0].index)
    with pytest.raises(ValueError, match=r"emission\[1\], Dust, would count the same twice"):
        edited(sl.Directions(0.0, 90.0), 1.0)


def test_user_operator_and_named_field():
    class Dust(sl.emission.AbstractEmissionOperator):
        needs = ("dust",)

        def __call__(self, plasma, ray, frequency):
            return sl.emission.TransferCoefficients(emissivity=sl.emission.StokesVector(I=plasma.extra["dust"]))

    lines = sl.Sightlines(sl.Directions(0.0, 90.0), sl.RadialCells(cells=4, distance=2.0))
    simulator = sl.Simulator(emission=Dust(), fields={"dust": sl.electrons.Uniform(3.0)})
    assert simulator(lines, 100.0).I[0] == pytest.approx(6)
    with pytest.raises(ValueError, match=r"Dust needs dust.*fields=\{'dust': \.\.\.\}"):
        sl.Simulator(emission=Dust())


SPECIAL = sl.Directions([0.0, 0.0, 0.0, 180.0, 17.0, 250.0], [90.0, -90.0, 0.0, 0.0, 3.0, -50.0])


def loss(simulator, lines):
    stokes = simulator(lines, [0.8, 2.4])
    weights = jnp.arange(1.0, 1 + stokes.I.size).reshape(stokes.I.shape)
    data = [jnp.cos(weights) * 0.1 * jax.lax.stop_gradient(jnp.abs(part)) for part in (stokes.I, stokes.Q, stokes.U)]
    parts = zip((stokes.I, stokes.Q, stokes.U), data, strict=True)
    return sum(jnp.sum((part - truth) ** 2 * weights) for part, truth in parts)


def fixed_loss(simulator, lines, data):
    stokes = simulator(lines, [0.8, 2.4])
    return sum(jnp.sum((part - truth) ** 2) for part, truth in zip((stokes.I, stokes.Q, stokes.U), data, strict=True))


def test_gradients_of_a_chi_squared_with_respect_to_every_leaf():
    lines = sl.Sightlines(SPECIAL, sl.BoxCells(cells=96, half_widths=(19.0, 19.0, 5.0)))
    simulator = galaxy(background=sl.emission.IsotropicBackground())
    data = [jnp.asarray(np.random.default_rng(i).normal(size=(2, 6))) for i in range(3)]
    value = eqx.filter_jit(fixed_loss)
    gradient = eqx.filter_jit(eqx.filter_grad(fixed_loss))(simulator, lines, data)
    leaves, treedef = jax.tree.flatten(simulator)
    slopes = jax.tree.leaves(gradient)
    assert len(leaves) == len(slopes) == 13
    for index, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        step = 1e-5 * max(1.0, abs(float(leaf))) if float(leaf) > 1e-3 or float(leaf) == 0 else 1e-4 * float(leaf)

        def shifted(sign, index=index, leaf=leaf, step=step):
            moved = [*leaves[:index], leaf + sign * step, *leaves[index + 1 :]]
            return float(value(jax.tree.unflatten(treedef, moved), lines, data))

        difference = (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-6, abs=1e-9)


COARSE = pytest.mark.filterwarnings("ignore:Faraday rotation turns:UserWarning")  # few cells are enough here


@COARSE
def test_forward_and_reverse_mode_agree_and_vmap_equals_a_loop():
    lines = sl.Sightlines(SPECIAL, sl.BoxCells(cells=32))
    simulator = galaxy()
    direction = jax.tree.map(lambda leaf: 0.1 * leaf, simulator)
    data = [jnp.ones((2, 6))] * 3
    _, forward = eqx.filter_jvp(lambda s: fixed_loss(s, lines, data), (simulator,), (direction,))
    reverse = eqx.filter_grad(fixed_loss)(simulator, lines, data)
    along = sum(jnp.sum(g * d) for g, d in zip(*map(jax.tree.leaves, (reverse, direction)), strict=True))
    assert float(forward) == pytest.approx(float(along), rel=1e-10)

    def brightness(b0):
        field = dataclasses.replace(simulator.magnetic_field, b0=b0)
        return dataclasses.replace(simulator, magnetic_field=field)(lines, 2.4).Q

    b0 = jnp.asarray([-1.0, 0.0, 2.5])
    np.testing.assert_allclose(jax.vmap(brightness)(b0), [brightness(b) for b in b0], rtol=1e-12, atol=1e-18)


def test_nothing_is_infinite_anywhere(precision):
    """Poles, Galactic centre, B = 0, outside the box: values and gradients."""
    lines = sl.Sightlines(SPECIAL, sl.RadialCells(cells=64, distance=60.0, growth=30.0))
    dark = galaxy(magnetic_field=sl.magnetic.Uniform((0.0, 0.0, 0.0)), electron_density=sl.electrons.Uniform(0.0))
    for simulator in (galaxy(), dark, galaxy(magnetic_field=sl.magnetic.Grid(np.zeros((3, 4, 4, 4))))):
        value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(loss))(simulator, lines)
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((value, gradient)))


def test_supersampling_averages_without_depolarising():
    fine = sl.HealpixSky(4, supersample=4)
    stokes = galaxy()(sl.Sightlines(fine, sl.BoxCells(cells=24)), 23.0)
    full = galaxy()(sl.Sightlines(sl.HealpixSky(16, nest=True), sl.BoxCells(cells=24)), 23.0)
    parents = sl.HealpixSky(4, nest=True)
    assert parents.size == 192
    nested = sl.Sightlines(sl.HealpixSky(4, nest=True, supersample=4), sl.BoxCells(cells=24))
    np.testing.assert_allclose(galaxy()(nested, 23.0).I, full.I.reshape(192, 16).mean(axis=1), rtol=1e-10)
    single = galaxy()(sl.Sightlines(sl.HealpixSky(4), sl.BoxCells(cells=24)), 23.0)
    pole = np.argsort(-np.abs(sl.HealpixSky(4).lonlat()[1]))[:8]
    ratio = np.asarray(stokes.polarised_intensity / single.polarised_intensity)[pole]
    np.testing.assert_allclose(ratio, 1, atol=0.1)


@COARSE
def test_another_sky_of_the_same_shape_compiles_nothing():
    simulator = galaxy()
    cells = sl.BoxCells(cells=8)
    simulator(sl.Sightlines(sl.Directions([1.0, 2.0, 3.0], 0.0), cells), 1.0)
    with jax.log_compiles(False):
        compiled = getattr(sl.simulator.observe.observe_rays, "_cached", None)
        before = compiled._cache_size() if compiled is not None else None
        with pytest.warns(
            sl.SunWarning, match=r"The observer at \(-8.0, 0.0, 0.0\) kpc is not at the Sun of the model"
        ):
            simulator(sl.Sightlines(sl.Directions([7.0, 5.0, 9.0], 40.0), cells, observer=(-8.0, 0.0, 0.0)), 2.0)
        after = compiled._cache_size() if compiled is not None else None
    assert before is not None
    assert before == after


class Counting(sl.fields.AbstractField):
    """A field with one operation that nothing else uses, so that its evaluations can be counted."""

    b0: jax.Array = sl.param(1.0)

    def __call__(self, position):
        return jnp.stack([self.b0 * jax.lax.erf_inv(0.01 * position[0]), position[1], position[2]])


@pytest.mark.parametrize("count", [1, 8])
def test_fields_are_evaluated_once_for_all_frequencies(count):
    simulator = galaxy(magnetic_field=Counting())
    lines = sl.Sightlines(sl.Directions([1.0, 2.0], 0.0), sl.BoxCells(cells=4))
    frequencies = jnp.linspace(1.0, 2.0, count)
    text = str(jax.make_jaxpr(lambda: simulator(lines, frequencies).Q)())
    evaluated = re.findall(r":f64\[([\d,]*)\] = erf_inv", text)
    assert evaluated == ["2,4"]


def test_memory_of_reverse_mode_does_not_grow_with_the_sky():
    def needed(nside):
        lines = sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells=64))
        compiled = eqx.filter_jit(eqx.filter_value_and_grad(loss)).lower(galaxy(chunk=64), lines).compile()
        return compiled.compiled.memory_analysis().temp_size_in_bytes

    small, large = needed(8), needed(16)
    assert (large - small) / (3072 - 768) < 300  # bytes a ray: one number kept in each of its 64 cells would be 512


def test_trace_holds_every_step():
    lines = sl.Sightlines(sl.Directions(30.0, 2.0), sl.BoxCells(cells=50))
    trace = galaxy().trace(lines, 1.4)
    stokes = galaxy()(lines, 1.4)
    assert float(trace.stokes.Q[0]) == pytest.approx(float(stokes.Q[0]))
    assert trace.stokes.convention == "COSMO"
    assert trace.position.shape == (3, 50)
    field = galaxy().magnetic_field(trace.position[:, 7])
    np.testing.assert_allclose([b[7] for b in trace.plasma.magnetic_field], field, rtol=1e-12)
    assert float(jnp.sum(trace.coefficients.emissivity.I * trace.widths)) == pytest.approx(float(stokes.I[0]))
    rm = galaxy().rotation_measure(lines)[0]
    whole = trace.rotation[-1] + trace.coefficients.rotation.V[-1] * trace.widths[-1]
    assert float(whole) == pytest.approx(2 * (0.299792458 / 1.4) ** 2 * float(rm), rel=1e-8)
    with pytest.raises(ValueError, match="one ray at one frequency"):
        galaxy().trace(SPECIAL, 1.0)


def test_large_rotation_within_a_cell_is_reported():
    lines = sl.Sightlines(sl.Directions(180.0, 0.0), sl.RadialCells(cells=4, distance=4.0))
    expected = 2 * (0.299792458 / 0.4) ** 2 * 194.856 / 4
    assert sphere().rotation_per_cell(lines, 0.4) == pytest.approx(expected, rel=1e-5)
    with pytest.warns(UserWarning, match=r"54\.7 rad within one cell at 0\.4 GHz.*more cells"):
        sphere()(lines, [0.4, 23.0])
    quiet = sl.Sightlines(sl.Directions(180.0, 0.0), sl.RadialCells(cells=300, distance=4.0))
    sphere()(quiet, 0.4)


class Waves(sl.fields.AbstractField):
    """A field of a user that is complex."""

    def __call__(self, position):
        return jax.lax.complex(position[0], position[1])


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: sphere(cosmic_rays=None), ValueError, r"Synchrotron needs cosmic_rays.*ExponentialDisk\(\)"),
        (lambda: sphere(magnetic_field=None), ValueError, "needs magnetic_field.*LSA"),
        (lambda: sphere(cosmic_rays=sl.electrons.Uniform()), TypeError, "no spectral index"),
        (lambda: sphere(magnetic_field=sl.electrons.Uniform()), TypeError, r"magnetic_field must return shape \(3,\)"),
        (lambda: sphere(electron_density=sl.magnetic.LSA()), TypeError, r"electron_density must return shape \(\)"),
        (lambda: sphere(electron_density=Waves()), TypeError, "electron_density must be real, Waves returns complex"),
        (lambda: sphere(magnetic_field=sl.magnetic.LSA), TypeError, "LSA"),
        (lambda: sphere(emission=(sl.magnetic.LSA(),)), TypeError, r"emission\[0\] must be an AbstractEmission"),
        (lambda: sphere()(SPECIAL, -1.0), ValueError, r"frequency = -1\.0 must be finite and positive"),
        (lambda: sphere()(SPECIAL, [1.0, np.nan]), ValueError, "frequency"),
        (lambda: sphere()(SPECIAL, []), ValueError, "non-empty"),
        (lambda: sphere()(SPECIAL, 3 * u.kpc), ValueError, "frequency was given in 'kpc'"),
        (lambda: sphere()(64, 1.0), TypeError, "sky must be"),
        (lambda: sl.Simulator()(SPECIAL, 1.0), ValueError, "no emission operators"),
        (lambda: sl.Simulator().dispersion_measure(SPECIAL), ValueError, "DispersionMeasure needs electron_density"),
        (lambda: sphere(chunk=0), ValueError, r"Simulator\.chunk = 0"),
        (lambda: sl.Simulator(radiation=-1.0 * sl.radiation.CMB()), ValueError, "radiation is multiplied by -1"),
        (lambda: sl.Simulator(electron_density=-2.0 * sl.electrons.Uniform()), ValueError, "must not be negative"),
        (lambda: sl.estimate_error(3.0, SPECIAL, 1.0), TypeError, "simulator is a float"),
        (lambda: sl.fields.Confined(None, radius=1.0), TypeError, "Confined: field is a NoneType"),
        (lambda: sl.magnetic.LSA()([1.0, np.nan, 0.0]), ValueError, "LSA was given the position .* none NaN"),
        (lambda: sl.Likelihood(None, [1.0], sl.statistics.Poisson()), TypeError, "give a function of the model"),
        (lambda: sl.Proximity(None, jnp.zeros((1, 3)), 1.0), TypeError, "reference is a NoneType"),
        (lambda: sl.observables.rotation_measure_synthesis(None, [0.0]), TypeError, "stokes is a NoneType"),
        (lambda: sl.observables.rotation_measure_spread([1.0, 1.2], [np.nan]), ValueError, "depth must be finite"),
        (lambda: sl.plot.maps(None), TypeError, "stokes is a NoneType"),
    ],
)
def test_bad_input_is_refused(action, error, message):
    with pytest.raises(error, match=message):
        action()


def test_a_leaf_replaced_by_a_bare_float_is_refused_when_called():
    broken = eqx.tree_at(lambda s: s.magnetic_field.b0, galaxy(), 1.2)
    with pytest.raises(TypeError, match=r"LSA\.b0 holds 1\.2, a bare float.*eqx\.tree_at"):
        broken(SPECIAL, 1.0)
    with pytest.raises(TypeError, match=r"LSA\.b0"):
        broken.rotation_measure(SPECIAL)
    misshapen = eqx.tree_at(lambda s: s.magnetic_field.b0, galaxy(), jnp.ones(2))
    with pytest.raises(TypeError, match=r"LSA\.b0 has shape \(2,\)"):
        misshapen(SPECIAL, 1.0)


def test_a_sky_traced_by_jit_is_refused_with_the_cure():
    with pytest.raises(TypeError, match=r"build sl\.Sightlines"):
        eqx.filter_jit(lambda s, sky: s(sky, 1.0).I)(galaxy(), SPECIAL)


def test_a_grid_without_the_observer_is_refused_with_the_cure():
    small = sl.electrons.Grid(np.full((4, 4, 4), 0.01), half_widths=(5.0, 5.0, 5.0))
    sky = sl.Sightlines(sl.Directions([0.0, 20.0], [1.0, 5.0]), sl.RadialCells(cells=8))
    simulator = galaxy(electron_density=small)
    for call in (lambda: simulator(sky, 2.4), lambda: simulator.dispersion_measure(sky)):
        with pytest.raises(
            ValueError, match=r"electron_density is zero outside .* does not contain the observer at \(-8"
        ):
            call()
    widened = dataclasses.replace(small, outside="nearest"), small + sl.electrons.Uniform(0.02)
    assert all(galaxy(electron_density=field).dispersion_measure(sky).min() > 0 for field in widened)
    far = sl.Sightlines(
        sl.Directions([0.0, 1.0], [0.0, 1.0]), sl.ChordCells(8, (5.0, 5.0, 5.0)), observer=(-90.0, 0.0, 0.0)
    )
    assert simulator.dispersion_measure(far).min() > 0


def test_an_index_outside_its_range_is_dark():
    index = sl.electrons.Grid(np.full((4, 4, 4), 3.0), half_widths=(9.0, 9.0, 1.0))
    lines = sl.Sightlines(sl.Directions(180.0, 89.0), sl.RadialCells(cells=40, distance=4.0))
    with pytest.warns(sl.SpectralIndexWarning, match="from 0 to 3"):
        found = sphere(cosmic_rays=sl.cosmic_rays.Uniform(4.01e-5, index=index))(lines, 2.4).I[0]
    whole = sphere()(lines, 2.4).I[0]
    assert 0.2 < float(found / whole) < 0.3  # only the first kpc of 4 lies in the box of the grid


def test_fields_are_prepared_once():
    class Doubling(sl.fields.AbstractField):
        b0: jax.Array = sl.param(1.0)

        def prepare(self):
            return dataclasses.replace(self, b0=2 * self.b0)

        def __call__(self, position):
            return self.b0 * position

    assert float(galaxy(magnetic_field=1.0 * Doubling()).prepare().magnetic_field.field.b0) == 2


def test_needs_are_checked_again_when_called():
    headless = eqx.tree_at(lambda s: s.magnetic_field, galaxy(), None)
    for call in (lambda: headless(SPECIAL, 1.0), lambda: headless.rotation_per_cell(SPECIAL, 1.0)):
        with pytest.raises(ValueError, match="Synchrotron needs magnetic_field"):
            call()
    with pytest.raises(ValueError, match="has a place of its own"):
        sl.Simulator(fields={"magnetic_field": sl.magnetic.LSA()})


def test_models_keep_what_they_were_given():
    """Dicts are copied: what is done to them afterwards changes no model."""
    beams, maps = {"wmap": sl.GaussianBeam(fwhm=7.0)}, {"cmb": sl.Stokes(*np.ones((3, 12)), frequency=100.0)}
    fields, spectra = {"extra": sl.electrons.Uniform(1.0)}, {"source": sl.spectra.PowerLaw()}
    model = sl.Model(instruments=beams, spectra=spectra)
    sky = sl.components.ComponentSky(sl.components.MixingMatrix(cmb=sl.components.CMB()), maps)
    simulator = sl.Simulator(sl.magnetic.LSA(), cosmic_rays=sl.cosmic_rays.Uniform(), fields=fields)
    for given, kept in ((beams, model.instruments), (spectra, model.spectra), (maps, sky.amplitudes)):
        given.clear()
        assert len(kept) == 1
    fields.clear()
    assert list(simulator.fields) == ["extra"]
