"""The energy of a scattered photon, by those of the electron and of the photon before."""

from typing import Any, ClassVar

from jaxtyping import Array

from .inverse_compton import InverseCompton
from .samplers.base import AbstractDistribution

_Law: Any = InverseCompton  # whose domain belongs to the class
_LAW = _Law()


class ScatteredEnergy(AbstractDistribution):
    """The energy e1 to which an electron of Lorentz factor gamma scatters isotropic photons of energy e0, in m_e c^2.

    $$C(e_1) = C_{IC}\\left(\\frac{e_1}{\\gamma};\\,b = 4\\gamma e_0\\right)$$

    of `InverseCompton`, for users, and samplers, that know the two energies and not their product.

    !!! example
        >>> law = sl.processes.ScatteredEnergy()
        >>> sampler = sl.samplers.Exact(law)
        >>> round(float(law.cumulative(sampler(0.5, gamma=1e5, e0=10**-4.5), gamma=1e5, e0=10**-4.5)), 6)
        0.5

    **Source:** as `InverseCompton`.
    """

    domain: ClassVar = {"gamma": (10.0, 1e10), "e0": (1e-10, 1e-2)}
    square_root_end: ClassVar[bool] = True

    def support(self, **parameters: Array) -> tuple[float, Array]:
        low, high = _LAW.support(b=_b(parameters))
        return low, parameters["gamma"] * high

    def coordinate(self, x: Array, **parameters: Array) -> Array:
        return _LAW.coordinate(x / parameters["gamma"], b=_b(parameters))

    def value(self, l: Array, **parameters: Array) -> Array:
        return parameters["gamma"] * _LAW.value(l, b=_b(parameters))

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return _LAW.unit_cumulative(l, b=_b(parameters))

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return _LAW.unit_density(l, b=_b(parameters))


def _b(parameters: dict[str, Array]) -> Array:
    return 4 * parameters["gamma"] * parameters["e0"]
