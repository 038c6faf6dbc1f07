"""Beams against healpy, their adjoint and their derivative: `python benchmarks/beam.py`."""

import time

import healpy
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)


def sky(nside: int, seed: int) -> tuple[sl.Stokes, jax.Array]:
    """I, Q, U with power down to the pixel scale."""
    generator, lmax = np.random.default_rng(seed), 3 * nside - 1
    degrees, orders = healpy.Alm.getlm(lmax)
    draws = generator.normal(size=(3, 2, degrees.size)) / (1.0 + degrees)
    i, e, b = draws[:, 0] + 1j * np.where(orders > 0, draws[:, 1], 0)
    maps = jnp.asarray([healpy.alm2map(i, nside), *healpy.alm2map_spin([e, b], nside, 2, lmax)])
    return sl.Stokes(*maps, frequency=23.0, sky=sl.HealpixSky(nside)), maps


def row(fwhm: float, nside: int) -> list[str]:
    stokes, maps = sky(nside, 1)
    _, other = sky(nside, 2)
    beam = sl.GaussianBeam(fwhm=fwhm)

    def apply(values: jax.Array) -> jax.Array:
        seen = beam(sl.Stokes(*values, frequency=23.0, sky=stokes.sky))
        return jnp.stack([seen.I, seen.Q, seen.U])

    def loss(width: jax.Array) -> jax.Array:
        seen = sl.GaussianBeam(fwhm=width)(stokes)
        return jnp.vdot(jnp.stack([seen.I, seen.Q, seen.U]), other)

    exact = healpy.smoothing(np.asarray(maps), fwhm=np.radians(fwhm), pol=True)
    found = np.asarray(jax.jit(apply)(maps))
    deviation = np.max(np.abs(found - exact), axis=1) / np.std(exact, axis=1)
    (back,) = jax.linear_transpose(apply, maps)(other)
    forward = float(jnp.vdot(found, other))
    adjoint = abs(forward - float(jnp.vdot(maps, back))) / float(jnp.linalg.norm(found) * jnp.linalg.norm(other))
    step = 1e-3 * fwhm
    slope = (8 * (loss(fwhm + step) - loss(fwhm - step)) - (loss(fwhm + 2 * step) - loss(fwhm - 2 * step))) / 12 / step
    gradient = abs(float(jax.grad(loss)(fwhm)) / float(slope) - 1)
    start = time.perf_counter()
    jax.block_until_ready(jax.jit(apply)(maps))
    seconds = time.perf_counter() - start
    return [f"{fwhm:g}", *(f"{value:.1e}" for value in (*deviation, adjoint, gradient)), f"{seconds:.2f}"]


def main() -> None:
    options = parse(__doc__, nside=64)
    rows = [row(fwhm, options.nside) for fwhm in (1.0, 7.0)]
    header = ["fwhm [deg]", "I", "Q", "U", "adjoint", "d/d fwhm", "seconds"]
    notes = (
        f"NSIDE {options.nside}: largest difference of I, Q and U from healpy.smoothing, in standard deviations of the "
        "map (asked: 1e-5); <A x, y> - <x, A^T y> over the norms of A x and y (asked: 1e-12); relative difference of "
        "the derivative with respect to fwhm from central differences of fourth order; time of I, Q and U together."
    )
    save("beam", "Beams", header, rows, notes)


if __name__ == "__main__":
    main()
