"""The local interstellar spectrum that comes with the package: `python benchmarks/interstellar_spectrum.py`.

Needs the folder of data that SIGHTLINE_DATA names, with the tables of the cosmic-ray database (CRDB).
"""

import os
from pathlib import Path

import jax
import numpy as np
from common import save

import sightline as sl
from sightline.sky.fields.cosmic_rays.spectra.tabulated import cubic_weights

jax.config.update("jax_enable_x64", True)

DATA = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "cosmic_ray_electrons"
TABLE = Path(sl.__file__).parent / "sky" / "fields" / "cosmic_rays" / "spectra" / "data" / "local_interstellar.csv"
POTENTIAL, POTENTIAL_ERROR = 0.6, 0.1  # GV, assumed for the mean over May 2011 to 2018
KNOTS = np.geomspace(1.2, 1600.0, 14)  # GeV, total energy


def read(name: str) -> sl.datasets.ElectronFlux:
    return sl.datasets.read_electron_flux(DATA / name)


def fit(energy: np.ndarray, flux: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fluxes at the knots by weighted least squares of ln j, their relative errors, and the rms residual in sigma."""
    weights = jax.vmap(lambda x: cubic_weights(np.log(KNOTS), x))(np.log(energy))
    design, sigma = np.asarray(weights) * (flux / error)[:, None], error / flux
    solution, *_ = np.linalg.lstsq(design, np.log(flux) / sigma, rcond=None)
    covariance = np.linalg.inv(design.T @ design)
    residual = design @ solution - np.log(flux) / sigma
    return np.exp(solution), np.sqrt(np.diag(covariance)), float(np.sqrt(np.mean(residual**2)))


def main() -> None:
    measured = read("AMS-02_e+e-_rigidity.txt")
    fits = {}
    for potential in (POTENTIAL - POTENTIAL_ERROR, POTENTIAL, POTENTIAL + POTENTIAL_ERROR):
        outside = measured.interstellar(potential)
        fits[potential] = fit(outside.energy, outside.flux, outside.error)
    (low, *_), (middle, relative, rms), (high, *_) = fits.values()
    modulation = np.abs(np.log(high / low)) / 2
    columns = np.stack([KNOTS, middle, np.maximum(relative, 0.01), modulation], axis=1)
    header = (
        "Local interstellar spectrum of cosmic-ray electrons and positrons. AMS-02 (Aguilar et al. 2021, Phys. Rep. "
        f"894, 1), demodulated by a force field of {POTENTIAL} +- {POTENTIAL_ERROR} GV (Gleeson & Axford 1968)\n"
        "total energy [GeV], flux [(GeV m^2 s sr)^-1], relative errors by the data and by the potential"
    )
    TABLE.parent.mkdir(exist_ok=True)
    np.savetxt(TABLE, columns, fmt=("%.6g", "%.5g", "%.3f", "%.3f"), delimiter=", ", header=header)
    report(rms)


def report(rms: float) -> None:
    """Writes how far the preset is from AMS-02 and from other experiments."""
    spectrum = sl.cosmic_rays.spectra.local_interstellar()
    rows = []
    for name in ("AMS-02_e+e-_rigidity.txt", "FERMI_e+e-_totalEnergy.txt", "DAMPE_e+e-_totalEnergy.txt"):
        outside = read(name).interstellar(POTENTIAL)
        model, error = np.asarray(jax.vmap(spectrum.flux)(outside.energy)), outside.error / outside.flux
        for low, high in ((1, 10), (10, 100), (100, 1000)):
            inside = (outside.energy >= low) & (outside.energy < high)
            if np.any(inside):
                ratio = (outside.flux / model)[inside]
                spread = f"{np.std(ratio):.3f}", f"{np.mean(error[inside]):.3f}"
                rows.append([name.split("_")[0], f"{low} to {high}", int(inside.sum()), f"{ratio.mean():.3f}", *spread])
    header = ["experiment", "E [GeV]", "points", "mean ratio to the preset", "scatter", "mean error of the data"]
    notes = (
        f"`sl.cosmic_rays.spectra.local_interstellar()`: electrons and positrons of AMS-02, {len(KNOTS)} knots, rms "
        f"residual {rms:.2f} standard deviations (systematic errors included, which are correlated). The same force "
        f"field, {POTENTIAL} GV, is applied to all."
    )
    save("interstellar_spectrum", "Local interstellar spectrum", header, rows, notes)


if __name__ == "__main__":
    main()
