from ...._core.constants import ELECTRON_REST_ENERGY
from ...._core.module import setting
from ...._core.types import Scalar, Vector
from ...geometry import SUN
from ..base import AbstractField
from ..population import Population
from ..shaped import AbstractShaped, check_profile
from .spectra import AbstractSpectrum


class WithSpectrum(AbstractShaped):
    """Cosmic-ray electrons whose spectrum is the same everywhere: N(E, x) = N(E) n(x)/n(x_sun).

    `spectrum` is that at the Sun, in absolute units. Of `profile` only the form counts: its own normalisation and, of
    cosmic rays, its index do not, nor can they be fitted. An operator of power laws, such as `Synchrotron`, sees the
    power law that touches the spectrum at its reference energy.

    **Arguments:**

    - `profile` n(x): any scalar field, positive at the Sun.
    - `spectrum` N(E): of `sl.cosmic_rays.spectra`.
    - `sun`: position at which `spectrum` holds, (3,) kpc; wherever the observer is.

    **Raises:** `TypeError` for what is no field or no spectrum; `ValueError` where the profile vanishes at the Sun.

    !!! example
        >>> spectrum = sl.cosmic_rays.spectra.local_interstellar()
        >>> rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(scale_radius=5.0), spectrum)
    """

    profile: AbstractField
    spectrum: AbstractSpectrum
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def __check_init__(self) -> None:
        check_profile(self, AbstractSpectrum, "sl.cosmic_rays.spectra")

    def __call__(self, position: Vector) -> Scalar:
        """N_0 of the power law that touches the spectrum at its reference energy, () cm^-3."""
        return self.populations(position)[0].normalisation

    def populations(self, position: Vector) -> tuple[Population, ...]:
        index, pivot = self.spectrum.tangent()[1], self.spectrum.reference_energy / ELECTRON_REST_ENERGY
        return (Population(self.relative(position), index, self.spectrum, pivot),)
