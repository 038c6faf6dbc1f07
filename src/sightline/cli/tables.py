"""Results as text and as JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np

import sightline as sl


def parameters(posterior: sl.Posterior, result: sl.FitResult) -> dict[str, Any]:
    """A fit for JSON."""
    space = posterior.space
    errors = {} if result.fisher is None else result.standard_deviations
    found = {
        name: {
            "value": _plain(result.parameters[name]),
            "standard_deviation": _plain(errors[name]) if name in errors else None,
            "unit": unit,
        }
        for name, unit in zip(space.names, space.units, strict=True)
    }
    facts = {
        name: _plain(getattr(result, name)) for name in ("status", "log_posterior", "statistic", "chi2", "dof", "edges")
    }
    return {"parameters": found, **facts, "deviances": _plain(result.deviances)}


def numbers(chains: sl.Chains) -> dict[str, Any]:
    """Chains for JSON."""
    columns = (chains.units, chains.means, chains.standard_deviations, chains.r_hat, chains.ess)
    keys = ("unit", "mean", "standard_deviation", "r_hat", "ess")
    rows = zip(chains.labels, zip(*columns, strict=True), strict=True)
    found = {label: dict(zip(keys, map(_plain, row), strict=True)) for label, row in rows}
    return {"parameters": found, "converged": bool(chains.converged), "verdict": chains.verdict}


def _plain(value: Any) -> Any:
    """Numbers and lists for JSON, which has no infinity."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return [_plain(one) for one in value] if np.ndim(value) else _plain(np.asarray(value).item())


def write_text(path: Path, text: str) -> None:
    """Writes text whole or not at all."""
    with sl.io.replacing(path, overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, values: Any) -> None:
    """Writes JSON whole or not at all."""
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def print_json(values: Any) -> None:
    """Prints JSON for other programs; what is not finite is null."""
    print(json.dumps(_plain(values), indent=2, allow_nan=False))
