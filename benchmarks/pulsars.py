"""Models against pulsars of independent distance: `python benchmarks/pulsars.py`."""

import csv

import jax
import numpy as np
from columns import MODELS
from common import model_table, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

KINDS = {"parallax": "pulsars with parallax", "globular_cluster": "globular clusters"}


def read() -> list[dict[str, str]]:
    with model_table("catalogues/pulsar_distance_dm_ne2025cal.csv").open() as file:
        return list(csv.DictReader(file))


def offsets(name: str, sources: list[dict[str, str]]) -> np.ndarray:
    """log10 of the modelled over the observed dispersion measure, seen from the model's own Sun."""
    l, b, distance, observed = (
        np.array([float(source[key]) for source in sources]) for key in ("l_deg", "b_deg", "d_kpc", "dm_pc_cm3")
    )
    model = MODELS[name]()
    lines = sl.Sightlines(sl.SourceCatalogue(l, b, distance), observer=model.sun)
    return np.log10(np.asarray(sl.Simulator(electron_density=model).dispersion_measure(lines)) / observed)


def main() -> None:
    sources, rows = read(), []
    for name in MODELS:
        for kind in sorted({source["kind"] for source in sources}, reverse=True):
            found = offsets(name, [source for source in sources if source["kind"] == kind])
            rms = np.sqrt(np.mean(found**2))
            rows.append([name, KINDS.get(kind, kind), len(found), f"{np.median(found):+.3f}", f"{rms:.3f}"])
    notes = (
        "log10(DM_model/DM_observed) at the measured distances, default cells, seen from each model's own Sun; the rms "
        "is about zero. The catalogue is the calibration of NE2025, which is therefore not tested by it."
    )
    save("pulsars", "Pulsars of independent distance", ["model", "sources", "number", "median", "rms"], rows, notes)


if __name__ == "__main__":
    main()
