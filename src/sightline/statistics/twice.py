"""Data and regularisers that a posterior would count twice."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from .._core.equality import same


def check_twice(likelihoods: Sequence[Any], regularisers: Sequence[Any]) -> None:
    """Refuses the same data of the same observable and name, or the same regulariser, twice: errors would be too small.

    Under two names they are two measurements, of which somebody has said that they are two.

    **Raises:** `ValueError`, naming both.
    """
    for (i, one), (j, other) in combinations(enumerate(likelihoods), 2):
        parts = ("data", "kept", "observable")
        if one.name == other.name and all(same(getattr(one, part, i), getattr(other, part, j)) for part in parts):
            raise ValueError(
                f"likelihoods[{i}] and likelihoods[{j}], both {one.name!r}, hold the same data, which would count "
                "twice: leave one of them out, or give two measurements two names."
            )
    for (i, one), (j, other) in combinations(enumerate(regularisers), 2):
        if same(one, other):
            raise ValueError(
                f"regularisers[{i}] and regularisers[{j}] are the same {type(one).__name__}, which would count twice: "
                "leave one of them out, or change its weight."
            )
