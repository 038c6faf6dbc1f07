"""Emission lines of gas: which there are, and how bright."""

import abc
import math
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, param, setting
from ..._core.ranks import of_one_rank
from ..._core.units import strip_unit
from ..cubes.line import PLACES

Values = Float[Array, "*#n"]

_ERG = math.log10(3.828e33)  # log10 erg/s of 1 Lsun
_NEBULAR = ("H delta", "H gamma", "H beta", "[O III] 4959", "[O III] 5007", "[N II] 6548", "H alpha", "[N II] 6584")


class AbstractLines(Module):
    """Emission lines of gas by its star-formation rate and metallicity: write `places` and `luminosity`.

    !!! example
        >>> issubclass(sl.populations.NebularLines, sl.populations.AbstractLines)
        True
    """

    @property
    @abc.abstractmethod
    def places(self) -> tuple[float, ...]:
        """Wavelengths at rest in vacuum, (lines,) A."""

    @abc.abstractmethod
    def luminosity(self, star_formation_rate: Values, metallicity: Values) -> Float[Array, "... lines"]:
        """Luminosities, (..., lines) Lsun, by star-formation rate, (...) Msun/yr, and [M/H], (...) dex, broadcast."""


class NebularLines(AbstractLines):
    """Lines of gas that young stars ionise: H alpha to H delta, [N II] and [O III].

    H alpha = 10^41.27 erg/s per Msun/yr; H beta is H alpha/2.86, H gamma and H delta 0.468 and 0.259 of H beta (case B,
    10,000 K). With x = 12 + log(O/H) = 8.69 + [M/H], log([N II] 6584/H alpha) = (x - 8.90)/0.57, between -2.5 and -0.3,
    and log([O III] 5007/H beta) is that plus (8.73 - x)/0.32, between -1 and 1.9. [N II] 6548 is 1/3.05 of 6584,
    [O III] 4959 1/2.98 of 5007.

    **Arguments:** `strength`: log10 of the luminosity of H alpha of 1 Msun/yr, erg/s; `decrement`: H alpha/H beta.

    **Source:** Kennicutt & Evans 2012, ARA&A 50, 531, table 1; Pettini & Pagel 2004, MNRAS 348, L59, equations 1 and 3;
    Storey & Zeippen 2000, MNRAS 312, 813.

    !!! example
        >>> lines = sl.populations.NebularLines()
        >>> alpha = lines.luminosity(jnp.asarray(1.0), jnp.asarray(0.0))[lines.names.index("H alpha")]
        >>> f"{float(alpha) * 3.828e33:.3g} erg/s"
        '1.86e+41 erg/s'
    """

    cites: ClassVar[tuple[str, ...]] = ("Kennicutt2012", "Pettini2004", "Storey2000")
    strength: Float[Array, ""] = param(41.27, doc="log10 of H alpha in erg/s of 1 Msun/yr")
    decrement: Float[Array, ""] = param(2.86, positive=True)

    @property
    def names(self) -> tuple[str, ...]:
        """What the lines are called, in their order."""
        return _NEBULAR

    @property
    def places(self) -> tuple[float, ...]:
        return tuple(PLACES[name] for name in _NEBULAR)

    def luminosity(self, star_formation_rate: Values, metallicity: Values) -> Float[Array, "... lines"]:
        rate, metallicity = _given(star_formation_rate, metallicity)
        oxygen = 8.69 + metallicity
        nitrogen = jnp.clip((oxygen - 8.90) / 0.57, -2.5, -0.3)
        ratio = nitrogen + jnp.clip((8.73 - oxygen) / 0.32, -1.0, 1.9)
        alpha = rate * jnp.power(10.0, self.strength - _ERG)
        beta, n2, o3 = alpha / self.decrement, alpha * jnp.power(10.0, nitrogen), jnp.power(10.0, ratio)
        parts = [0.259 * beta, 0.468 * beta, beta, beta * o3 / 2.98, beta * o3, n2 / 3.05, alpha, n2]
        return jnp.stack(jnp.broadcast_arrays(*parts), axis=-1)


class TabulatedLines(AbstractLines):
    """Lines of a table: luminosities per star-formation rate at some metallicities, linear between and clamped beyond.

    **Arguments:**

    - `wavelength`: at rest in vacuum, (lines,) A.
    - `metallicity`: [M/H] of the rows, rising, (m,) dex.
    - `table`: luminosities of 1 Msun/yr, (m, lines) Lsun, not negative.

    **Raises:** `ValueError` for metallicities that do not rise, and a table of another shape.

    !!! example
        >>> lines = sl.populations.TabulatedLines([5008.24], [-1.0, 0.0], [[3e7], [1e7]])
        >>> lines.luminosity(jnp.asarray(2.0), jnp.asarray(-0.5)).tolist()
        [40000000.0]
    """

    wavelength: tuple[float, ...] = setting(unit="Angstrom", positive=True)
    metallicity: tuple[float, ...] = setting()
    table: Float[Array, "m lines"] = param(unit="Lsun", bounds=(0, None))

    def __check_init__(self) -> None:
        shape = (np.size(self.metallicity), np.size(self.wavelength))
        if np.ndim(self.metallicity) != 1 or np.any(np.diff(self.metallicity) <= 0):
            raise ValueError(f"TabulatedLines.metallicity = {self.metallicity} must be rising numbers in a row.")
        if self.table.shape != shape:
            raise ValueError(
                f"TabulatedLines.table has shape {self.table.shape}, not (metallicities, lines) = {shape}."
            )

    @property
    def places(self) -> tuple[float, ...]:
        return self.wavelength

    def luminosity(self, star_formation_rate: Values, metallicity: Values) -> Float[Array, "... lines"]:
        rate, metallicity = _given(star_formation_rate, metallicity)
        nodes = jnp.asarray(self.metallicity, self.table.dtype)
        columns = [jnp.interp(metallicity, nodes, column) for column in jnp.unstack(self.table, axis=1)]
        rates, light = of_one_rank(rate[..., None], jnp.stack(columns, axis=-1))
        return rates * light


def _given(star_formation_rate: Any, metallicity: Any) -> tuple[Values, Values]:
    """Rates [Msun/yr] and metallicities [dex] as arrays."""
    rate = strip_unit(star_formation_rate, "Msun yr-1", "star_formation_rate")
    return jnp.asarray(rate), jnp.asarray(strip_unit(metallicity, "", "metallicity"))
