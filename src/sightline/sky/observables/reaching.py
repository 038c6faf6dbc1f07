from typing import Any

import equinox as eqx
from jaxtyping import Array, Inexact, Int

from ..._core.module import Module
from ..geometry.subset import restrict_lines
from .base import AbstractObservable


class Reaching(Module):
    """Some pixels of an observable whose rays end at distances that are fitted.

    **Arguments:** `observable`: of these pixels; `places`: theirs among all whose distances the nuisance holds, (n,).
    """

    observable: AbstractObservable
    places: Int[Array, " n"]

    def restrict(self, index: Array) -> "Reaching":
        """That of some of its pixels."""
        lines = restrict_lines(self.observable.sightlines, index)
        return Reaching(eqx.tree_at(lambda o: o.sightlines, self.observable, lines), self.places[index])

    def __call__(self, model: Any) -> Inexact[Array, "*values pixels"]:
        """The observable as seen in a `Model`."""
        return model.measure(self.observable, length=model.nuisance[self.observable.distance][self.places])
