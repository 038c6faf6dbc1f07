"""Cost of inverse Compton emission beside synchrotron emission, in turn: `python benchmarks/inverse_compton.py`."""

import time
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl
from sightline.sky.emission import Plasma

SPECTRA = sl.cosmic_rays.spectra
CUT = SPECTRA.CutOffPowerLaw(index=2.6, cut_off_energy=1e3)
RAY = jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(sl.Directions(30.0, 20.0)).rays)
STARS = sl.radiation.Disk(3000.0, 1.0)
WARM = sl.radiation.Disk(3000.0 * sl.electrons.ExponentialDisk(n0=1.0, scale_radius=100.0, scale_height=100.0), 1.0)


def spectrum_grid() -> sl.fields.AbstractField:
    """16 energies on a grid in space."""
    energies = np.geomspace(0.1, 1e4, 16)
    values = jax.vmap(CUT)(jnp.asarray(energies))[:, None, None, None] * jnp.ones((16, 5, 5, 5))
    return sl.cosmic_rays.SpectrumGrid(values, energies)


def photon_grid() -> sl.fields.AbstractField:
    """16 energies on a grid in space."""
    energies = np.geomspace(0.01, 10, 16)
    return sl.radiation.Grid(jnp.ones((16, 5, 5, 5)), energies)


def cases() -> dict[str, tuple[sl.emission.AbstractEmissionOperator, sl.fields.AbstractField, sl.fields.AbstractField]]:
    shared = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), CUT)
    law = sl.cosmic_rays.ExponentialDisk(5e-18, reference_energy=10.0)
    index = sl.cosmic_rays.AnalyticDisk(index=sl.cosmic_rays.LinearIndex(2.8, theta=-0.1))
    operator = sl.emission.InverseCompton()
    return {
        "`SynchrotronSpectrum`": (sl.emission.SynchrotronSpectrum(), shared, STARS),
        "shared spectra": (operator, shared, STARS),
        "power law": (operator, law, STARS),
        "field of indices": (operator, index, STARS),
        "field of temperatures": (operator, shared, WARM),
        "grid of photons": (operator, shared, photon_grid()),
        "grid of spectra": (operator, spectrum_grid(), STARS),
        "grid of spectra, field of temperatures": (operator, spectrum_grid(), WARM),
    }


@eqx.filter_jit
def columns(operator, rays, light, field, positions, at):
    """Sums of emission along rays, as a simulator makes them: batches of 64 rays, frequencies or energies within."""
    synchrotron = "magnetic_field" in operator.needs
    rays, light = rays.prepare(), light.prepare()

    def cell(x, y, z):
        x = jnp.stack([x, y, z])
        b = tuple(jnp.unstack(field(x))) if synchrotron else None
        plasma = Plasma(x, b, None, rays.populations(x), radiation=None if synchrotron else light.photons(x))
        return jax.vmap(lambda e: operator(plasma, RAY, e).emissivity.I)(at)

    return jax.lax.map(jax.checkpoint(lambda ray: jnp.sum(jax.vmap(cell)(*ray), axis=0)), positions, batch_size=64)


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    jax.block_until_ready(run())
    return time.process_time() - start


def costs(count: int, rounds: int) -> list[list[str]]:
    """ns per point and energy, and beside synchrotron emission: medians of runs in turn."""
    generator = np.random.default_rng(0)
    sides = (10.0, 10.0, 2.0)  # kpc
    positions = tuple(jnp.asarray(generator.uniform(-side, side, (192, 256))) for side in sides)
    at, field = jnp.geomspace(0.1, 10.0, count), sl.magnetic.LSA()
    runs = {name: (lambda c=case: columns(*c, field, positions, at)) for name, case in cases().items()}
    for run in runs.values():
        jax.block_until_ready(run())
    times = np.array([[seconds(run) for run in runs.values()] for _ in range(rounds)])
    per = np.median(times, axis=0) / (positions[0].size * count) * 1e9
    ratio = np.median(times / times[:, :1], axis=0)
    return [[f"{p:.1f}", f"{r:.2f}"] for p, r in zip(per, ratio, strict=True)]


def main() -> None:
    rounds = parse(__doc__, rounds=7).rounds
    table = [[name] for name in cases()]
    for double in (False, True):
        with jax.enable_x64(double):
            for count in (1, 8):
                for row, more in zip(table, costs(count, rounds), strict=True):
                    row += more
    columns = [f"{kind}, {n}: {what}" for kind in ("float32", "float64") for n in (1, 8) for what in ("ns", "ratio")]
    save(
        "inverse_compton",
        "Inverse Compton emission beside synchrotron emission",
        ["electrons and photons", *columns],
        table,
        "Processor time per point and energy (1 or 8 of them), fields included, 49152 points, and beside "
        f"`SynchrotronSpectrum` with the same electrons, medians of {rounds} runs in turn. Asked: 2 for shared "
        "spectra, 5 for a field of temperatures.",
    )


if __name__ == "__main__":
    main()
