"""Integrals along rays: rotation, dispersion and emission measure."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import Module, param
from .._core.types import Scalar
from ..emission import Plasma
from ..emission.faraday import rotation_measure_rate
from ..fields import AbstractField
from ..fields.base import evaluate
from ..geometry import Ray, Sightlines, as_sightlines


class AbstractLineIntegral(Module):
    """The integral of a quantity along every ray of a sky: `integral(simulator)` is an array, (npix,).

    Rays go to where the cells end, those of a `SourceCatalogue` to the sources. One midpoint per cell, or the
    points of `ResolvedCells`.
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    needs: eqx.AbstractClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        """What is integrated, per kpc, at one point of `ray`."""

    def __call__(self, model: Any) -> Float[Array, " pixels"]:
        """The integral seen through `model`, (npix,)."""
        return model.integrate(self)


class RotationMeasure(AbstractLineIntegral):
    """RM = 0.811901 int n_e B_los ds, rad m^-2, positive for B towards the observer.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`.
    """

    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return rotation_measure_rate(plasma, ray)


class DispersionMeasure(AbstractLineIntegral):
    """DM = int n_e ds, pc cm^-3.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`.
    """

    needs: ClassVar[tuple[str, ...]] = ("electron_density",)

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return 1e3 * jnp.asarray(plasma.electron_density)


class EmissionMeasure(AbstractLineIntegral):
    """EM = int C n_e^2 ds, pc cm^-6.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`; `clumping` C = <n_e^2>/<n_e>^2: a number or a
    scalar field, at least 1.
    """

    clumping: Float[Array, ""] | AbstractField = param(1.0, bounds=(1, None), symbol="C")
    needs: ClassVar[tuple[str, ...]] = ("electron_density",)

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return 1e3 * evaluate(self.clumping, plasma.position) * jnp.square(jnp.asarray(plasma.electron_density))
