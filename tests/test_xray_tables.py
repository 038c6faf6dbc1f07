"""Spectra and factors of table models: interpolation, photons in other bins, bounds, redshift."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.parameters.bounds import BoundsWarning
from sightline.parameters.leaves import find_leaves

EDGES = np.geomspace(0.2, 12.0, 41)


def parameter(name, values, logarithmic=False):
    low, high = float(values[0]), float(values[-1])
    return sl.io.TableParameter(name, logarithmic, 0.5 * (low + high), low, low, high, high, np.asarray(values, float))


def made(kind="additive", redshift=False, edges=EDGES, **more):
    """Photons linear in ln kT, tau and their product, and an additional parameter."""
    grid = (parameter("kT", [0.5, 1.0, 2.0, 4.0], logarithmic=True), parameter("log(xi)", [0.0, 1.0, 3.0]))
    iron = sl.io.TableParameter("Fe", False, 1.0, 0.0, 0.0, 5.0, 5.0, np.zeros(0))
    kt, xi = np.meshgrid(grid[0].values, grid[1].values, indexing="ij")
    bins = {"low": edges[:-1], "high": edges[1:]}
    extra = 0.1 * shape(kt, xi, edges)[None]
    data = sl.io.TableData("gas", kind, redshift, grid, (iron,), **bins, spectra=shape(kt, xi, edges), **more)
    return data._replace(additional_spectra=extra)


def shape(kt, xi, edges=EDGES):
    kt, xi = np.asarray(kt)[..., None], np.asarray(xi)[..., None]
    return (2 + np.log(kt) + xi + 0.3 * xi * np.log(kt)) * edges[:-1] ** -1.5 * np.diff(edges)


def test_interpolation_is_multilinear_and_photons_are_kept():
    model = sl.spectra.TableModel(made(), {"kT": 2.5, "log_xi": 1.7, "Fe": 2.0}, norm=3.0)
    assert list(model.values) == ["kt", "log_xi", "fe"]
    exact = 3 * 1.2 * shape(2.5, 1.7)
    found = jax.vmap(model.photons)(jnp.asarray(EDGES[:-1]), jnp.asarray(EDGES[1:]))
    np.testing.assert_allclose(found, exact, rtol=1e-12)
    assert float(model.photons(0.01, 100.0)) == pytest.approx(exact.sum(), rel=1e-12)
    middle = np.sqrt(EDGES[1:] * EDGES[:-1])
    np.testing.assert_allclose(jax.vmap(model)(jnp.asarray(middle)), exact / np.diff(EDGES), rtol=1e-12)
    assert float(model(0.1)) == float(model(13.0)) == 0.0
    at = np.array([0.05, 0.21, 0.22, 1.0, 1.01, 7.0, 12.5])
    cumulated = np.interp(at, EDGES, np.append(0, np.cumsum(exact)))
    np.testing.assert_allclose(
        jax.vmap(model.photons)(jnp.asarray(at[:-1]), jnp.asarray(at[1:])), np.diff(cumulated), rtol=1e-12
    )


def test_single_precision_keeps_faint_bins():
    edges = np.linspace(0.2, 12.0, 2001)
    steep = made(edges=edges)
    steep = steep._replace(spectra=steep.spectra * np.exp(-3 * edges[:-1]))
    steep = steep._replace(additional=(), additional_spectra=None)
    exact = sl.spectra.TableModel(steep).photons(9.0, 9.1)
    with jax.enable_x64(False):
        found = sl.spectra.TableModel(steep).photons(9.0, 9.1)
    assert float(found) == pytest.approx(float(exact), rel=2e-4)


@pytest.mark.parametrize("redshift", [None, 0.4])
def test_table_models_keep_the_contract(redshift):
    values = {"kT": 2.0, "log_xi": 0.3}
    sl.testing.check_spectrum(sl.spectra.TableModel(made(redshift=True), values, redshift=redshift))


def test_a_redshift_moves_energies_and_dilates_time():
    near = sl.spectra.TableModel(made(redshift=True))
    far = dataclasses.replace(near, redshift=0.5)
    assert float(far.photons(1.0, 2.0)) == pytest.approx(float(near.photons(1.5, 3.0)) / 1.5, rel=1e-12)
    assert float(far(2.0)) == pytest.approx(float(near(3.0)), rel=1e-12)


def test_factors_and_exponents():
    values = {"kT": 1.0, "log_xi": 0.5, "Fe": 0.0}
    factor = sl.spectra.TableFactor(made("multiplicative", below=0.25, above=1.0), values)
    exponent = sl.spectra.TableFactor(made("exponential", redshift=True), values, redshift=1.0)
    middle = 0.5 * (EDGES[7] + EDGES[8])
    assert float(factor(middle)) == pytest.approx(shape(1.0, 0.5)[7], rel=1e-12)
    assert (float(factor(0.1)), float(factor(20.0))) == (0.25, 1.0)
    assert float(exponent(middle / 2)) == pytest.approx(np.exp(-shape(1.0, 0.5)[7]), rel=1e-12)
    sl.testing.check_spectrum(factor)
    behind = factor * sl.spectra.Constant(norm=1.0)
    assert float(behind.photons(0.2, 12.0)) == pytest.approx(np.sum(shape(1.0, 0.5) * np.diff(EDGES)), rel=1e-9)


def test_parameters_are_learnt_within_the_grid_and_the_table_is_not():
    model = sl.Model(spectra={"gas": sl.spectra.TableModel(made())})
    leaves = find_leaves(model)
    assert [name.removeprefix("spectra.gas.") for name in leaves] == ["values.fe", "values.kt", "values.log_xi", "norm"]
    assert leaves["spectra.gas.values.kt"].metadata["bounds"] == (0.5, 4.0)
    assert leaves["spectra.gas.values.fe"].metadata["bounds"] == (0.0, 5.0)
    name = "spectra.gas.values.kt"
    with pytest.warns(BoundsWarning, match=r"bounds \[0\.5"):
        space = sl.ParameterSpace(model, {name: dist.Uniform(0.1, 3.0)})
    assert float(space.to_constrained({name: jnp.asarray(-50.0)})[name]) == pytest.approx(0.5)


def test_many_parameters_at_once():
    model, kt = sl.spectra.TableModel(made()), jnp.linspace(0.5, 4.0, 7)
    found = jax.vmap(lambda one: eqx.tree_at(lambda m: m.values["kt"], model, one)(jnp.asarray(1.1)))(kt)
    single = [sl.spectra.TableModel(made(), {"kT": one})(1.1) for one in kt.tolist()]
    np.testing.assert_allclose(found, single, rtol=1e-12)


def test_what_no_table_has_is_refused_by_name():
    with pytest.raises(ValueError, match=r"kt = 5.0 is outside its table, which has 0\.5 to 4"):
        sl.spectra.TableModel(made(), {"kT": 5.0})
    with pytest.raises(ValueError, match="values has tau, the table kt, log_xi, fe"):
        sl.spectra.TableModel(made(), {"tau": 5.0})
    with pytest.raises(ValueError, match=r"the table is additive: give it to sl\.spectra\.TableModel"):
        sl.spectra.TableFactor(made())
    with pytest.raises(ValueError, match=r"multiplicative: give it to sl\.spectra\.TableFactor"):
        sl.spectra.TableModel(made("multiplicative"))
    with pytest.raises(ValueError, match="the table has no redshift"):
        sl.spectra.TableModel(made(), redshift=0.1)
    with pytest.raises(ValueError, match=r"_replace\(below=0\.0"):
        sl.spectra.TableModel(made(below=1.0))
    with pytest.raises(TypeError, match="read_table_model"):
        sl.spectra.TableModel("apec.fits")
    outside = eqx.tree_at(lambda one: one.values["kt"], sl.spectra.TableModel(made()), jnp.asarray(9.0))
    assert np.isnan(outside(1.0))


def test_models_of_tables_are_saved_with_their_numbers(tmp_path):
    model = sl.spectra.TableModel(made(), {"kT": 0.7}, norm=2.0)
    sl.save(model, tmp_path / "model.npz")
    loaded = sl.load(tmp_path / "model.npz")
    assert float(loaded(1.0)) == float(model(1.0))


def test_a_table_prints_without_its_numbers():
    assert len(repr(sl.spectra.TableModel(made()))) < 1000


@pytest.mark.parametrize("bins", [300, 600, 2000])
def test_factors_of_narrow_bins_have_a_slope_by_redshift(bins):
    """Those of closed form, tau = 2 E^-3: bins that are narrower than those of a spectrum are not cut at."""
    edges = np.geomspace(0.05, 40.0, bins + 1)
    tau = 2 * (edges[1:] * edges[:-1]) ** -1.5
    table = sl.io.TableData(
        "dust", "exponential", True, (parameter("nH", [0.0, 2.0]),), (), edges[:-1], edges[1:], np.stack([0 * tau, tau])
    )

    def photons(z):
        factor = sl.spectra.TableFactor(table, {"nH": 1.0}, z)
        return (factor * sl.spectra.PowerLaw(1.7, 1.0)).photons(0.5, 8.0)

    nodes, weights = np.polynomial.legendre.leggauss(400)
    energy = np.exp(0.5 * (np.log(16) * nodes + np.log(0.5) + np.log(8.0)))
    weights = 0.5 * np.log(16) * weights * energy * energy**-1.7
    depth = (1.5 * energy) ** -3
    assert float(photons(0.5)) == pytest.approx(weights @ np.exp(-depth), rel=2e-4)
    exact = weights @ (np.exp(-depth) * 3 * depth / 1.5)
    found = float(jax.grad(photons)(0.5))
    assert found == pytest.approx(exact, rel=3e-3)
    assert found == pytest.approx(float(photons(0.5 + 1e-6) - photons(0.5 - 1e-6)) / 2e-6, rel=1e-5)


def test_factors_end_where_their_table_ends():
    """A jump to what the file says outside moves with the redshift, though the bins there are narrow."""
    edges = np.geomspace(0.5, 2.0, 401)
    table = sl.io.TableData(
        "dust",
        "multiplicative",
        True,
        (parameter("nH", [0.0, 2.0]),),
        (),
        edges[:-1],
        edges[1:],
        np.full((2, 400), 0.25),
    )

    def photons(z):
        return (sl.spectra.TableFactor(table, redshift=z) * sl.spectra.PowerLaw(0.0, 1.0)).photons(0.1, 8.0)

    assert float(photons(0.5)) == pytest.approx(0.25 * 1.5 / 1.5, rel=1e-6)
    assert float(jax.grad(photons)(0.5)) == pytest.approx(-0.25 * 1.5 / 1.5**2, rel=1e-5)
