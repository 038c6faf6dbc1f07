"""Models say of what parts they are made."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.testing import sample_positions

MODELS = {
    "JF12": (sl.magnetic.JF12, ["disk", "toroidal", "x_field"]),
    "JF12b": (sl.magnetic.JF12.planck, ["disk", "toroidal", "x_field"]),
    "JF12Solenoidal": (sl.magnetic.JF12Solenoidal, ["disk", "toroidal", "x_field"]),
    "UF23": (lambda: sl.magnetic.UF23("spur", radius=9.0, smooth=0.5), ["disk", "toroidal", "poloidal"]),
    "UF23 without": (lambda: sl.magnetic.UF23("twistX", disk=None, toroidal=None), ["poloidal"]),
    "TF17": (sl.magnetic.TF17, ["disk", "halo"]),
    "PT11": (sl.magnetic.PT11, ["disk", "halo"]),
    "KST24": (sl.magnetic.KST24, ["north", "south", "x_field", "arms", "bubble"]),
    "sum": (lambda: sl.magnetic.LSA() + 0.3 * sl.magnetic.PT11(), ["lsa", "pt11"]),
    "densities": (lambda: sl.electrons.Uniform() + sl.electrons.ExponentialDisk(), ["uniform", "exponential_disk"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_components_add_up(name):
    build, names = MODELS[name]
    field, positions = build(), jnp.asarray(sample_positions(40))
    both = eqx.filter_jit(lambda f, x: (jax.vmap(f)(x), jax.vmap(f.components)(x)))
    total, parts = both(field, positions)
    assert sorted(parts) == sorted(names)  # jit sorts dictionaries
    assert all(part.shape == total.shape for part in parts.values())
    np.testing.assert_allclose(sum(parts.values()), total, rtol=1e-12, atol=1e-12)
    first = names[0]
    if name in ("JF12", "JF12Solenoidal", "PT11", "TF17"):  # parts enter as they are
        np.testing.assert_allclose(jax.vmap(getattr(field, first))(positions), parts[first], rtol=1e-12)


def test_components_are_those_of_the_model_as_changed():
    field = dataclasses.replace(sl.magnetic.JF12(), disk=sl.magnetic.Uniform((1.0, 2.0, 3.0)))
    np.testing.assert_array_equal(field.components(jnp.ones(3))["disk"], [1, 2, 3])
