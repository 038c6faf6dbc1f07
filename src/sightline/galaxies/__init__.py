"""Galaxies as integral-field cubes: stars and gas through dust, atmosphere and spectrograph."""

import lazy_loader as _lazy

_ROOMS = ("cubes", "dust", "galaxy", "ifu", "likelihoods", "methods", "particles", "populations", "stars")

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=_ROOMS)
