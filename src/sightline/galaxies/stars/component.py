from typing import Any

import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, is_concrete, param
from ..._core.types import Scalar, Vector
from ...sky.fields import AbstractField, Structures
from ...sky.fields.base import evaluate, value_at_a_place
from .history import AbstractHistory
from .radial_profile import RadialProfile


class Component(Module):
    """Stars of a smooth galaxy, as fields of position in its own frame, the disk in the plane z = 0.

    **Arguments:**

    - `density`: mass formed, a scalar field, Msun kpc^-3.
    - `velocity`: a field of vectors, km/s; None: at rest.
    - `dispersion`: along any line of sight, km/s, a number or a scalar field.
    - `history`: when they formed, one of `sl.stars`.

    **Raises:** `TypeError` for anything else in place of these; `ValueError` for a negative dispersion.

    !!! example
        >>> disk = sl.stars.Component(
        ...     density=sl.stars.ExponentialDisk(mass=3e10), velocity=sl.stars.Rotation([1.0, 5.0], [100.0, 200.0]),
        ...     dispersion=60.0, history=sl.stars.SingleAge(5.0),
        ... )
        >>> float(disk.dispersion)
        60.0
    """

    density: AbstractField
    velocity: AbstractField | None
    history: AbstractHistory
    dispersion: Float[Array, ""] | AbstractField = param(0.0, unit="km s-1", bounds=(0, None), symbol=r"\sigma")

    def __init__(self, density: Any, velocity: Any = None, dispersion: Any = 0.0, *, history: Any):
        self.density, self.velocity = density, velocity
        self.dispersion, self.history = dispersion, history

    def __check_init__(self) -> None:
        kinds = {"density": AbstractField, "velocity": AbstractField, "history": AbstractHistory}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind) and not (name == "velocity" and value is None):
                place = "sl.stars or another scalar field" if kind is AbstractField else "sl.stars, as SingleAge"
                raise TypeError(f"Component.{name} is a {type(value).__name__}: give one of {place}.")
        for name, shape in {"density": (), "velocity": (3,), "dispersion": ()}.items():
            _check_shape(getattr(self, name), name, shape)
        _check_dispersion(self.dispersion)

    def prepare(self) -> "Component":
        """The component after the global work of its fields."""
        velocity = None if self.velocity is None else self.velocity.prepare()
        dispersion = self.dispersion.prepare() if isinstance(self.dispersion, AbstractField) else self.dispersion
        return Component(self.density.prepare(), velocity, dispersion, history=self.history)

    def dispersion_at(self, position: Vector) -> Scalar:
        """The dispersion, () km/s, at a position, (3,) kpc."""
        return evaluate(self.dispersion, position)

    def structures(self) -> Structures:
        """Where the density jumps, and where it ends."""
        return self.density.structures()


def _check_dispersion(value: Any) -> None:
    """Refuses negative values of a profile, where they are known."""
    if not isinstance(value, RadialProfile) or not is_concrete(value.values):
        return
    bad = int(np.sum(np.asarray(value.values) < 0))
    if bad:
        raise ValueError(f"Component.dispersion: RadialProfile.values has {bad} negative numbers: give km/s from 0 up.")


def _check_shape(field: Any, name: str, shape: tuple[int, ...]) -> None:
    if not isinstance(field, AbstractField):
        return
    found = value_at_a_place(field)
    if getattr(found, "shape", None) != shape:
        raise TypeError(
            f"Component.{name} must return shape {shape} at a place, {type(field).__name__} returns {found}."
        )
