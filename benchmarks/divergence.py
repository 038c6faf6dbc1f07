"""Divergence of every published magnetic field: `python benchmarks/divergence.py`."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from published import MAGNETIC, positions

import sightline as sl

jax.config.update("jax_enable_x64", True)

FAINTEST = 1e-3  # uG, below which |div B|/|B| is not counted


@eqx.filter_jit
def divergences(field: sl.fields.AbstractField, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    """|div B| [uG/kpc] and |B| [uG], (points,) each."""
    return jnp.abs(jax.vmap(sl.fields.divergence(field))(points)), jnp.linalg.norm(jax.vmap(field)(points), axis=1)


def main() -> None:
    count = parse(__doc__, points=20_000).points
    rows = []
    for name, make in MAGNETIC.items():
        divergence, b = map(np.asarray, divergences(make(), jnp.asarray(positions(count))))
        present = b > FAINTEST
        relative = divergence[present] / b[present]
        numbers = (np.median(divergence[present]), np.max(divergence), np.median(relative), np.max(relative))
        rows.append([name, *(f"{number:.1e}" for number in numbers)])
        print(*rows[-1], flush=True)
    notes = (
        f"By automatic differentiation at {count} random points, float64: what lies in a jump is not seen. "
        f"Medians, and the ratio, where |B| > {FAINTEST:.0e} uG."
    )
    header = [
        "model",
        "median [uG/kpc]",
        "maximum [uG/kpc]",
        "median of ratio to B [1/kpc]",
        "maximum of ratio [1/kpc]",
    ]
    save("divergence", "Divergence of the magnetic models", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
