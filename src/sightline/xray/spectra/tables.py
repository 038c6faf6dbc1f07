"""Spectra and factors that a user's table holds."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, param
from ..._core.types import Scalar
from ..._core.units import refuse_units, strip_unit
from .base import AbstractFactor, AbstractPhotonSpectrum, Jumps
from .table_grid import TableGrid, Tabulated

_CLOSEST = -0.999  # redshifts above -1 only
_VALUES = {"param": True, "limits": "bounds", "doc": "parameters of the table"}


class TableModel(AbstractPhotonSpectrum):
    """A spectrum that a table holds on a grid of parameters; XSPEC's `atable`.

    N = K [S(p) + sum_k a_k S_k(p)] in the bins of the table, each S multilinear in the parameters p of its grid, or in
    their logarithms where the file says so; a_k are its additional parameters, such as abundances. Photons in other
    bins are those of the bins of the table that they share, spread evenly within each: their number is kept. The table
    is data: only parameters, norm and redshift are learnt, within its grid.

    Where the file has a redshift, photons between E_1 and E_2 are those between E_1 (1 + z) and E_2 (1 + z), divided
    by 1 + z, as in XSPEC: 1 + z times those of `Redshifted`.

    **Arguments:**

    - `table`: what `sl.io.read_table_model` reads.
    - `values`: parameters by name, in the unit and as the file has them or in small letters with `_` for what is
      neither letter nor digit; the initial value of the file where none is given.
    - `norm`: K; `redshift`: z > -1, `None`: 0, and not learnt.

    **Raises:** `ValueError` for a table of factors, names that it does not have, values outside its grid, and a
    redshift where the file has none. Where values are traced, those outside give NaN.

    !!! example
        >>> limits = {"initial": 1.0, "minimum": 0.5, "bottom": 0.5, "top": 2.0, "maximum": 2.0}
        >>> kt = sl.io.TableParameter("kT", logarithmic=True, **limits, values=np.array([0.5, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> spectra = np.array([[1.0, 0.1], [2.0, 1.0]])
        >>> gas = sl.spectra.TableModel(sl.io.TableData("gas", "additive", True, (kt,), (), **bins, spectra=spectra))
        >>> float(gas.values["kt"]), float(gas.photons(0.3, 3.0)), gas.photons(0.3, 1.0).round(3)
        (1.0, 2.05, Array(1.5, dtype=float64))

    **Source:** Arnaud, K. A. 1995, OGIP Memo 92-009.
    """

    table: TableGrid
    values: dict[str, Float[Array, ""]] = eqx.field(metadata=_VALUES)
    norm: Float[Array, ""] = param(1.0, bounds=(0, None), symbol="K")
    redshift: Float[Array, ""] | None = param(None, bounds=(_CLOSEST, None), symbol="z")

    def __init__(
        self,
        table: TableGrid | Tabulated,
        values: Mapping[str, Any] | None = None,
        norm: Any = 1.0,
        redshift: Any = None,
    ) -> None:
        self.table = TableGrid.of(table)
        self.values = _leaves(self.table, values)
        self.norm, self.redshift = norm, redshift

    def __check_init__(self) -> None:
        _check_kind(self.table, "TableModel", ("additive",), "sl.spectra.TableFactor")
        self.table.check(self.values, "TableModel")
        if self.redshift is not None and not self.table.redshift:
            raise ValueError(
                "TableModel: the table has no redshift: give sl.spectra.Redshifted(table_model, redshift)."
            )
        if self.table.below or self.table.above:
            raise ValueError(
                f"TableModel: outside its energies the table is {self.table.below:g} below and {self.table.above:g} "
                "above, in no unit that is known: give table._replace(below=0.0, above=0.0), without photons there."
            )

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The smallest and the largest value of each parameter of the table."""
        return self.table.bounds

    def __call__(self, energy: Scalar) -> Scalar:
        _, width = _bins(self.table, energy.dtype)
        density = self.table(self.values) / width
        return self.norm * _looked_up(density, self.table, energy * self._stretch(), 0.0, 0.0)

    def photons(self, low: Scalar, high: Scalar) -> Scalar:
        edges, width = _bins(self.table, low.dtype)
        stretch = self._stretch()
        return self.norm * _between(self.table(self.values), edges, width, low * stretch, high * stretch) / stretch

    def jumps(self) -> Jumps:
        cuts = self.table.cuts()
        return cuts if self.redshift is None else jnp.asarray(cuts, self.redshift.dtype) / self._stretch()

    def _stretch(self) -> Scalar:
        return jnp.ones_like(self.norm) if self.redshift is None else 1 + self.redshift


class TableFactor(AbstractFactor):
    """A factor that a table holds on a grid of parameters; XSPEC's `mtable`, and `etable`: exp(-table).

    T(E) is what the bin of the table has that holds E, multilinear in the parameters as in `TableModel`; outside its
    energies what the file says, 0 if it says nothing. Bins of a spectrum are cut at the edges of the table's bins that
    are wider than 1/80 in ln E; among narrower ones T is linear in E between their middles, so that it has a derivative
    by redshift, and taken at two energies of each bin of the spectrum.

    **Arguments:** `table`, `values`, `redshift`: as of `TableModel`; T(E) is that of the table at E (1 + z).

    **Raises:** as `TableModel`, and `ValueError` for a table of spectra.

    !!! example
        >>> limits = {"initial": 1.0, "minimum": 0.0, "bottom": 0.0, "top": 2.0, "maximum": 2.0}
        >>> column = sl.io.TableParameter("nH", logarithmic=False, **limits, values=np.array([0.0, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> spectra = np.array([[0.0, 0.0], [2.0, 1.0]])
        >>> table = sl.io.TableData("dust", "exponential", False, (column,), (), **bins, spectra=spectra)
        >>> round(float(sl.spectra.TableFactor(table, {"nH": 1.0})(0.5)), 4)
        0.3679

    **Source:** Arnaud, K. A. 1995, OGIP Memo 92-009.
    """

    table: TableGrid
    values: dict[str, Float[Array, ""]] = eqx.field(metadata=_VALUES)
    redshift: Float[Array, ""] | None = param(None, bounds=(_CLOSEST, None), symbol="z")

    def __init__(
        self, table: TableGrid | Tabulated, values: Mapping[str, Any] | None = None, redshift: Any = None
    ) -> None:
        self.table = TableGrid.of(table)
        self.values = _leaves(self.table, values)
        self.redshift = redshift

    def __check_init__(self) -> None:
        _check_kind(self.table, "TableFactor", ("multiplicative", "exponential"), "sl.spectra.TableModel")
        self.table.check(self.values, "TableFactor")
        if self.redshift is not None and not self.table.redshift:
            raise ValueError("TableFactor: the table has no redshift: give sl.spectra.RedshiftedFactor(factor, z).")

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The smallest and the largest value of each parameter of the table."""
        return self.table.bounds

    def __call__(self, energy: Scalar) -> Scalar:
        at = energy if self.redshift is None else energy * (1 + self.redshift)
        value = _looked_up(self.table(self.values), self.table, at, self.table.below, self.table.above)
        return jnp.exp(-value) if self.table.kind == "exponential" else value

    def jumps(self) -> Jumps:
        cuts = self.table.cuts()
        return cuts if self.redshift is None else jnp.asarray(cuts, self.redshift.dtype) / (1 + self.redshift)


def _leaves(table: TableGrid, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Learnable numbers by name."""
    refuse_units(values=values)  # as a whole
    found = table.completed({} if values is None else values)
    return {name: jnp.asarray(strip_unit(value, "", name), default_float()) for name, value in found.items()}


def _check_kind(table: TableGrid, who: str, kinds: tuple[str, ...], other: str) -> None:
    if table.kind not in kinds:
        raise ValueError(f"{who}: the table is {table.kind}: give it to {other}.")


def _bins(table: TableGrid, dtype: Any) -> tuple[Float[Array, " n1"], Float[Array, " n"]]:
    """Edges and widths, keV, these in the precision of the file."""
    return jnp.asarray(table.energies, dtype), jnp.asarray(np.diff(table.energies), dtype)


def _looked_up(held: Array, table: TableGrid, energy: Scalar, below: float, above: float) -> Scalar:
    """What the bin holds in which an energy lies, and what is outside; linear between the middles of narrow bins."""
    edges = jnp.asarray(table.energies, energy.dtype)
    middles = jnp.asarray(0.5 * (table.energies[1:] + table.energies[:-1]), energy.dtype)
    narrow, last = jnp.asarray(~table.wide), held.size - 1
    index = jnp.searchsorted(edges, energy, side="right") - 1
    one = jnp.clip(index, 0, last)
    other = jnp.clip(jnp.where(energy < middles[one], one - 1, one + 1), 0, last)
    between = narrow[one] & narrow[other] & (one != other)
    part = (energy - middles[one]) / jnp.where(between, middles[other] - middles[one], 1)
    value = held[one] + jnp.where(between, part * (held[other] - held[one]), 0)
    return jnp.where(index < 0, below, jnp.where(index > last, above, value))


def _between(held: Array, edges: Array, width: Array, low: Scalar, high: Scalar) -> Scalar:
    """Photons between two energies: parts of the bins at both ends, and the bins between, summed from the nearer end.

    Sums from one end alone would lose the faint bins at the other in single precision.
    """
    low, high = (jnp.clip(one, edges[0], edges[-1]) for one in (low, high))
    first = jnp.clip(jnp.searchsorted(edges, low, side="right") - 1, 0, held.size - 1)
    last = jnp.maximum(jnp.clip(jnp.searchsorted(edges, high, side="left") - 1, 0, held.size - 1), first)
    zero = jnp.zeros(1, held.dtype)
    below = jnp.concatenate([zero, jnp.cumsum(held)])
    above = jnp.concatenate([jnp.cumsum(held[::-1])[::-1], zero])
    from_below = below[last] < above[first + 1]
    middle = jnp.where(from_below, below[last] - below[first + 1], above[first + 1] - above[last])
    density = held / width
    ends = density[first] * (edges[first + 1] - low) + density[last] * (high - edges[last])
    return jnp.where(first == last, density[first] * (high - low), ends + middle)
