"""Time per point of the value and the gradient of a map: `python benchmarks/speed.py`."""

import time
import warnings
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import galaxy, parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(function())
    return time.perf_counter() - start


@eqx.filter_jit
def value(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> list[jax.Array]:
    stokes = simulator(lines, frequency)
    return [stokes.I, stokes.Q, stokes.U]


@eqx.filter_jit
@eqx.filter_value_and_grad
def gradient(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> jax.Array:
    return sum(jnp.sum(part**2) for part in value(simulator, lines, frequency))


def main() -> None:
    options = parse(__doc__, nside=32, cells=256, runs=9)
    lines = sl.Sightlines(sl.HealpixSky(options.nside), sl.BoxCells(options.cells))
    points = lines.size * options.cells
    one, eight, model = jnp.asarray(2.4), jnp.linspace(1.0, 30.0, 8), galaxy()
    cases = {
        "value, 1 frequency": lambda: value(model, lines, one),
        "value and gradient, 1 frequency": lambda: gradient(model, lines, one),
        "value, 8 frequencies": lambda: value(model, lines, eight),
        "value and gradient, 8 frequencies": lambda: gradient(model, lines, eight),
    }
    for case in cases.values():
        seconds(case)
    taken = {name: [] for name in cases}
    for _ in range(options.runs):  # in turn, so that all see the same machine
        for name, case in cases.items():
            taken[name].append(seconds(case) / points * 1e9)
    rows = [[name, f"{np.median(t):.0f}", f"{np.min(t):.0f}", f"{np.max(t):.0f}"] for name, t in taken.items()]
    notes = (
        f"Nanoseconds per point (NSIDE {options.nside}, {options.cells} cells, float64): LSA, cosmic-ray disk, uniform "
        f"n_e, synchrotron and Faraday rotation, 9 free leaves; {options.runs} runs in turn."
    )
    save("speed", "Speed", ["case", "median", "fastest", "slowest"], rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
