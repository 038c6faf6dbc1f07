"""Stokes parameters of a map as an observable."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_kind
from ..._core.module import is_concrete, setting
from ..._core.ranks import of_one_rank
from ..._core.units import brightness_unit
from ...model import Model
from ...statistics.hooks import AbstractHolder
from ...statistics.layout import Layout
from ...statistics.noise import nuisance
from ..axes import BRIGHTNESS, UNITS, Asked, asked, label
from ..brightness import conversion
from ..geometry import Sightlines, as_sightlines
from ..geometry.layouts import laid_out
from ..geometry.subset import restrict_lines, towards
from ..stokes import Stokes
from .held import check_lines, hold_lines
from .labels import check_label


class Brightness(AbstractHolder):
    """Stokes parameters of a sky as an instrument measures them, in COSMO convention.

    **Arguments:**

    - `sightlines`: a sky or `Sightlines`; `frequency`: as for a `Simulator`, GHz, or `energy`: GeV.
    - `parameters`: which of them, and in which order: some of `"IQUV"`; by default `"IQU"`, and `"I"` of gamma rays.
    - `instrument`: of the `Model`, by name; `offset`: a nuisance of the `Model` by name, K_RJ or photons: a number is
      added to I, an array, (k,), to each parameter.
    - `unit`: of the values, as of `sl.Stokes`, by default K_RJ, or photons; `nominal`: the frequency, GHz, or energy,
      GeV, that maps of the instrument must be labelled with; `None`: whatever it says.

    **Returns:** (k, npix), or (k, nfreq, npix) for several frequencies.

    **Raises:** `ValueError` for names that the model does not have, or maps of another frequency than `nominal`;
    `TypeError` for what is no name.

    !!! example
        >>> sl.statistics.Brightness(sky, frequency=23.0, parameters="QU")(simulator).shape
        (2, 768)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    frequency: Float[Array, "*frequencies"] | None = None
    parameters: str = eqx.field(default="", static=True)
    instrument: str | None = eqx.field(default=None, static=True)
    offset: str | None = eqx.field(default=None, static=True)
    unit: str = eqx.field(default="", static=True)
    nominal: tuple[float, ...] | float | None = setting(None, positive=True)
    energy: Float[Array, "*energies"] | None = eqx.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for argument in ("instrument", "offset"):
            check_kind(argument, getattr(self, argument), str | None, "its name in the sl.Model")
        axis, values = asked(self.frequency, self.energy)
        setattr(self, axis, values)
        self.parameters = self.parameters or ("IQU" if axis == "frequency" else "I")
        self.unit = self.unit or BRIGHTNESS[axis]

    @property
    def asked(self) -> Asked:
        """The axis, and where on it the sky is seen."""
        return Asked("energy", self.energy) if self.frequency is None else Asked("frequency", self.frequency)

    def __check_init__(self) -> None:
        brightness_unit(self.unit)
        names = set(self.parameters)
        if not names or len(names) < len(self.parameters) or names - set("IQUV"):
            raise ValueError(f"parameters = {self.parameters!r}: name some of 'IQUV', each once.")

    def __call__(self, model: Any) -> Float[Array, "k *maps"]:
        """The maps of a `Simulator` or a `Model`."""
        working = BRIGHTNESS[self.asked.axis]
        stokes = self._observe(model).to(working).to_convention("COSMO")
        if stokes.V is None and "V" in self.parameters:
            raise ValueError("The model has no V: leave it out of `parameters`, or add an operator that emits it.")
        maps = jnp.stack([getattr(stokes, name) for name in self.parameters])
        maps = maps if self.offset is None else maps + self._zero_level(model, maps)
        if self.unit == working:
            return maps
        ratio = conversion(self.unit, working, stokes.frequency)[..., None]
        return jnp.multiply(*of_one_rank(maps, ratio))

    @property
    def separable(self) -> bool:
        """Whether a pixel needs only rays of its own: an instrument may mix pixels."""
        return self.instrument is None

    def restrict(self, index: Any) -> "Brightness | None":
        """That of some pixels; `None` behind an instrument, which may mix pixels."""
        lines = None if self.instrument is not None else restrict_lines(self.sightlines, index)
        return None if lines is None else eqx.tree_at(lambda one: one.sightlines, self, lines)

    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "Brightness":
        """With the fields that are not free evaluated in its cells."""
        return eqx.tree_at(lambda one: one.sightlines, self, hold_lines(self.sightlines, model, free, shared))

    def check(self, free: Any, name: str) -> None:
        """Refuses a free field that its sightlines hold."""
        check_lines(self.sightlines, free, name)

    def place(self, pixel: int) -> str:
        """The direction of a pixel, in words."""
        return towards(self.sightlines, pixel)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Data of this shape, `kept` of its pixels, on the sky."""
        return laid_out(self.sightlines.sky, kept, shape[-1], self.rows(shape), self.unit)

    def rows(self, shape: tuple[int, ...]) -> list[str]:
        """What each row of data of shape (..., n) is called: `$Q$, 23 GHz`."""
        values = np.atleast_1d(np.asarray(self.asked.values)).tolist()
        if len(values) * len(self.parameters) > math.prod(shape[:-1]):  # of a band
            values = [self.nominal] if isinstance(self.nominal, float) else [np.mean(values)]
        return [f"${name}$, {label(self.asked.axis, value)}" for name in self.parameters for value in values]

    def _observe(self, model: Any) -> Stokes:
        axis, values = self.asked
        if isinstance(model, Model):
            stokes = model.observe(self.sightlines, instrument=self.instrument, **{axis: values})
            check_kind(f"What instrument {self.instrument!r} returns", stokes, Stokes, "a sl.Stokes")
            if self.nominal is not None and is_concrete(stokes.frequency):
                who = f"instrument {self.instrument!r} gives maps at"
                check_label("The data are at", self.nominal, who, getattr(stokes, axis), UNITS[axis])
            return stokes
        if self.instrument is not None:
            raise ValueError(f"instrument = {self.instrument!r} needs a sl.Model that has it, not a bare Simulator.")
        return model(self.sightlines, values) if axis == "frequency" else model(self.sightlines, energy=values)

    def _zero_level(self, model: Any, maps: Array) -> Array:
        level = nuisance(model, str(self.offset), "offset =")
        if level.ndim == 0:
            if "I" not in self.parameters:
                raise ValueError(f"offset = {self.offset!r} is one number, which is added to I, which is not fitted.")
            level = level * jnp.asarray([name == "I" for name in self.parameters], level.dtype)
        if level.shape[:1] != (len(self.parameters),) or level.ndim >= maps.ndim:
            raise ValueError(f"offset = {self.offset!r} has shape {level.shape}: give one number for each parameter.")
        return level.reshape(level.shape + (1,) * (maps.ndim - level.ndim))
