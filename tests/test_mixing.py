"""The mixing matrix, its derivatives pixel by pixel, and the sky that components make."""

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl
from sightline.sky.brightness import per_kelvin
from sightline.sky.instruments.bands import nodes_of
from toy_components import BANDS, SKY_U, mixing_of_u, top_hats

jax.config.update("jax_enable_x64", True)

COMPONENTS = sl.components
NPIX = 48
LABELS = sl.components.multiresolution(sl.HealpixSky(2), 1)


def clustered():
    dust = COMPONENTS.ModifiedBlackbody(
        index=COMPONENTS.Clusters(np.linspace(1.4, 1.7, 12), LABELS),
        temperature=COMPONENTS.PixelMap(np.linspace(15.0, 25.0, NPIX)),
    )
    return COMPONENTS.MixingMatrix(synchrotron=COMPONENTS.PowerLaw(), dust=dust, cmb=COMPONENTS.CMB())


def test_numbers_of_two_foregrounds():
    mixing = COMPONENTS.MixingMatrix(
        cmb=COMPONENTS.CMB(),
        dust=COMPONENTS.ModifiedBlackbody(index=1.6, temperature=18.0, reference=353.0),
        synchrotron=COMPONENTS.PowerLaw(index=-3.1, curvature=-0.05, reference=23.0),
    )
    cmb, dust, synchrotron = mixing([100.0], 1)[0, :, 0]
    assert float(dust) == pytest.approx(0.01920188, rel=1e-6)
    assert float(synchrotron) == pytest.approx(0.01196678, rel=1e-6)
    assert float(cmb) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("bands", "dust", "synchrotron"), [(BANDS, 0.8483363, 0.0038502), (top_hats(), 0.8790335, 0.0039074)]
)
def test_numbers_of_the_sky_u(bands, dust, synchrotron):
    found = np.asarray(mixing_of_u()(bands, 1))[BANDS.frequency.index(140.0), :, 0]
    assert found[0] == pytest.approx(1, abs=1e-10)
    assert found[1] == pytest.approx(dust, rel=1e-5)
    assert found[2] == pytest.approx(synchrotron, rel=1e-5)


@pytest.mark.parametrize("sed", [COMPONENTS.ModifiedBlackbody, COMPONENTS.PowerLaw])
def test_spectra_are_rounded_once_in_single_precision(sed):
    """Values and derivatives, of numbers that both precisions have: half a last place each, 6e-8."""
    found = {}
    for wide in (False, True):
        with jax.enable_x64(wide):
            of = [jax.jit(jax.vmap(one)) for one in (sed(index=1.625), sed(index=1.625).derivatives)]
            found[wide] = jax.tree.leaves([one(jnp.array([40.0, 100.0, 166.0, 402.0])) for one in of])
    for single, double in zip(found[False], found[True], strict=True):
        assert (single.dtype, double.dtype) == (np.float32, np.float64)
        np.testing.assert_allclose(single, double, rtol=6e-8)


class Table(COMPONENTS.AbstractSED):
    """A spectrum between nodes, which is gathered."""

    values: Float[Array, " nodes"] = sl.param((3.0, 1.0, 0.25))
    reference: float = sl.setting(100.0, unit="GHz", positive=True)

    def __call__(self, frequency):
        return jnp.interp(frequency, jnp.array([20.0, 100.0, 500.0]), self.values)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mapped", [False, True])
def test_single_precision_differentiates_as_double_does(mapped):
    """Backwards, twice, and in a loop: nothing of double precision is left over."""
    found = {}
    for wide in (False, True):
        with jax.enable_x64(wide):
            labels = np.arange(8) % 2
            index = COMPONENTS.Clusters(np.array([1.5, 1.75]), labels) if mapped else 1.5
            mixing = COMPONENTS.MixingMatrix(
                dust=COMPONENTS.ModifiedBlackbody(index=index), low=COMPONENTS.PowerLaw(curvature=0.25), table=Table()
            )
            moving, rest = eqx.partition(mixing, eqx.is_inexact_array)
            vector, back = jax.flatten_util.ravel_pytree(moving)

            def total(x, rest=rest, back=back):
                return jnp.sum(eqx.combine(back(x), rest)([40.0, 90.0, 217.0], 8) ** 2)

            slope = jax.grad(total)
            found[wide] = [slope(vector), jax.jit(slope)(vector), jax.hessian(total)(vector)]
            found[wide].append(jax.vmap(slope)(jnp.stack([vector, vector]))[1])
    for single, double in zip(found[False], found[True], strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=2e-5, atol=2e-5 * np.max(np.abs(double)))


def test_the_cmb_is_one_everywhere_in_single_precision_too():
    with jax.enable_x64(False):
        found = COMPONENTS.MixingMatrix(cmb=COMPONENTS.CMB())(np.geomspace(1.0, 3000.0, 20), 1)
        assert found.dtype == jnp.float32
        assert np.max(np.abs(np.asarray(found) - 1)) < 1e-5


def test_an_amplitude_is_that_at_the_reference():
    found = COMPONENTS.MixingMatrix(dust=COMPONENTS.ModifiedBlackbody(), low=COMPONENTS.PowerLaw())([353.0, 23.0], 1)
    assert np.diag(found[:, :, 0]) == pytest.approx([1, 1], rel=1e-12)


def test_components_keep_the_order_they_were_given_in():
    mixing = clustered()
    assert mixing.components == ("synchrotron", "dust", "cmb")
    again = jax.tree.map(lambda leaf: leaf, mixing)
    assert again.components == mixing.components
    assert np.allclose(jax.jit(lambda one: one(BANDS, NPIX))(mixing), mixing(BANDS, NPIX), rtol=1e-13)


def test_every_pixel_has_its_own_parameters():
    found = clustered()(BANDS, NPIX)
    assert found.shape == (15, 3, NPIX)
    for pixel in (0, 17, 47):
        index, temperature = np.linspace(1.4, 1.7, 12)[LABELS[pixel]], np.linspace(15.0, 25.0, NPIX)[pixel]
        alone = COMPONENTS.MixingMatrix(dust=COMPONENTS.ModifiedBlackbody(index, temperature))(BANDS, 1)
        assert np.asarray(found[:, 1, pixel]) == pytest.approx(np.asarray(alone[:, 0, 0]), rel=1e-12)


def test_pixels_of_clusters_of_their_own_are_a_pixel_map():
    values = np.linspace(1.4, 1.7, NPIX)
    both = [COMPONENTS.Clusters(values, np.arange(NPIX)), COMPONENTS.PixelMap(values)]
    one, other = (COMPONENTS.MixingMatrix(d=COMPONENTS.ModifiedBlackbody(index))(BANDS, NPIX) for index in both)
    assert np.array_equal(one, other)


@pytest.mark.parametrize("bands", [BANDS, top_hats(11)])
def test_derivatives_pixel_by_pixel_are_those_of_the_matrix(bands):
    mixing = clustered()
    spread, axes = mixing.spread(NPIX)
    band = jax.tree.map(lambda leaf: leaf[3], nodes_of(bands))
    found = jax.vmap(lambda one: one.derivatives(band), in_axes=(axes,), axis_size=NPIX)(spread)
    leaves, tree = jax.tree.flatten(eqx.filter(spread, eqx.is_inexact_array))
    moves = [np.full(np.shape(leaf), 1e-5) for leaf in leaves]
    assert len(found) == len(leaves) == len(mixing.slots)

    def column(leaves):
        one = jax.tree.unflatten(tree, leaves)
        return jax.vmap(lambda pixel: pixel.column(band), in_axes=(axes,), axis_size=NPIX)(one)

    for place, (slot, derivative) in enumerate(zip(mixing.slots, found, strict=True)):
        ahead, behind = ([*leaves] for _ in range(2))
        ahead[place], behind[place] = leaves[place] + moves[place], leaves[place] - moves[place]
        difference = (column(ahead) - column(behind)) / 2e-5
        own = slice(slot.first, slot.first + slot.count)
        assert np.asarray(derivative) == pytest.approx(np.asarray(difference[:, own]), rel=1e-6, abs=1e-9)
        assert not np.any(np.delete(difference, np.arange(3)[own], axis=1))
        assert mixing.components[slot.first].startswith(slot.term)


def test_the_transpose_of_spread_adds_up_pixels():
    mixing = clustered()
    (gradient,) = jax.vjp(lambda one: one.spread(NPIX)[0], mixing)[1](
        jax.tree.map(jnp.ones_like, mixing.spread(NPIX)[0])
    )
    assert np.asarray(gradient.terms["dust"].index.values) == pytest.approx(np.bincount(LABELS))


def test_jvp_vjp_and_differences_agree():
    from sightline.testing.derivatives import derivative_problems

    assert derivative_problems(lambda one: one(top_hats(5), NPIX), clustered(), "the parameters") == []


def test_bands_of_unlike_bandpasses_are_padded():
    wide = sl.instruments.Bandpass([90.0, 100.0, 110.0], [1.0, 2.0, 1.0], nominal=100.0)
    narrow = sl.instruments.Bandpass([140.0, 150.0], [1.0, 1.0], nominal=145.0)
    bands = sl.instruments.Bands([100.0, 145.0, 220.0], 1.0, bandpasses=[wide, narrow, None])
    mixing = mixing_of_u()
    found = mixing(bands, 1)
    for place, band in enumerate((wide, narrow)):
        alone = sl.instruments.Bands([band.nominal], 1.0, bandpasses=[band])
        assert np.asarray(found[place]) == pytest.approx(np.asarray(mixing(alone, 1)[0]), rel=1e-13)
    assert np.asarray(found[2]) == pytest.approx(np.asarray(mixing([220.0], 1)[0]), rel=1e-13)


def test_a_band_is_the_bandpass_of_the_sky():
    band = sl.instruments.Bandpass(np.linspace(119.0, 161.0, 9), np.linspace(1, 2, 9), nominal=140.0, unit="K_CMB")
    zero = jnp.zeros((9, 3))
    sed = jax.vmap(COMPONENTS.ModifiedBlackbody(reference=150.0))(jnp.asarray(band.frequency))
    seen = band(sl.Stokes(zero + sed[:, None], zero, zero, frequency=band.frequency)).I[0]
    mixing = COMPONENTS.MixingMatrix(dust=COMPONENTS.ModifiedBlackbody(reference=150.0))
    found = mixing(sl.instruments.Bands([140.0], 1.0, bandpasses=[band]), 1)[0, 0, 0]
    assert float(found * per_kelvin("K_CMB", jnp.asarray(150.0))) == pytest.approx(float(seen), rel=1e-12)


def test_lines_and_moments_in_bands():
    line = COMPONENTS.Line((140.0, 235.0), (1.0, 0.5))
    mixing = COMPONENTS.MixingMatrix(co=line, dust=COMPONENTS.Moments(COMPONENTS.ModifiedBlackbody(reference=150.0)))
    found = np.asarray(mixing(top_hats(11), 1))[:, :, 0]
    at, other = BANDS.frequency.index(140.0), BANDS.frequency.index(235.0)
    ratio = float(per_kelvin("K_CMB", jnp.asarray(235.0)) / per_kelvin("K_CMB", jnp.asarray(140.0)))
    assert mixing.components == ("co", "dust", "dust_index", "dust_temperature")
    assert found[at, 0] == pytest.approx(1)
    assert found[other, 0] == pytest.approx(0.5 * ratio)
    assert np.count_nonzero(found[:, 0]) == 2
    step = 1e-5
    apart = [
        COMPONENTS.MixingMatrix(d=COMPONENTS.ModifiedBlackbody(1.54 + s, reference=150.0))(top_hats(11), 1)
        for s in (step, -step)
    ]
    assert found[:, 2] == pytest.approx(np.asarray(apart[0] - apart[1])[:, 0, 0] / (2 * step), rel=1e-6, abs=1e-9)


def test_a_component_sky_is_the_sum_of_its_maps():
    sky = sl.HealpixSky(2)
    values = np.random.default_rng(0).normal(size=(2, 3, NPIX))
    dust = sl.Stokes(*values[0], frequency=353.0, unit="K_CMB", sky=sky)
    cmb = sl.Stokes(*1e6 * values[1], frequency=100.0, unit="uK_CMB", sky=sky).to_convention("IAU")
    seen = COMPONENTS.ComponentSky(clustered(), {"dust": dust, "cmb": cmb})(sky, frequency=[100.0, 143.0])
    matrix = clustered()([100.0, 143.0], NPIX)
    assert seen.unit == "K_RJ"
    assert seen.convention == "COSMO"
    for place, one in enumerate("IQU"):
        exact = matrix[:, 1] * values[0, place] + matrix[:, 2] * values[1, place]
        assert np.asarray(getattr(seen.to("K_CMB"), one)) == pytest.approx(np.asarray(exact), rel=1e-12)
    single = COMPONENTS.ComponentSky(clustered(), {"dust": dust})(sl.Sightlines(sky), frequency=353.0)
    assert np.asarray(single.to("K_CMB").Q) == pytest.approx(values[0, 1], rel=1e-12)


def test_a_component_sky_is_fitted_by_a_map_likelihood():
    sky = sl.HealpixSky(2)
    dust = sl.Stokes(*np.ones((3, NPIX)), frequency=353.0, unit="K_CMB", sky=sky)
    model = COMPONENTS.ComponentSky(clustered(), {"dust": dust})
    data = model(sky, frequency=[143.0, 217.0])
    likelihood = sl.MapLikelihood(sky, [143.0, 217.0], data, noise=1e-3, parameters="QU")
    assert np.max(np.abs(likelihood.residuals(sl.Model(model)))) < 1e-12
    hotter = eqx.tree_at(lambda m: m.mixing.terms["dust"].index.values, model, replace_fn=lambda x: x + 0.01)
    assert np.max(np.abs(likelihood.residuals(sl.Model(hotter)))) > 0.1


def sky_refused(**changes):
    sky = sl.HealpixSky(2)
    frequency = changes.pop("frequency", 353.0)
    names = changes.pop("names", ("dust",))
    shape = (*np.shape(frequency), NPIX)
    stokes = sl.Stokes(*np.ones((3, *shape)), frequency=frequency, unit="K_CMB", sky=sky)
    return COMPONENTS.ComponentSky(clustered(), dict.fromkeys(names, stokes))


REFUSED = {
    "amplitudes has 'haze', which is no component": lambda: sky_refused(names=("haze",)),
    "amplitudes is empty": lambda: sky_refused(names=()),
    r"labelled 143 GHz, the reference of its SED is 353 GHz.*reference=143": lambda: sky_refused(frequency=143.0),
    "has several frequencies": lambda: sky_refused(frequency=[100.0, 353.0]),
    "Ask for the sky of the maps": lambda: sky_refused()(sl.HealpixSky(4), 100.0),
    "labels has 48 pixels, the maps have 12": lambda: clustered()(BANDS, 12),
    "two components are called 'dust_index'": lambda: COMPONENTS.MixingMatrix(
        dust=COMPONENTS.Moments(COMPONENTS.ModifiedBlackbody()), dust_index=COMPONENTS.CMB()
    ),
    "must be finite and positive, in GHz": lambda: clustered()([0.0], NPIX),
    "npix = 0 must be a whole number": lambda: clustered()(BANDS, 0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_values_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_what_is_no_sed_is_refused():
    with pytest.raises(TypeError, match=r"dust = 1.5.* is no SED"):
        COMPONENTS.MixingMatrix(dust=1.5)
    with pytest.raises(TypeError, match="at least one component"):
        COMPONENTS.MixingMatrix()


def test_the_sky_u_is_what_it_says():
    assert set(SKY_U) == {"cmb", "dust", "synchrotron"}
    assert mixing_of_u().components == tuple(SKY_U)


@pytest.mark.parametrize("place", ["model", "sky"])
def test_models_are_saved_and_read(tmp_path, place):
    sky = sl.HealpixSky(2)
    dust = sl.Stokes(*np.ones((3, NPIX)), frequency=353.0, unit="K_CMB", sky=sky)
    model = clustered() if place == "model" else COMPONENTS.ComponentSky(clustered(), {"dust": dust})
    sl.save(model, tmp_path / "model.toml")
    again = sl.load(tmp_path / "model.toml")
    assert bool(eqx.tree_equal(jax.tree.leaves(again), jax.tree.leaves(model)))
