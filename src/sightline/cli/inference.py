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
from .component_maps import write_components
from .extras import Extra, extras
from .folder import Log, claimed
from .refusal import Refusal
from .study import Study
from .tables import numbers, parameters, print_json, write_json, write_text

SHOWN = 16
"""Parameters in a corner plot."""


def fit(study: Study, file: Path, as_json: bool = False) -> None:
    """Fits, and writes the parameters, the model, figures and the log.

    **Arguments:** `as_json`: print the results as JSON, and nothing else.

    **Raises:** `Refusal` before anything is computed, and where the start has no density; when everything else is
    written, `sl.FitError` for a fit that failed, and `Failure` for a table or a figure that did; `OSError` where
    results cannot be written.
    """
    with claimed(study.folder, file):
        log = Log(study.folder, quiet=as_json)
        with _timed(log, f"sightline {sl.__version__} fit {file.name}"), extras(log) as extra:
            _describe(study, log)
            result = _fit(study, log, extra)
            _print(study, as_json, fit=parameters(study.posterior, result))
            result.raise_for_status()


def sample(study: Study, file: Path, as_json: bool = False) -> None:
    """Fits, samples from there, and writes the draws too.

    **Raises:** as `fit`.
    """
    with claimed(study.folder, file):
        log = Log(study.folder, quiet=as_json)
        with _timed(log, f"sightline {sl.__version__} sample {file.name}"), extras(log) as extra:
            _describe(study, log)
            result = _fit(study, log, extra).raise_for_status()
            with _refusing("[sample]"):
                chains = sl.sample(study.posterior, start=result, checkpoint=study.folder / "sample", **study.sample)
            chains.save(study.folder / "posterior.nc", overwrite=True)
            _show(study, log, extra, chains)
            _print(study, as_json, fit=parameters(study.posterior, result), chains=numbers(chains))


def separate(study: Study, file: Path, as_json: bool = False) -> None:
    """Fits spectral parameters, and writes what `fit` does and the maps of the components.

    **Raises:** as `fit`.
    """
    with claimed(study.folder, file):
        log = Log(study.folder, quiet=as_json)
        with _timed(log, f"sightline {sl.__version__} separate {file.name}"), extras(log) as extra:
            _describe(study, log)
            result = _fit(study, log, extra)
            (likelihood,) = study.posterior.likelihoods
            rows = write_components(likelihood, result.model, study.folder, log, extra)
            _print(study, as_json, fit=parameters(study.posterior, result), components=rows)
            result.raise_for_status()


def _print(study: Study, as_json: bool, **results: Any) -> None:
    """Prints results for other programs, where they were asked for."""
    if as_json:
        print_json({"folder": str(study.folder), **results})


def _show(study: Study, log: Log, extra: Extra, chains: sl.Chains) -> None:
    """Tables and figures of draws that are safe."""
    folder, names = study.folder, _drawable(chains.labels, chains.standard_deviations)
    with extra("chains.txt"):
        log(f"\n{chains}")
        write_text(folder / "chains.txt", f"{chains}\n")
    with extra("chains.json"):
        write_json(folder / "chains.json", numbers(chains))
    with extra("trace.png"):
        plot.trace(chains, names, path=folder / "trace.png", overwrite=True)
    with extra("predictive.png"):
        draws = min(100, chains.vector.shape[0] * chains.vector.shape[1])
        predicted = sl.posterior_predictive(study.posterior, chains, study.sample["key"], draws=draws)
        plot.predictive(study.posterior, predicted, path=folder / "predictive.png", overwrite=True)
    with extra("corner.png"):
        _corner(folder / "corner.png", names, chains)


def _describe(study: Study, log: Log) -> None:
    log(f"{study.note}\n\n{study.posterior.space.summary()}\n")
    for one in study.posterior.likelihoods:
        log(f"{one.summary()}\n")


def _fit(study: Study, log: Log, extra: Extra) -> sl.FitResult:
    folder = study.folder
    with _refusing("[fit]"):
        fitted = study.posterior.flat() if study.flat else study.posterior
        result = sl.fit(fitted, checkpoint=folder / "fit", **study.fit)
    sl.save(result.model, folder / "model.npz", overwrite=True)
    with extra("fit.json"):
        write_json(folder / "fit.json", parameters(study.posterior, result))
    with extra("fit.txt"):
        log(f"{result}")
        write_text(folder / "fit.txt", f"{result}\n")
    with extra("residuals.png"):
        plot.residuals(study.posterior, result.parameters, path=folder / "residuals.png", overwrite=True)
    if study.spectra:
        with extra("spectrum.png"):
            plot.spectrum(study.posterior, result, path=folder / "spectrum.png", overwrite=True)
    with extra("fit_corner.png"):
        known = result.fisher
        if known is not None:
            _corner(folder / "fit_corner.png", _drawable(known.labels, known.standard_deviations), result)
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
