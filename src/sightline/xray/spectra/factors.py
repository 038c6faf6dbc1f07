"""Factors of photon spectra: edges, lines in absorption, cut-offs, partial covering."""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.types import Scalar
from .base import AbstractFactor, Jumps
from .bins import Bins

_WIDTHS = np.arange(-5.0, 6.0)  # of a line, at which bins are cut


class Edge(AbstractFactor):
    """An absorption edge: T(E) = exp[-tau (E/E_c)^-3] for E >= E_c, 1 below.

    XSPEC's `edge`.

    **Arguments:** `energy`: E_c, keV; `depth`: tau, optical depth at the edge.

    !!! example
        >>> edge = sl.spectra.Edge(energy=7.0, depth=1.0)
        >>> float(edge(6.9)), round(float(edge(14.0)), 4)
        (1.0, 0.8825)
    """

    energy: Float[Array, ""] = param(unit="keV", positive=True, symbol="E_c")
    depth: Float[Array, ""] = param(bounds=(0, None), symbol=r"\tau", doc="optical depth at the edge")

    def __call__(self, energy: Scalar) -> Scalar:
        ratio = self.energy / energy
        return jnp.exp(-self.depth * jnp.where(energy >= self.energy, ratio * ratio * ratio, 0.0))

    def jumps(self) -> Jumps:
        return self.energy[None]


class GaussianAbsorption(AbstractFactor):
    """A Gaussian line in absorption: T(E) = exp[-S/(sigma sqrt(2 pi)) exp(-(E - E_0)^2/(2 sigma^2))].

    XSPEC's `gabs`, whose depth at the line is S/(sigma sqrt(2 pi)). A sigma of 0 is refused. Bins are cut at multiples
    of sigma up to 5, so that lines narrower than a bin are right as well.

    **Arguments:** `energy`: E_0, keV; `sigma`: keV; `strength`: S, the optical depth integrated over energies, keV.

    !!! example
        >>> line = sl.spectra.GaussianAbsorption(energy=6.7, sigma=0.1, strength=0.1)
        >>> round(float(line(6.7)), 4)
        0.671
    """

    energy: Float[Array, ""] = param(unit="keV", positive=True, symbol="E_0")
    sigma: Float[Array, ""] = param(unit="keV", positive=True, symbol=r"\sigma")
    strength: Float[Array, ""] = param(unit="keV", bounds=(0, None), symbol="S")

    def __call__(self, energy: Scalar) -> Scalar:
        away = (energy - self.energy) / self.sigma
        return jnp.exp(-self.strength / (self.sigma * math.sqrt(2 * math.pi)) * jnp.exp(-0.5 * away * away))

    def jumps(self) -> Jumps:
        return self.energy + self.sigma * jnp.asarray(_WIDTHS, self.sigma.dtype)


class HighEnergyCutoff(AbstractFactor):
    """A cut-off that sets in at an energy: T(E) = exp[(E_c - E)/E_f] for E >= E_c, 1 below.

    XSPEC's `highecut`.

    **Arguments:** `cutoff`: E_c, keV; `folding`: E_f, keV.

    !!! example
        >>> round(float(sl.spectra.HighEnergyCutoff(cutoff=10.0, folding=15.0)(25.0)), 4)
        0.3679
    """

    cutoff: Float[Array, ""] = param(unit="keV", bounds=(0, None), symbol="E_c")
    folding: Float[Array, ""] = param(unit="keV", positive=True, symbol="E_f")

    def __call__(self, energy: Scalar) -> Scalar:
        return jnp.exp(jnp.where(energy >= self.cutoff, (self.cutoff - energy) / self.folding, 0.0))

    def jumps(self) -> Jumps:
        return self.cutoff[None]


class ExponentialFactor(AbstractFactor):
    """An exponential on top of 1: T(E) = 1 + A exp(-f E) for E >= E_c, 1 below.

    XSPEC's `expfac`, which is 1 at E_c itself.

    **Arguments:** `amplitude`: A, at least -1 for a factor that is nowhere negative; `decay`: f, keV-1; `start`: E_c,
    keV.

    !!! example
        >>> round(float(sl.spectra.ExponentialFactor(amplitude=1.0, decay=1.0, start=0.5)(1.0)), 4)
        1.3679
    """

    amplitude: Float[Array, ""] = param(bounds=(-1, None), symbol="A")
    decay: Float[Array, ""] = param(unit="keV-1", bounds=(0, None), symbol="f")
    start: Float[Array, ""] = param(0.0, unit="keV", bounds=(0, None), symbol="E_c")

    def __call__(self, energy: Scalar) -> Scalar:
        return 1 + jnp.where(energy >= self.start, self.amplitude * jnp.exp(-self.decay * energy), 0.0)

    def jumps(self) -> Jumps:
        return self.start[None]


class FermiDirac(AbstractFactor):
    """A smooth cut-off: T(E) = 1/(1 + exp[(E - E_c)/E_f]).

    Known as `FDcut` among local models of XSPEC, which has none of its own.

    **Arguments:** `cutoff`: E_c, keV; `folding`: E_f, keV.

    !!! example
        >>> float(sl.spectra.FermiDirac(cutoff=20.0, folding=8.0)(20.0))
        0.5

    **Source:** Tanaka 1986, in Radiation Hydrodynamics in Stars and Compact Objects, Lecture Notes in Physics 255, 198.
    """

    cites: ClassVar[tuple[str, ...]] = ("Tanaka1986",)
    cutoff: Float[Array, ""] = param(unit="keV", bounds=(0, None), symbol="E_c")
    folding: Float[Array, ""] = param(unit="keV", positive=True, symbol="E_f")

    def __call__(self, energy: Scalar) -> Scalar:
        return jax.nn.sigmoid((self.cutoff - energy) / self.folding)


class PartialCovering(AbstractFactor):
    """A factor that covers a part of the source: T(E) = 1 - f + f T_0(E).

    XSPEC's `partcov`; `pcfabs` where the factor inside is an absorption, of which XSPEC has `phabs`.

    **Arguments:** `factor`: T_0; `fraction`: f, from 0 to 1.

    **Raises:** `TypeError` for what is no factor.

    !!! example
        >>> half = sl.spectra.PartialCovering(sl.spectra.Edge(energy=7.0, depth=100.0), fraction=0.5)
        >>> float(half(7.0))
        0.5
    """

    factor: AbstractFactor
    fraction: Float[Array, ""] = param(bounds=(0, 1), symbol="f")

    def __check_init__(self) -> None:
        factor: Any = self.factor
        if not isinstance(factor, AbstractFactor):
            raise TypeError(f"PartialCovering: {factor!r} is no factor: give e.g. an absorption.")

    def __call__(self, energy: Scalar) -> Scalar:
        return 1 - self.fraction + self.fraction * self.factor(energy)

    def at(self, bins: Bins) -> Float[Array, "2 n"]:
        return 1 - self.fraction + self.fraction * self.factor.at(bins)

    def jumps(self) -> Jumps:
        return self.factor.jumps()
