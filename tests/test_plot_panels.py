"""Residuals of images, of cubes and of maps in bands go to the panel of their place."""

import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.plot import canvas, panels, scales
from sightline.statistics.layout import Cube, Image, layout


def test_an_image_is_north_up_and_east_to_the_left():
    """Pixels are counted from the south-west: 1 is the next to the east, 3 the next to the north."""
    figure = canvas.new_figure(4.0, 4.0)
    kept = np.array([0, 1, 3])
    shown = scales.Quantity(np.array([1.0, 2.0, 3.0]), "", "", "linear", (0.0, 4.0))
    panels.panel_of(Image((2, 3), (4.0, 6.0), "kpc", kept)).show(figure, (1, 1, 1), shown)
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array().filled(np.nan), [[np.nan, 2.0, 1.0], [np.nan, np.nan, 3.0]])
    assert image.get_extent() == [3.0, -3.0, -2.0, 2.0]
    assert figure.axes[0].get_xlabel() == "east [kpc]"


def test_a_cube_has_an_image_and_a_spectrum():
    """Two channels of two pixels, of which the last datum is missing."""
    figure = canvas.new_figure(6.0, 4.0)
    place = Cube(Image((1, 2), (1.0, 2.0), "arcsec"), np.array([1.0, 2.0, 3.0]), "channel", np.array([0, 1, 2]))
    shown = scales.Quantity(np.array([1.0, 2.0, 3.0]), "", "", "linear", (0.0, 4.0))
    panels.panel_of(place).show(figure, (1, 1, 1), shown)
    image, spectrum = [axes for axes in figure.axes if axes.images or (axes.patches and not axes.get_label())][:2]
    np.testing.assert_allclose(image.images[0].get_array(), [[2.0, 2.0]])
    np.testing.assert_allclose(spectrum.patches[1].get_data().values, [1.5, 3.0])


def test_residuals_of_an_image_plane(recwarn):
    plane = sl.ImagePlane((3, 4), (30.0, 40.0))
    field = sl.cosmic_rays.ExponentialDisk()
    simulator = sl.Simulator(sl.magnetic.LSA(), cosmic_rays=field, emission=sl.emission.Synchrotron())
    data = simulator(plane, 1.4)
    likelihood = sl.MapLikelihood(plane, 1.4, data=data, noise=1e-5, parameters="I")
    assert layout(likelihood).place.shape == (3, 4)
    posterior = sl.Posterior(sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0, 10)}), likelihood)
    figure = sl.plot.residuals(posterior, {})
    images = [axes for axes in figure.subfigs[0].axes if axes.images]
    assert [axes.get_title() for axes in images] == ["$I$, 1.4 GHz: data", "model", r"(data $-$ model)/$\sigma$"]
    wanted = np.asarray(data.I).reshape(3, 4)[:, ::-1]
    found = images[0].images[0].get_array()
    np.testing.assert_allclose(found / found.max(), wanted / wanted.max(), rtol=1e-5)


def test_residuals_of_a_separation_are_maps_of_bands():
    bands = sl.instruments.Bands(frequency=[40.0, 140.0, 280.0], depth=[37.0, 5.0, 14.0])
    mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
    maps = np.random.default_rng(0).normal(size=(2, 3, 12))
    mask = np.arange(12) != 5
    likelihood = sl.SpectralLikelihood(bands, maps, mask=mask, unit="uK_CMB", convention="COSMO")
    posterior = sl.Posterior(sl.ParameterSpace(mixing, {"terms.dust.index": dist.Uniform(1.0, 2.0)}), likelihood)
    figure = sl.plot.residuals(posterior, {})
    shown = [axes for axes in figure.subfigs[0].axes if axes.name == "mollweide"]
    titles = [axes.get_title() for axes in shown[::3]]
    assert titles == [f"${name}$, {nu} GHz: data" for name in "QU" for nu in (40, 140, 280)]
    model = posterior.space.replace({})
    expected = np.asarray(likelihood.normalised(model))[0, 0]
    image = shown[2].images[0].get_array()
    np.testing.assert_allclose([image.min(), image.max()], [expected.min(), expected.max()], rtol=1e-6)
    assert np.mean(image.mask) == pytest.approx(np.pi / 4 / 12, rel=0.1)


def test_a_cube_likelihood_says_its_place():
    plane, channels = sl.cubes.Spaxels((1, 2), 0.5), sl.cubes.Channels.regular(5000.0, 50.0, 3)
    variance = np.ones((3, 2))
    variance[1, 1] = 0.0
    likelihood = sl.CubeLikelihood(sl.SpectralCube(np.ones((3, 2)), channels, plane, variance), instrument="muse")
    place = layout(likelihood).place
    assert (place.kind, place.image.shape, place.image.extent) == ("cube", (1, 2), (0.5, 1.0))
    np.testing.assert_array_equal(place.kept, [0, 1, 2, 4, 5])
