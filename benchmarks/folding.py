"""Ways to fold photons through the EPIC-pn response, in processor time over that of a dense product.

`python benchmarks/folding.py`; needs SIGHTLINE_DATA. Each way in turn, medians; then 1000 simulated spectra.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from jax.experimental import sparse
from xray import read

import sightline as sl
from sightline.xray.counts.rows import entries, product

jax.config.update("jax_enable_x64", True)


def ways(matrix):
    """Functions of photons, (n,), to counts, (m,), by name."""
    found, whole = entries(matrix), jnp.asarray(np.asarray(matrix))
    rows, columns, values = jnp.asarray(found.row), jnp.asarray(found.column), jnp.asarray(found.value)
    size, bcoo = found.shape[0], sparse.BCOO.fromdense(np.asarray(matrix))
    length = int(np.bincount(found.row, minlength=size).max())
    place = np.arange(found.row.size) - np.searchsorted(found.row, found.row)
    table, index = np.zeros((size, length)), np.zeros((size, length), int)
    table[found.row, place], index[found.row, place] = found.value, found.column
    ell, where = jnp.asarray(table), jnp.asarray(index)
    blocks = jax.tree.map(jnp.asarray, matrix)
    return {
        "dense": lambda f: jnp.matmul(whole, f, precision="highest"),
        "ours": lambda f: product(blocks, f),
        "BCOO": lambda f: bcoo @ f,
        "segment sum": lambda f: jax.ops.segment_sum(values * f[columns], rows, size, indices_are_sorted=True),
        "ELL": lambda f: jnp.sum(ell * f[where], axis=1),
    }


def seconds(function, argument) -> float:
    start = time.process_time()
    for _ in range(5):
        jax.block_until_ready(function(argument))
    return (time.process_time() - start) / 5


def compared(matrix, runs: int) -> list[list[str]]:
    """Rows of the table: value, gradient and 64 gradients at once, each over the dense product's."""
    size = matrix.shape[1]
    photons = jnp.asarray(np.random.default_rng(0).uniform(size=size))
    kinds = {}
    for name, way in ways(matrix).items():
        slope = jax.grad(lambda f, way=way: jnp.sum(jnp.square(way(f))))
        kinds[name] = jax.jit(way), jax.jit(slope), jax.jit(jax.vmap(slope))
    many = jnp.tile(photons, (64, 1))
    arguments = (photons, photons, many)
    for functions in kinds.values():
        for function, argument in zip(functions, arguments, strict=True):
            jax.block_until_ready(function(argument))
    spent = {name: np.zeros((runs, 3)) for name in kinds}
    for run in range(runs):
        for name, functions in kinds.items():
            spent[name][run] = [seconds(f, a) for f, a in zip(functions, arguments, strict=True)]
    medians = {name: np.median(values, axis=0) for name, values in spent.items()}
    return [[name, *(f"{ratio:.2f}" for ratio in medians[name] / medians["dense"])] for name in kinds]


def simulated(observation: sl.counts.Observation, count: int) -> list[list[str]]:
    """Processor time of simulated spectra, warm, in groups and in all channels."""
    model = sl.Model(spectra={"source": sl.spectra.MorrisonMcCammon(0.15) * sl.spectra.PowerLaw(1.8, 1e-4)})
    values = {"spectra.source.terms.power_law.index": np.linspace(1.0, 3.0, count)}
    rows = []
    for name, response, exposure in (("groups", observation.folding, 1.0), ("channels", observation.response, 2e4)):
        spent = []
        for key in jax.random.split(jax.random.key(0), 5):
            start = time.process_time()
            jax.block_until_ready(sl.counts.fakeit(model, "source", response, exposure, key, values=values))
            spent.append(time.process_time() - start)
        rows.append([f"{count} spectra in {response.shape[0]} {name}", f"{np.median(spent[1:]):.3f} s", "", ""])
    return rows


def main() -> None:
    options = parse(__doc__ or "", runs=9, spectra=1000)
    observation = read()
    rows = [["**grouped, 102 x 1490**", "", "", ""], *compared(observation.folding.matrix, options.runs)]
    rows += [["**all channels, 4096 x 2067**", "", "", ""], *compared(observation.response.matrix, options.runs)]
    rows += simulated(observation, options.spectra)
    notes = "Processor time over that of the dense product of the same shape; medians of runs in turn."
    save("folding", "Folding through the EPIC-pn response", ["", "value", "gradient", "64 gradients"], rows, notes)


if __name__ == "__main__":
    main()
