import math
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, param, setting
from ..._core.ranks import of_one_rank
from ...sky.fields import AbstractField
from .dust_to_gas import AbstractDustToGas, PowerLawDust
from .law import AbstractLaw

Values = Float[Array, "*n"]

_TENTH_OF_MAGNITUDE = 0.4 * math.log(10)


class Screen(Module):
    """Dust in front of each emitter, by one law: L(lambda) 10^(-0.4 A_V A(lambda)/A_V), absorption only.

    A_V is the sum of that of a foreground, of clouds around young stars, and of the dust in the gas in front: of
    particles A_V = sum_j m_j D(Z_j)/area of the gas particles on the same spaxel and nearer than the star, of smooth
    galaxies the integral of `opacity` from the observer to the place.

    **Arguments:**

    - `law`: A(lambda)/A_V, one of `sl.dust`.
    - `foreground`: A_V in front of everything, mag.
    - `birth_clouds`: A_V more in front of stars younger than `birth_age`, mag; `birth_age`: Gyr.
    - `dust_to_gas`: how much dust gas has, by its metallicity; None: gas has none.
    - `opacity`: A_V per kpc, a scalar field of the galaxy's own frame, for smooth galaxies, followed where their stars
      are; refused with particles and lines of gas.
    - `width`: of the step from behind to in front, kpc; None: sharp, without a derivative by depth.

    **Raises:** `TypeError` for anything else in place of the law, the dust in gas or the field.

    **Source:** birth clouds and their 10 Myr: Charlot & Fall 2000, ApJ 539, 718.

    !!! example
        >>> screen = sl.dust.Screen(sl.dust.CCM89(rv=3.1), foreground=0.3, birth_clouds=1.0)
        >>> screen.visual(age=jnp.array([0.005, 5.0]))
        Array([1.3, 0.3], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Charlot2000",)
    law: AbstractLaw
    foreground: Float[Array, ""] = param(0.0, unit="mag", bounds=(0, None), symbol="A_V")
    birth_clouds: Float[Array, ""] = param(0.0, unit="mag", bounds=(0, None))
    birth_age: float = setting(0.01, unit="Gyr", bounds=(0, None))
    dust_to_gas: AbstractDustToGas | None = eqx.field(default_factory=PowerLawDust)
    opacity: AbstractField | None = None
    width: Float[Array, ""] | None = param(None, unit="kpc", positive=True)

    def __check_init__(self) -> None:
        kinds = {"law": AbstractLaw, "dust_to_gas": AbstractDustToGas, "opacity": AbstractField}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind) and (name == "law" or value is not None):
                raise TypeError(f"Screen.{name} is a {type(value).__name__}, not a {kind.__name__}.")

    def visual(self, age: Values, column: Any = 0.0) -> Values:
        """A_V in front of emitters of an age, (...) Gyr, behind a column of A_V, (...) mag."""
        young = jnp.where(age < self.birth_age, self.birth_clouds, 0)
        return self.foreground + young + column

    def transmission(self, visual: Values, wavelength: Any) -> Float[Array, "*n w"]:
        """The share of light that passes A_V, (...) mag, at rest wavelengths, (w,) Angstrom."""
        depth, ratio = of_one_rank(visual[..., None], self.law.ratio(wavelength))
        return jnp.exp(-_TENTH_OF_MAGNITUDE * depth * ratio)
