"""The likelihood of an observed cube."""

import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import Module
from ..._core.units import numbers
from ...statistics.layout import Cube, Layout
from ...statistics.likelihood import Likelihood
from ...statistics.noise import AbstractNoise, Gaussian, nuisance
from ..cubes import Channels, MaskWarning, Spaxels, SpectralCube
from ..cubes.spaxels import image_of

_SAME = 1e-3
"""How near channels and spaxels are, in widths, that are the same."""


class CubeFlux(Module):
    """The fluxes of a cube that a model predicts, in a row, in a unit that suits single precision.

    **Arguments:** `instrument`: its name in the model; `scale`: the unit, erg s-1 cm-2 A-1; `calibration`: the name of
    a nuisance, coefficients c_k of a factor 1 + sum_k c_k P_k(x) of Legendre polynomials, k >= 1; `channels`, `plane`:
    of the data.
    """

    instrument: str = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    calibration: str | None = eqx.field(static=True)
    channels: Channels = eqx.field(static=True)
    plane: Any = eqx.field(static=True)

    def __call__(self, model: Any) -> Float[Array, " data"]:
        """The fluxes, channels one after the other, (channels spaxels,).

        **Raises:** `ValueError` where channels or spaxels are not those of the data.
        """
        cube = model.simulator(model.device(self.instrument))
        _check_channels(cube.channels, self.channels, self.instrument)
        _check_plane(cube.plane, self.plane, self.instrument)
        flux = cube.flux / (self.scale / cube.scale)
        if self.calibration is not None:
            factors = jnp.atleast_1d(nuisance(model, self.calibration, "CubeLikelihood: calibration"))
            powers = np.arange(1, factors.shape[0] + 1)
            x = np.linspace(-1, 1, flux.shape[0])
            basis = np.stack([np.polynomial.Legendre.basis(k)(x) for k in powers])
            flux = flux * (1 + factors @ jnp.asarray(basis, flux.dtype))[:, None]
        return flux.reshape(-1)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Data of this shape, `kept` of the fluxes, in the cube."""
        place = Cube(image_of(self.plane), self.channels.edges, f"wavelength in {self.channels.medium} [Å]", kept)
        return Layout(place, [""], "flux/median s.d.") if len(shape) == 1 else None


def CubeLikelihood(
    data: SpectralCube,
    instrument: str,
    noise: Any = None,
    mask: Any = None,
    calibration: str | None = None,
    scatter: str | None = None,
    name: str = "cube",
) -> Likelihood:
    """The likelihood of an observed cube: log L = -sum (d - m)^2/(2 s^2), s^2 its variance.

    Fluxes that are not finite, or whose variance is not positive, are left out and counted in the summary.

    **Arguments:**

    - `data`: a `sl.SpectralCube`, with its variance.
    - `instrument`: the name of the `sl.cubes.IFU` in the `Model`, of the same channels and spaxels.
    - `noise`: standard deviations, one number or (channels, spaxels), in the unit of the data and in place of their
      variance; or a distribution of `sl.statistics` in units of the flux divided by the median of the known standard
      deviations, whose numbers are one for all, (channels, spaxels), or those of the data that are left, in a row.
    - `mask`: (channels, spaxels), True for what counts; None: all.
    - `calibration`: the name of a nuisance of the model: coefficients c_k of a factor 1 + sum_k c_k P_k of Legendre
      polynomials along the channels, k from 1.
    - `scatter`: the name of a nuisance: further scatter, in units of the median standard deviation.
    - `name`: for summaries.

    **Returns:** an `sl.statistics.Likelihood`, for an `sl.Posterior`.

    **Raises:** `TypeError` for what is no cube; `ValueError` for a cube without variance where no noise is given,
    negative noise, scatter beside a distribution, and masks of another shape or that leave nothing.

    **Warns:** `sl.cubes.MaskWarning` for a mask that leaves out more than half of the data.

    !!! example
        >>> plane, channels = sl.cubes.Spaxels((1, 1), 1.0), sl.cubes.Channels.regular(5000.0, 50.0, 3)
        >>> data = sl.SpectralCube(np.ones((3, 1)), channels, plane, np.ones((3, 1)))
        >>> sl.CubeLikelihood(data, instrument="muse").size
        3
    """
    if not isinstance(data, SpectralCube):
        raise TypeError(f"data is a {type(data).__name__}: give a sl.SpectralCube.")
    known = "its name in the sl.Model"
    check_kind("instrument", instrument, str, known)
    for argument, value in (("calibration", calibration), ("scatter", scatter)):
        check_kind(argument, value, str | None, known)
    flux = np.asarray(data.flux, np.float64)
    sigma, given = _sigma(data, noise)
    if given is not None and scatter is not None:
        raise ValueError(
            f"CubeLikelihood: scatter={scatter!r} beside noise={type(given).__name__}(...): give it to the "
            f"distribution, sl.statistics.Gaussian(1.0, scatter={scatter!r}), or leave noise out."
        )
    good = np.isfinite(flux) & np.isfinite(sigma) & (sigma > 0)
    if mask is not None:
        counted = _mask(mask, flux.shape)
        _check_share(good & counted, good)
        good = good & counted
    if not np.any(good):
        raise ValueError("CubeLikelihood: no datum is left: look at mask, variance and flux.")
    scale = float(np.median(sigma[good]))
    kept = None if np.all(good) else np.flatnonzero(good.ravel())
    own = _in_a_row(given, good) if given is not None else Gaussian(sigma[good] / scale, scatter=scatter)
    notes = (("instrument", instrument), ("left out", f"{int(np.sum(~good))} of {good.size}"))
    observable = CubeFlux(instrument, scale * data.scale, calibration, data.channels, data.plane)
    return Likelihood(observable, flux[good] / scale, own, kept, name, notes)


def _sigma(data: SpectralCube, noise: Any) -> tuple[np.ndarray, AbstractNoise | None]:
    shape = np.shape(data.flux)
    if noise is not None and not isinstance(noise, AbstractNoise):
        found = numbers(noise, data.unit, "noise")
        if found.shape not in ((), shape):
            raise ValueError(f"noise has shape {found.shape}, the flux {shape}: give one number, or one for each.")
        if np.any(found < 0):
            raise ValueError(f"noise has {int(np.sum(found < 0))} negative values: give standard deviations.")
        return np.broadcast_to(found, shape), None
    if data.variance is None:
        cure = "give noise=, standard deviations of the flux"
        if noise is not None:
            cure = "a distribution is in units of its median, so that it is needed: data.replace(variance=...)"
        raise ValueError(f"The data have no variance: {cure}.")
    variance = np.asarray(data.variance, np.float64)
    return np.sqrt(np.where(variance > 0, variance, 0)), noise


def _in_a_row(noise: AbstractNoise, good: np.ndarray) -> AbstractNoise:
    """A distribution of all data, or with one number for all, as that of those that are left."""
    left = np.flatnonzero(good.ravel())

    def of_those(values: Any) -> Any:
        if np.shape(values) == good.shape:
            return jnp.reshape(values, -1)[left]
        return values if np.ndim(values) else jnp.broadcast_to(values, left.shape)

    return jax.tree.map(of_those, noise)


def _check_channels(own: Channels, data: Channels, name: str) -> None:
    if own.medium != data.medium or len(own) != len(data):
        found = [f"{len(one)} channels in {one.medium}" for one in (own, data)]
        cure = "" if own.medium == data.medium else f" Convert them: channels=channels.to({data.medium!r})."
        raise ValueError(
            f"The instrument {name!r} has {found[0]}, the data {found[1]}: build the IFU with data.channels.{cure}"
        )
    away = float(np.max(np.abs(own.edges - data.edges)))
    if away > _SAME * float(np.min(data.widths)):
        raise ValueError(
            f"The channels of the instrument {name!r} are up to {away:g} A from those of the data: build the IFU with "
            "data.channels."
        )


def _check_plane(own: Any, data: Any, name: str) -> None:
    shapes = [tuple(one.shape) for one in (own, data)]
    both = isinstance(own, Spaxels) and isinstance(data, Spaxels)
    if shapes[0] != shapes[1] or (both and not np.allclose(own.extent, data.extent, rtol=_SAME)):
        raise ValueError(
            f"The instrument {name!r} has {shapes[0]} spaxels in {own}, the data {shapes[1]} in {data}: "
            "build the IFU with data.plane.shape and data.plane.spaxel."
        )


def _check_share(kept: np.ndarray, good: np.ndarray) -> None:
    if 0 < np.sum(kept) < 0.5 * np.sum(good):
        share = f"{int(np.sum(good) - np.sum(kept))} of {int(np.sum(good))}"
        text = f"mask leaves out {share} data: True is what counts here. Pass ~mask if it is what is left out."
        warnings.warn(text, MaskWarning, stacklevel=3)


def _mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.asarray(mask)
    if found.dtype != bool or found.shape != shape:
        raise ValueError(f"mask is {found.shape} of {found.dtype}: give {shape} of booleans, True for what counts.")
    return found
