"""What a command says when it is done."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import sightline as sl

from ..sky.axes import UNITS
from ..sky.geometry.cells import PARTS
from .scene import Scene
from .tables import print_json


def report(
    scene: Scene,
    stokes: sl.Stokes,
    sky: sl.HealpixSky,
    rotation: float,
    files: list[Path | None],
    seconds: float,
    error: sl.ErrorEstimate | None = None,
    as_json: bool = False,
) -> None:
    """Prints what was computed and written."""
    facts = _facts(scene, sky, str(stokes.I.dtype), files, seconds, error)
    warnings = _warnings(scene, rotation, error)
    if as_json:
        rows = {"unit": stokes.unit, "convention": stokes.convention, "maps": brightness_rows(stokes)}
        print_json({**_keys(facts), **rows, "warnings": warnings})
        return
    _print(facts, brightness(stokes))
    for text in warnings:
        Console(highlight=False).print(escape(f"Warning: {text}"), style="yellow")


def _warnings(scene: Scene, rotation: float, error: sl.ErrorEstimate | None) -> list[str]:
    if error is None:
        return [_rotation_warning(rotation)] if rotation > 1 else []
    missed = scene.tolerance is not None and _worst(error) > scene.tolerance
    return [f"the tolerance of {scene.tolerance:g} was not met: {error!r}."] if missed else []


def _worst(error: sl.ErrorEstimate) -> float:
    return max(float(np.max(value)) for value in error.relative.values())


def _cells(scene: Scene, error: sl.ErrorEstimate | None) -> str:
    if error is None:
        return f"{PARTS * scene.cells.cells} a ray, and more where the model jumps"
    return f"{error.mean_cells:.1f} a ray, error of at most {_worst(error):.1e} of the rms of each map"


def report_values(
    scene: Scene,
    name: str,
    values: np.ndarray,
    unit: str,
    sky: sl.HealpixSky,
    files: list[Path | None],
    seconds: float,
    error: sl.ErrorEstimate | None = None,
    as_json: bool = False,
) -> None:
    """Prints what was computed and written of a quantity that is no brightness."""
    facts = _facts(scene, sky, str(values.dtype), files, seconds, error)
    found = {"min": float(values.min()), "median": float(np.median(values)), "max": float(values.max())}
    if as_json:
        print_json({**_keys(facts), "observable": name, "unit": unit, **found, "warnings": []})
        return
    table = Table(title=escape(f"{name} [{unit}]"), title_justify="left")
    for statistic in found:
        table.add_column(statistic, justify="right")
    table.add_row(*(f"{value:.4g}" for value in found.values()))
    _print(facts, table)


def _facts(
    scene: Scene,
    sky: sl.HealpixSky,
    precision: str,
    files: list[Path | None],
    seconds: float,
    error: sl.ErrorEstimate | None,
) -> dict[str, str]:
    return {
        "Model": "\n".join([scene.name, *_names(scene.simulator)]),
        "Note": scene.note,
        "Sky": f"nside {sky.nside}, {sky.size} pixels, supersample {sky.supersample}",
        "Cells": f"{_cells(scene, error)}, {precision}",
        "Written": "\n".join(str(file) for file in files if file is not None),
        "Wall time": f"{seconds:.1f} s",
    }


def _keys(facts: dict[str, str]) -> dict[str, Any]:
    """Facts for JSON; lines are lists."""
    several = ("Model", "Written")
    return {key.lower().replace(" ", "_"): text.split("\n") if key in several else text for key, text in facts.items()}


def _print(facts: dict[str, str], table: Table) -> None:
    console, grid = Console(highlight=False), Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value:
            grid.add_row(name, value)
    console.print(grid, "", table, sep="\n")


def _names(model: sl.Simulator) -> list[str]:
    fields = {
        "magnetic field": model.magnetic_field,
        "electron density": model.electron_density,
        "cosmic rays": model.cosmic_rays,
    }
    if model.radiation is not None:
        fields["radiation"] = model.radiation
    lines = [f"{name}: {_class(field)}" for name, field in fields.items()]
    return [*lines, f"emission: {', '.join(type(operator).__name__ for operator in model.emission)}"]


def _class(field: Any) -> str:
    """The model itself, where it is moved."""
    return type(field.field if isinstance(field, sl.fields.Shifted) else field).__name__


def brightness_rows(stokes: sl.Stokes) -> list[dict[str, float]]:
    """The range of I and the largest polarised intensity, sqrt(Q^2 + U^2), at each frequency or energy."""
    i, q, u = (np.atleast_2d(part) for part in (stokes.I, stokes.Q, stokes.U))
    arrays: list[Any] = [np.atleast_1d(getattr(stokes, stokes.axis)), i, np.hypot(q, u)]
    head = (f"{stokes.axis}_{UNITS[stokes.axis]}", "I_min", "I_median", "I_max", "P_max")
    lines = ((nu, i.min(), np.median(i), i.max(), p.max()) for nu, i, p in zip(*arrays, strict=True))
    return [dict(zip(head, map(float, line), strict=True)) for line in lines]


def brightness(stokes: sl.Stokes) -> Table:
    """`brightness_rows` as a table."""
    table = Table(title=f"Brightness [{stokes.unit}]", title_justify="left")
    for name in (f"{stokes.axis.capitalize()} [{UNITS[stokes.axis]}]", "I min", "I median", "I max", "P max"):
        table.add_column(name, justify="right")
    for row in brightness_rows(stokes):
        at, *others = row.values()
        table.add_row(f"{at:g}", *(f"{value:.4g}" for value in others))
    return table


def _rotation_warning(rotation: float) -> str:
    return (
        f"Faraday rotation turns the polarisation by up to {rotation:.3g} rad within one cell: above about "
        "1 rad Q and U are bounded but not converged. Use --tolerance, e.g. 1e-3, or more --cells."
    )
