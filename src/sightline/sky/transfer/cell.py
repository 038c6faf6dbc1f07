import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.elementary import exp, sinc, sincos
from ..._core.safe import accumulate, phi1, phi1_rotating
from ..._core.types import Scalar
from ..emission import StokesVector, TransferCoefficients
from ..emission.base import add
from .base import AbstractTransfer

Cells = Float[Array, " cells"]


class _Path(eqx.Module):
    """Depth and rotation angle of each cell; `None`: the medium does not absorb, does not rotate."""

    depth: Cells | None
    angle: Cells | None = None


class CellTransfer(AbstractTransfer):
    """Scalar absorption and Faraday rotation, exact in every cell of constant coefficients.

    With optical depth tau and angle phi of the nearer cells, absorption kappa, rate chi' = d chi/ds and width D:
    I = sum j_I D e^-tau E(kappa D),  P = Q + iU = sum j_P D e^(-tau + 2 i phi) E(kappa D - 2 i chi' D),
    E(z) = (1 - e^-z)/z; the background behind all cells gets e^-tau and e^(2 i phi) of the whole ray. For P, kappa and
    tau hold the depolarisation by unresolved fields too.

    Thin emission thus has the sinc depolarisation within the cell (Burn 1966, MNRAS 133, 67). The error is of second
    order in D while a cell rotates by less than about 1 rad; beyond that it is bounded but does not converge.

    **Raises:** `ValueError` for coefficients it does not solve: dichroic absorption, Faraday conversion.

    !!! example
        >>> sl.testing.check_transfer(sl.transfer.CellTransfer())
    """

    def __call__(
        self, coefficients: TransferCoefficients, widths: Float[Array, " cells"], background: StokesVector
    ) -> StokesVector:
        """See `AbstractTransfer`."""
        _check(coefficients)
        depth, fading = (_times(rate, widths) for rate in (coefficients.absorption.I, coefficients.depolarisation))
        path = _Path(depth)
        polarised = _Path(add(depth, fading), _times(coefficients.rotation.V, widths))
        emissivity, zero = coefficients.emissivity, jnp.zeros((), widths.dtype)
        q, u = _polarised(emissivity.Q, emissivity.U, widths, polarised)
        behind_q, behind_u = _rotated(background.Q, background.U, polarised)
        v = add(_unpolarised(emissivity.V, widths, path), _faded(background.V, path))
        i = add(_unpolarised(emissivity.I, widths, path), _faded(background.I, path))
        return StokesVector(I=add(zero, i), Q=add(zero, add(q, behind_q)), U=add(zero, add(u, behind_u)), V=v)


def _check(coefficients: TransferCoefficients) -> None:
    absorption, rotation = coefficients.absorption, coefficients.rotation
    unsolved = {
        "absorption of Q, U or V": (absorption.Q, absorption.U, absorption.V),
        "rotation about Q or U (Faraday conversion)": (rotation.Q, rotation.U),
    }
    for what, parts in unsolved.items():
        if any(part is not None for part in parts):
            raise ValueError(f"CellTransfer does not solve {what}: leave that operator out or use another solver.")


def _times(rate: Cells | None, widths: Cells) -> Cells | None:
    return None if rate is None else rate * widths


def _unpolarised(emissivity: Cells | None, widths: Cells, path: _Path) -> Scalar | None:
    if emissivity is None:
        return None
    if path.depth is None:
        return jnp.sum(emissivity * widths)
    return jnp.sum(emissivity * widths * exp(-accumulate(path.depth)) * phi1(path.depth))


def _faded(background: Scalar | None, path: _Path) -> Scalar | None:
    if background is None or path.depth is None:
        return background
    return background * exp(-jnp.sum(path.depth))


def _polarised(q: Cells | None, u: Cells | None, widths: Cells, path: _Path) -> tuple[Scalar | None, Scalar | None]:
    """Sum of (q + iu) D e^(-tau + 2 i phi) E, as real and imaginary part."""
    if path.angle is None or (q is None and u is None):
        return _unpolarised(q, widths, path), _unpolarised(u, widths, path)
    q, u = (jnp.zeros_like(widths) if part is None else part for part in (q, u))
    re, im = _thin_weight(path.angle) if path.depth is None else _weight(path.depth, path.angle)
    q, u = q * widths, u * widths
    return jnp.sum(q * re - u * im), jnp.sum(q * im + u * re)


def _thin_weight(angle: Cells) -> tuple[Cells, Cells]:
    """Real and imaginary part of e^(2 i phi) E(-2 i chi' D), where E(-i a) = e^(i a/2) sin(a/2)/(a/2)."""
    sine, cosine = sincos(accumulate(angle) + 0.5 * angle)
    within = sinc(0.5 * angle)
    return within * cosine, within * sine


def _weight(depth: Cells, angle: Cells) -> tuple[Cells, Cells]:
    """Real and imaginary part of e^(-tau + 2 i phi) E(kappa D - 2 i chi' D)."""
    sine, cosine = sincos(accumulate(angle))
    fading = exp(-accumulate(depth))
    re, im = phi1_rotating(depth, angle)
    return fading * (cosine * re - sine * im), fading * (cosine * im + sine * re)


def _rotated(q: Scalar | None, u: Scalar | None, path: _Path) -> tuple[Scalar | None, Scalar | None]:
    q, u = _faded(q, path), _faded(u, path)
    if path.angle is None or (q is None and u is None):
        return q, u
    sine, cosine = sincos(jnp.sum(path.angle))
    q, u = (jnp.zeros_like(sine) if part is None else part for part in (q, u))
    return q * cosine - u * sine, q * sine + u * cosine
