"""Fields moved as a whole, and where the Sun is in them."""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from ..._core.fields import walk
from ..._core.module import is_concrete, param
from ..._core.types import Vector
from ..geometry import SUN
from .base import AbstractWrapper

Place = tuple[float, float, float]


class Shifted(AbstractWrapper):
    """A field moved as a body: B(x - d).

    Published models place the Sun at 8.178 to 8.5 kpc. Moved by the difference, one is seen from another's Sun with its
    local structures where they belong; its Galactic centre moves instead.

    **Arguments:** `field`; `offset` d: (3,) kpc.

    !!! example
        >>> aligned = sl.fields.Shifted(sl.electrons.NE2001(), offset=(0.2, 0.0, 0.0))  # its Sun from -8.5 to -8.3
    """

    offset: Float[Array, "3"] = param(unit="kpc", symbol="d")

    def place(self, position: Vector) -> Vector:
        return position - self.offset

    def modify(self, value: Any, position: Vector) -> Any:
        return value


def suns(module: eqx.Module) -> set[Place]:
    """Where the models inside a module have their Sun, kpc: those that say so, by a field or attribute `sun`.

    A model that says so speaks for its components too.
    """
    modules = list(walk(module))
    shifts = {path: inner.offset for path, inner in modules if isinstance(inner, Shifted)}
    if not all(map(is_concrete, shifts.values())):
        return set()
    found, spoken = set(), list[str]()
    for path, inner in modules:
        sun = getattr(inner, "sun", None)
        if sun is not None and not any(_inside(path, outer) for outer in spoken):
            spoken.append(path)
            found.add(_moved(sun, [shift for outer, shift in shifts.items() if _inside(path, outer)]))
    return found


def sun_of(field: eqx.Module) -> Place:
    """Where a field has its Sun, kpc: by default `sl.SUN`."""
    return min(suns(field), default=SUN)


def _inside(path: str, outer: str) -> bool:
    return not outer or path == outer or path.startswith(f"{outer}.")


def _moved(sun: Any, shifts: list[Any]) -> Place:
    x, y, z = np.sum([sun, *map(np.asarray, shifts)], axis=0, dtype=float).tolist()
    return x, y, z
