"""Grains of dust: atoms inside lie in the shadow of those outside."""

import numpy as np

from .abundances import Element
from .atoms import Energies

DENSITY = 1.0
"""Density of grains, g cm-3."""
SIZES = (0.025, 0.25)
"""Smallest and largest radius of grains, um; their numbers fall as radius^-3.5 in between."""
_ATOMIC_MASS = 1.66053907e-24  # g
_NODES = 24


def shielding(depth: Energies) -> Energies:
    """What a population of grains absorbs, over what its atoms would absorb one by one.

    A sphere of radius a has a mean column 4 a rho/(3 m), so that of n(a) ~ a^-3.5 it is
    f = int a^-1.5 [1 - exp(-tau a/a_2)] da / int a^-0.5 (tau/a_2) da, between a_1 and a_2.

    **Arguments:** `depth`: tau, mean optical depth through the largest grains, (n,).

    **Source:** Wilms, Allen & McCray 2000, ApJ 542, 914, appendix A; the sizes are those of Mathis, Rumpl & Nordsieck
    1977, ApJ 217, 425.
    """
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    radius = np.exp(0.5 * (x - 1) * np.log(SIZES[1] / SIZES[0]))  # of the largest
    tau = depth[:, None] * radius
    absorbed = -np.expm1(-tau) / np.maximum(tau, 1e-300)
    return np.where(tau > 0, absorbed, 1.0) @ (weight * radius**0.5) / np.sum(weight * radius**0.5)


def cross_section(elements: dict[str, Element], sections: dict[str, Energies]) -> Energies:
    """Cross section of all grains per hydrogen nucleus, (n,) Mb.

    **Arguments:** `elements`: what there is of each, by symbol; `sections`: of their atoms, (n,) Mb.
    """
    inside = {name: one.abundance * (1 - one.gas) for name, one in elements.items()}
    bare = np.sum([share * sections[name] for name, share in inside.items()], axis=0)
    mass = _ATOMIC_MASS * sum(share * elements[name].weight for name, share in inside.items())
    column = 4 / 3 * SIZES[1] * 1e-4 * DENSITY / mass  # hydrogen nuclei per cm2 that go with the largest grains
    return bare * shielding(bare * 1e-18 * column)
