"""Spectral parameters that differ from pixel to pixel: clusters and maps."""

from .base import AbstractPixelMap as AbstractPixelMap
from .clusters import Clusters as Clusters
from .gaussian_map import GaussianMap as GaussianMap
from .kmeans import kmeans as kmeans
from .labels import binned as binned
from .labels import multiresolution as multiresolution
from .labels import relabel as relabel
from .pixel_map import PixelMap as PixelMap
from .simulated_index import SimulatedIndex as SimulatedIndex
