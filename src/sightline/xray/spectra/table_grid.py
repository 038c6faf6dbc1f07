"""Spectra tabulated on a grid of parameters, interpolated between."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, is_concrete, setting
from ..._core.naming import unique
from ..._core.types import Scalar
from .bins import WIDEST

_SLACK = 1e-6  # of a parameter's range: what rounding may lead beyond its ends


class Tabulated(Protocol):
    """What `sl.io.read_table_model` reads, a `sl.io.TableData`."""

    @property
    def spectra(self) -> np.ndarray:
        """(grid..., n)."""
        ...

    def _asdict(self) -> dict[str, Any]: ...


class TableGrid(Module):
    """The numbers of a table model, which are data and never learnt: made by `TableGrid.of(sl.io.TableData)`.

    - `edges`, `numbers`: the bytes of the edges, keV, and of the spectra, (1 + additional, grid..., n), float64.
    - `kind`, `redshift`, `below`, `above`: as `sl.io.TableData`.
    - `names`: of its parameters, those of the grid first, in small letters, `_` for what is neither letter nor digit.
    - `nodes`: where those of the grid are tabulated; `logarithmic`: which one interpolates in their logarithm.
    - `limits`: the ends of each; `initial`: what it is without a value.

    !!! example
        >>> kt = sl.io.TableParameter("kT", False, 1.0, 0.5, 0.5, 2.0, 2.0, np.asarray([0.5, 2.0]))
        >>> bins = {"low": np.array([0.3, 1.0]), "high": np.array([1.0, 3.0])}
        >>> spectra = np.array([[1.0, 0.0], [2.0, 3.0]])
        >>> grid = sl.spectra.TableGrid.of(sl.io.TableData("gas", "additive", True, (kt,), (), **bins, spectra=spectra))
        >>> grid.names, grid.bounds["kt"]
        (('kt',), (0.5, 2.0))
        >>> grid({"kt": jnp.asarray(1.25)}).tolist()
        [1.5, 1.5]
    """

    edges: bytes = eqx.field(static=True, repr=False)
    numbers: bytes = eqx.field(static=True, repr=False)
    nodes: tuple[tuple[float, ...], ...] = eqx.field(static=True, repr=False)
    kind: str = setting(choices=("additive", "multiplicative", "exponential"))
    redshift: bool = setting()
    names: tuple[str, ...] = setting()
    logarithmic: tuple[bool, ...] = setting()
    limits: tuple[tuple[float, float], ...] = setting()
    initial: tuple[float, ...] = setting()
    below: float = setting()
    above: float = setting()

    @classmethod
    def of(cls, table: "TableGrid | Tabulated") -> "TableGrid":
        """The grid of a table as it is read.

        **Raises:** `TypeError` for what is no table.
        """
        if isinstance(table, TableGrid):
            return table
        if not hasattr(table, "spectra"):
            raise TypeError(f"table is {table!r}: give what sl.io.read_table_model reads, a sl.io.TableData.")
        data: Any = table
        extra = [] if data.additional_spectra is None else list(data.additional_spectra)
        both = (*data.parameters, *data.additional)
        ends = [(one.values[0], one.values[-1]) for one in data.parameters]
        ends += [(one.minimum, one.maximum) for one in data.additional]
        return cls(
            kind=data.kind,
            redshift=bool(data.redshift),
            names=tuple(unique({plain(one.name): None} for one in both)),
            nodes=tuple(tuple(map(float, one.values)) for one in data.parameters),
            logarithmic=tuple(bool(one.logarithmic) for one in data.parameters),
            limits=tuple((float(low), float(high)) for low, high in ends),
            initial=tuple(float(one.initial) for one in both),
            below=float(data.below),
            above=float(data.above),
            edges=np.append(data.low, data.high[-1]).astype(float).tobytes(),
            numbers=np.stack([data.spectra, *extra]).astype(float).tobytes(),
        )

    @property
    def energies(self) -> np.ndarray:
        """(n + 1,) keV, the edges of its bins."""
        return np.frombuffer(self.edges)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The smallest and the largest value of each parameter."""
        return dict(zip(self.names, self.limits, strict=True))

    @property
    def wide(self) -> np.ndarray:
        """(n,), which of its bins are wider than those of a spectrum, which are to be cut there."""
        low, high = self.energies[:-1], self.energies[1:]
        return high > low * np.exp(WIDEST)

    def cuts(self) -> np.ndarray:
        """Edges, (k,) keV, of its wide bins, and its ends."""
        wide = np.concatenate([[True], self.wide, [True]])
        return self.energies[(wide[1:] | wide[:-1]) & (self.energies > 0)]

    def completed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters by name, in the order of the grid, the initial value of the file where none is given.

        **Raises:** `ValueError` for a name that it does not have, or a value outside the grid.
        """
        given = {plain(name): value for name, value in values.items()}
        unknown = sorted(set(given).difference(self.names))
        if unknown:
            raise ValueError(f"values has {', '.join(unknown)}, the table {', '.join(self.names)}: give some of these.")
        return {name: given.get(name, first) for name, first in zip(self.names, self.initial, strict=True)}

    def check(self, values: Mapping[str, Any], who: str) -> None:
        """Refuses values outside the grid, as far as they are known.

        **Raises:** `ValueError` that names the parameter.
        """
        for name, (low, high) in self.bounds.items():
            value = values[name]
            if is_concrete(value) and not isinstance(value, jax.ShapeDtypeStruct):
                slack = _SLACK * (high - low)
                if not np.all((np.asarray(value) >= low - slack) & (np.asarray(value) <= high + slack)):
                    raise ValueError(
                        f"{who}: {name} = {value} is outside its table, which has {low:g} to {high:g}: stay within, "
                        "or read a table that reaches further."
                    )

    def __call__(self, values: Mapping[str, Scalar]) -> Float[Array, " n"]:
        """The spectrum, or what the table holds, in its bins: multilinear, NaN outside the grid."""
        found = [values[name] for name in self.names]
        size = len(self.nodes)
        shape = (len(self.names) - size + 1, *map(len, self.nodes), len(self.energies) - 1)
        block = jnp.asarray(np.frombuffer(self.numbers).reshape(shape), found[0].dtype)
        places = [_place(*one) for one in zip(found[:size], self.nodes, self.logarithmic, strict=True)]
        starts = [jnp.zeros((), jnp.int32), *(start for start, _ in places), jnp.zeros((), jnp.int32)]
        lengths = [shape[0], *(len(weight) for _, weight in places), shape[-1]]
        block = jax.lax.dynamic_slice(block, starts, lengths)
        for _, weight in places:
            block = _weighted(block, weight)
        shares = jnp.stack([jnp.ones_like(found[0]), *found[size:]])
        inside = jnp.stack([_inside(*one) for one in zip(found, self.limits, strict=True)])
        return jnp.where(jnp.all(inside), jnp.sum(shares[:, None] * block, axis=0), jnp.nan)


def plain(name: str) -> str:
    """A name of a parameter in small letters, `_` for what is neither letter nor digit."""
    return re.sub("[^0-9a-z]+", "_", name.lower()).strip("_")


def _inside(value: Scalar, limits: tuple[float, float]) -> Array:
    slack = _SLACK * (limits[1] - limits[0])
    return (value >= limits[0] - slack) & (value <= limits[1] + slack)


def _weighted(block: Array, weights: list[Scalar]) -> Array:
    """The sum over the second axis, with weights."""
    total = block[:, 0] * weights[0]
    for k, weight in enumerate(weights[1:], 1):
        total = total + block[:, k] * weight
    return total


def _place(value: Scalar, nodes: tuple[float, ...], logarithmic: bool) -> tuple[Array, list[Scalar]]:
    """The node below a value, and the weights of the nodes from there on."""
    if len(nodes) == 1:
        return jnp.zeros((), jnp.int32), [jnp.ones_like(value)]
    known = jnp.asarray(np.log(nodes) if logarithmic else np.asarray(nodes), value.dtype)
    at = jnp.log(value) if logarithmic else value
    start = jnp.clip(jnp.searchsorted(known, at, side="right") - 1, 0, len(nodes) - 2).astype(jnp.int32)
    upper = (at - known[start]) / (known[start + 1] - known[start])
    return start, [1 - upper, upper]
