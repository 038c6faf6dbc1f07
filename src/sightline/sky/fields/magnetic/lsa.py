from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.elementary import log, sincos
from ...._core.module import param
from ...._core.types import Vector
from ...geometry import SUN, Structures
from ..base import AbstractField
from .endless import endless

_INNER, _OUTER = 3.0, 20.0  # kpc
_REFERENCE_RADIUS = 8.0  # kpc


class LSA(AbstractField):
    """Logarithmic spiral arm field of the WMAP polarisation analysis.

    B = b0 [sin psi cos chi r^ + cos psi cos chi phi^ + sin chi z^],
    psi = psi0 + psi1 ln(r / 8 kpc), chi = chi0 tanh(z / 1 kpc), for 3 <= r <= 20 kpc, zero elsewhere.

    As the public codes have it, sine on r^ and cosine on phi^, so that psi is the pitch angle; the equation printed
    in the paper has them the other way round, which would turn a pitch of 27 deg into one of 63 deg.

    **Arguments:**

    - `b0`: modulus, uG; may be negative: for b0 > 0 the field at the Sun points towards l = 243, for b0 < 0 to l = 63.
    - `psi0`: pitch angle at r = 8 kpc; `psi1`: its change with ln r; `chi0`: tilt out of the plane; deg.

    **Source:** Page et al. 2007, ApJS 170, 335, the logarithmic-spiral-arm model, with the authors' erratum; the
    default values are those that hammurabiX and synax use.

    !!! example
        >>> sl.magnetic.LSA()(jnp.array([-8.3, 0.0, 0.006]))
        Array([-0.5454..., -1.0688..., 0.0031...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Page2007",)
    sun: ClassVar[tuple[float, float, float]] = SUN
    b0: Float[Array, ""] = param(1.2, unit="uG", symbol="b_0")
    psi0: Float[Array, ""] = param(27.0, unit="deg", symbol=r"\psi_0")
    psi1: Float[Array, ""] = param(0.9, unit="deg", symbol=r"\psi_1")
    chi0: Float[Array, ""] = param(25.0, unit="deg", symbol=r"\chi_0")

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        square = x * x + y * y
        inside = (square >= _INNER**2) & (square <= _OUTER**2)
        square = jnp.where(inside, square, _REFERENCE_RADIUS**2)
        psi0, psi1, chi0 = jnp.deg2rad(self.psi0), jnp.deg2rad(self.psi1), jnp.deg2rad(self.chi0)
        sin_psi, cos_psi = sincos(psi0 + psi1 * 0.5 * log(square / _REFERENCE_RADIUS**2))
        sin_chi, cos_chi = sincos(chi0 * jnp.tanh(z))
        planar = self.b0 * cos_chi / jnp.sqrt(square)
        radial, azimuthal = planar * sin_psi, planar * cos_psi
        field = (radial * x - azimuthal * y, radial * y + azimuthal * x, self.b0 * sin_chi)
        return jnp.stack([jnp.where(inside, component, 0) for component in field])

    def structures(self) -> Structures:
        walls = Structures.join(Structures.cylinders((_INNER, _OUTER)), Structures.layer(0.0, 0.0))
        return walls.ending(Structures.cylinders(_OUTER), endless())
