"""Absorption by Morrison & McCammon."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar
from ..base import Column, Jumps
from .base import AbstractAbsorption, Sections

_START = (0.030, 0.100, 0.284, 0.400, 0.532, 0.707, 0.867, 1.303, 1.840, 2.471, 3.210, 4.038, 7.111, 8.331)  # keV
_END = 10.0
_COEFFICIENTS = (  # c0, c1, c2 of each range
    (17.3, 608.1, -2150.0),
    (34.6, 267.9, -476.1),
    (78.1, 18.8, 4.3),
    (71.4, 66.8, -51.4),
    (95.5, 145.8, -61.1),
    (308.9, -380.6, 294.0),
    (120.6, 169.3, -47.7),
    (141.3, 146.8, -31.5),
    (202.7, 104.7, -17.0),
    (342.7, 18.7, 0.0),
    (352.2, 18.7, 0.0),
    (433.9, -2.4, 0.75),
    (629.0, 30.9, 0.0),
    (701.2, 25.2, 0.0),
)


class MorrisonMcCammon(AbstractAbsorption):
    """Photoelectric absorption: T(E) = exp[-N_H sigma(E)], sigma = (c0 + c1 E + c2 E^2) E^-3 1e-24 cm2 in 14 ranges.

    XSPEC's `wabs`, with the abundances of Anders & Ebihara 1982, which are old: `InterstellarAbsorption` is the model
    for work of today. The ranges span 0.03 to 10 keV. Above, sigma falls as E^-3, as in `wabs`; below, the first range
    goes on, although helium and hydrogen have edges there.

    **Arguments:** `column`: N_H, 1e22 cm-2.

    !!! example
        >>> absorption = sl.spectra.MorrisonMcCammon(column=1.0)
        >>> round(float(absorption(1.0)), 4)
        0.0887

    **Source:** Morrison & McCammon 1983, ApJ 270, 119, Table 2.
    """

    cites: ClassVar[tuple[str, ...]] = ("Morrison1983",)
    column: Column = param(unit="1e22 cm-2", bounds=(0, None), symbol="N_H", doc="hydrogen nuclei")

    def sections(self, energy: Scalar) -> Float[Array, " species"]:
        dtype = jnp.result_type(energy, float)
        index = jnp.sum(energy >= jnp.asarray(_START[1:], dtype), dtype=jnp.int32)
        c0, c1, c2 = jnp.asarray(_COEFFICIENTS, dtype)[index]
        inside = jnp.minimum(energy, _END)
        return 0.01 * (c0 + inside * (c1 + inside * c2))[None] / energy**3

    def depth(self, sections: Sections) -> Float[Array, "*n"]:
        return jnp.asarray(self.column) * sections[..., 0]

    def jumps(self) -> Jumps:
        return np.array([*_START[1:], _END])
