"""Figures of inference: contours hold the mass they claim, ellipses are the covariance's, residuals are the data's."""

import dataclasses
import json
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from scipy.stats import norm

import sightline as sl
from sightline import plot, registry
from sightline.plot import densities, names
from sightline.plot.predictions import _histogram as rank_histogram
from sightline.statistics.layout import layout

NAMES = ["simulator.magnetic_field.b0", "simulator.disk.scale_height", "simulator.halo.scale_height", "arms"]
UNITS = ["uG", "kpc", "kpc", "cm-3"]
COVARIANCE = np.array([[1.0, 0.8, 0.0, 0.0], [0.8, 1.0, 0.3, 0.0], [0.0, 0.3, 1.0, -0.2], [0.0, 0.0, -0.2, 1.0]])
SCALE = np.array([0.03, 0.1, 0.2, 1e-6])
MEAN = np.array([1.2, 1.0, 3.0, 4e-5])


def draws_of(vector, names=NAMES, units=UNITS, diverging=None):
    """Chains of these numbers, (chains, draws, n)."""
    parameters = {
        name: (("chain", "draw"), vector[..., i], {"units": unit})
        for i, (name, unit) in enumerate(zip(names, units, strict=True))
    }
    given = {} if diverging is None else {"diverging": (("chain", "draw"), diverging.astype(np.int8))}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(parameters), "sample_stats": xr.Dataset(given)})
    tree.attrs = {"names": json.dumps(list(names)), "algorithm": "NUTS()"}
    return sl.Chains(tree)


@pytest.fixture(scope="module")
def chains():
    noise = np.random.default_rng(0).multivariate_normal(np.zeros(4), COVARIANCE, size=(4, 1500))
    diverging = np.zeros((4, 1500), bool)
    diverging[1, [30, 700]] = True
    return draws_of(MEAN + SCALE * noise, diverging=diverging)


@pytest.fixture(scope="module")
def problem():
    """A posterior of every kind of data."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(),),
    )
    model, cells, generator = sl.Model(simulator, nuisance={"scatter": 30.0}), sl.BoxCells(8), np.random.default_rng(1)
    sky = sl.HealpixSky(2)
    lines = sl.Sightlines(sky, cells)
    maps = sl.instruments.add_noise(simulator(lines, 23.0), sigma=1e-6, key=jax.random.key(1))
    points = sl.Directions(generator.uniform(0, 360, 90), generator.uniform(-90, 90, 90))
    rm = sl.observables.RotationMeasure(sl.Sightlines(points, cells))
    measured = np.asarray(rm(model)) + generator.normal(scale=30, size=90)
    counts = generator.poisson(60, 30).astype(float)
    likelihoods = [
        sl.MapLikelihood(lines, 23.0, maps, 1e-6, parameters="QU", mask=np.arange(sky.size) != 7, name="sky"),
        sl.SourceLikelihood(rm, measured, error=2.0, scatter="scatter"),
        sl.BinnedLikelihood(rm, measured, bins=1, minimum=3),
        sl.Likelihood(lambda m: 50 * m.simulator.magnetic_field.b0 * jnp.ones(30), counts, sl.statistics.Poisson()),
    ]
    space = sl.ParameterSpace(model, {"simulator.magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    return sl.Posterior(space, likelihoods)


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


@pytest.mark.parametrize("bent", [False, True])
def test_contours_hold_the_mass_they_claim(chains, bent):
    """Of the draws themselves; and of new ones, within what few draws allow, also of a banana."""
    generator = np.random.default_rng(2)

    def draw(count):
        x, y = generator.multivariate_normal(np.zeros(2), [[1.0, 0.95], [0.95, 1.0]], count).T
        return np.stack([x, 1e-6 * (y + 0.5 * x**2 if bent else y)], axis=-1)

    from scipy.interpolate import RegularGridInterpolator

    draws = draw(8000)
    found = densities.contours(draws, (densities.ONE_SIGMA, densities.TWO_SIGMA))
    assert found.levels == sorted(found.levels)
    at = RegularGridInterpolator((found.y, found.x), found.values, bounds_error=False, fill_value=0.0)
    for level, mass in zip(found.levels, (densities.TWO_SIGMA, densities.ONE_SIGMA), strict=True):
        assert np.mean(at(draws[:, ::-1]) > level) == pytest.approx(mass, abs=2e-3)
        assert np.mean(at(draw(8000)[:, ::-1]) > level) == pytest.approx(mass, abs=0.02)


def test_contours_of_a_gaussian_are_its_ellipses(chains):
    """Half axes of the drawn contour against the square roots of the eigenvalues, in both panels' units."""
    figure = plot.corner(chains, names=NAMES[:2])
    panel = figure.axes[1]
    vertices = panel.collections[-1].get_paths()[0].vertices  # of the lower level: two standard deviations
    apart = (vertices - MEAN[:2]) / SCALE[:2]
    distance = np.sqrt(np.einsum("ni,ij,nj->n", apart, np.linalg.inv(COVARIANCE[:2, :2]), apart))
    assert np.median(distance) == pytest.approx(2.0, rel=0.1)


def test_masses_are_those_of_a_gaussian_of_two_dimensions():
    assert round(100 * densities.ONE_SIGMA, 1) == 39.3
    assert round(100 * densities.TWO_SIGMA, 1) == 86.5


def test_ellipses_are_the_covariance(problem):
    """x^T C^-1 x = 1 and 4 on the drawn curves, and the curve above is a Gaussian of unit area."""
    space = sl.ParameterSpace(problem.space.model, {"simulator.magnetic_field.psi*": dist.Uniform(-90.0, 90.0)})
    fisher = sl.fisher(sl.Posterior(space, problem.likelihoods))
    figure = plot.corner(fisher, truths=space.initial)
    panel, center = figure.axes[1], np.array([27.0, 0.9])
    for line, sigmas in zip(panel.lines[:2], (1, 2), strict=True):
        apart = line.get_xydata() - center
        np.testing.assert_allclose(
            np.einsum("ni,ij,nj->n", apart, np.linalg.inv(fisher.covariance), apart), sigmas**2, rtol=1e-6
        )
    x, y = figure.axes[0].lines[0].get_data()
    assert np.trapezoid(y, x) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(y, norm.pdf(x, 27.0, fisher.standard_deviations[0]), rtol=1e-6)
    assert panel.lines[2].get_xdata()[0] == pytest.approx(27.0)
    assert panel.lines[3].get_ydata()[0] == pytest.approx(0.9)


def test_contours_hold_what_their_legend_says(problem):
    """68 % of a Gaussian of two dimensions lie within 1.5096 standard deviations, 95 % within 2.4477 (chi^2 of 2)."""
    space = sl.ParameterSpace(problem.space.model, {"simulator.magnetic_field.psi*": dist.Uniform(-90.0, 90.0)})
    fisher = sl.fisher(sl.Posterior(space, problem.likelihoods))
    figure = plot.corner(fisher, levels=(0.68, 0.95))
    for line, sigmas in zip(figure.axes[1].lines, (1.5096, 2.4477), strict=True):
        apart = line.get_xydata() - np.array([27.0, 0.9])
        squares = np.einsum("ni,ij,nj->n", apart, np.linalg.inv(fisher.covariance), apart)
        np.testing.assert_allclose(np.sqrt(squares), sigmas, rtol=1e-4)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["68 %", "95 %"]
    with pytest.raises(ValueError, match="levels"):
        plot.corner(fisher, levels=(0.95, 0.68))


def test_fit_is_drawn_at_its_values(problem):
    result = sl.fit(problem, sl.BFGS(tolerance=0.1))
    figure = plot.corner(result)
    x, y = figure.axes[0].lines[0].get_data()
    assert x[np.argmax(y)] == pytest.approx(float(result.parameters["simulator.magnetic_field.b0"]), rel=1e-3)
    with pytest.raises(ValueError, match=r"no covariance.*sl\.fisher"):
        plot.corner(sl.fit(problem, sl.BFGS(tolerance=0.1), covariance=0))


def test_numbers_above_the_columns_and_labels(chains):
    figure = plot.corner(chains)
    assert titles(figure)[0] == "1.200 ± 0.030"
    bottom = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    heights = ["disk.\nscale_height [kpc]", "halo.\nscale_height [kpc]"]
    assert bottom == ["b0 [µG]", *heights, "arms [$10^{-5}$ cm$^{-3}$]"]
    low, high = figure.axes[-1].get_xlim()
    assert low < 4.0 < high < 5
    assert len(figure.axes) == 10


def test_several_distributions_share_axes_and_a_legend(chains, problem):
    fisher = sl.fisher(problem)
    figure = plot.corner(chains, fisher, labels=["NUTS", "Fisher"], truths={NAMES[1]: 1.5})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["NUTS", "Fisher", "39.3 %", "86.5 %"]
    assert len(figure.axes[0].lines) == 1
    assert figure.axes[2].get_xlim()[1] > 1.5
    assert not titles(figure)


def test_sixteen_parameters_do_not_run_into_each_other():
    """No label of an axis overlaps its neighbours, measured on the finished canvas."""
    called = [f"field.terms.{i}.{name}" for i in range(4) for name in ("b0", "psi0", "psi1", "chi0")]
    numbers = np.random.default_rng(3).normal(size=(2, 200, 16))
    figure = plot.corner(draws_of(numbers, called, ["uG", "deg", "deg", "deg"] * 4))
    figure.canvas.draw()
    last = figure.axes[-16:]
    boxes = [tick.get_window_extent() for axes in last for tick in axes.get_xticklabels() if tick.get_text()]
    boxes = [box for box in boxes if box.width > 0]
    for axis in ([axes.xaxis for axes in last], [axes.yaxis for axes in figure.axes if axes.get_ylabel()]):
        extents = [one.label.get_window_extent() for one in axis]
        assert not any(one.overlaps(two) for i, one in enumerate(extents) for two in extents[:i])
        assert not any(one.overlaps(box) for one in extents for box in boxes)


def test_axes_bear_the_symbols_that_parameters_declare(problem):
    """Of a Fisher matrix and of chains, with their units; names where two parameters have one symbol, or none."""
    dust = sl.components.ModifiedBlackbody()
    model = {"dust": dust, "other": sl.components.ModifiedBlackbody(), "offset": jnp.asarray(0.5)}
    priors = {"dust.*": dist.Uniform(0.0, 50.0), "other.index": dist.Uniform(0.0, 5.0), "offset": dist.Normal(0.0, 1.0)}

    def labels(*free):
        space = sl.ParameterSpace(model, {name: priors[name] for name in free})
        leaves = lambda m: jnp.stack([m["dust"].index, m["dust"].temperature, m["other"].index, m["offset"]])  # noqa: E731
        posterior = sl.Posterior(space, sl.Likelihood(leaves, np.ones(4), sl.statistics.Gaussian(0.1 * np.ones(4))))
        drawn = np.random.default_rng(0).normal(size=(2, 50, space.size))
        chains = sl.Chains.of(posterior, drawn, {}, {"algorithm": "NUTS()"})
        figures = plot.corner(sl.fisher(posterior)), plot.corner(chains), plot.trace(chains)
        return [
            [one for axes in figure.axes for one in (axes.get_xlabel(), axes.get_ylabel()) if one] for figure in figures
        ]

    fisher, drawn, traces = labels("dust.*", "offset")
    assert fisher == drawn == [r"$T_d$ [K]", r"$\beta_d$", "offset", r"$T_d$ [K]", "offset"]
    assert traces == [r"$\beta_d$", "$T_d$ [K]", "draw", "offset"]
    assert labels("dust.*", "other.index")[0][1:] == ["dust.index", "other.index", "$T_d$ [K]", "other.index"]


def test_every_symbol_can_be_set():
    """Matplotlib reads what fields declare; letters in a row are a word only where they say so."""
    from matplotlib.mathtext import MathTextParser

    known = [cls for room in registry.MODELS for cls in registry.public_classes(room).values()]
    symbols = {field.metadata.get("symbol", "") for cls in known for field in dataclasses.fields(cls)} - {""}
    assert len(symbols) > 150
    for symbol in symbols:
        MathTextParser("path").parse(f"${symbol}$")
    assert [one for one in symbols if re.search(r"[A-Za-z]{3}", re.sub(r"\\mathrm\{\w+\}|\\[A-Za-z]+", "", one))] == []


def test_short_names():
    assert names.short(["a.b.c", "a.d.c", "e"]) == ["b.c", "d.c", "e"]
    assert names.short(["h", "disk.h", "arm.disk.h"]) == ["h", "disk.h", "arm.disk.h"]
    assert names.pretty("rad / m2") == "rad m$^{-2}$"
    tight = names.axis("b0", "uG", 1.2 - 1e-6, 1.2 + 1e-6)
    assert tight.label == "b0\n− 1.2000000 [$10^{-6}$ µG]"
    assert tight(np.array(1.2 + 1e-6)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"names": ["b1"]}, ValueError, "no parameter 'b1'"),
        ({"truths": {"simulator.magnetic_field.b1": 1.0}}, ValueError, "magnetic_field.b0"),
        ({"truths": {"arms": [1.0, 2.0]}}, ValueError, "arms.*2 values"),
        ({"labels": ["a", "b"]}, ValueError, "labels names 2 of 1"),
    ],
)
def test_corner_refuses(chains, change, error, message):
    with pytest.raises(error, match=message):
        plot.corner(chains, **change)


def test_corner_refuses_what_it_cannot_draw(chains, problem):
    with pytest.raises(TypeError, match="dict cannot be drawn"):
        plot.corner({})
    with pytest.raises(ValueError, match="not finite"):
        plot.corner(draws_of(chains.vector * np.nan))
    with pytest.raises(ValueError, match="none of the parameters"):
        plot.corner(chains, sl.fisher(problem), names=["arms*"])
    with pytest.raises(ValueError, match=r"name up to 40.*names="):
        names.choose([f"a[{i}]" for i in range(41)], None)


def test_trace_shows_chains_and_divergences(chains, tmp_path):
    figure = plot.trace(chains, path=tmp_path / "trace.png")
    left, right = figure.axes[:2]
    np.testing.assert_array_equal(left.lines[2].get_ydata(), chains.vector[2, :, 0])
    np.testing.assert_array_equal(left.lines[4].get_xdata(), [30, 700])
    assert right.texts[0].get_text() == f"r-hat {chains.r_hat[0]:.3f}\nESS {chains.ess[0]:.0f}"
    heights = right.patches[0].get_xy()
    assert heights[:, 1].min() >= chains.vector[..., 0].min() - 1e-12
    assert len(figure.axes) == 8
    with pytest.raises(FileExistsError, match="overwrite"):
        plot.trace(chains, path=tmp_path / "trace.png")
    assert len(plot.trace(draws_of(chains.vector), names=["arms"]).axes) == 2


def test_residuals_are_data_minus_model_over_sigma(problem, tmp_path):
    values = {"simulator.magnetic_field.b0": 1.5}
    figure = plot.residuals(problem, values, path=tmp_path / "residuals.png")
    model = problem.space.replace(values)
    sky, sources, bins, counts = problem.likelihoods
    found = [text.get_text() for box in figure.subfigs for text in [box._suptitle]]
    for text, one, name in zip(found, problem.likelihoods, ("sky", "sources", "bins", "data"), strict=True):
        assert text.startswith(f"{name}: C/n" if name == "data" else rf"{name}: $\chi^2$/n")
        assert f"/{one.size} = {float(one.deviance(model)) / one.size:.3g}" in text
    q = figure.subfigs[0].axes
    shown = [axes for axes in q if axes.name == "mollweide"]
    assert [axes.get_title() for axes in shown[:3]] == ["$Q$, 23 GHz: data", "model", r"(data $-$ model)/$\sigma$"]
    expected = (np.asarray(sky.data) - np.asarray(sky.mean(model))) / 1e-6
    image = shown[2].images[0].get_array()
    np.testing.assert_allclose([image.min(), image.max()], [expected[0].min(), expected[0].max()], rtol=1e-9)
    assert np.mean(image.mask) == pytest.approx(np.pi / 4 / 48, rel=0.1)  # one pixel of 48 is masked
    scatter = [axes for axes in figure.subfigs[1].axes if axes.name == "mollweide"][2].collections[-1]
    pulls = (np.asarray(sources.data) - np.asarray(sources.mean(model))) / np.hypot(2.0, 30.0)
    np.testing.assert_allclose(np.sort(scatter.get_array()), np.sort(pulls), rtol=1e-9)
    line = figure.subfigs[3].axes[2].lines[0].get_ydata()
    np.testing.assert_allclose(line, (np.asarray(counts.data) - 75.0) / np.sqrt(75.0), rtol=1e-9)
    assert layout(bins).place.l.shape == (bins.size,)
    with pytest.raises(FileExistsError, match="overwrite"):
        plot.residuals(problem, values, path=tmp_path / "residuals.png")
    with pytest.raises(ValueError, match="is not free"):
        plot.residuals(problem, {"b1": 1.0})


def test_places_of_data(problem):
    sky, sources, bins, counts = problem.likelihoods
    pixels = layout(sky).place.sky
    np.testing.assert_array_equal(pixels.indices, np.delete(np.arange(48), 7))
    l, _ = sources.observable.sightlines.sky.lonlat()
    np.testing.assert_allclose(layout(sources).place.l, l)
    middle = sl.HealpixSky(1).lonlat()
    kept, found = np.asarray(bins.kept), layout(bins).place
    apart = np.cos(np.deg2rad(found.b - middle[1][kept]))
    assert np.all(apart > np.cos(np.deg2rad(40)))
    assert layout(counts).place.kind == "axis"
    assert layout(bins).unit == layout(sources).unit == "rad m$^{-2}$"


def test_predictive_ranks_and_moments(problem, tmp_path):
    generator = np.random.default_rng(4)
    draws = {"sources": np.asarray(problem.likelihoods[1].data) + generator.normal(size=(40, 90))}
    draws["sky"] = np.asarray(problem.likelihoods[0].data) + 1e-6 * generator.normal(size=(40, 2, 47))
    figure = plot.predictive(problem, draws, path=tmp_path / "predictive.pdf")
    first = [axes for axes in figure.subfigs[0].axes if axes.name == "mollweide"]
    assert [axes.get_title() for axes in first] == ["data", "predictive mean", "predictive s.d."]
    for axes, expected in zip(first[1:], (draws["sources"].mean(0), draws["sources"].std(0, ddof=1)), strict=True):
        np.testing.assert_allclose(np.sort(axes.collections[-1].get_array()), np.sort(expected), rtol=1e-9)
    with pytest.raises(FileExistsError, match="overwrite"):
        plot.predictive(problem, draws, path=tmp_path / "predictive.pdf")
    with pytest.raises(ValueError, match=r"no likelihood 'skies'.*sky"):
        plot.predictive(problem, {"skies": draws["sky"]})
    with pytest.raises(ValueError, match=r"\(40, 2, 46\)"):
        plot.predictive(problem, {"sky": draws["sky"][..., 1:]})


def test_uniform_ranks_lie_in_the_band():
    from sightline.plot.canvas import new_figure

    axes = new_figure(4.0, 3.0).add_subplot()
    rank_histogram(axes, np.random.default_rng(5).integers(0, 65, 4000), 64)
    bars, band = axes.patches[0].get_data(), axes.patches[1].get_data()
    inside = (bars.values >= band.baseline) & (bars.values <= band.values)
    assert np.mean(inside) >= 0.8
    assert bars.values.mean() == pytest.approx(1, abs=0.02)


class Spectrum(eqx.Module):
    """Photons by energy, of which the first channel is ignored."""

    coordinates: jax.Array
    axis: str = eqx.field(default="energy", static=True)

    def __call__(self, model):
        return model["norm"] * self.coordinates**-2


@pytest.mark.parametrize("kept", [None, [1, 2, 3]])
def test_residuals_are_drawn_against_the_axis_that_data_name(kept):
    energies = np.array([0.5, 1.0, 2.0, 8.0])
    seen = energies if kept is None else energies[kept]
    likelihood = sl.Likelihood(
        Spectrum(jnp.asarray(energies)), 4 / seen**2, sl.statistics.Gaussian(np.ones(seen.size)), kept=kept
    )
    space = sl.ParameterSpace({"norm": jnp.asarray(3.0)}, {"norm": dist.Uniform(0.0, 9.0)})
    posterior = sl.Posterior(space, likelihood)
    axes = plot.residuals(posterior, {}).axes
    assert [one.get_xlabel() for one in axes[:3]] == ["energy"] * 3
    np.testing.assert_array_equal(axes[0].lines[0].get_xdata(), seen)
    np.testing.assert_allclose(axes[2].lines[0].get_ydata(), 1 / seen**2)
    draws = {"data": np.random.default_rng(0).normal(size=(20, seen.size))}
    axes = plot.predictive(posterior, draws).axes
    assert axes[1].get_xlabel() == "energy"
    np.testing.assert_array_equal(axes[1].lines[0].get_xdata(), seen)


def test_an_axis_without_coordinates_is_counted():
    named = Spectrum(jnp.ones((2, 4)))  # of a shape that data along one axis do not have
    likelihood = sl.Likelihood(lambda m: named(m)[0], np.ones(4), sl.statistics.Gaussian(np.ones(4)))
    assert layout(likelihood).place.label == "datum"
    place = layout(sl.Likelihood(named, np.ones((2, 4)), sl.statistics.Gaussian(np.ones((2, 4))))).place
    assert place.label == "energy"
    np.testing.assert_array_equal(place.values, np.arange(4))
