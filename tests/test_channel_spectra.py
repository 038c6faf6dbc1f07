"""Backgrounds in channels, folded through no response: components learnt from counts, fits beside a source."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import norm

import sightline as sl
from sightline import counts, spectra
from sightline.testing.derivatives import derivative_problems, finite_problems
from sightline.xray.counts.unfolded import Unfolded

PLACES = np.linspace(-1.0, 1.0, 80)
MEAN = np.exp(-0.8 * PLACES) + 2.0 * np.exp(-0.5 * ((PLACES - 0.3) / 0.05) ** 2)
SHAPES = np.stack([0.4 * PLACES, 0.5 * (PLACES**2 - np.mean(PLACES**2))])


def trained(number=60, level=40.0, seed=0, shapes=SHAPES):
    """Backgrounds made of two known components, and their coefficients."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(number, len(shapes)))
    scores = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    means = level * rng.uniform(0.5, 2.0, size=(number, 1)) * MEAN * np.exp(scores @ shapes)
    return [counts.Spectrum(one, exposure=1e4, area_scale=0.9) for one in rng.poisson(means)], scores


def unexplained(found, truth):
    """The share of the variance of known components that lies outside the span of others."""
    base = np.linalg.qr(found.T)[0]
    left = truth - truth @ base @ base.T
    return np.sum(left**2) / np.sum(truth**2)


@pytest.mark.parametrize(("level", "share"), [(400.0, 1e-3), (40.0, 0.01), (2.0, 0.2)])
def test_components_of_known_spectra_are_found(level, share):
    """Also where most channels are nearly empty, as logarithms of counts do not have it."""
    seen, _ = trained(level=level)
    table = spectra.PrincipalComponents.of(seen, components=2).table
    mean, parts = table.values[0], table.values[1:]
    assert unexplained(parts, SHAPES) < share
    np.testing.assert_allclose(np.sum(np.exp(mean)), 1.0)
    np.testing.assert_allclose(np.mean(parts, axis=1), 0.0, atol=1e-12)
    assert parts[0] @ parts[1] == pytest.approx(0, abs=1e-9)
    logs = np.log(np.stack([one.counts for one in seen]) + 1)
    logs = logs - logs.mean(axis=1, keepdims=True)
    plain = np.linalg.svd(logs - logs.mean(axis=0), full_matrices=False)[2][:2]
    assert unexplained(parts, SHAPES) < unexplained(plain, SHAPES)
    truth = np.log(MEAN / MEAN.sum())
    biased = logs.mean(axis=0) - np.log(np.sum(np.exp(logs.mean(axis=0))))
    assert np.std(mean - truth) < np.std(biased - truth)


def test_coefficients_have_unit_variance_and_the_size_of_the_truth():
    seen, _ = trained(400, level=400.0, shapes=SHAPES[:1])
    sky = spectra.PrincipalComponents.of(seen, components=1)
    part = sky.table.values[1] * np.sign(sky.table.values[1] @ SHAPES[0])
    np.testing.assert_allclose(part, SHAPES[0], atol=0.02)
    rates = [one.counts.sum() / (0.9 * one.exposure) for one in seen]
    assert float(sky.norm) == pytest.approx(np.mean(rates))
    bad = [counts.Spectrum(one.counts, 1e4, quality=np.arange(80) == 7) for one in seen[:9]]
    without = spectra.PrincipalComponents.of(bad, components=2)
    assert np.all(np.isfinite(without.table.values))
    assert np.exp(np.delete(without.table.values[0], 7)).sum() == pytest.approx(1.0)
    assert float(without.norm) == pytest.approx(np.mean([np.delete(one.counts, 7).sum() / 1e4 for one in seen[:9]]))


def detector():
    energies, channels = np.geomspace(0.3, 10.0, 121), np.linspace(0.3, 10.0, 81)
    middle = np.sqrt(energies[1:] * energies[:-1])
    blur = np.diff(norm.cdf((channels[:, None] - middle) / 0.1), axis=0)
    return counts.Response(energies[:-1], energies[1:], 200.0 * blur, channels)


def made(seed, scores=(1.0, -0.7)):
    """A source over a background of known coefficients, and its model."""
    sky = spectra.PrincipalComponents.of(trained(200, level=100.0)[0], components=2)
    source = spectra.PowerLaw(index=1.8, norm=1e-3)
    response, keys = detector(), jax.random.split(jax.random.key(seed), 3)
    behind = 0.2 / MEAN.sum() * MEAN * np.exp(np.asarray(scores) @ SHAPES)
    folded = counts.FoldedCounts.of(counts.Observation(counts.Spectrum(np.ones(80), 2e4), response), "source")
    mean = np.asarray(folded(sl.Model(spectra={"source": source})))
    on = jax.random.poisson(keys[0], mean + 0.25 * 2e4 * behind)
    off = jax.random.poisson(keys[1], 2e4 * behind)
    spectrum = counts.Spectrum(np.asarray(on), 2e4, back_scale=0.25), counts.Spectrum(np.asarray(off), 2e4)
    observation = counts.Observation(spectrum[0], response, spectrum[1]).select(0.5, 8.0).group(counts.MinimumCounts(5))
    return observation, sl.Model(spectra={"source": source, "sky": sky}), behind


PRIORS = {
    "spectra.source.index": dist.Uniform(0.0, 4.0),
    "spectra.source.norm": dist.LogUniform(1e-5, 1e-1),
    "spectra.sky.coefficients": dist.Normal(0.0, 1.0),
    "spectra.sky.norm": dist.LogUniform(1e-4, 10.0),
}


def test_a_background_of_components_is_fitted_beside_a_source():
    observation, model, behind = made(4)
    posterior = sl.Posterior(
        sl.ParameterSpace(model, PRIORS), sl.CountsLikelihood(observation, "source", background="sky")
    )
    best = sl.fit(posterior).raise_for_status()
    for name, truth in (("index", 1.8), ("norm", 1e-3)):
        name = f"spectra.source.{name}"
        assert abs(best.parameters[name] - truth) < 3 * best.standard_deviations[name]
    channels = observation.response.channels
    found = np.asarray(best.model.spectrum("sky")(channels))[observation.selected]
    assert np.sqrt(np.mean((found / behind[observation.selected] - 1) ** 2)) < 0.06  # each to 0.03 by 4000 counts
    assert best.chi2 / best.dof == pytest.approx(1.0, abs=0.25)
    assert "Simmonds" in str(sl.citation(posterior))


def test_channels_are_folded_through_nothing():
    observation, model, _ = made(0)
    likelihood = sl.CountsLikelihood(observation, "source", background="sky")
    rates = np.asarray(model.spectra["sky"](observation.response.channels))
    keep = observation.label >= 0
    expected = 2e4 * np.bincount(observation.label[keep], weights=rates[keep])
    on, off = np.asarray(likelihood.mean(model))
    np.testing.assert_allclose(off, expected, rtol=1e-6)
    source = sl.CountsLikelihood(observation, "source", noise=sl.statistics.Poisson()).mean(model)
    np.testing.assert_allclose(on, source + 0.25 * expected, rtol=1e-6)
    part = likelihood.observable.off.restrict(jnp.array([3, 5]))
    np.testing.assert_allclose(part(model), expected[[3, 5]], rtol=1e-6)


def test_derivatives_and_files(precision, tmp_path):
    sky = spectra.PrincipalComponents.of(trained(20)[0], components=2)
    sky = spectra.PrincipalComponents(sky.table, jnp.array([0.5, -1.0], precision), 0.02)
    channels = detector().channels
    rates = sky(channels)
    assert rates.dtype == precision
    assert finite_problems(rates, "the rates") == []
    assert derivative_problems(lambda one: 1e3 * one(channels), sky, "the parameters") == []
    many = jax.vmap(lambda a: spectra.PrincipalComponents(sky.table, a, 0.02)(channels))(jnp.eye(2, dtype=precision))
    np.testing.assert_allclose(many[1], spectra.PrincipalComponents(sky.table, [0.0, 1.0], 0.02)(channels), rtol=1e-6)
    sl.save(sl.Model(spectra={"sky": sky}), tmp_path / "model.npz")
    again = sl.load(tmp_path / "model.npz")
    np.testing.assert_allclose(again.spectra["sky"](channels), rates, rtol=1e-6)


def test_one_component_less_is_the_mean_alone():
    sky = spectra.PrincipalComponents.of(trained(5, level=1e4, shapes=0 * SHAPES)[0], components=0)
    assert sky.coefficients.shape == (0,)
    np.testing.assert_allclose(sky(detector().channels), sky.norm * MEAN / MEAN.sum(), rtol=0.03)


def test_the_norm_of_spectra_with_bad_channels_is_that_of_all_channels():
    """The rate is 5 s-1, of which half the spectra lack the first half of the channels."""
    shares = np.linspace(1, 3, 80) / np.linspace(1, 3, 80).sum()
    drawn = np.random.default_rng(3).poisson(1e5 * shares, size=(8, 80))
    halves = [(np.arange(80) < 40) & (k % 2 == 1) for k in range(8)]
    seen = [counts.Spectrum(one, 2e4, quality=bad) for one, bad in zip(drawn, halves, strict=True)]
    sky = spectra.PrincipalComponents.of(seen, components=0)
    np.testing.assert_allclose(sky.norm, 5.0, rtol=0.005)
    np.testing.assert_allclose(np.exp(sky.table.values[0]), shares, rtol=0.07)


def test_bad_components_are_refused():
    seen, _ = trained(4)
    with pytest.raises(ValueError, match="components = 4 of 4 spectra"):
        spectra.PrincipalComponents.of(seen, components=4)
    with pytest.raises(ValueError, match="spectra must have the same channels"):
        spectra.PrincipalComponents.of([*seen, counts.Spectrum(np.ones(9), 1.0)], components=1)
    with pytest.raises(ValueError, match="spectra must be counts"):
        spectra.PrincipalComponents.of([counts.Spectrum(np.full(9, 0.5), 1.0)] * 3, components=1)
    net = [counts.Spectrum(one.counts, 1.0, poisson=False) for one in seen]
    with pytest.raises(ValueError, match="spectra must be counts"):
        spectra.PrincipalComponents.of(net, components=1)
    with pytest.raises(ValueError, match=r"components = 2 of 2 channels that are not bad: .* 1 at most"):
        spectra.PrincipalComponents.of([one.taken(np.arange(2)) for one in seen], components=2)
    with pytest.raises(TypeError, match=r"a list of sl.counts.Spectrum, not Spectrum"):
        spectra.PrincipalComponents.of(seen[0], components=1)
    with pytest.raises(TypeError, match=r"a list of sl.counts.Spectrum, not of ndarray"):
        spectra.PrincipalComponents.of([one.counts for one in seen], components=1)
    lost = counts.Spectrum(np.arange(80) == 7, 1.0, quality=np.arange(80) == 7)
    with pytest.raises(ValueError, match="counts in channels that are not bad"):
        spectra.PrincipalComponents.of([*seen, lost], components=1)
    sky = spectra.PrincipalComponents.of(seen, components=1)
    with pytest.raises(ValueError, match=r"coefficients has shape \(3,\): give one for each of 1"):
        spectra.PrincipalComponents(sky.table, np.zeros(3))
    with pytest.raises(ValueError, match="those of channels 1 to 80, asked for are 80 to 81"):
        sky(counts.Channels([80, 81], [1.0, 2.0], [2.0, 3.0]))
    with pytest.raises(TypeError, match=r"give a sl.spectra.PrincipalTable"):
        spectra.PrincipalComponents(np.ones(3))
    with pytest.raises(ValueError, match=r"give \(m,\) and \(k, m\)"):
        spectra.PrincipalTable.of(np.zeros(3), np.zeros((2, 4)))
    model = sl.Model(spectra={"sky": sky})
    with pytest.raises(ValueError, match="which no response folds: draw its channels"):
        counts.fakeit(model, "sky", detector(), 1e4, jax.random.key(0))
    stack = counts.stack([counts.Observation(counts.Spectrum(np.ones(80), n), detector()) for n in (1.0, 2.0)])
    with pytest.raises(ValueError, match="stands in no stack"):
        counts.FoldedCounts.of(stack, "sky")(model)
    with pytest.raises(ValueError, match="instrument = 'pn': a stack has none"):
        counts.FoldedCounts.of(stack, "sky", "pn")


def test_a_background_with_a_response_of_its_own_has_the_energies_of_that():
    class Wide(spectra.AbstractChannelSpectrum):
        def __call__(self, channels):
            return jnp.asarray(channels.high - channels.low)

    own = detector()
    twice = counts.Response(own.low, own.high, np.ones((80, 120)), 2 * np.linspace(0.3, 10.0, 81))
    noise = counts.Spectrum(np.ones(80), 10.0)
    seen = counts.Observation(noise, own, noise, background_response=twice)
    widths = [Unfolded.of(seen, background)(Wide()) / 10 for background in (False, True)]
    np.testing.assert_allclose(widths[0], np.full(80, 9.7 / 80), rtol=1e-6)
    np.testing.assert_allclose(widths[1], np.full(80, 2 * 9.7 / 80), rtol=1e-6)
