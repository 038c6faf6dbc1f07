"""Figures of skies, of fields, and of what data say, made with matplotlib without its global state."""

from .comparisons import residuals as residuals
from .corners import corner as corner
from .figures import check_format as check_format
from .figures import map as map
from .figures import maps as maps
from .figures import save as save
from .predictions import predictive as predictive
from .slices import quiver as quiver
from .slices import slice as slice
from .traces import trace as trace
