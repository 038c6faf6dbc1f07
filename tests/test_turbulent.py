"""Turbulent fields: rms, spectrum and divergence of an ensemble, derivatives, anisotropy, profiles, densities."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.testing import check_field

KEY = jax.random.key(0)
HALF = (4.0, 4.0, 4.0)
RMS, SLOPE, OUTER = 3.0, 5 / 3, 2.0
SMALL = {"shape": (6, 5, 4), "half_widths": (20.0, 15.0, 5.0), "outer_scale": 30.0, "key": KEY}


def on_nodes(field):
    nodes = jnp.moveaxis(field.prepare().table, -1, 0)[:, :-1, :-1, :-1]
    return nodes.reshape(field.latents.shape)


def make(latents, **parameters):
    settings = {"rms": RMS, "slope": SLOPE, "outer_scale": OUTER}
    return sl.magnetic.Turbulent(latents=latents, half_widths=HALF, **(settings | parameters))


@pytest.fixture(scope="module")
def ensemble():
    """64 realisations, (64, 3, 32, 32, 32)."""
    latents = jax.random.normal(KEY, (64, 3, 32, 32, 32))
    return np.asarray(jax.jit(jax.vmap(lambda w: on_nodes(make(w))))(latents))


def wavenumbers(n=32):
    axis = np.fft.fftfreq(n, 1 / n)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))


def test_an_ensemble_has_the_rms(ensemble):
    assert np.sqrt(np.mean(np.sum(ensemble**2, axis=1))) == pytest.approx(RMS, rel=0.01)
    per_component = np.sqrt(np.mean(ensemble**2, axis=(0, 2, 3, 4)))
    np.testing.assert_allclose(per_component, RMS / np.sqrt(3), rtol=0.02)


def test_an_ensemble_has_the_spectrum(ensemble):
    """Per bin of one fundamental wavenumber between the outer scale, mode 4 of 32, and half the Nyquist one, 8."""
    k = np.linalg.norm(wavenumbers(), axis=0)
    power = np.mean(np.sum(np.abs(np.fft.fftn(ensemble, axes=(2, 3, 4))) ** 2, axis=1), axis=0) / 32**6
    q = np.where(k > 0, k, np.inf) / 4
    expected = q ** -(SLOPE + 2) * np.exp((3 * np.log(np.minimum(np.where(k > 0, q, 1), 1))) ** 3)
    expected[np.any(np.abs(wavenumbers()) == 16, axis=0)] = 0
    expected *= RMS**2 / expected.sum()
    for low in range(4, 8):
        ring = (k >= low) & (k < low + 1)
        assert power[ring].sum() == pytest.approx(expected[ring].sum(), rel=0.05)
    assert power[k < 2].sum() < 0.01 * RMS**2


def test_an_ensemble_has_no_divergence(ensemble):
    k, spectrum = wavenumbers(), np.fft.fftn(ensemble[:4], axes=(2, 3, 4))
    divergence = np.abs(np.einsum("iabc,niabc->nabc", k, spectrum))
    assert divergence.max() < 1e-12 * np.abs(spectrum).max() * 16


def test_an_ensemble_has_no_mirror(ensemble):
    """Modes at (k_x, k_y, k_z) and (-k_x, k_y, k_z) are independent, likewise y and z: b(-x) is not b(x) or -b(x)."""
    k, spectrum = wavenumbers(), np.fft.fftn(ensemble[:16], axes=(2, 3, 4))
    power = np.mean(np.abs(spectrum) ** 2, axis=(0, 1))
    length = np.linalg.norm(k, axis=0)
    for axis in range(3):
        used = (length > 3) & (length < 16) & (np.abs(k[axis]) > 0)
        mirrored = np.roll(np.flip(spectrum, 2 + axis), 1, 2 + axis)
        for other in (mirrored, mirrored.conj()):
            coherence = np.mean((spectrum * other)[..., used] / power[used])
            assert np.abs(coherence) < 0.02


def test_interpolation_lowers_the_rms_as_stated():
    field = make(jax.random.normal(KEY, (3, 32, 32, 32)))
    places = jnp.asarray(np.random.default_rng(0).uniform(-4, 4, (40_000, 3)))
    b = eqx.filter_jit(lambda f: jax.vmap(f.prepare())(places))(field)
    nodes = jnp.sqrt(jnp.mean(jnp.sum(on_nodes(field) ** 2, axis=0)))  # of this realisation
    ratio = float(jnp.sqrt(jnp.mean(jnp.sum(b**2, axis=1))) / nodes)
    assert ratio == pytest.approx(float(field.interpolated_rms()) / RMS, rel=0.01)
    assert 0.84 < float(field.interpolated_rms()) / RMS < 0.86  # eight voxels


def test_nodes_hold_the_realisation_and_boxes_end_as_asked():
    field = sl.magnetic.Turbulent(centre=(1.0, 2.0, 3.0), **SMALL).prepare()
    nodes, shift = jnp.asarray(field.nodes()), jnp.asarray([40.0, -30.0, 20.0])
    np.testing.assert_allclose(jax.vmap(field)(nodes[3, 2]), field.table[3, 2, :-1], rtol=1e-12)
    assert np.all(field(nodes[3, 2, 2] + shift) == 0)
    tiled = dataclasses.replace(field, outside="periodic")
    place = nodes[3, 2, 2] + 0.3
    np.testing.assert_allclose(tiled(place + shift), tiled(place), rtol=1e-10)
    np.testing.assert_allclose(tiled(place), field(place), rtol=1e-12)


FIELDS = {
    "plain": lambda: sl.magnetic.Turbulent(**SMALL),
    "profile": lambda: sl.magnetic.Turbulent(
        anisotropy=2.0,
        regular=sl.magnetic.LSA(),
        profile=sl.electrons.ExponentialDisk(n0=1.0),
        outside="periodic",
        **SMALL,
    ),
    "cleaned": lambda: sl.magnetic.Turbulent(
        anisotropy=2.0,
        regular=sl.magnetic.LSA(),
        profile=sl.electrons.ExponentialDisk(n0=1.0),
        keep="divergence",
        **SMALL,
    ),
    "electrons": lambda: sl.electrons.Turbulent(profile=sl.electrons.ExponentialDisk(), **SMALL),
    "cosmic rays": lambda: sl.cosmic_rays.Turbulent(profile=sl.cosmic_rays.ExponentialDisk(), **SMALL),
}


@pytest.mark.long
@pytest.mark.parametrize("name", FIELDS)
def test_contract(name):
    check_field(FIELDS[name]())


@pytest.mark.parametrize("name", [pytest.param("cleaned", marks=pytest.mark.long), "electrons"])
def test_contract_in_single_precision(name):
    with jax.enable_x64(False):
        check_field(FIELDS[name]())


def test_gradients_of_a_map_equal_differences():
    field = sl.magnetic.Turbulent((8, 8, 8), (4.0, 4.0, 4.0), rms=3.0, outer_scale=4.5, key=KEY)
    simulator = sl.Simulator(
        magnetic_field=field,
        cosmic_rays=sl.cosmic_rays.Uniform(4e-5),
        electron_density=sl.electrons.Uniform(0.02),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    lines = sl.Sightlines(
        sl.Directions(l=[10.0, 120.0, 250.0], b=[20.0, -30.0, 70.0]),
        cells=sl.RadialCells(cells=24, distance=3.0),
        observer=(0.1, 0.2, 0.3),
    )
    change = {
        "rms": jnp.ones(()),
        "slope": jnp.ones(()),
        "outer_scale": jnp.ones(()),
        "latents": jax.random.normal(jax.random.key(1), field.latents.shape),
    }

    @eqx.filter_jit
    def map_of(values):
        stokes = eqx.tree_at(lambda s: s.magnetic_field, simulator, dataclasses.replace(field, **values))(lines, 1.4)
        return jnp.stack([stokes.I, stokes.Q, stokes.U])

    values = {name: getattr(field, name) for name in change}
    gradient = eqx.filter_jit(jax.grad(lambda v: jnp.sum(map_of(v) ** 2)))(values)
    for name, direction in change.items():

        def at(step, name=name, direction=direction):
            return float(jnp.sum(map_of(values | {name: values[name] + step * direction}) ** 2))

        slope = (at(1e-5) - at(-1e-5)) / 2e-5
        assert float(jnp.vdot(gradient[name], direction)) == pytest.approx(slope, rel=1e-6)


def test_anisotropy_is_the_ratio_of_parallel_to_perpendicular():
    field = make(jax.random.normal(KEY, (3, 32, 32, 32)), anisotropy=2.0, regular=sl.magnetic.Uniform((0.0, 0.0, 5.0)))
    places = jnp.asarray(np.random.default_rng(0).uniform(-4, 4, (20_000, 3)))
    plain = dataclasses.replace(field, anisotropy=1.0)
    b, isotropic = (eqx.filter_jit(lambda f: jax.vmap(f.prepare())(places))(f) for f in (field, plain))
    np.testing.assert_allclose(b[:, :2], isotropic[:, :2] * np.sqrt(0.5), rtol=1e-12)
    np.testing.assert_allclose(b[:, 2], isotropic[:, 2] * np.sqrt(2), rtol=1e-12)


def test_cleaning_keeps_the_divergence_zero_and_the_rms_foretold():
    """<|P M P w|^2>/<|P w|^2> = norm^2 (2 + 4 a/3 + 8 a^2/15)/2 for a = rho - 1, norm^2 = 3/(rho^2 + 2)."""
    latents = jax.random.normal(KEY, (8, 3, 32, 32, 32))
    regular = sl.magnetic.Uniform((0.0, 1.0, 0.0))
    cleaned = [
        np.asarray(jax.jit(jax.vmap(lambda w, p=p: on_nodes(make(w, keep="divergence", **p))))(latents))
        for p in ({}, {"anisotropy": 3.0, "regular": regular})
    ]
    divergence = np.einsum("iabc,niabc->nabc", wavenumbers(), np.fft.fftn(cleaned[1], axes=(2, 3, 4)))
    assert np.abs(divergence).max() < 1e-12 * np.abs(np.fft.fftn(cleaned[1], axes=(2, 3, 4))).max() * 16
    expected = 3 / 11 * (2 + 8 / 3 + 32 / 15) / 2
    assert np.mean(cleaned[1] ** 2) / np.mean(cleaned[0] ** 2) == pytest.approx(expected, rel=0.02)


def test_profiles_multiply_at_every_point():
    profile = sl.electrons.ExponentialDisk(n0=2.0)
    field, plain = (sl.magnetic.Turbulent(profile=p, **SMALL).prepare() for p in (profile, None))
    place = jnp.array([3.0, 4.0, 1.0])
    np.testing.assert_allclose(field(place), profile(place) * plain(place), rtol=1e-12)


def test_what_a_grid_cannot_hold_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"four voxels.*shape = \(128, 128, 32\) or more.*centre=sl\.SUN"):
        sl.magnetic.Turbulent((64, 64, 32), outer_scale=1.25, key=KEY)
    with pytest.raises(ValueError, match="at least four nodes"):
        sl.magnetic.Turbulent((64, 64, 2), outer_scale=30.0, key=KEY)
    with pytest.raises(ValueError, match=r"key=jax\.random\.key"):
        sl.magnetic.Turbulent((8, 8, 8), outer_scale=30.0)
    with pytest.raises(ValueError, match="needs a direction"):
        sl.magnetic.Turbulent(anisotropy=2.0, **SMALL)
    with pytest.raises(ValueError, match=r"call \.prepare\(\) first"):
        sl.magnetic.Turbulent(**SMALL)(jnp.zeros(3))


def test_lognormal_densities_have_the_mean_and_scatter():
    @jax.jit
    @jax.vmap
    def realise(latents):
        field = sl.electrons.Turbulent(latents=latents, half_widths=HALF, outer_scale=OUTER, profile=0.03, log_rms=0.8)
        return on_nodes(field)

    values = np.asarray(realise(jax.random.normal(KEY, (32, 24, 24, 24))))
    assert values.mean() == pytest.approx(1, rel=0.01)
    assert np.log(values).std() == pytest.approx(0.8, rel=0.01)
    assert values.std() == pytest.approx(np.sqrt(np.expm1(0.64)), rel=0.02)
    field = FIELDS["electrons"]().prepare()
    outside = jnp.array([-25.0, 0.0, 0.0])
    assert field(outside) == pytest.approx(float(field.profile(outside)))


def test_fluctuating_cosmic_rays_keep_their_index():
    field, place = FIELDS["cosmic rays"]().prepare(), jnp.array([-8.0, 1.0, 0.5])
    (population,) = field.populations(place)
    assert population.density == pytest.approx(float(field(place)))
    assert population.index == 3.0


def test_turbulence_survives_a_file_and_a_changed_value(tmp_path):
    field = FIELDS["cleaned"]()
    sl.save(field, tmp_path / "field.npz")
    assert eqx.tree_equal(sl.load(tmp_path / "field.npz"), field)
    assert eqx.tree_equal(dataclasses.replace(field, rms=5.0).latents, field.latents)


def test_an_outer_scale_that_a_fit_leads_below_the_grid_is_told():
    def field(scale):
        return sl.magnetic.Turbulent(
            key=jax.random.key(0), shape=(8, 8, 8), rms=1.0, outer_scale=scale, half_widths=(4, 4, 4)
        )

    value = jax.jit(lambda scale: field(scale).prepare()(jnp.zeros(3))[0])
    assert np.isfinite(value(4.0))
    assert np.isnan(value(3.9))
