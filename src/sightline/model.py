"""Everything that is compared with data: a simulator, the instruments that look at it, and nuisance parameters."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from ._core.module import Module, default_float, is_concrete
from ._core.units import numbers
from .instruments import AbstractInstrument
from .observables import AbstractObservable
from .simulator import Simulator
from .stokes import Stokes


def _to_leaves(values: dict[str, Any]) -> dict[str, Float[Array, "..."]]:
    return {name: _to_leaf(value, f"nuisance[{name!r}]") for name, value in values.items()}


def _to_leaf(value: Any, name: str) -> Any:
    if value is None or isinstance(value, jax.ShapeDtypeStruct) or not is_concrete(value):
        return value
    found = numbers(value, None, name)
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{name} must be finite; distances must be finite and positive.")
    return jnp.asarray(found, default_float())


class Model(Module):
    """A simulator with instruments by name and nuisance parameters: one PyTree, any leaf of which can be fitted.

    **Arguments:**

    - `simulator`.
    - `instruments`: by name, e.g. `{"wmap": sl.GaussianBeam(fwhm=0.93)}`.
    - `nuisance`: numbers or arrays by name that belong to the data, e.g. offsets (K_RJ) or distances of sources (kpc):
      plain numbers in the unit of what reads them.

    **Raises:** `TypeError` for instruments that are none; `ValueError` for a nuisance that has a unit or is not finite.

    !!! example
        >>> model = sl.Model(simulator, instruments={"wmap": sl.GaussianBeam(fwhm=7.0)}, nuisance={"offset": 0.0})
        >>> model.observe(sky, frequency=23.0, instrument="wmap").I.shape
        (768,)
    """

    simulator: Simulator
    instruments: dict[str, AbstractInstrument] = eqx.field(default_factory=dict)
    nuisance: dict[str, Float[Array, "..."]] = eqx.field(default_factory=dict, converter=_to_leaves)

    def __check_init__(self) -> None:
        for name, instrument in self.instruments.items():
            if not isinstance(instrument, AbstractInstrument):
                raise TypeError(
                    f"Model: instruments[{name!r}] is {instrument!r}: give an instance of a sl.instruments class."
                )

    def observe(self, sky: Any, frequency: Any, instrument: str | None = None) -> Stokes:
        """The sky as an instrument measures it, or as it is for `None`.

        **Arguments:** `sky`, `frequency`: as for a `Simulator`; `instrument`: a name.

        **Raises:** `ValueError` for a name that is not there.
        """
        stokes = self.simulator(sky, frequency)
        if instrument is None:
            return stokes
        if instrument not in self.instruments:
            raise ValueError(
                f"There is no instrument {instrument!r}: this Model has {', '.join(self.instruments) or 'none'}."
            )
        return self.instruments[instrument](stokes)

    def measure(self, observable: AbstractObservable) -> Inexact[Array, "*values pixels"]:
        """An observable of the simulator, to the distances in the nuisance that it names.

        **Raises:** `ValueError` for a name that is not there.
        """
        if observable.distance is None:
            return self.simulator.measure(observable)
        if observable.distance not in self.nuisance:
            raise ValueError(
                f"{type(observable).__name__}: distance = {observable.distance!r} is not in the nuisance of this "
                f"Model, which has {', '.join(self.nuisance) or 'none'}."
            )
        return self.simulator.measure(observable, length=self.nuisance[observable.distance])
