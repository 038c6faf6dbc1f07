"""Scattered spectra of power laws, drawn and by quadrature: `python benchmarks/compton_spectrum.py`; writes a table."""

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

LAW = sl.processes.InverseCompton()
ELECTRONS, GAMMA = 3.2, (1.0, 1e9)
PHOTONS, E0 = 1.5, (1e-6, 1e-3)
EDGES = np.geomspace(1e-6, 1e9, 61)  # of e1, four a decade; energies in m_e c^2


def weight(gamma: jax.Array, e0: jax.Array) -> jax.Array:
    """Scatterings per ln gamma and ln e0."""
    return gamma ** (1 - ELECTRONS) * e0 ** (1 - PHOTONS) * sl.processes.rate_factor(4 * gamma * e0)


def drawn(packets: int, runs: int = 20) -> np.ndarray:
    """Photons in bins of e1, (runs, bins): gamma and e0 even in their logarithm, with weights; e1 by the sampler."""
    sampler = sl.samplers.Exact(LAW, guess=sl.samplers.Table.of(LAW, nodes=(129, 65)), steps=1)

    def one(key: jax.Array) -> jax.Array:
        rows = jax.random.uniform(key, (3, packets // runs))
        gamma, e0 = (low * (high / low) ** row for row, (low, high) in zip(rows[:2], (GAMMA, E0), strict=True))
        e1 = gamma * sampler(rows[2], b=4 * gamma * e0)
        return jnp.histogram(jnp.log(e1), jnp.log(EDGES), weights=weight(gamma, e0))[0]

    return np.asarray(jax.lax.map(jax.jit(one), jax.random.split(jax.random.key(0), runs)))


def integrated(nodes: tuple[int, int] = (2001, 61)) -> np.ndarray:
    """Photons in the same bins, up to a factor: trapezoidal rules in ln(gamma - e1), where it is smooth, and ln e0."""
    e0 = jnp.geomspace(*E0, nodes[1])
    part = jnp.full(nodes[1], 1.0).at[jnp.array([0, -1])].set(0.5)

    def rate(e1: jax.Array) -> jax.Array:
        least = jnp.maximum(GAMMA[0] - e1, 1e-10 * e1)
        above = jnp.geomspace(least, GAMMA[1] - e1, nodes[0])[:, None]
        gamma = e1 + above
        values = weight(gamma, e0) * e1 / gamma * LAW.density(e1 / gamma, b=4 * gamma * e0) * above / gamma
        return jnp.trapezoid(values @ part, jnp.log(above[:, 0]))

    places, weights = np.polynomial.legendre.leggauss(6)
    middle, half = 0.5 * np.log(EDGES[1:] * EDGES[:-1]), 0.5 * np.log(EDGES[1:] / EDGES[:-1])
    e1 = jnp.asarray(np.exp(middle[:, None] + half[:, None] * places))
    return np.asarray(jax.lax.map(jax.jit(rate), e1.ravel())).reshape(e1.shape) @ weights


def slopes(counts: np.ndarray) -> np.ndarray:
    """d ln N/d ln e1 of photons per energy, between the middles of neighbouring bins."""
    middles = np.sqrt(EDGES[1:] * EDGES[:-1])
    return np.diff(np.log(counts / middles), axis=-1) / np.diff(np.log(middles))


def main() -> None:
    packets = parse(__doc__, packets=32_000_000).packets
    with jax.enable_x64(True):
        runs, exact = drawn(packets), integrated()
    found, wanted = slopes(runs.sum(axis=0)), slopes(exact)
    error = np.std(slopes(runs), axis=0, ddof=1) / np.sqrt(len(runs))
    rows = [[f"{EDGES[k + 1]:.2g}", f"{wanted[k]:.4f}", f"{found[k]:.4f}", f"{error[k]:.4f}"] for k in range(2, 58, 3)]
    apart = np.abs(found - wanted)
    notes = (
        f"Local slope of the spectrum of photons that electrons gamma^-{ELECTRONS} from 1 to 1e9 scatter out of "
        f"photons e0^-{PHOTONS} from 1e-6 to 1e-3 (m_e c^2), four bins a decade: {packets} draws with weights beside "
        f"quadrature. Largest difference over all {apart.size} pairs of bins from {EDGES[0]:g} to "
        f"{EDGES[-1]:g}: {apart.max():.4f} (asked: 0.05). In the Thomson regime alone the slope would be "
        f"-(p + 1)/2 = -2.1."
    )
    save("compton_spectrum", "Scattered spectra of power laws", ["e1", "quadrature", "drawn", "error"], rows, notes)


if __name__ == "__main__":
    main()
