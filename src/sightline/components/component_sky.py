"""The sky that components make: called as a simulator is."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._core.contracts import AbstractPredictor
from .._core.given import own_copy
from .._core.module import is_concrete
from ..sky.geometry import Sightlines, difference
from ..sky.stokes import Stokes, to_frequency
from .mixing import MixingMatrix


class ComponentSky(AbstractPredictor):
    """The sum of components with known maps: S(nu) = sum_c A_c(nu) S_c, called as a `Simulator`.

    **Arguments:**

    - `mixing`: a `MixingMatrix`.
    - `amplitudes`: maps by the name of the component, `Stokes`, (npix,) each, labelled with the frequency that is the
      reference of its SED; one that has no reference may have any. Components without a map are not in the sky.

    **Raises:** `ValueError` for a name that is no component, maps of several frequencies or of another one than the
    reference; `TypeError` for what is no `Stokes`.

    !!! example
        >>> sky, zero = sl.HealpixSky(nside=8), np.zeros(768)
        >>> mixing = sl.components.MixingMatrix(dust=sl.components.ModifiedBlackbody())
        >>> dust = sl.Stokes(zero, zero + 1e-6, zero, frequency=353.0, unit="K_CMB", sky=sky)
        >>> sl.components.ComponentSky(mixing, amplitudes={"dust": dust})(sky, frequency=[100.0, 143.0]).Q.shape
        (2, 768)
    """

    mixing: MixingMatrix
    amplitudes: dict[str, Stokes] = eqx.field(converter=own_copy)

    def __check_init__(self) -> None:
        if not isinstance(self.mixing, MixingMatrix):
            raise TypeError(f"ComponentSky: mixing is {self.mixing!r}: give a sl.components.MixingMatrix.")
        if not self.amplitudes:
            raise ValueError(f"ComponentSky: amplitudes is empty: give a map of {self.mixing.components[0]!r}.")
        for name, stokes in self.amplitudes.items():
            if name not in self.mixing.components:
                known = ", ".join(map(repr, self.mixing.components))
                raise ValueError(
                    f"ComponentSky: amplitudes has {name!r}, which is no component of mixing: name {known}."
                )
            _check_amplitude(name, stokes, self._reference(name))

    def __call__(self, sky: Any, frequency: Any) -> Stokes:
        """What is seen, K_RJ.

        **Arguments:** `sky`: the sky of the maps, or `Sightlines` of it; `frequency`: GHz, () or (nfreq,).

        **Raises:** `ValueError` for another sky than that of the maps.
        """
        seen = sky.sky if isinstance(sky, Sightlines) else sky
        nu = to_frequency(frequency)
        maps = {name: self.maps(name, seen) for name in self.amplitudes}
        matrix = self.mixing(jnp.atleast_1d(nu), seen.size)
        total = jnp.zeros((3, len(matrix), seen.size), matrix.dtype)
        for name, one in maps.items():
            column = matrix[:, self.mixing.components.index(name)]
            total = total + column * jnp.stack([one.I, one.Q, one.U])[:, None]
        total = total if nu.ndim else total[:, 0]
        return Stokes(*total, frequency=nu, unit="K_CMB", sky=seen).to("K_RJ")

    def maps(self, name: str, sky: Any) -> Stokes:
        """The maps of one component on a sky, in K_CMB and COSMO."""
        stokes = self.amplitudes[name]
        apart = None if stokes.sky is None else difference(stokes.sky, sky, "the sky asked for")
        if apart or stokes.I.shape != (sky.size,):
            found = f"the map {apart}" if apart else f"{stokes.I.shape[-1]} pixels, not {sky.size}"
            raise ValueError(f"ComponentSky: amplitudes[{name!r}]: {found}. Ask for the sky of the maps.")
        return stokes.to("K_CMB").to_convention("COSMO")

    def _reference(self, name: str) -> float | None:
        parts = {f"{term}{part}": sed for term, sed in self.mixing.terms.items() for part in sed.parts}
        return parts[name].reference


def _check_amplitude(name: str, stokes: Any, reference: float | None) -> None:
    if not isinstance(stokes, Stokes):
        raise TypeError(f"ComponentSky: amplitudes[{name!r}] is a {type(stokes).__name__}: give a sl.Stokes.")
    if stokes.frequency.ndim:
        raise ValueError(f"ComponentSky: amplitudes[{name!r}] has several frequencies: give the map at the reference.")
    known = reference is not None and is_concrete(stokes.frequency)
    if known and not np.isclose(float(stokes.frequency), float(reference), rtol=1e-5):
        raise ValueError(
            f"ComponentSky: amplitudes[{name!r}] is labelled {float(stokes.frequency):g} GHz, the reference of its SED "
            f"is {reference:g} GHz: give the map there, or set reference={float(stokes.frequency):g}."
        )
