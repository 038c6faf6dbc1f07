"""What has a photon spectrum and what multiplies it, each written for one energy, and their algebra."""

import abc
import math
import numbers
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.contracts import AbstractLight, AbstractMeasurable
from ..._core.module import Module, param
from ..._core.naming import snake_case, unique
from ..._core.types import Scalar
from .bins import Bins
from .nodes import Factor, Jumps, at_nodes, band, children, jumps_of, times, weighted_mean

Column = Float[Array, ""] | AbstractMeasurable
"""A number, or what a model measures along a sightline: `Model.spectrum` then puts the number there."""


class AbstractPhotonSpectrum(AbstractLight):
    """A photon spectrum N(E): subclass it, declare parameters with `sl.param`, write `__call__` for one energy.

    Integrals over bins, sums, absorption, redshift and derivatives come by themselves.

    !!! example
        >>> class Exponential(sl.spectra.AbstractPhotonSpectrum):
        ...     folding: Float[Array, ""] = sl.param(2.0, unit="keV", positive=True)
        ...     norm: Float[Array, ""] = sl.param(1.0, bounds=(0, None))
        ...
        ...     def __call__(self, energy):
        ...         return self.norm * jnp.exp(-energy / self.folding)
        >>> round(float(Exponential().photons(1.0, 2.0)), 6)
        0.477302
    """

    of_energy: ClassVar[bool] = True
    __array_ufunc__ = None  # NumPy and astropy leave products to __rmul__
    needs_neighbours: ClassVar[bool] = False  # photons of a bin may come from others: see `sl.spectra.Convolved`

    @abc.abstractmethod
    def __call__(self, energy: Scalar) -> Scalar:
        """Photons cm-2 s-1 keV-1 at one energy, keV."""

    def photons(self, low: Scalar, high: Scalar) -> Scalar:
        """Photons cm-2 s-1 between two energies, keV: the integral of N(E).

        Override it, in closed form, for what may be narrower than a bin, such as a line.
        """
        bins, inside = band(self, low, high)
        return jnp.sum(jnp.where(inside, self.binned(bins), 0))

    def jumps(self) -> Jumps:
        """Energies, (k,) keV, where the spectrum or a factor of it jumps, bends or is narrow: bins are cut there."""
        return jumps_of(*children(self))

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        """Photons cm-2 s-1 in bins.

        Two nodes a bin; what has `photons` in closed form keeps them, times the mean of the factor weighted by N(E).

        **Arguments:** `factor`: what multiplies the spectrum, at the nodes of the bins, (2, n).
        """
        if type(self).photons is AbstractPhotonSpectrum.photons:
            return bins.half * jnp.sum(times(at_nodes(self, bins), factor), axis=0)
        photons = jax.vmap(self.photons)(bins.low, bins.high)
        return photons if factor is None else photons * weighted_mean(factor, at_nodes(self, bins))

    @property
    def name(self) -> str:
        """What a sum or a product calls this term: the class in snake_case."""
        return snake_case(type(self).__name__)

    def __add__(self, other: Any) -> "AbstractPhotonSpectrum":
        return Sum.of(self, other)

    def __radd__(self, other: Any) -> "AbstractPhotonSpectrum":
        return self if isinstance(other, int) and other == 0 else Sum.of(other, self)  # Python's `sum` begins with 0

    def __mul__(self, other: Any) -> "AbstractPhotonSpectrum":
        return Product.of(self, other)

    def __rmul__(self, other: Any) -> "AbstractPhotonSpectrum":
        return Product.of(other, self)


class AbstractFactor(Module):
    """A dimensionless factor T(E) of a photon spectrum, such as an absorption, written for one energy.

    !!! example
        >>> class Leak(sl.spectra.AbstractFactor):
        ...     depth: Float[Array, ""] = sl.param(0.5, bounds=(0, None))
        ...
        ...     def __call__(self, energy):
        ...         return 1 - jnp.exp(-self.depth * energy)
        >>> round(float((Leak() * sl.spectra.PowerLaw(index=2.0, norm=1.0))(2.0)), 4)
        0.158
    """

    of_energy: ClassVar[bool] = True
    __array_ufunc__ = None  # NumPy and astropy leave products to __rmul__

    @abc.abstractmethod
    def __call__(self, energy: Scalar) -> Scalar:
        """The factor at one energy, keV."""

    def at(self, bins: Bins) -> Float[Array, "2 n"]:
        """The factor at the nodes of bins; override it where what depends on energy alone is worth keeping."""
        return jax.vmap(jax.vmap(self))(bins.energy)

    def jumps(self) -> Jumps:
        """Energies, (k,) keV, where it jumps, bends or is narrow: bins are cut there."""
        return jumps_of(*children(self))

    @property
    def name(self) -> str:
        """What a product calls this term: the class in snake_case."""
        return snake_case(type(self).__name__)

    def __mul__(self, other: Any) -> Any:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _product(other, self)

    def __add__(self, other: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} is a factor and has no photons: multiply it with a spectrum, then add spectra."
        )

    __radd__ = __add__


class Sum(AbstractPhotonSpectrum):
    """A sum of photon spectra with names: N(E) = sum_k N_k(E).

    **Arguments:** the terms as keywords. `a + b` names them by their class in snake_case, `_2` on a clash; `terms`: as
    attributes, the spectra by their names.

    **Raises:** `TypeError` for terms that are no photon spectra.

    !!! example
        >>> source = sl.spectra.PowerLaw(index=1.8, norm=1e-4) + sl.spectra.BlackBody(temperature=0.5, norm=1e-5)
        >>> list(source.terms)
        ['power_law', 'black_body']
    """

    terms: dict[str, AbstractPhotonSpectrum]

    def __init__(self, **terms: Any):
        for name, term in terms.items():
            if not isinstance(term, AbstractPhotonSpectrum):
                raise TypeError(f"Sum: {name} = {term!r} is no photon spectrum: only spectra are added.")
        if not terms:
            raise TypeError("Sum needs at least one term.")
        self.terms = dict(terms)

    @classmethod
    def of(cls, *spectra: Any) -> "Sum":
        """The sum of spectra, sums among them opened, with names made from the classes."""
        return cls(**unique(one.terms if isinstance(one, Sum) else {_name(one): one} for one in spectra))

    def __getitem__(self, name: str) -> AbstractPhotonSpectrum:
        return self.terms[name]

    def __call__(self, energy: Scalar) -> Scalar:
        first, *rest = (term(energy) for term in self.terms.values())
        return sum(rest, first)

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        first, *rest = (term.binned(bins, factor) for term in self.terms.values())
        return sum(rest, first)


class Product(AbstractPhotonSpectrum):
    """A photon spectrum behind factors, with names: N(E) = N_0(E) prod_k T_k(E).

    **Arguments:** the factors and the one spectrum as keywords. `a * b` names them by their class in snake_case;
    `terms`: as attributes, the spectrum and its factors by their names.

    **Raises:** `TypeError` for two spectra, or none.

    !!! example
        >>> source = sl.spectra.MorrisonMcCammon(column=0.15) * sl.spectra.PowerLaw(index=1.8, norm=1e-4)
        >>> list(source.terms), source["power_law"]
        (['morrison_mc_cammon', 'power_law'], PowerLaw(index=1.8, norm=0.0001 cm-2 s-1 keV-1))
    """

    terms: dict[str, AbstractPhotonSpectrum | AbstractFactor]

    def __init__(self, **terms: Any):
        self.terms = dict(terms)
        spectra = [name for name, term in terms.items() if isinstance(term, AbstractPhotonSpectrum)]
        _check_factors(*(term for name, term in terms.items() if name not in spectra))
        if len(spectra) != 1:
            raise TypeError(
                f"A product has one photon spectrum, this one {', '.join(spectra) or 'none'}: multiply a spectrum with "
                "factors such as absorptions or numbers, and add spectra."
            )

    @classmethod
    def of(cls, *terms: Any) -> "Product":
        """The product of a spectrum and factors or numbers, products among them opened, named by their classes."""
        return cls(**unique(map(_opened, terms)))

    def __getitem__(self, name: str) -> AbstractPhotonSpectrum | AbstractFactor:
        return self.terms[name]

    @property
    def spectrum(self) -> AbstractPhotonSpectrum:
        """The spectrum that the factors multiply."""
        return next(term for term in self.terms.values() if isinstance(term, AbstractPhotonSpectrum))

    @property
    def factors(self) -> list[AbstractFactor]:
        """The factors."""
        return [term for term in self.terms.values() if isinstance(term, AbstractFactor)]

    @property
    def name(self) -> str:
        return self.spectrum.name

    def __call__(self, energy: Scalar) -> Scalar:
        value = self.spectrum(energy)
        for factor in self.factors:
            value = value * factor(energy)
        return value

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, " n"]:
        for one in self.factors:
            factor = times(at_nodes(one, bins), factor)
        return self.spectrum.binned(bins, factor)


class FactorProduct(AbstractFactor):
    """A product of factors with names: T(E) = prod_k T_k(E).

    **Arguments:** the factors as keywords. `a * b` names them by their class in snake_case; `terms`: as attributes, the
    factors by their names.

    **Raises:** `TypeError` for what is no factor.

    !!! example
        >>> factor = sl.spectra.MorrisonMcCammon(0.2) * sl.spectra.InterstellarAbsorption(0.1)
        >>> type(factor).__name__
        'FactorProduct'
    """

    terms: dict[str, AbstractFactor]

    def __init__(self, **terms: Any):
        _check_factors(*terms.values())
        self.terms = dict(terms)

    def __getitem__(self, name: str) -> AbstractFactor:
        return self.terms[name]

    def __call__(self, energy: Scalar) -> Scalar:
        first, *rest = (term(energy) for term in self.terms.values())
        for value in rest:
            first = first * value
        return first

    def at(self, bins: Bins) -> Float[Array, "2 n"]:
        first, *rest = (term.at(bins) for term in self.terms.values())
        return math.prod(rest, start=first)


class Scale(AbstractFactor):
    """A constant factor, T(E) = f; XSPEC's `constant`. `0.5 * spectrum` has one.

    **Arguments:** `factor`: a number without unit.

    !!! example
        >>> spectrum = sl.spectra.Scale(2.0) * sl.spectra.PowerLaw(1.7)
        >>> round(float(spectrum(1.0)), 6)
        2.0
    """

    factor: Float[Array, ""] = param(1.0, symbol="f")

    def __call__(self, energy: Scalar) -> Scalar:
        return self.factor * jnp.ones_like(energy)


def _name(term: Any) -> str:
    return getattr(term, "name", "term")


def _opened(term: Any) -> dict[str, Any]:
    if isinstance(term, (Product, FactorProduct)):
        return term.terms
    if isinstance(term, numbers.Real | jax.Array | np.ndarray):
        return {"scale": Scale(term)}
    return {_name(term): term}


def _product(*terms: Any) -> Product | FactorProduct:
    opened = unique(map(_opened, terms))
    spectra = any(isinstance(term, AbstractPhotonSpectrum) for term in opened.values())
    return Product(**opened) if spectra else FactorProduct(**opened)


def _check_factors(*terms: Any) -> None:
    for term in terms:
        if not isinstance(term, AbstractFactor):
            raise TypeError(f"A product holds {term!r}, which is neither a photon spectrum nor a factor.")
