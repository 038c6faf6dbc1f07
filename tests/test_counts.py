"""Likelihoods of X-ray counts: folding, backgrounds, detectors, simulated spectra, refusals."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from photons import by_quadrature

ENERGIES, CHANNELS = np.geomspace(0.3, 10.0, 161), np.linspace(0.2, 10.0, 91)


def blurred():
    """A detector of 100 cm2 that blurs by 0.1 keV."""
    middle = 0.5 * (ENERGIES[1:] + ENERGIES[:-1])
    from scipy.stats import norm

    below = norm.cdf((CHANNELS[:, None] - middle) / 0.1)
    return sl.counts.Response(ENERGIES[:-1], ENERGIES[1:], 100 * np.diff(below, axis=0), CHANNELS)


def observed(background=None, **options):
    counts = np.random.default_rng(0).poisson(20.0, 90)
    off = None if background is None else sl.counts.Spectrum(background, 2e4, back_scale=2.0)
    return sl.counts.Observation(sl.counts.Spectrum(counts, 1e4, **options), blurred(), off, name="pn")


def model(**instruments):
    source = sl.spectra.MorrisonMcCammon(0.2) * sl.spectra.PowerLaw(1.7, 1e-3)
    return sl.Model(spectra={"source": source, "sky": sl.spectra.PowerLaw(1.0, 1e-4)}, instruments=instruments)


def test_counts_are_photons_through_the_response():
    """Against 40 nodes in bins cut at all edges."""
    observation = observed().select(0.5, 8.0)
    likelihood = sl.CountsLikelihood(observation, "source")
    found = likelihood.mean(model())
    spectrum, folding = model().spectra["source"], observation.folding
    np.testing.assert_allclose(found, np.asarray(folding.matrix) @ by_quadrature(spectrum, folding), rtol=1e-8)
    assert likelihood.name == "pn"
    assert likelihood.axis == "energy [keV]"
    assert likelihood.place(0).startswith(", from 0.")


def test_a_background_with_a_spectrum_of_its_own():
    """On the source r times the counts of the background: r = 1e4/(2e4 x 2)."""
    likelihood = sl.CountsLikelihood(observed(np.full(90, 8.0)), "source", background="sky")
    source, sky = (np.asarray(sl.CountsLikelihood(observed(), name).mean(model())) for name in ("source", "sky"))
    on, off = np.asarray(likelihood.mean(model()))
    np.testing.assert_allclose(off, 2 * sky, rtol=1e-12)
    np.testing.assert_allclose(on, source + 0.25 * off, rtol=1e-12)
    np.testing.assert_array_equal(likelihood.data[1], 8.0)
    assert (
        sl.Posterior(sl.ParameterSpace(model(), {"spectra.sky.norm": dist.LogUniform(1e-6, 1e-2)}), likelihood).size
        == 180
    )


def test_detectors_move_and_scale():
    plain = np.asarray(sl.CountsLikelihood(observed(), "source").mean(model()))
    likelihood = sl.CountsLikelihood(observed(), "source", instrument="pn")
    area = likelihood.mean(model(pn=sl.instruments.Detector(area=0.9)))
    np.testing.assert_allclose(area, 0.9 * plain, rtol=1e-12)
    tilted = sl.instruments.Detector(area=sl.spectra.ExponentialFactor(amplitude=0.5, decay=1.0))
    assert np.all(np.asarray(likelihood.mean(model(pn=tilted))) > plain)
    still = likelihood.mean(model(pn=sl.instruments.Detector(gain=1.0, offset=0.0)))
    np.testing.assert_allclose(still, plain, rtol=1e-9)

    def moved(offset):
        return likelihood.mean(model(pn=sl.instruments.Detector(gain=1.0, offset=offset)))

    step = 1e-4
    slope = jax.jacfwd(moved)(jnp.asarray(0.013))
    difference = (moved(jnp.asarray(0.013 + step)) - moved(jnp.asarray(0.013 - step))) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-4, atol=1e-3)
    width = CHANNELS[1] - CHANNELS[0]
    shifted = np.asarray(moved(jnp.asarray(width)))  # by one channel
    np.testing.assert_allclose(shifted[1:], plain[:-1], rtol=1e-6)


def test_energy_scales_keep_faint_channels_in_single_precision():
    """Of a steep spectrum, whose last channel has 5e-7 of the counts: sums from the bright end lose it."""
    with jax.enable_x64(False):
        edges = np.linspace(0.3, 10.0, 513)
        response = sl.counts.Response(edges[:-1], edges[1:], 1000 * np.eye(512), channels=edges)
        observation = sl.counts.Observation(sl.counts.Spectrum(np.ones(512), 1e5), response)
        steep = sl.Model(
            spectra={"source": sl.spectra.PowerLaw(index=3.5)}, instruments={"pn": sl.instruments.Detector(gain=1.0)}
        )
        moved = sl.counts.FoldedCounts.of(observation, "source", "pn")(steep)
    exact = 1e8 / 2.5 * -np.diff(edges**-2.5)
    np.testing.assert_allclose(moved, exact, rtol=2e-4)


def test_a_free_redshift_of_an_absorber_has_the_right_slope():
    """Differences of a fit's own prediction would hide edges that nodes ignore: of a fine quadrature instead."""
    host = sl.spectra.RedshiftedFactor(sl.spectra.Edge(energy=2.0, depth=2.0), 0.3)
    likelihood = sl.CountsLikelihood(observed(), "source")

    def counts(z):
        edge = dataclasses.replace(host, redshift=z)
        return likelihood.mean(sl.Model(spectra={"source": edge * sl.spectra.PowerLaw(1.7, 1e-3)}))

    slope, step = jax.jit(jax.jacfwd(counts))(jnp.asarray(0.3)), 1e-5
    difference = (counts(jnp.asarray(0.3 + step)) - counts(jnp.asarray(0.3 - step))) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-6)
    assert float(jnp.max(jnp.abs(slope))) > 1


def test_simulated_spectra():
    response, key = blurred(), jax.random.key(0)
    many = {"spectra.source.terms.power_law.norm": np.geomspace(1e-4, 1e-2, 3)}
    drawn = sl.counts.fakeit(model(), "source", response, 1e4, key, values=many)
    assert drawn.shape == (3, 90)
    total = np.asarray(sl.CountsLikelihood(observed(), "source").mean(model())).sum()
    np.testing.assert_allclose(drawn.sum(axis=1), total * np.array([0.1, 1.0, 10.0]), rtol=0.25)
    one = sl.counts.fakeit(model(), "source", response, 1e4, key)
    assert abs(one.sum() - total) < 5 * total**0.5
    assert np.array_equal(one, np.round(one))
    with pytest.raises(ValueError, match="no parameter of the model"):
        sl.counts.fakeit(model(), "source", response, 1e4, key, values={"spectra.source.index": [1.0]})
    with pytest.raises(ValueError, match="There is no spectrum 'other'"):
        sl.counts.fakeit(model(), "other", response, 1e4, key)


def test_a_fit_finds_what_was_drawn():
    truth = model()
    counts = sl.counts.fakeit(truth, "source", blurred(), 1e5, jax.random.key(1))
    observation = sl.counts.Observation(sl.counts.Spectrum(np.asarray(counts), 1e5), blurred()).select(0.5, 8.0)
    priors = {"spectra.*.column": dist.Uniform(0, 2), "spectra.source.*.index": dist.Uniform(0, 4)}
    priors |= {"spectra.source.*.norm": dist.LogUniform(1e-5, 1e-1)}
    space = sl.ParameterSpace(truth, priors)
    best = sl.fit(sl.Posterior(space, sl.CountsLikelihood(observation, "source")).flat())
    errors = best.fisher.standard_deviations
    pulls = [(float(v) - t) / e for v, t, e in zip(best.parameters.values(), (0.2, 1.7, 1e-3), errors, strict=True)]
    assert np.max(np.abs(pulls)) < 3
    assert best.chi2 / best.dof < 1.5


def test_no_counts_anywhere_have_a_likelihood():
    empty = sl.counts.Observation(sl.counts.Spectrum(np.zeros(90), 1e4), blurred())
    likelihood = sl.CountsLikelihood(empty, "source")
    space = sl.ParameterSpace(model(), {"spectra.source.*.norm": dist.LogUniform(1e-5, 1e-1)})
    posterior = sl.Posterior(space, likelihood)
    value, slope = jax.value_and_grad(posterior.log_density)(space.to_unconstrained(space.initial))
    assert np.isfinite(value)
    assert np.isfinite(*slope.values())
    dark = {"spectra.source.terms.power_law.norm": 0.0}
    assert (
        float(
            sl.Posterior(sl.ParameterSpace(model(), {n: dist.Uniform(0, 1) for n in dark}), likelihood).log_likelihood(
                dark
            )
        )
        == 0
    )


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="pn has a background"):
        sl.CountsLikelihood(observed(np.full(90, 8.0)), "source")
    with pytest.raises(ValueError, match="has no background counts"):
        sl.CountsLikelihood(observed(), "source", background="sky")
    with pytest.raises(ValueError, match="not counted"):
        sl.CountsLikelihood(observed(poisson=False), "source")
    with pytest.raises(ValueError, match="There is no spectrum 'x': this Model has"):
        sl.CountsLikelihood(observed(), "x").mean(model())
    with pytest.raises(ValueError, match="There is no instrument 'x'"):
        sl.CountsLikelihood(observed(), "source", instrument="x").mean(model())
    fractions = sl.counts.Observation(sl.counts.Spectrum(np.full(90, 1.5), 1e4), blurred())
    with pytest.raises(ValueError, match="whole numbers"):
        sl.CountsLikelihood(fractions, "source")
    with pytest.raises(TypeError, match="observation is 3"):
        sl.CountsLikelihood(3, "source")
    with pytest.raises(TypeError, match="source is a PowerLaw: give the name"):
        sl.CountsLikelihood(observed(), sl.spectra.PowerLaw())
    with pytest.raises(TypeError, match=r"rule is a str: give one of sl\.counts"):
        observed().group("optimal")
    with pytest.raises(TypeError, match=r"response is a NoneType: give a sl\.counts\.Response"):
        sl.counts.Observation(sl.counts.Spectrum([3, 5], 1e4), None)
    with pytest.raises(ValueError, match="low = 5 keV is not below high = 2 keV"):
        blurred().extended(5.0, 2.0)
    with pytest.raises(TypeError, match=r"key is a int: .* jax\.random\.key\(0\)"):
        sl.counts.fakeit(model(), "source", blurred(), 1e4, 0)
    dark = sl.Model(spectra={"source": -1.0 * sl.spectra.PowerLaw()})
    with pytest.raises(ValueError, match="means are negative or not finite"):
        sl.counts.fakeit(dark, "source", blurred(), 1e4, jax.random.key(0))
    gaussian = sl.statistics.Gaussian(np.ones(90))
    assert sl.CountsLikelihood(observed(poisson=False), "source", noise=gaussian).size == 90


def test_a_column_of_the_gas_along_a_sightline():
    """DM of 0.03 cm-3 over 1 kpc, 30 pc cm-3 = 9.257e19 cm-2, as the absorbing column, and its derivative by n_e."""
    line = sl.SourceCatalogue([30.0], [0.0], [1.0])
    simulator = sl.Simulator(electron_density=sl.electrons.Uniform(0.03))
    through = sl.spectra.MorrisonMcCammon(sl.observables.DispersionMeasure(line)) * sl.spectra.PowerLaw(1.7, 1e-3)
    linked = sl.Model(simulator, spectra={"source": through})
    likelihood = sl.CountsLikelihood(observed(), "source")
    column = 30 * 3.0856775814913673e18 / 1e22
    plain = sl.Model(spectra={"source": sl.spectra.MorrisonMcCammon(column) * sl.spectra.PowerLaw(1.7, 1e-3)})
    np.testing.assert_allclose(likelihood.mean(linked), likelihood.mean(plain), rtol=1e-10)
    space = sl.ParameterSpace(linked, {"simulator.electron_density.n0": dist.Uniform(0, 10)})
    posterior = sl.Posterior(space, likelihood)
    slope = jax.grad(lambda n: posterior.log_likelihood({"simulator.electron_density.n0": n}))(0.03)
    up, down = (float(posterior.log_likelihood({"simulator.electron_density.n0": 0.03 * f})) for f in (1.01, 0.99))
    assert float(slope) == pytest.approx((up - down) / 0.0006, rel=1e-4)
    two = sl.observables.DispersionMeasure(sl.SourceCatalogue([30.0, 40.0], [0.0, 0.0], [1.0, 1.0]))
    wrong = sl.Model(simulator, spectra={"source": sl.spectra.MorrisonMcCammon(two) * sl.spectra.PowerLaw()})
    with pytest.raises(ValueError, match="give it one sightline"):
        wrong.spectrum("source")
