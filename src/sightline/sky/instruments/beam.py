"""Beams of the full sky, applied to spherical harmonics."""

import abc
import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import is_concrete, param, setting
from ..geometry import HealpixSky
from ..harmonics.synthesis import Synthesis, packed_degrees, ring_order
from ..pixels import check_pixels
from ..stokes import Stokes, is_blank
from .base import AbstractInstrument
from .calibration import calibrate

Windows = tuple[Float[Array, " degrees"], Float[Array, " degrees"]]


class AbstractBeam(AbstractInstrument):
    """A beam that is the same everywhere and in all directions: a_lm -> B_l a_lm, then gain and zero level.

    I and V are smoothed with the window of intensity, Q and U as a field of spin 2 with that of polarisation, in either
    convention. The a_lm come from sums over the pixels, improved `iterations` times, as in healpy.smoothing; degrees
    beyond 3 nside - 1, which pixels do not hold, are left out; the pixel window is not included. The computation runs
    on the host. Every a_lm needs every pixel: maps with blank ones are for `NeighbourBeam`.

    !!! example
        >>> issubclass(sl.GaussianBeam, sl.instruments.AbstractBeam)
        True
    """

    gain: eqx.AbstractVar[Float[Array, ""]]
    offset: eqx.AbstractVar[Float[Array, ""]]
    lmax: eqx.AbstractVar[int | None]
    iterations: eqx.AbstractVar[int]

    @abc.abstractmethod
    def windows(self, lmax: int) -> Windows:
        """B_l of intensity and of polarisation, (lmax + 1,) each."""

    def __call__(self, stokes: Stokes) -> Stokes:
        """The smoothed sky.

        **Raises:** `ValueError` for anything but a full HEALPix sky, or for blank pixels.
        """
        sky = stokes.sky
        if not isinstance(sky, HealpixSky) or sky.pixels is not None:
            raise ValueError(
                f"{type(self).__name__} needs a full sl.HealpixSky, not {type(sky).__name__}: simulate the full sky, "
                "smooth it, and choose pixels afterwards (sl.instruments.Mask)."
            )
        check_pixels(stokes, type(self).__name__)
        _check_blank(stokes, type(self).__name__)
        given, stokes = stokes.convention, stokes.to_convention("COSMO")  # that of the harmonics
        lmax = 3 * sky.nside - 1 if self.lmax is None else min(self.lmax, 3 * sky.nside - 1)
        intensity, polarised = (window[: lmax + 1] for window in self.windows(lmax))

        def over(maps: Float[Array, "*batch maps npix"], window: Float[Array, " degrees"]) -> Array:
            flat = maps.reshape(-1, *maps.shape[-2:])
            return jax.vmap(lambda one: _smooth(one, window, sky, lmax, self.iterations))(flat).reshape(maps.shape)

        scalars = [over(part[..., None, :], intensity)[..., 0, :] for part in (stokes.I, stokes.V) if part is not None]
        q, u = jnp.unstack(over(jnp.stack([stokes.Q, stokes.U], axis=-2), polarised), axis=-2)
        v = scalars[1] if stokes.V is not None else None
        seen = dataclasses.replace(stokes, I=scalars[0], Q=q, U=u, V=v).to_convention(given)
        return calibrate(seen, self.gain, self.offset)


class GaussianBeam(AbstractBeam):
    """A Gaussian beam: B_l = exp(-l (l + 1) s^2/2), for polarisation exp(-(l (l + 1) - 4) s^2/2), s = fwhm/2.3548.

    **Arguments:**

    - `fwhm`: full width at half maximum, deg; learnable.
    - `gain`, `offset`: as `sl.instruments.Calibration`.
    - `lmax`: largest l, 3 nside - 1 by default; `iterations`: of the analysis.

    **Raises:** `ValueError` for a width that is not positive.

    **Source:** Challinor et al. 2000, Phys. Rev. D 62, 123002, for the window of polarisation.

    !!! example
        >>> smoothed = sl.GaussianBeam(fwhm=7.0)(stokes)
    """

    fwhm: Float[Array, ""] = param(unit="deg", positive=True, symbol=r"\theta")
    gain: Float[Array, ""] = param(1.0, symbol="g")
    offset: Float[Array, ""] = param(0.0, symbol="o")
    lmax: int | None = setting(None, bounds=(2, None))
    iterations: int = setting(3, bounds=(0, None))

    def windows(self, lmax: int) -> Windows:
        """See `AbstractBeam`."""
        l = jnp.arange(lmax + 1, dtype=self.fwhm.dtype)
        variance = (jnp.deg2rad(self.fwhm)) ** 2 / (8 * math.log(2))
        intensity = jnp.exp(-0.5 * l * (l + 1) * variance)
        return intensity, jnp.where(l < 2, 0, intensity * jnp.exp(2 * variance))


class HarmonicBeam(AbstractBeam):
    """Any symmetric beam, by its windows.

    **Arguments:**

    - `intensity`, `polarised`: B_l for l = 0, 1, ..., (lmax + 1,) each; learnable.
    - `gain`, `offset`: as `sl.instruments.Calibration`; `iterations`: of the analysis.

    **Raises:** `ValueError` for windows of different lengths or without a degree 2.

    !!! example
        >>> import numpy as np
        >>> window = np.exp(-1e-3 * np.arange(24) * np.arange(1, 25))
        >>> smoothed = sl.instruments.HarmonicBeam(window, polarised=window)(stokes)
    """

    intensity: Float[Array, " degrees"] = param(symbol="B_l")
    polarised: Float[Array, " degrees"] = param(symbol="B_l^P", kw_only=True)
    gain: Float[Array, ""] = param(1.0, symbol="g", kw_only=True)
    offset: Float[Array, ""] = param(0.0, symbol="o", kw_only=True)
    iterations: int = setting(3, bounds=(0, None), kw_only=True)

    def __check_init__(self) -> None:
        if self.intensity.shape != self.polarised.shape or self.intensity.ndim != 1 or self.intensity.size < 3:
            raise ValueError(
                f"HarmonicBeam: intensity and polarised have shapes {self.intensity.shape} and "
                f"{self.polarised.shape}: give B_l of both for the same l = 0, 1, 2, ..."
            )

    @property
    def lmax(self) -> int:
        """The largest l that the windows have."""
        return self.intensity.size - 1

    def windows(self, lmax: int) -> Windows:
        """See `AbstractBeam`."""
        return self.intensity, self.polarised


def _check_blank(stokes: Stokes, who: str) -> None:
    """Refuses blank pixels, each of which would reach every a_lm."""
    maps = [part for part in (stokes.I, stokes.Q, stokes.U, stokes.V) if part is not None]
    if not all(map(is_concrete, maps)):
        return
    blank = np.any([is_blank(np.asarray(part)).reshape(-1, part.shape[-1]).any(axis=0) for part in maps], axis=0)
    if np.any(blank):
        raise ValueError(
            f"{who}: {int(blank.sum())} pixels are blank (NaN or the HEALPix sentinel), and its harmonics need every "
            "one: smooth with sl.instruments.NeighbourBeam, which leaves them out, or fill them first."
        )


def _smooth(
    maps: Float[Array, "maps npix"], window: Float[Array, " degrees"], sky: HealpixSky, lmax: int, iterations: int
) -> Float[Array, "maps npix"]:
    """Maps of spin 0, (1, npix), or 2, (2, npix), with every a_lm multiplied by the window."""
    synthesis = Synthesis(sky.nside, lmax, spin=0 if len(maps) == 1 else 2)
    blank = jax.ShapeDtypeStruct(synthesis.input_shape, maps.dtype)
    to_ring, from_ring = ring_order(sky.nside, sky.nest)

    def analysis(values: Float[Array, "maps npix"]) -> Float[Array, "maps n"]:
        return (4 * math.pi / sky.size) * jax.linear_transpose(synthesis, blank)(values)[0]

    maps = maps[:, from_ring]
    coefficients = analysis(maps)
    for _ in range(iterations):
        coefficients = coefficients + analysis(maps - synthesis(coefficients))
    return synthesis(coefficients * window[None, packed_degrees(lmax)])[:, to_ring]
