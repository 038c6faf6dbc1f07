"""Fits and forecasts."""

from .fisher import Fisher as Fisher
from .fisher import fisher as fisher
from .fit import fit as fit
from .methods import BFGS as BFGS
from .methods import AbstractMethod as AbstractMethod
from .methods import Adam as Adam
from .methods import LevenbergMarquardt as LevenbergMarquardt
from .methods import Optax as Optax
from .result import FitError as FitError
from .result import FitResult as FitResult
