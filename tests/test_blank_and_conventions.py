"""What is blank or has no weight is left out; both conventions give the same sky; what does not belong is refused."""

import dataclasses

import astropy.units as u
import healpy
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from astropy.utils.masked import Masked

import sightline as sl
from sightline.sky.instruments import Bandpass, Calibration, Chain, HarmonicBeam, Mask, NeighbourBeam, add_noise
from sightline.sky.observables import rotation_measure_synthesis

UNSEEN = -1.6375e30
SKY = sl.HealpixSky(4)
LINES = sl.Sightlines(SKY, cells=sl.BoxCells(cells=4))
WINDOW = np.exp(-1e-3 * np.arange(12) * np.arange(1, 13))


def sky_of(frequency=30.0, seed=0, **changes):
    shape = (*np.shape(frequency), SKY.size)
    maps = [jnp.asarray(np.random.default_rng(seed + i).normal(size=shape)) for i in range(4)]
    return sl.Stokes(*maps, frequency=frequency, sky=SKY, **changes)


def blank_at(stokes, place, value=jnp.nan):
    parts = {name: getattr(stokes, name).at[place].set(value) for name in "IQUV"}
    return dataclasses.replace(stokes, **parts)


BAND = Bandpass([29.0, 30.0, 31.0], [0.5, 1.0, 0.5], nominal=30.0)
INSTRUMENTS = {
    "gaussian": (sl.GaussianBeam(fwhm=20.0), 30.0),
    "harmonic": (HarmonicBeam(WINDOW, polarised=WINDOW**2), 30.0),
    "neighbours": (NeighbourBeam(fwhm=20.0, radius=30.0), 30.0),
    "band": (BAND, BAND.frequency),
    "calibration": (Calibration(gain=1.1, offset=0.2), 30.0),
    "mask": (Mask(np.arange(SKY.size) % 2), 30.0),
    "chain": (Chain((BAND, NeighbourBeam(fwhm=20.0, radius=30.0), Calibration(gain=0.9))), BAND.frequency),
}


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instruments_do_not_ask_for_the_convention(name):
    instrument, frequency = INSTRUMENTS[name]
    cosmo = sky_of(frequency)
    expected, found = instrument(cosmo), instrument(cosmo.to_convention("IAU"))
    assert found.convention == "IAU"
    for part in "IQUV":
        np.testing.assert_allclose(getattr(found.to_convention("COSMO"), part), getattr(expected, part), atol=1e-12)


def test_nor_do_noise_spectra_files_likelihoods_and_figures(tmp_path):
    cosmo = sky_of()
    iau = cosmo.to_convention("IAU")
    noisy = [add_noise(sky, 1.0, jax.random.key(0)).to_convention("COSMO") for sky in (cosmo, iau)]
    np.testing.assert_allclose(noisy[0].U, noisy[1].U)
    cube = sky_of([1.0, 2.0])
    spectra = [rotation_measure_synthesis(sky, [0.0, 50.0]) for sky in (cube, cube.to_convention("IAU"))]
    np.testing.assert_allclose(*spectra, atol=1e-12)
    for i, sky in enumerate((cosmo, iau)):
        sl.io.write_map(tmp_path / f"{i}.fits", sky)
        np.testing.assert_allclose(sl.io.read_map(tmp_path / f"{i}.fits").to_convention("COSMO").U, cosmo.U)
    spread = jax.tree.map(lambda leaf: abs(leaf) if leaf.ndim else leaf, cosmo)
    covariance = np.tile(np.eye(3) + 0.3, (SKY.size, 1, 1))
    flipped = covariance * np.outer([1, 1, -1], [1, 1, -1])
    pairs = [
        [sl.MapLikelihood(LINES, 30.0, sky, 1.0) for sky in (cosmo, iau)],
        [sl.MapLikelihood(LINES, 30.0, *pair) for pair in ((cosmo, spread), (iau, spread.to_convention("IAU")))],
        [
            sl.MapLikelihood(LINES, 30.0, sky, covariance=matrix)
            for sky, matrix in ((cosmo, covariance), (iau, flipped))
        ],
        [sl.BinnedLikelihood(sl.statistics.Brightness(LINES, 30.0, "QU"), sky, bins=1) for sky in (cosmo, iau)],
    ]
    for first, second in pairs:
        np.testing.assert_allclose(first.data, second.data)
        for one, other in zip(jax.tree.leaves(first.noise), jax.tree.leaves(second.noise), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)
    images = [[image.get_array() for axes in sl.plot.maps(sky).axes for image in axes.images] for sky in (cosmo, iau)]
    assert len(images[0]) == 4
    for one, other in zip(*images, strict=True):
        np.testing.assert_array_equal(np.ma.filled(one, 0), np.ma.filled(other, 0))


@pytest.mark.parametrize("value", [np.nan, UNSEEN])
def test_channels_without_weight_are_left_out(value):
    cube = sky_of([1.0, 1.5, 2.0])
    broken = blank_at(cube, 1, value)
    weights = jnp.asarray([1.0, 0.0, 2.0])
    expected = rotation_measure_synthesis(cube, [0.0, 30.0], weights)
    np.testing.assert_allclose(rotation_measure_synthesis(broken, [0.0, 30.0], weights), expected, rtol=1e-12)

    def power(q):
        spectrum = rotation_measure_synthesis(dataclasses.replace(broken, Q=q), [0.0, 30.0], weights)
        return jnp.sum(spectrum.real**2 + spectrum.imag**2)

    slope = jax.grad(power)(broken.Q)
    np.testing.assert_allclose(slope, jax.grad(power)(cube.Q), rtol=1e-12)
    assert not np.any(slope[1])
    one = blank_at(cube, (0, 7), value)  # of one pixel in a channel that counts
    assert np.isnan(rotation_measure_synthesis(one, [0.0, 30.0], weights)).any(axis=0).sum() == 1
    for wrong in ([1.0, np.nan, 1.0], [1.0, np.inf, 1.0], [-1.0, 1.0, 1.0], [0.0, 0.0, 0.0]):
        with pytest.raises(ValueError, match="weights must be finite"):
            rotation_measure_synthesis(cube, [0.0], wrong)


@pytest.mark.parametrize("value", [np.nan, UNSEEN])
def test_frequencies_without_weight_are_left_out_of_a_band(value):
    cube = sky_of(BAND.frequency)
    cut = dataclasses.replace(BAND, weights=[0.5, 1.0, 0.0])
    np.testing.assert_allclose(cut(blank_at(cube, 2, value)).Q, cut(cube).Q, rtol=1e-12)
    slope = jax.grad(lambda weights: jnp.sum(dataclasses.replace(cut, weights=weights)(cube).I ** 2))(cut.weights)
    assert slope[2] != 0  # a weight of zero can still be fitted


@pytest.mark.parametrize("value", [np.nan, UNSEEN])
def test_blank_pixels_under_beams(value):
    sky, place = sky_of(), 17
    broken = blank_at(sky, place, value)
    for beam in (sl.GaussianBeam(fwhm=20.0), HarmonicBeam(WINDOW, polarised=WINDOW)):
        with pytest.raises(ValueError, match=r"1 pixels are blank.*NeighbourBeam"):
            beam(broken)
    beam = NeighbourBeam(fwhm=20.0, radius=30.0)
    found = beam(broken)
    rest = np.delete(np.arange(SKY.size), place)
    partial = dataclasses.replace(sky, **{n: getattr(sky, n)[rest] for n in "IQUV"}, sky=sl.HealpixSky(4, rest))
    expected = beam(partial)  # as if the pixel were not there
    for name in "IQUV":
        values = np.asarray(getattr(found, name))
        assert np.isnan(values[place])
        np.testing.assert_allclose(values[rest], getattr(expected, name), rtol=1e-10, atol=1e-12)
    slope = jax.grad(lambda i: jnp.nansum(beam(dataclasses.replace(broken, I=i)).I ** 2))(broken.I)
    assert np.isfinite(slope).all()


def test_the_sentinel_does_not_become_a_brightness():
    broken = blank_at(sky_of(), 3, UNSEEN)
    for made in (broken.to("MJy/sr"), 1e-9 * broken, broken + broken):
        assert np.isnan(made.I[3])
        assert np.isfinite(made.I[4])
    noise = np.ones(SKY.size)
    noise[[5, 6, 7]] = np.nan, np.inf, UNSEEN
    matrices = np.tile(np.eye(3), (SKY.size, 1, 1))
    matrices[5:8, 1, 1] = np.nan, np.inf, UNSEEN
    for given in ({"noise": noise}, {"covariance": matrices}):
        kept = sl.MapLikelihood(LINES, 30.0, broken, **given)
        np.testing.assert_array_equal(kept.observable.sightlines.sky.pixels[:6], [0, 1, 2, 4, 8, 9])
    masked = np.ma.masked_equal(np.arange(float(SKY.size)), 2.0)
    assert sl.MapLikelihood(LINES, 30.0, masked, 1.0, parameters="I", unit="K_RJ").size == SKY.size - 1


def test_the_sentinel_is_no_measurement():
    """Sources and bins without those that are blank, by whichever value."""
    rm = sl.observables.RotationMeasure(LINES)
    model = sl.Simulator(sl.magnetic.LSA(), sl.electrons.ExponentialDisk())
    values, bins = np.random.default_rng(0).normal(size=SKY.size), np.arange(SKY.size) // 16

    def both(value):
        data = np.where(np.arange(SKY.size) % 5 == 0, value, values)
        sources, means = sl.SourceLikelihood(rm, data, error=2.0), sl.BinnedLikelihood(rm, data, bins)
        return sources.size, sources.log_likelihood(model), means.log_likelihood(model)

    assert both(UNSEEN) == both(np.nan)
    assert both(UNSEEN)[0] == np.count_nonzero(np.arange(SKY.size) % 5)


def test_a_mean_needs_its_quantity_where_it_has_weight_alone():
    simulator = sl.Simulator(electron_density=sl.electrons.ExponentialDisk())
    lines = sl.Sightlines(sl.Directions([0.0], [90.0]), cells=sl.RadialCells(16, 2.0))

    def quantity(plasma, ray):
        return jnp.sqrt(1.0 - plasma.position[2])  # not a number beyond 1 kpc

    def weight(plasma, ray):
        return jnp.where(plasma.position[2] < 1.0, plasma.electron_density, 0)

    mean = sl.observables.WeightedMean(lines, quantity, weight, ("electron_density",))
    z = 0.006 + 2.0 * (np.arange(16) + 0.5) / 16
    z, w = z[z < 1], np.exp(-z[z < 1])
    assert mean(simulator)[0] == pytest.approx(np.sum(w * np.sqrt(1 - z)) / np.sum(w), rel=1e-10)
    height = jax.grad(lambda h: mean(dataclasses.replace(simulator, electron_density=disk(h)))[0])(jnp.ones(()))
    assert np.isfinite(height)


def disk(height):
    return sl.electrons.ExponentialDisk(scale_height=height)


def simulate():
    fields = (sl.magnetic.LSA(), sl.electrons.Uniform(), sl.cosmic_rays.ExponentialDisk())
    return sl.Simulator(*fields, emission=(sl.emission.Synchrotron(),))


def test_data_of_another_sky_are_refused():
    maps = sky_of()
    l, b = SKY.lonlat()
    same, other = sl.Directions(l, b), sl.Directions(l + 0.1, b)
    listed = dataclasses.replace(maps, sky=same)
    assert sl.MapLikelihood(LINES, 30.0, listed, 1.0).size == sl.MapLikelihood(same, 30.0, maps, 1.0).size
    ends = sl.SourceCatalogue(l, b, distance=1.0)
    plane = sl.ImagePlane((12, 16), (30.0, 30.0))
    for sky, given, message in (
        (other, listed, "The data are of other directions than the sky, 192 of 192"),
        (other, maps, "The data are of other directions than the sky"),
        (ends, listed, "sources at other distances"),
        (plane, maps, "of a HealpixSky, the sky of a ImagePlane"),
        (sl.ImagePlane((12, 16), (30.0, 31.0)), dataclasses.replace(maps, sky=plane), "another ImagePlane"),
        (sl.HealpixSky(4, nest=True), maps, "in RING order, the sky at NSIDE 4 in NESTED order"),
    ):
        with pytest.raises(ValueError, match=message):
            sl.MapLikelihood(sky, 30.0, given, 1.0)
    with pytest.raises(ValueError, match="The noise are of other directions"):
        sl.MapLikelihood(same, 30.0, listed, dataclasses.replace(maps, sky=other))
    with pytest.raises(ValueError, match="Skies differ"):
        listed + dataclasses.replace(maps, sky=other)
    assert (maps + listed).sky is SKY
    with pytest.raises(ValueError, match="I has 192 pixels, sky has 48"):
        dataclasses.replace(maps, sky=sl.HealpixSky(2))
    with pytest.raises(ValueError, match="Maps have shapes"):
        dataclasses.replace(maps, sky=None) + sl.Stokes(*[jnp.ones(1)] * 4, frequency=30.0)


def test_data_of_another_frequency_than_the_instrument_gives_are_refused():
    band = Bandpass([27.0, 28.4, 30.0], [0.5, 1.0, 0.5], nominal=28.4, unit="K_CMB")
    model = sl.Model(simulate(), instruments={"band": band, "gain": Calibration()})
    space = sl.ParameterSpace(model, {"simulator.magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    data = model.observe(LINES, band.frequency, "band")
    arrays = np.stack([data.I, data.Q, data.U])

    def posterior(given, instrument="band", frequency=band.frequency, **options):
        return sl.Posterior(space, sl.MapLikelihood(LINES, frequency, given, 1e-9, instrument=instrument, **options))

    for options in ({"given": data}, {"given": arrays, "unit": "K_CMB", "convention": "COSMO"}):
        assert posterior(**options).deviances({})["map"] < 1e-8
    found = posterior(1e6 * arrays, unit="uK_CMB", convention="COSMO")
    assert found.likelihoods[0].deviance(model) < 1e-8
    with pytest.raises(ValueError, match=r"data are at 30.0 GHz, instrument 'band' gives maps at 28.4 GHz"):
        posterior(dataclasses.replace(data, frequency=30.0))
    plain = model.observe(LINES, 30.0, "gain")
    with pytest.raises(ValueError, match=r"data are at 23.0 GHz, instrument 'gain' gives maps at 30.0 GHz"):
        posterior(dataclasses.replace(plain, frequency=23.0), "gain", 30.0)
    with pytest.raises(ValueError, match=r"data are at 30.1 GHz, frequency = 30.0 GHz"):
        sl.MapLikelihood(LINES, 30.0, dataclasses.replace(plain, frequency=30.1), 1.0)


def test_cosmic_rays_of_several_populations_are_not_held():
    rays = sl.fields.Sum(near=sl.cosmic_rays.Uniform(), far=sl.cosmic_rays.ExponentialDisk())
    simulator = dataclasses.replace(simulate(), cosmic_rays=rays)
    with pytest.raises(ValueError, match=r"several populations.*'cosmic_rays.terms.near', 'cosmic_rays.terms.far'"):
        simulator.hold(LINES, "cosmic_rays")
    held = simulator.hold(LINES, ["cosmic_rays.terms.near", "cosmic_rays.terms.far"])
    np.testing.assert_allclose(simulator(held, 30.0).I, simulator(LINES, 30.0).I, rtol=1e-12)
    shifted = dataclasses.replace(simulator, cosmic_rays=sl.fields.Shifted(rays, (0.01, 0.0, 0.0)))
    with pytest.raises(ValueError, match=r"several populations.*leave it out"):
        shifted.hold(LINES, "cosmic_rays")


@pytest.mark.parametrize("convention", ["IAU", "COSMO"])
def test_standard_deviations_as_maps_have_no_sign(convention):
    """U of one convention is that of the other turned, its noise is not; what is negative is no noise."""
    data, ones = sky_of(convention=convention), jnp.ones(SKY.size)
    noise = sl.Stokes(ones, 2 * ones, 3 * ones, frequency=30.0, sky=SKY, convention=convention)
    bands = sl.instruments.Bands([30.0, 40.0], 1.0)
    both = [
        dataclasses.replace(
            one,
            I=jnp.stack([one.I] * 2),
            Q=jnp.stack([one.Q] * 2),
            U=jnp.stack([one.U] * 2),
            V=None,
            frequency=jnp.array([30.0, 40.0]),
        )
        for one in (data, noise)
    ]
    map_likelihood = sl.MapLikelihood(LINES, 30.0, data, noise, parameters="QU")
    np.testing.assert_allclose(map_likelihood.noise.sigma, np.stack([2 * ones, 3 * ones]))
    sl.SpectralLikelihood(bands, both[0], noise=both[1])
    for part, wrong in (("Q", -1.0), ("U", np.where(np.arange(SKY.size) < 7, -1.0, 1.0))):
        bad = SKY.size if part == "Q" else 7
        negative = dataclasses.replace(noise, **{part: getattr(noise, part) * wrong})
        with pytest.raises(ValueError, match=rf"noise\.{part} is negative in {bad} of 192 pixels"):
            sl.MapLikelihood(LINES, 30.0, data, negative, parameters="QU")
        negative = dataclasses.replace(both[1], **{part: getattr(both[1], part) * wrong})
        with pytest.raises(ValueError, match=rf"noise\.{part} is negative in {2 * bad} of 384 pixels"):
            sl.SpectralLikelihood(bands, both[0], noise=negative)


@pytest.mark.parametrize("value", [UNSEEN, np.nan])
def test_blank_pixels_stay_blank_in_all_that_is_made_of_them(value, tmp_path):
    stokes = blank_at(sky_of(), 5, value)
    iau = stokes.to_convention("IAU")
    assert not np.isfinite(iau.U[5])
    assert np.isfinite(iau.U[4])
    for name in ("polarised_intensity", "polarisation_angle", "polarisation_fraction"):
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(getattr(stokes, name))), 5)
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(stokes.quantity(name).value)), 5)
    assert np.isnan(stokes.quantity("I").value[5])
    traced = jax.jit(lambda one: one.polarisation_angle)(stokes)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(traced)), 5)
    sl.io.write_map(tmp_path / "sky.fits", iau)
    sl.io.write_columns(tmp_path / "p.fits", SKY, {"P": stokes.quantity("polarised_intensity")})
    read = [*healpy.read_map(tmp_path / "sky.fits", field=(0, 1, 2)), healpy.read_map(tmp_path / "p.fits")]
    for part in read:
        np.testing.assert_array_equal(np.flatnonzero(healpy.mask_bad(part)), 5)
    assert np.isnan(sl.io.read_map(tmp_path / "sky.fits").U[5])


def test_blank_pixels_of_cubes_of_energies(tmp_path):
    maps = jnp.asarray(np.random.default_rng(1).random((2, SKY.size))).at[:, 5].set(UNSEEN)
    stokes = sl.Stokes(maps, 0 * maps, 0 * maps, energy=[1.0, 2.0], sky=SKY)
    sl.io.write_energy_cube(tmp_path / "cube.fits", stokes)
    read = sl.io.read_energy_cube(tmp_path / "cube.fits")
    np.testing.assert_array_equal(np.isnan(read.I), np.arange(SKY.size)[None].repeat(2, 0) == 5)


@pytest.mark.parametrize("kind", [np.float16, np.int32, ">f4"])
def test_maps_of_other_kinds_of_numbers_are_written_as_they_are(kind, tmp_path):
    values = np.arange(SKY.size).astype(kind)
    plain = sl.Stokes(values, 0 * values, 0 * values, frequency=30.0, sky=SKY)
    sl.io.write_map(tmp_path / "map.fits", plain)
    sl.io.write_columns(tmp_path / "column.fits", SKY, {"N": (values, "")})
    both = jnp.asarray(np.stack([values, values]).astype(np.dtype(kind).newbyteorder("=")))
    sl.io.write_energy_cube(tmp_path / "cube.fits", sl.Stokes(both, 0 * both, 0 * both, energy=[1.0, 2.0], sky=SKY))
    read = [sl.io.read_map(tmp_path / "map.fits").I, sl.io.read_columns(tmp_path / "column.fits")[1]["N"]]
    for found in (*read, *sl.io.read_energy_cube(tmp_path / "cube.fits").I):
        np.testing.assert_allclose(found, np.arange(SKY.size), rtol=1e-6)
    with pytest.raises(TypeError, match="complex"):
        sl.io.write_columns(tmp_path / "complex.fits", SKY, {"N": (1j * np.ones(SKY.size), "")})
    with pytest.raises(ValueError, match=r"columns\['N'\]: 'furlongs' is no unit that astropy knows"):
        sl.io.write_columns(tmp_path / "unit.fits", SKY, {"N": (np.ones(SKY.size), "furlongs")})
    for number, unit in enumerate(("K_CMB^2", "(K_CMB)^2", "uK_CMB2", "K_RJ**2", "counts", "rad m-2", "1e-6 K")):
        sl.io.write_columns(tmp_path / f"{number}.fits", SKY, {"N": (np.ones(SKY.size), unit)})


def test_columns_are_converted_to_the_unit_beside_them_and_masked_ones_are_blank(tmp_path):
    values, hidden = np.arange(SKY.size, dtype=np.float32), np.arange(SKY.size) == 5
    columns = {
        "RM": (values * u.Unit("rad cm-2"), "rad m-2"),
        "T": (values * u.mK, "uK_CMB"),
        "M": (np.ma.array(values, mask=hidden), "K"),
        "Q": Masked(values * u.K, mask=hidden),
    }
    sl.io.write_columns(tmp_path / "columns.fits", SKY, columns)
    _, read = sl.io.read_columns(tmp_path / "columns.fits")
    np.testing.assert_allclose(read["RM"], 1e4 * values, rtol=1e-6)
    np.testing.assert_allclose(read["T"], 1e3 * values, rtol=1e-6)
    for name in ("M", "Q"):
        np.testing.assert_array_equal(read[name], np.where(hidden, np.nan, values))
    with pytest.raises(ValueError, match=r"columns\['N'\] has the unit 'm', which is none of 'K'"):
        sl.io.write_columns(tmp_path / "other.fits", SKY, {"N": (values * u.m, "K")})
    with pytest.raises(TypeError, match=r"columns\['N'\] holds no numbers"):
        sl.io.write_columns(tmp_path / "other.fits", SKY, {"N": ([None] * SKY.size, "K")})
