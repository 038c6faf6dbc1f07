"""Names of terms that are added or multiplied: readable, stable, unique."""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def snake_case(name: str) -> str:
    """`ExponentialDisk` as `exponential_disk`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", name).lower()


def unique(groups: Iterable[Mapping[str, T]]) -> dict[str, T]:
    """Terms of several groups by name: the second of a name is called `name_2`.

    !!! example
        >>> unique([{"disk": 1}, {"disk": 2}])
        {'disk': 1, 'disk_2': 2}
    """
    terms: dict[str, T] = {}
    for name, term in itertools.chain.from_iterable(group.items() for group in groups):
        free = (name if copy == 1 else f"{name}_{copy}" for copy in itertools.count(1))
        terms[next(candidate for candidate in free if candidate not in terms)] = term
    return terms
