"""Sightline: what an instrument sees of a magnetised, radiating medium, and its derivative with respect to everything.

Units: kpc, uG, cm^-3, GHz, K (Rayleigh-Jeans), degrees, rad m^-2, pc cm^-3. See the documentation for frames and signs.
"""

import os as _os

if _os.environ.get("SIGHTLINE_TYPECHECK") == "1":
    from jaxtyping import install_import_hook as _install_import_hook

    _hook = _install_import_hook("sightline", "beartype.beartype")

from . import datasets as datasets
from . import emission as emission
from . import fields as fields
from . import grids as grids
from . import inference as inference
from . import instruments as instruments
from . import io as io
from . import observables as observables
from . import plot as plot
from . import presets as presets
from . import statistics as statistics
from . import testing as testing
from . import transfer as transfer
from ._core.module import Module as Module
from ._core.module import param as param
from ._core.module import setting as setting
from ._version import __version__ as __version__
from .citation import citation as citation
from .fields import cosmic_rays as cosmic_rays
from .fields import electrons as electrons
from .fields import magnetic as magnetic
from .fields import temperature as temperature
from .geometry import SUN as SUN
from .geometry import BoxCells as BoxCells
from .geometry import ChordCells as ChordCells
from .geometry import Directions as Directions
from .geometry import HealpixSky as HealpixSky
from .geometry import ImagePlane as ImagePlane
from .geometry import RadialCells as RadialCells
from .geometry import ResolvedCells as ResolvedCells
from .geometry import Sightlines as Sightlines
from .geometry import SourceCatalogue as SourceCatalogue
from .inference import BFGS as BFGS
from .inference import HMC as HMC
from .inference import LBFGS as LBFGS
from .inference import MCLMC as MCLMC
from .inference import NUTS as NUTS
from .inference import Adam as Adam
from .inference import Chains as Chains
from .inference import Evidence as Evidence
from .inference import Fisher as Fisher
from .inference import FitError as FitError
from .inference import FitResult as FitResult
from .inference import LevenbergMarquardt as LevenbergMarquardt
from .inference import NestedSlice as NestedSlice
from .inference import RandomWalk as RandomWalk
from .inference import Validation as Validation
from .inference import approximate as approximate
from .inference import fisher as fisher
from .inference import fit as fit
from .inference import posterior_predictive as posterior_predictive
from .inference import sample as sample
from .inference import sbc as sbc
from .inference import select as select
from .instruments import GaussianBeam as GaussianBeam
from .io import load as load
from .io import save as save
from .model import Model as Model
from .parameters import ParameterSpace as ParameterSpace
from .simulator import ErrorEstimate as ErrorEstimate
from .simulator import RotationWarning as RotationWarning
from .simulator import Simulator as Simulator
from .simulator import SpectralIndexWarning as SpectralIndexWarning
from .simulator import SpectrumRangeWarning as SpectrumRangeWarning
from .simulator import SunWarning as SunWarning
from .simulator import ToleranceWarning as ToleranceWarning
from .simulator import Trace as Trace
from .simulator import estimate_error as estimate_error
from .statistics import BinnedLikelihood as BinnedLikelihood
from .statistics import DivergencePenalty as DivergencePenalty
from .statistics import EnergyBound as EnergyBound
from .statistics import EnsembleLikelihood as EnsembleLikelihood
from .statistics import EnsembleWarning as EnsembleWarning
from .statistics import FieldPrior as FieldPrior
from .statistics import Likelihood as Likelihood
from .statistics import MapLikelihood as MapLikelihood
from .statistics import Posterior as Posterior
from .statistics import Proximity as Proximity
from .statistics import Smoothness as Smoothness
from .statistics import SourceLikelihood as SourceLikelihood
from .statistics import TotalVariation as TotalVariation
from .stokes import Stokes as Stokes
