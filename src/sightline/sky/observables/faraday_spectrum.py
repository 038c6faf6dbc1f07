from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..._core.constants import WAVELENGTH
from ..._core.module import param, setting
from ..._core.safe import accumulate, phi1
from ..._core.types import Scalar
from ..emission import StokesVector, TransferCoefficients
from ..emission.faraday import rotation_measure_rate
from ..geometry import Ray, Sightlines, as_sightlines
from .base import AbstractObservable

Cells = Float[Array, " cells"]


class FaradaySpectrum(AbstractObservable):
    """The Faraday spectrum: polarised emission by the Faraday depth from which it comes.

    F(phi) = sum_k P_k <N(phi - phi')>_k,  P(lambda^2) = int F(phi) e^(2 i lambda^2 phi) d phi,

    P_k = Q + iU (IAU) of cell k as it is emitted, dimmed by absorption, phi' the depths within the cell, and N a
    Gaussian of unit area: the spectrum is smooth in every parameter. Emission is that of one frequency.

    **Arguments:**

    - `sightlines`: a sky or `Sightlines`.
    - `depth`: phi, (n,) rad m^-2, e.g. `jnp.linspace(-200.0, 200.0, 401)`.
    - `width`: standard deviation of the Gaussian, rad m^-2.
    - `frequency`: of the emission, GHz.
    - `distance`: as `AbstractObservable`.

    **Raises:** `ValueError` for a simulator that emits no Q and U, fades them by unresolved fields, absorbs
    dichroically or converts.

    **Returns:** F, complex, (n, npix) K (Rayleigh-Jeans) per rad m^-2.

    **Source:** Burn 1966, MNRAS 133, 67; Brentjens & de Bruyn 2005, A&A 441, 1217.

    !!! example
        >>> spectrum = sl.observables.FaradaySpectrum(sky, depth=jnp.linspace(-300.0, 300.0, 61), width=10.0)
        >>> spectrum(simulator).shape
        (61, 768)
    """

    sightlines: Sightlines = eqx.field(converter=as_sightlines)
    depth: tuple[float, ...] = setting(unit="rad / m2")
    width: Float[Array, ""] = param(unit="rad / m2", positive=True, symbol=r"\sigma_\phi")
    frequency: float = setting(1.4, unit="GHz", positive=True)
    distance: str | None = setting(None, kw_only=True)
    needs: ClassVar[tuple[str, ...]] = ("magnetic_field", "electron_density")
    unit: ClassVar[str | None] = "K m2 / rad"
    sequential: ClassVar[bool] = True

    def along(self, simulator: Any, ray: Ray, points: Any, widths: Cells) -> Complex[Array, " n"]:
        """The spectrum of one ray."""

        def cell(x: Scalar, y: Scalar, z: Scalar) -> tuple[TransferCoefficients, Scalar]:
            plasma = simulator.plasma(jnp.stack([x, y, z]))
            nu = jnp.asarray(self.frequency, x.dtype)
            return simulator.coefficients(plasma, ray, nu), rotation_measure_rate(plasma, ray)

        coefficients, rate = jax.vmap(cell)(*points)
        _check(coefficients)
        seen = widths * _dimming(coefficients.absorption, widths)
        q, u = (_times(part, seen) for part in (coefficients.emissivity.Q, coefficients.emissivity.U))
        step = rate * widths
        phi = jnp.asarray(self.depth, widths.dtype)
        kernel = jax.vmap(lambda depth: _mean_gaussian(depth - accumulate(step), step, self.width))(phi)
        return jax.lax.complex(kernel @ q, kernel @ u)


def _check(coefficients: TransferCoefficients) -> None:
    """Refuses what a spectrum of Faraday depths has no place for."""
    if coefficients.emissivity.Q is None and coefficients.emissivity.U is None:
        raise ValueError(
            "FaradaySpectrum: nothing in this Simulator emits Q or U: give it e.g. sl.emission.Synchrotron()."
        )
    absorption, rotation = coefficients.absorption, coefficients.rotation
    present = {
        "depolarisation (FaradayRotation(random=...))": (coefficients.depolarisation,),
        "dichroic absorption": (absorption.Q, absorption.U, absorption.V),
        "Faraday conversion": (rotation.Q, rotation.U),
    }
    for what, parts in present.items():
        if any(part is not None for part in parts):
            raise ValueError(f"FaradaySpectrum has no place for {what}: leave that operator out.")


def _times(part: Cells | None, seen: Cells) -> Cells:
    return jnp.zeros_like(seen) if part is None else part * seen


def _dimming(absorption: StokesVector, widths: Cells) -> Cells | Scalar:
    if absorption.I is None:
        return jnp.ones((), widths.dtype)
    depth = absorption.I * widths
    return jnp.exp(-accumulate(depth)) * phi1(depth)


def _mean_gaussian(start: Cells, step: Cells, width: Scalar) -> Cells:
    """The mean of a Gaussian of unit area over [start - step, start]."""
    wide = jnp.abs(step) > 1e-2 * width
    extent = jnp.where(wide, step, width)
    ends = (jax.scipy.special.erf(end / (width * 2**0.5)) for end in (start, start - extent))
    first, second = ends
    middle = (start - 0.5 * step) / width
    # over a narrow cell by Taylor's theorem, to 1e-10 of the height
    narrow = jnp.exp(-0.5 * middle * middle) * (1 + (middle * middle - 1) * (step / width) ** 2 / 24)
    return jnp.where(wide, 0.5 * (first - second) / extent, narrow / (width * (2 * jnp.pi) ** 0.5))


def wavelength_squared(frequency: Float[Array, " nfreq"]) -> Float[Array, " nfreq"]:
    """lambda^2 [m^2] of frequencies [GHz]."""
    return (WAVELENGTH / frequency) ** 2
