"""Photoionisation cross sections of neutral atoms, by the fits of Verner and others."""

import functools
from importlib import resources
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

_MODULE = "xray/spectra/absorption/data/verner.csv"
_MOMENTUM = {"s": 0, "p": 1, "d": 2}

Energies = Float[np.ndarray, " n"]


class Fit(NamedTuple):
    """One fit, of a shell or of all outer shells together.

    - `low`, `high`: where it holds, eV, the upper end excluded.
    - `scale`: E_0, eV; `size`: sigma_0, Mb; `pivot`, `power`, `width`: y_a, P, y_w; `offset`, `floor`: y_0, y_1.
    - `momentum`: orbital quantum number of a shell, 0 for outer shells together.
    """

    low: float
    high: float
    scale: float
    size: float
    pivot: float
    power: float
    width: float
    offset: float
    floor: float
    momentum: int

    def __call__(self, energy: Energies) -> Energies:
        """Its cross section, (n,) Mb, at energies, (n,) eV: 0 where it does not hold."""
        x = energy / self.scale - self.offset
        y = np.hypot(x, self.floor)
        peak = (x - 1) ** 2 + self.width**2
        slope = 0.5 * self.power - 5.5 - self.momentum
        value = self.size * peak * y**slope * (1 + np.sqrt(y / self.pivot)) ** -self.power
        return np.where((energy >= self.low) & (energy < self.high), value, 0.0)


@functools.cache
def fits(element: str) -> tuple[Fit, ...]:
    """The fits of an element, by its symbol."""
    with resources.files("sightline").joinpath(_MODULE).open(encoding="utf-8") as file:
        rows = [line.strip().split(", ") for line in file if line.startswith(f"{element},")]
    return tuple(Fit(*map(float, row[2:]), momentum=_MOMENTUM.get(row[1][-1], 0)) for row in rows)


def cross_section(element: str, energy: Energies) -> Energies:
    """Photoionisation cross section of a neutral atom in its ground state, all shells together, Mb = 1e-18 cm2.

    With x = E/E_0 - y_0, y = sqrt(x^2 + y_1^2), each fit is
    sigma = sigma_0 [(x - 1)^2 + y_w^2] y^(P/2 - 5.5 - l) (1 + sqrt(y/y_a))^-P,
    of one shell (y_0 = y_1 = 0) or of all outer shells (l = 0), these below the threshold of the next shell inside.

    **Arguments:** `element`: its symbol, one of the 21 of Wilms et al. 2000; `energy`: (n,) eV.

    !!! example
        >>> bool(np.isclose(cross_section("H", np.array([13.6]))[0], 6.346, rtol=1e-3))
        True

    **Source:** Verner & Yakovlev 1995, A&AS 109, 125, equation 1; Verner et al. 1996, ApJ 465, 487, equation 1, with
    the thresholds that came with the latter (O 1s at 538 eV).
    """
    return np.sum([fit(energy) for fit in fits(element)], axis=0)


def edges(element: str) -> Float[np.ndarray, " k"]:
    """Energies, (k,) eV, at which the cross section of an element jumps."""
    return np.unique([fit.low for fit in fits(element)])
