"""A network of NASCaRP beside the exact law: `python benchmarks/nascarp.py FOLDER`; writes results/nascarp.md."""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from common import save

import sightline as sl

GAMMA, E0 = np.arange(1.0, 10.5), np.arange(-10.0, -1.5)  # powers of ten
FAILED = 0.02


def errors(network: sl.samplers.NASCaRP, gamma: float, e0: float) -> tuple[float, float]:
    """Rms and largest |C(x(u)) - u| over u."""
    u = jnp.linspace(0, 1, 4001)
    miss = network.distribution.cumulative(network(u, gamma=gamma, e0=e0), gamma=gamma, e0=e0) - u
    return float(jnp.sqrt(jnp.mean(miss**2))), float(jnp.max(jnp.abs(miss)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="with the weights, net1_layer0.txt and so on")
    parser.add_argument("--prefix", default="net1")
    given = parser.parse_args()
    with jax.enable_x64(True):
        network = sl.samplers.from_nascarp(given.folder, given.prefix)
        rms, largest = errors(network, 1e5, 10**-4.5)
        found = np.array([[errors(network, 10.0**g, 10.0**e)[0] for e in E0] for g in GAMMA])
    rows = [[f"{g:g}", *(f"{rms:.1e}" for rms in row)] for g, row in zip(GAMMA, found, strict=True)]
    product = GAMMA[:, None] + E0
    save(
        "nascarp",
        "A network of NASCaRP",
        ["log10 gamma", *(f"log10 e0 = {e:g}" for e in E0)],
        rows,
        f"Rms error of C(x(u)). At the point of the paper, gamma = 1e5, e0 = 10^-4.5: rms {rms:.2e}, largest "
        f"{largest:.2e}; asked: rms between 4e-3 and 6e-3. It exceeds {FAILED:g} at {np.sum(found > FAILED)} of "
        f"{found.size} places: where log10(gamma e0) >= {product[found > FAILED].min():g}, whose "
        "distribution a map linear in energy cannot resolve.",
    )


if __name__ == "__main__":
    main()
