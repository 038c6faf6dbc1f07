"""The second axis of the sky: gamma rays beside radio waves, in one simulator, one file format and one posterior."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from astropy import units as u
from astropy.io import fits

import sightline as sl

SKY = sl.HealpixSky(nside=2)
RADIO = {
    "magnetic_field": sl.magnetic.LSA(),
    "electron_density": sl.electrons.ExponentialDisk(),
    "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
}
WAVES = (sl.emission.Synchrotron(), sl.emission.FaradayRotation())
ISRF = sl.radiation.CMB() + sl.radiation.Disk(3000.0, 1.0)
BOTH = sl.Simulator(**RADIO, radiation=ISRF, emission=(*WAVES, sl.emission.InverseCompton()))
UNIT = "GeV-1 cm-2 s-1 sr-1"


@pytest.fixture(scope="module")
def lines():
    return sl.Sightlines(SKY, cells=sl.RadialCells(cells=24, distance=20.0))


@pytest.fixture(scope="module")
def gamma(lines):
    return BOTH(lines, energy=[0.1, 1.0, 10.0])


def test_radio_maps_are_the_same_bits_beside_gamma_rays(lines):
    alone = sl.Simulator(**RADIO, emission=WAVES)(lines, frequency=[23.0, 30.0])
    beside = BOTH(lines, frequency=[23.0, 30.0])
    assert all(np.array_equal(getattr(alone, name), getattr(beside, name)) for name in "IQU")


def test_gamma_rays_know_their_unit_and_energy(gamma):
    assert (gamma.unit, gamma.axis, gamma.I.shape) == (UNIT, "energy", (3, SKY.size))
    np.testing.assert_allclose(gamma.energy, [0.1, 1.0, 10.0], rtol=1e-14)
    assert not np.any(np.asarray(gamma.Q))


def test_photons_and_intensities(gamma, precision):
    """I_nu = h E N_E: 1 GeV, 1e-6 photons are 1e-6 x 6.62607015e-27 erg s x 1 = 6.626e-16 MJy/sr."""
    one = sl.Stokes(*(jnp.full(SKY.size, value) for value in (1e-6, 0.0, 0.0)), energy=1.0)
    np.testing.assert_allclose(one.to("MJy/sr").I, 6.62607015e-33 / 1e-17, rtol=1e-6)
    np.testing.assert_allclose(one.to("Jy/sr").to(UNIT).I, 1e-6, rtol=1e-6)
    hard = sl.Stokes(one.I, one.Q, one.U, energy=1e6)
    assert np.all(np.isfinite(hard.to("MJy/sr").I) & (np.asarray(hard.to("MJy/sr").I) > 0))
    photon = (1.0 * u.keV / 1e6).to_value(u.GHz, u.spectral())  # 1 meV, microwaves
    soft = sl.Stokes(jnp.ones(3), jnp.zeros(3), jnp.zeros(3), frequency=photon)
    back = soft.to("MJy/sr").to(UNIT).to("MJy/sr").to("K_RJ")
    np.testing.assert_allclose(back.I, 1.0, rtol=1e-5)


def test_coefficients_are_of_one_axis(lines):
    ray = jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)
    plasma, alone = BOTH.plasma(jnp.asarray([-6.0, 1.0, 0.2])), sl.Simulator(**RADIO, emission=WAVES)
    at = jnp.asarray(23.0)
    assert BOTH.coefficients(plasma, ray, at).emissivity.I == alone.coefficients(plasma, ray, at).emissivity.I
    gamma = BOTH.coefficients(plasma, ray, at, axis="energy")
    assert gamma.emissivity.Q is None
    assert gamma.emissivity.I < 1e-9


def test_energies_are_quantities(lines):
    found = BOTH(lines, energy=[100, 1000] * u.MeV)
    np.testing.assert_allclose(found.energy, [0.1, 1.0], rtol=1e-14)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: BOTH(SKY), "neither is given"),
        (lambda: BOTH(SKY, 1.0, energy=1.0), "both frequency and energy"),
        (lambda: BOTH(SKY, energy=0.0), "finite and positive"),
        (lambda: BOTH(SKY, energy=np.nan), "not finite|finite and positive"),
        (lambda: BOTH(SKY, energy=2e6), "1e-06 to 1e"),
        (lambda: BOTH(SKY, energy=1.0 * u.GHz), "energy"),
        (lambda: sl.Simulator(**RADIO, emission=WAVES)(SKY, energy=1.0), "InverseCompton"),
        (lambda: sl.Simulator(**RADIO, radiation=ISRF, emission=sl.emission.InverseCompton())(SKY, 1.0), "Synchrotron"),
        (lambda: sl.Simulator(**RADIO, emission=sl.emission.InverseCompton()), "radiation=sl.radiation"),
        (lambda: sl.Stokes(jnp.ones(3), jnp.ones(3), jnp.ones(3)), "either frequency"),
        (lambda: sl.Stokes(jnp.ones(3), jnp.ones(3), jnp.ones(3), energy=1.0, unit="K_RJ"), "1 keV"),
        (lambda: sl.MapLikelihood(SKY, energy=1.0, data=np.ones(48), noise=1.0), "unit="),
        (lambda: sl.instruments.EnergyBand((3.0, 1.0), 1.0), "rising"),
        (lambda: sl.instruments.EnergyBand((1.0, 3.0), np.ones(2)), "one a band"),
    ],
)
def test_what_is_refused(ask, what):
    with pytest.raises(ValueError, match=what):
        ask()


def test_fields_without_photons_are_no_radiation():
    with pytest.raises(TypeError, match=r"sl\.radiation"):
        sl.Simulator(radiation=sl.electrons.ExponentialDisk())


def test_gamma_rays_and_radio_waves_do_not_add(gamma, lines):
    with pytest.raises(ValueError, match="gamma rays"):
        gamma[0] + BOTH(lines, frequency=23.0)
    with pytest.raises(ValueError, match="1 keV"):
        gamma.to("K_RJ")
    with pytest.raises(ValueError, match="Energies differ"):
        gamma[0] + gamma[1]
    with pytest.raises(ValueError, match="no map of energy"):
        sl.MapLikelihood(lines, energy=1.0, data=BOTH(lines, frequency=23.0), noise=1.0)


def test_fields_are_evaluated_once_for_all_energies(lines):
    """The field of densities is evaluated as often for 8 energies as for one."""
    calls = []

    class Counted(sl.fields.AbstractField):
        def __call__(self, position):
            calls.append(1)
            return jnp.exp(-jnp.sum(position**2))

    for count in (1, 8):
        calls.clear()
        rays = sl.fields.Scaled(sl.cosmic_rays.Uniform(1e-5), 1.0)
        light = sl.radiation.WithSpectrum(Counted(), sl.radiation.spectra.Greybody(30.0, 1.0))
        simulator = sl.Simulator(cosmic_rays=rays, radiation=light, emission=sl.emission.InverseCompton())
        jax.make_jaxpr(lambda s, n=count: s(lines, energy=np.geomspace(0.1, 10, n)).I)(simulator)
        known = len(calls) if count == 1 else known
    assert len(calls) == known


def test_a_joint_posterior_is_the_sum(lines, gamma):
    wave = BOTH(lines, frequency=23.0)
    space = sl.ParameterSpace(BOTH, {"cosmic_rays.n0": dist.LogUniform(1e-6, 1e-3)})
    maps = [
        sl.MapLikelihood(lines, 23.0, data=wave, noise=1e-6),
        sl.MapLikelihood(lines, energy=[0.1, 1.0, 10.0], data=gamma, noise=1e-10),
    ]
    both, parts = sl.Posterior(space, maps), [sl.Posterior(space, [one]) for one in maps]
    at = {"cosmic_rays.n0": 4.4e-5}
    value, gradient = jax.value_and_grad(lambda n: both.log_likelihood({"cosmic_rays.n0": n}))(4.4e-5)
    np.testing.assert_allclose(value, sum(part.log_likelihood(at) for part in parts), rtol=1e-12)
    step = 1e-9
    ends = [both.log_likelihood({"cosmic_rays.n0": 4.4e-5 + sign * step}) for sign in (1, -1)]
    np.testing.assert_allclose(gradient, (ends[0] - ends[1]) / (2 * step), rtol=1e-6)
    arrays = sl.MapLikelihood(lines, energy=1.0, data=np.asarray(gamma.I[1]), unit=UNIT, noise=1e-10)
    assert arrays.observable.parameters == "I"
    np.testing.assert_allclose(arrays.residuals(BOTH), 0.0, atol=1e-6)


def test_maps_in_files(gamma, tmp_path):
    sl.io.write_map(tmp_path / "gamma.fits", gamma)
    header = fits.getheader(tmp_path / "gamma.fits", 1)
    assert (header["ENERGY"], header["UNITENER"], header["TUNIT1"]) == (0.1, "GeV", UNIT)
    assert "FREQ" not in header
    found = sl.io.read_map(tmp_path / "gamma.fits")
    np.testing.assert_array_equal(found.I, gamma.I)
    np.testing.assert_allclose(found.energy, gamma.energy, rtol=1e-12)
    assert found.unit == UNIT


def test_sightlines_of_a_tolerance_and_traces():
    lines = BOTH.sightlines(SKY, energy=1.0, tolerance=1e-2)
    assert float(lines.error.relative["I"]) < 1e-2
    trace = BOTH.trace(sl.Directions(30.0, 2.0), energy=1.0)
    emitted = jnp.sum(trace.coefficients.emissivity.I * trace.widths)
    np.testing.assert_allclose(emitted, trace.stokes.I[0], rtol=1e-12)


def test_counts_of_isotropic_photons():
    """In closed form for a power law: norm 1e-7, index 2 from 1 to 10 GeV is 9e-8 photons cm-2 s-1 sr-1."""
    photons = sl.emission.IsotropicPhotons(1e-7, 2.0, 1e15, reference_energy=1.0)
    band = sl.instruments.EnergyBand((1.0, 10.0, 100.0), exposure=[1e10, 2e10])
    model = sl.Model(sl.Simulator(background=photons), instruments={"lat": band})
    counts = sl.statistics.BandCounts(SKY, "lat")
    found = counts(model)
    area = 4 * np.pi / SKY.size
    expected = np.array([[9e-8 * 1e10], [9e-9 * 2e10]]) * area
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-8)
    draws = jax.random.poisson(jax.random.key(0), found).astype(float)
    likelihood = sl.statistics.Likelihood(counts, draws, sl.statistics.Poisson())
    space = sl.ParameterSpace(model, {"simulator.background.0.norm": dist.LogUniform(1e-9, 1e-5)})
    best = sl.fit(sl.Posterior(space, [likelihood]))
    norm = float(best.parameters["simulator.background.0.norm"])
    error = 1e-7 / np.sqrt(float(jnp.sum(found)))
    assert abs(norm - 1e-7) < 4 * error
    with pytest.raises(ValueError, match="other energies"):
        band(model.observe(SKY, energy=1.0))
    with pytest.raises(TypeError, match="needs a sl"):
        counts(model.simulator)


def test_models_of_both_axes_are_saved(tmp_path):
    sl.save(BOTH, tmp_path / "both.model")
    assert eqx.tree_equal(sl.load(tmp_path / "both.model"), BOTH)
    band = sl.instruments.EnergyBand((1.0, 3.0), 1e10)
    model = sl.Model(BOTH, instruments={"band": band})
    sl.save(model, tmp_path / "model.model")
    assert eqx.tree_equal(sl.load(tmp_path / "model.model"), model)
    assert dataclasses.replace(band, exposure=1e10).edges == (1.0, 3.0)
