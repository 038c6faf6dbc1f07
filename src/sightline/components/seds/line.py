from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import is_concrete, param, setting
from ..._core.types import Scalar
from .base import AbstractSED

_NEAR = 1e-3


class Line(AbstractSED):
    """Emission lines, as of CO, each in one band: brightness there relative to that in the first band.

    s(nu_i) = R_i/R_1 at the nominal frequencies nu_i of bands with a line, to 0.1 %; 0 in all others. Lines are
    narrower than bands, so that only the brightness of a whole band has a meaning, K_RJ at its nominal frequency.

    **Arguments:** `frequency` nu: (n,) GHz; `ratios` R: (n,), the first positive; their scale does not matter.

    **Raises:** `ValueError` for frequencies that come twice, ratios of another number, or a first one of 0.

    **Source:** Planck 2015 results X, A&A 594, A10.

    !!! example
        >>> carbon_monoxide = sl.components.Line(frequency=(100.0, 217.0, 353.0), ratios=(1.0, 0.6, 0.3))
        >>> round(float(carbon_monoxide(217.0)), 3), round(float(carbon_monoxide(143.0)), 3)
        (0.6, 0.0)
    """

    cites: ClassVar[tuple[str, ...]] = ("Planck2015X",)
    of_bands: ClassVar[bool] = True
    frequency: tuple[float, ...] = setting(unit="GHz", positive=True)
    ratios: Float[Array, " n"] = param(bounds=(0, None), symbol="R")

    def __check_init__(self) -> None:
        apart = np.diff(np.sort(np.log(np.atleast_1d(self.frequency))))
        if np.ndim(self.frequency) != 1 or not len(self.frequency) or np.any(apart < 2 * _NEAR):
            raise ValueError(f"Line.frequency = {self.frequency} must be different frequencies of bands [GHz], (n,).")
        if self.ratios.shape != (len(self.frequency),):
            raise ValueError(f"Line.ratios has shape {self.ratios.shape}, frequency has {len(self.frequency)}.")
        if is_concrete(self.ratios) and not np.asarray(self.ratios)[0] > 0:
            raise ValueError("Line.ratios: the first is 0: name a band with a bright line first, as the reference.")

    @property
    def reference(self) -> float:
        """The first frequency, GHz."""
        return self.frequency[0]

    def __call__(self, frequency: Scalar) -> Scalar:
        known: Any = np.log(np.asarray(self.frequency))
        here = jnp.abs(jnp.log(frequency) - jnp.asarray(known, frequency.dtype)) < _NEAR
        return jnp.sum(jnp.where(here, self.ratios, 0)) / self.ratios[0]
