"""The radio sky: fields along sightlines, what they emit, and what an instrument and its data make of it."""

import lazy_loader as _lazy

_ROOMS = (
    *("datasets", "emission", "fields", "geometry", "grids", "harmonics", "instruments", "likelihoods", "observables"),
    *("presets", "simulator", "stokes", "transfer"),
)

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=_ROOMS)
