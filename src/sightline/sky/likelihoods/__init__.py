"""Likelihoods of maps, bins, catalogues and ensembles of skies, and priors of fields."""

from .bins import BinnedLikelihood as BinnedLikelihood
from .bins import BinnedMean as BinnedMean
from .brightness import Brightness as Brightness
from .counts import BandCounts as BandCounts
from .ensemble import EnsembleLikelihood as EnsembleLikelihood
from .ensemble import EnsembleWarning as EnsembleWarning
from .field_priors import AbstractFieldRegulariser as AbstractFieldRegulariser
from .field_priors import DivergencePenalty as DivergencePenalty
from .field_priors import EnergyBound as EnergyBound
from .field_priors import FieldPrior as FieldPrior
from .field_priors import Proximity as Proximity
from .maps import MapLikelihood as MapLikelihood
from .sources import SourceLikelihood as SourceLikelihood
