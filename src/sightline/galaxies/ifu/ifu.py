"""An integral-field unit: channels, resolution, spaxels, point-spread function."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.contracts import AbstractDevice
from ..._core.module import is_concrete
from ..._core.safe import safe_sqrt
from ..._core.units import number
from ..cubes.assignment import WAYS, Assignment, assign
from ..cubes.channels import Channels, at_rest
from ..cubes.spaxels import Spaxels
from ..cubes.spectral_cube import SpectralCube
from ..cubes.spline import REACH
from ..cubes.templates import Templates, plain_templates, smooth_templates
from ..populations import Library
from .aperture import AbstractAperture
from .lsf import AbstractLSF, as_lsf
from .psf import AbstractPSF
from .widths import FWHM

_ROOM = 1.5  # how much wider than at construction a line-spread or point-spread function may become
_TRACED = "IFU: {0} is traced, and {1} depends on its value: {2}build the IFU before and change it by eqx.tree_at."
FASTEST = 0.05
"""Speed, of that of light, up to which stars are followed: so much more of a library is kept than channels see."""


class IFU(AbstractDevice):
    """An integral-field unit: a spectrograph with channels and a resolution behind square spaxels.

    **Arguments:**

    - `shape`: rows (north) and columns (east) of spaxels; `spaxel`: side of one, arcsec.
    - `channels`: `sl.cubes.Channels`.
    - `lsf`: line-spread function before channels average, one of `sl.cubes`, or a full width at half maximum, A, see
      `sl.cubes.LSF` for that of recorded lines; None: that of the library. The library's own resolution is subtracted.
      What is fitted of it may grow by half.
    - `psf`: point-spread function, one of `sl.cubes`; None: none.
    - `assignment`: of particles to spaxels, `"nearest"`, `"cloud"` or `"gaussian"`; see `sl.cubes.assign`.
    - `aperture`: which spaxels are seen; those outside are 0.
    - `margin`: how far around the field light is followed, arcsec; None: as far as the point-spread function needs. A
      point-spread function that becomes so wide in a fit that it needs half as much again has fluxes of NaN, since
      light of the surroundings would be missing: give the margin of the widest, `psf.reach(channels.centres)` of it.

    **Raises:** `TypeError` for channels, functions or an aperture that are none; `ValueError` for another assignment,
    a margin that is narrower than the point-spread function, and widths that have no value yet.

    !!! example
        >>> ifu = sl.cubes.IFU((4, 6), spaxel=0.5, channels=sl.cubes.Channels.regular(5000.0, 2.0, 300), lsf=2.5)
        >>> ifu.plane.size
        24
    """

    plane: Spaxels = eqx.field(static=True)
    channels: Channels = eqx.field(static=True)
    lsf: AbstractLSF | None
    psf: AbstractPSF | None
    assignment: str = eqx.field(static=True)
    aperture: AbstractAperture | None
    margin: float = eqx.field(static=True)
    widest: float = eqx.field(static=True)

    def __init__(
        self,
        shape: Any,
        spaxel: Any,
        channels: Channels,
        lsf: Any = None,
        psf: AbstractPSF | None = None,
        assignment: str = "nearest",
        aperture: AbstractAperture | None = None,
        margin: Any = None,
    ):
        if not isinstance(channels, Channels):
            raise TypeError(f"IFU: channels is {channels!r}: give sl.cubes.Channels(edges).")
        self.plane, self.channels = Spaxels(shape, spaxel), channels
        self.lsf, self.psf, self.assignment, self.aperture = as_lsf(lsf), psf, assignment, aperture
        self._check_kinds()
        self.margin = self._needed() if margin is None else number(margin, "arcsec", "margin")
        self.widest = 0.0 if self.lsf is None else _ROOM * self._width()

    def _check_kinds(self) -> None:
        kinds = {"lsf": AbstractLSF, "psf": AbstractPSF, "aperture": AbstractAperture}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise TypeError(f"IFU: {name} is a {type(value).__name__}, not a {kind.__name__} of sl.cubes.")

    def __check_init__(self) -> None:
        if self.assignment not in WAYS:
            raise ValueError(f"IFU: assignment = {self.assignment!r}: choose one of {', '.join(map(repr, WAYS))}.")
        if self._known() and self.margin < self._needed() * (1 - 1e-6):
            raise ValueError(
                f"IFU: margin = {self.margin:g} arcsec: the point-spread function reaches {self._needed():g} arcsec, "
                "from where light enters the field. Leave margin out, or make it as large."
            )

    def _known(self) -> bool:
        return all(map(is_concrete, jax.tree.leaves(self.psf)))

    def _needed(self) -> float:
        """How far light must be followed, arcsec."""
        if self.psf is None:
            return 0.0
        if not self._known():
            raise ValueError(_TRACED.format("psf", "the margin", "give margin= [arcsec], or "))
        with jax.ensure_compile_time_eval():  # instruments are made within compiled functions, too
            return float(self.psf.reach(self.channels.centres))

    def _width(self) -> float:
        assert self.lsf is not None
        if not all(map(is_concrete, jax.tree.leaves(self.lsf))):
            raise ValueError(_TRACED.format("lsf", "how far lines reach", ""))
        with jax.ensure_compile_time_eval():
            return float(np.max(np.asarray(self.lsf.width(jnp.asarray(self.channels.centres)))))

    def _reached(self, images: Array) -> Array:
        """Images, NaN where their surroundings were not followed far enough."""
        assert self.psf is not None
        needed = jax.lax.stop_gradient(jnp.asarray(self.psf.reach(self.channels.centres), images.dtype))
        return jnp.where(needed > _ROOM * self._beyond * self.plane.spaxel * (1 + 1e-6), jnp.nan, images)

    @property
    def field(self) -> Spaxels:
        """The spaxels with those of the margin."""
        return self.plane.padded(self._beyond)

    @property
    def _beyond(self) -> int:
        """Spaxels of the margin on each side."""
        return math.ceil(self.margin / self.plane.spaxel - 1e-9)

    def assigned(self, east: Array, north: Array, length: Array | None) -> Assignment:
        """Shares of emitters on the spaxels of the field with its margin; offsets and lengths in arcsec."""
        return assign(east, north, self.field, self.assignment, length)

    def templates(self, library: Library, redshift: float) -> Templates:
        """The spectra of a library as this spectrograph sees them, at a redshift.

        Of the library what the channels may see is used: with room for the line-spread function and 15 000 km/s. Where
        it ends before that, its last values are continued, so that nothing gets darker there.

        **Raises:** `ValueError` for channels beyond the library, and an instrument sharper than it.
        """
        points = at_rest(self.channels, redshift, library.medium)
        spectra = library.nodes.reshape(-1, len(library.wavelength))
        _check_range(library.wavelength, spectra, points, redshift)
        room = REACH * self.widest / FWHM / (1 + redshift)
        wave, spectra = _cut(library.wavelength, spectra, *_seen(points, room))
        if self.lsf is None:
            return plain_templates(wave, spectra, points)
        lsf, width, stretch = self.lsf, library.fwhm, 1 + redshift
        lsf.added(self.channels.centres, width, redshift)  # what is refused is counted in channels

        def sigma(rest: np.ndarray) -> Array:
            """Beyond the channels, where it need not be wider than the library, nothing is refused."""
            seen = lsf.added(np.clip(rest, points[0], points[-1]) * stretch, width, redshift)
            own, known = lsf.optical(jnp.asarray(rest * stretch, seen.dtype)), width * stretch
            beyond = safe_sqrt(jnp.maximum((own - known) * (own + known), 0)) / FWHM
            inside = jnp.asarray((rest >= points[0]) & (rest <= points[-1]))
            return jnp.where(inside, seen, beyond) / stretch

        return smooth_templates(wave, spectra, points, sigma, self.widest / FWHM / (1 + redshift))

    def __call__(self, prediction: SpectralCube) -> SpectralCube:
        """What is measured of the light on the field with its margin: smeared, cut to the field, and what is seen."""
        images = prediction.image
        if self.psf is not None:
            wavelength = jnp.asarray(self.channels.centres, images.dtype)
            images = self._reached(self.psf(images, wavelength, self.plane.spaxel))
        first = [(wide - own) // 2 for wide, own in zip(self.field.shape, self.plane.shape, strict=True)]
        rows, columns = self.plane.shape
        images = images[:, first[0] : first[0] + rows, first[1] : first[1] + columns]
        flux = images.reshape(len(self.channels), -1)
        if self.aperture is not None:
            flux = jnp.where(self.aperture.inside(*self.plane.offsets()), flux, 0)
        return SpectralCube(flux, self.channels, self.plane, scale=prediction.scale)


def _check_range(wave: np.ndarray, spectra: np.ndarray, points: np.ndarray, redshift: float) -> None:
    """Refuses channels where the library is not known: it may end with light of 0, as a line does."""
    scale = 1e-6 * np.max(spectra)
    below = points[0] < wave[0] and np.max(spectra[:, 0]) > scale
    above = points[-1] > wave[-1] and np.max(spectra[:, -1]) > scale
    if below or above:
        low, high = wave[[0, -1]] * (1 + redshift)
        raise ValueError(
            f"The channels, {points[0] * (1 + redshift):.6g} ... {points[-1] * (1 + redshift):.6g} A, reach beyond the "
            f"library, which is known from {low:.6g} to {high:.6g} A at z = {redshift:g}: take the channels within, "
            "channels[first:last], or another library."
        )


def _seen(points: np.ndarray, room: float) -> tuple[float, float]:
    """The first and the last wavelength at rest that channels may see, A."""
    return (1 - FASTEST) * points[0] - room, (1 + FASTEST) * points[-1] + room


def _cut(wave: np.ndarray, spectra: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Spectra from `low` to `high`, beyond their ends in steps of the last, constant."""
    first, last = np.searchsorted(wave, low, side="right") - 1, np.searchsorted(wave, high) + 1
    kept = slice(min(max(first, 0), len(wave) - 2), max(last, 2))
    wave, spectra = wave[kept], spectra[:, kept]
    steps = wave[1] - wave[0], wave[-1] - wave[-2]
    before, after = math.ceil((wave[0] - low) / steps[0]), math.ceil((high - wave[-1]) / steps[1])
    counts = max(before, 0), max(after, 0)
    below, above = wave[0] - steps[0] * np.arange(counts[0], 0, -1), wave[-1] + steps[1] * np.arange(1, counts[1] + 1)
    return np.concatenate([below, wave, above]), np.pad(spectra, ((0, 0), counts), mode="edge")
