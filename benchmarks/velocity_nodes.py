"""The two methods of galaxies beside each other: accuracy in double precision, time and memory in single.

`python benchmarks/velocity_nodes.py`; needs SIGHTLINE_DATA with the folder ssp.
"""

import os
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

DATA = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
NAMES = ("mass", "age", "metallicity", "velocity")


def stars(count: int) -> sl.particles.Stars:
    """A turning disk of particles over the field of 30 x 30 spaxels, ages and metallicities all over the library."""
    rng = np.random.default_rng(0)
    radius, angle = 4 * np.sqrt(rng.uniform(size=count)), rng.uniform(0, 2 * np.pi, count)
    position = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.1 * rng.normal(size=count)], axis=1)
    velocity = 150 * np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=1) + 50 * rng.normal(size=(count, 3))
    ages, metals = 10 ** rng.uniform(-1, 1.1, count), rng.uniform(-2, 0.3, count)
    return sl.particles.Stars(position, velocity, rng.uniform(0.5, 1.5, count) * 1e6, ages, metals)


def scene(method: Any) -> tuple[Any, sl.cubes.IFU]:
    """MILES at z = 0.02 on 30 x 30 spaxels and 1600 channels of 1.25 A from 4750 A."""
    path = DATA / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
    library = sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)
    ifu = sl.cubes.IFU((30, 30), 0.7, sl.cubes.Channels.regular(4750.0, 1.25, 1600))
    turned = sl.Orientation(inclination=50.0)

    def light(particles: sl.particles.Stars) -> jax.Array:
        return sl.Galaxy(particles, library, redshift=0.02, orientation=turned, method=method)(ifu).flux * 1e18

    return light, ifu


def accuracy(count: int, step: float) -> tuple[object, ...]:
    """Errors of the cube relative to its rms and largest value, and of derivatives in relative L2."""
    particles = stars(count)
    exact, nodes = (scene(method)[0] for method in (sl.cubes.Exact(), sl.cubes.VelocityNodes(step=step)))
    cube, other = (np.asarray(eqx.filter_jit(light)(particles)) for light in (exact, nodes))
    weights = jnp.asarray(np.random.default_rng(1).uniform(0.5, 1.5, cube.shape))
    slopes = [
        eqx.filter_jit(eqx.filter_grad(lambda p, f=f: jnp.sum(weights * f(p))))(particles) for f in (exact, nodes)
    ]
    off = [np.linalg.norm(np.asarray(getattr(slopes[1], n)) - getattr(slopes[0], n)) for n in NAMES]
    parts = [f"{one / np.linalg.norm(getattr(slopes[0], n)):.2g}" for one, n in zip(off, NAMES, strict=True)]
    error, seen = other - cube, cube > 0
    rms = np.sqrt(np.mean(error**2)) / np.sqrt(np.mean(cube**2))
    return f"{step:g} km/s", f"{rms:.2g}", f"{np.max(np.abs(error[seen] / cube[seen])):.2g}", *parts


def cost(name: str, method: Any, count: int) -> tuple[object, ...]:
    """Processor time a particle and channel, and temporary memory, of value and of value and gradient."""
    particles, light = stars(count), scene(method)[0]
    value = jax.jit(lambda p: jnp.sum(light(p)))
    both = jax.jit(jax.value_and_grad(lambda p: jnp.sum(light(p))))
    row: list[object] = [name, f"{count:g}"]
    for function in (value, both):
        compiled = function.lower(particles).compile()
        jax.block_until_ready(compiled(particles))
        spent = []
        for _ in range(3):
            start = time.process_time()
            jax.block_until_ready(compiled(particles))
            spent.append(time.process_time() - start)
        row.append(f"{np.median(spent) / count / 1600 * 1e9:.3g}")
        row.append(f"{compiled.memory_analysis().temp_size_in_bytes / 1e6:.1f}")
    return tuple(row)


def main(particles: int, many: int) -> None:
    """Writes both tables as one."""
    with jax.enable_x64(True):
        errors = [accuracy(particles, step) for step in (50.0, 25.0, 12.5)]
    head = ("step", "rms error over rms", "largest relative error", *(f"d/d {name}" for name in NAMES))
    nodes = sl.cubes.VelocityNodes(step=25.0, limits=(-500.0, 500.0))
    costs = [
        cost("Exact", sl.cubes.Exact(), particles),
        cost("Exact", sl.cubes.Exact(), 5 * particles),
        cost("VelocityNodes, 41 nodes", nodes, many),
    ]
    titles = ("method", "particles", "value [ns]", "temporaries [MB]", "value and gradient [ns]", "temporaries [MB]")
    table = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    table += ["| " + " | ".join(map(str, row)) + " |" for row in costs]
    notes = (
        f"`VelocityNodes` against `Exact`, {particles} particles, double precision; derivatives of a sum with random "
        "positive weights, relative L2.\n\nProcessor time a particle and channel in single precision, medians of 3:\n\n"
    )
    save("velocity_nodes", "Two methods for galaxies on MILES", head, errors, notes + "\n".join(table))


if __name__ == "__main__":
    options = parse(__doc__, particles=20_000, many=1_000_000)
    main(options.particles, options.many)
