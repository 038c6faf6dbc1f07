"""Figures of skies and of fields, made with matplotlib without its global state."""

from .figures import check_format as check_format
from .figures import map as map
from .figures import maps as maps
from .figures import save as save
from .slices import quiver as quiver
from .slices import slice as slice
