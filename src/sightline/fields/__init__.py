"""Fields: values at one point, their algebra, and the published models of the Galaxy by family."""

from ..geometry import Structures as Structures
from . import cosmic_rays as cosmic_rays
from . import electrons as electrons
from . import magnetic as magnetic
from . import temperature as temperature
from .algebra import AbstractWrapper as AbstractWrapper
from .algebra import Confined as Confined
from .algebra import ConfinedToBox as ConfinedToBox
from .algebra import Linear as Linear
from .algebra import Masked as Masked
from .algebra import Rotated as Rotated
from .algebra import Scaled as Scaled
from .algebra import Sum as Sum
from .base import AbstractField as AbstractField
from .base import Population as Population
from .diagnostics import curl as curl
from .diagnostics import divergence as divergence
from .diagnostics import jacobian as jacobian
from .field_lines import field_lines as field_lines
from .gaussian_process import AbstractGaussianProcess as AbstractGaussianProcess
from .grid import AbstractGrid as AbstractGrid
from .healpix_radial import AbstractHealpixRadialGrid as AbstractHealpixRadialGrid
from .neural import AbstractNeural as AbstractNeural
from .shifted import Shifted as Shifted
from .turbulent import AbstractLognormal as AbstractLognormal
from .turbulent import AbstractTurbulent as AbstractTurbulent
