"""What a separation leaves: maps of the components, their covariances, clusters, and a table."""

from pathlib import Path
from typing import Any

import numpy as np

import sightline as sl

from .. import plot
from ..parameters import Table
from .extras import Extra
from .folder import Log
from .seds import labels_of
from .tables import write_json, write_text


def write_components(likelihood: Any, model: Any, folder: Path, log: Log, extra: Extra) -> list[dict[str, Any]]:
    """Writes `NAME.fits` of each component, `covariance.fits`, `labels.fits`, `components.txt`, `.json`, `.png`.

    **Returns:** the rows of the table.

    **Raises:** `OSError` where maps cannot be written.
    """
    found, sky = likelihood.amplitudes(model), likelihood.sky
    covariance = found.covariance()
    for name in found.components:
        sl.io.write_map(folder / f"{name}.fits", found[name], overwrite=True, model=model)
    sl.io.write_columns(folder / "covariance.fits", sky, _columns(found, covariance, likelihood), overwrite=True)
    if labels := labels_of(model):
        columns = {name.upper(): (values.astype(float), "") for name, values in labels.items()}
        sl.io.write_columns(folder / "labels.fits", sky, columns, overwrite=True)
    with extra("components.png"):
        plot.components(found, path=folder / "components.png", overwrite=True)
    rows = _rows(found, covariance, likelihood)
    with extra("components.json"):
        write_json(folder / "components.json", rows)
    with extra("components.txt"):
        table = _table(rows)
        log(f"\n{table}")
        write_text(folder / "components.txt", f"{table}\n")
    return rows


def _columns(found: Any, covariance: np.ndarray, likelihood: Any) -> dict[str, tuple[np.ndarray, str]]:
    """Covariances of all pairs of components of each parameter, K_CMB^2."""
    names = found.components
    pairs = [(one, two) for one in range(len(names)) for two in range(one + 1)]
    return {
        f"{stokes}_{names[one]}_{names[two]}".upper(): (covariance[place, one, two], "K2")
        for place, stokes in enumerate(likelihood.parameters)
        for one, two in pairs
    }


def _rows(found: Any, covariance: np.ndarray, likelihood: Any) -> list[dict[str, Any]]:
    """Of each component and parameter: the rms of its map and the median error of a pixel, uK_CMB."""
    return [
        {
            "component": name,
            "parameter": stokes,
            "reference_GHz": found.reference(name),
            "rms_uK_CMB": 1e6 * float(np.sqrt(np.mean(found.values[place, row] ** 2))),
            "error_uK_CMB": 1e6 * float(np.sqrt(np.median(covariance[row, place, place]))),
        }
        for place, name in enumerate(found.components)
        for row, stokes in enumerate(likelihood.parameters)
    ]


def _table(rows: list[dict[str, Any]]) -> Table:
    cells = [
        [one if isinstance(one, str) else "" if one is None else f"{one:.4g}" for one in row.values()] for row in rows
    ]
    header = ["component", "parameter", "at [GHz]", "rms [uK_CMB]", "median error [uK_CMB]"]
    return Table(header, cells, "maps of the components")
