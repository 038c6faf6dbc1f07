"""Every number that has a unit is converted or refused, wherever a user may give it."""

import os
import subprocess
import sys
from pathlib import Path

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from astropy.utils.masked import Masked

import sightline as sl
from sightline._core.units import brightness_unit, numbers, strip_unit, whole

SKY = sl.HealpixSky(1)
LINES = sl.Sightlines(SKY, cells=sl.BoxCells(cells=4))
MAPS = 1e-3 * np.random.default_rng(0).normal(size=(3, 12))


def test_no_public_argument_drops_a_unit():
    walk = Path(__file__).with_name("walk_of_units.py")
    users = os.environ | {"XLA_FLAGS": ""}  # compiled as users do: one of the examples is degenerate but for rounding
    done = subprocess.run([sys.executable, walk], capture_output=True, text=True, check=False, env=users)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr[-500:]


def test_the_walk_finds_what_drops_a_unit():
    sys.path.insert(0, str(Path(__file__).parent))
    import walk_of_units

    def careless(distance):
        return np.asarray(distance, float)

    def silent(anything_new):
        return anything_new

    assert list(walk_of_units.failures("sl.careless", careless, {"distance": 1.0})) == [
        "sl.careless(distance): accepted"
    ]
    assert list(walk_of_units.failures("sl.silent", silent, {})) == ["sl.silent: give an example of anything_new"]


class Foreign:
    """A number of another library of units."""

    units = "kpc"

    def __array__(self, dtype=None, copy=None):
        return np.asarray(3.0)


def test_the_boundary():
    column = Table({"d": MaskedColumn([1.0, 2.0], unit="pc", mask=[False, True])})["d"]
    np.testing.assert_allclose(numbers(column, "kpc", "d"), [1e-3, np.nan])
    np.testing.assert_allclose(numbers([1 * u.pc, 2 * u.kpc, 3.0], "kpc", "d"), [1e-3, 2.0, 3.0])
    np.testing.assert_allclose(numbers(np.array([1 * u.pc, 2 * u.kpc], dtype=object), "kpc", "d"), [1e-3, 2.0])
    np.testing.assert_allclose(numbers(np.ma.masked_equal([1.0, 2.0], 2.0), "kpc", "d"), [1.0, np.nan])
    assert strip_unit("text", "kpc", "d") == "text"
    for value, error in (
        (1 * u.kg, ValueError), (Foreign(), ValueError), (u.Magnitude(3.0), ValueError), ([1, [2, 3]], TypeError),
        (1j, TypeError), ("text", TypeError), (None, TypeError), (SKY, TypeError),
    ):  # fmt: skip
        with pytest.raises(error, match="d "):
            numbers(value, "kpc", "d")
    for value in ([10.0, 12.0] * u.mag, 3 * u.dex, -20 * u.dB, MaskedColumn([10.0, 12.0], unit="mag")):
        for unit in ("kpc", ""):
            with pytest.raises(ValueError, match=r"d was given in '(mag|dex|dB)'"):
                numbers(value, unit, "d")
    np.testing.assert_allclose(numbers(u.Dex([0.0, 1.0], u.dex(u.kpc)), "kpc", "d"), [1.0, 10.0])
    with pytest.raises(ValueError, match="plain numbers"):
        numbers(1 * u.kpc, None, "d")
    with pytest.raises(ValueError, match="whole number, 2 or more"):
        whole(1.5, "count", 2)


@pytest.mark.parametrize("kind", [np.ma.array, MaskedColumn, lambda values, mask: Masked(values, mask) * u.kpc])
def test_what_is_masked_is_no_value(kind):
    """What lies under a mask is anything: the distance of a source of which none is known, an index of a pixel."""
    distance = kind(np.array([1.0, 99.0]), mask=[False, True])
    np.testing.assert_array_equal(strip_unit(distance, "kpc", "d"), [1.0, np.nan])
    with pytest.raises(ValueError, match="1 rows are not, the first is row 1"):
        sl.SourceCatalogue([10.0, 20.0], [1.0, 2.0], distance)
    np.testing.assert_array_equal(strip_unit(kind(np.array([1, 2]), mask=[False, False]), "kpc", "d"), [1, 2])
    with pytest.raises(ValueError, match=r"Confined.centre is not finite"):
        sl.fields.Confined(sl.magnetic.LSA(), centre=kind(np.zeros(3), mask=[False, True, False]))


@pytest.mark.parametrize("values", [np.ma.array([1 + 2j, 3.0], mask=[False, True]), Time([2000.0], format="jyear")])
def test_what_is_no_array_of_real_numbers_is_refused_masked_or_not(values):
    """Complex numbers beside masked ones lost their imaginary part, and times were no arrays to look into."""
    with pytest.raises(TypeError, match="d must be real numbers"):
        numbers(values, "kpc", "d")


def test_masked_indices_are_refused_and_whole_ones_are_not():
    with pytest.raises(ValueError, match="pixels must be a list of integer indices"):
        sl.HealpixSky(1, np.ma.array([1, 2], mask=[False, True]))
    assert sl.HealpixSky(1, np.ma.array([1, 2], mask=False)).size == 2


@pytest.mark.parametrize(
    ("unit", "scale"),
    [("mK_RJ", 1e-3), ("uK_RJ", 1e-6), ("mK_CMB", 1e-3), ("uK_CMB", 1e-6), ("Jy/sr", 1e-6), ("kJy/sr", 1e-3)],
)
def test_units_with_prefixes_are_units(unit, scale, precision):
    base = brightness_unit(unit).base
    maps = [jnp.asarray(part, float) for part in MAPS]
    one = sl.Stokes(*maps, frequency=30.0, unit=base, sky=SKY)
    np.testing.assert_allclose(one.to(unit).U, one.U / scale, rtol=1e-6)
    np.testing.assert_allclose(one.to(unit).to(base).Q, one.Q, rtol=1e-6)
    assert one.to(unit).Q.dtype == precision
    like = [
        sl.MapLikelihood(LINES, 30.0, data, noise, unit=known, convention="COSMO")
        for data, noise, known in ((MAPS, 1e-3, base), (MAPS / scale, 1e-3 / scale, unit))
    ]
    np.testing.assert_allclose(like[0].data, like[1].data, rtol=1e-6)
    np.testing.assert_allclose(like[0].noise.sigma, like[1].noise.sigma, rtol=1e-6)


def test_unknown_units_of_brightness_are_refused():
    for unit in ("K", "uK", "Jy", "", None, "kK_RJ"):
        with pytest.raises(ValueError, match="is not known: choose 'K_RJ'"):
            brightness_unit(unit)


def test_maps_with_units():
    plain = sl.MapLikelihood(LINES, 30.0, MAPS, 1e-6, unit="K_RJ", convention="COSMO")
    cases = {
        "K_RJ": (1e6 * MAPS * u.uK, 1 * u.uK),
        "mK_RJ": (1e6 * MAPS * u.uK, 1e-3),
        "uK_RJ": (1e6 * MAPS, 1e-6 * u.K),
    }
    for unit, (data, noise) in cases.items():
        found = sl.MapLikelihood(LINES, 30.0, data, noise, unit=unit, convention="COSMO")
        np.testing.assert_allclose(found.data, plain.data, rtol=1e-12)
        np.testing.assert_allclose(found.noise.sigma, 1e-6, rtol=1e-12)
    matrix = np.tile(np.eye(3), (12, 1, 1)) * u.uK**2
    found = sl.MapLikelihood(LINES, 30.0, MAPS, covariance=matrix, unit="K_RJ", convention="COSMO")
    np.testing.assert_allclose(found.noise.whitening, plain_whitening := np.tile(1e6 * np.eye(3), (12, 1, 1)))
    assert plain_whitening.shape == (12, 3, 3)
    sky = sl.Stokes(*(1e6 * MAPS * u.uK), frequency=30 * u.GHz, sky=SKY)
    np.testing.assert_allclose(sl.MapLikelihood(LINES, 30.0, sky, 1 * u.uK).data, plain.data, rtol=1e-12)
    for data, noise, name in (
        (MAPS * u.MJy / u.sr, 1.0, "data"), (MAPS, 1 * u.MJy / u.sr, "noise"), (MAPS, 1 * u.kpc, "noise"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"{name} was given in"):
            sl.MapLikelihood(LINES, 30.0, data, noise, unit="K_RJ", convention="COSMO")


def test_bins_and_sources_with_units():
    measure = sl.observables.DispersionMeasure(LINES)
    data, bins = np.arange(12.0), np.arange(12) // 4
    plain = sl.BinnedLikelihood(measure, data, bins)
    per_metre = (1 * u.pc / u.cm**3).to(u.m**-2)
    for given, floor in ((data * per_metre, 1e-9), (data * u.pc / u.cm**3, 0.1 * per_metre)):
        found = sl.BinnedLikelihood(measure, given, bins, floor=floor)
        np.testing.assert_allclose(found.data, plain.data, rtol=1e-12)
    brightness = sl.statistics.Brightness(LINES, 30.0, "I")
    found = sl.BinnedLikelihood(brightness, data * u.mK, bins, unit="K_RJ", floor=1e3 * u.mK)
    np.testing.assert_allclose(found.data[0], [1.5e-3, 5.5e-3, 9.5e-3])
    np.testing.assert_allclose(found.noise.sigma, 1.0)
    found = sl.statistics.Likelihood(measure, data * per_metre, sl.statistics.Gaussian(np.ones(12)))
    np.testing.assert_allclose(found.data, data)
    column = sl.observables.Column(LINES, lambda plasma, ray: jnp.ones(()))
    with pytest.raises(ValueError, match="data was given in 'kpc'"):
        sl.BinnedLikelihood(column, data * u.kpc, bins)


def test_nuisance_priors_and_values():
    field = sl.magnetic.LSA()
    space = sl.ParameterSpace(field, {"b0": dist.Uniform(0.0, 10.0)})
    assert space.replace({"b0": 0.3 * u.nT}).b0 == pytest.approx(3.0)
    with pytest.raises(ValueError, match="b0 was given in 'kg'"):
        space.log_prior({"b0": 3 * u.kg})
    with pytest.raises(ValueError, match="prior of b0 was given in 'uG'"):
        sl.ParameterSpace(field, {"b0": dist.Uniform(0 * u.uG, 10 * u.uG)})
    simulator = sl.Simulator(electron_density=sl.electrons.Uniform())
    with pytest.raises(ValueError, match=r"nuisance\['offset'\] was given in 'uK'"):
        sl.Model(simulator, nuisance={"offset": 10 * u.uK})
    space = sl.ParameterSpace(simulator, {"electron_density.n0": dist.Uniform(0.0, 1.0)})
    sources = sl.SourceLikelihood(sl.observables.DispersionMeasure(LINES), np.ones(12), 1.0)
    posterior = sl.Posterior(space, [sources])
    given = {"electron_density.n0": 1e4 / u.m**3}
    plain = posterior.log_posterior({"electron_density.n0": 0.01})
    np.testing.assert_allclose(posterior.log_posterior(given), plain, rtol=1e-12)
    with pytest.raises(ValueError, match="n0 was given in 'kg'"):
        posterior.log_density({"electron_density.n0": 1 * u.kg})


def test_noise_that_is_no_number():
    with pytest.raises(ValueError, match="noise = 1e-200: its square is no number in float64"):
        sl.MapLikelihood(LINES, 30.0, MAPS, 1e-200, unit="K_RJ", convention="COSMO")
    with pytest.raises(ValueError, match="error = 1e-200"):
        sl.SourceLikelihood(sl.observables.DispersionMeasure(LINES), np.ones(12), 1e-200)
    with pytest.raises(ValueError, match="covariance"):
        sl.statistics.Correlated(1e-320 * np.eye(2)[None])
    with jax.enable_x64(False), pytest.raises(ValueError, match="no number in float32"):
        sl.MapLikelihood(LINES, 30.0, MAPS, 1e-25, unit="K_RJ", convention="COSMO")
    for data, noise in ((1j * MAPS, 1.0), (MAPS, 1j)):
        with pytest.raises(TypeError, match=r"(data|noise) must be real numbers, not complex"):
            sl.MapLikelihood(LINES, 30.0, data, noise, unit="K_RJ", convention="COSMO")
    with pytest.raises(TypeError, match="data of Likelihood 'data' must be real"):
        sl.statistics.Likelihood(lambda model: model, [1j], sl.statistics.Gaussian(np.ones(1)))
    with pytest.raises(TypeError, match="sigma must be real"):
        sl.statistics.Gaussian(np.array([1j]))
