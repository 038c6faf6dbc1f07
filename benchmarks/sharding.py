"""Maps and gradients on several devices and processes of one machine: `python benchmarks/sharding.py`."""

import os
import socket
import statistics
import subprocess
import sys
import time
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
from common import galaxy, parse, save

import sightline as sl

KINDS = {"one device": (1, 1), "two devices": (2, 1), "eight devices": (8, 1), "two processes": (1, 2)}
"""Devices a process, and processes."""


def measure(rank: int, count: int, address: str, nside: int, cells: int, runs: int) -> None:
    """Prints the seconds of every run of value and of gradient, and two sums to compare."""
    if count > 1:
        jax.distributed.initialize(address, count, rank)
    jax.config.update("jax_enable_x64", True)
    lines = sl.shard(sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells)))

    @eqx.filter_jit
    def value(simulator: sl.Simulator) -> jax.Array:
        stokes = simulator(lines, 2.4)
        return jnp.sum(stokes.I**2 + stokes.Q**2 + stokes.U**2)

    slope = eqx.filter_jit(eqx.filter_value_and_grad(value))
    for _ in range(runs + 1):
        for function in (value, slope):
            start = time.perf_counter()
            found = jax.block_until_ready(function(galaxy()))
            print(f"{time.perf_counter() - start:.4f}", end=" ")
    print(repr(float(found[0])), repr(float(found[1].magnetic_field.b0)), flush=True)


def run(kind: str, options: list[str]) -> list[str]:
    """What the first process of a kind prints."""
    devices, count = KINDS[kind]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    flags += " --xla_cpu_multi_thread_eigen=false" if count > 1 else ""
    command = [sys.executable, __file__, "worker"]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(count), address, *options],
            env=os.environ | {"XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(count)
    ]
    said = [process.communicate()[0] for process in processes]
    return said[0].splitlines()[-1].split()  # after what the transport between processes says


def main() -> None:
    options = parse(__doc__, nside=32, cells=256, runs=5, turns=3)
    given = [str(part) for part in (options.nside, options.cells, options.runs)]
    times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    sums = {}
    for _ in range(options.turns):  # in turn, so that all see the same machine
        for kind in KINDS:
            *seconds, value, slope = run(kind, given)
            numbers = [float(one) for one in seconds][2:]  # the first runs compile
            times[kind].append((statistics.median(numbers[::2]), statistics.median(numbers[1::2])))
            sums[kind] = (float(value), float(slope))
    base = times["one device"]
    rows = []
    for kind, found in times.items():
        value, slope = (statistics.median(one[place] for one in found) for place in (0, 1))
        shares = [statistics.median(b[k] / f[k] for b, f in zip(base, found, strict=True)) for k in (0, 1)]
        away = max(abs(a / b - 1) for a, b in zip(sums[kind], sums["one device"], strict=True))
        rows.append([kind, f"{value:.3f}", f"{slope:.3f}", f"{shares[0]:.2f}", f"{shares[1]:.2f}", f"{away:.1e}"])
    header = ["kind", "value [s]", "gradient [s]", "efficiency, value", "efficiency, gradient", "difference"]
    notes = (
        f"I, Q, U at 2.4 GHz of LSA, cosmic-ray disk, uniform n_e (NSIDE {options.nside}, {options.cells} cells, "
        f"float64), {options.turns} turns of separate processes, medians. Efficiency: the time of one device, which "
        "has both cores, over this one. Difference: of the sum of squares and its derivative by b0, relative."
    )
    save("sharding", "Rays on several devices", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["worker"]:
        rank, count, address, *sizes = sys.argv[2:]
        measure(int(rank), int(count), address, *map(int, sizes))
    else:
        main()
