"""X-ray spectra: components, responses, counts."""

import lazy_loader as _lazy

_ROOMS = ("counts", "detectors", "likelihoods", "spectra")

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=_ROOMS)
