"""The contract of an observable: what is measured along every ray of a sky."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Inexact

from ..._core.contracts import AbstractMeasurable
from ..._core.units import quantity
from ...statistics.layout import Layout, row_names
from ..fields.base import children
from ..geometry import Ray, Sightlines, Structures
from ..geometry.layouts import laid_out
from ..geometry.subset import restrict_lines, towards


class AbstractObservable(AbstractMeasurable):
    """A quantity along the rays of a sky: `observable(model)` has one value, or several, a pixel on its last axis.

    `unit` is that of its values in astropy's notation, `None` where it is not known: data with units are then refused.
    Rays go to where the model or the cells end, those of a `SourceCatalogue` to the sources. Where `distance` names an
    entry of a `Model`'s nuisance, rays end at the distances it holds, kpc: a distance can be fitted, and the derivative
    of a line integral with respect to it is the integrand at the source.

    !!! example
        >>> issubclass(sl.observables.RotationMeasure, sl.observables.AbstractObservable)
        True
    """

    sightlines: eqx.AbstractVar[Sightlines]
    distance: eqx.AbstractVar[str | None]
    needs: eqx.AbstractClassVar[tuple[str, ...]]
    unit: ClassVar[str | None] = None
    label: ClassVar[str] = ""  # its unit as a figure has it
    sequential: eqx.AbstractClassVar[bool]  # do nearer cells matter to farther ones? Then they are plain cells.
    separable: ClassVar[bool] = True

    @abc.abstractmethod
    def along(self, simulator: Any, ray: Ray, points: Any, widths: Float[Array, " cells"]) -> Inexact[Array, "..."]:
        """The observable of one ray.

        **Arguments:** `simulator`: prepared; `ray`; `points`: x, y and z, (cells,) kpc each, of the middles of its
        cells; `widths`: (cells,) kpc.
        """

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        """Where its integrand acts and jumps: by default wherever one of the fields does that it needs or holds.

        **Arguments:** `told`: what the fields it needs tell of, by name.
        """
        return Structures.join(*told.values(), *(field.structures() for field in children(self)))

    def restrict(self, index: Any) -> "AbstractObservable | None":
        """That of some pixels; `None` at distances that are fitted."""
        lines = None if self.distance is not None else restrict_lines(self.sightlines, index)
        return None if lines is None else eqx.tree_at(lambda one: one.sightlines, self, lines)

    def place(self, pixel: int) -> str:
        """The direction of a pixel, in words."""
        return towards(self.sightlines, pixel)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Data of this shape, `kept` of its pixels, on the sky."""
        return laid_out(self.sightlines.sky, kept, shape[-1], row_names(shape), self.label)

    def __call__(self, model: Any) -> Inexact[Array, "*values pixels"]:
        """The observable as seen in a `Simulator` or a `Model`."""
        return model.measure(self)

    def quantity(self, model: Any) -> Any:
        """The observable as seen in a `Simulator` or a `Model`, as an astropy quantity.

        **Returns:** of the shape of `observable(model)`, in `unit`.

        **Raises:** `ValueError` for an observable whose unit is not known.

        !!! example
            >>> sl.observables.RotationMeasure(sl.Directions(30.0, 5.0)).quantity(simulator).unit
            Unit("rad / m2")
        """
        if self.unit is None:
            raise ValueError(f"{type(self).__name__} has no unit: its values are plain numbers.")
        return np.asarray(self(model)) * quantity(self.unit)
