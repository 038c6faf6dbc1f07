"""Files: HEALPix maps with complete headers, and how anything is written whole or not at all."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
