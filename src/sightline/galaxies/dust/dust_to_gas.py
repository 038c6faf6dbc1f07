"""How much dust there is in gas, by its metallicity."""

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.module import Module, param

Values = Float[Array, "*n"]

_HYDROGEN = 1.9884e33 / 3.0856775814913673e21**2 / (1.36 * 1.67353e-24)  # cm-2 of 1 Msun/kpc2, helium 36 % by mass


class AbstractDustToGas(Module):
    """Dust in gas relative to that of the solar neighbourhood: subclass it and write `relative`.

    There A_V = N_H/(1.87e21 cm-2), R_V = 3.1, which is A_V = S/(2.04e7 Msun/kpc2) for a column S of gas with helium.

    **Source:** Bohlin, Savage & Drake 1978, ApJ 224, 132: N_H/E(B-V) = 5.8e21 cm-2.

    !!! example
        >>> class Constant(sl.dust.AbstractDustToGas):
        ...     def relative(self, metallicity):
        ...         return jnp.ones_like(metallicity)
        >>> round(float(Constant().visual(jnp.asarray(0.0))) * 2.04e7, 2)
        1.0
    """

    @abc.abstractmethod
    def relative(self, metallicity: Values) -> Values:
        """Dust to gas at [M/H] over that at [M/H] = 0, (...) dex to (...)."""

    def visual(self, metallicity: Values) -> Values:
        """A_V of a column of 1 Msun/kpc2 of gas, (...) mag, at [M/H], (...) dex."""
        return _HYDROGEN * 3.1 / 5.8e21 * self.relative(metallicity)


class PowerLawDust(AbstractDustToGas):
    """Dust to gas as a power of the metallicity: 10^(s [M/H]).

    **Arguments:** `slope` s: 1 for a constant share of the metals, 1.62 and 2.02 were fitted (see the source);
    `scale`: multiplies it.

    **Source:** Remy-Ruyer et al. 2014, A&A 563, A31, table 1.

    !!! example
        >>> float(sl.dust.PowerLawDust(slope=1.0).relative(jnp.asarray(-1.0)))
        0.1
    """

    cites: ClassVar[tuple[str, ...]] = ("Bohlin1978", "RemyRuyer2014")
    slope: Float[Array, ""] = param(1.0, symbol="s")
    scale: Float[Array, ""] = param(1.0, bounds=(0, None))

    def relative(self, metallicity: Values) -> Values:
        return self.scale * jnp.power(10.0, self.slope * metallicity)


class BrokenPowerLawDust(AbstractDustToGas):
    """Dust to gas that falls faster below a quarter solar: in proportion to Z above, as Z^3.1 below.

    log10 of it is [M/H] where [M/H] > -0.59, and 1.25 + 3.10 [M/H] below, both with oxygen in the place of all metals:
    12 + log(O/H) = 8.69 + [M/H]. At the break it jumps by 0.011 dex, as published.

    **Arguments:** `scale`: multiplies it.

    **Source:** Remy-Ruyer et al. 2014, A&A 563, A31, table 1, broken power law, X_CO by metallicity.

    !!! example
        >>> round(float(sl.dust.BrokenPowerLawDust().relative(jnp.asarray(-1.0))), 4)
        0.0141
    """

    cites: ClassVar[tuple[str, ...]] = ("Bohlin1978", "RemyRuyer2014")
    scale: Float[Array, ""] = param(1.0, bounds=(0, None))

    def relative(self, metallicity: Values) -> Values:
        exponent = jnp.where(metallicity > 8.10 - 8.69, metallicity, (2.21 - 0.96) + 3.10 * metallicity)
        return self.scale * jnp.power(10.0, exponent)
