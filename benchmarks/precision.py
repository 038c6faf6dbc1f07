"""Maps in single precision against double, for every preset: `python benchmarks/precision.py`."""

import warnings

import jax
import numpy as np
from common import parse, relative, save

import sightline as sl

FREQUENCIES = (0.408, 1.4, 2.4, 23.0)  # GHz


def maps(name: str, nside: int, double: bool) -> tuple[np.ndarray, np.ndarray]:
    """I, Q, U, (3, frequencies, pixels) K, and RM, rad m^-2, of a preset on its own cells."""
    with jax.enable_x64(double):
        preset, sky = sl.presets.load(name), sl.HealpixSky(nside)
        stokes = preset.simulator(preset.sightlines(sky), np.array(FREQUENCIES))
        measure = preset.simulator.rotation_measure(preset.sightlines(sky))
        return np.stack([stokes.I, stokes.Q, stokes.U]).astype(float), np.asarray(measure, float)


def main() -> None:
    options, rows = parse(__doc__, nside=8), []
    for entry in sl.presets.list():
        (single, single_rm), (double, double_rm) = (maps(entry.name, options.nside, wide) for wide in (False, True))
        pairs = [pair for part in range(3) for pair in zip(single[part], double[part], strict=True)]
        rows.append([entry.name, *(f"{relative(*pair):.1e}" for pair in [*pairs, (single_rm, double_rm)])])
        print(rows[-1], flush=True)
        jax.clear_caches()
    header = ["preset", *(f"{part}, {frequency:g} GHz" for part in "IQU" for frequency in FREQUENCIES), "RM"]
    notes = (
        f"rms of the difference between maps in single and in double precision over the rms of the map, NSIDE "
        f"{options.nside}, on the default cells of each preset: geometry, fields, transfer, all in the one precision."
    )
    save("precision", "Single precision", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
