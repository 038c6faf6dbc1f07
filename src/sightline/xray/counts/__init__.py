"""Counts in channels: responses, observed spectra, and how their channels are grouped."""

from .channels import Channels as Channels
from .fakeit import fakeit as fakeit
from .folded import FoldedCounts as FoldedCounts
from .folded import SourceAndBackground as SourceAndBackground
from .grouping import AbstractGrouping as AbstractGrouping
from .grouping import AsFiled as AsFiled
from .grouping import Edges as Edges
from .grouping import MinimumCounts as MinimumCounts
from .grouping import MinimumSignal as MinimumSignal
from .grouping import Ungrouped as Ungrouped
from .observation import Observation as Observation
from .optimal import Optimal as Optimal
from .response import Response as Response
from .rows import Rows as Rows
from .spectrum import Spectrum as Spectrum
from .stack import Stack as Stack
from .stack import stack as stack
