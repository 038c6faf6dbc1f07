"""Figures of separations: what is drawn is what was found."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline import plot
from toy_components import mixing_of_u

jax.config.update("jax_enable_x64", True)

SKY = sl.HealpixSky(4, np.arange(30, 192))
BANDS = sl.instruments.Bands([40.0, 78.0, 140.0, 280.0, 402.0], [37.0, 12.0, 5.0, 14.0, 47.0])


@pytest.fixture(scope="module")
def found():
    l, b = np.deg2rad(np.stack(SKY.lonlat()))
    maps = np.stack([np.cos(l) * np.cos(b), np.sin(2 * b)]) * np.array([0.6, 3.0, 20.0])[:, None, None]
    data = np.einsum("bcn,ckn->kbn", mixing_of_u()(BANDS, SKY.size), maps)
    likelihood = sl.SpectralLikelihood(BANDS, data, unit="uK_CMB", convention="COSMO", sky=SKY)
    return likelihood.amplitudes(mixing_of_u())


def images(figure):
    return [axes.images[0] for axes in figure.axes if axes.images]


def test_components_are_drawn_in_their_pixels(found):
    figure = plot.components(found, title="sky")
    shown = images(figure)
    assert len(shown) == 6
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles[:3] == ["cmb: $Q$", "cmb: $U$", "dust: $Q$ at 150 GHz"]
    dust = shown[2].get_array()
    assert 0.05 < np.mean(dust.mask) < 0.5  # pixels that are not in the sky, and the corners
    assert np.nanmax(dust) == pytest.approx(1e6 * float(np.max(found["dust"].Q)), rel=1e-6)
    assert shown[2].norm.vmin == -shown[2].norm.vmax
    with pytest.raises(TypeError, match=r"likelihood\.amplitudes"):
        plot.components({"cmb": found["cmb"]})


def test_clusters_have_colours_of_their_own():
    sky = sl.HealpixSky(4)
    labels = sl.components.multiresolution(sky, 1)
    (image,) = images(plot.clusters(labels, sky))
    assert set(np.unique(image.get_array().compressed())) == set(range(12))
    assert len({tuple(colour) for colour in image.cmap.colors}) == 12
    values = np.linspace(1.4, 1.7, 12)
    first, second = images(plot.clusters(sl.components.Clusters(values, labels), sky))
    np.testing.assert_allclose(np.unique(second.get_array().compressed()), values)
    assert first.get_array().shape == second.get_array().shape
    with pytest.raises(ValueError, match="192 pixels, the sky 48"):
        plot.clusters(labels, sl.HealpixSky(2))
    with pytest.raises(ValueError, match="gaps"):
        plot.clusters(2 * labels, sky)


def posterior(mean, names=("x",)):
    """Gaussian data of sd 1e-3 for each number, correlated where there are two."""
    space = sl.ParameterSpace({name: jnp.asarray(0.005) for name in names}, {"*": dist.Uniform(0.0, 0.01)})

    def law(model):
        return jnp.stack([model[name] for name in names] + [sum(model[name] for name in names)])

    data = np.append(np.atleast_1d(mean), np.sum(mean))
    noise = sl.statistics.Gaussian(np.full(len(data), 1e-3))
    return sl.Posterior(space, sl.Likelihood(law, data, noise))


def test_posteriors_of_one_number():
    inside, edge = (sl.scan(posterior(mean), {"x": (0.0, 0.01)}) for mean in (0.004, -0.001))
    figure = plot.scan(inside, truths={"x": 0.004})
    (panel,) = figure.axes
    x, density = panel.lines[0].get_data()
    factor = 1000
    assert "$10^{-3}$" in panel.get_xlabel()
    np.testing.assert_allclose(density * factor, inside.density(x / factor), rtol=1e-9)
    assert panel.get_title() == "4 +0.71 \N{MINUS SIGN}0.71 (68.3 %)"
    assert panel.lines[1].get_xdata()[0] == pytest.approx(4.0)
    assert plot.scan(edge).axes[0].get_title() == f"< {1e3 * edge.upper(0.95):.4g} (95 %)"
    assert len(plot.scan(inside, edge, labels=["a", "b"]).axes[0].lines) == 2
    for bad, error, text in (
        (([inside]), TypeError, "is no scan"),
        ((inside, inside), ValueError, "labels names 1 of 2"),
    ):
        with pytest.raises(error, match=text):
            plot.scan(*(bad if isinstance(bad, tuple) else (bad,)), labels=["a"])


def test_contours_of_two_numbers_hold_their_mass():
    joint = sl.scan(posterior([0.004, 0.005], ("x", "y")), {"x": (0.0, 0.01), "y": (0.0, 0.01)})
    figure = plot.scan(joint)
    middle, top, side = figure.axes
    line = middle.collections[-1]
    draws = np.random.default_rng(0).multivariate_normal([4.0, 5.0], 1e6 * joint.covariance, 20000)
    inner, outer = (line.get_paths()[place] for place in (1, 0))
    assert np.mean(inner.contains_points(draws)) == pytest.approx(0.393, abs=0.02)
    assert np.mean(outer.contains_points(draws)) == pytest.approx(0.865, abs=0.02)
    x, density = top.lines[0].get_data()
    np.testing.assert_allclose(density * 1e3, joint["x"].density(x / 1e3), rtol=1e-9)
    assert side.lines[0].get_ydata()[0] < 5 < side.lines[0].get_ydata()[-1]
    with pytest.raises(ValueError, match="different numbers"):
        plot.scan(joint, sl.scan(posterior(0.004), {"x": (0.0, 0.01)}))


def test_residual_spectra_are_those_of_the_maps():
    sky = sl.HealpixSky(4)
    noise = 1e-3 * np.random.default_rng(0).normal(size=(2, 3, sky.size))
    parts = [sl.Stokes(*one, frequency=100.0, unit="uK_CMB", sky=sky) for one in (*noise, noise.sum(axis=0))]
    left = sl.components.Residuals(*parts)
    model = sl.cosmology.BModes(r=0.0)
    figure = plot.residual_spectra({"fit": left}, models={"lensing": model}, lmax=8)
    (panel,) = figure.axes
    systematic, statistical, lensing = panel.lines
    assert systematic.get_label() == "fit: systematic"
    ell, power = statistical.get_data()
    known = sl.harmonics.angular_power(parts[1], lmax=8).BB[2:]
    np.testing.assert_allclose(power * 2 * np.pi / (ell * (ell + 1)), known)
    np.testing.assert_allclose(lensing.get_ydata() * 2 * np.pi / (ell * (ell + 1)), model(np.arange(2, 9)))
    assert len(plot.residual_spectra(left, spectrum="EE", lmax=8).axes[0].lines) == 2
    with pytest.raises(ValueError, match="name one of TT, EE, BB"):
        plot.residual_spectra(left, spectrum="bb")
    with pytest.raises(TypeError, match="residuals_of"):
        plot.residual_spectra(parts[0])
