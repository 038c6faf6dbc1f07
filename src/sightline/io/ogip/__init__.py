"""X-ray spectra, responses and table models in files of the OGIP formats."""

from .observations import read_observation as read_observation
from .response_writer import write_response as write_response
from .responses import read_response as read_response
from .spectrum_writer import write_pha as write_pha
from .table_writer import write_table_model as write_table_model
from .tables import TableData as TableData
from .tables import TableParameter as TableParameter
from .tables import read_table_model as read_table_model
