"""Point-spread functions: what the atmosphere and a telescope make of the images of a cube."""

import abc
import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, is_concrete, param, setting
from ..._core.units import numbers
from .smear import convolve, profile, separable
from .widths import FWHM, Nodes, Wavelengths, at, check_table

Images = Float[Array, "channels rows columns"]
Width = Float[Array, "*m"]

_REACH = 3.0  # full widths at half maximum that a margin must have
_WINGS, _FAR = 0.01, 20.0  # of the light, that a margin may lose, and full widths at which it ends for all that
_WIDTH = {"unit": "arcsec", "positive": True, "doc": "full width at half maximum"}


class AbstractPSF(Module):
    """A point-spread function: subclass it, write `width` and `__call__`.

    The light of a spaxel is taken to be spread evenly over it. What falls outside the field is lost: a margin of
    `reach` around the field lets the light of its surroundings in. `sl.testing.check_psf` holds it to its contract.

    !!! example
        >>> issubclass(sl.cubes.GaussianPSF, sl.cubes.AbstractPSF)
        True
    """

    @abc.abstractmethod
    def width(self, wavelength: Wavelengths) -> Float[Array, "*n"]:
        """Full width at half maximum, arcsec, at wavelengths, (n,) A: (n,), or () where it is the same at all."""

    @abc.abstractmethod
    def __call__(self, images: Images, wavelength: Wavelengths, spaxel: Any) -> Images:
        """Images, (channels, rows, columns), smeared.

        **Arguments:** `wavelength`: of the channels, (channels,) A, observed; `spaxel`: side of a spaxel, arcsec.
        """

    def reach(self, wavelength: Any) -> Float[Array, ""]:
        """How far from a point a margin must follow its light, arcsec: three times the largest width."""
        return _REACH * _widest(self, wavelength)


def _widest(psf: AbstractPSF, wavelength: Any) -> Float[Array, ""]:
    waves = jnp.asarray(numbers(wavelength, "Angstrom", "wavelength"), default_float())
    return jnp.max(psf.width(jnp.atleast_1d(waves)))


class GaussianPSF(AbstractPSF):
    """A Gaussian point-spread function, exactly integrated over spaxels.

    The share of light that moves k spaxels along one axis is the second difference of
    T(u) = s phi(u/s) + u Phi(u/s) at u = k, s = FWHM/(2.3548 spaxel).

    **Arguments:** `fwhm`: full width at half maximum, arcsec, a number, or (n,) at `wavelength`, (n,) A, rising, linear
    between and constant beyond.

    **Raises:** `ValueError` for a width that is not positive, and for widths without wavelengths of the same number.

    !!! example
        >>> psf = sl.cubes.GaussianPSF(fwhm=0.7)
        >>> point = jnp.zeros((1, 9, 9)).at[0, 4, 4].set(1.0)
        >>> round(float(psf(point, jnp.array([5000.0]), 0.2)[0, 4, 4]), 4)
        0.0669
    """

    fwhm: Width = param(**_WIDTH)
    wavelength: Nodes = setting(None, unit="Angstrom", positive=True)

    def __check_init__(self) -> None:
        check_table("GaussianPSF", "fwhm", self.fwhm, self.wavelength)

    def width(self, wavelength: Wavelengths) -> Float[Array, "*n"]:
        return at(wavelength, self.fwhm, self.wavelength)

    def __call__(self, images: Images, wavelength: Wavelengths, spaxel: Any) -> Images:
        check_images(images, wavelength)
        return _gaussian(self, images, _traced(wavelength, images), _side(spaxel))


class MoffatPSF(AbstractPSF):
    """A Moffat point-spread function, I(r) = (b - 1)/(pi a^2) (1 + r^2/a^2)^-b, FWHM = 2 a sqrt(2^(1/b) - 1).

    It is the mean of Gaussians of variance a^2/(2 t) over a gamma distribution of t, of shape b - 1, and integrated
    over spaxels through these; images are convolved by fast Fourier transforms. Within 10 a the mixture is right to
    4e-6 for b from 1.73 to 20, and to 4e-4 at b = 1.05. Of b < 1.5 it leaves light out that is hundreds of a away.

    **Arguments:** `fwhm`, `wavelength`: as `GaussianPSF`; `beta` b: above 1, at most 20; the wings of 2.5 to 4.7 are
    those of telescopes.

    **Raises:** as `GaussianPSF`; `ValueError` for `beta` outside.

    **Source:** Moffat 1969, A&A 3, 455.

    !!! example
        >>> psf = sl.cubes.MoffatPSF(fwhm=0.7, beta=2.5)
        >>> point = jnp.zeros((1, 9, 9)).at[0, 4, 4].set(1.0)
        >>> round(float(psf(point, jnp.array([5000.0]), 0.2)[0, 4, 4]), 4)
        0.0459
    """

    cites: ClassVar[tuple[str, ...]] = ("Moffat1969",)
    fwhm: Width = param(**_WIDTH)
    beta: Float[Array, ""] = param(2.5, bounds=(1.05, 20), symbol=r"\beta")
    wavelength: Nodes = setting(None, unit="Angstrom", positive=True)

    def __check_init__(self) -> None:
        check_table("MoffatPSF", "fwhm", self.fwhm, self.wavelength)

    def width(self, wavelength: Wavelengths) -> Float[Array, "*n"]:
        return at(wavelength, self.fwhm, self.wavelength)

    def __call__(self, images: Images, wavelength: Wavelengths, spaxel: Any) -> Images:
        check_images(images, wavelength)
        return _moffat(self, images, _traced(wavelength, images), _side(spaxel))

    def reach(self, wavelength: Any) -> Float[Array, ""]:
        """The radius that holds 99 % of the light, arcsec; at least 3, at most 20 times the largest width."""
        edge = jnp.exp(math.log(_WINGS) / (1 - self.beta))  # 1 + r^2/a^2 there, above 1e4 for b below 1.5
        radius = jnp.sqrt(jnp.minimum(edge, 1e6) - 1) / (2 * jnp.sqrt(jnp.exp2(1 / self.beta) - 1))
        return jnp.clip(radius, _REACH, _FAR) * _widest(self, wavelength)


@eqx.filter_jit
def _gaussian(psf: GaussianPSF, images: Images, wavelength: Wavelengths, spaxel: Any) -> Images:
    return separable(images, jnp.atleast_1d(psf.width(wavelength)) / (FWHM * spaxel))


@eqx.filter_jit
def _moffat(psf: MoffatPSF, images: Images, wavelength: Wavelengths, spaxel: Any) -> Images:
    core = jnp.atleast_1d(psf.width(wavelength)) / (2 * jnp.sqrt(jnp.exp2(1 / psf.beta) - 1) * spaxel)

    def kernel(one: Float[Array, ""]) -> Float[Array, "rows columns"]:
        sigma, share = _gaussians(one, psf.beta)
        down, across = (profile(sigma, n) for n in images.shape[1:])
        return jnp.einsum("k,ki,kj->ij", share, down, across, precision="highest")

    return convolve(images, kernel, core)


def _gaussians(core: Float[Array, ""], beta: Float[Array, ""]) -> tuple[Array, Array]:
    """Widths and shares of the Gaussians of a Moffat function: the trapezoidal rule in log t."""
    log_t, step = np.linspace(-12.0, 5.0, 69, retstep=True)
    t = jnp.asarray(np.exp(log_t), core.dtype)
    shape = beta - 1
    share = float(step) * jnp.exp(shape * jnp.asarray(log_t, core.dtype) - t - gammaln(shape))
    return core / jnp.sqrt(2 * t), share


def check_images(images: Any, wavelength: Any) -> None:
    """Refuses what are no images of channels at these wavelengths.

    **Raises:** `ValueError`.
    """
    if jnp.ndim(images) != 3 or jnp.shape(wavelength) != (jnp.shape(images)[0],):
        raise ValueError(
            f"images has shape {jnp.shape(images)}, wavelength {jnp.shape(wavelength)}: give (channels, rows, columns) "
            "and (channels,)."
        )


def _traced(wavelength: Any, images: Images) -> Wavelengths:
    known = numbers(wavelength, "Angstrom", "wavelength") if is_concrete(wavelength) else wavelength
    return jax.lax.stop_gradient(jnp.asarray(known, images.dtype))


def _side(spaxel: Any) -> Any:
    if not is_concrete(spaxel):
        return spaxel
    side = float(numbers(spaxel, "arcsec", "spaxel"))
    if not 0 < side < float("inf"):
        raise ValueError(f"spaxel = {spaxel} must be a positive angle [arcsec].")
    return side
