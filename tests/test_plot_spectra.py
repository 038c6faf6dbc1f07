"""Figures of X-ray spectra: what is drawn is what was counted, and what the model gives for it."""

import warnings

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import sightline as sl
from sightline import plot
from sightline.plot.energy_axes import steps
from sightline.plot.folding import poisson_errors
from sightline.plot.quantiles import cumulative

EDGES = np.geomspace(0.5, 8.0, 21)
LOW, HIGH = EDGES[:-1], EDGES[1:]
INDEX, NORM = "spectra.source.terms.sum.terms.power_law.index", "spectra.source.terms.sum.terms.power_law.norm"
EXPOSURE, AREA, RATIO = 1e4, 200.0, 0.25


def model():
    source = 0.5 * (sl.spectra.PowerLaw(1.7, 2e-3) + sl.spectra.BlackBody(0.4, 1e-4))
    return sl.Model(spectra={"source": source, "behind": sl.spectra.Constant(2e-4)})


def observation(background=True, gap=False):
    response = sl.counts.Response(LOW, HIGH, AREA * np.eye(20), channels=EDGES)
    generator = np.random.default_rng(0)
    photons = np.array([float(model().spectra["source"].photons(*pair)) for pair in zip(LOW, HIGH, strict=True)])
    behind = 2e-4 * (HIGH - LOW) * AREA * EXPOSURE
    on = generator.poisson(photons * AREA * EXPOSURE + RATIO * behind)
    off = sl.counts.Spectrum(generator.poisson(behind), exposure=EXPOSURE, back_scale=4.0) if background else None
    quality = np.where(np.arange(20) == 7, 5, 0) if gap else 0
    return sl.counts.Observation(sl.counts.Spectrum(on, exposure=EXPOSURE, quality=quality), response, off, name="toy")


def posterior(kind):
    one = observation(background=kind in ("W", "joint"), gap=kind == "gap")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        noise = sl.statistics.ProfiledBackground(one.background, one.ratio) if kind == "W" else None
    behind = "behind" if kind == "joint" else None
    likelihood = sl.CountsLikelihood(one, "source", background=behind, noise=noise)
    priors = {INDEX: dist.Uniform(0.0, 5.0), NORM: dist.LogUniform(1e-6, 1.0)}
    return sl.Posterior(sl.ParameterSpace(model(), priors), likelihood), one


@pytest.fixture(scope="module")
def chains():
    made, _ = posterior("joint")
    start = made.space.to_unconstrained(made.space.initial)
    center = np.array([start[name] for name in made.space.names])
    draws = center + 0.02 * np.random.default_rng(1).normal(size=(2, 60, 2))
    return sl.Chains.of(made, draws, {"lp": np.zeros((2, 60))}, {"algorithm": "by hand"})


def panels(figure):
    return [panel for box in figure.subfigs for panel in box.axes]


def drawn(panel):
    """Lines of a panel by their labels."""
    handles, labels = panel.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


def bars(handle):
    """Heights of points, and the ends of their error bars."""
    line, _, (_, vertical) = handle.lines
    return line.get_ydata(), np.array([segment[:, 1] for segment in vertical.get_segments()])


def photons(spectrum):
    return np.array([float(spectrum.photons(*pair)) for pair in zip(LOW, HIGH, strict=True)])


@pytest.mark.parametrize("kind", ["plain", "W", "joint"])
def test_counts_and_their_model_are_drawn_as_rates(kind):
    made, one = posterior(kind)
    upper, lower = panels(plot.spectrum(made, {}))
    found, rate = drawn(upper), 1 / (EXPOSURE * (HIGH - LOW))
    heights, ends = bars(found["data"])
    np.testing.assert_allclose(heights, one.counts * rate)
    np.testing.assert_allclose(ends[:, 1] - heights, poisson_errors(one.counts)[1] * rate)
    source = model().spectra["source"]
    behind = 0.0
    if kind == "W":
        behind = RATIO * one.background
    if kind == "joint":
        behind = RATIO * 2e-4 * (HIGH - LOW) * AREA * EXPOSURE
        np.testing.assert_allclose(found["background model"].get_ydata()[::3], behind * rate, rtol=1e-6)
    expected = photons(source) * AREA * EXPOSURE + behind
    np.testing.assert_allclose(found["model"].get_ydata()[::3], expected * rate, rtol=1e-6)
    part = photons(sl.spectra.components(source)["power_law"]) * AREA / (HIGH - LOW)
    np.testing.assert_allclose(found["power law"].get_ydata()[::3], part, rtol=1e-6)
    assert upper.get_ylabel() == r"counts s$^{-1}$ keV$^{-1}$"
    assert (upper.get_xscale(), upper.get_yscale(), lower.get_xlabel()) == ("log", "log", "energy [keV]")
    if kind != "plain":
        measured, _ = bars(found["background"])
        np.testing.assert_allclose(measured, RATIO * one.background * rate)
    variance = expected + (RATIO**2 * one.background if kind == "W" else 0.0)
    residuals, ends = bars(lower.containers[-1])
    np.testing.assert_allclose(residuals, (one.counts - expected) / variance**0.5, rtol=1e-5)
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2.0)


def test_residuals_of_all_treatments_have_unit_variance():
    """`normalised` knows of the background that the noise holds: a fit leaves no more than its noise."""
    made, one = posterior("W")
    likelihood = made.likelihoods[0]
    found = np.asarray(likelihood.normalised(made.space.model))
    assert 0.4 < np.std(found) < 1.6
    assert abs(found.mean()) < 0.8
    assert likelihood.noise.background.shape == (20,)
    marginal = sl.statistics.MarginalBackground(one.background, one.ratio)
    np.testing.assert_allclose(marginal.background, one.ratio * (one.background + 1))
    known = sl.statistics.GaussianBackground(one.background, one.ratio)
    np.testing.assert_allclose(known.background, one.background)


def test_lines_break_where_channels_are_bad():
    made, one = posterior("gap")
    assert len(one) == 19
    line = drawn(panels(plot.spectrum(made, {}))[0])["model"].get_ydata()
    assert np.flatnonzero(np.isnan(line)).tolist() == [3 * 6 + 2, 3 * 18 + 2]
    x, y = steps(np.array([1.0, 2.0]), np.array([2.0, 3.0]), np.array([5.0, 6.0]))
    assert x.tolist() == [1, 2, 2, 2, 3, 3]
    assert y[:5].tolist() == [5, 5, 5, 6, 6]


def test_poisson_errors_are_central_intervals():
    low, high = poisson_errors(np.array([0.0, 3.0]))
    tail = stats.norm.sf(1)
    assert low[0] == 0
    assert high[0] == pytest.approx(-np.log(tail))
    assert stats.poisson.cdf(3, 3 + high[1]) == pytest.approx(tail)
    assert stats.poisson.sf(2, 3 - low[1]) == pytest.approx(tail)


@pytest.mark.parametrize("power", [0, 2])
def test_unfolded_data_follow_the_model(power):
    """On a diagonal response the data unfold to counts/(area x exposure x width), the background taken with them."""
    made, one = posterior("joint")
    upper, lower = panels(plot.unfolded(made, {}, power=power))
    found, middle = drawn(upper), 0.5 * (LOW + HIGH)
    source = model().spectra["source"]
    x, y = found["model"].get_data()
    np.testing.assert_allclose(y, [float(source(e)) * e**power for e in x], rtol=2e-4)
    heights, _ = bars(found["data, unfolded"])
    own = photons(source)
    expected = own * AREA * EXPOSURE + RATIO * 2e-4 * (HIGH - LOW) * AREA * EXPOSURE
    np.testing.assert_allclose(heights, one.counts * own / (HIGH - LOW) * middle**power / expected, rtol=1e-5)
    ratio, _ = bars(lower.containers[-1])
    np.testing.assert_allclose(ratio, one.counts / expected, rtol=1e-6)
    assert "black body" in found
    with pytest.raises(ValueError, match="power = 3 must be 0, 1 or 2"):
        plot.unfolded(made, {}, power=3)


@pytest.mark.parametrize("kind", ["plain", "W"])
def test_quantiles_are_cumulative_counts(kind):
    made, one = posterior(kind)
    upper, lower = panels(plot.quantiles(made, {}))
    expected = photons(model().spectra["source"]) * AREA * EXPOSURE
    expected = expected + (RATIO * one.background if kind == "W" else 0.0)
    x, y = drawn(upper)["data"].get_data()
    np.testing.assert_allclose(x, np.append(0, np.cumsum(expected)) / expected.sum(), rtol=1e-6)
    np.testing.assert_allclose(y, np.append(0, np.cumsum(one.counts)) / one.counts.sum())
    np.testing.assert_allclose(lower.lines[0].get_ydata(), y - x, atol=1e-12)
    away = np.abs(y - x).max()
    assert f"{int(one.counts.sum())} counts, D = {away:.3g}" in upper.get_title(loc="left")
    half = lower.patches[0].get_height() / 2
    assert half == pytest.approx(1.358 / one.counts.sum() ** 0.5, rel=1e-3)


def test_cumulative_fractions():
    assert cumulative(np.array([1.0, 2.0, 1.0])).tolist() == [0, 0.25, 0.75, 1]


def test_chains_are_drawn_as_bands(chains):
    made, one = posterior("joint")
    upper, _ = panels(plot.spectrum(made, chains))
    predicted, models = (band.get_paths()[0].vertices[:, 1] for band in upper.collections[:2])
    assert np.nanmax(predicted) > np.nanmax(models)
    assert drawn(upper)["model"].get_ydata()[0] == pytest.approx(one.counts[0] / EXPOSURE / (HIGH - LOW)[0], rel=0.3)
    upper, _ = panels(plot.unfolded(made, chains))
    assert len(upper.collections) > 1
    _, lower = panels(plot.quantiles(made, chains))
    assert "95 % of predicted counts" in drawn(lower)


def test_several_spectra_and_a_fit_in_one_figure(tmp_path):
    made, _ = posterior("joint")
    plain = sl.CountsLikelihood(observation(background=False), "source", name="second")
    both = sl.Posterior(made.space, [made.likelihoods[0], plain])
    best = sl.fit(both)
    path = tmp_path / "both.png"
    figure = plot.spectrum(both, best, title="Two", path=path)
    assert [panel.get_title(loc="left") for panel in panels(figure)][::2] == ["toy", "second"]
    assert path.stat().st_size > 10_000


def test_gaussian_counts_have_their_own_errors():
    one = observation(background=False)
    noise = sl.statistics.Gaussian(sl.statistics.gehrels(one.counts))
    made = sl.Posterior(posterior("plain")[0].space, sl.CountsLikelihood(one, "source", noise=noise))
    heights, ends = bars(drawn(panels(plot.spectrum(made, {}))[0])["data"])
    width = EXPOSURE * (HIGH - LOW)
    np.testing.assert_allclose(ends[:, 1] - heights, sl.statistics.gehrels(one.counts) / width)
    with pytest.raises(ValueError, match=r"toy has Gaussian.* noise: quantiles are of counts"):
        plot.quantiles(made, {})


def test_what_is_no_spectrum_is_refused():
    space = sl.ParameterSpace({"rate": jax.numpy.asarray(4.0)}, {"rate": dist.Uniform(0.0, 100.0)})
    likelihood = sl.Likelihood(lambda m: m["rate"][None], [3], sl.statistics.Poisson(), name="counts")
    with pytest.raises(ValueError, match=r"no X-ray spectrum, only counts: give one of sl\.CountsLikelihood"):
        plot.spectrum(sl.Posterior(space, likelihood), {})
    with pytest.raises(ValueError, match="'nothing' is not free"):
        plot.spectrum(posterior("plain")[0], {"nothing": 1.0})
    empty = sl.counts.Observation(sl.counts.Spectrum(np.zeros(20), exposure=EXPOSURE), observation(False).response)
    made = sl.Posterior(posterior("plain")[0].space, sl.CountsLikelihood(empty, "source"))
    assert plot.spectrum(made, {}) is not None
    with pytest.raises(ValueError, match="holds no counts"):
        plot.quantiles(made, {})


def test_components_of_nested_sums():
    first, second = sl.spectra.PowerLaw(2.0, 1.0), sl.spectra.BlackBody(0.5, 0.2)
    inner = 0.5 * (first + second)
    whole = 2.0 * sl.spectra.Redshifted(sl.spectra.PowerLaw(1.0, 1.0) + inner, 0.3)
    found = sl.spectra.components(whole)
    assert list(found) == ["power_law", "power_law_2", "black_body"]
    total = sum(float(one(1.5)) for one in found.values())
    assert total == pytest.approx(float(whole(1.5)))
    assert float(found["power_law_2"](1.5)) == pytest.approx(2 * 0.5 * (1.5 * 1.3) ** -2 / 1.3)
    named = sl.spectra.components(sl.spectra.Sum(disk=0.5 * second, tail=first))
    assert list(named) == ["disk", "tail"]
