"""Packets against exact values: `python benchmarks/scattering.py`; writes results/scattering.md and the figure."""

from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl
from sightline.scattering.compton import REST
from sightline.scattering.process import THOMSON

sc = sl.scattering
UNIT = 1 / THOMSON  # cm^-3 for an optical depth of 1 per kpc
COSINES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def slab(depth: float | jax.Array, process: sc.AbstractProcess, **options: float) -> sc.Transport:
    return sc.Transport(sl.electrons.Uniform(depth * UNIT), process, sc.Slab(1.0), sc.Lambertian(), **options)


def row(what: str, asked: float, found: float, error: float) -> list[str]:
    return [what, f"{asked:.6g}", f"{found:.6g}", f"{error:.2g}", f"{(found - asked) / error:+.1f}"]


def transmissions(packets: int) -> Iterator[list[str]]:
    for process, exact in ((sc.Isotropic(), 0.553406), (sc.Thomson(), 0.553096)):
        seen = slab(1.0, process)(jax.random.key(0), packets)["escape"]
        yield row(f"transmission, depth 1, {type(process).__name__}", exact, float(seen.I[1]), float(seen.error[1]))

    def transmission(depth: jax.Array, key: jax.Array) -> jax.Array:
        return slab(depth, sc.Isotropic(), majorant=1.6 * UNIT)(key, 10_000)["escape"].I[1]

    runs = []
    for number in range(100):
        one = jnp.asarray(1.0)
        value, slope = jax.jvp(lambda d, n=number: transmission(d, jax.random.key(n)), (one,), (one,))
        runs.append((float(value), float(slope)))
    values, slopes = np.array(runs).T
    yield row("its derivative by the depth, 100 runs of 1e4", -0.23405, slopes.mean(), slopes.std() / 10)
    expected = np.sqrt(0.553406 * 0.446594 / 1e4)
    yield row("scatter of 100 runs over the error of one", 1.0, values.std(ddof=1) / expected, 1 / np.sqrt(200))


def h_function(characteristic: Callable[[np.ndarray], np.ndarray], cosine: np.ndarray) -> np.ndarray:
    """H(mu) of a characteristic function of integral 1/2 at most (Chandrasekhar 1960, chapter V)."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    nodes, weights = (0.5 * (1 + nodes)) ** 2, 0.5 * weights * (1 + nodes)  # of x^2: H has a logarithm at 0
    psi, values = weights * characteristic(nodes), np.ones(nodes.size)
    rest = np.sqrt(max(1 - 2 * psi.sum(), 0))

    def of(mu: np.ndarray, values: np.ndarray) -> np.ndarray:
        return 1 / (rest + np.sum(nodes * psi * values / (mu[:, None] + nodes), axis=1))

    for _ in range(400):
        values = 0.5 * (values + of(nodes, values))
    return of(cosine, values)


def chandrasekhar(cosine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness in some unit and degree of polarisation, %, of a half-space (Chandrasekhar 1960, chapter X).

    I_l = q H_l(mu), I_r = (mu + c) H_r(mu), with q = 0.68989, c = 0.87294.
    """
    across = h_function(lambda mu: 0.75 * (1 - mu**2), cosine) * 0.68989
    along = h_function(lambda mu: 0.375 * (1 - mu**2), cosine) * (cosine + 0.87294)
    return across + along, 100 * (along - across) / (along + across)


def half_space(packets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Polarisation, %, its error, and brightness in some unit, at `COSINES`.

    Of depth 6 the slab is polarised like a half-space to 0.01 points, and three times as much light comes out of it,
    scattered half as often, as of depth 10.
    """
    cosines, parts = np.asarray(COSINES), 20
    directions = tuple((float(np.sqrt(1 - mu * mu)), 0.0, mu) for mu in COSINES)
    cloud = slab(6.0, sc.Thomson(), majorant=6.0001 * UNIT)
    runs = []
    for number in range(parts):
        seen = cloud(jax.random.key(100 + number), packets // parts, {"seen": sc.Peel(directions)})["seen"]
        runs.append([np.asarray(seen.I), np.asarray(seen.Q)])
    i, q = np.moveaxis(np.array(runs), 1, 0)
    share = -q.mean(axis=0) / i.mean(axis=0)
    error = np.std(q + share * i, axis=0, ddof=1) / i.mean(axis=0) / np.sqrt(parts)
    straight = np.exp(-6.0 / cosines) / np.pi  # peel-off sees what was scattered
    return 100 * share, 100 * error, i.mean(axis=0) / cosines + straight


def hot(theta: float, scatterings: int, count: int = 400_000) -> tuple[np.ndarray, np.ndarray]:
    """ln E after scatterings of soft photons by hot electrons, and the weights of histories."""
    process = sc.ThermalCompton(theta * REST)

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        packet = sc.PointSource(energy=1e-6).birth(key, sc.Sphere(), jnp.zeros(()).dtype)

        def step(state: tuple, key: jax.Array) -> tuple:
            packet, weight = state
            numbers = jax.random.uniform(key, (16,))
            electron = process.electron(packet, numbers[:8])
            return (process.scatter(packet, electron, numbers[8:]), weight * 2 * process.chance(packet, electron)), None

        (packet, weight), _ = jax.lax.scan(step, (packet, jnp.ones(())), jax.random.split(key, scatterings))
        return jnp.log(packet.energy / 1e-6), weight

    found = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=8192))(jax.random.split(jax.random.key(1), count))
    return np.asarray(found[0]), np.asarray(found[1])


def thermal() -> Iterator[list[str]]:
    for scatterings in (1, 2, 3):
        growth, weight = hot(0.1, scatterings)
        mean = np.average(np.exp(growth), weights=weight)
        error = np.std(weight * (np.exp(growth) - mean)) / weight.mean() / np.sqrt(weight.size)
        yield row(f"gain of energy, kT = 0.1, {scatterings} scatterings", 1.506796**scatterings, mean, error)
    theta, scatterings = 0.01, 10
    growth, weight = hot(theta, scatterings)
    y = scatterings * theta
    mean = np.average(growth, weights=weight)
    spread = np.average((growth - mean) ** 2, weights=weight)
    root = np.sqrt(weight.size)
    yield row("mean ln E over y, kT = 0.01, y = 0.1", 3.0, mean / y, np.sqrt(spread) / root / y)
    yield row("variance of ln E over y", 2.0, spread / y, np.sqrt(2) * spread / root / y)


def single() -> list[str]:
    """Light of a beam scattered once in a turbulent density, against the column of the library."""
    density = sl.electrons.Turbulent((32, 32, 32), (1.0, 1.0, 1.0), profile=1.0, outer_scale=1.0, key=jax.random.key(2))
    source = sc.PointSource(position=(0.0, 0.0, -0.999), beam=(0.0, 0.0, 1.0))
    cloud = sc.Transport(density, sc.Thomson(), sc.Box((1.0, 1.0, 0.9999)), source, majorant=60.0)
    seen = cloud(jax.random.key(3), 400_000, {"seen": sc.Peel([(1.0, 0.0, 0.0)])})["seen"]
    at = sl.Sightlines(
        sl.Directions(0.0, 90.0), cells=sl.RadialCells(cells=4096, distance=1.9989), observer=(0.0, 0.0, -0.999)
    )
    column = float(sl.Simulator(electron_density=density).dispersion_measure(at)[0]) / 1e3
    exact = THOMSON * column * 3 / (16 * np.pi)
    return row("scattered once in a turbulent cloud", exact, float(seen.I[0]), float(seen.error[0]))


def figure(share: np.ndarray, error: np.ndarray) -> None:
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    axes.plot(
        np.linspace(0, 1, 101), chandrasekhar(np.linspace(0, 1, 101))[1], color="0.6", lw=4, label="Chandrasekhar 1960"
    )
    axes.errorbar(COSINES, share, error, fmt="o", ms=4, color="C0", label="packets")
    axes.set(xlabel=r"$\mu$", ylabel=r"$-Q/I$ [%]", xlim=(-0.02, 1.02))
    axes.legend(frameon=False)
    drawn.savefig(Path(__file__).parents[1] / "docs" / "gallery" / "half_space.png", dpi=150)


def memory() -> list[list[str]]:
    """Temporary memory of the compiled loop: the number of packets is an argument of it."""
    from sightline.scattering.flight import Medium, fly

    cloud = slab(1.0, sc.Thomson())
    medium = Medium(cloud.density, cloud.process, cloud.region, cloud.source, jnp.asarray(1.5 * UNIT))
    tallies = {"escape": sc.Escape()}

    def run(key: jax.Array, last: jax.Array) -> jax.Array:
        return fly(medium, tallies, key, jnp.zeros((), int), last, batch=8192, events=10_000, steps=None).total[
            "escape"
        ]

    size = jax.jit(run).lower(jax.random.key(0), jnp.asarray(10)).compile().memory_analysis().temp_size_in_bytes
    return [["memory of 8192 lanes, any number of packets [MB]", "", f"{size / 1e6:.3g}", "", ""]]


def main() -> None:
    options = parse(__doc__, packets=1_000_000, half_space=24_000_000)
    packets = options.packets
    rows = [*transmissions(packets), *thermal(), single(), *memory()]
    share, error, brightness = half_space(options.half_space)
    bright, exact = chandrasekhar(np.asarray(COSINES))
    dim, edge = (float(one[0]) for one in chandrasekhar(np.zeros(1)))
    rows.append(row("half-space, polarisation extrapolated to mu = 0 [%]", edge, edge + share[0] - exact[0], error[0]))
    for cosine, asked, one, spread in zip(COSINES, exact, share, error, strict=True):
        rows.append(row(f"half-space, polarisation at mu = {cosine:g} [%]", asked, one, spread))
    limb = brightness[-1] / brightness[0] * bright[0] / dim
    rows.append(["half-space, I(1)/I(0), extrapolated", f"{bright[-1] / dim:.4g}", f"{limb:.4g}", "", ""])
    figure(share, error)
    notes = (
        f"{packets} packets where no number is said; errors are standard errors of a run. The half-space is a slab of "
        f"depth 6 above a Lambertian surface, seen by peel-off, {options.half_space} packets, errors from 20 parts of "
        "them; it is polarised like a half-space to 0.01 points (doubling of thin layers). At mu = 0: what is seen at "
        f"{COSINES[0]:g}, and the exact difference. Sources: exact values of the integral equation of the slab, "
        "Chandrasekhar 1960 (chapter X; H functions iterated), Pozdnyakov et al. 1983, Kompaneets 1957."
    )
    save("scattering", "Packets against exact values", ["what", "exact", "found", "error", "sigma"], rows, notes)


if __name__ == "__main__":
    main()
