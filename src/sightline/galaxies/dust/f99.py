import functools
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import param
from ..._core.safe import held
from ..._core.types import Scalar
from .law import AbstractLaw, Curve, ultraviolet

_BUMP, _RISE, _CENTRE, _WIDTH = 3.23, 0.41, 4.596, 0.99
_NODES = (0.0, *(1e4 / w for w in (26500.0, 12200.0, 6000.0, 5470.0, 4670.0, 4110.0, 2700.0, 2600.0)))  # 1/um


class F99(AbstractLaw):
    """The Milky Way law of Fitzpatrick: a cubic spline below x = 3.7 per um, x = 1/lambda, 1000 A to 3.3 um.

    Above, 1 + k(x)/R_V, k = c1 + c2 x + c3 D(x) + c4 F(x), c2 = -0.824 + 4.717/R_V, c1 = 2.030 - 3.007 c2. The spline
    has its nodes at 2.65, 1.22 um, 6000, 5470, 4670, 4110, 2700, 2600 A and x = 0, and no curvature at its ends.

    **Arguments:** `rv`: R_V = A_V/E(B-V), 2 to 6.

    **Raises:** `ValueError` for R_V outside.

    !!! example
        >>> round(float(sl.dust.F99().ratio(4400.0)), 3)
        1.309

    **Source:** Fitzpatrick 1999, PASP 111, 63, tables 3 and 4, the value at 4110 A with the sign of table 3.
    """

    cites: ClassVar[tuple[str, ...]] = ("Fitzpatrick1999",)
    low: ClassVar[float] = 1e3
    high: ClassVar[float] = 1e4 / 0.3
    rv: Float[Array, ""] = param(3.1, bounds=(2, 6), symbol="R_V")

    def curve(self, wavenumber: Curve) -> Curve:
        joint = _NODES[7]
        low, high = held(wavenumber, -jnp.inf, joint), held(wavenumber, joint, jnp.inf)
        return jnp.where(wavenumber < joint, self._spline(low), self._ultraviolet(high))

    def _ultraviolet(self, x: Curve) -> Curve:
        slope = -0.824 + 4.717 / self.rv
        return 1 + ultraviolet(x, (2.030 - 3.007 * slope, slope), _BUMP, _RISE, _CENTRE, _WIDTH) / self.rv

    def _spline(self, x: Curve) -> Curve:
        nodes = np.asarray(_NODES)
        index = jnp.clip(jnp.searchsorted(jnp.asarray(nodes, x.dtype), x, side="right") - 1, 0, len(nodes) - 2)
        cubic = jnp.tensordot(jnp.asarray(_cubics(), x.dtype), self._values(x.dtype), 1, precision="highest")
        beyond = x - jnp.asarray(nodes, x.dtype)[index]
        c3, c2, c1, c0 = cubic[:, index]
        return c0 + beyond * (c1 + beyond * (c2 + beyond * c3))

    def _values(self, dtype: Any) -> Float[Array, "9"]:
        """A/A_V at the nodes."""
        rv: Scalar = self.rv.astype(dtype)
        optical = [-0.426 / rv + 1.0044, -0.050 / rv + 1.0016, 0.701 / rv + 1.0016]
        optical.append(1.208 / rv + 1.0032 - 0.00033 * rv)
        infrared = jnp.asarray([0.0, 0.265 / 3.1, 0.829 / 3.1], dtype)
        outer = self._ultraviolet(jnp.asarray(_NODES[7:], dtype))
        return jnp.concatenate([infrared, jnp.stack(optical), outer])


@functools.cache
def _cubics() -> np.ndarray:
    """Coefficients of the pieces of the spline, highest power first, by what each node contributes, (4, 8, 9)."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(_NODES, np.eye(len(_NODES)), bc_type="natural").c
