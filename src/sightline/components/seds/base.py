"""The contract of an SED: how bright a component is at one frequency, relative to a reference."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, is_concrete
from ..._core.types import Scalar
from ..maps import AbstractPixelMap
from ..maps.base import is_pixel_map

Parameter = Float[Array, ""] | AbstractPixelMap
"""A number for the whole sky, or a map with a value in each pixel."""


class AbstractSED(Module):
    """The spectral energy distribution of a component, written for one pixel and one frequency: subclass it.

    s(nu) is the brightness temperature, K_RJ, over that at `reference`, so that s(reference) = 1. Of a component that
    has no such frequency `reference` is `None`: its amplitude is in K_CMB.

    !!! example
        >>> class Flat(sl.components.AbstractSED):
        ...     slope: Float[Array, ""] = sl.param(-2.0)
        ...     reference: float = sl.setting(30.0, unit="GHz", positive=True)
        ...
        ...     def __call__(self, frequency):
        ...         return jnp.exp(self.slope * jnp.log(frequency / self.reference))
        >>> round(float(Flat()(60.0)), 4)
        0.25
    """

    of_frequency: ClassVar[bool] = True
    of_bands: ClassVar[bool] = False  # whether it is known of whole bands only, each at its nominal frequency
    reference: eqx.AbstractVar[float | None]

    def __check_init__(self) -> None:
        check_maps(self)

    @abc.abstractmethod
    def __call__(self, frequency: Scalar) -> Scalar:
        """K_RJ over that at the reference, (), at one frequency, GHz."""

    @property
    def parts(self) -> tuple[str, ...]:
        """What each component is called after the name of this SED: `("",)` of a single one."""
        return ("",)

    def components(self, frequency: Scalar) -> Float[Array, " parts"]:
        """All components that this SED makes, (parts,), at one frequency, GHz."""
        return self(frequency)[None]

    def derivatives(self, frequency: Scalar) -> tuple[Float[Array, "parts *shape"], ...]:
        """d components/d x of each learnable leaf x, in the order of the leaves of the PyTree, at one frequency, GHz.

        By forward differentiation; override it where closed forms are cheaper. Needs numbers in place of maps.
        """
        moving, rest = eqx.partition(self, eqx.is_inexact_array)
        leaves, tree = jax.tree.flatten(moving)

        def of(leaves: list[Array]) -> Array:
            return eqx.combine(jax.tree.unflatten(tree, leaves), rest).components(frequency)

        return tuple(jax.jacfwd(of)(leaves)) if leaves else ()


def check_maps(sed: Module) -> None:
    """Refuses maps in place of parameters with values outside the bounds of the parameter.

    **Raises:** `ValueError`.
    """
    for name, field in type(sed).__dataclass_fields__.items():
        value = getattr(sed, name)
        values = getattr(value, "values", None) if is_pixel_map(value) else None
        converter = field.metadata.get("converter")
        if isinstance(values, jax.Array) and is_concrete(values) and callable(converter):
            converter(np.asarray(values))


def of_pixel(parameter: Parameter) -> Scalar:
    """The number that a parameter is in one pixel.

    **Raises:** `TypeError` for a map, which has many.
    """
    if isinstance(parameter, AbstractPixelMap):
        raise TypeError(
            f"An SED has a {type(parameter).__name__} in place of a number, and no value at one frequency: evaluate it "
            "in every pixel, sl.components.MixingMatrix(dust=sed)(bands, npix)."
        )
    return parameter


def log_ratio(frequency: Scalar, reference: Any) -> Scalar:
    """ln(nu/nu_0)."""
    return jnp.log(frequency / reference)
