"""The contract of a transfer solver: from coefficients of the cells of one ray to its Stokes parameters."""

import abc

from jaxtyping import Array, Float

from ..._core.module import Module
from ..emission import StokesVector, TransferCoefficients


class AbstractTransfer(Module):
    """Solves radiative transfer along one ray at one frequency.

    !!! example
        >>> issubclass(sl.transfer.CellTransfer, sl.transfer.AbstractTransfer)
        True
    """

    @abc.abstractmethod
    def __call__(
        self, coefficients: TransferCoefficients, widths: Float[Array, " cells"], background: StokesVector
    ) -> StokesVector:
        """Stokes parameters, K (Rayleigh-Jeans), IAU, that reach the observer; `None` is zero, and no map of V.

        **Arguments:**

        - `coefficients`: arrays, (cells,), of the cells from the nearest to the farthest, constant within each.
        - `widths`: kpc.
        - `background`: Stokes parameters behind the last cell, K.
        """
