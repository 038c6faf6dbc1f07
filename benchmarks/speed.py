"""Time per point of the value and the gradient of a map: `python benchmarks/speed.py`."""

import sys
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
from common import galaxy, parse, save
from turns import Turns, serve

import sightline as sl


@eqx.filter_jit
def value(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> list[jax.Array]:
    stokes = simulator(lines, frequency)
    return [stokes.I, stokes.Q, stokes.U]


@eqx.filter_jit
@eqx.filter_value_and_grad
def gradient(simulator: sl.Simulator, lines: sl.Sightlines, frequency: jax.Array) -> jax.Array:
    return sum(jnp.sum(part**2) for part in value(simulator, lines, frequency))


@eqx.filter_jit
@eqx.filter_value_and_grad
def fitted(simulator: sl.Simulator, likelihood: sl.MapLikelihood) -> jax.Array:
    """The same sum of squares as a likelihood, which goes through the rays once for value and gradient."""
    return likelihood.log_likelihood(sl.Model(simulator))


FITTED = "likelihood and gradient, 1 frequency"
FREQUENCIES = {"1 frequency": 2.4, "8 frequencies": (1.0, 30.0)}
FUNCTIONS = {"value": value, "value and gradient": gradient}


def program(nside: int, cells: int) -> None:
    """Serves all cases in the precision of this process."""
    lines, model = sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells)), galaxy()
    cases = {}
    for number, ends in FREQUENCIES.items():
        at = jnp.linspace(*ends, 8) if isinstance(ends, tuple) else jnp.asarray(ends)
        for name, function in FUNCTIONS.items():
            cases[f"{name}, {number}"] = lambda f=function, nu=at: jax.block_until_ready(f(model, lines, nu))
    blank = jnp.zeros((3, lines.size))
    data = sl.MapLikelihood(lines, FREQUENCIES["1 frequency"], blank, 1.0, unit="K_RJ", convention="COSMO")
    serve(cases | {FITTED: lambda: jax.block_until_ready(fitted(model, data))})


def main() -> None:
    options = parse(__doc__, nside=32, cells=256, runs=9, serve=0)
    if options.serve:
        jax.config.update("jax_enable_x64", options.serve == 64)
        return program(options.nside, options.cells)
    points = 12 * options.nside**2 * options.cells
    shared = [__file__, "--nside", str(options.nside), "--cells", str(options.cells), "--serve"]
    names = [*(f"{name}, {number}" for number in FREQUENCIES for name in FUNCTIONS), FITTED]
    with Turns({"double": [*shared, "64"], "single": [*shared, "32"]}) as turns:
        taken = turns.run(names, options.runs)
    spent = {name: [taken[kind][name]["wall"] / points * 1e9 for kind in ("double", "single")] for name in names}
    rows = [[name, f"{two:.1f}", f"{one:.1f}", f"{two / one:.2f}"] for name, (two, one) in spent.items()]
    notes = (
        f"Nanoseconds per point (NSIDE {options.nside}, {options.cells} cells): LSA, cosmic-ray disk, uniform n_e, "
        "synchrotron and Faraday rotation, 9 free leaves; gradients of sums of squares; medians of "
        f"{options.runs} runs, in turn, each precision in its own process, after a quarter of a second of calls."
    )
    return save("speed", "Speed", ["case", "double precision", "single precision", "ratio"], rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
