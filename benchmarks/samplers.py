"""Samplers beside each other, and networks: `python benchmarks/samplers.py`; writes results/samplers.md."""

import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from common import save
from scipy import special

import sightline as sl

LAW = sl.processes.InverseCompton()
COUNT = 200_000


class Bessel(sl.samplers.AbstractDensity):
    """p(x) ~ (J1(10 x cos a) cos(a x) + 0.6) sin(pi x) on [0, 1], of Charles & Chen."""

    domain = {"angle": (0.0, 3.1416)}  # noqa: RUF012

    def support(self, angle: jax.Array) -> tuple[float, float]:
        return 0.0, 1.0

    def __call__(self, x: jax.Array, angle: jax.Array) -> jax.Array:
        z = 10 * x * jnp.cos(angle)
        return (bessel(z) * jnp.cos(angle * x) + 0.6) * jnp.sin(jnp.pi * x)


def bessel(z: jax.Array) -> jax.Array:
    """J1, by its integral over 32 angles: exact to rounding for |z| <= 10."""
    angle = jnp.pi * (jnp.arange(32) + 0.5) / 32
    return jnp.mean(jnp.cos(angle - z[..., None] * jnp.sin(angle)), axis=-1)


def timed(draw: Callable[[jax.Array], jax.Array]) -> float:
    """Processor seconds of one call, the median of five."""
    key = jax.random.key(0)
    jax.block_until_ready(draw(key))
    found = []
    for _ in range(5):
        start = time.process_time()
        jax.block_until_ready(draw(key))
        found.append(time.process_time() - start)
    return float(np.median(found))


def errors(sampler: sl.samplers.AbstractInverse) -> tuple[float, float]:
    """Rms and largest error of P(l(u)) over u and 17 decades of b."""
    u, b = jnp.linspace(0.0, 1.0, 401), jnp.geomspace(1e-8, 1e9, 69)

    def one(u: jax.Array, b: jax.Array) -> jax.Array:
        return LAW.unit_cumulative(jnp.clip(sampler.unit(u, b=b), 0, 1), b=b) - u

    found = jax.jit(jax.vmap(jax.vmap(one, (0, None)), (None, 0)))(u, b)
    return float(jnp.sqrt(jnp.mean(found**2))), float(jnp.max(jnp.abs(found)))


def throughput() -> Iterator[list[str]]:
    for precision in ("float32", "float64"):
        with jax.enable_x64(precision == "float64"):
            table = sl.samplers.Table.of(LAW, nodes=(129, 65))
            network = sl.samplers.train(LAW, jax.random.key(1), (16, 16, 16), steps=4000, batch=512, target=1e-2)
            samplers = {
                "table, 129 x 65": table,
                "table and one step": sl.samplers.Exact(LAW, guess=table, steps=1),
                "network, 3 x 16": network,
                "exact": sl.samplers.Exact(LAW),
                "rejection": sl.samplers.Rejection(LAW),
            }
            first = None
            for name, sampler in samplers.items():

                def draw(key: jax.Array, sampler: sl.samplers.AbstractSampler = sampler) -> jax.Array:
                    b = 10 ** jax.random.uniform(key, (COUNT,), minval=-8.0, maxval=9.0)
                    return sampler.draw(jax.random.fold_in(key, 1), b=b)

                seconds = timed(jax.jit(draw))
                first = first or seconds
                known = isinstance(sampler, sl.samplers.AbstractInverse)  # rejection has no u
                error = [f"{one:.1e}" for one in errors(sampler)] if known else ["-", "-"]
                row = [f"{COUNT / seconds / 1e6:.3g}", f"{seconds / first:.3g}", *error]
                yield [f"{name}, {precision}", *row]


def networks() -> Iterator[list[str]]:
    law = sl.samplers.Integrated(Bessel(), panels=16)
    start = time.perf_counter()
    network = sl.samplers.train(law, jax.random.key(3), steps=4600, batch=512, target=4e-3)
    seconds = time.perf_counter() - start
    angles = jnp.linspace(0.03, 3.1, 23)
    u = jnp.linspace(0.0, 1.0, 201)
    found = jax.vmap(lambda a: law.cumulative(network(u, angle=a), angle=a) - u)(angles)
    error = np.sqrt(np.mean(np.square(found)))
    yield ["Bessel density, 4 x 32: rms error at other angles", "4e-3", f"{error:.1e}", f"{seconds:.0f}"]
    joint = sl.samplers.Joint.of(lambda x: jnp.exp(-jnp.sum((x - 0.5) ** 2) / (2 * SIGMA**2)), ((0.0, 1.0),) * 2)
    start = time.perf_counter()
    trained = sl.samplers.train(joint, jax.random.key(4), (32, 32), steps=6000, batch=(512, 2048), target=1e-2)
    seconds = time.perf_counter() - start
    x, y = np.asarray(trained.draw(jax.random.key(5), shape=(400_000,))).T
    yield ["2-D Gaussian: means", "0.5 +- 5e-3", f"{x.mean():.4f}, {y.mean():.4f}", f"{seconds:.0f}"]
    yield ["2-D Gaussian: variances", "0.0483588 +- 2 %", f"{x.var():.5f}, {y.var():.5f}", ""]
    yield ["2-D Gaussian: correlation", "0.01", f"{np.corrcoef(x, y)[0, 1]:.4f}", ""]


def _variance(sigma: float) -> float:
    """Of a Gaussian about 0.5 cut to the unit square."""
    a = 0.5 / sigma
    return sigma**2 * (1 - 2 * a * np.exp(-a * a / 2) / np.sqrt(2 * np.pi) / special.erf(a / np.sqrt(2)))


SIGMA = float(np.interp(0.0483588, [_variance(s) for s in np.linspace(0.2, 0.4, 4001)], np.linspace(0.2, 0.4, 4001)))


def kolmogorov() -> list[str]:
    draws = sl.samplers.Exact(LAW).draw(jax.random.key(6), shape=(1_000_000,), b=10.0)
    found = np.sort(np.asarray(LAW.cumulative(draws, b=10.0)))
    distance = np.max(np.abs(found - (np.arange(found.size) + 0.5) / found.size))
    return ["`Exact`, 1e6 draws: Kolmogorov-Smirnov distance", "2e-3", f"{distance:.1e}", ""]


def main() -> None:
    speed = [[name, million, ratio, rms, largest] for name, million, ratio, rms, largest in throughput()]
    rows = [
        [name, "", f"{million} M/s, {ratio} of the table; rms {rms}, largest {largest}", ""]
        for name, million, ratio, rms, largest in speed
    ]
    rows += [kolmogorov(), *networks()]
    notes = (
        f"{COUNT} draws with random b over 17 decades, per second of processor time, random numbers included; errors "
        "of P(l(u)). Seconds of training are those of the clock."
    )
    save(
        "samplers", "Samplers of inverse Compton, and networks", ["what", "asked", "found", "training, s"], rows, notes
    )


if __name__ == "__main__":
    main()
