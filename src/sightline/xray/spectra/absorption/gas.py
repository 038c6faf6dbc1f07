"""Absorption by atoms alone, with abundances of their own."""

import functools
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import default_float, is_concrete, param
from ...._core.types import Scalar
from ...._core.units import numbers
from ..base import Column, Jumps
from .abundances import atom, edges, interstellar
from .atoms import Energies
from .base import AbstractAbsorption, Sections
from .table import Table, tabulate

_METALS = "metals"
_LIGHT = ("H", "He")


def _to_leaves(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise TypeError(f'GasAbsorption.abundances = {values!r} must be a dict by element, e.g. {{"O": 0.5}}.')
    known = [name for name in (*interstellar(), _METALS) if name != "H"]
    for name in values:
        if name not in known:
            raise ValueError(f"GasAbsorption.abundances: {name!r} is none of {', '.join(known)}.")
    return {name: _to_leaf(value, f"GasAbsorption.abundances[{name!r}]") for name, value in values.items()}


def _to_leaf(value: Any, name: str) -> Any:
    if value is None or isinstance(value, (eqx.Module, jax.ShapeDtypeStruct)) or not is_concrete(value):
        return value
    number = numbers(value, "", name)
    if number.shape or not (np.isfinite(number) and number >= 0):
        raise ValueError(f"{name} = {value} must be one number that is finite and not negative.")
    return jnp.asarray(number, default_float())


@functools.cache
def _table(names: tuple[str, ...]) -> Table:
    """Cross sections per hydrogen nucleus of all that is not named, then of each that is."""
    elements = interstellar()

    def sections(energy: Energies) -> Float[np.ndarray, "species n"]:
        each = {name: one.abundance * atom(name, energy) for name, one in elements.items()}
        groups = {name: np.zeros_like(energy) for name in ("", *names)}
        for name, section in each.items():
            groups[_group(name, names)] += section
        return np.stack(list(groups.values()))

    return tabulate(sections, np.concatenate([edges(name) for name in elements]))


def _group(element: str, names: tuple[str, ...]) -> str:
    """The abundance that scales an element, "" for none."""
    if element in names:
        return element
    return _METALS if _METALS in names and element not in _LIGHT else ""


class GasAbsorption(AbstractAbsorption):
    """Photoelectric absorption by neutral atoms: T(E) = exp[-N_H sum_Z a_Z A_Z sigma_Z(E)].

    A_Z are the abundances of Wilms et al. 2000, sigma_Z the cross sections of `InterstellarAbsorption`, without its
    molecules and grains. Abundances are learnable: `abundances.O` is the name of that of oxygen.

    XSPEC's `tbgas`, or `vphabs` with `abund wilm` and `xsect vern`; like its `tbgas` it has helium by Yan et al., and
    unlike them P, Ti and Mn. Below 13.6 eV T = 1; above 100 keV sigma falls as E^-3.

    **Arguments:**

    - `column`: N_H, 1e22 cm-2.
    - `abundances`: a_Z by symbol of the element, e.g. `{"O": 0.5}`; `"metals"` scales all that are heavier than helium
      and not given themselves. Those that nothing scales have a_Z = 1.

    **Raises:** `ValueError` for an element that is not there, or an abundance that is negative or not finite.

    !!! example
        >>> thin = sl.spectra.GasAbsorption(column=1.0, abundances={"metals": 0.3, "Fe": 1.0})
        >>> round(float(thin(1.0)), 3)
        0.359

    **Source:** Wilms, Allen & McCray 2000, ApJ 542, 914, equation 1, with Verner & Yakovlev 1995, A&AS 109, 125, Verner
    et al. 1996, ApJ 465, 487, and Yan, Sadeghpour & Dalgarno 1998, ApJ 496, 1044.
    """

    cites: ClassVar[tuple[str, ...]] = ("Verner1995", "Verner1996", "Wilms2000", "Yan1998")
    column: Column = param(unit="1e22 cm-2", bounds=(0, None), symbol="N_H", doc="hydrogen nuclei")
    abundances: dict[str, Float[Array, ""]] = eqx.field(
        default_factory=dict,
        converter=_to_leaves,
        metadata={"unit": "", "bounds": (0, None), "symbol": "a", "doc": "relative to the interstellar medium"},
    )

    def sections(self, energy: Scalar) -> Float[Array, " species"]:
        return _table(tuple(sorted(self.abundances)))(energy)

    def depth(self, sections: Sections) -> Float[Array, "*n"]:
        total = sections[..., 0]
        for place, name in enumerate(sorted(self.abundances), start=1):
            total = total + self.abundances[name] * sections[..., place]
        return jnp.asarray(self.column) * total

    def jumps(self) -> Jumps:
        return _table(tuple(sorted(self.abundances))).jumps
