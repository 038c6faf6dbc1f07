import functools
import re
from importlib import resources
from typing import Any

import equinox as eqx

from .._core.fields import walk

ALWAYS = ("Bradbury2018", "Kidger2021")
"""The software under everything."""


class Bibliography(str):
    """BibTeX entries as one string, which a prompt shows as it would be printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def citation(model: Any) -> Bibliography:
    """BibTeX of the papers behind everything in a model: its fields, operators, backgrounds, and the software.

    A class says itself what to cite: `cites`, a tuple of BibTeX entries, or of keys of those that sightline has.

    **Arguments:** `model`: a `Model`, a preset, a field, an operator or a spectrum; of a `Posterior`, the statistics of
    its likelihoods are cited, too.

    **Returns:** the entries, sorted by key; a string.

    **Raises:** `TypeError` for anything that is no module; `ValueError` for a key that is not known.

    !!! example
        >>> "arXiv" in sl.citation(sl.magnetic.JF12())
        True
    """
    if not isinstance(model, eqx.Module):
        raise TypeError(f"citation takes a Simulator or another module, not {type(model).__name__}: pass an instance.")
    return Bibliography("\n\n".join(entries(model).values()))


def entries(*models: Any) -> dict[str, str]:
    """The entries of several models, or of classes of them, by key, sorted; those of users come last.

    **Raises:** as `citation`.
    """
    cited = dict.fromkeys(ALWAYS)
    for model in models:
        for module in [model] if isinstance(model, type) else [one for _, one in walk(model)]:
            for attribute in ("cites", "papers", "references"):  # of a class, of one model, and as old classes say it
                said = getattr(module, attribute, ())
                cited |= dict.fromkeys((said,) if isinstance(said, str) else said)  # one without the comma of a tuple
    own = [entry for entry in cited if entry.lstrip().startswith("@")]
    known, keys = _entries(), sorted(set(cited).difference(own))
    for key in keys:
        if key not in known:
            raise ValueError(f"cites = {key!r} is no BibTeX entry, and no key of those that sightline has.")
    return {key: known[key] for key in keys} | {_key(entry): entry for entry in own}


def _key(entry: str) -> str:
    return entry[entry.find("{") + 1 : entry.find(",")].strip()


@functools.cache
def _entries() -> dict[str, str]:
    """Key to entry, from the file that comes with the package."""
    text = resources.files("sightline").joinpath("citation/references.bib").read_text("utf-8")
    entries = re.split(r"\n(?=@)", text.strip())
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry.strip() for entry in entries}
