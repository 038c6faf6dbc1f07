"""Likelihoods and counts of gamma rays: in bins, of ensembles, in bands, with their gradients."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

NORM, INDEX = 1e-7, 2.4
ENERGIES = [0.1, 1.0]
EDGES, EXPOSURE = (1.0, 10.0, 100.0), np.array([1e10, 2e10])


def isotropic(norm=NORM, index=INDEX):
    photons = sl.emission.IsotropicPhotons(norm, index, 1e15, reference_energy=1.0)
    return sl.Simulator(background=photons)


def test_bins_of_gamma_rays_in_closed_form():
    """Means and variances in bins by NumPy, beside norm E^-index of the background."""
    fine, generator = sl.HealpixSky(4), np.random.default_rng(4)
    data = generator.normal([[1e-4], [1e-6]], [[1e-5], [1e-7]], (2, fine.size))
    observable = sl.statistics.Brightness(fine, energy=ENERGIES)
    likelihood = sl.BinnedLikelihood(observable, data, 1, unit="GeV-1 cm-2 s-1 sr-1")
    places = sl.BinnedLikelihood(observable, data, 1, unit="GeV-1 cm-2 s-1 sr-1").observable.bins
    groups = [data[:, np.asarray(places) == k] for k in range(12)]
    mean = np.stack([group.mean(axis=1) for group in groups], axis=1)
    spread = np.stack([group.std(axis=1, ddof=1) for group in groups], axis=1)
    model = NORM * np.array(ENERGIES)[:, None] ** -INDEX
    np.testing.assert_allclose(likelihood.data[0], mean, rtol=1e-10)
    np.testing.assert_allclose(likelihood.deviance(isotropic()), np.sum(((mean - model) / spread) ** 2), rtol=1e-6)
    assert dict(likelihood.notes)["bins"] == "12 of 12, 192 data"

    def of(norm):
        return likelihood.log_likelihood(isotropic(norm))

    slope = jax.grad(of)(NORM)
    exact = np.sum((mean - model) / spread**2 * np.array(ENERGIES)[:, None] ** -INDEX)
    np.testing.assert_allclose(slope, exact, rtol=1e-6)


def lumpy(key, norm=1.0):
    """Electrons in lumps, which scatter light."""
    box = {"half_widths": (4.0,) * 3, "centre": sl.SUN, "outer_scale": 6.0}
    lumps = sl.electrons.Turbulent((6, 6, 6), profile=1.0, log_rms=0.5, key=key, **box)
    rays = sl.cosmic_rays.WithSpectrum(lumps, sl.cosmic_rays.spectra.PowerLaw(1e-12 * norm, index=2.6))
    parts = {"cosmic_rays": rays, "radiation": sl.radiation.CMB(), "emission": sl.emission.InverseCompton()}
    return sl.Simulator(**parts)


LINES = sl.Sightlines(sl.HealpixSky(1), sl.RadialCells(cells=8, distance=3.0))


def test_ensembles_of_lumpy_electrons():
    """The mean and the variance of what realisations predict, those of maps one by one; derivatives by differences."""
    keys = jax.random.split(jax.random.key(1), 32)
    model = lumpy(jax.random.key(0))
    gamma = lumpy(jax.random.key(5))(LINES, energy=ENERGIES)
    sigma = 0.1 * np.asarray(gamma.I).mean(axis=1, keepdims=True)
    alone = sl.MapLikelihood(LINES, energy=ENERGIES, data=gamma, noise=sigma)
    ensemble = sl.EnsembleLikelihood(alone, keys)
    found = np.asarray(ensemble.realisations(model))
    assert found.shape == (32, 1, 2, 12)
    latents = jax.random.normal(jax.random.split(keys[3], 1)[0], (6, 6, 6))
    redrawn = dataclasses.replace(model.cosmic_rays.profile, latents=latents)
    rays = dataclasses.replace(model.cosmic_rays, profile=redrawn)
    expected = dataclasses.replace(model, cosmic_rays=rays)(LINES, energy=ENERGIES).I
    np.testing.assert_allclose(found[3, 0], expected, rtol=1e-10)
    assert found.std(axis=0).min() > 0
    assert ensemble.log_likelihood(model) > alone.log_likelihood(model)

    def of(norm):
        return ensemble.log_likelihood(lumpy(jax.random.key(0), norm))

    both, step = jax.jit(jax.value_and_grad(of)), 1e-5
    slope = (both(1 + step)[0] - both(1 - step)[0]) / (2 * step)
    np.testing.assert_allclose(both(1.0)[1], slope, rtol=1e-6)


def test_gamma_rays_know_nothing_of_magnetic_turbulence():
    """All realisations are the same sky: an ensemble is its likelihood."""
    turbulence = sl.magnetic.Turbulent((6, 6, 6), (4.0,) * 3, rms=2.0, outer_scale=6.0, key=jax.random.key(2))
    rays, light = sl.cosmic_rays.ExponentialDisk(), sl.radiation.CMB()
    parts = {"cosmic_rays": rays, "radiation": light, "emission": sl.emission.InverseCompton()}
    model = sl.Simulator(magnetic_field=turbulence, **parts)
    gamma = model(LINES, energy=1.0)
    alone = sl.MapLikelihood(LINES, energy=1.0, data=1.1 * gamma, noise=0.1 * np.asarray(gamma.I))
    ensemble = sl.EnsembleLikelihood(alone, jax.random.split(jax.random.key(1), 32))
    np.testing.assert_allclose(ensemble.log_likelihood(model), alone.log_likelihood(model), rtol=1e-9)


def counts(norm, index, exposure):
    """A power law in closed form: norm (a^(1 - g) - b^(1 - g))/(g - 1) photons cm^-2 s^-1 sr^-1 in a band."""
    a, b = jnp.asarray(EDGES[:-1]), jnp.asarray(EDGES[1:])
    return exposure * norm * (a ** (1 - index) - b ** (1 - index)) / (index - 1) * 4 * np.pi / 12


def test_gradients_of_counts_in_bands():
    """By the spectrum and by the exposure, forward and in reverse, beside those of the closed form."""
    sky = sl.HealpixSky(1)

    def of(values):
        norm, index, exposure = values
        band = sl.instruments.EnergyBand(EDGES, exposure)
        model = sl.Model(isotropic(norm, index), instruments={"lat": band})
        return sl.statistics.BandCounts(sky, "lat")(model)[:, 0]

    at = (jnp.asarray(NORM), jnp.asarray(INDEX), jnp.asarray(EXPOSURE))
    np.testing.assert_allclose(of(at), counts(*at), rtol=1e-7)
    wanted = jax.jacobian(lambda values: counts(*values))(at)
    for jacobian in (jax.jacfwd, jax.jacrev):
        for found, exact in zip(jacobian(of)(at), wanted, strict=True):
            np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-9 * np.abs(exact).max())


def test_maps_of_exposure():
    exposure = np.outer(EXPOSURE, np.linspace(0.5, 1.5, 12))
    band = sl.instruments.EnergyBand(EDGES, exposure)
    found = band(isotropic()(sl.HealpixSky(1), energy=band.energy))
    np.testing.assert_allclose(found, counts(NORM, INDEX, 1.0)[:, None] * exposure, rtol=1e-7)


def test_exposures_of_other_pixels_are_refused():
    band = sl.instruments.EnergyBand(EDGES, np.ones((EXPOSURE.size, 12)))
    energy, size = band.energy, len(band.energy)
    with pytest.raises(ValueError, match=r"exposure has shape .*, maps of 12 pixels, the sky has 48: give .*, 48\)"):
        band(isotropic()(sl.HealpixSky(2), energy=energy))
    with pytest.raises(ValueError, match="needs maps with an axis of pixels"):
        band(sl.Stokes(*np.ones((3, size)), energy=energy, sky=sl.HealpixSky(1)))
    with pytest.raises(ValueError, match=r"or a map for each, \(.*, npix\)"):
        sl.instruments.EnergyBand(EDGES, np.ones((EXPOSURE.size, 2, 12)))


def test_skies_whose_pixels_have_no_area_are_refused():
    band = sl.instruments.EnergyBand(EDGES, EXPOSURE)
    model = sl.Model(isotropic(), instruments={"lat": band})
    for sky in (sl.Directions([0.0, 1.0], [0.0, 1.0]), sl.ImagePlane((2, 2), (9.0, 9.0))):
        with pytest.raises(ValueError, match=r"EnergyBand needs pixels that have an area.*HealpixSky"):
            band(model.simulator(sky, energy=band.energy))
        with pytest.raises(ValueError, match=r"EnergyBand needs pixels that have an area.*HealpixSky"):
            sl.statistics.BandCounts(sky, "lat")(model)
    with pytest.raises(ValueError, match="counts photons"):
        band(isotropic()(sl.HealpixSky(1), energy=band.energy).to("MJy/sr"))
