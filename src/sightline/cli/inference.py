"""Fits and samples of run files: from the file to the folder of results."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import sightline as sl

from .. import plot
from .folder import Log, claim
from .refusal import Refusal
from .study import Study
from .tables import numbers, parameters, write_json, write_text

SHOWN = 16
"""Parameters in a corner plot."""


def fit(study: Study, file: Path) -> None:
    """Fits, and writes the parameters, the model, figures and the log.

    **Raises:** `Refusal` before anything is computed, and where the start has no density; `sl.FitError` for a fit that
    failed, when everything is written; `OSError` where writing fails.
    """
    claim(study.folder, file)
    log = Log(study.folder)
    with _timed(log, f"sightline {sl.__version__} fit {file.name}"):
        _describe(study, log)
        result = _fit(study, log)
    result.raise_for_status()


def sample(study: Study, file: Path) -> None:
    """Fits, samples from there, and writes the draws too.

    **Raises:** as `fit`.
    """
    claim(study.folder, file)
    log, folder = Log(study.folder), study.folder
    with _timed(log, f"sightline {sl.__version__} sample {file.name}"):
        _describe(study, log)
        result = _fit(study, log).raise_for_status()
        key = study.sample["key"]
        with _refusing("[sample]"):
            chains = sl.sample(study.posterior, start=result, checkpoint=folder / "sample", **study.sample)
        log(f"\n{chains}")
        chains.save(folder / "posterior.nc", overwrite=True)
        write_text(folder / "chains.txt", f"{chains}\n")
        write_json(folder / "chains.json", numbers(chains))
        names = _drawable(chains.labels, chains.standard_deviations)
        draws = min(100, chains.vector.shape[0] * chains.vector.shape[1])
        predicted = sl.posterior_predictive(study.posterior, chains, key, draws=draws)
        plot.trace(chains, names, path=folder / "trace.png", overwrite=True)
        plot.predictive(study.posterior, predicted, path=folder / "predictive.png", overwrite=True)
        _corner(folder / "corner.png", names, chains)


def _describe(study: Study, log: Log) -> None:
    log(f"{study.note}\n\n{study.posterior.space.summary()}\n")
    for one in study.posterior.likelihoods:
        log(f"{one.summary()}\n")


def _fit(study: Study, log: Log) -> sl.FitResult:
    folder = study.folder
    with _refusing("[fit]"):
        result = sl.fit(study.posterior, checkpoint=folder / "fit", **study.fit)
    log(f"{result}")
    sl.save(result.model, folder / "model.npz", overwrite=True)
    write_text(folder / "fit.txt", f"{result}\n")
    write_json(folder / "fit.json", parameters(study.posterior, result))
    plot.residuals(study.posterior, result.parameters, path=folder / "residuals.png", overwrite=True)
    if result.fisher is not None:
        _corner(folder / "fit_corner.png", _drawable(result.fisher.labels, result.fisher.standard_deviations), result)
    return result


@contextmanager
def _timed(log: Log, title: str) -> Iterator[None]:
    """Says what runs, what it warned of, how it ended and how long it took."""
    start = time.perf_counter()
    log(f"{title}\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for text in dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, UserWarning)):
                log(f"\nWarning: {text}")
    log(f"\nWall time: {time.perf_counter() - start:.1f} s")


@contextmanager
def _refusing(place: str) -> Iterator[None]:
    """What the library refuses when it sees a start or a checkpoint."""
    try:
        yield
    except ValueError as error:
        raise Refusal(f"{place} {error}") from None


def _drawable(labels: list[str], errors: np.ndarray) -> list[str]:
    """The first parameters of which something is known."""
    known = [label for label, error in zip(labels, errors, strict=True) if np.isfinite(error) and error > 0]
    return known[:SHOWN]


def _corner(path: Path, names: list[str], what: Any) -> None:
    if names:
        plot.corner(what, names=names, path=path, overwrite=True)
