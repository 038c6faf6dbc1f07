"""Likelihoods, noise, regularisers, and the posterior they make; the likelihoods of a sky are found when asked for."""

from ..registry import names_of_others as _names_of_others
from .background import ScaledBackground as ScaledBackground
from .background import ScaledBackgroundWarning as ScaledBackgroundWarning
from .censored import Censored as Censored
from .correlated import Correlated as Correlated
from .gaussian_background import GaussianBackground as GaussianBackground
from .likelihood import AbstractLikelihood as AbstractLikelihood
from .likelihood import Likelihood as Likelihood
from .marginal import MarginalBackground as MarginalBackground
from .noise import AbstractNoise as AbstractNoise
from .noise import Gaussian as Gaussian
from .noise import StudentT as StudentT
from .poisson import Poisson as Poisson
from .posterior import Posterior as Posterior
from .profiled import ProfiledBackground as ProfiledBackground
from .profiled import SparseBackgroundWarning as SparseBackgroundWarning
from .regularisers import AbstractGaussianRegulariser as AbstractGaussianRegulariser
from .regularisers import AbstractRegulariser as AbstractRegulariser
from .regularisers import Smoothness as Smoothness
from .regularisers import TotalVariation as TotalVariation
from .variances import ModelVariance as ModelVariance
from .variances import churazov as churazov
from .variances import gehrels as gehrels
from .variances import neyman as neyman
from .wishart import Wishart as Wishart

__getattr__, __dir__ = _names_of_others("statistics")
