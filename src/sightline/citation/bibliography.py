import functools
import re
from importlib import resources
from typing import Any

import equinox as eqx

from .._core.module import walk
from .sources import ALWAYS, sources


class Bibliography(str):
    """BibTeX entries as one string, which a prompt shows as it would be printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def citation(model: Any) -> Bibliography:
    """BibTeX of the papers behind everything in a model: its fields, operators, backgrounds, and the software.

    A class of your own is cited too if it has a class attribute `references`, a tuple of BibTeX entries.

    **Arguments:** `model`: a `Simulator`, a preset, a field or an operator.

    **Returns:** the entries, sorted by key; a string.

    **Raises:** `TypeError` for anything that is no module.

    !!! example
        >>> "arXiv" in sl.citation(sl.magnetic.JF12())
        True
    """
    if not isinstance(model, eqx.Module):
        raise TypeError(f"citation takes a Simulator or another module, not {type(model).__name__}: pass an instance.")
    modules = [module for _, module in walk(model)]
    own = dict.fromkeys(entry for module in modules for entry in getattr(type(module), "references", ()))
    keys = {key for module in modules for key in (*sources(type(module)), *getattr(module, "papers", ()))}
    known = _entries()
    return Bibliography("\n\n".join([*(known[key] for key in sorted({*ALWAYS, *keys})), *own]))


@functools.cache
def _entries() -> dict[str, str]:
    """Key to entry, from the file that comes with the package."""
    text = resources.files("sightline").joinpath("citation/references.bib").read_text("utf-8")
    entries = re.split(r"\n(?=@)", text.strip())
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry.strip() for entry in entries}
