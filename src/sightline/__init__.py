"""Sightline: what an instrument sees of a magnetised, radiating medium, and its derivative with respect to everything.

Units: kpc, uG, cm^-3, GHz, K (Rayleigh-Jeans), degrees, rad m^-2, pc cm^-3. See the documentation for frames and signs.
The public names are listed in `__init__.pyi`; each is loaded when it is first used, so that a sky costs only its users.
"""

import os as _os

import lazy_loader as _lazy

if _os.environ.get("SIGHTLINE_TYPECHECK") == "1":
    from jaxtyping import install_import_hook as _install_import_hook

    _hook = _install_import_hook("sightline", "beartype.beartype")

from ._version import __version__ as __version__
from .citation import citation as citation  # the room of the same name would hide it, were it loaded later

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
