"""What `sightline spectrum` does: makes a run file of its options, and fits that."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import sightline as sl

from ..parameters import find_leaves
from .components import read_spectra, settings
from .expression import parse
from .inference import fit
from .keys import Keys
from .refusal import Refusal
from .spectrum_data import read_observed
from .study import prepare

SOURCE = "source"
_FIXED = ("redshift", "factor")
_COLUMN = 0.1  # 1e22 cm-2
_REACH = 1e4  # of norms and fluxes
_NORMS = ("norm", "flux")
_NONE = 1e-30  # of a norm
_FACTOR = 20.0  # of energies
_ABOUT = 5.0  # of indices
_STEPS = 100.0  # of what has one bound
_STARTS = 4


class Request(NamedTuple):
    """What was asked for; see the help of `sightline spectrum`."""

    file: Path
    model: str
    output: Path
    low: float | None = None
    high: float | None = None
    fix: Sequence[str] = ()
    background: str | None = None
    response: str | None = None
    area: str | None = None
    row: int | None = None
    group: str | None = None
    minimum: float | None = None
    treatment: str | None = None
    json: bool = False


def run(request: Request) -> None:
    """Fits, as a run file of the same content would be.

    **Raises:** `Refusal` before anything is computed; as `inference.fit` after.
    """
    table = run_table(request)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.toml"
        file.write_text(_toml(table), encoding="utf-8")
        fit(prepare(table, file.parent), file, request.json)


def run_table(request: Request) -> dict[str, Any]:
    """The run file: the spectrum, its free parameters with wide priors, data, fit and folder."""
    data = _data(request)
    observation = read_observed(Keys(dict(data), f"{request.file}:"), Path())
    if observation.background is not None:
        data.setdefault("treatment", "profiled")
    table = _started(parse(request.model))
    _set_norms(table, observation)
    return {
        "spectra": {SOURCE: table},
        "parameters": _free(_spectrum(table), request.fix),
        "data": [data],
        "fit": {"starts": _STARTS, "flat": True},
        "output": {"folder": str(request.output.absolute())},
    }


def _data(request: Request) -> dict[str, Any]:
    """The table of the data; files by their whole paths, for the run file lies elsewhere."""
    table: dict[str, Any] = {"kind": "spectrum", "name": "counts", "file": str(request.file.absolute())}
    for key in ("background", "response", "area"):
        value = getattr(request, key)
        if value is not None:
            table[key] = value if value == "none" else str(Path(value).absolute())
    given = {key: getattr(request, key) for key in ("row", "group", "minimum", "treatment")}
    table |= {key: value for key, value in given.items() if value is not None}
    if request.low is not None or request.high is not None:
        table["select"] = _band(request)
    return table


def _band(request: Request) -> list[float]:
    low, high = request.low or 0.0, 1e6 if request.high is None else request.high
    if not 0 <= low < high:
        raise Refusal(f"--low = {low:g} and --high = {high:g} must be energies in keV, the lower one first.")
    return [low, high]


def _spectrum(table: dict[str, Any]) -> Any:
    """The spectrum of a table; what does not fit is called by the name of the option."""
    try:
        found = read_spectra(Keys({SOURCE: table}, "[spectra]"))[SOURCE]
    except Refusal as error:
        raise Refusal(str(error).replace(f"[spectra.{SOURCE}]", "--model")) from None
    if not isinstance(found, sl.spectra.AbstractPhotonSpectrum):
        raise Refusal("--model has no photons: give a component that emits, e.g. absorption * power_law.")
    return found


def _components(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All components of a table, however deep."""
    if "kind" in table:
        yield table
    inner = [part for value in table.values() for part in (value if isinstance(value, list) else [value])]
    for part in inner:
        if isinstance(part, dict):
            yield from _components(part)


def _started(table: dict[str, Any]) -> dict[str, Any]:
    """The table, with a column where none is given: all else has starts of its own."""
    for one in _components(table):
        if "column" in settings(one["kind"]):
            one.setdefault("column", _COLUMN)
    return table


def _unset(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The components whose norm is not given; those of which a flux is given are 1, which drops out."""
    for outer in _components(table):
        for one in _components(outer.get("of", {})) if outer["kind"] == "Flux" else ():
            if "norm" in settings(one["kind"]):
                one.setdefault("norm", 1.0)
    return [one for one in _components(table) if "norm" in settings(one["kind"]) and "norm" not in one]


def _set_norms(table: dict[str, Any], observation: Any) -> None:
    """Gives components without a norm one each with which they make as many counts, all together those there are."""
    unset = _unset(table)
    for one in unset:
        one["norm"] = _NONE
    known = _expected(table, observation)
    behind = 0.0 if observation.background is None else float(np.sum(observation.ratio * observation.background))
    share = max(float(np.sum(observation.counts)) - behind - known, 1.0) / max(len(unset), 1)
    found = [_norm(table, one, observation, share, known) for one in unset]
    for one, norm in zip(unset, found, strict=True):
        one["norm"] = norm


def _norm(table: dict[str, Any], one: dict[str, Any], observation: Any, share: float, known: float) -> float:
    """The norm with which a component adds `share` counts to those that are `known`."""
    one["norm"] = 1.0
    found = share / (_expected(table, observation) - known)
    one["norm"] = _NONE
    return float(f"{found:.3g}") if np.isfinite(found) and found > 0 else 1.0


def _expected(table: dict[str, Any], observation: Any) -> float:
    """Counts of the source in the groups that are fitted."""
    likelihood = sl.CountsLikelihood(observation, SOURCE, noise=sl.statistics.Poisson())
    return float(jnp.sum(likelihood.mean(sl.Model(spectra={SOURCE: _spectrum(table)}))))


def _free(spectrum: Any, fixed: Sequence[str]) -> dict[str, Any]:
    """Priors of all numbers of the model but those that are fixed, by name."""
    model = sl.Model(spectra={SOURCE: spectrum})
    leaves = {name: one for name, one in find_leaves(model).items() if one.learnable}
    for pattern in fixed:
        if not any(_meant(name, pattern) for name in leaves):
            raise Refusal(f"--fix {pattern}: there is no such parameter; there are {', '.join(map(_short, leaves))}.")
    found = {
        name: _prior(one)
        for name, one in leaves.items()
        if _last(name) not in _FIXED and jnp.ndim(one.value) == 0 and not any(_meant(name, each) for each in fixed)
    }
    for name in _dropped(leaves):
        found.pop(name, None)
    if not found:
        raise Refusal("--fix leaves no parameter to fit.")
    return found


def _dropped(leaves: dict[str, Any]) -> Iterator[str]:
    """Of each spectrum of which a flux is given, its first norm: with the flux it would be free twice."""
    for outer in (name.removesuffix(".band.flux") for name in leaves if name.endswith(".band.flux")):
        inner = [name for name in leaves if name.startswith(f"{outer}.") and _last(name) == "norm"]
        yield from inner[:1]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _short(name: str) -> str:
    """`power_law.index` for `spectra.source.terms.sum.terms.power_law.index`."""
    return ".".join(part for part in name.split(".")[2:] if part not in ("terms", "sum", "spectrum", "factor"))


def _meant(name: str, pattern: str) -> bool:
    return fnmatch(_short(name), pattern) or fnmatch(name, pattern) or _last(name) == pattern


def _prior(leaf: Any) -> dict[str, Any]:
    """A wide prior about a start."""
    start, (low, high) = float(leaf.value), leaf.metadata.get("bounds") or (None, None)
    name = leaf.owner[1] if leaf.owner else ""
    if low is not None and high is not None:
        return {"prior": "uniform", "low": float(low), "high": float(high), "start": start}
    if start > 0 and (name in _NORMS or leaf.metadata.get("positive")):
        reach = _REACH if name in _NORMS else _FACTOR
        return {"prior": "log_uniform", "low": start / reach, "high": start * reach, "start": start}
    if low is not None:
        return {"prior": "uniform", "low": float(low), "high": low + max(_STEPS * (start - low), 1.0), "start": start}
    return {"prior": "uniform", "low": start - _ABOUT, "high": start + _ABOUT, "start": start}


def _toml(table: dict[str, Any]) -> str:
    """The text of a run file: tables, and lists of tables, whose keys stand on a line each."""
    parts = []
    for name, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            head = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            parts.append("\n".join([head, *(f"{_text(key)} = {_inline(part)}" for key, part in one.items())]) + "\n")
    return "\n".join(parts)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(key)} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _text(value)


def _text(value: Any) -> str:
    """A string or a number as both JSON and TOML have it, without the pairs that stand for rare characters in JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
