"""Figures: pixels land where they belong, limits are robust, and no global state is touched."""

import subprocess
import sys

import astropy.units as u
import jax.numpy as jnp
import matplotlib.figure
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import AsinhNorm, LogNorm

import sightline as sl
from sightline import plot
from sightline.plot import mollweide, planes, scales

SKY = sl.HealpixSky(8)
WIDTH = 400


def make(frequency, v=False, sky=SKY, scale=1.0):
    """Stokes with a bright plane and polarisation of both signs."""
    l, b = sky.lonlat()
    i = scale * 10 * np.exp(-np.abs(b) / 20)
    parts = [i, 0.1 * i * np.cos(np.deg2rad(l)), 0.1 * i * np.sin(np.deg2rad(l)), 0.01 * i][: 3 + v]
    shape = (*np.shape(frequency), sky.size)
    return sl.Stokes(*(jnp.broadcast_to(p, shape) for p in parts), frequency=jnp.asarray(frequency), sky=sky)


def panels(figure):
    return [axes for axes in figure.axes if axes.name == "mollweide"]


def bars(figure):
    return [axes for axes in figure.axes if axes.name != "mollweide"]


@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize(
    ("l", "b", "x", "y"),
    [(0, 0, 0.5, 0.5), (90, 0, 0.25, 0.5), (270, 0, 0.75, 0.5), (0, 60, 0.5, 0.881), (135, -30, 0.158, 0.298)],
)
def test_directions_land_where_they_belong(l, b, x, y, nest):
    """Galactic centre in the middle, longitude to the left, north up; places from a table of the projection."""
    longitude, latitude = sl.HealpixSky(64, nest=nest).lonlat()
    values = np.hypot((longitude - l + 180) % 360 - 180, latitude - b)
    image = mollweide.raster(values, mollweide.lookup(sl.HealpixSky(64, nest=nest), WIDTH))
    assert image.shape == (WIDTH // 2, WIDTH)
    assert image[int(y * WIDTH // 2), int(x * WIDTH)] < 2


def test_rim_is_180_degrees_and_corners_have_values():
    longitude, latitude = mollweide.lonlat_of_plane(WIDTH)
    assert np.rad2deg(longitude[WIDTH // 4, 0]) == pytest.approx(180, abs=1)
    assert np.rad2deg(longitude[WIDTH // 4, -1]) == pytest.approx(-180, abs=1)
    assert np.all(np.isfinite(longitude))
    assert np.all(np.abs(latitude) <= np.pi / 2)


def test_partial_sky_is_masked_elsewhere():
    pixels = np.array([700, 5, 300])
    full = np.full(SKY.size, np.nan)
    full[pixels] = [1.0, 2.0, 3.0]
    whole = mollweide.raster(full, mollweide.lookup(SKY, WIDTH))
    partial = mollweide.raster(np.arange(1.0, 4.0), mollweide.lookup(sl.HealpixSky(8, pixels=pixels), WIDTH))
    np.testing.assert_array_equal(partial.filled(np.nan), whole.filled(np.nan))
    assert 0 < np.count_nonzero(~partial.mask) < 0.02 * partial.size


def test_one_row_a_frequency_one_column_a_parameter():
    figure = plot.maps(make([0.408, 23.0], v=True))
    titles = [axes.get_title() for axes in panels(figure)]
    assert titles == [f"${name}$, {nu}" for nu in ("408 MHz", "23 GHz") for name in "IQUV"]
    assert len(bars(figure)) == 8


def test_scales_of_the_stokes_parameters():
    images = [axes.images[0] for axes in panels(plot.maps(make(23.0)))]
    norms = [image.norm for image in images]
    assert isinstance(norms[0], LogNorm)
    assert norms[1].vmin == -norms[1].vmax
    assert (norms[1].vmin, norms[1].vmax) == (norms[2].vmin, norms[2].vmax)
    assert 500 < norms[1].vmax < 1000  # mK


@pytest.mark.parametrize(
    ("scale", "label", "factor"),
    [(1.0, r"K$_\mathrm{RJ}$", 1.0), (1e-3, r"mK$_\mathrm{RJ}$", 1e3), (1e-6, r"µK$_\mathrm{RJ}$", 1e6)],
)
def test_colour_bar_has_the_unit_with_a_prefix(scale, label, factor):
    figure = plot.maps(make(23.0, scale=scale))
    assert bars(figure)[0].get_xlabel() == label
    image = panels(figure)[0].images[0].get_array()
    assert image.max() == pytest.approx(scale * factor * float(make(23.0).I.max()))


def test_prefix_suits_the_larger_end_of_the_scale():
    figure = plot.map(np.linspace(-5.0, 1e-9, SKY.size), SKY, unit="K_CMB")
    assert bars(figure)[0].get_xlabel() == r"K$_\mathrm{CMB}$"
    figure = plot.map(np.linspace(-5e-3, -4e-3, SKY.size), SKY, unit="K_RJ")
    assert bars(figure)[0].get_xlabel() == r"mK$_\mathrm{RJ}$"


def test_brightness_units_keep_their_numbers():
    figure = plot.map(1e-6 * np.arange(SKY.size), SKY, unit="MJy/sr")
    assert bars(figure)[0].get_xlabel() == "MJy/sr"
    assert panels(figure)[0].images[0].get_array().max() == pytest.approx(767e-6)


@pytest.mark.parametrize("unit", ["mJy/sr", "nK_CMB", "log10 K_RJ"])
def test_units_that_no_stokes_has_are_labels(unit):
    assert plot.scales.prefixed(1e-3, unit) == (1.0, unit)


def test_limits_ignore_outliers_and_say_so():
    values = np.random.default_rng(0).normal(size=SKY.size)
    values[3] = 1e6
    figure = plot.map(values, SKY, stretch="diverging")
    image = panels(figure)[0].images[0]
    assert 2 < image.norm.vmax < 4
    assert image.colorbar.extend == "both"
    assert plot.map(values, SKY, stretch="linear", limits=(-10, 2e6)).axes[0].images[0].colorbar.extend == "neither"


def test_automatic_stretch():
    assert isinstance(scales.normalisation(np.logspace(0, 3, 99)), LogNorm)
    assert isinstance(scales.normalisation(np.linspace(-1, 100, 99)), AsinhNorm)
    assert type(scales.normalisation(np.linspace(5, 10, 99))).__name__ == "Normalize"


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (np.geomspace(1.5, 60, SKY.size), ["2", "5", "10", "20", "50"]),
        (np.geomspace(1.5, 6e4, SKY.size), ["10", "100", "1000", "10000"]),
        (np.linspace(-15, 150, SKY.size), ["0", "100"]),
        (np.concatenate([-np.geomspace(0.1, 20, 384), np.geomspace(0.1, 400, 384)]), ["−10", "0", "10", "100"]),
    ],
)
def test_colour_bar_has_plain_numbers(values, ticks):
    figure = plot.map(values, SKY)
    figure.draw_without_rendering()
    low, high = bars(figure)[0].get_xlim()
    labels = bars(figure)[0].xaxis.get_ticklabels(minor=False)
    places = bars(figure)[0].xaxis.get_ticklocs()
    assert [t.get_text() for t, x in zip(labels, places, strict=True) if low <= x <= high] == ticks


@pytest.mark.parametrize("value", [0.0, 3e-6, np.nan])
def test_constant_maps_can_be_drawn(value):
    constant = jnp.full((SKY.size,), value)
    figure = plot.maps(sl.Stokes(constant, 0 * constant, 0 * constant, frequency=1.0, sky=SKY))
    figure.set_dpi(30)
    figure.canvas.draw()


def test_pixels_without_data_do_not_count():
    values = np.linspace(1, 2, SKY.size)
    values[::2] = -1.6375e30
    image = panels(plot.map(values, SKY))[0].images[0]
    assert image.norm.vmin > 0.9
    assert 0.4 < np.mean(image.get_array().mask) < 0.65  # the corners repeat the rim


def test_labels_of_the_graticule():
    axes = panels(plot.map(np.arange(SKY.size), SKY))[0]
    axes.figure.draw_without_rendering()
    latitudes = [label.get_text() for label in axes.get_yticklabels()]
    assert latitudes == ["−60°", "−30°", "0°", "+30°", "+60°"]
    places = {text.get_text(): round(np.rad2deg(text.get_position()[0])) for text in axes.texts}
    assert places == {"120°": -120, "60°": -60, "0°": 0, "300°": 60, "240°": 120}


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_file_is_written_once(tmp_path, suffix):
    path = tmp_path / f"sky.{suffix}"
    plot.map(np.arange(SKY.size), SKY, path=path)
    assert path.read_bytes()[:4] == {"png": b"\x89PNG", "pdf": b"%PDF"}[suffix]
    with pytest.raises(FileExistsError, match="overwrite=True"):
        plot.maps(make(23.0), path)
    plot.map(np.arange(SKY.size), SKY, path=path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_bad_input_names_the_argument(tmp_path):
    with pytest.raises(ValueError, match=r"shape \(5,\)"):
        plot.map(np.arange(5), SKY)
    with pytest.raises(ValueError, match=r"'log'.*positive"):
        plot.map(np.arange(SKY.size) - 5, SKY, stretch="log")
    with pytest.raises(ValueError, match="lower one first"):
        plot.map(np.arange(SKY.size), SKY, limits=(2, 1))
    for limits in ((1.0,), (0.0, np.inf), (np.nan, 1.0)):
        with pytest.raises(ValueError, match=r"limits = .* must be two finite numbers"):
            plot.map(np.arange(SKY.size), SKY, limits=limits)
    with pytest.raises(ValueError, match=r"stretch = 'sqrt' must be one of 'auto', 'linear'"):
        plot.map(np.arange(SKY.size), SKY, stretch="sqrt")
    with pytest.raises(ValueError, match=r"path = .*xyz.*png"):
        plot.maps(make(23.0), tmp_path / "sky.xyz")
    stokes = sl.Stokes(*(jnp.ones(1) for _ in range(3)), frequency=1.0, sky=sl.Directions([0.0], [0.0]))
    with pytest.raises(TypeError, match="HealpixSky"):
        plot.maps(stokes)


class Position(sl.fields.AbstractField):
    """The position itself, so that each pixel says where it is."""

    def __call__(self, position):
        return position


@pytest.mark.parametrize(("plane", "right", "up", "across"), [("xy", 0, 1, 2), ("xz", 0, 2, 1), ("yz", 1, 2, 0)])
def test_pixels_of_a_plane_lie_where_they_belong(plane, right, up, across):
    values = planes.sample(Position(), plane, 0.5 * u.kpc, (-2.0, 4.0, -1.0, 1.0), 6)
    assert values.shape == (2, 6, 3)
    np.testing.assert_allclose(values[0, :, right], np.arange(-1.5, 4))
    np.testing.assert_allclose(values[:, 0, up], [-0.5, 0.5])
    assert np.all(values[..., across] == 0.5)


def test_slice_shows_the_modulus_its_unit_and_the_sun():
    figure = plot.slice(sl.magnetic.LSA(), extent=25, points=50, title="LSA")
    axes, bar = figure.axes
    image = axes.images[0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("LSA", "x [kpc]", "y [kpc]")
    assert image.get_extent() == [-25, 25, -25, 25]
    assert bar.get_xlabel() == "$|B|$ [µG]"
    np.testing.assert_allclose(image.get_array()[25, 5:21], 1.2)
    assert image.get_array().mask[25, 25]
    assert image.get_array().mask[0, 0]
    assert axes.lines[0].get_xydata().tolist() == [[-8.3, 0.0]]
    assert not plot.slice(sl.magnetic.LSA(), points=5, sun=None).axes[0].lines


@pytest.mark.parametrize(
    ("component", "value", "label"),
    [
        ("x", -2, "$B_{x}$ [µG]"),
        ("y", 2, "$B_{y}$ [µG]"),
        ("z", -3, "$B_{z}$ [µG]"),
        ("r", 0, "$B_{r}$ [µG]"),
        ("phi", -(8**0.5), r"$B_{\phi}$ [µG]"),
    ],
)
def test_components_have_signs(component, value, label):
    """At (2, 2, -3) kpc, of (-y, x, z)."""
    turned = sl.fields.Linear(Position(), [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    field = -turned if component == "phi" else turned
    figure = plot.slice(field, at=-3.0, component=component, extent=3, points=3)
    image = figure.axes[0].images[0]
    np.testing.assert_allclose(image.get_array()[2, 2], value, atol=1e-12)
    assert figure.axes[1].get_xlabel() == label
    assert image.norm.vmin == -image.norm.vmax


def test_slice_of_a_scalar_spans_three_decades_at_most():
    figure = plot.slice(sl.electrons.ExponentialDisk(), "xz", extent=30, points=40, unit="cm$^{-3}$")
    image = figure.axes[0].images[0]
    assert isinstance(image.norm, LogNorm)
    assert image.norm.vmax / image.norm.vmin == pytest.approx(1000)
    assert figure.axes[1].get_xlabel() == "cm$^{-3}$"
    assert type(plot.slice(sl.electrons.Uniform(), points=4).axes[0].images[0].norm).__name__ == "Normalize"


def test_arrows_are_the_part_of_unit_vectors_in_the_plane():
    field = sl.magnetic.Uniform((3.0, 1.0, 4.0)) * sl.electrons.ExponentialDisk()
    figure = plot.quiver(field, "xz", extent=(-10, 10, -5, 5), arrows=4, points=20)
    arrows = figure.axes[0].collections[0]
    assert arrows.get_offsets().tolist() == [[x, z] for z in (-2.5, 2.5) for x in (-7.5, -2.5, 2.5, 7.5)]
    np.testing.assert_allclose(arrows.U, 5 * 3 / 26**0.5)
    np.testing.assert_allclose(arrows.V, 5 * 4 / 26**0.5)
    hollow = plot.quiver(sl.magnetic.LSA(), extent=4, arrows=8, points=20).axes[0].collections[0]
    assert np.all(np.hypot(*hollow.get_offsets().T) > 3)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"plane": "zx"}, ValueError, "plane = 'zx' must be one of 'xy', 'xz', 'yz'"),
        ({"extent": (5, -5, -1, 1)}, ValueError, "extent = .*half width"),
        ({"extent": -3.0}, ValueError, "extent = -3.0"),
        ({"at": np.nan}, ValueError, "at = nan"),
        ({"points": 1}, ValueError, "points = 1"),
        ({"sun": (1.0, 2.0)}, ValueError, "sun = "),
        ({"field": sl.magnetic.LSA}, TypeError, "LSA, a class: call it"),
    ],
)
@pytest.mark.parametrize("function", [plot.slice, plot.quiver])
def test_bad_planes_name_the_argument(function, change, error, message):
    with pytest.raises(error, match=message):
        function(**({"field": sl.magnetic.LSA(), "points": 4} | change))


def test_components_and_arrows_need_vectors():
    with pytest.raises(TypeError, match="ExponentialDisk is scalar"):
        plot.quiver(sl.electrons.ExponentialDisk())
    with pytest.raises(TypeError, match=r"ExponentialDisk is scalar.*'x'"):
        plot.slice(sl.electrons.ExponentialDisk(), component="x")
    with pytest.raises(ValueError, match="component = 'theta' must be None or one of 'x'"):
        plot.slice(sl.magnetic.LSA(), component="theta")


@pytest.mark.parametrize("function", [plot.slice, plot.quiver])
def test_planes_without_field_can_be_drawn(function, tmp_path):
    path = tmp_path / "plane.png"
    function(sl.magnetic.Uniform((0.0, 0.0, 0.0)), points=4, path=path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        function(sl.magnetic.Uniform(), points=4, path=path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_global_state_is_not_touched():
    before, backend = dict(matplotlib.rcParams), pyplot.get_backend()
    plot.maps(make(23.0))
    plot.quiver(sl.magnetic.LSA(), points=4)
    assert dict(matplotlib.rcParams) == before
    assert (pyplot.get_fignums(), pyplot.get_backend()) == ([], backend)


def test_import_brings_no_heavy_package():
    heavy = "{'matplotlib', 'healpy', 'astropy'} & set(sys.modules)"
    code = f"import sys, sightline.plot, sightline.io; sys.exit(bool({heavy}))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_ray_shows_what_arrives():
    """The lines of the middle panel are what the sum over cells adds up, at a frequency without much rotation."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    trace = simulator.trace(sl.Directions(30.0, 2.0), frequency=23.0)
    figure = plot.ray(trace, title="a ray")
    upper, middle, lower, right = figure.axes
    assert [line.get_label() for line in upper.lines] == ["|B| [µG]", r"$n_e$ [cm$^{-3}$]", "cosmic rays"]
    arriving = {line.get_label(): np.sum(line.get_ydata() * np.asarray(trace.widths)) for line in middle.lines}
    np.testing.assert_allclose(arriving["dI/ds"], trace.stokes.I[0], rtol=1e-10)
    np.testing.assert_allclose(arriving["dQ/ds"], trace.stokes.Q[0], rtol=1e-3)
    np.testing.assert_allclose(arriving["dU/ds"], -trace.stokes.U[0], rtol=1e-3)  # IAU beside COSMO
    assert lower.lines[0].get_ydata()[-1] == 1
    np.testing.assert_allclose(right.lines[0].get_ydata(), trace.rotation)
    assert middle.get_ylabel() == r"K$_\mathrm{RJ}$ kpc$^{-1}$"


def test_a_ray_shows_what_unresolved_fields_leave_of_q_and_u():
    faraday = sl.emission.FaradayRotation(random=sl.electrons.Uniform(3.0), coherence_length=0.05)
    electrons, rays = sl.electrons.ExponentialDisk(), sl.cosmic_rays.ExponentialDisk()
    simulator = sl.Simulator(sl.magnetic.LSA(), electrons, rays, emission=(sl.emission.Synchrotron(), faraday))
    trace = simulator.trace(sl.Directions(30.0, 20.0), frequency=1.0)
    middle = plot.ray(trace).axes[1]
    arriving = {line.get_label(): np.sum(line.get_ydata() * np.asarray(trace.widths)) for line in middle.lines}
    np.testing.assert_allclose(arriving["dQ/ds"], trace.stokes.Q[0], rtol=1e-2)  # -3.2e-3 without
    np.testing.assert_allclose(arriving["dU/ds"], -trace.stokes.U[0], atol=1e-4)


def test_a_ray_of_gamma_rays_and_what_is_no_trace():
    rays = sl.cosmic_rays.ExponentialDisk()
    simulator = sl.Simulator(cosmic_rays=rays, radiation=sl.radiation.CMB(), emission=(sl.emission.InverseCompton(),))
    figure = plot.ray(simulator.trace(sl.Directions(30.0, 2.0), energy=1.0))
    assert len(figure.axes) == 3
    assert figure.axes[1].get_ylabel() == "GeV$^{-1}$ cm$^{-2}$ s$^{-1}$ sr$^{-1}$ kpc$^{-1}$"
    with pytest.raises(TypeError, match=r"trace = Simulator is no trace: give simulator\.trace\(sky, frequency\)"):
        plot.ray(simulator)


@pytest.mark.parametrize("layout", ["constrained", "tight", None])
def test_saving_leaves_a_figure_as_it_was(tmp_path, layout):
    """It is laid out once for its file, and again when it is shown, should something be added."""
    figure = matplotlib.figure.Figure(figsize=(3, 2), layout=layout, dpi=72)
    axes = figure.subplots()
    sl.plot.save(figure, tmp_path / "first.png")
    engine, place = figure.get_layout_engine(), axes.get_position().bounds
    assert figure.dpi == 72
    axes.set_ylabel("added\nlater")
    figure.savefig(tmp_path / "second.png")
    assert figure.get_layout_engine() is engine
    assert (axes.get_position().bounds != place) == (layout is not None)


def test_a_file_is_laid_out_once(tmp_path, monkeypatch):
    """matplotlib alone lays a figure out twice for a file, each time as long as drawing takes."""
    figure = matplotlib.figure.Figure(layout="constrained")
    figure.subplots()
    engine, times = figure.get_layout_engine(), []
    execute = engine.execute
    monkeypatch.setattr(engine, "execute", lambda figure: times.append(1) or execute(figure))
    sl.plot.save(figure, tmp_path / "first.png")
    assert len(times) == 1
