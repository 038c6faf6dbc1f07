from ...._core.module import setting
from ...._core.types import Scalar, Vector
from ...geometry import SUN
from ..base import AbstractField
from ..photons import Photons
from ..shaped import AbstractShaped, check_profile
from .spectra import AbstractPhotonSpectrum


class WithSpectrum(AbstractShaped):
    """Photons whose spectrum is the same everywhere: n(e, x) = n(e) n(x)/n(x_sun).

    `spectrum` is that at the Sun, in absolute units. Of `profile` only the form counts.

    **Arguments:**

    - `profile` n(x): any scalar field, positive at the Sun.
    - `spectrum` n(e): of `sl.radiation.spectra`.
    - `sun`: position at which `spectrum` holds, (3,) kpc; wherever the observer is.

    **Raises:** `TypeError` for what is no field or no spectrum; `ValueError` where the profile vanishes at the Sun.

    !!! example
        >>> line = sl.radiation.spectra.Monochromatic(energy=1.0, energy_density=0.3)
        >>> stars = sl.radiation.WithSpectrum(sl.electrons.ExponentialDisk(), line)
    """

    profile: AbstractField
    spectrum: AbstractPhotonSpectrum
    sun: tuple[float, float, float] = setting(SUN, unit="kpc")

    def __check_init__(self) -> None:
        check_profile(self, AbstractPhotonSpectrum, "sl.radiation.spectra")

    def __call__(self, position: Vector) -> Scalar:
        """Energy density, () eV cm^-3, at a position, (3,) kpc."""
        return self.photons(position)[0].energy_density

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """One population with this spectrum, at a position, (3,) kpc."""
        return (Photons(self.relative(position), self.spectrum),)
