"""Gradients by the position: coordinates are added up one by one, not as whole vectors of which XLA makes copies."""

import re

import jax
import jax.numpy as jnp
import pytest

import sightline as sl

FIELDS = {
    "LSA": sl.magnetic.LSA,
    "JF12": sl.magnetic.JF12,
    "JF12Solenoidal": sl.magnetic.JF12Solenoidal,
    "UF23": sl.magnetic.UF23,
    "UF23 spur": lambda: sl.magnetic.UF23("spur"),
    "UF23 twistX": lambda: sl.magnetic.UF23("twistX"),
    "PT11": sl.magnetic.PT11,
    "TF17 Ad1C1": sl.magnetic.TF17,
    "TF17 Dd1C0": lambda: sl.magnetic.TF17("Dd1C0"),
    "KST24": sl.magnetic.KST24,
    "YMW16": sl.electrons.YMW16,
    "NE2001": sl.electrons.NE2001,
    "a disk of cosmic rays": sl.cosmic_rays.AnalyticDisk,
    "a sum": lambda: sl.magnetic.LSA() + sl.magnetic.JF12(),
    "a product": lambda: sl.electrons.ExponentialDisk() * sl.magnetic.LSA(),
}


def total(field):
    return lambda x: jnp.sum(jnp.stack(jnp.unstack(jnp.atleast_1d(field(x)))))


@pytest.mark.parametrize("name", FIELDS)
def test_coordinates_are_added_up_one_by_one(name):
    traced = str(jax.make_jaxpr(jax.grad(total(FIELDS[name]().prepare())))(jnp.array([-8.0, 1.0, 0.3])))
    assert not re.findall(r"\[3\] = add_any", traced)
    assert not re.findall(r"\[3\] = pad", traced)
