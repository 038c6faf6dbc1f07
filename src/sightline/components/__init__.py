"""Components of the microwave sky: their spectra, where these vary, and how they add up in bands."""

from . import cosmology as cosmology
from .component_sky import ComponentSky as ComponentSky
from .forecasts import Forecast as Forecast
from .maps import AbstractPixelMap as AbstractPixelMap
from .maps import Clusters as Clusters
from .maps import GaussianMap as GaussianMap
from .maps import PixelMap as PixelMap
from .maps import SimulatedIndex as SimulatedIndex
from .maps import binned as binned
from .maps import kmeans as kmeans
from .maps import multiresolution as multiresolution
from .maps import relabel as relabel
from .mixing import MixingMatrix as MixingMatrix
from .predicted_sky import PredictedSky as PredictedSky
from .seds import CMB as CMB
from .seds import AbstractSED as AbstractSED
from .seds import ElectronSynchrotron as ElectronSynchrotron
from .seds import FreeFree as FreeFree
from .seds import Line as Line
from .seds import ModifiedBlackbody as ModifiedBlackbody
from .seds import Moments as Moments
from .seds import PowerLaw as PowerLaw
from .seds import SpinningDust as SpinningDust
from .seds import ThermalSZ as ThermalSZ
from .separation import Amplitudes as Amplitudes
from .separation import Residuals as Residuals
