"""Likelihoods of X-ray spectra that a run file names."""

from pathlib import Path
from typing import Any

import sightline as sl

from .keys import Keys, blame
from .map_data import Data
from .refusal import Refusal
from .settings import build

GROUPS: dict[str, Any] = {
    "as_filed": sl.counts.AsFiled,
    "ungrouped": sl.counts.Ungrouped,
    "minimum_counts": sl.counts.MinimumCounts,
    "minimum_signal": sl.counts.MinimumSignal,
    "optimal": sl.counts.Optimal,
    "edges": sl.counts.Edges,
}
TREATMENTS = ("profiled", "marginal", "scaled", "none")


def read_spectrum(keys: Keys, folder: Path, name: str) -> Data:
    """The likelihood of an observed spectrum.

    **Raises:** `Refusal` for keys, values and files that do not fit, naming them.
    """
    observation = read_observed(keys, folder)
    source, calibration = keys.take("source", "text", "source"), keys.positive("calibration", None)
    behind, treatment = keys.take("background_spectrum", "text", None), keys.choose("treatment", TREATMENTS, None)
    if observation.background is not None and behind is None and treatment is None:
        raise Refusal(
            f"{keys.place} the spectrum has a background: give background_spectrum, the name of its spectrum in "
            f"[spectra], or treatment, one of {', '.join(TREATMENTS)}."
        )
    keys.finish()
    with blame(keys.place):
        noise = None if treatment is None else _noise(treatment, observation)
        instrument = None if calibration is None else name
        likelihood = sl.CountsLikelihood(observation, source, behind, noise, instrument, name)
    return Data(likelihood, None, calibration)


def read_observed(keys: Keys, folder: Path) -> sl.counts.Observation:
    """The observation, selected and grouped."""
    path, row = folder / keys.take("file", "text"), keys.take("row", "whole number", None)
    named = {key: keys.take(key, "text", None) for key in ("background", "response", "area")}
    files = {key: value if value is None or value == "none" else folder / value for key, value in named.items()}
    band, rule = keys.take("select", "list", None), keys.choose("group", list(GROUPS), None)
    if band is not None and not (len(band) == 2 and all(type(end) in (int, float) for end in band)):
        raise Refusal(f"{keys.place} select = {band!r} must be two energies in keV, e.g. [0.5, 8.0].")
    chosen = None if rule is None else build(GROUPS[rule], keys)
    with blame(keys.place):
        found = sl.io.read_observation(path, row=row, **files)
        found = found if band is None else found.select(*band)
        return found if chosen is None else found.group(chosen)


def _noise(treatment: str, observation: sl.counts.Observation) -> Any:
    if treatment == "none":
        return sl.statistics.Poisson()
    if observation.background is None:
        raise ValueError(f"treatment = {treatment!r} is of a background, and there is none: leave it out.")
    kinds = {
        "profiled": sl.statistics.ProfiledBackground,
        "marginal": sl.statistics.MarginalBackground,
        "scaled": sl.statistics.ScaledBackground,
    }
    return kinds[treatment](observation.background, observation.ratio)
