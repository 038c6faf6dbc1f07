"""Files: HEALPix maps with complete headers, and how anything is written whole or not at all."""

from .._core.files import check_writable as check_writable
from .._core.files import replacing as replacing
from .._core.reading import FileError as FileError
from .columns import write_columns as write_columns
from .maps import read_map as read_map
from .maps import write_map as write_map
from .models import load as load
from .models import save as save
from .tables import read_columns as read_columns
