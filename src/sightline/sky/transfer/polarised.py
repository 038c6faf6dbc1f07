from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.types import Scalar
from ..emission import StokesVector, TransferCoefficients
from .base import AbstractTransfer
from .cell import CellTransfer
from .propagator import Cell, Four, through


class PolarisedTransfer(AbstractTransfer):
    """All four Stokes parameters with dichroic absorption, Faraday rotation and conversion, exact in every cell.

    Towards the observer dS/ds = j - K S, S = (I, Q, U, V) of the IAU basis,

        K = ( kappa_I  kappa_Q  kappa_U  kappa_V )
            ( kappa_Q  kappa_I  rho_V   -rho_U   )
            ( kappa_U -rho_V    kappa_I  rho_Q   )
            ( kappa_V  rho_U   -rho_Q    kappa_I )

    so that (Q, U, V) turns right-handedly about (rho_Q, rho_U, rho_V), and Faraday rotation, rho_V = 2 d chi/ds,
    multiplies P = Q + iU by e^(i rho_V s). A cell of constant coefficients is solved in closed form, its own emission
    included, at any depth and rotation, thin or thick; on a smooth medium the error is of second order in the width.

    Cells are passed one after the other from the farthest to the nearest, all rays at once: reverse mode keeps four
    numbers a cell and recomputes the rest. Without dichroism and conversion the closed form is that of `CellTransfer`,
    which then does it.

    **Raises:** `ValueError` for depolarisation by unresolved fields, which `CellTransfer` solves.

    **Source:** Landi Degl'Innocenti & Landi Degl'Innocenti 1985, Solar Physics 97, 239, for K and its propagator; Jones
    1941, J. Opt. Soc. Am. 31, 488, for the calculus that carries the radiation from behind.

    !!! example
        >>> simulator = sl.Simulator(
        ...     magnetic_field=sl.magnetic.LSA(),
        ...     electron_density=sl.electrons.ExponentialDisk(),
        ...     cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        ...     emission=(sl.emission.Synchrotron(absorption="polarised"), sl.emission.FaradayRotation()),
        ...     transfer=sl.transfer.PolarisedTransfer(),
        ... )
        >>> simulator(sl.Directions([30.0, 40.0], [2.0, 2.0]), frequency=5.0).V.shape
        (2,)
    """

    cites: ClassVar[tuple[str, ...]] = ("Landi1985",)

    def __call__(
        self, coefficients: TransferCoefficients, widths: Float[Array, " cells"], background: StokesVector
    ) -> StokesVector:
        """See `AbstractTransfer`."""
        if coefficients.depolarisation is not None:
            raise ValueError(
                "PolarisedTransfer does not solve depolarisation by unresolved fields: leave `random` of "
                "FaradayRotation out, or use CellTransfer."
            )
        if _is_scalar(coefficients):
            return CellTransfer()(coefficients, widths, background)

        def step(behind: Four, cell: tuple[TransferCoefficients, Scalar]) -> tuple[Four, None]:
            return through(_times(*cell), behind), None

        behind = _filled(background, jnp.zeros((), widths.dtype))
        step = jax.checkpoint(step, prevent_cse=False)  # pyright: ignore[reportPrivateImportUsage]
        stokes, _ = jax.lax.scan(step, behind, (coefficients, widths), reverse=True)
        return StokesVector(*stokes)


def _is_scalar(coefficients: TransferCoefficients) -> bool:
    """Whether there is neither dichroism nor conversion."""
    absorption, rotation = coefficients.absorption, coefficients.rotation
    parts = absorption.Q, absorption.U, absorption.V, rotation.Q, rotation.U
    return all(part is None for part in parts)


def _filled(vector: StokesVector, zero: Scalar) -> Four:
    i, q, u, v = (zero if part is None else part for part in (vector.I, vector.Q, vector.U, vector.V))
    return i, q, u, v


def _times(coefficients: TransferCoefficients, width: Scalar) -> Cell:
    zero, rotation = jnp.zeros_like(width), coefficients.rotation
    depth, *dichroism = (width * part for part in _filled(coefficients.absorption, zero))
    r_q, r_u, r_v = (zero if part is None else width * part for part in (rotation.Q, rotation.U, rotation.V))
    i, q, u, v = (width * part for part in _filled(coefficients.emissivity, zero))
    b_q, b_u, b_v = (-part for part in dichroism)
    return Cell(depth, (b_q, b_u, b_v), (r_q, r_u, r_v), (i, q, u, v))
