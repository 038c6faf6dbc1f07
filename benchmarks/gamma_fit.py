"""One set of electrons from its radio and gamma-ray skies: `python benchmarks/gamma_fit.py`."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

NAMES = ("ln n0", "p", "ln B", "ln u (starlight)")
TRUTH = jnp.asarray([np.log(5.355e-18), 2.9, np.log(4.0), np.log(1.0)])
LINES = sl.Sightlines(sl.HealpixSky(nside=4), cells=sl.RadialCells(cells=64, distance=20.0))
RADIO, GAMMA = 0.408, (1.0, 100.0)  # GHz, GeV
NOISE = {"408 MHz": 0.03, "1 GeV": 0.05, "100 GeV": 0.2}
"""Relative errors of a pixel."""


def fields(x):
    """The magnetic field, the electrons and the photons of parameters."""
    density, index, strength, starlight = x
    rays = sl.cosmic_rays.ExponentialDisk(jnp.exp(density), reference_energy=10.0, index=index)
    light = sl.radiation.CMB() + sl.radiation.Disk() + sl.radiation.Disk(3000.0, jnp.exp(starlight))
    return dataclasses.replace(sl.magnetic.LSA(), b0=jnp.exp(strength)), rays, light


@jax.jit
def logarithms(x):
    """ln of the maps at 408 MHz, 1 and 100 GeV, (3, pixels)."""
    magnetic, rays, light = fields(x)
    emission = (sl.emission.Synchrotron(), sl.emission.InverseCompton())
    simulator = sl.Simulator(magnetic, None, rays, emission, radiation=light)
    radio, gamma = simulator(LINES, frequency=RADIO).I, simulator(LINES, energy=GAMMA).I
    return jnp.log(jnp.concatenate([radio[None], gamma]))


@jax.jit
def derivatives(x):
    """(3, pixels, parameters)."""
    return jax.jacfwd(logarithms)(x)


def information(x, maps, free):
    """Fisher matrix of the free parameters from some of the maps."""
    jacobian = derivatives(x)[np.array(maps)][..., np.array(free)]
    weight = 1 / np.array(list(NOISE.values()))[np.array(maps), None, None] ** 2
    flat = np.asarray(jacobian * np.sqrt(weight)).reshape(-1, len(free))
    return flat.T @ flat, flat


def fit(data, free, start):
    """Gauss-Newton on the logarithms of all maps."""
    x = start
    weight = np.sqrt(1 / np.array(list(NOISE.values()))[:, None] ** 2)
    for _ in range(8):
        rest = np.asarray((data - logarithms(x)) * weight).ravel()
        slope = np.asarray(derivatives(x)[..., np.array(free)] * weight[..., None]).reshape(-1, len(free))
        x = x.at[np.array(free)].add(np.linalg.lstsq(slope, rest, rcond=None)[0])
    return x


def main() -> None:
    mocks = parse(__doc__, mocks=40).mocks
    generator = np.random.default_rng(1)
    truth, scale = logarithms(TRUTH), np.array(list(NOISE.values()))[:, None]
    rows = []
    for title, maps, free in (
        ("408 MHz alone, p known", [0], [0, 2]),
        ("408 MHz, 1 and 100 GeV", [0, 1, 2], [0, 1, 2]),
        ("the same, starlight free", [0, 1, 2], [0, 1, 2, 3]),
    ):
        matrix, _ = information(TRUTH, maps, free)
        condition = np.linalg.cond(matrix)
        errors = np.full(4, np.nan)
        if condition < 1e10:
            errors[free] = np.sqrt(np.diag(np.linalg.inv(matrix)))
        cells = ["-" if np.isnan(e) else f"{e:.2e}" for e in errors]
        if len(maps) == 3:
            start = TRUTH.at[np.array(free)].add(0.3)
            found = [fit(truth + scale * generator.normal(size=truth.shape), free, start) for _ in range(mocks)]
            pulls = (np.array(found) - np.asarray(TRUTH))[:, free] / errors[free]
            pull = f"{np.max(np.abs(np.mean(pulls, 0)) * np.sqrt(mocks)):.1f}, {np.sqrt(np.mean(pulls**2)):.2f}"
        else:
            pull = "-"
        rows.append([title, *cells, f"{condition:.1e}", pull])
    save(
        "gamma_fit",
        "Electrons from their radio and gamma-ray skies",
        ["maps", *(f"error of {name}" for name in NAMES), "condition of the Fisher matrix", "pulls"],
        rows,
        "LSA field of strength B, a disk of electrons n0 (E/10 GeV)^-p, the CMB, dust and starlight; NSIDE 4; errors "
        f"of a pixel {', '.join(f'{v:.0%} at {k}' for k, v in NOISE.items())}. Pulls of {mocks} mock skies, fitted "
        "from 0.3 beside the truth in each parameter: the largest mean over its error, and the rms, which should be 1. "
        "A dash: n0 and B cannot be told apart.",
    )


if __name__ == "__main__":
    main()
