"""Photoelectric absorption: cross sections against closed forms, literature, published tables; edges; derivatives."""

import dataclasses
import importlib
import math

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

import toy_sky  # noqa: F401  (double precision)
from sightline.parameters.leaves import find_leaves
from sightline.xray.spectra.absorption import (
    GasAbsorption,
    InterstellarAbsorption,
    MorrisonMcCammon,
    TabulatedAbsorption,
    abundances,
    atoms,
    grains,
    light,
)

interstellar = importlib.import_module("sightline.xray.spectra.absorption.interstellar")
gas = importlib.import_module("sightline.xray.spectra.absorption.gas")

TABLE = TabulatedAbsorption(0.3, [0.5, 1.0, 2.0, 2.0, 5.0], [4e-22, 9e-23, 1e-23, 5e-23, 6e-24])
FACTORS = {
    "interstellar": InterstellarAbsorption(0.3),
    "gas": GasAbsorption(0.3, {"O": 0.5, "metals": 2.0}),
    "morrison_mccammon": MorrisonMcCammon(0.3),
    "tabulated": TABLE,
}
each = pytest.mark.parametrize("factor", FACTORS.values(), ids=FACTORS)


def sigma(factor, energy):
    """Cross sections that a factor has, 1e-22 cm2."""
    return -np.log(np.asarray(values(factor, jnp.asarray(energy)))) / float(factor.column)


def test_hydrogen_is_that_of_the_exact_solution():
    energy = np.array([13.7, 30.0, 100.0, 1000.0, 10000.0])
    wave = np.sqrt(energy / 13.5984 - 1)
    threshold = 2**9 * math.pi**2 / (3 * math.exp(4)) / 137.035999 * 0.529177**2 * 100  # Mb
    stobbe = (13.5984 / energy) ** 4 * np.exp(4 - 4 * np.arctan(wave) / wave) / -np.expm1(-2 * math.pi / wave)
    np.testing.assert_allclose(atoms.cross_section("H", energy), threshold * stobbe, rtol=0.01)


@pytest.mark.parametrize(
    ("element", "kev", "attenuation", "weight"),
    [  # cm2 per gram, Hubbell & Seltzer 1995 (NISTIR 5632), of which scattering is at most 1 %
        ("C", 1.0, 2211.0, 12.011),
        ("N", 1.0, 3311.0, 14.007),
        ("O", 1.0, 4590.0, 15.999),
        ("Ne", 1.0, 7405.0, 20.180),
        ("Mg", 1.3115, 5437.0, 24.305),
        ("Si", 1.8465, 3192.0, 28.085),
        ("S", 2.4775, 2070.0, 32.06),
        ("Fe", 7.125, 407.6, 55.845),
        ("Fe", 10.0, 170.6, 55.845),
    ],
)
def test_atoms_attenuate_as_in_tables(element, kev, attenuation, weight):
    expected = attenuation * weight / 6.02214076e23 * 1e18
    assert atoms.cross_section(element, np.array([1e3 * kev]))[0] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("element", ["C", "N", "O", "Ne", "Na", "Mg", "Al", "Si", "S", "Ca"])
def test_outer_shells_go_on_where_the_next_shell_inside_begins(element):
    outer = next(fit for fit in atoms.fits(element) if math.isfinite(fit.high))
    below = outer(np.array([np.nextafter(outer.high, 0)]))[0]
    above = sorted(fit(np.array([outer.high]))[0] for fit in atoms.fits(element) if fit.low == outer.high)
    assert below == pytest.approx(sum(above[:-1]), rel=0.06)  # the largest is the shell that begins


def test_helium_and_molecular_hydrogen():
    assert light.helium(np.array([24.59]))[0] == pytest.approx(7.40, rel=0.02)  # Samson et al. 1994
    assert light.helium(np.array([24.57]))[0] == light.molecular_hydrogen(np.array([15.39]))[0] == 0
    energy = np.array([1e3, 1e4])
    ratio = light.molecular_hydrogen(energy) / atoms.cross_section("H", energy)
    np.testing.assert_allclose(ratio, 2.93, rtol=0.02)  # molecules absorb more than two atoms
    for join in light.HYDROGEN_EDGES[1:]:
        below, above = light.molecular_hydrogen(np.array([np.nextafter(join, 0), join]))
        assert below == pytest.approx(above, rel=0.015)


def test_abundances_are_those_of_the_interstellar_medium():
    found = abundances.interstellar()
    published = {"He": 9.77e-2, "C": 2.40e-4, "N": 7.59e-5, "O": 4.90e-4, "Si": 1.86e-5, "Fe": 2.69e-5, "Ni": 1.12e-6}
    for name, value in published.items():  # as printed with XSPEC's table wilm
        assert found[name].abundance == pytest.approx(value, rel=3e-3)
    metals = sum(one.abundance for name, one in found.items() if name not in ("H", "He"))
    assert len(found) == 21
    assert metals == pytest.approx(9.858e-4, rel=1e-3)  # the sum of that table
    assert all(0 <= one.gas <= 1 for one in found.values())


def test_grains_shield_their_inside():
    (low, high), depth = grains.SIZES, np.array([1e-6, 0.3, 4.0, 1e6])

    def mean(tau):
        top, _ = integrate.quad(lambda a: a**-1.5 * -math.expm1(-tau * a / high), low, high, epsabs=0, epsrel=1e-11)
        return top / integrate.quad(lambda a: a**-0.5 * tau / high, low, high)[0]

    np.testing.assert_allclose(grains.shielding(depth), [mean(tau) for tau in depth], rtol=1e-9)
    assert grains.shielding(np.zeros(1))[0] == pytest.approx(1, rel=1e-15)


def test_the_interstellar_medium_is_that_of_xspec():
    """`tbabs`, `abund wilm`: energies in keV and 1e-22 cm2, as distributed with astromodels and jaxspec."""
    energy, published = np.transpose(
        [
            (0.3100166, 24.795107),
            (0.3599764, 15.962280),
            (0.4499325, 8.606905),
            (0.4999630, 6.2977891),
            (0.5999200, 5.5196948),
            (0.6498885, 4.4476543),
            (0.7999065, 2.7747264),
            (0.9997987, 1.7384800),
            (1.5002772, 0.60654289),
            (2.0004027, 0.29190680),
            (3.0001724, 0.099546403),
            (4.9999485, 0.023902928),
            (7.9995742, 0.012806855),
            (9.9986238, 0.0070804670),
        ]
    )
    np.testing.assert_allclose(sigma(InterstellarAbsorption(1.0), energy), published, rtol=0.008)


def test_grains_and_molecules_change_what_they_change_in_the_table_of_the_authors():
    """keV, 1e-22 cm2 without and with grains, table of the model's authors of 2015 as distributed with pyxsis."""
    energy, bare, shielded = np.transpose(
        [
            (0.440138638, 9.24889, 9.19363),
            (0.650340438, 4.50601, 4.44097),
            (0.800000012, 2.82006, 2.77788),
            (1.20109892, 1.06712, 1.06055),
            (1.58740163, 0.524195, 0.522031),
            (2.09794879, 0.256322, 0.255623),
            (2.93173409, 0.106727, 0.106593),
            (8.00043678, 0.0128874, 0.0128835),
        ]
    )
    found = sigma(InterstellarAbsorption(1.0), energy)
    np.testing.assert_allclose(found, shielded, rtol=0.002)
    hydrogen, molecules = atoms.cross_section("H", 1e3 * energy), light.molecular_hydrogen(1e3 * energy)
    alone = sigma(GasAbsorption(1.0), energy) + 1e4 * (0.1 * molecules - 0.2 * hydrogen)
    np.testing.assert_allclose(found / alone - 1, shielded / bare - 1, atol=3e-4)


def test_tables_hold_the_formulas_and_their_edges():
    table = interstellar._table()
    energy = np.geomspace(0.013601, 99.9, 3001)
    exact = 1e4 * interstellar.cross_section(1e3 * energy)[0]
    found = jax.vmap(table)(jnp.asarray(energy))[:, 0]
    np.testing.assert_allclose(found, exact, rtol=1e-8)
    single = jax.vmap(table)(jnp.asarray(energy, jnp.float32))[:, 0]
    assert single.dtype == jnp.float32
    edges = np.min(np.abs(energy[:, None] / table.jumps - 1), axis=1)
    np.testing.assert_allclose(single[edges > 1e-6], exact[edges > 1e-6], rtol=3e-6)
    inner = table.jumps[1:-1]
    for side, there in (("below", np.nextafter(inner, 0)), ("above", inner)):
        exact = 1e4 * interstellar.cross_section(1e3 * there * (1 + (1e-13 if side == "above" else -1e-13)))[0]
        np.testing.assert_allclose(jax.vmap(table)(jnp.asarray(there))[:, 0], exact, rtol=1e-8)


def test_edges_are_where_atoms_have_them():
    jumps = InterstellarAbsorption(1.0).jumps()
    assert isinstance(jumps, np.ndarray)
    assert np.all(np.diff(jumps) > 0)
    for edge in (0.0136, 0.291, 0.4048, 0.538, 0.724, 0.8701, 1.311, 1.846, 2.477, 7.124):
        assert np.min(np.abs(jumps / edge - 1)) < 1e-12


def test_outside_its_table_nothing_is_absorbed_or_little():
    factor = InterstellarAbsorption(100.0)
    assert [float(factor(jnp.asarray(energy))) for energy in (1e-3, 0.0135)] == [1.0, 1.0]
    low, high = (-math.log(factor(jnp.asarray(energy))) for energy in (100.0, 200.0))
    assert low / high == pytest.approx(8, rel=1e-6)
    for energy in (1e-3, 0.0136, 100.0, 1e4):
        assert math.isfinite(jax.grad(factor)(jnp.asarray(energy)))


def test_gas_scales_with_its_abundances():
    energy = np.array([0.4, 0.6, 1.0, 5.0, 8.0])
    elements = abundances.interstellar()
    share = {"H": 1.0, "He": 1.0, "O": 0.5, "Fe": 3.0}
    terms = [share.get(n, 0.2) * one.abundance * abundances.atom(n, 1e3 * energy) for n, one in elements.items()]
    factor = GasAbsorption(1.0, {"Fe": 3.0, "metals": 0.2, "O": 0.5})
    np.testing.assert_allclose(sigma(factor, energy), 1e4 * np.sum(terms, axis=0), rtol=1e-8)
    slope = eqx.filter_grad(lambda one: one(jnp.asarray(1.0)))(factor).abundances["O"]
    oxygen = 1e4 * elements["O"].abundance * atoms.cross_section("O", np.array([1e3]))[0]
    assert float(slope) == pytest.approx(-oxygen * float(factor(jnp.asarray(1.0))), rel=1e-8)
    names = find_leaves(factor)
    assert sorted(names) == ["abundances.Fe", "abundances.O", "abundances.metals", "column"]
    assert names["abundances.O"].metadata["bounds"] == (0, None)


def test_the_effect_of_each_part_against_gas_alone():
    """Relative changes at 0.3, 0.6, 1 and 2 keV, which benchmarks/results/absorption.md has on a finer grid."""
    energy = np.array([0.3, 0.6, 1.0, 2.0])
    ism, alone = sigma(InterstellarAbsorption(1.0), energy), sigma(GasAbsorption(1.0), energy)
    hydrogen, molecules = (f(1e3 * energy) for f in (lambda e: atoms.cross_section("H", e), light.molecular_hydrogen))
    np.testing.assert_allclose(
        1e4 * (0.1 * molecules - 0.2 * hydrogen) / alone, [0.0199, 0.0106, 0.0063, 0.0036], atol=1e-4
    )
    fits = 0.0977 * (light.helium(1e3 * energy) - atoms.cross_section("He", 1e3 * energy))
    np.testing.assert_allclose(1e4 * fits / alone, [0.0342, 0.0322, 0.0268, 0.0223], atol=1e-4)
    grains = (ism - 1e4 * (0.1 * molecules - 0.2 * hydrogen)) / alone - 1
    np.testing.assert_allclose(grains, [-0.0105, -0.0168, -0.0093, -0.0031], atol=1e-4)


def test_morrison_mccammon_is_wabs():
    """XSPEC's `wabs`: keV and 1e-22 cm2, as distributed with astromodels."""
    energy, published = np.transpose(
        [
            (0.20002754, 86.387039),
            (0.49996302, 7.3575950),
            (0.79990649, 3.7624803),
            (0.99979874, 2.4233136),
            (2.0004027, 0.42988399),
            (4.9999485, 0.035253026),
            (7.9995742, 0.017115753),
            (15.003726, 0.0028221996),
        ]
    )
    np.testing.assert_allclose(sigma(MorrisonMcCammon(1.0), energy), published, rtol=1e-4)
    below, above = sigma(MorrisonMcCammon(1.0), np.array([np.nextafter(0.532, 0), 0.532]))
    assert below == pytest.approx(0.01 * (71.4 + 66.8 * 0.532 - 51.4 * 0.532**2) / 0.532**3, rel=1e-12)
    assert above == pytest.approx(0.01 * (95.5 + 145.8 * 0.532 - 61.1 * 0.532**2) / 0.532**3, rel=1e-12)


def test_tabulated_is_linear_in_logarithms_with_jumps():
    slope = math.log(9 / 40) / math.log(2)
    end = 0.06 * 2 ** (math.log(0.12) / math.log(2.5))
    expected = [4.0 * 0.5**slope, 4.0 * 1.4**slope, 0.1, 0.5, end]
    energy = np.array([0.25, 0.7, np.nextafter(2.0, 0), 2.0, 10.0])
    np.testing.assert_allclose(sigma(TABLE, energy), expected, rtol=1e-9)
    assert TABLE.jumps().tolist() == [1.0, 2.0]
    grid = np.geomspace(0.1, 10, 400)
    smooth = TabulatedAbsorption(1.0, grid * u.keV, 1e-26 * grid**-3 * (1 + grid) * u.m**2)
    assert smooth.jumps().size == 0
    np.testing.assert_allclose(sigma(smooth, [0.55, 3.3]), [1.55 / 0.55**3, 4.3 / 3.3**3], rtol=1e-4)


@pytest.mark.parametrize(
    ("energy", "section", "message"),
    [
        ([1.0, 2.0], [1e-22], "one length"),
        ([1.0], [1e-22], "2 nodes"),
        ([2.0, 1.0], [1e-22, 1e-23], "ascend"),
        ([1.0, 2.0, 2.0], [1e-22, 1e-23, 2e-23], "not the first nor the last"),
        ([1.0, 2.0, 2.0, 2.0, 3.0], [1e-22] * 5, "twice"),
        ([1.0, 2.0], [1e-22, 0.0], "must be positive"),
        ([0.0, 2.0], [1e-22, 1e-23], "must be positive"),
        ([1.0, math.nan], [1e-22, 1e-23], "not finite"),
        ([1.0, 2.0] * u.s, [1e-22, 1e-23], "keV"),
    ],
)
def test_tables_that_cannot_be_are_refused(energy, section, message):
    with pytest.raises(ValueError, match=message):
        TabulatedAbsorption(1.0, energy, section)


def test_bad_columns_and_abundances_are_refused():
    with pytest.raises(ValueError, match="outside its bounds"):
        InterstellarAbsorption(-0.1)
    with pytest.raises(ValueError, match="'Xe' is none of He, C"):
        GasAbsorption(1.0, {"Xe": 1.0})
    with pytest.raises(ValueError, match="'H' is none of"):
        GasAbsorption(1.0, {"H": 1.0})
    with pytest.raises(ValueError, match=r"abundances\['O'\] = -1"):
        GasAbsorption(1.0, {"O": -1.0})
    with pytest.raises(TypeError, match="must be a dict"):
        GasAbsorption(1.0, 0.5)


@each
def test_columns_convert(factor):
    inside = dataclasses.replace(factor, column=3e21 * u.cm**-2)
    assert float(inside.column) == pytest.approx(0.3)
    inside = dataclasses.replace(factor, column=3e25 * u.m**-2)
    assert float(inside(jnp.asarray(1.5))) == pytest.approx(float(factor(jnp.asarray(1.5))), rel=1e-14)


@eqx.filter_jit
def values(factor, energy):
    return jax.vmap(factor)(energy)


@eqx.filter_jit
def along(factor, energy, direction):
    return eqx.filter_jvp(lambda one, e: jax.vmap(one)(e), (factor, energy), direction)


@eqx.filter_jit
def backwards(factor, energy):
    return eqx.filter_grad(lambda both: jnp.sum(jax.vmap(both[0])(both[1])))((factor, energy))


@each
@pytest.mark.parametrize("column", [0.0, 0.3])
def test_derivatives(factor, column):
    factor = dataclasses.replace(factor, column=column)
    energy = jnp.asarray([0.51, 0.9, 1.7, 2.1, 4.9])
    params, static = eqx.partition(factor, eqx.is_inexact_array)
    ones, step = jax.tree.map(jnp.ones_like, params), 1e-6

    def moved(by):
        return eqx.combine(jax.tree.map(lambda leaf: leaf + by, params), static)

    primal, slope = along(factor, energy, (ones, jnp.zeros(5)))
    np.testing.assert_allclose(primal, values(factor, energy))
    found = (values(moved(step), energy) - values(moved(-step), energy)) / (2 * step)
    np.testing.assert_allclose(slope, found, rtol=1e-6, atol=1e-9)
    _, other = along(factor, energy, (jax.tree.map(jnp.zeros_like, params), jnp.ones(5)))
    found = (values(factor, energy + step) - values(factor, energy - step)) / (2 * step)
    np.testing.assert_allclose(other, found, rtol=1e-5, atol=1e-9)
    total = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(backwards(factor, energy)))
    np.testing.assert_allclose(total, jnp.sum(slope + other), rtol=1e-10, atol=1e-14)


@each
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_everything_is_finite_in_both_precisions(factor, dtype):
    energy = jnp.geomspace(0.01, 200, 200, dtype=dtype)
    for column in (0.0, 0.3, 1e4):
        one = jax.tree.map(lambda leaf: leaf.astype(dtype), dataclasses.replace(factor, column=column))
        value, slope = values(one, energy), backwards(one, energy)
        assert value.dtype == dtype
        assert jnp.all((value >= 0) & (value <= 1))
        assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(slope))
