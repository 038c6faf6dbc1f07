"""Time per point of every published model, value and gradient, on one core: `python benchmarks/models.py`."""

import os
import time
import warnings
from collections.abc import Callable

if hasattr(os, "sched_setaffinity"):  # before XLA counts the cores
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from published import MAGNETIC, SCALARS, positions

import sightline as sl

jax.config.update("jax_enable_x64", True)

BATCH = (256, 256)  # rays and cells, as in the simulator
AIMS = {"LSA": 15, "JF12": 80, "UF23": 80, "YMW16": 120, "NE2001": 1500}
"""Nanoseconds per point that a value may take, by the first word of the name."""
RATIO = 4.0
"""What a gradient may cost in units of the value."""

Batch = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def along_rays(field: sl.fields.AbstractField, shift: jax.Array, batch: Batch) -> jax.Array:
    """Weighted sum over the cells of each ray of the components of a field, (rays,), the rays shifted, (3, rays)."""
    *coordinates, weights = batch

    def at(x: jax.Array, y: jax.Array, z: jax.Array) -> jax.Array:
        value = field(jnp.stack([x, y, z]))
        return value if value.ndim == 0 else sum(jnp.unstack(value)[1:], value[0])

    moved = [c + s[:, None] for c, s in zip(coordinates, shift, strict=True)]
    return jnp.sum(weights * jax.vmap(jax.vmap(at))(*moved), axis=1)


@eqx.filter_jit
def value(field: sl.fields.AbstractField, shift: jax.Array, batches: Batch) -> jax.Array:
    return jax.lax.map(lambda batch: along_rays(field.prepare(), shift, batch), batches)


@eqx.filter_jit
def gradient(field: sl.fields.AbstractField, shift: jax.Array, batches: Batch) -> tuple:
    """With respect to all parameters, and to positions, of which the sum along each ray is kept."""
    total = eqx.filter_grad(lambda moving, batch: jnp.sum(along_rays(*moving, batch)))
    return jax.lax.map(lambda batch: total((field.prepare(), shift), batch), batches)


def seconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start


def measure(models: dict[str, sl.fields.AbstractField], points: int, runs: int) -> dict[str, tuple[float, float]]:
    """Median nanoseconds per point of value and gradient; models in turn, so that all see the same machine."""
    count = max(points // np.prod(BATCH), 1)
    coordinates = positions(count * np.prod(BATCH)).T.reshape(3, count, *BATCH)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, (count, *BATCH))
    batches, shift = tuple(map(jnp.asarray, (*coordinates, weights))), jnp.zeros((3, BATCH[0]))
    taken = {name: [] for name in models}
    for _ in range(runs + 1):
        for name, field in models.items():
            taken[name].append([seconds(function, field, shift, batches) for function in (value, gradient)])
    return {name: tuple(np.median(times[1:], axis=0) / weights.size * 1e9) for name, times in taken.items()}


def missed(name: str, value: float, gradient: float) -> list[str]:
    """What falls short of the aims."""
    aim, ratio = AIMS.get(name.split()[0], np.inf), gradient / value
    slow = [f"{name}: {value:.0f} ns for an aim of {aim}"] if value > aim else []
    return slow + ([f"{name}: gradient {ratio:.1f} values for an aim of {RATIO:.0f}"] if ratio > RATIO else [])


def main() -> None:
    options = parse(__doc__, points=2**20, runs=15)
    times = measure({name: make() for name, make in (MAGNETIC | SCALARS).items()}, options.points, options.runs)
    rows = [
        [name, f"{value:.1f}", AIMS.get(name.split()[0], ""), f"{gradient:.1f}", f"{gradient / value:.1f}"]
        for name, (value, gradient) in times.items()
    ]
    short = [line for name, pair in times.items() for line in missed(name, *pair)]
    notes = (
        f"Nanoseconds per point, float64, one core, batches of {' x '.join(map(str, BATCH))} points; the gradient is "
        f"that with respect to all parameters and the position; medians of {options.runs} runs in turn. "
        f"Aims missed: {'; '.join(short) or 'none'}."
    )
    save("models", "Speed of the models", ["model", "value", "aim", "gradient", "ratio"], rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
