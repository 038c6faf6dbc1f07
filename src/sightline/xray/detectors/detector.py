from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.contracts import AbstractDevice
from ..._core.module import param
from ..spectra import AbstractFactor, AbstractPhotonSpectrum


class Detector(AbstractDevice):
    """Corrections of a detector: its area, and the energy scale of its channels.

    N(E) becomes a(E) N(E); a count in a channel of nominal energy E is filed at gain E + offset.

    **Arguments:**

    - `area`: a factor of the effective area, a number for cross-calibration or an `AbstractFactor` of energy.
    - `gain`, `offset`: of the energy scale, keV; `None`: as it is. Either costs a fold through all channels.

    !!! example
        >>> source = sl.spectra.PowerLaw(index=2.0, norm=1e-3)
        >>> model = sl.Model(spectra={"source": source}, instruments={"mos1": sl.instruments.Detector(area=0.95)})
    """

    area: Float[Array, ""] | AbstractFactor = param(1.0, bounds=(0, None), symbol="a")
    gain: Float[Array, ""] | None = param(None, positive=True, symbol="g")
    offset: Float[Array, ""] | None = param(None, unit="keV", symbol="E_0")

    def __call__(self, spectrum: AbstractPhotonSpectrum) -> AbstractPhotonSpectrum:
        """The spectrum behind the correction of the area."""
        return self.area * spectrum

    @property
    def shifts(self) -> bool:
        """Whether the energy scale is another than the nominal one."""
        return self.gain is not None or self.offset is not None

    def nominal(self, energy: Float[Array, " n"]) -> Float[Array, " n"]:
        """The nominal energies of channels, keV, from those at which they are filed."""
        offset: Any = 0.0 if self.offset is None else self.offset
        gain: Any = 1.0 if self.gain is None else self.gain
        return (jnp.asarray(energy) - offset) / gain
