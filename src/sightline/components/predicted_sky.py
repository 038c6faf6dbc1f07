"""Components that a simulator predicts, beside those that are fitted in every pixel."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from .._core.contracts import AbstractPredictor
from .._core.units import refuse_units
from ..sky.geometry import Sightlines, as_sightlines
from ..sky.instruments.bands import Nodes
from ..sky.observables import AbstractObservable
from ..sky.stokes import Stokes
from .mixing import MixingMatrix


class PredictedSky(AbstractPredictor):
    """A sky of which simulators predict some components, and a mixing matrix the spectra of the others.

    d = sum_k P_k(nu) + A s + n: a likelihood of bands subtracts what is predicted before it eliminates the amplitudes
    of the others. So magnetic field, electrons and the spectral parameters of e.g. dust are fitted by one likelihood,
    with the CMB eliminated in every pixel.

    Called as a simulator it gives what is predicted alone.

    **Arguments:** `mixing`: a `MixingMatrix` of the other components; `simulators`: by name, `Simulator`s or what is
    called as one; `sightlines`: a sky or `Sightlines` of the pixels of the data.

    **Raises:** `TypeError` for other things; `ValueError` for no simulator, or a name that is in the mixing
    matrix as well.

    !!! example
        >>> mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
        >>> sky = sl.HealpixSky(nside=1)
        >>> model = sl.components.PredictedSky(mixing, {"synchrotron": simulator}, sky)
        >>> model(sky, frequency=[40.0, 100.0]).Q.shape
        (2, 12)
    """

    mixing: MixingMatrix
    simulators: dict[str, AbstractPredictor]
    sightlines: Sightlines

    def __init__(self, mixing: MixingMatrix, simulators: Any, sightlines: Any):
        refuse_units(simulators=simulators)
        self.mixing, self.simulators, self.sightlines = mixing, dict(simulators), as_sightlines(sightlines)

    def __check_init__(self) -> None:
        if not isinstance(self.mixing, MixingMatrix):
            raise TypeError(f"PredictedSky: mixing is {self.mixing!r}: give a sl.components.MixingMatrix.")
        if not self.simulators:
            raise ValueError("PredictedSky: simulators is empty: name one, {'synchrotron': simulator}.")
        for name, one in self.simulators.items():
            if not isinstance(one, AbstractPredictor):
                raise TypeError(f"PredictedSky: simulators[{name!r}] is a {type(one).__name__}: give a sl.Simulator.")
            if name in self.mixing.components:
                raise ValueError(
                    f"PredictedSky: {name!r} is in the mixing matrix as well: leave it out of one of them."
                )

    def __call__(self, sky: Any, frequency: Any) -> Stokes:
        """What is predicted: as of a `Simulator`."""
        first, *others = [one(sky, frequency) for one in self.simulators.values()]
        for one in others:
            first = first + one
        return first

    def measure(self, observable: AbstractObservable, length: Any = None) -> Inexact[Array, "*values pixels"]:
        """An observable of the one simulator that has all fields which it needs, as of a `Simulator`.

        **Raises:** `ValueError` where none has, or several have.
        """
        able = [one for one in self.simulators.values() if all(_has(one, need) for need in observable.needs)]
        able = list(self.simulators.values()) if len(self.simulators) == 1 else able  # which says what it has not
        measure = getattr(able[0], "measure", None) if len(able) == 1 else None
        if measure is None:
            raise ValueError(
                f"{type(observable).__name__} can be measured of {len(able)} of the simulators "
                f"{', '.join(self.simulators)}, which must be one: give one simulator all operators of one medium."
            )
        return measure(observable, length)

    def in_bands(self, bands: Nodes, parameters: str) -> Float[Array, "k bands npix"]:
        """What is predicted in bands, K_CMB, COSMO."""
        count, nodes = bands.share.shape
        stokes = self(self.sightlines, bands.frequency.ravel()).to("K_RJ").to_convention("COSMO")
        maps = jnp.stack([getattr(stokes, name) for name in parameters])
        return jnp.einsum("kbnp,bn->kbp", maps.reshape(len(parameters), count, nodes, -1), bands.share)


def _has(simulator: Any, field: str) -> bool:
    return getattr(simulator, field, getattr(simulator, "fields", {}).get(field)) is not None
