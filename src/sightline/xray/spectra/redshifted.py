"""What is emitted or absorbed by what recedes."""

from typing import Any

from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.types import Scalar
from .base import AbstractFactor, AbstractPhotonSpectrum, Factor, Jumps
from .bins import Bins

_CLOSEST = -0.999  # redshifts above -1 only


class Redshifted(AbstractPhotonSpectrum):
    """A spectrum of a source at a redshift: N(E) = N_0(E (1 + z))/(1 + z), all that it is made of included.

    Photons of a bin are those of N_0 between E_1 (1 + z) and E_2 (1 + z), over (1 + z)^2. XSPEC's `zpowerlw`, `zgauss`
    and `zashift` divide by 1 + z once, N_0(E (1 + z)), as `TableModel(redshift=)` does: there norms are 1/(1 + z) of
    those here.

    **Arguments:** `spectrum`; `redshift`: z > -1.

    **Raises:** `TypeError` for what is no photon spectrum.

    !!! example
        >>> source = sl.spectra.Redshifted(sl.spectra.PowerLaw(index=2.0, norm=1.0), redshift=1.0)
        >>> float(source(1.0))
        0.125
    """

    spectrum: AbstractPhotonSpectrum
    redshift: Float[Array, ""] = param(0.0, bounds=(_CLOSEST, None), symbol="z")

    def __check_init__(self) -> None:
        if not isinstance(self.spectrum, AbstractPhotonSpectrum):
            raise TypeError(
                f"Redshifted: {self.spectrum!r} is no photon spectrum; sl.spectra.RedshiftedFactor takes factors."
            )

    @property
    def name(self) -> str:
        return self.spectrum.name

    def __call__(self, energy: Scalar) -> Scalar:
        return self.spectrum(energy * (1 + self.redshift)) / (1 + self.redshift)

    def jumps(self) -> Jumps:
        return self.spectrum.jumps() / (1 + self.redshift)

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        stretch = 1 + self.redshift
        emitted = Bins(bins.low * stretch, bins.high * stretch, bins.whole, bins.edges * stretch)
        return self.spectrum.binned(emitted, factor) / (stretch * stretch)


class RedshiftedFactor(AbstractFactor):
    """A factor of what lies at a redshift: T(E) = T_0(E (1 + z)).

    **Arguments:** `factor`; `redshift`: z > -1.

    **Raises:** `TypeError` for what is no factor.

    !!! example
        >>> host = sl.spectra.RedshiftedFactor(sl.spectra.Edge(energy=7.0, depth=1.0), redshift=0.4)
        >>> float(host(4.0)), round(float(host(5.0)), 4)
        (1.0, 0.3679)
    """

    factor: AbstractFactor
    redshift: Float[Array, ""] = param(0.0, bounds=(_CLOSEST, None), symbol="z")

    def __check_init__(self) -> None:
        factor: Any = self.factor
        if not isinstance(factor, AbstractFactor):
            raise TypeError(f"RedshiftedFactor: {factor!r} is no factor; sl.spectra.Redshifted takes spectra.")

    @property
    def name(self) -> str:
        return self.factor.name

    def __call__(self, energy: Scalar) -> Scalar:
        return self.factor(energy * (1 + self.redshift))

    def jumps(self) -> Jumps:
        return self.factor.jumps() / (1 + self.redshift)
