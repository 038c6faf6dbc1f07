"""Figures of skies, of fields, and of what data say, made with matplotlib without its global state."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
