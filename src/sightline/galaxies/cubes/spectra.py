"""Observed spectra side by side: of bins, fibres or apertures, which have no image."""

import dataclasses
from typing import Any

import numpy as np

from ..._core.units import numbers
from .channels import Channels

UNUSABLE = "flux or variance not finite"
MASKED = "masked"


class MaskWarning(UserWarning):
    """A mask leaves out more than half of the data: its true and false may mean the opposite."""


@dataclasses.dataclass(frozen=True, eq=False)
class Spectra:
    """One spectrum or many in the same channels: data, nothing of them is learnt.

    **Arguments:**

    - `flux`: (*batch, channels), any unit; means over the channels.
    - `channels`: a `Channels`.
    - `variance`: of the flux, in its shape and its unit squared; where it is infinite or NaN, as where the flux is NaN,
      a datum is left out.
    - `mask`: in the shape of the flux, true where a datum is left out.
    - `fwhm`: of the instrument before channels of width D average, A as observed: one number, (channels,), or in the
      shape of the flux. Of recorded lines, of width w, it is sqrt(w^2 - (2.3548 D)^2/12).
    - `redshift`: one number or (*batch,), where it is known.
    - `unit`: of the flux, in words.

    **Raises:** `ValueError` for shapes that do not fit, and variances that are 0 or negative.

    !!! example
        >>> import numpy as np
        >>> channels = sl.cubes.Channels.regular(4800.0, 1.25, 3)
        >>> data = sl.cubes.Spectra([1.0, 1.1, np.nan], channels, variance=[0.01, 0.01, 0.01])
        >>> len(channels), int(data.kept.sum()), data.left_out
        (3, 2, {'flux or variance not finite': 1, 'masked': 0})
    """

    flux: np.ndarray
    channels: Channels
    variance: np.ndarray | None = None
    mask: np.ndarray | None = None
    fwhm: np.ndarray | None = None
    redshift: np.ndarray | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        flux = numbers(self.flux, None, "flux")
        if flux.shape[-1:] != (len(self.channels),):
            raise ValueError(f"flux has shape {flux.shape}: its last axis must be the {len(self.channels)} channels.")
        self._keep("flux", flux)
        self._keep("variance", _shaped(self.variance, None, "variance", flux.shape))
        self._keep("mask", None if self.mask is None else _mask(self.mask, flux.shape))
        self._keep("fwhm", None if self.fwhm is None else numbers(self.fwhm, "Angstrom", "fwhm"))
        self._keep("redshift", None if self.redshift is None else numbers(self.redshift, "", "redshift"))
        bad = 0 if self.variance is None else int(np.sum(self.variance <= 0))
        if bad:
            raise ValueError(
                f"variance: {bad} of {flux.size} are 0 or negative: make those infinite whose data are to be left out."
            )

    def _keep(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the batch."""
        return self.flux.shape[:-1]

    @property
    def usable(self) -> np.ndarray:
        """Where flux and variance are numbers."""
        return np.isfinite(self.flux) & (True if self.variance is None else np.isfinite(self.variance))

    @property
    def kept(self) -> np.ndarray:
        """Where data are used, in the shape of the flux."""
        return self.usable if self.mask is None else self.usable & ~self.mask

    @property
    def left_out(self) -> dict[str, int]:
        """How many data are left out, and why."""
        unusable = int(np.sum(~self.usable))
        return {UNUSABLE: unusable, MASKED: self.flux.size - unusable - int(np.sum(self.kept))}

    def __getitem__(self, index: Any) -> "Spectra":
        """Some of the spectra."""
        whole = np.broadcast_to

        def of(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[index]

        fwhm = self.fwhm if self.fwhm is None or self.fwhm.ndim < self.flux.ndim else self.fwhm[index]
        redshift = None if self.redshift is None else whole(self.redshift, self.shape)[index]
        parts = self.flux[index], self.channels, of(self.variance), of(self.mask)
        return Spectra(*parts, fwhm=fwhm, redshift=redshift, unit=self.unit)

    def __repr__(self) -> str:
        out = ", ".join(f"{count} {why}" for why, count in self.left_out.items() if count)
        return f"Spectra(shape={self.shape}, channels={len(self.channels)}, left out: {out or 'none'})"


def _shaped(values: Any, unit: str | None, name: str, shape: tuple[int, ...]) -> np.ndarray | None:
    if values is None:
        return None
    found = numbers(values, unit, name)
    if found.shape != shape:
        raise ValueError(f"{name} has shape {found.shape}, the flux {shape}: give one a datum.")
    return found


def _mask(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.asarray(values)
    if found.dtype.kind not in "biu" or found.shape != shape:
        raise ValueError(
            f"mask of {found.dtype}, shape {found.shape}: give one true or false a datum, in shape {shape}."
        )
    return found != 0
