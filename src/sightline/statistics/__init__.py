"""Likelihoods of maps, bins and catalogues, regularisers, and the posterior they make."""

from .bins import BinnedLikelihood as BinnedLikelihood
from .bins import BinnedMean as BinnedMean
from .brightness import Brightness as Brightness
from .correlated import Correlated as Correlated
from .ensemble import EnsembleLikelihood as EnsembleLikelihood
from .ensemble import EnsembleWarning as EnsembleWarning
from .field_priors import AbstractFieldRegulariser as AbstractFieldRegulariser
from .field_priors import DivergencePenalty as DivergencePenalty
from .field_priors import EnergyBound as EnergyBound
from .field_priors import FieldPrior as FieldPrior
from .field_priors import Proximity as Proximity
from .likelihood import AbstractLikelihood as AbstractLikelihood
from .likelihood import Likelihood as Likelihood
from .maps import MapLikelihood as MapLikelihood
from .noise import AbstractNoise as AbstractNoise
from .noise import Gaussian as Gaussian
from .noise import StudentT as StudentT
from .poisson import Poisson as Poisson
from .posterior import Posterior as Posterior
from .regularisers import AbstractGaussianRegulariser as AbstractGaussianRegulariser
from .regularisers import AbstractRegulariser as AbstractRegulariser
from .regularisers import Smoothness as Smoothness
from .regularisers import TotalVariation as TotalVariation
from .sources import SourceLikelihood as SourceLikelihood
