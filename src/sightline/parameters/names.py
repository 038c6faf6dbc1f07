"""Names of parameters that every file of draws can hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

RESERVED = ("chain", "draw")
_PREFIX = "_nc4_non_coord_"  # which netCDF gives to names of its own


def check_names(shapes: Mapping[str, Sequence[int]]) -> None:
    """Refuses names that netCDF cannot hold, or that would be confused: after a long run it were too late.

    **Arguments:** `shapes`: of the parameters, by name.

    **Raises:** `ValueError`, with a name that can be held.
    """
    axes = {f"{name}_dim_{axis}": name for name, shape in shapes.items() for axis in range(len(shape))}
    for name in shapes:
        why = f"it is that of an axis of {axes[name]!r}" if name in axes else _why(name)
        if why:
            raise ValueError(
                f"No file of draws can hold a parameter called {name!r}: {why}. Rename the key of the dict, or the "
                f"attribute, that it comes from, e.g. to {_cure(name)!r}."
            )


def _why(name: str) -> str:
    """What is wrong with a name, empty if nothing is."""
    parts = name.split(".")
    if "/" in name:
        return "'/' separates groups of netCDF"
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in name):
        return "it holds a control character, or one that is no text"
    if not all(parts):
        return "a part of it is empty"
    if any(part != part.strip() for part in parts):
        return "a part of it begins or ends with a space"
    if name in RESERVED:
        return "it is that of an axis of all draws"
    return f"names that begin with {_PREFIX} are netCDF's own" if name.startswith(_PREFIX) else ""


def _cure(name: str) -> str:
    """A name near by that can be held."""
    parts = [re.sub(r"\W+", "_", part).strip("_") for part in name.removeprefix(_PREFIX).split(".")]
    found = ".".join(part for part in parts if part) or "parameter"
    return found if found != name else f"{name}_value"
