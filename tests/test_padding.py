"""Skies of other sizes, which are filled up to a few numbers of rays and compile little anew."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.geometry.mapping import batch_of, cells_of
from sightline.sky.geometry.padding import padded, room
from sightline.sky.simulator.observe import _batch_at

TRACES = []


class Counted(sl.fields.AbstractField):
    """A constant density that counts how often it is traced."""

    value: jax.Array = sl.param(0.02)

    def __call__(self, position):
        TRACES.append(1)
        return self.value


SIMULATOR = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=Counted(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    chunk=64,
)
CELLS = sl.BoxCells(32)


def directions(size):
    rng = np.random.default_rng(size)
    return sl.Directions(rng.uniform(0, 360, size), rng.uniform(-90, 90, size))


def test_rooms():
    """At least 8, numbers of three binary digits, beyond a batch of batches, from 64 of them on of four."""
    assert [room(size, 32) for size in (1, 3, 20, 32, 33, 32 * 8 + 1, 32 * 64 + 1)] == [8, 8, 20, 32, 64, 320, 32 * 72]
    assert all(room(12 * nside**2, 256) == 12 * nside**2 for nside in (2, 4, 8, 16, 64, 2048))
    added = [room(size, 32) / size for size in range(32 * 64, 32 * 1000)]
    assert max(added) < 1.15
    assert room(10**7, 256) % 256 == 0


@pytest.mark.parametrize(
    "of", [lambda sky: SIMULATOR(sl.Sightlines(sky, CELLS), [4.8, 23.0]).Q, SIMULATOR.dispersion_measure]
)
def test_other_sizes_compile_nothing_anew_and_give_the_same(of):
    """57 to 64 directions are one program, and what each shows is what it shows alone in another size."""
    of(directions(64))
    before = len(TRACES)
    found = {size: np.asarray(of(directions(size))) for size in (57, 59, 63)}
    assert len(TRACES) == before
    assert all(values.shape[-1] == size for size, values in found.items())
    whole = np.asarray(of(sl.Directions(*(angle[:5] for angle in directions(59).lonlat()))))
    np.testing.assert_allclose(found[59][..., :5], whole, rtol=1e-12)


def test_lengths_and_gradients_of_filled_rays():
    """The copies that fill the last batch count nowhere: neither in lengths given, nor in a gradient."""
    sky, far = directions(37), np.linspace(0.5, 3.0, 37)
    observable = sl.observables.DispersionMeasure(sl.Sightlines(sky, sl.RadialCells(8, distance=4.0)))
    np.testing.assert_allclose(SIMULATOR.measure(observable, far), 1e3 * 0.02 * far, rtol=1e-6)
    assert padded(observable.sightlines, SIMULATOR.chunk).size == 40
    slope = eqx.filter_grad(lambda s: jnp.sum(s.measure(observable, far)))(SIMULATOR).electron_density.value
    np.testing.assert_allclose(slope, 1e3 * np.sum(far), rtol=1e-6)
    slopes = jax.grad(lambda far: jnp.sum(SIMULATOR.measure(observable, far) ** 2))(jnp.asarray(far))
    np.testing.assert_allclose(slopes, 2 * (1e3 * 0.02) ** 2 * far, rtol=1e-6)


def test_inside_jit_nothing_is_filled_up():
    """There every length is a program anyway."""
    lines, seen = sl.Sightlines(directions(37), CELLS), []
    jax.jit(lambda: seen.append(padded(lines, 64).size))()
    assert seen == [37]


def test_a_batch_has_as_many_cells_whether_edges_are_known_or_not():
    """Panels of four cells each: 256 rays of 256 cells are 170 of 96 panels."""
    bare = sl.Sightlines(sl.HealpixSky(32))
    edges = bare.with_edges(np.zeros((97, bare.size)))
    assert cells_of(bare) == cells_of(edges) == 4 * 96
    assert cells_of(sl.Sightlines(sl.HealpixSky(1), sl.BoxCells(40))) == 40
    assert batch_of(bare, 256) == batch_of(edges, 256) == -(-bare.size // 73)  # 170 rays at most
    assert batch_of(sl.Sightlines(sl.HealpixSky(1), sl.BoxCells(10**6)), 1) == 1


def test_batches_are_smaller_at_several_frequencies():
    lines = sl.Sightlines(sl.HealpixSky(16), sl.BoxCells(256))
    assert [_batch_at(lines, 64, number) for number in (1, 2, 8, 100)] == [64, 32, 8, 8]
    assert _batch_at(lines, 1, 8) == 1
    held = eqx.tree_at(lambda s: s.known, lines, {"electron_density": (jnp.ones((lines.size, 256)),)})
    assert _batch_at(held, 64, 8) == 64
