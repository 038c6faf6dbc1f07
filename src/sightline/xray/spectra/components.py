"""What a spectrum is a sum of."""

import equinox as eqx

from ..._core.naming import unique
from .base import AbstractPhotonSpectrum, Product, Sum
from .redshifted import Redshifted


def components(spectrum: AbstractPhotonSpectrum) -> dict[str, AbstractPhotonSpectrum]:
    """The spectra that add up to a spectrum, by name: terms of sums, each behind its factors.

    Terms of sums within a redshift count, too; what a convolution has moved stays whole.

    **Arguments:** `spectrum`: an `AbstractPhotonSpectrum`.

    **Returns:** spectra by name.

    !!! example
        >>> source = 0.5 * (sl.spectra.PowerLaw(index=2.0, norm=1.0) + sl.spectra.BlackBody(temperature=0.5, norm=0.2))
        >>> {name: round(float(one(1.0)), 4) for name, one in sl.spectra.components(source).items()}
        {'power_law': 0.5, 'black_body': 2.0166}
    """
    if isinstance(spectrum, Sum):
        return unique(_named(name, term) for name, term in spectrum.terms.items())
    if isinstance(spectrum, Product):
        name = next(key for key, term in spectrum.terms.items() if term is spectrum.spectrum)
        found = components(spectrum.spectrum)
        return {key: eqx.tree_at(lambda one: one.terms[name], spectrum, part) for key, part in found.items()}
    if isinstance(spectrum, Redshifted):
        found = components(spectrum.spectrum)
        return {key: eqx.tree_at(lambda one: one.spectrum, spectrum, part) for key, part in found.items()}
    return {spectrum.name: spectrum}


def _named(name: str, term: AbstractPhotonSpectrum) -> dict[str, AbstractPhotonSpectrum]:
    """The parts of one term, which has the name of the term where it is the only one."""
    found = components(term)
    return {name: term} if len(found) == 1 else found
