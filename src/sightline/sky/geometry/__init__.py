"""Frames, skies, observers, cells and sightlines: everything that is not the model."""

from .cells import AbstractCells as AbstractCells
from .cells import AbstractPlainCells as AbstractPlainCells
from .cells import BoxCells as BoxCells
from .cells import ChordCells as ChordCells
from .cells import RadialCells as RadialCells
from .cells import ResolvedCells as ResolvedCells
from .comparison import difference as difference
from .coordinates import galactocentric as galactocentric
from .frames import SUN as SUN
from .image_plane import ImagePlane as ImagePlane
from .levels import AbstractLevel as AbstractLevel
from .mapping import map_rays as map_rays
from .mapping import vmap_rays as vmap_rays
from .sharding import shard as shard
from .sightlines import Ray as Ray
from .sightlines import Sightlines as Sightlines
from .sightlines import as_sightlines as as_sightlines
from .skies import AbstractSky as AbstractSky
from .skies import Directions as Directions
from .skies import HealpixSky as HealpixSky
from .skies import SourceCatalogue as SourceCatalogue
from .structures import Structures as Structures
