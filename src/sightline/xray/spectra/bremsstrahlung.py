import functools
import math
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.elementary import horner, log
from ..._core.module import param
from ..._core.types import Scalar
from .base import AbstractPhotonSpectrum


class Bremsstrahlung(AbstractPhotonSpectrum):
    """Thermal bremsstrahlung: N(E) = K (kT)^-1/2 g(x) e^-x/E, g = (sqrt 3/pi) e^(x/2) K_0(x/2), x = E/kT.

    The Gaunt factor is Born's; XSPEC's `bremss`, of the same norm, has one that is corrected at low temperatures and
    adds helium.

    **Arguments:** `temperature`: kT, keV; `norm`: K, 3.02e-15/(4 pi D^2) int n_e n_i dV, cm-5.

    !!! example
        >>> spectrum = sl.spectra.Bremsstrahlung(temperature=5.0)

    **Source:** Rybicki & Lightman 1979, equations 5.14 and 5.15; Karzas & Latter 1961, ApJS 6, 167, of the Born limit.
    """

    cites: ClassVar[tuple[str, ...]] = ("Karzas1961", "Rybicki1979")
    temperature: Float[Array, ""] = param(7.0, unit="keV", positive=True, symbol="kT")
    norm: Float[Array, ""] = param(1.0, bounds=(0, None), symbol="K")

    def __call__(self, energy: Scalar) -> Scalar:
        x = energy / self.temperature
        gaunt = math.sqrt(3) / math.pi * scaled_k0(0.5 * x)
        return self.norm * gaunt * jnp.exp(-x) / (energy * jnp.sqrt(self.temperature))


_EULER = 0.5772156649015329
_I0 = tuple(1 / math.factorial(k) ** 2 for k in range(16))
_HARMONIC = tuple(sum(1 / j for j in range(1, k + 1)) / math.factorial(k) ** 2 for k in range(16))
_FROM = 2.0


def scaled_k0(z: Scalar) -> Scalar:
    """e^z K_0(z) for z > 0: the power series below 2, a polynomial in 1/z above."""
    near = z < _FROM
    small, large = jnp.where(near, z, 1.0), jnp.where(near, _FROM, z)
    quarter = 0.25 * small * small
    series = horner(quarter, _HARMONIC) - (log(0.5 * small) + _EULER) * horner(quarter, _I0)
    tail = horner(_FROM / large, _tail()) / jnp.sqrt(large)
    return jnp.where(near, jnp.exp(small) * series, tail)


@functools.cache
def _tail() -> tuple[float, ...]:
    """Coefficients of sqrt(z) e^z K_0(z) in powers of 2/z, for z > 2."""
    from scipy.special import k0e

    s = 0.5 + 0.5 * np.cos(np.pi * (np.arange(60) + 0.5) / 60)
    z = _FROM / s
    found = np.polynomial.chebyshev.Chebyshev.fit(s, np.sqrt(z) * k0e(z), 18, domain=[0, 1])
    return tuple(found.convert(kind=np.polynomial.Polynomial).coef.tolist())
