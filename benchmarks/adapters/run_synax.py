"""Synax, from the folder given, on the cases of `equal_accuracy.py`: its code is its authors' and is not here."""

import argparse
import sys
from math import radians

import jax
import jax.numpy as jnp
import numpy as np
from turns import serve

PER_KPC = 3.0857 / 3.08  # it takes 3.08e19 m for a kpc in rotation measures alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (
        ("folder", str),
        ("grid", str),
        ("save", str),
        ("nside", int),
        ("cells", int),
        ("frequency", float),
    ):
        parser.add_argument(f"--{name}", type=kind)
    options = parser.parse_args()
    sys.path.insert(0, options.folder)
    import synax

    grid = np.load(options.grid)
    x, widths, towards = synax.coords.get_healpix_positions(nside=options.nside, num_int_points=options.cells)
    magnetic, rays = synax.bfield.B_lsa(x), synax.cfield.C_WMAP(x)
    axes = [jnp.asarray(grid[name]) for name in "xyz"]
    electrons = synax.tefield.TE_grid(x, axes).TE_field(PER_KPC * jnp.asarray(grid["density"]))
    simulator = synax.synax.Synax()
    model = {"b0": 1.2, "psi0": radians(27.0), "psi1": radians(0.9), "chi0": radians(25.0)}
    model |= {"C0": 211.13, "hr": 5.0, "hd": 1.0, "index": 3.0}

    @jax.jit
    def maps(model: dict[str, float], frequency: float) -> list[jax.Array]:
        density = rays.C_field({name: model[name] for name in ("C0", "hr", "hd")})
        field = magnetic.B_field({name: model[name] for name in ("b0", "psi0", "psi1", "chi0")})
        stokes = simulator.sim(frequency, field, density, electrons, towards, widths, model["index"])
        return [stokes[part] for part in "IQU"]

    @jax.jit
    @jax.value_and_grad
    def gradient(model: dict[str, float], frequency: float) -> jax.Array:
        return sum(jnp.sum(part**2) for part in maps(model, frequency))

    np.savez(options.save, maps=np.stack(maps(model, options.frequency)), cells=options.cells)
    serve(
        {
            "value": lambda: jax.block_until_ready(maps(model, options.frequency)),
            "value and gradient": lambda: jax.block_until_ready(gradient(model, options.frequency)),
        }
    )


if __name__ == "__main__":
    main()
