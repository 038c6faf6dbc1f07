"""A cube of spectra that knows its channels, its spaxels and its variance."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._core.constants import SPEED_OF_LIGHT
from ..._core.module import default_float, is_concrete
from ..._core.units import number, numbers, strip_unit
from .axis import as_wavelengths
from .channels import Channels

UNIT = "erg s-1 cm-2 Angstrom-1"
"""Of the flux of a spaxel, times the scale of its cube."""


def _to_array(values: Any, unit: str, name: str) -> Any:
    if values is None or isinstance(values, (jax.Array, jax.ShapeDtypeStruct)) or not is_concrete(values):
        return values
    found = numbers(values, unit, name)
    if name == "variance":
        check_normal(found, default_float())
    return jnp.asarray(found, default_float())


def check_normal(variance: np.ndarray, dtype: Any) -> None:
    """Refuses variances that are no normal numbers in a precision, where they would lose digits or be 0.

    **Raises:** `ValueError`.
    """
    lost = (variance > 0) & (variance < float(jnp.finfo(dtype).tiny))
    if np.any(lost):
        raise ValueError(f"variance: {int(lost.sum())} of {lost.size} are too small for {np.dtype(dtype)}: {_CURE}")


_CURE = (
    "say flux and variance in a smaller unit, SpectralCube(1e20 * flux, channels, plane, 1e40 * variance, scale=1e-20) "
    "or cube.rescaled(1e-20), or work in double precision, jax.config.update('jax_enable_x64', True)."
)


class SpectralCube(eqx.Module):
    """Spectra of spaxels: mean flux densities in channels.

    **Arguments:**

    - `flux`: (channels, spaxels), erg s-1 cm-2 A-1 times the scale, spaxels row by row: `cube.image` is an image.
    - `channels`: `sl.cubes.Channels`.
    - `plane`: the spaxels, e.g. `sl.cubes.Spaxels`.
    - `variance`: of the flux, in its unit squared, (channels, spaxels), where it is known; inf leaves a datum out.
    - `scale`: the unit of the flux, a number, erg s-1 cm-2 A-1: 1e-20 keeps squares of faint ones in single precision.

    **Raises:** `ValueError` for shapes that do not fit, a scale that is not positive, and a variance that is negative
    or too small for the precision; `TypeError` for channels that are none.

    !!! example
        >>> plane = sl.cubes.Spaxels((2, 3), spaxel=0.5)
        >>> cube = sl.SpectralCube(np.ones((4, 6)), sl.cubes.Channels.regular(5000.0, 2.0, 4), plane)
        >>> cube.image.shape, cube.integrate(5001.0, 5004.0).tolist()[0]
        ((4, 2, 3), 3.0)
    """

    flux: Float[Array, "channels spaxels"]
    channels: Channels
    plane: Any = eqx.field(static=True)
    variance: Float[Array, "channels spaxels"] | None
    scale: float = eqx.field(static=True)

    def __init__(self, flux: Any, channels: Channels, plane: Any, variance: Any = None, scale: Any = 1.0):
        self.scale = checked_scale(scale)
        self.flux = _to_array(flux, self.unit, "flux")
        self.channels, self.plane = channels, plane
        square = "" if self.scale == 1 else f"{self.scale**2!r} "
        self.variance = _to_array(variance, f"{square}erg2 s-2 cm-4 Angstrom-2", "variance")

    def __check_init__(self) -> None:
        if not isinstance(self.channels, Channels):
            raise TypeError(f"channels is {self.channels!r}: give sl.cubes.Channels(edges).")
        wanted = (len(self.channels), int(np.prod(self.plane.shape)))
        for name in ("flux", "variance"):
            value = getattr(self, name)
            if value is not None and np.shape(value) != wanted:
                raise ValueError(f"{name} has shape {np.shape(value)}, not (channels, spaxels) = {wanted}.")
        if isinstance(self.variance, jax.Array) and is_concrete(self.variance):
            _check_signs(np.asarray(self.variance))
            check_normal(np.asarray(self.variance), self.variance.dtype)

    @property
    def unit(self) -> str:
        """Of the flux, as astropy writes it."""
        return UNIT if self.scale == 1 else f"{self.scale!r} {UNIT}"

    def rescaled(self, scale: Any) -> "SpectralCube":
        """The same cube with its flux in another unit.

        **Arguments:** `scale`: the unit, erg s-1 cm-2 A-1, e.g. 1e-20.

        **Raises:** as `SpectralCube`.
        """
        size = checked_scale(scale)
        found = self * (self.scale / size)
        return SpectralCube(found.flux, self.channels, self.plane, found.variance, size)

    @property
    def image(self) -> Float[Array, "channels rows columns"]:
        """The flux as images, (channels, rows, columns)."""
        return self.flux.reshape(-1, *self.plane.shape)

    @property
    def wavelength(self) -> np.ndarray:
        """Middles of the channels, (channels,), A."""
        return self.channels.centres

    def integrate(self, low: Any, high: Any) -> Float[Array, " spaxels"]:
        """The flux between two wavelengths, (spaxels,), erg s-1 cm-2: channels count by the part that is inside.

        NaN where a datum inside is left out: its flux or variance is not finite, or the variance not positive.

        **Arguments:** `low`, `high`: A.

        **Raises:** `ValueError` for a band that is not within the channels.
        """
        first, last = as_wavelengths([strip_unit(low, "Angstrom", "low"), strip_unit(high, "Angstrom", "high")], "low")
        overlap = self._overlap(np.array([first, last]))[0]
        return self.scale * _summed(overlap, jnp.where(self._known, self.flux, jnp.nan), jnp.nan)

    @property
    def _known(self) -> Bool[Array, "channels spaxels"]:
        """Where the flux is finite and the variance, if there is one, positive, too: other data are left out."""
        finite = jnp.isfinite(self.flux)
        return finite if self.variance is None else finite & jnp.isfinite(self.variance) & (self.variance > 0)

    def rebin(self, edges: Any) -> "SpectralCube":
        """The cube in other channels: data are means, so that what overlaps is averaged.

        New channels that hold a datum which is left out are left out, and no others.

        **Arguments:** `edges`: (n + 1,), A, within the channels.

        **Raises:** `ValueError` for edges beyond the channels, and for a variance with channels that are shared: errors
        would then be correlated.
        """
        ends = as_wavelengths(edges, "edges")
        overlap = self._overlap(ends)
        part = overlap / np.diff(ends)[:, None]
        if self.variance is not None and np.any(np.sum(overlap > 0, axis=0) > 1):
            raise ValueError(
                "edges cut channels in two, whose errors two new channels would share: choose edges among "
                "cube.channels.edges, or drop the variance, dataclasses.replace(cube, variance=None)."
            )
        variance = None
        if self.variance is not None:
            variance = _summed(part**2, jnp.where(self._known, self.variance, jnp.inf), jnp.inf)
            _check_kept(variance, True)
        flux = _summed(part, jnp.where(self._known, self.flux, jnp.nan), jnp.nan)
        return SpectralCube(flux, Channels(ends, self.channels.medium), self.plane, variance, self.scale)

    def _overlap(self, ends: np.ndarray) -> np.ndarray:
        """How many Angstrom each channel has in each band, (bands, channels)."""
        edges, room = self.channels.edges, 1e-9 * ends[-1]
        if ends[0] < edges[0] - room or ends[-1] > edges[-1] + room:
            raise ValueError(
                f"{ends[0]:g} ... {ends[-1]:g} A reach beyond the channels, {edges[0]:g} ... {edges[-1]:g} A."
            )
        shared = np.minimum(ends[1:, None], edges[1:]) - np.maximum(ends[:-1, None], edges[:-1])
        return np.where(shared > 1e-8 * np.diff(edges), shared, 0)  # less is rounding of edges that are the same

    def moments(self, low: Any, high: Any, rest: Any) -> tuple[Array, Array, Array]:
        """Flux, mean velocity and dispersion of what is between two wavelengths, (spaxels,) each.

        v = c (lambda/rest - 1), weighted by flux: a line stands on no continuum here, subtract it first. Of a channel
        that is partly inside lambda is the middle of that part. Data that are left out, as in `integrate`, do not
        count, so that the flux is of the others.

        **Arguments:** `low`, `high`: A; `rest`: the wavelength of velocity 0, as it is observed, A.

        **Returns:** erg s-1 cm-2, km/s and km/s; 0 velocity and dispersion where there is no flux.
        """
        ends = as_wavelengths([strip_unit(low, "Angstrom", "low"), strip_unit(high, "Angstrom", "high")], "low")
        zero = float(as_wavelengths([strip_unit(rest, "Angstrom", "rest")], "rest", 1)[0])
        part = jnp.asarray(self._overlap(ends)[0], self.flux.dtype)[:, None] * jnp.where(self._known, self.flux, 0)
        middles = 0.5 * np.sum(np.clip([self.channels.edges[:-1], self.channels.edges[1:]], *ends), axis=0)
        velocity = jnp.asarray(1e-5 * SPEED_OF_LIGHT * (middles / zero - 1), self.flux.dtype)
        total = jnp.sum(part, axis=0)
        divisor = jnp.where(total == 0, 1, total)
        mean = velocity @ part / divisor
        spread = jnp.sum(part * (velocity[:, None] - mean[None]) ** 2, axis=0) / divisor
        positive = spread > 0
        return self.scale * total, mean, jnp.where(positive, jnp.sqrt(jnp.where(positive, spread, 1)), 0)

    def __getitem__(self, index: Any) -> "SpectralCube":
        part = self.channels[index]
        variance = None if self.variance is None else self.variance[index]
        return SpectralCube(self.flux[index], part, self.plane, variance, self.scale)

    def __add__(self, other: "SpectralCube") -> "SpectralCube":
        _check_alike(self, other)
        other = other.rescaled(self.scale)
        known = self.variance is not None and other.variance is not None
        variance = self.variance + other.variance if known else None  # pyright: ignore
        if not known and (self.variance is not None or other.variance is not None):
            variance = self.variance if other.variance is None else other.variance
        return SpectralCube(self.flux + other.flux, self.channels, self.plane, variance, self.scale)

    def __radd__(self, other: Any) -> "SpectralCube":
        if isinstance(other, int) and other == 0:  # where Python's `sum` begins
            return self
        return self.__add__(other)

    def __neg__(self) -> "SpectralCube":
        return self.replace(flux=-self.flux)

    def __sub__(self, other: "SpectralCube") -> "SpectralCube":
        _check_alike(self, other)
        return self + -other

    def __mul__(self, factor: Any) -> "SpectralCube":
        if self.variance is None:
            return self.replace(flux=self.flux * factor)
        variance = self.variance * factor * factor  # one by one: the square may be no number of single precision
        _check_kept(variance, (self.variance > 0) & (factor != 0))
        return self.replace(flux=self.flux * factor, variance=variance)

    __rmul__ = __mul__
    __array_ufunc__ = None  # NumPy and astropy leave products to __rmul__

    def __truediv__(self, divisor: Any) -> "SpectralCube":
        return self * (1 / divisor)

    def replace(self, **values: Any) -> "SpectralCube":
        """The same with other fields, e.g. `variance=None`."""
        return dataclasses.replace(self, **values)


def checked_scale(scale: Any) -> float:
    """The unit of a flux, erg s-1 cm-2 A-1.

    **Raises:** `ValueError` for one that is not positive.
    """
    size = number(scale, UNIT, "scale")
    if not 0 < size < np.inf:
        raise ValueError(f"scale = {scale} must be a positive number [erg s-1 cm-2 Angstrom-1].")
    return size


def _check_signs(variance: np.ndarray) -> None:
    bad = int(np.sum(variance < 0))
    if bad:
        raise ValueError(f"variance: {bad} of {variance.size} are negative: make those inf that are to be left out.")


def _check_kept(variance: Array, positive: Any) -> None:
    """Refuses variances that are 0 and should be positive, where they are known: XLA takes what is tiny for 0."""
    if is_concrete(variance) and is_concrete(positive) and np.any((np.asarray(variance) == 0) & np.asarray(positive)):
        raise ValueError(f"variance: the smallest is too small for {variance.dtype}: {_CURE}")


def _summed(weights: np.ndarray, values: Array, lost: float) -> Array:
    """Sums over channels, `lost` where one that counts is not finite: weight 0 leaves it out."""
    finite = jnp.isfinite(values)
    found = jnp.asarray(weights, values.dtype) @ jnp.where(finite, values, 0)
    missed = jnp.asarray(weights > 0, values.dtype) @ jnp.where(finite, 0, 1).astype(values.dtype)
    return jnp.where(missed > 0, lost, found)


def _check_alike(first: SpectralCube, second: Any) -> None:
    if not isinstance(second, SpectralCube):
        raise TypeError(f"A SpectralCube adds to another one, not to {type(second).__name__}.")
    if first.channels != second.channels or first.plane != second.plane:
        raise ValueError("The cubes have other channels or spaxels: rebin one of them first, cube.rebin(edges).")
