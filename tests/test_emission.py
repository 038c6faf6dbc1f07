"""Operators at one point: contracts, signs and sums."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import sightline as sl
from sightline.emission import Plasma, StokesVector, TransferCoefficients
from sightline.fields import Population
from sightline.testing import check_operator


@pytest.mark.parametrize("operator", [sl.emission.Synchrotron, sl.emission.FaradayRotation])
def test_contract(operator, precision):
    check_operator(operator())


def ray():
    lines = sl.Sightlines(sl.Directions(30.0, 20.0))
    return jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)


def plasma(along, index=3.0):
    field = tuple(jnp.asarray(along))
    rays = (Population(jnp.asarray(4e-5), jnp.asarray(index)),)
    return Plasma(jnp.zeros(3), field, jnp.asarray(0.01), rays)


def test_polarisation_is_perpendicular_to_the_field():
    r, nu = ray(), jnp.asarray(2.4)
    for direction, sign in ((r.north, -1), (r.east, 1)):
        j = sl.emission.Synchrotron()(plasma(3 * direction), r, nu).emissivity
        assert sign * j.Q / j.I == pytest.approx(0.75)  # (p + 1)/(p + 7/3)
        assert pytest.approx(0, abs=1e-15) == j.U / j.I
    j = sl.emission.Synchrotron()(plasma(2 * (r.north + r.east)), r, nu).emissivity
    assert pytest.approx(-0.75) == j.U / j.I  # electric vector from north to west: chi = -45 deg


def test_emissivity_scales_with_field_and_frequency():
    r = ray()
    for p in (2.5, 3.0, 4.0):
        operator = jax.jit(sl.emission.Synchrotron())
        base = operator(plasma(1.0 * r.east, p), r, jnp.asarray(1.0)).emissivity.I
        stronger = operator(plasma(2.0 * r.east, p), r, jnp.asarray(1.0)).emissivity.I
        higher = operator(plasma(1.0 * r.east, p), r, jnp.asarray(2.0)).emissivity.I
        assert stronger / base == pytest.approx(2 ** ((p + 1) / 2))
        assert higher / base == pytest.approx(2 ** (-(p + 3) / 2))


def test_rotation_is_positive_for_fields_towards_the_observer():
    r = ray()
    found = sl.emission.FaradayRotation()(plasma(-5.0 * r.direction), r, jnp.asarray(1.0)).rotation.V
    wavelength = 0.299792458
    assert found == pytest.approx(2 * wavelength**2 * 811.901 * 0.01 * 5, rel=1e-6)


def test_populations_emit_with_their_own_index():
    r, nu = ray(), jnp.asarray(0.4)
    first, second = plasma(r.east, 2.4), plasma(r.east, 3.4)
    both = eqx.tree_at(lambda p: p.cosmic_rays, first, first.cosmic_rays + second.cosmic_rays)
    operator = sl.emission.Synchrotron()
    total = operator(both, r, nu).emissivity.Q
    assert total == pytest.approx(operator(first, r, nu).emissivity.Q + operator(second, r, nu).emissivity.Q)


def test_coefficients_add_and_keep_none():
    one = TransferCoefficients(emissivity=StokesVector(I=jnp.asarray(1.0)))
    two = TransferCoefficients(emissivity=StokesVector(I=jnp.asarray(2.0), Q=jnp.asarray(3.0)))
    total = one + two
    assert total.emissivity.I == 3
    assert total.emissivity.Q == 3
    assert total.emissivity.U is None
    assert total.absorption.I is None


def test_backgrounds():
    r = ray()
    cmb = sl.emission.CMB()(r, jnp.asarray(23.0)).I
    photon = 0.0479924307 * 23  # K
    assert cmb == pytest.approx(2.7255 - photon / 2 + photon**2 / (12 * 2.7255), rel=1e-3)  # for h nu << k T
    power_law = sl.emission.IsotropicBackground()(r, jnp.asarray(0.31)).I
    assert power_law == pytest.approx(24.1)
    assert pytest.approx(24.1 * 2**-2.599) == sl.emission.IsotropicBackground()(r, jnp.asarray(0.62)).I


def test_the_contract_check_finds_faults():
    class Greedy(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("electron_density",)

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(emissivity=StokesVector(I=plasma.temperature * plasma.electron_density))

    class Rough(sl.emission.AbstractEmissionOperator):
        needs: ClassVar[tuple[str, ...]] = ("electron_density",)

        def __call__(self, plasma, ray, frequency):
            return TransferCoefficients(emissivity=StokesVector(I=jnp.sqrt(plasma.electron_density)))

    with pytest.raises(AssertionError, match="holds only what it needs"):
        check_operator(Greedy())
    with pytest.raises(AssertionError, match="not finite"):
        check_operator(Rough())
