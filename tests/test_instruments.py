"""Beams against healpy, bandpasses, masks, noise, and the model that ties them to a simulator."""

import dataclasses

import healpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.harmonics.synthesis import Synthesis, packed_degrees
from sightline.sky.instruments import Bandpass, Calibration, Chain, HarmonicBeam, Mask, NeighbourBeam, add_noise

NSIDE = 16


def sky_of(maps, nest=False, frequency=23.0):
    return sl.Stokes(*maps, frequency=frequency, sky=sl.HealpixSky(NSIDE, nest=nest))


@pytest.fixture(scope="module")
def maps():
    """I, Q, U with structure down to the pixel scale."""
    generator, lmax = np.random.default_rng(8), 3 * NSIDE - 1
    degrees, orders = healpy.Alm.getlm(lmax)
    coefficients = generator.normal(size=(3, 2, degrees.size)) / (1.0 + degrees)
    coefficients = list(coefficients[:, 0] + 1j * np.where(orders > 0, coefficients[:, 1], 0))
    q, u = healpy.alm2map_spin(coefficients[1:], NSIDE, 2, 3 * NSIDE - 1)
    return jnp.asarray(healpy.alm2map(coefficients[0], NSIDE)), jnp.asarray(q), jnp.asarray(u)


@pytest.mark.parametrize("fwhm", [1.0, 7.0])
@pytest.mark.parametrize("nest", [False, True])
def test_gaussian_beam_equals_healpy(maps, fwhm, nest):
    expected = healpy.smoothing(np.stack(maps), fwhm=np.radians(fwhm), pol=True)
    given = [healpy.reorder(np.asarray(part), r2n=True) for part in maps] if nest else maps
    found = sl.GaussianBeam(fwhm=fwhm)(sky_of([jnp.asarray(part) for part in given], nest))
    for name, exact in zip("IQU", expected, strict=True):
        values = np.asarray(getattr(found, name))
        values = healpy.reorder(values, n2r=True) if nest else values
        assert np.max(np.abs(values - exact)) < 1e-5 * np.std(exact)


def test_harmonic_beam_with_the_windows_of_a_gaussian_is_the_gaussian(maps):
    beam = sl.GaussianBeam(fwhm=5.0)
    intensity, polarised = beam.windows(3 * NSIDE - 1)
    found = HarmonicBeam(intensity, polarised=polarised)(sky_of(maps))
    expected = beam(sky_of(maps))
    np.testing.assert_allclose(found.Q, expected.Q, atol=1e-12)
    np.testing.assert_allclose(found.I, expected.I, atol=1e-12)


def flat(beam):
    """The beam as a linear function of I, Q, U."""

    def apply(values):
        smoothed = beam(sky_of(values))
        return jnp.stack([smoothed.I, smoothed.Q, smoothed.U])

    return apply


def test_adjoint_of_the_beam():
    generator = np.random.default_rng(2)
    x, y = (jnp.asarray(generator.normal(size=(3, 12 * NSIDE**2))) for _ in range(2))
    forward = flat(sl.GaussianBeam(fwhm=3.0))
    (back,) = jax.linear_transpose(forward, x)(y)
    assert float(jnp.vdot(forward(x), y)) == pytest.approx(float(jnp.vdot(x, back)), rel=1e-12)


@pytest.mark.parametrize("spin", [0, 2])
def test_synthesis_is_linear_under_all_transformations(spin):
    synthesis = Synthesis(4, 11, spin)
    generator = np.random.default_rng(1)
    x = jnp.asarray(generator.normal(size=synthesis.input_shape) * (packed_degrees(11) >= spin))
    y = jnp.asarray(generator.normal(size=synthesis.output_shape))
    (back,) = jax.linear_transpose(synthesis, x)(y)
    assert float(jnp.vdot(synthesis(x), y)) == pytest.approx(float(jnp.vdot(x, back)), rel=1e-12)
    np.testing.assert_allclose(jax.jvp(synthesis, (x,), (2 * x,))[1], 2 * synthesis(x), atol=1e-12)
    both = jax.jit(jax.vmap(synthesis, in_axes=1, out_axes=1))(jnp.stack([x, 3 * x], axis=1))
    np.testing.assert_allclose(both[:, 1], 3 * synthesis(x), atol=1e-12)
    slope = jax.vmap(jax.grad(lambda v: jnp.vdot(synthesis(v), y)))(jnp.stack([x, x]))
    np.testing.assert_allclose(slope[1], back, atol=1e-12)
    with pytest.raises(ValueError, match="takes an array of shape"):
        synthesis(x[:, 1:])


def test_derivative_with_respect_to_the_width(maps):
    weight = jnp.asarray(np.random.default_rng(3).normal(size=(3, 12 * NSIDE**2)))

    def loss(fwhm):
        return jnp.vdot(flat(sl.GaussianBeam(fwhm=fwhm))(jnp.stack(maps)), weight)

    step = 1e-4
    slope = (loss(4.0 + step) - loss(4.0 - step)) / (2 * step)
    assert float(jax.grad(loss)(4.0)) == pytest.approx(float(slope), rel=1e-7)
    assert float(jax.jvp(loss, (4.0,), (1.0,))[1]) == pytest.approx(float(slope), rel=1e-7)


def test_beams_refuse_what_they_cannot_smooth(maps):
    partial = sl.HealpixSky(NSIDE, pixels=[1, 2, 3])
    stokes = sl.Stokes(*(part[:3] for part in maps), frequency=23.0, sky=partial)
    with pytest.raises(ValueError, match=r"needs a full sl\.HealpixSky"):
        sl.GaussianBeam(fwhm=1.0)(stokes)
    with pytest.raises(ValueError, match="fwhm"):
        sl.GaussianBeam(fwhm=-1.0)
    with pytest.raises(TypeError, match="polarised"):
        HarmonicBeam(jnp.ones(5))
    with pytest.raises(ValueError, match="of both"):
        HarmonicBeam(jnp.ones(5), polarised=jnp.ones(4))


def test_beam_of_many_frequencies_gain_and_offset(maps):
    several = sl.Stokes(*(jnp.stack([part, 2 * part]) for part in maps), frequency=[1.0, 2.0], sky=sl.HealpixSky(NSIDE))
    found = sl.GaussianBeam(fwhm=3.0, gain=1.5, offset=0.25)(several)
    single = sl.GaussianBeam(fwhm=3.0)(sky_of(maps))
    np.testing.assert_allclose(found.I[1], 3 * single.I + 0.25, atol=1e-10)
    np.testing.assert_allclose(found.U[0], 1.5 * single.U, atol=1e-10)


@pytest.mark.parametrize("convention", ["COSMO", "IAU"])
def test_neighbour_beam_is_the_gaussian_beam_where_pixels_are_fine(maps, convention):
    smooth = sl.GaussianBeam(fwhm=15.0)(sky_of(maps))  # no power at the pixel scale
    stokes = smooth.to_convention(convention)
    expected = sl.GaussianBeam(fwhm=18.0)(smooth).to_convention(convention)
    found = NeighbourBeam(fwhm=18.0, radius=36.0)(stokes)
    assert found.convention == convention
    for name in "IQU":
        exact = np.asarray(getattr(expected, name))
        assert np.max(np.abs(np.asarray(getattr(found, name)) - exact)) < 0.02 * np.std(exact)


def test_neighbour_beam_is_as_exact_as_it_says(maps):
    pixel = float(np.rad2deg(healpy.nside2resol(NSIDE)))
    white = jnp.asarray(np.random.default_rng(1).normal(size=(3, 12 * NSIDE**2)))
    for given, rms in ((white, {2: 0.02, 3: 0.0035}), (maps, {2: 0.01, 3: 0.00175})):
        for pixels, most in rms.items():
            near, exact = (beam(sky_of(given)) for beam in _beams(pixels * pixel))
            off = [np.std(getattr(near, n) - getattr(exact, n)) / np.std(m) for n, m in zip("IQU", given, strict=True)]
            assert 0.6 * most < max(off) < most


def _beams(fwhm):
    return NeighbourBeam(fwhm, 2 * fwhm), sl.GaussianBeam(fwhm)


def test_neighbour_beam_of_a_partial_sky(maps):
    pixels = np.arange(100, 400)
    stokes = sl.Stokes(*(part[pixels] for part in maps), frequency=23.0, sky=sl.HealpixSky(NSIDE, pixels))
    ones = dataclasses.replace(stokes, I=jnp.ones(300))
    np.testing.assert_allclose(NeighbourBeam(fwhm=8.0, radius=12.0)(ones).I, 1, rtol=1e-12)

    def loss(fwhm):
        seen = NeighbourBeam(fwhm=fwhm, radius=12.0)(stokes)
        return jnp.sum(seen.I * stokes.Q + seen.Q**2)

    slope = (loss(8.001) - loss(7.999)) / 0.002
    assert float(jax.grad(loss)(8.0)) == pytest.approx(float(slope), rel=1e-6)
    with pytest.raises(ValueError, match="NeighbourBeam needs"):
        NeighbourBeam(fwhm=8.0, radius=12.0)(dataclasses.replace(stokes, sky=sl.Directions(np.zeros(300), 0.0)))


def test_bandpass_leaves_a_flat_sky_and_weighs_a_steep_one():
    frequency = jnp.linspace(20.0, 26.0, 61)
    sky = sl.HealpixSky(1)
    for unit in ("K_RJ", "K_CMB", "MJy/sr"):
        band = Bandpass(frequency, jnp.ones(61), nominal=23.0, unit=unit)
        ones = sl.Stokes(*(jnp.ones((61, 12)),) * 3, frequency=frequency, unit=unit, sky=sky)
        np.testing.assert_allclose(band(ones).I, 1, rtol=1e-12)
    band = Bandpass(frequency, jnp.ones(61), nominal=23.0)
    steep = sl.Stokes(*(((frequency / 23) ** -3.0)[:, None] * jnp.ones(12),) * 3, frequency=frequency, sky=sky)
    exact = np.log(26 / 20) * 23**3 / ((26**3 - 20**3) / 3)  # int nu^-3 nu^2 / int nu^2
    np.testing.assert_allclose(band(steep).I, exact, rtol=1e-3)
    with pytest.raises(ValueError, match="other frequencies"):
        band(sl.Stokes(*(jnp.ones((2, 12)),) * 3, frequency=[1.0, 2.0], sky=sky))
    with pytest.raises(ValueError, match="ascending"):
        Bandpass([2.0, 1.0], [1.0, 1.0], nominal=1.5)
    with pytest.raises(ValueError, match="all zero"):
        Bandpass([1.0, 2.0], [0.0, 0.0], nominal=1.5)
    gradient = jax.grad(lambda w: band_mean(w, frequency, steep))(jnp.ones(61))
    step = jnp.zeros(61).at[7].set(1e-5)
    slope = (band_mean(1 + step, frequency, steep) - band_mean(1 - step, frequency, steep)) / 2e-5
    assert float(gradient[7]) == pytest.approx(float(slope), rel=1e-6)


def band_mean(weights, frequency, sky):
    return jnp.sum(Bandpass(np.asarray(frequency), weights, nominal=23.0)(sky).I)


def test_mask_keeps_the_pixels_it_should(maps):
    good = np.arange(12 * NSIDE**2) % 7 == 0
    kept = Mask(good)(sky_of(maps))
    np.testing.assert_array_equal(kept.Q, np.asarray(maps[1])[good])
    np.testing.assert_array_equal(kept.sky.indices, np.flatnonzero(good))
    with pytest.raises(ValueError, match="nside and ordering"):
        Mask(good, nest=True)(sky_of(maps))
    with pytest.raises(ValueError, match="nside and ordering"):
        Mask(np.ones(12))(sky_of(maps))
    with pytest.raises(ValueError, match="keeps no pixel"):
        Mask(np.zeros(12))
    with pytest.raises(ValueError, match="no HEALPix map"):
        Mask(np.ones(13))
    with pytest.raises(ValueError, match="threshold"):
        Mask(np.full(12, 0.5))


def test_maps_without_pixels_have_a_band_mean_and_nothing_else():
    band = Bandpass(frequency=[20.0, 23.0, 26.0], weights=[0.5, 1.0, 0.5], nominal=23.0)
    values = np.random.default_rng(2).normal(size=(3, 3))
    found, wanted = (band(sl.Stokes(*one, frequency=band.frequency)) for one in (values, values[..., None]))
    assert found.I.shape == ()
    np.testing.assert_allclose(found.U, wanted.U[0], rtol=1e-12)
    sky = sl.Stokes(*values, frequency=band.frequency, sky=sl.HealpixSky(1))
    for one in (Mask(np.arange(12) < 2), NeighbourBeam(60.0, 90.0), sl.GaussianBeam(60.0), sl.plot.maps):
        with pytest.raises(ValueError, match=r"needs maps with an axis of pixels.*give \(3, npix\)"):
            one(sky)


def test_noise_is_that_of_its_key(maps):
    clean = sky_of(maps)
    first, again, other = (add_noise(clean, 0.5, jax.random.key(k), polarised=0.1) for k in (1, 1, 2))
    np.testing.assert_array_equal(first.Q, again.Q)
    assert float(jnp.max(jnp.abs(first.Q - other.Q))) > 0.1
    assert float(jnp.std(first.I - clean.I)) == pytest.approx(0.5, rel=0.05)
    assert float(jnp.std(first.U - clean.U)) == pytest.approx(0.1, rel=0.05)
    with pytest.raises(ValueError, match="negative"):
        add_noise(clean, -1.0, jax.random.key(0))
    with pytest.raises(ValueError, match=r"shape \(5,\), .*: give one a pixel, \(npix,\), or one a frequency"):
        add_noise(clean, np.ones(5), jax.random.key(0))


def test_model_observes_through_an_instrument():
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.Uniform((0.0, 0.0, 3.0)),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=sl.emission.Synchrotron(),
    )
    instrument = Chain((sl.GaussianBeam(fwhm=20.0), Calibration(gain=2.0)))
    model = sl.Model(simulator, {"survey": instrument}, nuisance={"offset": 0.5})
    lines = sl.Sightlines(sl.HealpixSky(4), sl.BoxCells(16))
    plain, seen = model.observe(lines, 1.0), model.observe(lines, 1.0, "survey")
    assert float(jnp.mean(seen.I)) == pytest.approx(2 * float(jnp.mean(plain.I)), rel=1e-2)
    assert float(jnp.std(seen.I)) < 2 * float(jnp.std(plain.I))
    assert jnp.issubdtype(model.nuisance["offset"].dtype, jnp.floating)

    def loss(fwhm):
        wide = dataclasses.replace(model, instruments={"survey": sl.GaussianBeam(fwhm=fwhm)})
        return jnp.sum(wide.observe(lines, 1.0, "survey").I ** 2)

    slope = (loss(20.01) - loss(19.99)) / 0.02
    assert float(jax.grad(loss)(20.0)) == pytest.approx(float(slope), rel=1e-5)
    with pytest.raises(ValueError, match="no instrument 'wmap'"):
        model.observe(lines, 1.0, "wmap")
    with pytest.raises(TypeError, match="instruments"):
        sl.Model(simulator, {"survey": 3.0})


def test_windows_beyond_what_pixels_hold_are_cut(maps):
    """The analysis diverges beyond 3 nside - 1, where a published table may go on."""
    long, short = (sl.GaussianBeam(fwhm=7.0, lmax=lmax)(sky_of(maps)) for lmax in (200, 3 * NSIDE - 1))
    np.testing.assert_allclose(long.Q, short.Q, atol=1e-12)
    window = np.ones(300)
    assert float(jnp.max(jnp.abs(HarmonicBeam(window, polarised=window)(sky_of(maps)).I))) < 10


def test_narrow_and_impossible_neighbour_beams(precision):
    stokes = sl.Stokes(*jnp.ones((3, 48)), frequency=1.0, sky=sl.HealpixSky(2))

    def loss(fwhm):
        return jnp.sum(NeighbourBeam(fwhm=fwhm, radius=60.0)(stokes).Q)

    assert jnp.isfinite(jax.grad(loss)(0.05))
    with pytest.raises(ValueError, match="less than fwhm"):
        NeighbourBeam(fwhm=10.0, radius=0.01)
    with pytest.raises(ValueError, match="radius"):
        NeighbourBeam(fwhm=10.0, radius=180.0)
    with pytest.raises(ValueError, match="NaN"):
        add_noise(stokes, float("nan"), jax.random.key(0))


def test_a_beam_that_a_fit_makes_wider_than_its_neighbours_is_told():
    sky = sl.HealpixSky(4)
    stokes = sl.Stokes(*jnp.ones((3, sky.size)), frequency=23.0, sky=sky)
    seen = jax.jit(lambda fwhm: sl.instruments.NeighbourBeam(fwhm, radius=30.0)(stokes).I[0])
    assert float(seen(30.0)) == pytest.approx(1)
    assert np.isnan(seen(30.1))


def test_instruments_return_skies():
    class Cut(sl.instruments.AbstractInstrument):
        def __call__(self, stokes):
            return stokes.I

    sky = sl.HealpixSky(1)
    given = sl.Stokes(*jnp.ones((3, 12)), frequency=1.0, sky=sky)
    with pytest.raises(TypeError, match=r"What Cut returns is a .*: give a sl.Stokes"):
        Chain((Cut(), Calibration(gain=2.0)))(given)
    likelihood = sl.MapLikelihood(sky, 1.0, given, 1.0, instrument="cut")
    simulator = sl.Simulator(
        emission=sl.emission.FreeFree(),
        electron_density=sl.electrons.Uniform(),
        temperature=sl.temperature.Uniform(7000.0),
    )
    model = sl.Model(simulator, instruments={"cut": Cut()})
    with pytest.raises(TypeError, match=r"What instrument 'cut' returns is a .*: give a sl.Stokes"):
        likelihood.log_likelihood(model)
