"""Rms, spectrum, divergence and mirror symmetry of turbulent magnetic fields: `python benchmarks/turbulence.py`."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

RMS, SLOPE = 3.0, 5 / 3
CASES = {
    "the Galaxy": {"shape": (128, 128, 32), "half_widths": (20.0, 20.0, 5.0), "outer_scale": 2.5},
    "a local box": {"shape": (128, 128, 128), "half_widths": (1.0, 1.0, 1.0), "outer_scale": 0.5},
}


def wavenumbers(shape: tuple[int, ...], half_widths: tuple[float, ...]) -> list[np.ndarray]:
    """k/(2 pi) [1/kpc] along x, y, z of all modes of a full transform."""
    axes = [np.fft.fftfreq(n, 2 * half / n) for n, half in zip(shape, half_widths, strict=True)]
    return np.meshgrid(*axes, indexing="ij", sparse=True)


def asked(case: dict) -> np.ndarray:
    """<|b(k)|^2> of every mode, normalised to the rms, written down independently of the library."""
    k = wavenumbers(case["shape"], case["half_widths"])
    q = np.sqrt(k[0] ** 2 + k[1] ** 2 + k[2] ** 2) * case["outer_scale"]
    q[0, 0, 0] = 1
    power = q ** -(SLOPE + 2) * np.exp(np.minimum(3 * np.log(q), 0) ** 3)
    power[0, 0, 0] = 0
    for axis, n in enumerate(case["shape"]):
        np.moveaxis(power, axis, 0)[n // 2] = 0
    return power * (RMS**2 / power.sum())


def mirror(spectrum: np.ndarray, power: np.ndarray, used: np.ndarray) -> complex:
    """Coherence of modes at (k_x, k_y, k_z) and (-k_x, k_y, k_z): 0 without a symmetry, 1 or -1 with one."""
    mirrored = np.roll(np.flip(spectrum, 1), 1, 1)
    return np.mean((spectrum * mirrored.conj())[:, used] / power[used]) * 3


def measure(name: str, case: dict, realisations: int) -> list[object]:
    """One row of figures."""
    total, n = asked(case), np.prod(case["shape"])
    k = wavenumbers(case["shape"], case["half_widths"])
    length = np.sqrt(k[0] ** 2 + k[1] ** 2 + k[2] ** 2)
    nyquist = min(shape / (4 * half) for shape, half in zip(case["shape"], case["half_widths"], strict=True))
    used = (length > 1 / case["outer_scale"]) & (length < nyquist) & (np.abs(k[0]) > 0)
    make = jax.jit(lambda key: sl.magnetic.Turbulent(**case, rms=RMS, slope=SLOPE, key=key).prepare())
    points = np.random.default_rng(0).uniform(-1, 1, (20_000, 3)) * case["half_widths"]
    sample = jax.jit(lambda field: jnp.mean(jnp.sum(jax.vmap(field)(jnp.asarray(points)) ** 2, axis=1)))
    squares, between, power, worst, coherence = [], [], np.zeros(case["shape"]), 0.0, []
    for key in jax.random.split(jax.random.key(7), realisations):
        field = make(key)
        b = np.moveaxis(np.asarray(field.table), -1, 0)[:, :-1, :-1, :-1]
        squares.append(np.mean(np.sum(b**2, axis=0)))
        between.append(float(sample(field)))
        spectrum = np.fft.fftn(b, axes=(1, 2, 3)) / n
        power += np.sum(np.abs(spectrum) ** 2, axis=0) / realisations
        along = np.abs(k[0] * spectrum[0] + k[1] * spectrum[1] + k[2] * spectrum[2])
        worst = max(worst, along.max() / (length * np.sqrt(np.sum(np.abs(spectrum) ** 2, axis=0))).max())
        coherence.append(mirror(spectrum, total, used))
    edges = np.geomspace(1 / case["outer_scale"], nyquist / 2, 9 if case["shape"][2] > 64 else 4)
    rings = [(length >= low) & (length < high) for low, high in itertools.pairwise(edges)]
    bins = [power[ring].sum() / total[ring].sum() - 1 for ring in rings]
    rms, seen = np.sqrt(np.mean(squares)), np.sqrt(np.mean(between))
    stated = float(sl.magnetic.Turbulent(**case, rms=RMS, slope=SLOPE, key=jax.random.key(0)).interpolated_rms())
    scatter = np.std(np.sqrt(squares))
    voxel = 2 * case["half_widths"][0] / case["shape"][0]
    return [
        name,
        " x ".join(map(str, case["shape"])),
        f"{case['outer_scale']} ({case['outer_scale'] / voxel:.0f} voxels)",
        f"{rms:.4f} ({100 * (rms / RMS - 1):+.2f} %)",
        f"{scatter:.3f}",
        f"{100 * np.max(np.abs(bins)):.2f} % of {len(bins)} bins",
        f"{worst:.1e}",
        f"{np.abs(np.mean(coherence)):.1e}",
        f"{seen:.4f} / {stated:.4f}",
    ]


def main() -> None:
    count = parse(__doc__, realisations=64).realisations
    rows = [measure(name, case, count) for name, case in CASES.items()]
    header = [
        "case",
        "nodes",
        "outer scale [kpc]",
        "rms at the nodes [uG]",
        "scatter of one realisation [uG]",
        "spectrum, largest deviation",
        "divergence",
        "mirror coherence",
        "rms between nodes, measured / stated [uG]",
    ]
    notes = (
        f"{count} realisations, rms {RMS} uG asked for, s = 5/3, float64. Spectrum: power in bins of equal ratio from "
        "the outer scale to half the Nyquist wavenumber, against the power asked for in the same modes. Divergence: "
        "largest |k.b(k)| over largest |k| |b(k)|. Mirror: mean of b(k_x, k_y, k_z) b*(-k_x, k_y, k_z) over the power "
        "asked for, 1 for a field symmetric in x. Between nodes: 20,000 random points of each realisation, trilinear "
        "interpolation."
    )
    save("turbulence", "Turbulent magnetic fields", header, rows, notes)


if __name__ == "__main__":
    main()
