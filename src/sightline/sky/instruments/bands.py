"""The bands of an instrument: frequencies, depths, beams and responses, and the noise of a pixel."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, is_concrete, setting
from ..._core.units import strip_unit
from ..brightness import per_kelvin
from ..geometry import HealpixSky
from ..stokes import to_frequency
from .band import Bandpass

_ARCMIN2 = (180 * 60 / np.pi) ** 2  # of 1 sr


class Nodes(eqx.Module):
    """Frequencies that bands are made of.

    - `nominal`: (bands,) GHz.
    - `frequency`: (bands, nodes) GHz; `share`: (bands, nodes), K_CMB in the band of 1 K_RJ at the node. Bands of fewer
      nodes are filled up with nodes of share 0.
    """

    nominal: Float[Array, "*bands"]
    frequency: Float[Array, "*bands nodes"]
    share: Float[Array, "*bands nodes"]


class Bands(Module):
    """The bands of an instrument, of the same sky.

    **Arguments:**

    - `frequency`: (bands,) GHz, nominal.
    - `depth`: (bands,) uK_CMB arcmin, the noise of Q and of U of a pixel of 1 arcmin^2; that of I is depth/sqrt(2).
      A number is that of all bands.
    - `fwhm`: (bands,) deg, full width at half maximum of the beams, or `None`.
    - `bandpasses`: one `Bandpass` a band, `None` among them for a band of its nominal frequency alone, their nominal
      frequencies those of the bands. A mixing matrix has derivatives by their weights; a `SpectralLikelihood`, whose
      data were converted with them, holds them.

    **Raises:** `ValueError` for frequencies, depths or widths that are not positive, lists of different lengths, or a
    bandpass with another nominal frequency; `TypeError` for what is no bandpass.

    !!! example
        >>> bands = sl.instruments.Bands(frequency=[40.0, 140.0, 402.0], depth=[37.42, 4.79, 47.45])
        >>> bands.sigma(sl.HealpixSky(nside=16), "QU").shape
        (2, 3)
    """

    frequency: tuple[float, ...] = setting(unit="GHz", positive=True)
    depth: tuple[float, ...] = setting(unit="uK arcmin", positive=True)
    fwhm: tuple[float, ...] | None = setting(None, unit="deg", positive=True)
    bandpasses: tuple[Bandpass | None, ...] | None = None

    def __init__(self, frequency: Any, depth: Any, fwhm: Any = None, bandpasses: Any = None):
        self.frequency = _listed(frequency, "GHz", "Bands.frequency")
        self.depth = _listed(depth, "uK arcmin", "Bands.depth", len(self.frequency))
        self.fwhm = None if fwhm is None else _listed(fwhm, "deg", "Bands.fwhm", len(self.frequency))
        passes = (bandpasses,) if isinstance(bandpasses, Bandpass) else bandpasses
        self.bandpasses = None if passes is None else tuple(passes)

    def __check_init__(self) -> None:
        for name in ("depth", "fwhm", "bandpasses"):
            found = getattr(self, name)
            if found is not None and len(found) != len(self.frequency):
                raise ValueError(
                    f"Bands.{name} has {len(found)} entries, frequency has {len(self.frequency)}: give one a band."
                )
        for nominal, band in zip(self.frequency, self.bandpasses or (), strict=False):
            _check_bandpass(band, nominal)

    def __len__(self) -> int:
        """Number of bands."""
        return len(self.frequency)

    def sigma(self, sky: HealpixSky, parameters: str) -> Float[Array, "k bands"]:
        """Standard deviation of the noise of a pixel, (k, bands) K_CMB: depth/sqrt(solid angle), I: over sqrt(2).

        **Arguments:** `sky`: whose pixels; `parameters`: some of `"IQU"`.

        **Raises:** `ValueError` for other parameters; `TypeError` for another sky.
        """
        if not isinstance(sky, HealpixSky):
            raise TypeError(
                f"Bands.sigma: sky is a {type(sky).__name__}: give a sl.HealpixSky, whose pixels are alike."
            )
        if not parameters or set(parameters) - set("IQU") or len(set(parameters)) < len(parameters):
            raise ValueError(f"Bands.sigma: parameters = {parameters!r}: name some of 'IQU', each once.")
        pixel = np.sqrt(4 * np.pi / (12 * sky.nside**2) * _ARCMIN2)
        polarised = 1e-6 * np.asarray(self.depth) / pixel
        return jnp.asarray([polarised / np.sqrt(2 if one == "I" else 1) for one in parameters], default_float())

    def kelvin(self, unit: str) -> np.ndarray:
        """K_CMB of a brightness of 1 `unit` in each band, (bands,): where there is a bandpass, as its means convert.

        int w (dI_nu/d unit) d nu / int w (dI_nu/d K_CMB) d nu, which is what a map of the band needs, whatever the
        spectrum of the sky.

        **Arguments:** `unit`: a brightness, as of `sl.Stokes`.
        """
        bands = self.bandpasses or (None,) * len(self)
        return np.array([_kelvin(unit, nominal, band) for nominal, band in zip(self.frequency, bands, strict=True)])

    def nodes(self) -> Nodes:
        """The frequencies that the bands are made of, and what each adds to the band."""
        bands = self.bandpasses or (None,) * len(self)
        most = max(1 if band is None else len(band.frequency) for band in bands)
        rows = [_row(nominal, band, most) for nominal, band in zip(self.frequency, bands, strict=True)]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)


def nodes_of(bands: Any) -> Nodes:
    """The nodes of `Bands`, or of frequencies, (bands,) GHz, alone.

    **Raises:** `ValueError` for frequencies that are not positive or no list.
    """
    if isinstance(bands, Bands):
        return bands.nodes()
    frequency = to_frequency(bands)
    if frequency.ndim != 1 or not frequency.size:
        raise ValueError(f"bands must be sl.instruments.Bands or frequencies [GHz], (bands,), not {bands!r}.")
    return Nodes(frequency, frequency[:, None], _exact(frequency)[:, None])


def _exact(frequency: Any) -> Array:
    """K_CMB of 1 K_RJ in double precision, rounded once: of known frequencies."""
    known = np.asarray(frequency, np.float64) if is_concrete(frequency) else frequency
    return jnp.asarray(per_kelvin("K_CMB", known), default_float())


def _kelvin(unit: str, nominal: float, band: Bandpass | None) -> float:
    if band is None:
        return float(per_kelvin("K_CMB", nominal) / per_kelvin(unit, nominal))
    return float(jnp.sum(band.share("K_CMB")) / jnp.sum(band.share(unit)))


def _row(nominal: float, band: Bandpass | None, most: int) -> Nodes:
    """One band with `most` nodes."""
    at = jnp.asarray(nominal, default_float())
    frequency = at[None] if band is None else jnp.asarray(band.frequency, default_float())
    share = _exact(nominal)[None] if band is None else band.share("K_CMB") * per_kelvin("MJy/sr", frequency)
    more = (0, most - frequency.size)
    return Nodes(at, jnp.pad(frequency, more, mode="edge"), jnp.pad(share, more))


def _listed(values: Any, unit: str, name: str, size: int | None = None) -> Any:
    found = np.asarray(strip_unit(values, unit, name), np.float64)
    if found.ndim == 0:
        found = np.full(size or 1, found)
    if found.ndim != 1 or not found.size:
        raise ValueError(f"{name} has shape {found.shape}: give one number a band, (bands,).")
    return tuple(found.tolist())


def _check_bandpass(band: Any, nominal: float) -> None:
    if band is None:
        return
    if not isinstance(band, Bandpass):
        raise TypeError(f"Bands.bandpasses holds {band!r}: give a sl.instruments.Bandpass or None for each band.")
    if not np.isclose(band.nominal, nominal, rtol=1e-6):
        raise ValueError(
            f"Bands.bandpasses: one is labelled {band.nominal:g} GHz, its band {nominal:g} GHz: give the bandpasses in "
            "the order of frequency, with nominal= those."
        )
