"""The free parameters of a space, and what follows them, in a table."""

from typing import Any

from .bounds import interval
from .leaves import find_leaves
from .priors import describe
from .text_table import Table, brief

HEADER = ("parameter", "unit", "shape", "value", "prior", "bounds")


def summary(space: Any) -> Table:
    """A table of a `ParameterSpace`: name, unit, shape, value, prior and physical bounds, then ties."""
    leaves, initial = find_leaves(space.model), space.initial
    told = {name: describe(prior) for name, prior in zip(space.names, space.priors, strict=True)}
    rows = [_row(name, initial[name], words, leaves[name].metadata) for name, words in told.items()]
    for tie in space.ties:
        words = f"follows {tie.source if isinstance(tie.source, str) else 'a function'}"
        rows.append(_row(tie.name, leaves[tie.name].value, words, leaves[tie.name].metadata))
    return Table(HEADER, rows)


def _row(name: str, value: Any, words: str, metadata: Any) -> list[Any]:
    return [name, metadata.get("unit", ""), value.shape, brief(value), words, interval(metadata)]
