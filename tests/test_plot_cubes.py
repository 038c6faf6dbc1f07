"""Figures of cubes: what is drawn where, and what is refused."""

import types

import numpy as np
import pytest

import sightline as sl

CHANNELS = sl.cubes.Channels.regular(5000.0, 2.0, 40)
PLANE = sl.cubes.Spaxels((3, 4), 0.5)


def cube():
    """A line in every spaxel, the faster the further east."""
    east, _ = PLANE.offsets()
    centre = 5040.0 * (1 + 200.0 * east / 299792.458)
    flux = np.exp(-0.5 * ((CHANNELS.centres[:, None] - centre) / 5.0) ** 2)
    return sl.SpectralCube(flux, CHANNELS, PLANE, 0.01 + 0 * flux)


def test_moments_are_drawn_with_east_to_the_left(tmp_path):
    figure = sl.plot.moments(cube(), rest=5040.0, title="a disk", path=tmp_path / "moments.png")
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == ["flux", "velocity", "dispersion"]
    image = np.asarray(panels[1].images[0].get_array())
    east, _ = PLANE.offsets()
    np.testing.assert_allclose(image[:, ::-1].ravel(), 200.0 * east, atol=2.0)
    assert panels[1].images[0].get_extent() == [1.0, -1.0, -0.75, 0.75]
    assert (tmp_path / "moments.png").stat().st_size > 0


def test_without_a_line_moments_are_wavelengths():
    panels = [axes for axes in sl.plot.moments(cube()).axes if axes.images]
    assert panels[1].get_title() == "mean wavelength"
    image = np.asarray(panels[1].images[0].get_array())
    assert np.all(np.abs(image - 5040.0) < 5)


def curves(figure):
    found = [patch for patch in figure.axes[0].patches if patch.get_label() == "model"]
    return [patch.get_data().values for patch in found]


def test_a_spaxel_beside_all_kinds_of_models():
    data = cube()
    wanted = np.asarray(data.flux)[:, 6]
    whole = types.SimpleNamespace(instruments={"muse": None}, cube=lambda name: data)
    for model in (data, wanted, whole, types.SimpleNamespace(model=whole)):
        figure = sl.plot.spaxel(data, (1, 2), model=model)
        np.testing.assert_allclose(curves(figure)[0], wanted)
        assert len(figure.axes) == 2
    assert len(sl.plot.spaxel(data, (1, 2)).axes) == 1


def test_data_left_out_are_not_drawn():
    data = cube()
    data = data.replace(variance=data.variance.at[5, 6].set(np.inf))
    figure = sl.plot.spaxel(data, (1, 2), model=data)
    drawn = figure.axes[1].lines[1].get_ydata()
    assert np.isnan(drawn[5])
    assert np.isfinite(drawn).sum() == 39


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="place"):
        sl.plot.spaxel(cube(), (3, 0))
    with pytest.raises(ValueError, match="channels"):
        sl.plot.spaxel(cube(), (0, 0), model=np.ones(3))
    with pytest.raises(TypeError, match="SpectralCube"):
        sl.plot.moments(np.ones((3, 4)))
    model = types.SimpleNamespace(instruments={"a": 1, "b": 2}, cube=lambda name: cube())
    with pytest.raises(ValueError, match="name one"):
        sl.plot.spaxel(cube(), (0, 0), model=model)
