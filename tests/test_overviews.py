"""Lines of force in three dimensions, and simulators at a glance."""

import functools

import numpy as np
import pytest

import sightline as sl

SEEDS = [[-8.0, 0.0, 0.0], [3.0, 1.0, 2.0]]


def simulator(**others):
    fields = {"magnetic_field": sl.magnetic.Uniform((3.0, 0.0, 4.0)), "electron_density": sl.electrons.Uniform(0.02)}
    return sl.Simulator(**fields | others)


def test_lines_are_where_the_field_leads_and_coloured_by_strength():
    figure = sl.plot.field_lines(sl.magnetic.Uniform((3.0, 0.0, 4.0)), SEEDS, length=5.0, points=11, limits=(1, 9))
    axes, bar = figure.axes
    drawn = axes.collections[0]
    assert len(drawn._segments3d) == 20
    np.testing.assert_allclose(drawn._segments3d[0][0], [-11.0, 0.0, -4.0], atol=1e-5)
    np.testing.assert_allclose(drawn._segments3d[-1][1], [6.0, 1.0, 6.0], atol=1e-5)
    np.testing.assert_allclose(drawn.get_array(), 5.0, rtol=1e-6)
    assert bar.get_xlabel() == "$|B|$ [µG]"
    assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()] == ["x [kpc]", "y [kpc]", "z [kpc]"]


def test_a_kpc_is_as_long_along_each_axis_and_the_sun_is_marked():
    axes = sl.plot.field_lines(sl.magnetic.LSA(), SEEDS, length=5.0, points=11, sun=(-8.0, 1.0, 0.5)).axes[0]
    spans = [np.ptp(limits) for limits in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim())]
    box = axes._box_aspect
    np.testing.assert_allclose(np.divide(spans, box), spans[0] / box[0])
    np.testing.assert_allclose(np.ravel(axes.lines[0].get_data_3d()), [-8.0, 1.0, 0.5])
    assert not sl.plot.field_lines(sl.magnetic.LSA(), SEEDS, length=5.0, points=11, sun=None).axes[0].lines


def test_lines_of_nothing_are_refused():
    with pytest.raises(ValueError, match="zero along every line"):
        sl.plot.field_lines(sl.magnetic.Uniform((0.0, 0.0, 0.0)), SEEDS, length=5.0, points=11)
    with pytest.raises(TypeError, match="field_lines"):
        sl.plot.field_lines(sl.electrons.Uniform(), SEEDS)


def test_an_overview_has_a_column_for_each_field_and_the_sky():
    rays, synchrotron = sl.cosmic_rays.ExponentialDisk(), sl.emission.Synchrotron()
    full = simulator(cosmic_rays=rays, emission=synchrotron)
    sky = sl.HealpixSky(1)
    figure = sl.plot.overview(full, 2.3, sky=sky, points=10)
    planes = [axes for axes in figure.axes if axes.name != "mollweide" and axes.images]
    maps = [axes for axes in figure.axes if axes.name == "mollweide"]
    assert [axes.get_ylabel() for axes in planes] == ["y [kpc]", "z [kpc]"] * 3
    assert [axes.get_title() for axes in maps] == ["$I$, 2.3 GHz", "$P$, 2.3 GHz", "RM"]
    np.testing.assert_allclose(planes[0].images[0].get_array(), 5.0, rtol=1e-6)
    np.testing.assert_allclose(planes[2].images[0].get_array(), 0.02, rtol=1e-6)
    wanted = np.asarray(full.rotation_measure(sky))
    assert maps[2].images[0].get_array().max() == pytest.approx(wanted.max())


def test_what_a_simulator_does_not_have_is_not_drawn():
    figure = sl.plot.overview(sl.Simulator(electron_density=sl.electrons.Uniform(0.02)), points=10)
    assert len([axes for axes in figure.axes if axes.images]) == 2
    with pytest.raises(ValueError, match="nothing to draw"):
        sl.plot.overview(sl.Simulator())
    with pytest.raises(ValueError, match="an overview is of one"):
        sl.plot.overview(simulator(), [1.0, 2.0])
    with pytest.raises(TypeError, match="Simulator"):
        sl.plot.overview(sl.magnetic.LSA())


def test_a_simulator_plots_its_overview():
    electrons = sl.Simulator(electron_density=sl.electrons.Uniform(0.02))
    own, given = (
        draw(points=10, title="both") for draw in (electrons.plot, functools.partial(sl.plot.overview, electrons))
    )
    assert [axes.get_title() for axes in own.axes] == [axes.get_title() for axes in given.axes]
    assert own.get_suptitle() == "both"
    with pytest.raises(ValueError, match="an overview is of one"):
        electrons.plot([1.4, 2.3])
