"""The contract of an observable: what is measured along every ray of a sky."""

import abc
from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float, Inexact

from .._core.module import Module
from ..geometry import Ray, Sightlines


class AbstractObservable(Module):
    """A quantity along the rays of a sky: `observable(model)` has one value, or several, a pixel on its last axis.

    `unit` is that of its values in astropy's notation, `None` where it is not known: data with units are then refused.
    Rays go to where the cells end, those of a `SourceCatalogue` to the sources. Where `distance` names an entry of a
    `Model`'s nuisance, rays end at the distances it holds, kpc, with the same relative division: a distance can be
    fitted.
    """

    sightlines: eqx.AbstractVar[Sightlines]
    distance: eqx.AbstractVar[str | None]
    needs: eqx.AbstractClassVar[tuple[str, ...]]
    unit: ClassVar[str | None] = None
    sequential: eqx.AbstractClassVar[bool]  # do nearer cells matter to farther ones? Then they are plain cells.

    @abc.abstractmethod
    def along(self, simulator: Any, ray: Ray, points: Any, widths: Float[Array, " cells"]) -> Inexact[Array, "..."]:
        """The observable of one ray.

        **Arguments:** `simulator`: prepared; `ray`; `points`: x, y and z, (cells,) kpc each, of the middles of its
        cells; `widths`: (cells,) kpc.
        """

    def __call__(self, model: Any) -> Inexact[Array, "*values pixels"]:
        """The observable as seen in a `Simulator` or a `Model`."""
        return model.measure(self)
