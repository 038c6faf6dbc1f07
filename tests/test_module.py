"""What `param`, `setting` and `Module` accept, convert and refuse."""

import dataclasses

import astropy.units as u
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import sightline as sl


class Slab(sl.fields.AbstractField):
    n0: Float[Array, ""] = sl.param(0.03, unit="cm-3", bounds=(0, None))
    height: float = sl.setting(1.0, unit="kpc")
    shape: str = sl.setting("exp", choices=("exp", "gauss"))

    def __call__(self, position):
        return self.n0 * jnp.exp(-jnp.abs(position[2]) / self.height)


def test_numbers_become_arrays_of_the_default_float(precision):
    for value in (1, 2.5, np.float32(0.1), np.asarray(3), jnp.asarray(4.0, "float32")):
        leaf = Slab(value).n0
        assert isinstance(leaf, jax.Array)
        assert leaf.dtype == precision


def test_quantities_are_converted():
    assert Slab(2e4 * u.m**-3).n0 == pytest.approx(0.02)
    assert Slab(height=500 * u.pc).height == pytest.approx(0.5)
    assert sl.magnetic.LSA(psi0=0.5 * u.rad).psi0 == pytest.approx(np.rad2deg(0.5))
    assert sl.magnetic.LSA(b0=1.2e-10 * u.T).b0 == pytest.approx(1.2)
    np.testing.assert_allclose(sl.magnetic.Uniform([1, 2, 3] * u.nT).b, [10, 20, 30])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Slab(1 * u.kpc), ValueError, r"Slab\.n0.*kpc.*cm-3"),
        (lambda: Slab(float("nan")), ValueError, r"Slab\.n0 is not finite"),
        (lambda: Slab(-1.0), ValueError, r"Slab\.n0 = -1\.0 cm-3 is outside"),
        (lambda: Slab([1.0, 2.0]), TypeError, r"Slab\.n0 has shape \(2,\), not shape \(\).*filter_vmap"),
        (lambda: Slab("thick"), TypeError, r"Slab\.n0 must be a number"),
        (lambda: Slab(sl.magnetic.LSA()), TypeError, r"Slab\.n0 has a LSA"),
        (lambda: Slab(shape="box"), ValueError, r"Slab\.shape = 'box': choose one of 'exp', 'gauss'"),
        (lambda: Slab(height=float("inf")), ValueError, r"Slab\.height is not finite"),
        (lambda: sl.magnetic.Uniform((1.0, 2.0)), TypeError, r"Uniform\.b has shape \(2,\), not shape \(3\)"),
        (lambda: sl.cosmic_rays.Uniform(index=1.5), ValueError, r"index = 1\.5 is outside its bounds \[2, 5\]"),
        (
            lambda: sl.electrons.Grid(jnp.ones((4, 4, 4)).at[1, 2, 3].set(jnp.nan)),
            ValueError,
            r"Grid\.values is not finite: .* 1 of its entries, the first nan at index \(1, 2, 3\)",
        ),
        (lambda: sl.magnetic.Grid(jnp.ones((4, 5, 6, 3))), ValueError, r"components last: pass jnp\.moveaxis"),
        (lambda: sl.electrons.Grid(jnp.ones((1, 4, 4))), ValueError, "at least two nodes"),
        (lambda: sl.electrons.Grid(jnp.ones((4, 4, 4)), half_widths=(1, 1)), ValueError, "three positive lengths"),
        (lambda: sl.magnetic.Grid(jnp.ones((4, 4, 4))), TypeError, r"shape \(4, 4, 4\), not shape \(3, nx, ny, nz\)"),
    ],
)
def test_bad_values_are_refused_by_name(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_a_bare_float_is_refused_at_construction():
    class Careless(sl.fields.AbstractField):
        n0: float = 0.03

        def __call__(self, position):
            return self.n0 * position[0]

    with pytest.raises(TypeError, match=r"Careless\.n0 holds 0\.03, a bare float.*sl\.param"):
        Careless()


def test_replace_converts_and_checks():
    slab = dataclasses.replace(Slab(), n0=7)
    assert isinstance(slab.n0, jax.Array)
    with pytest.raises(ValueError, match="outside its bounds"):
        dataclasses.replace(slab, n0=-7)


def test_leaves_are_exactly_the_parameters():
    leaves = jax.tree.leaves(eqx.filter(Slab(), eqx.is_inexact_array))
    assert len(leaves) == 1
    grid = sl.magnetic.Grid(jnp.ones((3, 4, 4, 4)), interpolation="cubic")
    assert len(jax.tree.leaves(grid)) == 1


def test_vmapped_construction_builds_ensembles():
    models = eqx.filter_vmap(lambda b0: sl.magnetic.LSA(b0=b0))(jnp.arange(1.0, 4.0))
    values = eqx.filter_vmap(lambda model: model(jnp.asarray([-8.3, 0.0, 0.0])))(models)
    np.testing.assert_allclose(jnp.linalg.norm(values, axis=1), [1, 2, 3])


def test_metadata_of_every_parameter_names_a_unit_astropy_knows():
    for model in (sl.magnetic.LSA, sl.cosmic_rays.ExponentialDisk, sl.electrons.ExponentialDisk):
        for field in dataclasses.fields(model):
            assert u.Unit(field.metadata["unit"]) is not None


def test_printing_shows_values_with_units():
    assert repr(sl.magnetic.LSA()) == "LSA(b0=1.2 uG, psi0=27 deg, psi1=0.9 deg, chi0=25 deg)"
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.JF12() + 0.5 * sl.magnetic.Uniform(),
        electron_density=sl.electrons.Grid(jnp.ones((4, 5, 6)), half_widths=(20, 20, 5)),
        emission=sl.emission.FaradayRotation(),
        temperature=sl.temperature.Uniform(7500.0),
        background=sl.emission.CMB(),
    )
    text = str(sl.Model(simulator, nuisance={"offset": 0.25}))
    for part in (
        "b_arms=(0.1, 3, -0.9, -0.8, -2, -4.2, 0, 2.7) uG",
        "elevation=49 deg",
        "factor=0.5",
        "b=(6, 0, 0) uG",
        "values=f64[4,5,6] cm-3",
        "half_widths=(20, 20, 5) kpc",
        "t0=7500 K",
        "temperature=2.7255 K",
        "'offset': 0.25",
        "emission=(FaradayRotation(),)",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 104
    assert "None" not in text
    energies = sl.cosmic_rays.spectra.local_interstellar().energies
    assert f"energies=(1.2, 2.08719, ..., {energies[-1]:g}) GeV" in repr(sl.cosmic_rays.spectra.local_interstellar())


def test_printing_never_fails():
    field, seen = sl.magnetic.LSA(), []
    jax.jit(lambda f: seen.append(repr(f)) or f.b0)(field)
    eqx.filter_vmap(lambda f: seen.append(repr(f)) or f.b0)(jax.tree.map(lambda x: x[None], field))
    jax.grad(lambda f: seen.append(repr(f)) or f.b0)(field)
    for text in seen:
        assert text == "LSA(b0=f64[] uG, psi0=f64[] deg, psi1=f64[] deg, chi0=f64[] deg)"
    assert "ShapeDtypeStruct" in repr(eqx.filter_eval_shape(lambda f: f, field))
    assert repr(jax.tree.map(lambda _: None, field)) == "LSA()"
    assert eqx.tree_pformat(field) == "LSA(b0=f64[], psi0=f64[], psi1=f64[], chi0=f64[])"
    assert "weight=f64[16,3]" in repr(sl.magnetic.Neural(eqx.nn.MLP(3, 3, 16, 1, key=jax.random.key(0))))
    donated = sl.magnetic.Uniform((1.0, 2.0, 3.0))
    donated.b.delete()
    assert repr(donated) == "Uniform(b=f64[3] uG)"


def test_arrays_and_lists_are_defaults(precision):
    given = np.ones(2)

    class Many(sl.fields.AbstractField):
        a: Float[Array, "3"] = sl.param(jnp.zeros(3), unit="uG")
        b: Float[Array, "2"] = sl.param(given)
        c: Float[Array, "3"] = sl.param([1, 2, 3] * u.nT, unit="uG")
        d: Float[Array, "3"] = sl.param([1, 2, 3], bounds=(0, None))
        edges: tuple[float, ...] = sl.setting([1.0, 2.0], unit="kpc")
        places: tuple[float, ...] = sl.setting(np.zeros(2))

        def __call__(self, position):
            return self.a

    many = Many()
    given[:] = 7
    assert {leaf.dtype for leaf in jax.tree.leaves(many)} == {jnp.dtype(precision)}
    np.testing.assert_allclose(many.c, [10, 20, 30], rtol=1e-6)
    np.testing.assert_array_equal(many.b, 1)
    assert (many.edges, many.places) == ((1.0, 2.0), (0.0, 0.0))
    with pytest.raises(ValueError, match=r"Many\.d .*outside its bounds"):
        Many(d=[-1, 2, 3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sl.scattering.Slab("a"), "Slab.thickness = 'a' must be a number"),
        (lambda: sl.scattering.Slab(None), "Slab.thickness = None must be a number"),
        (lambda: sl.scattering.Slab([1.0, 2.0]), r"Slab.thickness = \(1.0, 2.0\) must be a number"),
        (lambda: sl.scattering.Slab(1 + 2j), r"Slab.thickness = \(1\+2j\) must be a number"),
        (lambda: sl.scattering.Slab(True), "Slab.thickness = True must be a number"),
        (lambda: sl.magnetic.Grid(np.ones((3, 2, 2, 2)), centre=("a", 0, 0)), "must be a tuple of 3, each a number"),
        (lambda: sl.Smoothness(3, weight=1.0), "Smoothness.pattern = 3 must be a text"),
    ],
)
def test_settings_are_what_they_are_declared_to_be(make, message):
    with pytest.raises(TypeError, match=message):
        make()
