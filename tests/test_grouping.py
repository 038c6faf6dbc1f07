"""Responses fold as dense matrices do; channels are selected and grouped in counts, background and response alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from sightline.xray import counts
from sightline.xray.counts.optimal import _INSIDE, optimal_width, resolution
from sightline.xray.counts.rows import DENSE, entries, pack

jax.config.update("jax_enable_x64", True)

RANDOM = np.random.default_rng(0)
EDGES = np.linspace(0.5, 5.5, 11)


def diagonal(size=10, **keywords):
    edges = np.linspace(0.5, 5.5, size + 1)
    return counts.Response(edges[:-1], edges[1:], 100.0 * np.eye(size), edges, **keywords)


def observe(on=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), off=None, **keywords):
    spectrum = counts.Spectrum(on, 100.0, **keywords)
    return counts.Observation(spectrum, diagonal(len(on)), off)


def large():
    """A response of more than a million elements, each channel reaching few energies, as it is and as an array."""
    edges = np.geomspace(0.3, 10.0, 1301)
    middle = 0.5 * (edges[1:] + edges[:-1])
    near = np.abs(middle[:1000, None] - middle) < 0.1 * middle
    matrix = np.where(near, RANDOM.uniform(0.1, 1.0, near.shape), 0.0)
    matrix[5:300] = 0.0
    return counts.Response(edges[:-1], edges[1:], matrix, edges[:1001]), matrix


def test_a_large_matrix_in_blocks_is_the_same_matrix():
    response, matrix = large()
    assert isinstance(response.matrix, counts.Rows)
    assert response.shape == matrix.shape
    assert sum(block.size for block in response.matrix.blocks) < 0.4 * matrix.size
    np.testing.assert_array_equal(np.asarray(response.matrix), matrix)
    np.testing.assert_array_equal(np.asarray(pack(entries(response.matrix))), matrix)
    assert matrix.size > DENSE


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_folding_in_blocks_as_in_full(kind):
    response, matrix = large()
    photons = jnp.asarray(RANDOM.uniform(size=(3, 1300)), kind)
    tolerance = 1e-5 if kind is np.float32 else 1e-12
    value = jax.jit(lambda x: response.fold(x))(photons[0])
    assert value.dtype == kind
    np.testing.assert_allclose(value, matrix @ np.asarray(photons[0]), rtol=tolerance)
    many = jax.vmap(response.fold)(photons)
    np.testing.assert_allclose(many, np.asarray(photons) @ matrix.T, rtol=tolerance)
    weight = RANDOM.uniform(size=1000)
    gradient = jax.grad(lambda x: jnp.sum(response.fold(x) * weight.astype(kind)))(photons[0])
    np.testing.assert_allclose(gradient, matrix.T @ weight, rtol=tolerance)
    _, tangent = jax.jvp(response.fold, (photons[0],), (photons[1],))
    np.testing.assert_allclose(tangent, matrix @ np.asarray(photons[1]), rtol=tolerance)


def test_a_response_is_an_argument_of_compiled_functions():
    response, matrix = large()
    photons = jnp.ones(1300)
    np.testing.assert_allclose(jax.jit(lambda r, x: r.fold(x))(response, photons), matrix.sum(1), rtol=1e-12)


def test_grouped_rows_are_sums_of_rows():
    response, matrix = large()
    label = np.where(np.arange(1000) % 7 == 3, -1, np.arange(1000) // 100)
    weight = RANDOM.uniform(0.5, 1.0, 1000)
    grouped = response.grouped(label, weight)
    expected = np.array([(weight[label == k, None] * matrix[label == k]).sum(0) for k in range(10)])
    used = np.flatnonzero(expected.any(0))
    assert grouped.shape == (10, used[-1] - used[0] + 1)
    assert grouped.low[0] == response.low[used[0]]
    np.testing.assert_allclose(grouped.matrix, expected[:, used[0] : used[-1] + 1], rtol=1e-12)
    assert grouped.channels.low[1] == response.channels.low[100]
    assert grouped.channels.high[1] == response.channels.high[198]  # 199 is left out


def test_a_response_is_extended_by_bins_that_reach_no_channel():
    for response in (diagonal(), large()[0]):
        longer = response.extended(0.1, 40.0)
        below = int(np.flatnonzero(np.isclose(longer.low, response.low[0], rtol=1e-12))[0])
        size = len(response.low)
        np.testing.assert_allclose([longer.low[0], longer.high[-1]], [0.1, 40.0])
        np.testing.assert_array_equal(np.asarray(longer.matrix)[:, below : below + size], np.asarray(response.matrix))
        assert np.asarray(longer.matrix).sum() == np.asarray(response.matrix).sum()
        assert np.max(np.diff(np.log(longer.low[: below + 1]))) <= np.log(response.high[0] / response.low[0]) * (
            1 + 1e-9
        )
        np.testing.assert_allclose(longer.low[1:], longer.high[:-1])
    assert diagonal().extended(1.0, 2.0).shape == diagonal().shape
    assert diagonal().extended(high=6.0).shape == (10, 11)
    with pytest.raises(ValueError, match=r"low = 0.0 must be a finite, positive energy"):
        diagonal().extended(0.0)
    with pytest.raises(ValueError, match="extend it by less"):
        large()[0].extended(1e-200)


BAD = {
    "must be positive|positive": {"low": [-1.0, 1.0], "high": [1.0, 2.0]},
    "not below high": {"low": [1.0, 2.0], "high": [1.0, 3.0]},
    "without gap or overlap": {"low": [1.0, 2.1], "high": [2.0, 3.0]},
    r"high\[1\] = nan": {"high": [2.0, np.nan]},
    r"shapes \(3,\) and \(2,\)": {"low": [1.0, 2.0, 3.0]},
    r"matrix has shape \(2, 3\)": {"matrix": np.ones((2, 3))},
    "matrix holds -1": {"matrix": [[1.0, 0.0], [-1.0, 1.0]]},
    "matrix holds inf": {"matrix": [[1.0, 0.0], [np.inf, 1.0]]},
    "channels are 3, the matrix has 2 rows": {"channels": [1.0, 2.0, 3.0, 4.0]},
    "give m \\+ 1 edges": {"channels": 3.0},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_responses_are_refused_by_name(message):
    good = {"low": [1.0, 2.0], "high": [2.0, 3.0], "matrix": np.eye(2), "channels": [1.0, 2.0, 3.0]}
    with pytest.raises(ValueError, match=message):
        counts.Response(**(good | BAD[message]))
    with pytest.raises(ValueError, match="photons has shape"):
        counts.Response(**good).fold(jnp.ones(3))


def test_selection_keeps_what_lies_wholly_inside():
    observation = observe().select(0.9, 4.1)
    assert observation.counts.tolist() == [2, 3, 4, 5, 6, 7]
    assert (observation.low[0], observation.high[-1]) == (1.0, 4.0)
    assert observation.select(1.0, 2.0).counts.tolist() == [2, 3]
    with pytest.raises(ValueError, match=r"leaves no group of the spectrum: its 10 groups lie between 0.5 and 5.5 keV"):
        observe().select(6.0, 7.0)


@pytest.mark.parametrize("rule", [counts.AsFiled(), counts.Ungrouped(), counts.Edges([0.5, 1.5, 2.5, 3.5, 4.5])])
def test_selecting_and_grouping_in_either_order(rule):
    observation = observe(grouping=[1, -1, 1, -1, -1, 1, -1, 1, 0, -1], quality=[0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
    one, other = observation.select(1.5, 4.5).group(rule), observation.group(rule).select(1.5, 4.5)
    assert one.counts.tolist() == other.counts.tolist()
    assert len(one) >= 2
    np.testing.assert_array_equal(one.folding.matrix, other.folding.matrix)


def test_minimum_counts_groups_from_the_start_and_leaves_the_rest():
    observation = observe().group(counts.MinimumCounts(6))
    assert observation.counts.tolist() == [6, 9, 6, 7, 8, 9, 10]
    assert observe().group(counts.MinimumCounts(40)).counts.tolist() == [45]
    rest = observe(quality=[0, 1, 0, 0, 0, 0, 0, 0, 2, 5]).group(counts.MinimumCounts(8))
    assert rest.counts.tolist() == [8, 11, 15, 9]
    assert rest.folding.matrix.sum() == 100.0 * 100 * 8
    with pytest.raises(ValueError, match="makes no group of the 10 selected channels with 55 counts"):
        observe().group(counts.MinimumCounts(56))


def test_signal_to_noise_counts_the_background():
    off = counts.Spectrum(np.full(10, 4.0), 200.0)
    observation = observe(off=off).group(counts.MinimumSignal(1.5))
    bounds = np.flatnonzero(np.diff(observation.label)) + 1
    assert observation.label[0] == 0
    net, variance = np.cumsum(np.arange(1, 11) - 2.0), np.cumsum(np.arange(1, 11) + 1.0)
    assert np.flatnonzero(net >= 1.5 * np.sqrt(variance))[0] + 1 == bounds[0]
    assert len(observe().group(counts.MinimumSignal(1.0))) == 10


def test_edges_hold_the_middles_of_channels():
    observation = observe().group(counts.Edges([1.1, 2.1, 2.2, 4.1]))
    assert observation.counts.tolist() == [2 + 3, 4 + 5 + 6 + 7]
    assert observation.low.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"Edges.edges = \(2, 1\) must be"):
        counts.Edges([2, 1])


def test_optimal_groups_are_as_wide_as_resolution_and_counts_allow():
    edges = np.linspace(1.0, 11.0, 401)
    middle = 0.5 * (edges[1:] + edges[:-1])
    sigma = 0.3
    lines = np.exp(-0.5 * ((middle[:, None] - middle) / sigma) ** 2)
    response = counts.Response(edges[:-1], edges[1:], lines, edges)
    width = 2 * np.sqrt(2 * np.log(2)) * sigma / 0.025
    np.testing.assert_allclose(resolution(response)[50:350], width, rtol=1e-3)
    np.testing.assert_allclose(resolution(diagonal()), 1.0)
    few = counts.Observation(counts.Spectrum(np.zeros(400), 1.0), response).group(counts.Optimal())
    assert np.median(np.bincount(few.label)) == int(width)
    many = counts.Observation(counts.Spectrum(np.full(400, 1e4), 1.0), response).group(counts.Optimal())
    x = np.log(1e4 * width / 0.7610 * (1 + 0.2 * np.log(400 / width)))
    assert 1 < np.median(np.bincount(many.label)) == int(width * (0.08 * x + 7.0 + 1.8 / x) / (x + 5.9))
    assert many.counts.sum() == 4e6


@pytest.mark.parametrize(
    ("counts_", "elements", "width"),
    [
        (5.0, 1.0, 1.0),  # x = ln 5 is below 2.119
        (np.exp(2.119), 1.0, 1.0),  # where both branches meet
        (np.exp(5.0), 1.0, 0.711927),  # 1.552/2.18
        (np.exp(10.0), 1.0, 0.501887),  # 0.798/1.59
        (np.exp(20.0), 1.0, 0.335521),  # 0.4345/1.295
        (1000.0, 100.0, 0.582657),  # x = ln 1921.034 = 7.560618
        (1e5, 1000.0, 0.445051),  # x = ln 238155.1 = 12.380678
        (0.0, 50.0, 1.0),
    ],
)
def test_the_width_of_groups_is_that_of_kaastra_and_bleeker(counts_, elements, width):
    """Delta/FWHM = (0.08 + 7.0/x + 1.8/x^2)/(1 + 5.9/x), their equation 36, x of equation 37, worked out by hand."""
    assert float(optimal_width(np.array(counts_), elements)) == pytest.approx(width, abs=2e-6)


def test_resolution_elements_count_in_selected_channels_alone():
    """R = sum 1/FWHM (their B1) and counts within FWHM over 0.7610 = erf(sqrt(ln 2)) (B2 to B4), of two resolutions."""
    assert pytest.approx(erf(np.sqrt(np.log(2))), abs=5e-5) == _INSIDE
    edges = np.linspace(1.0, 13.0, 481)
    middle = 0.5 * (edges[1:] + edges[:-1])
    sigma = np.where(middle < 7.0, 0.1, 0.4)
    lines = np.exp(-0.5 * ((middle[:, None] - middle) / sigma) ** 2)
    response = counts.Response(edges[:-1], edges[1:], lines, edges)
    whole = counts.Observation(counts.Spectrum(np.full(480, 200.0), 1.0), response)
    for low, high, at in ((1.0, 13.0, 12.0), (7.5, 13.0, 12.0), (1.0, 6.5, 3.0)):
        observation = whole.select(low, high)
        keep = np.flatnonzero(observation.selected)
        width = resolution(response)
        elements = np.sum(1 / width[keep])
        wide = np.sqrt(8 * np.log(2)) * (0.4 if at > 7 else 0.1) / 0.025
        expected = int(wide * float(optimal_width(np.array(200 * wide / 0.7610), elements)))
        label = observation.group(counts.Optimal()).label
        here = label[int((at - 1.0) / 0.025)]
        assert np.sum(label == here) == expected


def test_grouped_backgrounds_keep_what_is_expected():
    off = counts.Spectrum([4, 0, 6, 0, 0, 0, 1, 2, 3, 4], 200.0, back_scale=[1, 2, 4, 1, 2, 4, 1, 1, 1, 1])
    observation = observe(off=off, back_scale=3.0, grouping=[1, -1, -1, 1, -1, -1, 1, -1, -1, -1])
    scale = 100 * 3.0 / (200.0 * off.back_scale)
    expected = [np.sum(scale[:3] * off.counts[:3]) / 10, scale[3:6].mean(), 1.5]
    np.testing.assert_allclose(observation.ratio, expected)
    assert observation.background.tolist() == [10, 0, 10]
    np.testing.assert_allclose(observation.scale, scale)


def test_area_and_exposure_are_multiplied_in_once():
    area = np.linspace(0.1, 1.0, 10)
    folding = observe(area_scale=area, grouping=[1, -1] * 5).folding
    np.testing.assert_allclose(folding.fold(jnp.ones(10)), 100 * 100 * (area[::2] + area[1::2]))


def test_numbers_that_are_no_counts_are_kept_and_said():
    observation = observe(np.array([1.5, -1, 2, 3]), error=np.array([3.0, 4.0, 0.0, 1.0]), grouping=[1, -1, 0, 0])
    assert not observation.integer
    assert observation.counts.tolist() == [0.5, 2, 3]
    assert observation.error.tolist() == [5, 0, 1]
    assert observe().integer
    assert not observe(off=counts.Spectrum(np.full(10, 0.5), 1.0)).integer
    assert not observe(off=counts.Spectrum(np.ones(10), 1.0, poisson=False)).poisson


def test_a_rule_of_ones_own():
    class Pairs(counts.AbstractGrouping):
        def __call__(self, observation):
            return np.where(observation.selected, np.arange(len(observation.on)) // 2, -1)

    assert observe().select(1.5, 5.5).group(Pairs()).counts.tolist() == [7, 11, 15, 19]


def test_bad_observations_are_refused():
    spectrum = counts.Spectrum([1, 2], 1.0, channel=[1, 3])
    with pytest.raises(ValueError, match="response has the channels 1 to 2, the spectrum 1 to 3: 1 of these"):
        counts.Observation(spectrum, diagonal(2))
    with pytest.raises(ValueError, match="background has the channels 1 to 2"):
        counts.Observation(counts.Spectrum([1, 2, 3], 1.0), diagonal(3), counts.Spectrum([1, 2], 1.0))
    with pytest.raises(ValueError, match="no channel is left"):
        observe([1, 2], quality=5)
    with pytest.raises(ValueError, match=r"quality has shape \(3,\): give one number, or one for each of 2 channels"):
        counts.Spectrum([1, 2], 1.0, quality=[1, 2, 3])
    with pytest.raises(ValueError, match=r"exposure = -1.0 s must be positive"):
        counts.Spectrum([1, 2], -1.0)
    sparse = counts.Observation(counts.Spectrum([1, 2], 1.0, channel=[1, 3]), diagonal(3))
    assert sparse.low.tolist() == diagonal(3).channels.low[[0, 2]].tolist()


def resolved(bad=()):
    """160 channels of 0.05 keV between 1 and 9 keV, a resolution of 0.24 keV, 20 counts each."""
    edges = np.linspace(1.0, 9.0, 161)
    middle = 0.5 * (edges[1:] + edges[:-1])
    response = counts.Response(edges[:-1], edges[1:], np.exp(-0.5 * ((middle[:, None] - middle) / 0.1) ** 2), edges)
    quality = np.zeros(160, int)
    quality[list(bad)] = 5
    return counts.Observation(counts.Spectrum(np.full(160, 20.0), 1.0, quality=quality), response)


@pytest.mark.parametrize("rule", [counts.Optimal(), counts.MinimumCounts(70), counts.MinimumSignal(7.0)])
def test_groups_end_before_what_was_not_selected(rule):
    ignored = resolved().ignore(2.2, 7.0).group(rule)
    assert not np.any((ignored.low < 2.2) & (ignored.high > 7.0))
    assert np.max(ignored.high - ignored.low) < 0.3
    assert np.all((ignored.high <= 2.2 + 1e-9) | (ignored.low >= 7.0 - 1e-9))


def test_groups_are_as_wide_as_they_may_be_with_what_is_bad_in_them():
    whole, holes = resolved().group(counts.Optimal()), resolved([20, 21, 22]).group(counts.Optimal())
    assert np.max(holes.high - holes.low) <= np.max(whole.high - whole.low) + 1e-9
    some = resolved([21]).group(counts.MinimumCounts(70))
    assert np.max(some.high - some.low) == pytest.approx(0.25)  # a group goes on behind a bad channel


def test_ranges_are_ignored():
    observation = observe()
    assert observation.ignore(1.5, 2.5).counts.tolist() == [1, 2, 5, 6, 7, 8, 9, 10]
    with pytest.raises(ValueError, match=r"ignore\(0, 9\) leaves no group"):
        observation.ignore(0.0, 9.0)
    with pytest.raises(ValueError, match=r"ignore\(3, 2\): give two energies"):
        observation.ignore(3.0, 2.0)
