"""Spectra in a line of text, `absorption * (power_law(index=1.8) + black_body)`, as the tables of a run file."""

import ast
import difflib
import math
from typing import Any

from .._core.naming import snake_case
from .components import JOINS, KINDS, acts, settings
from .refusal import Refusal

_ALIASES = {"absorption": "InterstellarAbsorption"}
_SIGNS = {ast.Add: "add", ast.Mult: "multiply"}
_LONGEST = 2000  # characters


def parse(text: str) -> dict[str, Any]:
    """The table of a spectrum: names of classes in small letters, `+`, `*`, brackets, `name=number`.

    What acts on a spectrum or a factor has it as its argument: `redshifted(power_law, redshift=0.5)`.

    **Raises:** `Refusal` for whatever else it holds.
    """
    if len(text) > _LONGEST:
        raise Refusal(f"--model has {len(text)} characters: write a run file, for sightline fit.")
    try:
        found = _table(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Refusal(f"--model {text!r} is no sum and product of components, e.g. absorption * power_law.") from None
    if not isinstance(found, dict):
        raise Refusal(f"--model {text!r} is a number: name a component, e.g. power_law.")
    return found


def _table(node: ast.expr) -> Any:
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _joined(_SIGNS[type(node.op)], [_table(node.left), _table(node.right)])
    if isinstance(node, ast.Name):
        return {"kind": _kind(node.id)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _component(node.func.id, node)
    return _literal(node)


def _joined(sign: str, parts: list[Any]) -> dict[str, Any]:
    """One list of what is added or multiplied, however many there are."""
    assert sign in JOINS
    first = parts[0].get(sign) if isinstance(parts[0], dict) else None
    return {sign: [*(first if first is not None else parts[:1]), *parts[1:]]}


def _component(name: str, call: ast.Call) -> dict[str, Any]:
    """A component with its settings, and what it acts on."""
    table = {"kind": _kind(name)}
    if len(call.args) > 1 or (call.args and not isinstance(inner := _table(call.args[0]), dict)):
        raise Refusal(f"--model {ast.unparse(call)}: name each number, e.g. {name}({_numbers(name)[0]}=1).")
    if call.args:
        table[_place(table["kind"], name)] = inner
    for one in call.keywords:
        if one.arg is None:
            raise Refusal(f"--model {ast.unparse(call)}: write settings as name=number.")
        if one.arg in ("kind", "of", *JOINS):
            raise Refusal(
                f"--model {ast.unparse(call)}: {one.arg} is no setting; there are {', '.join(_numbers(name))}."
            )
        if one.arg in table:
            raise Refusal(f"--model {ast.unparse(call)}: {one.arg} is given twice.")
        table[one.arg] = _setting(one.value)
        if isinstance(table[one.arg], float) and not math.isfinite(table[one.arg]):
            raise Refusal(f"--model {one.arg}={ast.unparse(one.value)} is no finite number.")
    return table


def _setting(node: ast.expr) -> Any:
    """A number, finite or not, a text, or a component."""
    text = ast.unparse(node)
    return float(text) if text.lower().lstrip("+-") in ("nan", "inf", "infinity") else _table(node)


def _place(kind: str, name: str) -> str:
    """The key of what a component acts on."""
    found = [one for one in settings(kind) if one in ("spectrum", "factor")]
    if not acts(kind) and not found:
        raise Refusal(f"--model {name}(...) acts on nothing: name each number, e.g. {name}({_numbers(name)[0]}=1).")
    return "of" if acts(kind) else found[0]


def _numbers(name: str) -> list[str]:
    return [one for one in settings(_kind(name)) if one not in ("spectrum", "factor")]


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        raise Refusal(f"--model {ast.unparse(node)!r}: join components by + and * alone.") from None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refusal(f"--model {ast.unparse(node)!r} is no number.")
    return value


def _kind(name: str) -> str:
    """The class that a name in small letters means."""
    known = {snake_case(one): one for one in KINDS} | _ALIASES
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? There are" if near else "there are"
        raise Refusal(f"--model has {name!r}: {hint} {', '.join(sorted(known))}.")
    return known[name]
