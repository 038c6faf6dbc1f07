"""How anything is written whole or not at all, and the error of a damaged file."""

from .._core.files import check_writable as check_writable
from .._core.files import replacing as replacing
from .._core.reading import FileError as FileError
