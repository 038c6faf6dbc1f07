"""Everything that is compared with data: what predicts, the instruments that look at it, and nuisance parameters."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from ._core.contracts import AbstractDevice, AbstractLight, AbstractMeasurable, AbstractPredictor
from ._core.given import check_kind, own_copy
from ._core.module import Module, default_float, is_concrete
from ._core.units import numbers, quantity, strip_unit


def _to_leaves(values: dict[str, Any]) -> dict[str, Float[Array, "..."]]:
    check_kind("Model: nuisance", values, Mapping, 'a dict by name, e.g. {"offset": 0.0}')
    return {name: _to_leaf(value, f"nuisance[{name!r}]") for name, value in values.items()}


def _to_leaf(value: Any, name: str) -> Any:
    if value is None or isinstance(value, jax.ShapeDtypeStruct) or not is_concrete(value):
        return value
    found = numbers(value, None, name)
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{name} must be finite; distances must be finite and positive.")
    return jnp.asarray(found, default_float())


class Model(Module):
    """What predicts, with instruments by name and nuisance parameters: one PyTree, any leaf of which can be fitted.

    **Arguments:**

    - `simulator`: e.g. a `sl.Simulator`; `None` for a model of spectra alone.
    - `instruments`: by name, e.g. `{"wmap": sl.GaussianBeam(fwhm=0.93)}`.
    - `nuisance`: numbers or arrays by name that belong to the data, e.g. offsets (K_RJ) or distances of sources (kpc):
      plain numbers in the unit of what reads them.
    - `spectra`: photon spectra by name, e.g. `{"source": sl.spectra.PowerLaw()}`.

    **Raises:** `TypeError` for a simulator, instruments or spectra that are none, or no dict; `ValueError` for a
    nuisance that has a unit or is not finite.

    !!! example
        >>> model = sl.Model(simulator, instruments={"wmap": sl.GaussianBeam(fwhm=7.0)}, nuisance={"offset": 0.0})
        >>> model.observe(sky, frequency=23.0, instrument="wmap").I.shape
        (768,)
    """

    simulator: AbstractPredictor | None = None
    instruments: dict[str, AbstractDevice] = eqx.field(default_factory=dict, converter=own_copy)
    nuisance: dict[str, Float[Array, "..."]] = eqx.field(default_factory=dict, converter=_to_leaves)
    spectra: dict[str, AbstractLight] = eqx.field(default_factory=dict, converter=own_copy)

    def __check_init__(self) -> None:
        for part in ("instruments", "nuisance", "spectra"):
            check_kind(f"Model: {part}", getattr(self, part), dict, "a dict, by name")
        if not isinstance(self.simulator, AbstractPredictor | None):
            raise TypeError(
                f"Model: simulator is {self.simulator!r}, which predicts nothing: give e.g. a sl.Simulator."
            )
        for name, spectrum in self.spectra.items():
            if not isinstance(spectrum, AbstractLight):
                raise TypeError(
                    f"Model: spectra[{name!r}] is {spectrum!r}, which has no photons: give a photon spectrum of "
                    "sl.spectra; a factor such as an absorption multiplies one."
                )
        for name, instrument in self.instruments.items():
            if not isinstance(instrument, AbstractDevice):
                raise TypeError(
                    f"Model: instruments[{name!r}] is {instrument!r}: give an instance of a sl.instruments class."
                )

    def observe(self, sky: Any, frequency: Any = None, instrument: str | None = None, *, energy: Any = None) -> Any:
        """The sky as an instrument measures it, or as it is for `None`.

        **Arguments:** `sky`, `frequency` or `energy`: as for a `Simulator`; `instrument`: a name.

        **Raises:** `ValueError` for a name that is not there, or a model without simulator.
        """
        given = {} if energy is None else {"energy": energy}
        seen = self._predictor()(sky, *(() if frequency is None else (frequency,)), **given)
        return seen if instrument is None else self.device(instrument)(seen)

    def cube(self, instrument: str) -> Any:
        """The cube that an instrument records of a `sl.Galaxy`.

        **Arguments:** `instrument`: the name of a `sl.cubes.IFU`.

        **Raises:** `ValueError` for a name that is not there, or a model without simulator.
        """
        return self._predictor()(self.device(instrument))

    def measure(self, observable: Any, length: Any = None) -> Inexact[Array, "*values pixels"]:
        """An observable of the simulator, to the distances in the nuisance that it names, or to `length`, kpc.

        **Raises:** `ValueError` for a name that is not there; `TypeError` for a predictor without a medium.
        """
        measure = getattr(self._predictor(), "measure", None)
        if measure is None:
            raise TypeError(
                f"{type(observable).__name__} is measured of a medium, and {type(self.simulator).__name__} has none: "
                "give sl.Model a sl.Simulator, or what predicts by simulators."
            )
        if length is not None:
            return measure(observable, length=length)
        if observable.distance is None:
            return measure(observable)
        if observable.distance not in self.nuisance:
            raise ValueError(
                f"{type(observable).__name__}: distance = {observable.distance!r} is not in the nuisance of this "
                f"Model, which has {', '.join(self.nuisance) or 'none'}."
            )
        return measure(observable, length=self.nuisance[observable.distance])

    def spectrum(self, name: str) -> Any:
        """A photon spectrum by its name, its columns that are observables measured in this model.

        The values of an observable without a unit are taken for 1e22 cm-2.

        **Raises:** `ValueError` for a name that is not there.
        """
        if name not in self.spectra:
            raise ValueError(
                f"There is no spectrum {name!r}: this Model has {', '.join(self.spectra) or 'none'}; "
                f"give sl.Model(spectra={{{name!r}: ...}})."
            )
        return jax.tree.map(self._measured, self.spectra[name], is_leaf=_is_measurable)

    def _measured(self, node: Any) -> Any:
        """The column, 1e22 cm-2, that an observable in place of a number measures in this model."""
        if not _is_measurable(node):
            return node
        value = node(self)
        if value.shape != (1,):
            raise ValueError(
                f"A {type(node).__name__} in place of a column has shape {value.shape}: give it one sightline."
            )
        unit = getattr(node, "unit", None)
        return value[0] if unit is None else value[0] * strip_unit(quantity(unit), "1e22 cm-2", "column")

    def device(self, name: str) -> Any:
        """An instrument by its name.

        **Raises:** `ValueError` for a name that is not there.
        """
        if name not in self.instruments:
            raise ValueError(
                f"There is no instrument {name!r}: this Model has {', '.join(self.instruments) or 'none'}."
            )
        return self.instruments[name]

    def split(self, observable: Any) -> Any:
        """How to predict an observable a few pixels at a time, as the predictor says it; `None` where it cannot."""
        distance = getattr(observable, "distance", None)
        if distance is not None and jnp.shape(self.nuisance.get(distance)) != (observable.sightlines.size,):
            return None
        found = self._predictor().split(observable) if hasattr(self.simulator, "split") else None
        return None if found is None else found._replace(model=eqx.tree_at(_simulator, self, found.model))

    def _predictor(self) -> Any:
        if self.simulator is None:
            raise ValueError("This Model has no simulator: give it one, sl.Model(simulator, ...).")
        return self.simulator


def _is_measurable(node: Any) -> bool:
    return isinstance(node, AbstractMeasurable)


def _simulator(model: Model) -> Any:
    return model.simulator
