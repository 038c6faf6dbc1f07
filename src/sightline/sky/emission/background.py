"""What shines from behind the Galaxy; always named by the user, never added silently."""

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.constants import HNU_OVER_K, T_CMB
from ..._core.module import Module, param, setting
from ..._core.types import Scalar
from ..geometry import Ray
from .base import StokesVector


class AbstractBackground(Module):
    """The sky behind the model, seen along one ray at one frequency; the model absorbs and rotates it.

    Its `axis`, as of an operator: `"frequency"`, or `"energy"` for gamma rays.

    !!! example
        >>> issubclass(sl.emission.CMB, sl.emission.AbstractBackground)
        True
    """

    axis: ClassVar[str] = "frequency"

    @abc.abstractmethod
    def __call__(self, ray: Ray, frequency: Scalar) -> StokesVector:
        """Stokes parameters, K (Rayleigh-Jeans), behind the end of `ray` at `frequency` [GHz]; or photons, at GeV."""


class IsotropicPhotons(AbstractBackground):
    """Isotropic gamma rays: norm (E/E_0)^-index e^(-E/E_c).

    The defaults are the isotropic background of Fermi, foreground model A, from 0.1 to 820 GeV.

    **Arguments:** `norm`: GeV^-1 cm^-2 s^-1 sr^-1 at `reference_energy` [GeV] but for the cut-off; `index`;
    `cut_off`: GeV.

    **Source:** Ackermann et al. 2015, ApJ 799, 86, table 3: (0.95 +- 0.08)e-7 MeV^-1 cm^-2 s^-1 sr^-1 at 100 MeV,
    2.32 +- 0.02, 279 +- 52 GeV.

    !!! example
        >>> simulator = sl.Simulator(background=sl.emission.IsotropicPhotons())
        >>> simulator(sl.HealpixSky(nside=1), energy=0.1).unit
        'GeV-1 cm-2 s-1 sr-1'
    """

    cites: ClassVar[tuple[str, ...]] = ("Ackermann2015",)
    axis: ClassVar[str] = "energy"
    norm: Float[Array, ""] = param(0.95e-4, unit="GeV-1 cm-2 s-1 sr-1", bounds=(0, None), symbol="I_0")
    index: Float[Array, ""] = param(2.32, symbol=r"\gamma")
    cut_off: Float[Array, ""] = param(279.0, unit="GeV", positive=True, symbol="E_c")
    reference_energy: float = setting(0.1, unit="GeV", positive=True)

    def __call__(self, ray: Ray, frequency: Scalar) -> StokesVector:
        ratio = frequency / self.reference_energy
        return StokesVector(I=self.norm * ratio**-self.index * jnp.exp(-frequency / self.cut_off))


class IsotropicBackground(AbstractBackground):
    """An isotropic, unpolarised power law: T = temperature (nu / reference_frequency)^index.

    The defaults are the extragalactic background of ARCADE 2 and lower frequencies.

    **Arguments:** `temperature`: K (Rayleigh-Jeans) at `reference_frequency` [GHz]; `index`: negative for synchrotron.

    !!! example
        >>> background = sl.emission.IsotropicBackground()

    **Source:** Fixsen et al. 2011, ApJ 734, 5: 24.1 +- 2.1 K at 310 MHz, index -2.599 +- 0.036.
    """

    cites: ClassVar[tuple[str, ...]] = ("Fixsen2011",)
    temperature: Float[Array, ""] = param(24.1, unit="K", bounds=(0, None), symbol="T_0")
    index: Float[Array, ""] = param(-2.599, symbol=r"\beta")
    reference_frequency: float = setting(0.31, unit="GHz", positive=True)

    def __call__(self, ray: Ray, frequency: Scalar) -> StokesVector:
        return StokesVector(I=self.temperature * (frequency / self.reference_frequency) ** self.index)


class CMB(AbstractBackground):
    """The monopole of the cosmic microwave background as Rayleigh-Jeans temperature: (h nu/k) / (e^(h nu/kT) - 1).

    **Arguments:** `temperature`: K.

    !!! example
        >>> model = sl.Simulator(electron_density=sl.electrons.Uniform(), background=sl.emission.CMB())

    **Source:** Fixsen 2009, ApJ 707, 916: 2.7255 +- 0.0006 K.
    """

    cites: ClassVar[tuple[str, ...]] = ("Fixsen2009",)
    temperature: Float[Array, ""] = param(T_CMB, unit="K", positive=True, symbol="T")

    def __call__(self, ray: Ray, frequency: Scalar) -> StokesVector:
        photon = HNU_OVER_K * frequency
        faded = photon / self.temperature  # e^-x, as e^x leaves single precision at 5 THz
        return StokesVector(I=photon * jnp.exp(-faded) / -jnp.expm1(-faded))
