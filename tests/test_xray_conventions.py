"""Conventions of OGIP files and statistics in corners: backgrounds with a response, gratings, areas, small errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits

import sightline as sl
from sightline._core.fixed import Fixed
from sightline.statistics.gaussian_background import profile_gaussian
from sightline.xray.spectra.bins import Bins
from sightline.xray.spectra.black_bodies import bose
from test_ogip import AREA, MATRIX, folder, type_two, write_arf, write_rmf, write_spectrum  # noqa: F401

jax.config.update("jax_enable_x64", True)


def test_a_background_goes_through_the_response_that_its_file_names(folder):  # noqa: F811
    write_arf(folder / "b.arf", 2 * AREA)
    write_spectrum(folder / "b.pha", EXPOSURE=2000.0, BACKSCAL=8.0, ANCRFILE="b.arf")
    observation = sl.io.read_observation(folder / "x.pha")
    np.testing.assert_allclose(observation.background_folding.matrix, 2000 * MATRIX[:, :4] * 2 * AREA[:4], rtol=1e-6)
    np.testing.assert_allclose(observation.folding.matrix, 1000 * MATRIX[:, :4] * AREA[:4], rtol=1e-6)
    again = observation.group(sl.counts.Ungrouped())
    np.testing.assert_array_equal(again.background_folding.matrix, observation.background_folding.matrix)
    write_spectrum(folder / "b.pha", EXPOSURE=2000.0, BACKSCAL=8.0, RESPFILE="gone.rmf", ANCRFILE=None)
    with pytest.warns(UserWarning, match="names a response of its own, gone.rmf"):
        observation = sl.io.read_observation(folder / "x.pha")
    np.testing.assert_allclose(observation.background_folding.matrix, 2000 * MATRIX[:, :4] * AREA[:4], rtol=1e-6)


def test_a_background_of_the_same_matrix_without_area_has_that_of_the_source(folder):  # noqa: F811
    write_spectrum(folder / "b.pha", EXPOSURE=2000.0, BACKSCAL=8.0, RESPFILE="x.rmf", ANCRFILE=None)
    observation = sl.io.read_observation(folder / "x.pha")
    np.testing.assert_allclose(observation.background_folding.matrix, 2000 * MATRIX[:, :4] * AREA[:4], rtol=1e-6)
    write_rmf(folder / "b.rmf")
    write_spectrum(folder / "b.pha", EXPOSURE=2000.0, BACKSCAL=8.0, RESPFILE="b.rmf", ANCRFILE=None)
    with pytest.warns(UserWarning, match=r"b.pha names no area, and .*b.rmf alone collects"):
        sl.io.read_observation(folder / "x.pha")


def write_grating(path, **keywords):
    """Orders -1 and 1 of a grating, with the counts on both sides."""
    columns = {"CHANNEL": [[1, 2, 3, 4]] * 2, "COUNTS": [[3, 0, 7, 2], [1, 1, 1, 1]]}
    columns |= {"BACKGROUND_UP": [[1, 2, 3, 4], [0, 0, 5, 0]], "BACKGROUND_DOWN": [[1, 0, 0, 1], [0, 0, 1, 0]]}
    table = [fits.Column(name, "4J", array=np.array(values)) for name, values in columns.items()]
    table += [fits.Column("TG_M", "I", array=[-1, 1]), fits.Column("TG_PART", "I", array=[2, 2])]
    cards = {"EXPOSURE": 1000.0, "BACKSCAL": 1.0, "BACKSCUP": 4.0, "BACKSCDN": 3.0, "RESPFILE": "x.rmf"} | keywords
    header = fits.Header([("EXTNAME", "SPECTRUM"), *[(name, one) for name, one in cards.items() if one is not None]])
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(table, header)]).writeto(path, overwrite=True)


def test_orders_of_gratings_have_the_background_of_both_sides(folder):  # noqa: F811
    write_grating(folder / "g.pha", ANCRFILE="x.arf")
    observation = sl.io.read_observation(folder / "g.pha", row=1)
    assert observation.name == "g.pha{2}"
    assert observation.counts.tolist() == [1, 1, 1, 1]
    assert observation.background.tolist() == [0, 0, 6, 0]
    np.testing.assert_allclose(observation.ratio, 1 / 7)
    assert sl.io.read_observation(folder / "g.pha", background="none", row=0).background is None
    assert sl.io.read_observation(folder / "g.pha", background=folder / "b.pha", row=0).background.tolist() == [
        1,
        4,
        0,
        2,
    ]
    with pytest.raises(sl.io.FileError, match=r"row=0 to row=1 .*1: TG_PART 2, TG_M 1"):
        sl.io.read_observation(folder / "g.pha")
    write_grating(folder / "g.pha", ANCRFILE="x.arf", BACKSCDN=None)
    with pytest.raises(sl.io.FileError, match="no BACKSCDN"):
        sl.io.read_observation(folder / "g.pha", row=0)


def test_an_area_is_not_multiplied_in_twice_in_silence(tmp_path):
    write_rmf(tmp_path / "full.rsp", MATRIX * AREA)
    with pytest.warns(UserWarning, match="an effective area already"):
        sl.io.read_response(tmp_path / "full.rsp", write_arf(tmp_path / "x.arf"))


def test_a_missing_tlmin_is_told_where_it_matters(tmp_path):
    matrix = np.r_[np.zeros((1, 5)), MATRIX[:2], np.zeros((1, 5))]
    write_rmf(tmp_path / "x.rmf", matrix, first=0, labels=np.arange(4), tlmin=None)
    with pytest.warns(UserWarning, match="TLMIN does not say"):
        found = sl.io.read_response(tmp_path / "x.rmf")
    np.testing.assert_allclose(found.matrix, matrix, rtol=1e-6)


def test_systematic_errors_are_not_left_out_in_silence(folder):  # noqa: F811
    write_spectrum(folder / "x.pha", {"SYS_ERR": [0.1, 0, 0, 0]})
    observation = sl.io.read_observation(folder / "x.pha")
    with pytest.warns(UserWarning, match="SYS_ERR"):
        sl.CountsLikelihood(observation, "source")


def test_errors_that_are_one_keyword_for_all_channels_are_errors(folder):  # noqa: F811
    write_spectrum(folder / "x.pha", SYS_ERR=0.05, STAT_ERR=0)
    observation = sl.io.read_observation(folder / "x.pha")
    assert observation.on.systematic.tolist() == [0.05] * 4
    assert observation.error is None
    assert observation.poisson
    write_spectrum(folder / "x.pha", {"COUNTS": None, "RATE": [0.0032, 0.001, 0, 0]}, STAT_ERR=0.002, SYS_ERR=0)
    observation = sl.io.read_observation(folder / "x.pha")
    np.testing.assert_allclose(observation.error, [2.0] * 4)
    assert not observation.systematic
    assert not observation.poisson


def test_a_correction_is_not_left_out_in_silence(folder):  # noqa: F811
    write_spectrum(folder / "x.pha", CORRFILE="c.pha", CORRSCAL=0.5)
    with pytest.warns(UserWarning, match=r"c\.pha in CORRFILE: it is left out"):
        assert sl.io.read_observation(folder / "x.pha").counts.tolist() == [3, 0, 7, 2]
    write_spectrum(folder / "x.pha", CORRFILE="c.pha", CORRSCAL=0.0)
    sl.io.read_observation(folder / "x.pha")


@pytest.mark.parametrize(("kind", "error"), [(jnp.float64, 1e-12), (jnp.float32, 1e-5)])
@pytest.mark.parametrize("sigma", [1e-6, 1e-3, 1.0, 30.0])
def test_pg_does_not_cancel_for_small_errors(kind, error, sigma):
    """The slope is n/m - 1, m from the same equation in extended precision."""
    n, s, b = 7.0, 80.0, 20.0
    variance = np.longdouble(kind(sigma)) ** 2
    middle = np.longdouble(s + b) - variance
    mean = (middle + np.sqrt(middle**2 + 4 * n * variance)) / 2
    slope = jax.grad(profile_gaussian)(*(jnp.asarray(one, kind) for one in (s, n, b, sigma)))
    np.testing.assert_allclose(float(slope), float(n / mean - 1), rtol=error)


def test_without_counts_the_slope_of_poisson_is_one_at_a_mean_of_0():
    def of(kind):
        likelihood = sl.Likelihood(lambda mean: mean, jnp.zeros(2), sl.statistics.Poisson())
        return jax.grad(getattr(likelihood, kind))(jnp.array([0.0, 1.0])).tolist()

    assert of("log_likelihood") == [-1, -1]
    assert of("deviance") == [2, 2]


ABSORPTIONS = {
    "interstellar": lambda column: sl.spectra.InterstellarAbsorption(column),
    "gas": lambda column: sl.spectra.GasAbsorption(column, {"O": 0.5, "Fe": 2.0}),
    "wabs": lambda column: sl.spectra.MorrisonMcCammon(column),
    "table": lambda column: sl.spectra.TabulatedAbsorption(column, [0.3, 2.0, 2.0, 9.0], [9e-22, 1e-22, 3e-22, 1e-23]),
    "half": lambda column: sl.spectra.PartialCovering(sl.spectra.MorrisonMcCammon(column), 0.5),
    "both": lambda column: sl.spectra.MorrisonMcCammon(column) * sl.spectra.Edge(7.0, 1.0),
}


@pytest.mark.parametrize("name", ABSORPTIONS)
def test_cross_sections_are_constants_of_what_is_compiled(name):
    """The same factor as energy by energy, but nothing of a table is looked up for bins that are known."""
    bins = Bins.contiguous(jnp.linspace(0.5, 8.0, 41))

    def at(column):
        return ABSORPTIONS[name](column).at(bins)

    direct = jax.vmap(jax.vmap(ABSORPTIONS[name](0.3)))(bins.energy)
    np.testing.assert_allclose(jax.jit(at)(0.3), direct, rtol=1e-14)
    assert "gather" not in str(jax.make_jaxpr(jax.grad(lambda column: jnp.sum(at(column))))(0.3))


def test_fixed_arrays_are_equal_where_their_numbers_are():
    one, same = Fixed(np.arange(3.0)), Fixed(np.arange(3.0))
    assert one == same
    assert hash(one) == hash(same)
    assert one != Fixed(np.arange(4.0))
    assert one != Fixed(np.arange(3.0, dtype=np.float32))


@pytest.mark.parametrize(("kind", "error"), [(jnp.float64, 1e-13), (jnp.float32, 1e-6)])
@pytest.mark.parametrize("x", [1e-6, 0.0999, 0.1001, 1.0, 30.0, 80.0])
def test_slopes_of_a_bose_factor(x, kind, error):
    """f' = -1/(4 sinh^2(x/2)), f''/f' = -coth(x/2); where e^x overflows all are 0."""
    half = float(kind(x)) / 2
    slope, bend = (jax.grad(one)(kind(x)) for one in (bose, jax.grad(bose)))
    np.testing.assert_allclose(slope, -0.25 / np.sinh(half) ** 2, rtol=error * max(1, x))
    np.testing.assert_allclose(bend / slope, -1 / np.tanh(half), rtol=error * max(1, x))
    assert bose(kind(1000.0)) == jax.grad(bose)(kind(1000.0)) == jax.grad(jax.grad(bose))(kind(1000.0)) == 0
