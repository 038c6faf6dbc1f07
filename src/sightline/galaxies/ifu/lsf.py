"""Line-spread functions: the resolution of a spectrograph, and what it adds to that of a library."""

import abc
import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.elementary import horner
from ..._core.module import Module, default_float, is_concrete, param, setting
from ..._core.safe import safe_sqrt
from ..._core.units import number, numbers
from .widths import FWHM, Nodes, Wavelengths, at, check_table, in_angstrom

_SLACK = 1e-5  # relative, of squared widths that are the same


class AbstractLSF(Module):
    """A Gaussian line-spread function: subclass it and write `width`.

    Published widths are mostly of lines as they were recorded, which hold a channel: that of an instrument before its
    channels average, W, and of lines in channels of D, w, are related by w^2 = W^2 + (2.3548 D)^2/12. An
    `sl.cubes.IFU` averages over its channels: give it W, or w with `channel`.

    **Arguments:** `channel`: D of the channels in which the widths were measured, A; None: widths are those before
    channels.

    !!! example
        >>> issubclass(sl.cubes.LSF, sl.cubes.AbstractLSF)
        True
    """

    _: dataclasses.KW_ONLY
    channel: float | None = setting(None, unit="Angstrom", positive=True)

    @abc.abstractmethod
    def width(self, wavelength: Wavelengths) -> Float[Array, " n"]:
        """Full width at half maximum, (n,) A, at observed wavelengths, (n,) A."""

    def optical(self, wavelength: Wavelengths) -> Float[Array, " n"]:
        """Full width at half maximum before channels average, (n,) A, at observed wavelengths, (n,) A.

        0 where a width is below that of the channel, which `added` refuses.
        """
        own = self.width(wavelength)
        return own if self.channel is None else safe_sqrt(jnp.maximum(own * own - self._box, 0))

    @property
    def _box(self) -> float:
        """The square of the width of a channel, A^2: 2.3548^2 times its variance."""
        return 0.0 if self.channel is None else FWHM**2 * self.channel**2 / 12

    def added(self, wavelength: Any, library: Any = 0.0, redshift: Any = 0.0) -> Float[Array, " n"]:
        """The Gaussian that takes a library to this resolution: sigma = sqrt(W^2 - [l (1 + z)]^2)/2.3548, (n,) A.

        0 where a library is between the width before channels, W, and that of recorded lines.

        **Arguments:**

        - `wavelength`: observed, (n,) A.
        - `library`: full width at half maximum l of the library, A at rest, a number or (n,).
        - `redshift`: z.

        **Raises:** `ValueError` where the instrument is sharper than the library or than its own channel, with how many
        wavelengths and the cure. Where widths are traced and have no value yet, there is NaN instead.
        """
        waves = jnp.asarray(numbers(wavelength, "Angstrom", "wavelength"), default_float())
        seen, own = self.width(waves), self.optical(waves)
        known = numbers(library, "Angstrom", "library") * (1 + number(redshift, "", "redshift"))
        if is_concrete(own):
            self._check_channel(np.asarray(seen, np.float64))
            _check(np.asarray(seen, np.float64), known, np.asarray(waves))
        reached = jnp.asarray(known, own.dtype)
        square = (own - reached) * (own + reached)
        sharper = ((seen - reached) * (seen + reached) < -_SLACK * seen * seen) | (seen * seen < self._box)
        return jnp.where(sharper, jnp.nan, safe_sqrt(jnp.maximum(square, 0)) / FWHM)

    def _check_channel(self, seen: np.ndarray) -> None:
        if self.channel is not None and not np.all(seen * seen > self._box):
            raise ValueError(
                f"The line-spread function has recorded widths down to {seen.min():.4g} A, and a channel of "
                f"{self.channel:g} A alone is {self._box**0.5:.4g} A wide: give the channel in which they were "
                "measured, or leave channel out where they are those before channels."
            )


def _check(own: np.ndarray, library: np.ndarray, wavelength: np.ndarray) -> None:
    if not np.all(own > 0):
        raise ValueError(f"The line-spread function has widths that are not positive, the smallest {own.min():g} A.")
    sharp = own**2 < library**2 - _SLACK * own**2
    if np.any(sharp):
        first = int(np.argmax(sharp))
        theirs = float(np.broadcast_to(library, own.shape)[first])
        raise ValueError(
            f"The instrument is sharper than the library at {int(sharp.sum())} of {own.size} wavelengths, first at "
            f"{wavelength[first]:g} A: {own[first]:.4g} A against {theirs:.4g} A, both FWHM and observed. "
            "Choose a library of higher resolution, a wider line-spread function, or the channels where it is wider, "
            "channels[first:last]."
        )


class LSF(AbstractLSF):
    """A line-spread function by its width, a number or a table.

    **Arguments:** `fwhm`: full width at half maximum, A, a number, or (n,) at `wavelength`, (n,) A, rising, linear
    between and constant beyond; `channel`: of the channels in which it was measured, A; None: it is that before
    channels, see `AbstractLSF`.

    **Raises:** `ValueError` for a width that is not positive, and for widths without wavelengths of the same number.

    !!! example
        >>> lsf = sl.cubes.LSF([2.8, 2.5], wavelength=[5000.0, 7000.0])
        >>> [round(float(one), 4) for one in lsf.added([5000.0, 6000.0], library=2.4)]
        [0.6125, 0.4772]
        >>> recorded = sl.cubes.LSF(2.66, channel=1.04)  # lines of SAMI: sqrt(2.66^2 - (2.3548 1.04)^2/12)
        >>> round(float(recorded.optical(jnp.array([5000.0]))[0]), 4)
        2.5643
    """

    fwhm: Float[Array, "*m"] = param(unit="Angstrom", positive=True)
    wavelength: Nodes = setting(None, unit="Angstrom", positive=True)

    def __check_init__(self) -> None:
        check_table("LSF", "fwhm", self.fwhm, self.wavelength)

    def width(self, wavelength: Wavelengths) -> Float[Array, " n"]:
        waves = in_angstrom(wavelength)
        return jnp.broadcast_to(at(waves, self.fwhm, self.wavelength), waves.shape)


class PolynomialLSF(AbstractLSF):
    """A line-spread function whose width is a polynomial in wavelength: W = sum_k c_k w^k, W and w in A.

    **Arguments:** `coefficients` c: (n,), lowest power first; `channel`: as of `LSF`.

    **Raises:** `ValueError` for none.

    !!! example
        >>> round(float(sl.cubes.PolynomialLSF([6.0, -9e-4, 6e-8]).width(jnp.array([5000.0]))[0]), 6)
        3.0
    """

    coefficients: Float[Array, " n"] = param(symbol="c_k")

    def __check_init__(self) -> None:
        if not self.coefficients.shape[0]:
            raise ValueError("PolynomialLSF.coefficients is empty: give one at least, the width [A].")

    def width(self, wavelength: Wavelengths) -> Float[Array, " n"]:
        powers: Any = tuple(jnp.unstack(self.coefficients))
        return horner(in_angstrom(wavelength), powers)


class ResolvingPower(AbstractLSF):
    """A line-spread function by the resolving power: W = w/R.

    **Arguments:** `power`: R, a number, or (n,) at `wavelength`, (n,) A, rising, linear between and constant beyond;
    `channel`: as of `LSF`.

    **Raises:** as `LSF`.

    !!! example
        >>> float(sl.cubes.ResolvingPower(2000.0).width(jnp.array([5000.0]))[0])
        2.5
    """

    power: Float[Array, "*m"] = param(positive=True, symbol="R")
    wavelength: Nodes = setting(None, unit="Angstrom", positive=True)

    def __check_init__(self) -> None:
        check_table("ResolvingPower", "power", self.power, self.wavelength)

    def width(self, wavelength: Wavelengths) -> Float[Array, " n"]:
        waves = in_angstrom(wavelength)
        return waves / at(waves, self.power, self.wavelength)


def as_lsf(value: Any) -> AbstractLSF | None:
    """A line-spread function, from one or from a width in A; None stays."""
    return value if value is None or isinstance(value, AbstractLSF) else LSF(value)
