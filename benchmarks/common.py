"""What the benchmarks share: the reference models and tables in Markdown."""

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from scipy import constants as si
from scipy import special

import sightline as sl

RESULTS = Path(__file__).parent / "results"


def sphere(**parts) -> sl.Simulator:
    """The homogeneous sphere of Diao et al. 2024 (arXiv:2410.01136, section 3): B = (6, 0, 0) uG, n_e = 0.01 cm^-3."""
    defaults = {
        "magnetic_field": sl.magnetic.Uniform((6.0, 0.0, 0.0)),
        "electron_density": sl.electrons.Uniform(0.01),
        "cosmic_rays": sl.cosmic_rays.Uniform(4.01e-5, index=3.0),
        "emission": (sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    }
    return sl.Simulator(**(defaults | parts))


def galaxy() -> sl.Simulator:
    """LSA field, cosmic-ray disk, uniform electrons: the model of the speed tables."""
    return sphere(magnetic_field=sl.magnetic.LSA(), cosmic_rays=sl.cosmic_rays.ExponentialDisk())


def burn_slab(lines: sl.Sightlines, frequency: float, length: float = 4.0) -> np.ndarray:
    """Analytic I, Q, U (IAU, K) of the sphere, (3, nray): P = j L e^(i a/2) sin(a/2)/(a/2), a = 2 lambda^2 RM.

    In SI units from CODATA, independent of the library; p = 3, so that j is proportional to B_perp^2.
    """
    rays, b = lines.rays, np.array([6.0, 0.0, 0.0])
    east, north, towards = (np.asarray(v, np.float64).T @ b for v in (rays.east, rays.north, -rays.direction))
    tesla, kpc = 1e-10, 1e3 * si.parsec
    gammas = special.gamma(7 / 3) * special.gamma(2 / 3) / 4  # p/4 + 19/12, p/4 - 1/12, p + 1 at p = 3
    per_tesla = np.sqrt(3) * si.e**3 / (16 * np.pi**2 * si.epsilon_0 * si.m_e * si.c) * 4.01e1 * gammas
    critical = 3 * si.e / (2 * np.pi * si.m_e) / (frequency * 1e9)
    kelvin = per_tesla * critical * tesla**2 * si.c**2 / (2 * si.k * (frequency * 1e9) ** 2) * kpc * length
    faraday = si.e**3 / (8 * np.pi**2 * si.epsilon_0 * si.m_e**2 * si.c**3) * 1e6 * tesla * kpc
    turn = 2 * (si.c / (frequency * 1e9)) ** 2 * faraday * 0.01 * towards * length
    polarised = 0.75 * kelvin * (east**2 - north**2 - 2j * east * north)
    polarised = polarised * np.exp(0.5j * turn) * np.sinc(turn / 2 / np.pi)
    return np.stack([kelvin * (east**2 + north**2), polarised.real, polarised.imag])


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def save(name: str, title: str, header: Sequence[str], rows: Sequence[Sequence[object]], notes: str = "") -> None:
    """Prints a Markdown table and writes it to `results/<name>.md`."""
    lines = [
        f"# {title}",
        "",
        table(header, rows),
        "",
        notes,
        "",
        f"Sightline {sl.__version__}, JAX {jax.__version__}, {platform.machine()}, {os.cpu_count()} cores.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.asarray(values) ** 2)))


def relative(found: np.ndarray, truth: np.ndarray) -> float:
    """rms of the difference over the rms."""
    return rms(np.asarray(found) - np.asarray(truth)) / rms(truth)


def model_table(name: str) -> Path:
    """A file of the published models: `models/` beside the folder SIGHTLINE_DATA, by default `shared/data`.

    Ends the benchmark with a message where it is not there.
    """
    data = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = data.parent / "models" / name
    if not path.is_file():
        print(f"skipped: needs {name} in the folder `models` beside SIGHTLINE_DATA")
        raise SystemExit(0)
    return path


def parse(description: str, **options: int) -> argparse.Namespace:
    """Command-line options, each an integer with a default."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in options.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()
