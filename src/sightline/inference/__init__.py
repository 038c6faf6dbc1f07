"""Fits, forecasts, samples and what becomes of them."""

from .algorithms import AbstractAlgorithm as AbstractAlgorithm
from .algorithms import AbstractChain as AbstractChain
from .calibration import Calibration as Calibration
from .calibration import sbc as sbc
from .chains import Chains as Chains
from .chains import load_chains as load_chains
from .descent import LBFGS as LBFGS
from .descent import Adam as Adam
from .descent import Optax as Optax
from .fisher import Fisher as Fisher
from .fisher import fisher as fisher
from .fit import fit as fit
from .hamiltonian import HMC as HMC
from .hamiltonian import NUTS as NUTS
from .method import AbstractMethod as AbstractMethod
from .methods import BFGS as BFGS
from .methods import LevenbergMarquardt as LevenbergMarquardt
from .microcanonical import MCLMC as MCLMC
from .nested import NestedSlice as NestedSlice
from .predictive import posterior_predictive as posterior_predictive
from .random_walk import RandomWalk as RandomWalk
from .result import FitError as FitError
from .result import FitResult as FitResult
from .sample import sample as sample
