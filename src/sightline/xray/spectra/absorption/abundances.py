"""What the interstellar medium is made of, and the cross sections of its species."""

import functools
from importlib import resources
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from . import atoms, light
from .atoms import Energies

_TABLE = "xray/spectra/absorption/data/wilms.csv"
MOLECULAR = 0.2
"""Fraction of the hydrogen nuclei that are in molecules."""


class Element(NamedTuple):
    """An element of the interstellar medium.

    - `abundance`: atoms per hydrogen nucleus; `gas`: the fraction of them in the gas, the rest is in grains.
    - `weight`: of an atom, u.
    """

    abundance: float
    gas: float
    weight: float


@functools.cache
def interstellar() -> dict[str, Element]:
    """The 21 elements of the interstellar medium by symbol.

    !!! example
        >>> round(sum(one.abundance * one.weight for one in interstellar().values()), 3)
        1.416

    **Source:** Wilms, Allen & McCray 2000, ApJ 542, 914, Table 2.
    """
    with resources.files("sightline").joinpath(_TABLE).open(encoding="utf-8") as file:
        rows = [line.split(",") for line in file if not line.startswith("#")]
    return {name: Element(10 ** (float(a) - 12), float(gas), float(weight)) for name, a, gas, weight in rows}


def atom(element: str, energy: Energies) -> Energies:
    """Cross section of an atom, (n,) Mb at (n,) eV: helium by Yan et al., all others by Verner et al."""
    return light.helium(energy) if element == "He" else atoms.cross_section(element, energy)


def edges(element: str) -> Float[np.ndarray, " k"]:
    """Energies, (k,) eV, at which the cross section of an atom jumps."""
    return np.array(light.HELIUM_EDGES) if element == "He" else atoms.edges(element)
