"""Samplers: from a number u, even between 0 and 1, to a variable of any law, and derivatives of that."""

from .base import AbstractDensity as AbstractDensity
from .base import AbstractDistribution as AbstractDistribution
from .base import AbstractInverse as AbstractInverse
from .base import AbstractSampler as AbstractSampler
from .exact import Exact as Exact
from .integrated import Integrated as Integrated
from .joint import Joint as Joint
from .nascarp import NASCaRP as NASCaRP
from .nascarp import from_nascarp as from_nascarp
from .neural import Neural as Neural
from .rejection import Rejection as Rejection
from .table import Table as Table
from .train import TrainingWarning as TrainingWarning
from .train import train as train
