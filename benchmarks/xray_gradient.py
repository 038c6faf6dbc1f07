"""A gradient of an X-ray posterior inside a loop, over one dense product: `python benchmarks/xray_gradient.py`.

Needs SIGHTLINE_DATA; set OMP_NUM_THREADS=1.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import xray
from common import parse, save

import sightline as sl

STEPS = 1000
ABSORPTIONS = {
    "Morrison & McCammon": sl.spectra.MorrisonMcCammon,
    "interstellar": sl.spectra.InterstellarAbsorption,
    "gas, O and Fe free": lambda column: sl.spectra.GasAbsorption(column, {"O": 1.0, "Fe": 1.0}),
}


def loop(step: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    """Many steps, one after the other, in one compiled loop."""
    return jax.jit(lambda start: jax.lax.scan(lambda x, _: (step(x), None), start, None, length=STEPS)[0])


def gradient(posterior: sl.Posterior) -> Callable[[], jax.Array]:
    """A loop of gradients, as a sampler takes them."""
    slope = jax.grad(lambda vector: xray.density(posterior, vector))
    run, start = loop(lambda x: x + 1e-12 * slope(x)), jnp.zeros(len(posterior.space.names))
    return lambda: run(start)


def product(observation: sl.counts.Observation) -> Callable[[], jax.Array]:
    """A loop of products with the grouped response."""
    matrix = jnp.asarray(observation.folding.matrix)
    run, start = loop(lambda x: x + 1e-30 * (matrix @ x)[0]), jnp.full(matrix.shape[1], 1e-5)
    return lambda: run(start)


def main() -> None:
    rounds = parse(__doc__ or "", rounds=15).rounds
    observation = xray.read()
    found = {name: gradient(xray.absorbed(observation, one)) for name, one in ABSORPTIONS.items()}
    found["dense product"] = product(observation)
    for run in found.values():
        run().block_until_ready()
    spent: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, run in found.items():
            start = time.process_time()
            run().block_until_ready()
            spent[name].append(1e6 / STEPS * (time.process_time() - start))
    ratios = {name: np.array(one) / np.array(spent["dense product"]) for name, one in spent.items()}
    rows = [[name, f"{np.median(one):.1f}", f"{np.median(ratios[name]):.2f}"] for name, one in spent.items()]
    notes = f"Processor time; medians of {rounds} runs in turn of {STEPS} steps; absorbed power law and black body."
    save("xray_gradient", "A gradient on EPIC-pn, 0.5 to 8 keV, as filed", ["", "us", "of a product"], rows, notes)


if __name__ == "__main__":
    main()
