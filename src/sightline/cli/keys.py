"""Tables of a TOML file, read key by key: wrong values name their key, keys that nobody asked for their nearest."""

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from .._core.reading import brief
from .refusal import Refusal

_NEEDED = object()
_KINDS = {
    "number": (int, float),
    "whole number": (int,),
    "text": (str,),
    "true or false": (bool,),
    "table": (dict,),
    "list": (list,),
}


class Keys:
    """One table.

    **Arguments:** `table`: as `tomllib` gives it; `place`: how errors call it, e.g. `[fit]`.
    """

    table: dict[str, Any]
    place: str

    def __init__(self, table: dict[str, Any], place: str):
        self.table, self.place = table, place
        self._asked: list[str] = []

    def take(self, key: str, kind: str | Sequence[str], default: Any = _NEEDED) -> Any:
        """The value of a key, of a kind or one of several: numbers, text, ...

        **Raises:** `Refusal` for a key that is missing, or of another kind.
        """
        self._asked.append(key)
        if key not in self.table:
            if default is _NEEDED:
                raise self._missing(key)
            return default
        value, kinds = self.table[key], [kind] if isinstance(kind, str) else list(kind)
        for one in kinds:
            if isinstance(value, _KINDS[one]) and (isinstance(value, bool) == (one == "true or false")):
                return value
        raise Refusal(f"{self.place} {key} = {value!r} must be a {' or a '.join(kinds)}.")

    def positive(self, key: str, default: Any = _NEEDED) -> Any:
        """A finite number above 0, or the default.

        **Raises:** as `take`, and for any other number.
        """
        value = self.take(key, "number", default)
        if value is not default and not 0 < value < float("inf"):
            raise Refusal(f"{self.place} {key} must be finite and positive, not {value}.")
        return value

    def choose(self, key: str, names: Sequence[str], default: Any = _NEEDED) -> Any:
        """The value of a key that is one of some names.

        **Raises:** `Refusal` for another one, with the nearest.
        """
        value = self.take(key, "text", default)
        if value is not default and value not in names:
            near = difflib.get_close_matches(value, names, n=1, cutoff=0.3)
            hint = f"did you mean {near[0]!r}? There are" if near else "there are"
            raise Refusal(f"{self.place} {key} = {value!r}: {hint} {', '.join(names)}.")
        return value

    def inner(self, key: str) -> "Keys":
        """A table within this one; empty where it is missing."""
        return Keys(self.take(key, "table", {}), f"[{self.place.strip('[]')}.{key}]" if self.place else f"[{key}]")

    def rest(self) -> dict[str, Any]:
        """All of it, where the keys are names of the user."""
        self._asked += self.table
        return self.table

    def finish(self) -> None:
        """Refuses keys that were not asked for."""
        for key in self.table:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1, cutoff=0.4)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self._asked) or 'none'}."
                raise Refusal(f"{self.place} {key}: there is no such key here: {hint}".strip())

    def _missing(self, key: str) -> Refusal:
        near = difflib.get_close_matches(key, [one for one in self.table if one not in self._asked], n=1)
        hint = f"; there is no key {near[0]!r}, was it meant?" if near else "."
        return Refusal(f"{self.place} {key} is missing{hint}".strip())


@contextlib.contextmanager
def blame(place: str) -> Iterator[None]:
    """Puts a place before what the library says about a wrong value."""
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(f"{place.rstrip(':')}: {error}") from None
    except (ArithmeticError, MemoryError, RecursionError) as error:
        raise Refusal(f"{place.rstrip(':')}: {brief(error)}") from None
