"""Integrals along rays: rotation, dispersion and emission measure, columns and weighted means."""

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import param, setting
from ..._core.points import check_number
from ..._core.types import Scalar
from ..emission import Plasma
from ..emission.faraday import rotation_measure_rate
from ..fields import AbstractField
from ..fields.base import evaluate
from ..geometry import Ray, Sightlines, Structures, as_sightlines
from .base import AbstractObservable

Quantity = Callable[[Plasma, Ray], Scalar]


class AbstractLineIntegral(AbstractObservable):
    """The integral of a quantity along every ray of a sky: `integral(simulator)` is an array, (npix,).

    One midpoint per cell, or points of Gauss and Legendre in the panels of `ResolvedCells`.

    !!! example
        >>> issubclass(sl.observables.RotationMeasure, sl.observables.AbstractLineIntegral)
        True
    """

    sequential: ClassVar[bool] = False

    @abc.abstractmethod
    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        """What is integrated, per kpc, at one point of `ray`."""

    def along(self, simulator: Any, ray: Ray, points: Any, widths: Float[Array, " cells"]) -> Scalar:
        """The integral along one ray."""
        return jnp.sum(sample(simulator, ray, points, self.integrand, f"{type(self).__name__}.integrand") * widths)


def sample(simulator: Any, ray: Ray, points: Any, quantity: Quantity, name: str) -> Float[Array, " cells"]:
    """A quantity of the plasma at the points of a ray.

    **Raises:** `ValueError` for one that is no number at a point.
    """

    def cell(x: Scalar, y: Scalar, z: Scalar) -> Scalar:
        value = quantity(simulator.plasma(jnp.stack([x, y, z])), ray)
        return check_number(value, name)

    return jax.vmap(cell)(*points)


class RotationMeasure(AbstractLineIntegral):
    """RM = 0.811901 int n_e B_los ds, rad m^-2, positive for B towards the observer.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`; `distance`: as `AbstractObservable`.

    !!! example
        >>> sl.observables.RotationMeasure(sl.Directions([30.0, 200.0], [10.0, -40.0]))(simulator).shape
        (2,)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    distance: str | None = setting(None, kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")
    unit: ClassVar[str | None] = "rad / m2"
    label: ClassVar[str] = "rad m$^{-2}$"

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return rotation_measure_rate(plasma, ray)

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        return Structures.product(*told.values())


class DispersionMeasure(AbstractLineIntegral):
    """DM = int n_e ds, pc cm^-3.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`; `distance`: as `AbstractObservable`.

    !!! example
        >>> sl.observables.DispersionMeasure(sl.SourceCatalogue(30.0, 1.0, 3.2))(simulator).shape
        (1,)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    distance: str | None = setting(None, kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("electron_density",)
    unit: ClassVar[str | None] = "pc / cm3"
    label: ClassVar[str] = "pc cm$^{-3}$"

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return 1e3 * jnp.asarray(plasma.electron_density)


class EmissionMeasure(AbstractLineIntegral):
    """EM = int C n_e^2 ds, pc cm^-6.

    **Arguments:** `sightlines`: a sky, `Sightlines` or `SourceCatalogue`; `clumping` C = <n_e^2>/<n_e>^2: a number or a
    scalar field, at least 1; `distance`: as `AbstractObservable`.

    !!! example
        >>> sl.observables.EmissionMeasure(sl.SourceCatalogue(30.0, 1.0, 3.2))(simulator).shape
        (1,)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    clumping: Float[Array, ""] | AbstractField = param(1.0, bounds=(1, None), symbol="C")
    distance: str | None = setting(None, kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("electron_density",)
    unit: ClassVar[str | None] = "pc / cm6"
    label: ClassVar[str] = "pc cm$^{-6}$"

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return 1e3 * evaluate(self.clumping, plasma.position) * jnp.square(jnp.asarray(plasma.electron_density))


class Column(AbstractLineIntegral):
    """The integral of any quantity of the plasma: int f ds.

    **Arguments:**

    - `sightlines`: a sky, `Sightlines` or `SourceCatalogue`.
    - `quantity` f: function of a `Plasma` and a `Ray`, per kpc; `needs`: the fields it reads.
    - `distance`: as `AbstractObservable`.

    !!! example
        >>> squared = lambda plasma, ray: sum(part**2 for part in plasma.magnetic_field)
        >>> column = sl.observables.Column(sky, squared, needs=("magnetic_field",))(simulator)  # uG^2 kpc
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    quantity: Quantity = setting()
    needs: tuple[str, ...] = setting(())
    distance: str | None = setting(None, kw_only=True)

    def integrand(self, plasma: Plasma, ray: Ray) -> Scalar:
        return check_number(self.quantity(plasma, ray), "Column.quantity")


class WeightedMean(AbstractObservable):
    """The mean of a quantity along every ray, weighted by another: int w f ds/int w ds; 0 where there is no weight.

    The quantity is not evaluated where it has no weight, so that it need not be finite there.

    **Arguments:**

    - `sightlines`: a sky, `Sightlines` or `SourceCatalogue`.
    - `quantity` f, `weight` w: functions of a `Plasma` and a `Ray`; w is not negative; `needs`: the fields they read.
    - `distance`: as `AbstractObservable`.

    !!! example
        >>> towards = lambda plasma, ray: ray.project(plasma.magnetic_field)[2]
        >>> density = lambda plasma, ray: plasma.electron_density
        >>> needs = ("magnetic_field", "electron_density")
        >>> mean = sl.observables.WeightedMean(sky, towards, density, needs)(simulator)  # uG: 1.232 RM/DM
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    quantity: Quantity = setting()
    weight: Quantity = setting()
    needs: tuple[str, ...] = setting(())
    distance: str | None = setting(None, kw_only=True)
    sequential: ClassVar[bool] = False

    def along(self, simulator: Any, ray: Ray, points: Any, widths: Float[Array, " cells"]) -> Scalar:
        """The mean along one ray."""
        weight = sample(simulator, ray, points, self.weight, "WeightedMean.weight") * widths
        heaviest = jnp.argmax(weight)  # where the quantity is known, also for the points that have no weight
        most = jax.lax.stop_gradient(weight[heaviest])
        known = most > 0
        seen = [jnp.where(weight > 0, part, part[heaviest]) for part in points]
        values = sample(simulator, ray, seen, self.quantity, "WeightedMean.quantity")
        share = jnp.where(known, weight, 1) / jnp.where(known, most, 1)  # quotients of tiny weights have no derivative
        return jnp.where(known, jnp.sum(values * share) / jnp.sum(share), 0)
