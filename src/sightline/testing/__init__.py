"""The public contract checks: hold a field, an operator or a solver of your own to what Sightline expects of it."""

from .fields import check_field as check_field
from .fields import sample_positions as sample_positions
from .galaxies import check_history as check_history
from .galaxies import check_law as check_law
from .galaxies import check_psf as check_psf
from .operators import check_operator as check_operator
from .samplers import SamplerReport as SamplerReport
from .samplers import check_sampler as check_sampler
from .seds import check_sed as check_sed
from .spectra import check_spectrum as check_spectrum
from .transfer import check_transfer as check_transfer
