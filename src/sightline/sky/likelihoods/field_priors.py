"""Preferences for what a field does in space, whatever it is made of."""

import abc
import operator
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import param, setting
from ..._core.safe import safe_sqrt
from ...statistics.regularisers import AbstractGaussianRegulariser, AbstractRegulariser
from ..fields import AbstractField, divergence

BATCH = 16384  # positions at a time


def field_of(owner: str, name: str, model: Any) -> AbstractField:
    """The prepared field of a model by its dotted name, `""` for the model itself.

    **Raises:** `ValueError` for a name that the model does not have, or that is no field.
    """
    try:
        found = operator.attrgetter(name)(model) if name else model
    except AttributeError as error:
        raise ValueError(f"{owner}.field = {name!r}: {type(model).__name__} has none. {error}.") from error
    if not isinstance(found, AbstractField):
        raise ValueError(f"{owner}.field = {name!r} is a {type(found).__name__}: name a field, as magnetic_field.")
    return found.prepare()


def _at(function: Callable[[Array], Array], positions: Float[Array, "n 3"]) -> Array:
    """A function at many positions, in bounded memory."""
    return jax.lax.map(jax.checkpoint(function), positions, batch_size=BATCH)


class AbstractFieldRegulariser(AbstractGaussianRegulariser):
    """A preference for the values of a field at given positions.

    !!! example
        >>> issubclass(sl.Proximity, sl.statistics.AbstractFieldRegulariser)
        True
    """

    positions: eqx.AbstractVar[Float[Array, "n 3"]]
    field: eqx.AbstractVar[str]

    @abc.abstractmethod
    def of(self, field: AbstractField) -> Float[Array, " n"]:
        """The residuals of a prepared field."""

    def residuals(self, model: Any) -> Float[Array, " n"]:
        """See `AbstractGaussianRegulariser`."""
        return self.of(field_of(type(self).__name__, self.field, model))


class DivergencePenalty(AbstractFieldRegulariser):
    """A magnetic field should have no divergence: r = div B/s at every position.

    It weighs divergence against the data. A `magnetic.VectorPotentialGrid` has none to begin with.

    **Arguments:**

    - `positions`: (n, 3) kpc; for a `magnetic.Grid` the centres of its voxels, `sl.grids.centres(shape, half_widths)`.
    - `scale` s: standard deviation of the divergence, uG/kpc.
    - `field`: dotted name of the field in the model, `""` for the model itself.

    **Raises:** `ValueError` for a name that is no field.

    !!! example
        >>> centres = sl.grids.centres((5, 5, 3), (20.0, 20.0, 5.0))
        >>> penalty = sl.DivergencePenalty(centres, scale=0.1)
        >>> float(penalty.log_density(simulator))
        -4.52...
    """

    positions: Float[Array, "n 3"] = param(unit="kpc")
    scale: Float[Array, ""] = param(unit="uG kpc-1", positive=True)
    field: str = setting("magnetic_field", kw_only=True)

    def of(self, field: AbstractField) -> Float[Array, " n"]:
        """See `AbstractFieldRegulariser`."""
        return _at(divergence(field), self.positions) / self.scale


class Proximity(AbstractFieldRegulariser):
    """A field should not be far from a reference: r = (F - F_ref)/s at every position, component by component.

    **Arguments:**

    - `reference`: a field, e.g. a published model; it is not fitted.
    - `positions`: (n, 3) kpc, e.g. `sl.grids.nodes(shape, half_widths).reshape(-1, 3)`.
    - `scale` s: standard deviation of the difference, in the unit of the field; one number, or one for each position.
    - `field`: dotted name of the field in the model, `""` for the model itself.

    **Raises:** `ValueError` for a name that is no field, or scales of another number.

    !!! example
        >>> near = sl.Proximity(sl.magnetic.LSA(b0=2.2), jnp.array([[-8.0, 0.0, 0.0]]), scale=0.5)
        >>> round(float(near.log_density(simulator)), 6)
        -2.0
    """

    reference: AbstractField
    positions: Float[Array, "n 3"] = param(unit="kpc")
    scale: Float[Array, "*n"] = param(positive=True)
    field: str = setting("magnetic_field", kw_only=True)

    def __check_init__(self) -> None:
        check_kind("Proximity: reference", self.reference, AbstractField, "a field, e.g. sl.magnetic.LSA()")
        number = len(self.positions)
        if self.scale.shape not in ((), (number,)):
            raise ValueError(f"Proximity.scale has shape {self.scale.shape}: one number, or one for each of {number}.")

    def of(self, field: AbstractField) -> Float[Array, " n"]:
        """See `AbstractFieldRegulariser`."""
        reference = jax.lax.stop_gradient(self.reference.prepare())
        apart = _at(lambda x: field(x) - reference(x), self.positions)
        return (apart / self.scale.reshape(-1, *[1] * (apart.ndim - 1))).ravel()


class EnergyBound(AbstractFieldRegulariser):
    """The mean energy density of a field should lie within bounds: r = (distance of its rms from the bounds)/s.

    The rms is sqrt(<|F|^2>) over the positions; for a magnetic field its energy density is rms^2/(8 pi).

    **Arguments:**

    - `positions`: (n, 3) kpc, which sample the volume evenly.
    - `bounds`: smallest and largest rms, in the unit of the field.
    - `scale` s: how sharp the bounds are, in the unit of the field.
    - `field`: dotted name of the field in the model, `""` for the model itself.

    **Raises:** `ValueError` for a name that is no field, or bounds that are no interval.

    !!! example
        >>> bound = sl.EnergyBound(jnp.array([[-8.0, 0.0, 0.0]]), bounds=(0.0, 1.0), scale=0.1)
        >>> round(float(bound.log_density(simulator)), 6)
        -2.0
    """

    positions: Float[Array, "n 3"] = param(unit="kpc")
    bounds: tuple[float, float] = setting(kw_only=True)
    scale: Float[Array, ""] = param(positive=True, kw_only=True)
    field: str = setting("magnetic_field", kw_only=True)

    def __check_init__(self) -> None:
        if len(self.bounds) != 2 or not 0 <= self.bounds[0] < self.bounds[1]:
            raise ValueError(f"EnergyBound.bounds = {self.bounds}: give the smallest rms, 0 or more, and the largest.")

    def of(self, field: AbstractField) -> Float[Array, " n"]:
        """See `AbstractFieldRegulariser`."""
        squares = _at(lambda x: jnp.sum(jnp.square(field(x))), self.positions)
        rms, (low, high) = safe_sqrt(jnp.mean(squares)), self.bounds
        return (jnp.maximum(rms - high, 0) - jnp.maximum(low - rms, 0))[None] / self.scale


class FieldPrior(AbstractRegulariser):
    """Any log density of a field: log p = f(field).

    **Arguments:**

    - `function`: of the prepared field, a function of position, to a number, (); what it holds is not fitted.
    - `field`: dotted name of the field in the model, `""` for the model itself.

    **Raises:** `ValueError` for a name that is no field, or a function that gives no single number.

    !!! example
        >>> def weak_above_the_sun(field):
        ...     return -0.5 * jnp.sum(jnp.square(field(jnp.array([-8.0, 0.0, 5.0]))))
        >>> float(sl.FieldPrior(weak_above_the_sun).log_density(simulator))
        -0.72...
    """

    function: Callable[[AbstractField], Float[Array, ""]]
    field: str = setting("magnetic_field", kw_only=True)

    def residuals(self, model: Any) -> None:
        """None: it is no sum of squares."""

    def log_density(self, model: Any) -> Float[Array, ""]:
        """See `AbstractRegulariser`."""
        found = self.function(field_of("FieldPrior", self.field, model))
        if jnp.shape(found) != ():
            raise ValueError(f"FieldPrior.function returns shape {jnp.shape(found)}: it must return one number.")
        return found
