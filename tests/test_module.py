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
