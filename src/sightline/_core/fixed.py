"""Arrays that are part of a structure: known when a function is traced, not handed to it."""

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Fixed:
    """An array for a static field, equal to those that hold the same numbers.

    **Arguments:** `values`: kept as they are; nobody may write to them.
    """

    values: np.ndarray

    @functools.cached_property
    def _content(self) -> tuple[object, ...]:
        return self.values.shape, self.values.dtype.str, self.values.tobytes()

    @functools.cached_property
    def _hash(self) -> int:
        return hash(self._content)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Fixed) and self._content == other._content)
