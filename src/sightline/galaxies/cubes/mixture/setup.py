"""What all spectra of one redshift and one instrument share: templates, channels, polynomials."""

import dataclasses
from typing import Any

import numpy as np

from ...._core.units import number
from ..channels import Channels, convert
from ..line import FWHM, PLACES
from .problem import LIGHT
from .templates import REACH, Templates, grid_over, sampler, templates_on


@dataclasses.dataclass(frozen=True, eq=False)
class Setup:
    """The library as an instrument sees it at one redshift.

    - `sample`: means over the channels of what is on the grid, (channels, grid.length).
    - `legendre`: (degree, channels), without that of degree 0; `additive`: (additive + 1, channels), with it.
    - `inside`: channels where the library and its margin reach, (channels,).
    """

    templates: Templates
    sample: Any
    legendre: np.ndarray
    additive: np.ndarray
    inside: np.ndarray


def set_up(
    channels: Channels,
    library: Any,
    redshift: float,
    fwhm: np.ndarray | None,
    wanted: np.ndarray,
    reach: float,
    degree: int,
    additive: int,
) -> Setup:
    """The library for channels at a redshift.

    **Arguments:** `fwhm`: (channels,), A as observed, `None`: that of the library; `wanted`: channels that may be
    used; `reach`: of velocities in ln wavelength; `degree`, `additive`: of the polynomials,
    -1 for none.
    """
    edges = convert(channels.edges, channels.medium, "vacuum") / (1 + redshift)
    wave = convert(library.wavelength, library.medium, "vacuum")
    blur = 0.0 if fwhm is None else REACH * float(np.max(fwhm)) / FWHM
    low, high = wave[1] + blur, wave[-2] - blur
    inside = wanted & (edges[:-1] > low * np.exp(reach)) & (edges[1:] < high * np.exp(-reach))
    if not np.any(inside):
        raise ValueError(
            f"redshift = {redshift}: none of the channels, {channels.edges[0]:.0f} to {channels.edges[-1]:.0f} A, lies "
            f"in the library and its margin, {low * np.exp(reach) * (1 + redshift):.0f} to "
            f"{high * np.exp(-reach) * (1 + redshift):.0f} A as observed: check redshift, low and high, and units."
        )
    first, last = np.flatnonzero(inside)[[0, -1]]
    span = edges[first : last + 2]
    grid = grid_over(span, reach, low, high)
    spectra = library.nodes.reshape(-1, len(wave)).astype(np.float64)
    width = 0.0 if fwhm is None else _width(grid.wavelength, channels, fwhm, redshift, float(library.fwhm), inside)
    series = _legendre(edges, inside, max(degree, additive))
    shared = templates_on(grid, wave, spectra, width), sampler(grid, edges)
    return Setup(*shared, series[1 : degree + 1], series[: additive + 1], inside)


def _width(
    rest: np.ndarray, channels: Channels, fwhm: np.ndarray, redshift: float, own: float, inside: np.ndarray
) -> np.ndarray:
    """Standard deviations that make the library as blurred as the instrument, A at rest.

    **Raises:** `ValueError` where the library is more blurred.
    """
    centres = convert(channels.centres, channels.medium, "vacuum") / (1 + redshift)
    square = (fwhm / (1 + redshift)) ** 2 - own**2
    bad = inside & (square < 0)
    if np.any(bad):
        k = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"fwhm: the instrument, {fwhm[k]:.3f} A at {channels.centres[k]:.0f} A, is sharper than the library, "
            f"{own:g} A at rest, {own * (1 + redshift):.3f} A at redshift {redshift:g}, in {int(bad.sum())} channels: "
            "give low= and high= of channels where it is not, smooth the data, take a sharper library, or pass spectra "
            "whose fwhm is None and correct the dispersion."
        )
    return np.interp(rest, centres, np.sqrt(np.maximum(square, 0))) / FWHM


def _legendre(edges: np.ndarray, inside: np.ndarray, degree: int) -> np.ndarray:
    """Legendre polynomials in ln wavelength, (degree + 1, channels)."""
    middle = 0.5 * (np.log(edges[1:]) + np.log(edges[:-1]))
    low, high = middle[inside].min(), middle[inside].max()
    x = 2 * (middle - low) / max(high - low, 1e-12) - 1
    return np.polynomial.legendre.legvander(np.clip(x, -1, 1), degree).T


def in_range(channels: Channels, library: Any, redshift: float, low: Any, high: Any) -> np.ndarray:
    """Channels whose light was emitted between `low` and `high`, A at rest in the medium of the library."""
    rest = convert(channels.edges, channels.medium, "vacuum") / (1 + redshift)
    start = 0.0 if low is None else convert(np.array(number(low, "Angstrom", "low")), library.medium, "vacuum")
    end = np.inf if high is None else convert(np.array(number(high, "Angstrom", "high")), library.medium, "vacuum")
    return (rest[:-1] >= start) & (rest[1:] <= end)


def beside_lines(channels: Channels, redshift: float, width: float) -> np.ndarray:
    """Channels further than `width` [km/s] from all lines of gas."""
    centres = convert(channels.centres, channels.medium, "vacuum") / (1 + redshift)
    away = np.abs(centres[:, None] / np.array(list(PLACES.values())) - 1) * LIGHT
    return np.all(away > width, axis=1)


def differences(shape: tuple[int, int]) -> np.ndarray:
    """Second differences of weights from node to node, in metallicity and in age, (rows, m a)."""
    m, a = shape
    numbers = np.arange(m * a).reshape(m, a)
    rows = [numbers[:, k : k + 3] for k in range(a - 2)] + [numbers[k : k + 3].T for k in range(m - 2)]
    triples = np.concatenate([row.reshape(-1, 3) for row in rows]) if rows else np.zeros((0, 3), int)
    found = np.zeros((len(triples), m * a))
    found[np.arange(len(triples))[:, None], triples] = [1.0, -2.0, 1.0]
    return found
