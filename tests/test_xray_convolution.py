"""Convolutions of photon spectra: a Gaussian blur, the bins it needs, and norms given as fluxes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import norm

import sightline as sl

jax.config.update("jax_enable_x64", True)

EDGES = np.geomspace(0.3, 12.0, 301)


def blurred(photons, edges, sigma, index, places):
    """All bins against all, photons of a bin at some places in it."""
    node, weight = np.polynomial.legendre.leggauss(places)
    half, found = 0.5 * np.diff(edges), np.zeros(len(photons))
    for j, held in enumerate(photons):
        energy = edges[j] + half[j] * (1 + node)
        below = norm.cdf((edges[:, None] - energy) / (sigma * (energy / 6) ** index))
        found += held * np.diff(below @ weight / 2)
    return found


@pytest.mark.parametrize(("sigma", "index"), [(0.1, 0.0), (0.2, 1.0), (0.05, -0.5)])
def test_a_blur_against_all_pairs_of_bins(sigma, index):
    photons = EDGES[:-1] ** -1.5 * np.diff(EDGES)
    smoothing = sl.spectra.GaussianSmoothing(sigma, index)
    found = eqx.filter_jit(smoothing.convolve)(jnp.asarray(photons), jnp.asarray(EDGES))
    np.testing.assert_allclose(found, blurred(photons, EDGES, sigma, index, 2), rtol=1e-6)
    even = blurred(photons, EDGES, sigma, index, 40)
    np.testing.assert_allclose(found[20:-20], even[20:-20], rtol=1e-4)


def test_a_blurred_line_in_many_bins():
    """5 eV bins, of which a block takes few: a Gaussian in closed form."""
    edges = jnp.linspace(0.3, 12.0, 2341)
    place = int(jnp.searchsorted(edges, 6.4)) - 1
    photons = jnp.zeros(2340).at[place].set(1.0)
    found = eqx.filter_jit(sl.spectra.GaussianSmoothing(0.08).convolve)(photons, edges)
    even = np.linspace(edges[place], edges[place + 1], 2001)
    exact = np.diff(np.mean(norm.cdf((np.asarray(edges)[:, None] - even) / 0.08), axis=1))
    np.testing.assert_allclose(found, exact, atol=2e-8)
    assert float(jnp.sum(found)) == pytest.approx(1.0, abs=1e-12)


def test_a_blur_of_no_width_moves_nothing(precision):
    with jax.enable_x64(precision == "float64"):
        photons, edges = jnp.ones(300), jnp.asarray(EDGES)
        still = sl.spectra.GaussianSmoothing(0.0).convolve(photons, edges)
        np.testing.assert_array_equal(still, photons)
        slope = jax.grad(lambda s: jnp.sum(s.convolve(photons, edges) ** 2))(sl.spectra.GaussianSmoothing(0.0))
        assert np.isfinite(slope.sigma)
        assert np.isfinite(slope.index)


def test_no_bin_of_a_blur_is_negative_in_single_precision():
    with jax.enable_x64(False):
        edges = jnp.linspace(0.3, 12.0, 600)
        for place in (40, 170, 310):
            photons = jnp.zeros(599).at[place].set(100.0)
            for sigma in (0.1, 0.3, 0.5):
                found = sl.spectra.GaussianSmoothing(sigma).convolve(photons, edges)
                assert float(jnp.min(found)) >= 0
                middle = 0.5 * (edges[place] + edges[place + 1])
                inside = norm.cdf(12.0, middle, sigma) - norm.cdf(0.3, middle, sigma)
                assert float(jnp.sum(found)) == pytest.approx(100.0 * inside, rel=1e-4)


@pytest.mark.long
def test_derivatives_of_a_blur():
    photons, edges = jnp.asarray(EDGES[:-1] ** -1.5), jnp.asarray(EDGES)

    @jax.jit
    def total(sigma, index):
        return jnp.sum(jnp.cos(edges[:-1]) * sl.spectra.GaussianSmoothing(sigma, index).convolve(photons, edges))

    at, step = (jnp.asarray(0.1), jnp.asarray(0.3)), 1e-5
    found = jax.grad(total, argnums=(0, 1))(*at)
    forward = jax.jacfwd(total, argnums=(0, 1))(*at)
    np.testing.assert_allclose(found, forward, rtol=1e-10)
    for k in range(2):
        up, down = (tuple(v + sign * step * (i == k) for i, v in enumerate(at)) for sign in (1, -1))
        assert float(found[k]) == pytest.approx(float(total(*up) - total(*down)) / (2 * step), rel=1e-6)
    mapped = jax.vmap(total)(jnp.array([0.1, 0.5]), jnp.array([0.3, 0.0]))
    np.testing.assert_allclose(mapped, [total(0.1, 0.3), total(0.5, 0.0)], rtol=1e-12)


def diagonal():
    return sl.counts.Response(EDGES[:-1], EDGES[1:], 100 * np.eye(300), EDGES)


def observed(response):
    return sl.counts.Observation(sl.counts.Spectrum(np.full(300, 5.0), 1e4), response, name="pn").select(1.0, 8.0)


@pytest.mark.long
def test_bands_of_a_blurred_line_have_what_comes_from_outside():
    """A line of 6.4 keV blurred by 0.1 keV: above 6.45 keV lies the tail of a Gaussian."""
    blurred = sl.spectra.GaussianSmoothing(sigma=0.1)(sl.spectra.Line(energy=6.4, sigma=0.02, norm=1.0))
    width = np.hypot(0.1, 0.02)
    tail = norm.sf(0.05 / width)
    assert float(sl.spectra.photon_flux(blurred, 6.45, 8.0)) == pytest.approx(tail, rel=2e-3)
    energy = 6.4 * tail + width * norm.pdf(0.05 / width)  # int E N(E) dE
    found = float(sl.spectra.energy_flux(0.5 * blurred, 6.45, 8.0)) / 1.602176634e-9
    assert found == pytest.approx(0.5 * energy, rel=2e-3)
    scaled = sl.spectra.Flux(6.45, 8.0, 1e-12)(blurred)
    assert float(sl.spectra.energy_flux(scaled, 6.45, 8.0)) == pytest.approx(1e-12, rel=1e-9)
    near = sl.spectra.GaussianSmoothing(sigma=0.0)(sl.spectra.PowerLaw(index=2.0, norm=1.0))
    assert float(sl.spectra.photon_flux(near, 1.0, 2.0)) == pytest.approx(0.5, rel=1e-6)


def test_bins_that_a_convolution_needs_stay():
    plain = observed(diagonal()).folding
    assert plain.low[0] == pytest.approx(1.0, rel=0.02)
    longer = observed(diagonal().extended(0.1, 20.0)).folding
    assert longer.low[0] == pytest.approx(0.1)
    assert longer.high[-1] == pytest.approx(20.0)
    inside = observed(diagonal().extended(high=9.0)).folding
    assert inside.low[0] == plain.low[0]
    assert 9.0 <= inside.high[-1] < 9.2


def test_energies_too_few_for_a_convolution_are_refused():
    source = sl.spectra.GaussianSmoothing(0.1)(sl.spectra.PowerLaw(1.7, 1e-3))
    space = sl.ParameterSpace(sl.Model(spectra={"source": source}), {"spectra.source.*.norm": dist.Uniform(0, 1)})
    with pytest.raises(ValueError, match=r"'pn': GaussianSmoothing brings .* response\.extended\(0\.7\d*, 8\.\d+\)"):
        sl.Posterior(space, sl.CountsLikelihood(observed(diagonal()), "source"))
    posterior = sl.Posterior(space, sl.CountsLikelihood(observed(diagonal().extended(0.6, 8.5)), "source"))
    assert np.isfinite(posterior.log_likelihood({}))


def test_a_norm_that_is_a_flux(precision):
    with jax.enable_x64(precision == "float64"):
        inside = sl.spectra.Edge(2.1, 1.0) * (sl.spectra.PowerLaw(1.8, 1.0) + 3.0 * sl.spectra.BlackBody(0.5))
        source = sl.spectra.Flux(0.5, 8.0, 1e-9)(inside)
        assert float(sl.spectra.energy_flux(source, 0.5, 8.0)) == pytest.approx(1e-9, rel=1e-5)
        ratio = float(source(3.0) / inside(3.0))
        assert ratio == pytest.approx(1e-9 / float(sl.spectra.energy_flux(inside, 0.5, 8.0)), rel=1e-5)
        sl.testing.check_spectrum(sl.spectra.Flux(0.5, 8.0, 2.0)(inside))


def test_bands_without_width_and_factors_have_no_flux():
    with pytest.raises(ValueError, match="must be positive and rise"):
        sl.spectra.Flux(8.0, 0.5, 1e-12)
    with pytest.raises(TypeError, match="no photon spectrum"):
        sl.spectra.Flux(0.5, 8.0, 1e-12)(sl.spectra.Scale())
    with pytest.raises(ValueError, match="flux"):
        sl.spectra.Flux(0.5, 8.0, 0.0)
