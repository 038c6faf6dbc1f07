"""Photon spectra: values of the literature, integrals over bins, algebra, redshift, derivatives."""

import itertools
import math

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from scipy import special

import sightline as sl
from sightline.xray.counts.folded import Folding
from sightline.xray.spectra.bins import Bins, divided
from sightline.xray.spectra.nodes import photons_between

KEV = 1.602176634e-9  # erg

COMPONENTS = {
    "power law": sl.spectra.PowerLaw(index=1.8, norm=1e-3),
    "index 1": sl.spectra.PowerLaw(index=1.0, norm=1e-3),
    "broken": sl.spectra.BrokenPowerLaw(),
    "doubly broken": sl.spectra.DoublyBrokenPowerLaw(),
    "cut-off": sl.spectra.CutoffPowerLaw(),
    "log-parabola": sl.spectra.LogParabola(),
    "band": sl.spectra.Band(cutoff=3.0),
    "band, no bend": sl.spectra.Band(alpha=-2.0, beta=-1.0),
    "black body": sl.spectra.BlackBody(temperature=0.5),
    "cold black body": sl.spectra.BlackBodyRadius(temperature=0.05),
    "disk": sl.spectra.DiskBlackBody(),
    "disk of any exponent": sl.spectra.DiskPowerBlackBody(temperature=0.6, exponent=0.6),
    "bremsstrahlung": sl.spectra.Bremsstrahlung(temperature=2.0),
    "line": sl.spectra.Line(),
    "narrow line": sl.spectra.Line(energy=6.4, sigma=1e-3, norm=1e-3),
    "line in wavelength": sl.spectra.WavelengthLine(),
    "lorentz": sl.spectra.LorentzLine(),
    "constant": sl.spectra.Constant(),
}


SINGLE = ("power law", "line", "narrow line", "black body")  # in .ci/full all


@pytest.mark.parametrize("name", COMPONENTS)
def test_components_keep_the_contract(name):
    sl.testing.check_spectrum(COMPONENTS[name])


@pytest.mark.parametrize("name", [n if n in SINGLE else pytest.param(n, marks=pytest.mark.long) for n in COMPONENTS])
def test_components_keep_the_contract_in_single_precision(name):
    with jax.enable_x64(False):
        sl.testing.check_spectrum(jax.tree.map(lambda leaf: leaf.astype("float32"), COMPONENTS[name]))


def values(spectrum, energies):
    return np.asarray(jax.vmap(spectrum)(jnp.asarray(energies)))


def test_values_of_closed_forms():
    e = np.array([0.5, 1.0, 3.0, 10.0])
    np.testing.assert_allclose(values(sl.spectra.PowerLaw(1.7, 2.0), e), 2 * e**-1.7, rtol=1e-14)
    broken = sl.spectra.BrokenPowerLaw(1.0, 2.0, 2.5, norm=3.0)
    np.testing.assert_allclose(values(broken, e), np.where(e < 2, 3 / e, 3 * 2**1.5 * e**-2.5), rtol=1e-13)
    double = sl.spectra.DoublyBrokenPowerLaw(1.0, 0.8, 2.0, 4.0, 3.0)
    with pytest.raises(ValueError, match=r"lower_break = 4 keV must be below upper_break = 0\.8 keV"):
        sl.spectra.DoublyBrokenPowerLaw(1.0, 4.0, 2.0, 0.8, 3.0)
    expected = np.where(e < 0.8, 1 / e, np.where(e < 4, 0.8 * e**-2.0, 0.8 * 4 * e**-3.0))
    np.testing.assert_allclose(values(double, e), expected, rtol=1e-13)
    np.testing.assert_allclose(values(sl.spectra.CutoffPowerLaw(1.2, 4.0), e), e**-1.2 * np.exp(-e / 4), rtol=1e-13)
    parabola = values(sl.spectra.LogParabola(1.5, 0.3, pivot=2.0), e)
    np.testing.assert_allclose(parabola, (e / 2) ** (-1.5 - 0.3 * np.log10(e / 2)), rtol=1e-13)
    black = 8.0525 * e**2 / (0.5**4 * np.expm1(e / 0.5))
    np.testing.assert_allclose(values(sl.spectra.BlackBody(0.5), e), black, rtol=1e-13)
    radius = 1.0344e-3 * e**2 / np.expm1(e / 0.5)
    np.testing.assert_allclose(values(sl.spectra.BlackBodyRadius(0.5), e), radius, rtol=1e-13)


def test_band_is_continuous_with_its_slope():
    band = sl.spectra.Band(alpha=-0.8, beta=-2.4, cutoff=200.0)
    edge = 1.6 * 200.0
    below, above = values(band, [edge * (1 - 1e-9), edge * (1 + 1e-9)])
    assert below == pytest.approx(above, rel=1e-8)
    high = (edge / 100) ** 1.6 * math.exp(-1.6) * 10.0**-2.4
    assert float(band(1000.0)) == pytest.approx(high, rel=1e-12)
    assert float(band(50.0)) == pytest.approx(0.5**-0.8 * math.exp(-0.25), rel=1e-12)


def test_disks_against_quadrature_of_rings():
    """T ~ r^-p: rings of black bodies, added up by scipy."""
    from scipy.integrate import quad

    def rings(x, p):
        return quad(
            lambda s: math.exp(s * (1 - 2 / p - 1)) / np.expm1(np.minimum(x * math.exp(-s), 700)), -12, 0, epsrel=1e-11
        )[0]

    for energy in (0.05, 1.0, 2.4, 2.6, 9.0):
        scale = 1.0344e-3 * energy**2
        expected = 8 / 3 * scale * rings(energy, 0.75)
        assert float(sl.spectra.DiskBlackBody(1.0)(energy)) == pytest.approx(expected, rel=1e-8)
        expected = 2 / 0.6 * scale * rings(energy, 0.6)
        assert float(sl.spectra.DiskPowerBlackBody(1.0, 0.6)(energy)) == pytest.approx(expected, rel=1e-7)


def test_bremsstrahlung_has_the_gaunt_factor_of_born():
    from scipy.special import k0

    for x in (1e-3, 0.3, 3.9, 4.1, 30.0):
        expected = math.sqrt(3) / math.pi * k0(x / 2) * math.exp(-x / 2) / (2 * x * math.sqrt(2.0))
        assert float(sl.spectra.Bremsstrahlung(2.0)(2 * x)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["power law", "index 1", "broken", "disk", "line", "narrow line", "lorentz"])
def test_photons_and_energy_in_wide_bins(name):
    """Against composite quadrature of 50 panels with 20 nodes between all cuts."""
    spectrum = COMPONENTS[name]
    inside = (cut for cut in np.asarray(spectrum.jumps()).tolist() if 0.3 < cut < 12)
    cuts = sorted({0.3, 0.4, *inside, 1.0, 6.39, 6.405, 12.0})
    node, weight = np.polynomial.legendre.leggauss(20)

    def integrals(low, high):
        pieces = [cut for cut in cuts if low <= cut <= high]
        edges = np.concatenate([np.linspace(a, b, 51)[:-1] for a, b in itertools.pairwise(pieces)] + [[high]])
        half = 0.5 * np.diff(edges)[:, None]
        energy = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * node
        photons = half * weight * values(spectrum, energy.ravel()).reshape(energy.shape)
        return np.sum(photons), KEV * np.sum(energy * photons)

    @jax.jit
    def found(low, high):
        return spectrum.photons(low, high), sl.spectra.energy_flux(spectrum, low, high)

    for low, high in ((0.3, 0.4), (1.0, 12.0), (6.39, 6.405)):
        np.testing.assert_allclose(found(low, high), integrals(low, high), rtol=1e-6, atol=1e-30)


def test_a_redshift_stretches_photons_and_moves_edges():
    """N(E) = N_0(E (1 + z))/(1 + z); derivatives by z of bins that hold an edge."""
    z, low, high = 0.7, jnp.asarray(4.0), jnp.asarray(4.4)
    absorbed = sl.spectra.Scale(0.5) * sl.spectra.BrokenPowerLaw(1.0, 7.1, 4.0)
    far = sl.spectra.Redshifted(absorbed, z)
    assert float(far(3.0)) == pytest.approx(float(absorbed(5.1)) / 1.7, rel=1e-14)
    assert float(far.photons(low, high)) == pytest.approx(
        float(absorbed.photons(1.7 * low, 1.7 * high)) / 1.7**2, rel=1e-12
    )

    def counts(z):
        bins = Bins.contiguous(jnp.linspace(3.0, 5.0, 41))
        shifted = sl.spectra.Redshifted(absorbed, z)
        cut = bins.cut(shifted.jumps())
        return cut.gathered(shifted.binned(cut))

    step = 1e-5
    slope = jax.jit(jax.jacfwd(counts))(jnp.asarray(z))
    difference = (counts(jnp.asarray(z + step)) - counts(jnp.asarray(z - step))) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-6)


def test_fluxes_have_the_slope_of_an_edge_wherever_it_is():
    def flux(edge):
        return sl.spectra.photon_flux(sl.spectra.Edge(energy=edge, depth=1.0) * sl.spectra.PowerLaw(2.0, 1.0), 0.5, 8.0)

    for edge in (2.0, 2.1):
        step = 1e-5
        difference = (flux(jnp.asarray(edge + step)) - flux(jnp.asarray(edge - step))) / (2 * step)
        assert float(jax.grad(flux)(jnp.asarray(edge))) == pytest.approx(float(difference), rel=1e-5)


def test_cut_bins_hold_what_they_held():
    edges = jnp.linspace(1.0, 2.0, 6)
    jumps = jnp.array([1.5, 1.25, 0.5, 1.3, 1.4, 1.3, 3.0, 1.99])
    bins = Bins.contiguous(edges).cut(jumps)
    width = bins.gathered(bins.high - bins.low)
    np.testing.assert_allclose(width, 0.2, rtol=1e-12)
    assert np.all(np.asarray(bins.high >= bins.low))
    inside = np.asarray((bins.low[:, None] < jumps - 1e-12) & (jumps + 1e-12 < bins.high[:, None]))
    assert not inside.any()
    np.testing.assert_allclose(bins.gathered(bins.shared(jnp.arange(5.0))), np.arange(5.0), rtol=1e-12)


def test_wide_bins_are_divided():
    edges, part = divided([1.0, 1.01, 2.0])
    assert part[0] == 0
    assert np.all(part[1:] == 1)
    assert np.max(np.diff(np.log(edges))) < 0.02
    assert np.all(np.diff(edges) > 0)
    assert edges[-1] == 2.0


def test_lines_keep_their_photons_behind_factors():
    line = sl.spectra.Line(energy=6.4, sigma=1e-3, norm=1e-4)
    dim = sl.spectra.Scale(0.25) * line
    assert float(dim.photons(6.39, 6.405)) == pytest.approx(0.25e-4, rel=1e-6)
    sharp = sl.spectra.Line(energy=6.4, sigma=0.0, norm=1.0)
    assert float(sharp.photons(6.0, 7.0)) == 1.0
    assert float(sharp.photons(6.5, 7.0)) == 0.0
    assert float(sl.spectra.LorentzLine(6.4, 0.0, 1.0).photons(6.0, 7.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "line",
    [sl.spectra.Line(0.6051, 0.0), sl.spectra.WavelengthLine(12.4 / 0.6051, 0.0), sl.spectra.LorentzLine(0.6051, 0.0)],
    ids=lambda line: line.name,
)
def test_lines_without_width_are_dimmed_as_at_their_own_energy(line):
    """T at the line, not the mean of a bin, in bins of which the absorption changes by a factor 2 and more."""
    absorption, edges = sl.spectra.InterstellarAbsorption(1.5), np.array([0.55, 0.59, 0.62, 0.66])
    place = 12.398419843320026 * 0.6051 / 12.4 if line.name == "wavelength_line" else 0.6051
    response = sl.counts.Response(edges[:-1], edges[1:], np.eye(3), channels=edges)
    seen = Folding.of(response)(absorption * line)
    np.testing.assert_allclose(seen, [0.0, float(absorption(jnp.asarray(place))), 0.0], rtol=1e-9)


def test_terms_are_named_as_those_of_fields():
    law, black = sl.spectra.PowerLaw(), sl.spectra.BlackBody()
    assert list((law + black + law).terms) == ["power_law", "black_body", "power_law_2"]
    source = sl.spectra.Scale(0.5) * (law + black)
    assert list(sum([law, black]).terms) == ["power_law", "black_body"]
    assert list(source.terms) == ["scale", "sum"]
    assert list((2.0 * law).terms) == ["scale", "power_law"]
    assert list((0.5 * source).terms) == ["scale", "scale_2", "sum"]
    assert float((2.0 * law * sl.spectra.Scale(0.5))(2.0)) == pytest.approx(float(law(2.0)))
    assert (source + law)["power_law"] is law


def test_what_is_no_spectrum_is_refused_by_name():
    law, factor = sl.spectra.PowerLaw(), sl.spectra.Scale()
    with pytest.raises(TypeError, match="one photon spectrum, this one power_law, power_law_2"):
        law * law
    with pytest.raises(TypeError, match="factor and has no photons"):
        factor + law
    with pytest.raises(TypeError, match="only spectra are added"):
        law + factor
    with pytest.raises(TypeError, match="which has no photons"):
        sl.Model(spectra={"source": factor})
    with pytest.raises(ValueError, match="temperature"):
        sl.spectra.BlackBody(temperature=0.0)
    with pytest.raises(ValueError, match="redshift"):
        sl.spectra.Redshifted(law, -1.0)
    with pytest.raises(TypeError, match="RedshiftedFactor"):
        sl.spectra.Redshifted(factor, 0.1)
    with pytest.raises(ValueError, match=r"jax\.vmap"):
        law(jnp.ones(3))
    with pytest.raises(ValueError, match="positive"):
        law(0.0)
    with pytest.raises(ValueError, match="keV"):
        law(1.0 * u.s)
    with pytest.raises(ValueError, match="low = 2 keV is above high = 1 keV"):
        law.photons(2.0, 1.0)
    with pytest.raises(TypeError, match="spectrum is a Scale: give"):
        sl.spectra.energy_flux(factor, 1.0, 2.0)
    with pytest.raises(TypeError, match="spectrum is a Scale: give"):
        sl.spectra.GaussianSmoothing(0.1)(factor)
    with pytest.raises(ValueError, match=r"distance = -1\.0 must be positive"):
        sl.spectra.luminosity(law, 1.0, 2.0, -1.0)


def test_quantities_are_converted():
    law = sl.spectra.PowerLaw(index=2.0, norm=1.0)
    assert float(law(2000.0 * u.eV)) == pytest.approx(0.25)
    assert float(sl.spectra.photon_flux(law, 1000 * u.eV, 2.0)) == pytest.approx(0.5, rel=1e-9)
    line = sl.spectra.Line(energy=6400.0 * u.eV)
    assert float(line.energy) == pytest.approx(6.4)


def test_a_component_of_ones_own_in_ten_lines():
    class Comb(sl.spectra.AbstractPhotonSpectrum):
        edge: Float[Array, ""] = sl.param(2.0, unit="keV", positive=True)

        def __call__(self, energy):
            return jnp.where(energy < self.edge, 1.0, 0.25).astype(energy.dtype)

        def jumps(self):
            return self.edge[None]

    sl.testing.check_spectrum(Comb())
    assert float(Comb().photons(1.0, 3.0)) == pytest.approx(1.25, rel=1e-12)


def test_the_contract_finds_what_is_wrong():
    class Jumping(sl.spectra.AbstractPhotonSpectrum):
        def __call__(self, energy):
            return jnp.where(energy < 2.0, 1.0, 0.0).astype(energy.dtype)

    with pytest.raises(AssertionError, match=r"say in jumps\(\)"):
        sl.testing.check_spectrum(Jumping())


def absorbed(spectrum, edges):
    """The log-likelihood of five counts in each bin, a function of what makes the spectrum."""
    response = sl.counts.Response(edges[:-1], edges[1:], 300 * np.eye(edges.size - 1), channels=edges)
    counts = sl.counts.Spectrum(np.full(edges.size - 1, 5.0), 1e3)
    likelihood = sl.CountsLikelihood(sl.counts.Observation(counts, response), "source")
    return jax.jit(lambda x: likelihood.log_likelihood(sl.Model(spectra={"source": spectrum(x)})))


@pytest.mark.parametrize("sigma", [1e-3, 0.02, 0.1, 0.3])
def test_lines_behind_an_absorption_have_derivatives(sigma, precision):
    """Far from a line its density is of the order of 1e-200, whose square is 0."""
    powerlaw, absorption = sl.spectra.PowerLaw(2.0, 1e-2), sl.spectra.InterstellarAbsorption(0.1)
    height = absorbed(
        lambda x: absorption * (powerlaw + sl.spectra.Line(x[0], x[1], 1e-3)), np.geomspace(0.3, 10.0, 81)
    )
    at = jnp.array([3.03, sigma])
    slope = jax.grad(height)(at)
    assert np.all(np.isfinite(slope))
    if precision == "float64":
        steps = 1e-6 * at
        moved = [(height(at + step) - height(at - step)) / (2 * sum(step)) for step in jnp.diag(steps)]
        np.testing.assert_allclose(slope, moved, rtol=2e-4, atol=2e-4)


def test_energy_fluxes_of_lines_are_proportional_to_their_norm(precision):
    flux = lambda norm: sl.spectra.energy_flux(sl.spectra.Line(6.4, 0.05, norm), 2.0, 8.0)  # noqa: E731
    np.testing.assert_allclose(jax.grad(flux)(1.0), flux(1.0), rtol=1e-6)


@pytest.mark.parametrize("place", [3.0, 3.03, 4.0])
def test_an_edge_on_an_edge_of_a_bin_has_a_slope_of_one_side(place):
    height = absorbed(lambda x: sl.spectra.Edge(x, 1.0) * sl.spectra.PowerLaw(2.0, 0.1), np.linspace(0.5, 8.0, 61))
    step = 1e-6
    sides = [(height(place + step) - height(place)) / step, (height(place) - height(place - step)) / step]
    assert min(abs(jax.grad(height)(place) / side - 1) for side in sides) < 1e-5


@pytest.mark.parametrize("band", [(2.0, 3.0), (3.0, 5.0), (2.0, 5.0)])
def test_a_band_that_ends_at_an_edge_has_a_slope_of_one_side(band):
    flux = lambda place: (sl.spectra.Edge(place, 1.0) * sl.spectra.PowerLaw(2.0, 1.0)).photons(*band)  # noqa: E731
    step = 1e-6
    sides = [(flux(3.0 + step) - flux(3.0)) / step, (flux(3.0) - flux(3.0 - step)) / step]
    assert min(abs(jax.grad(flux)(3.0) - side) for side in sides) < 1e-6


@pytest.mark.parametrize("one", [sl.spectra.PowerLaw(), sl.spectra.InterstellarAbsorption(0.1)])
def test_arrays_of_numpy_do_not_take_a_spectrum_apart(one):
    with pytest.raises(TypeError, match=r"Scale\.factor"):
        np.ones(3) * one
    assert isinstance(np.float64(2.0) * one, type(2.0 * one))


def test_a_cut_on_an_edge_of_a_bin_moves_both_pieces_alike():
    """Lines are cut at their energy and some widths beside it: 6.4 keV and 6.5 keV lie on edges of bins."""
    edges = jnp.asarray(np.arange(5.0, 8.01, 0.25).round(6))
    made = {
        6.5: lambda x: sl.spectra.Line(x, 0.01, 1e-4),
        0.1: lambda x: sl.spectra.Line(6.4, x, 1e-4),
        6.25: lambda x: sl.spectra.LorentzLine(x, 0.1, 1e-4),
    }
    for place, line in made.items():
        photons = lambda x, line=line: photons_between(line(x), edges)  # noqa: E731
        step = 1e-6 * place
        moved = (photons(place + step) - photons(place - step)) / (2 * step)
        scale = float(jnp.max(jnp.abs(moved)))
        np.testing.assert_allclose(jax.jacfwd(photons)(place), moved, atol=1e-4 * scale)


def test_lines_keep_their_digits_in_single_precision():
    """Far wings of a Lorentzian, and broad lines in the narrow bins of a grating, where differences cancel."""
    with jax.enable_x64(False):
        line = sl.spectra.LorentzLine(6.4, 0.005, 1.0)
        for low, high in ((2.0, 2.1), (6.3, 6.5), (6.4, 6.5), (9.0, 9.1)):
            exact = (np.arctan((high - 6.4) / 0.0025) - np.arctan((low - 6.4) / 0.0025)) / np.pi
            assert float(line.photons(np.float32(low), np.float32(high))) == pytest.approx(exact, rel=1e-5)
        edges = np.arange(0.5, 2.5, 0.0005, np.float32)
        found = jax.vmap(sl.spectra.Line(1.5, 0.3, 1.0).photons)(edges[:-1], edges[1:])
    z = (edges.astype(float) - 1.5) / 0.3
    np.testing.assert_allclose(found, np.diff(special.ndtr(z)), rtol=3e-6)
    places = jnp.asarray(z * 0.3 + 1.5)
    whole = jax.vmap(sl.spectra.Line(1.5, 0.3, 1.0).photons)(places[:-1], places[1:])
    np.testing.assert_allclose(whole, np.diff(special.ndtr(z)), rtol=1e-10)  # which the differences have


def test_smoothed_spectra_end_with_their_bins():
    smooth = sl.spectra.GaussianSmoothing(0.1)(sl.spectra.PowerLaw(2.0))
    assert float(smooth(100.0)) == pytest.approx(1e-4, rel=1e-3)
    assert np.all(np.isfinite([smooth(0.01), smooth(200.0)]))
    assert np.isnan(smooth(500.0))
    assert np.isnan(smooth(0.005))


def test_a_lorentzian_without_width_has_its_slope_in_a_sum(precision):
    """d/dw of what a line has between 2 and 10 keV: -[1/(10 - E) + 1/(E - 2)]/(2 pi)."""
    exact = -(1 / 3.5 + 1 / 4.5) / (2 * np.pi)
    slope = jax.grad(lambda w: (sl.spectra.PowerLaw(2.0, 1.0) + sl.spectra.LorentzLine(6.5, w, 1.0)).photons(2.0, 10.0))
    assert float(slope(0.0)) == pytest.approx(exact, rel=1e-5 if precision == "float64" else 2e-2)
    assert float(jax.grad(lambda w: sl.spectra.LorentzLine(6.5, w, 1.0).photons(2.0, 6.5))(0.0)) == pytest.approx(
        -1 / 4.5 / (2 * np.pi), rel=1e-5
    )


def test_equivalent_widths_are_integrals_over_the_continuum(precision):
    """Of a narrow line its norm over the continuum there, of a broad one by quadrature, absorbed or not."""
    steep, rtol = sl.spectra.PowerLaw(2.0, 1e-2), 1e-9 if precision == "float64" else 2e-5
    narrow = sl.spectra.Line(6.4, 0.0, 3e-5)
    there = 3e-5 / (1e-2 * 6.4**-2.0)
    assert float(sl.spectra.equivalent_width(narrow, steep, 5.0, 8.0)) == pytest.approx(there, rel=rtol + 1e-7)
    broad = sl.spectra.Line(6.4, 0.4, -3e-5)
    energy = np.linspace(3.0, 10.0, 20001)
    shape = -3e-5 * np.exp(-0.5 * ((energy - 6.4) / 0.4) ** 2) / np.sqrt(2 * np.pi) / 0.4
    exact = np.trapezoid(shape / (1e-2 * energy**-2.0), energy)
    found = sl.spectra.equivalent_width(broad, steep, 3.0, 10.0)
    assert float(found) == pytest.approx(exact, rel=1e-4)
    dimmed = sl.spectra.InterstellarAbsorption(1.0)
    assert float(sl.spectra.equivalent_width(dimmed * broad, dimmed * steep, 3.0, 10.0)) == pytest.approx(
        exact, rel=1e-3
    )
    slope = jax.grad(lambda norm: sl.spectra.equivalent_width(sl.spectra.Line(6.4, 0.0, norm), steep, 5.0, 8.0))(3e-5)
    assert float(slope) == pytest.approx(there / 3e-5, rel=rtol + 1e-7)


def test_lines_without_a_continuum_have_no_width():
    cold, line = sl.spectra.BlackBody(0.005), sl.spectra.Line(9.0, 0.0, 1e-5)
    assert np.isnan(sl.spectra.equivalent_width(line, cold, 8.0, 10.0))
    assert sl.spectra.equivalent_width(0 * line, cold, 8.0, 10.0) == 0


@pytest.mark.parametrize("redshift", [0.1, 0.5, 2.0])
def test_equivalent_widths_of_narrow_lines_at_a_redshift(precision, redshift):
    """W as observed is that at rest by 1 + z, for a line without width, too; its slope is that of 1/N."""
    steep, rtol = sl.spectra.PowerLaw(2.0, 1e-2), 1e-9 if precision == "float64" else 1e-5

    def width(energy):
        line = sl.spectra.Redshifted(sl.spectra.Line(energy, 0.0, 3e-5), redshift)
        return sl.spectra.equivalent_width(line, sl.spectra.Redshifted(steep, redshift), 1.0, 8.0)

    rest = 3e-5 / (1e-2 * 6.4**-2.0)
    assert float(width(6.4)) == pytest.approx(rest / (1 + redshift), rel=rtol)
    assert float(jax.grad(width)(6.4)) == pytest.approx(2 * rest / 6.4 / (1 + redshift), rel=rtol)
