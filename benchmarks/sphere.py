"""Accuracy on the homogeneous sphere of the synax paper against the Burn slab: `python benchmarks/sphere.py`."""

import warnings

import jax
import numpy as np
from common import burn_slab, parse, save, sphere

import sightline as sl

PUBLISHED = [
    ["synax (Diao et al. 2024)", 1024, "1.6e-4", "2.0e-4", "2.0e-4"],
    ["hampyx (Diao et al. 2024)", "-", "1.6e-5", "5.6e-4", "6.0e-4"],
]


def residual(lines: sl.Sightlines, simulator: sl.Simulator) -> np.ndarray:
    """Standard deviation of simulated minus analytic I, Q, U [K]."""
    stokes = simulator(lines, 2.4).to_convention("IAU")
    maps = np.stack([np.asarray(part, np.float64) for part in (stokes.I, stokes.Q, stokes.U)])
    return np.std(maps - burn_slab(lines, 2.4), axis=1)


def row(name: str, cells: int, errors: np.ndarray) -> list[object]:
    return [name, cells, *(f"{error:.1e}" for error in errors)]


def main() -> None:
    nside = parse(__doc__, nside=64).nside
    rows, last = [], None
    for double in (True, False):
        with jax.enable_x64(double):
            lines = sl.Sightlines(sl.HealpixSky(nside), sl.RadialCells(cells=64, distance=4.0))
            rows.append(row(f"RadialCells, float{64 if double else 32}", 64, residual(lines, sphere())))
    with jax.enable_x64(True):
        ball = sphere(cosmic_rays=sl.fields.Confined(sl.cosmic_rays.Uniform(4.01e-5), radius=4.0))
        for cells in (128, 256, 512, 1024, 2048, 4096):
            errors = residual(sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(cells)), ball)
            rows.append(row("box, hard edge at 4 kpc, float64", cells, errors))
            orders = "" if last is None else f"; order from the last halving {np.log2(last / errors).round(2)}"
            print(cells, errors, orders)
            last, first = errors, (errors if last is None else first)
        order = np.log2(first / last) / 5
    notes = (
        f"Residual standard deviation in K at 2.4 GHz, NSIDE {nside}. The hard edge falls somewhere inside a cell: the "
        f"error is of order {', '.join(f'{o:.2f}' for o in order)} in the cell width for I, Q, U (128 to 4096 cells)."
    )
    save(
        "sphere", "Homogeneous sphere against the Burn slab", ["code", "cells", "I", "Q", "U"], rows + PUBLISHED, notes
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
