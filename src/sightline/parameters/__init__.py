"""Which leaves of a PyTree are free, their priors, and the way to unconstrained numbers and back: no astrophysics."""

from .bounds import BoundsWarning as BoundsWarning
from .leaves import find_leaves as find_leaves
from .leaves import match as match
from .listing import table as table
from .space import ParameterSpace as ParameterSpace
from .text_table import Table as Table
from .vector import labels as labels
from .vector import ravel as ravel
