"""What fields with one spectrum everywhere share: a profile that is 1 at the Sun, where the spectrum holds."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..._core.module import default_float, is_concrete
from ..._core.types import Scalar, Vector
from ..geometry import Structures
from .base import AbstractField


class AbstractShaped(AbstractField):
    """A spectrum times n(x)/n(x_sun), n being `profile`."""

    profile: eqx.AbstractVar[AbstractField]
    spectrum: eqx.AbstractVar[Any]
    sun: eqx.AbstractVar[tuple[float, float, float]]

    def relative(self, position: Vector) -> Scalar:
        """n(x)/n(x_sun), (), at a position, (3,) kpc."""
        return self.profile(position) / self.profile(jnp.asarray(self.sun, position.dtype))

    def structures(self) -> Structures:
        """Those of the profile."""
        return self.profile.structures()


def check_profile(shaped: AbstractShaped, kind: type, family: str) -> None:
    """Refuses a profile that is no scalar field, or not positive at the Sun, and a spectrum of another kind.

    **Raises:** `TypeError`, `ValueError`.
    """
    name = type(shaped).__name__
    if not isinstance(shaped.profile, AbstractField):
        raise TypeError(f"{name}.profile must be a scalar field, not {shaped.profile!r}.")
    if not isinstance(shaped.spectrum, kind):
        raise TypeError(f"{name}.spectrum must be one of {family}, not {shaped.spectrum!r}.")
    value: Any = shaped.profile.prepare()(jnp.asarray(shaped.sun, default_float()))
    if value.shape != ():
        raise TypeError(f"{name}.profile must be a scalar field; {shaped.profile.name} is a vector.")
    if is_concrete(value) and not (np.isfinite(value) and value > 0):
        raise ValueError(
            f"{name}.profile is {value} at sun = {shaped.sun} kpc, where it must be positive: the spectrum "
            "holds there. Move `sun`, or take another profile."
        )
