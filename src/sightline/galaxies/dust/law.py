"""The contract of a dust law, A(lambda)/A_V, and what the published ones share."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, is_concrete
from ..._core.safe import held
from ..._core.units import numbers

Curve = Float[Array, "*n"]

_SLACK = 1e-6  # relative: an edge of a range in single precision is still in it


class AbstractLaw(Module):
    """A dust law, A(lambda)/A_V: subclass it, say where it holds, and write `curve`.

    `low` and `high` are the ends of its range in Angstrom. The curve must be finite and positive between them, and
    may have learnable parameters; `sl.testing.check_law` holds it to that.

    !!! example
        >>> class Inverse(sl.dust.AbstractLaw):
        ...     low = 1000.0
        ...     high = 30000.0
        ...
        ...     def curve(self, wavenumber):
        ...         return 0.55 * wavenumber
        >>> round(float(Inverse().ratio(5500.0)), 6)
        1.0
    """

    low: ClassVar[float] = 0.0
    high: ClassVar[float] = float("inf")

    @abc.abstractmethod
    def curve(self, wavenumber: Curve) -> Curve:
        """A(lambda)/A_V at wavenumbers 1/lambda, (...) per micrometre, all of them in the range of the law."""

    def ratio(self, wavelength: Any) -> Curve:
        """A(lambda)/A_V.

        **Arguments:** `wavelength`: at rest, (...) Angstrom.

        **Raises:** `ValueError` for wavelengths outside the range of the law. Traced ones have no value yet: outside
        they give NaN.
        """
        if not is_concrete(wavelength):
            return self._traced(wavelength)
        known = numbers(wavelength, "Angstrom", "wavelength")
        self._check(known)
        number = 1e4 / np.clip(known, self.low, self.high)
        own = wavelength.dtype if isinstance(wavelength, jax.Array) else default_float()
        return _evaluate(self, jnp.asarray(number, own))

    def _traced(self, wavelength: Curve) -> Curve:
        seen = held(wavelength, self.low, self.high)
        known = jnp.abs(wavelength - seen) <= _SLACK * seen
        return jnp.where(known, self.curve(1e4 / seen), jnp.nan)

    def _check(self, wavelength: np.ndarray) -> None:
        bad = ~((wavelength >= self.low * (1 - _SLACK)) & (wavelength <= self.high * (1 + _SLACK)))
        if np.any(bad):
            raise ValueError(
                f"wavelength = {wavelength[bad].flat[0]:g} A: {type(self).__name__} holds from {self.low:g} to "
                f"{self.high:g} A, and {int(bad.sum())} of {bad.size} lie outside. Give wavelengths at rest in "
                "Angstrom, or choose a law that reaches so far."
            )


@eqx.filter_jit
def _evaluate(law: AbstractLaw, wavenumber: Curve) -> Curve:
    return law.curve(wavenumber)


def drude(x: Curve, height: float, centre: float, width: Any) -> Curve:
    """A Drude profile: height w^2/((x/c - c/x)^2 + w^2), w = width/c."""
    relative = width / centre
    return height * relative * relative / ((x / centre - centre / x) ** 2 + relative * relative)


def ultraviolet(x: Curve, line: tuple[Any, Any], bump: Any, rise: Any, centre: float, width: float) -> Curve:
    """The ultraviolet curve c1 + c2 x + c3 x^2/((x^2 - x0^2)^2 + x^2 w^2) + c4 (0.5392 y^2 + 0.05644 y^3).

    y = x - 5.9 where positive, x in 1/um.

    **Source:** Fitzpatrick & Massa 1990, ApJS 72, 163.
    """
    square, beyond = x * x, jnp.maximum(x - 5.9, 0)
    profile = square / ((square - centre * centre) ** 2 + square * width * width)
    return line[0] + line[1] * x + bump * profile + rise * beyond * beyond * (0.5392 + 0.05644 * beyond)


def between(x: Curve, low: float, high: float) -> Curve:
    """A smooth step from 0 below `low` to 1 above `high`: 3 t^2 - 2 t^3."""
    t = held((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
