"""Files of anyone, read with suspicion: one error for whatever is wrong with one, nothing from a network."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .files import PathLike

SMALL = 256 * 2**20
RATIO = 100
"""What a file unpacks to may be as large as `SMALL` bytes, or `RATIO` times its own size."""


class FileError(ValueError):
    """A file that is damaged, or is not what it was read as; the message names it and says what is wrong."""


@contextlib.contextmanager
def reading(path: PathLike, what: str = "cannot be read") -> Iterator[None]:
    """Whatever fails inside the block, in whatever library, is a `FileError` that names the file.

    **Arguments:** `what`: what is wrong with a file that fails, e.g. `"is no FITS file"`.

    **Raises:** as `check_file`; `FileError`.

    !!! example
        >>> from pathlib import Path
        >>> _ = Path("sky.fits").write_text("no FITS file")
        >>> with reading("sky.fits", "is no FITS file"):
        ...     raise KeyError("SIMPLE")
        Traceback (most recent call last):
        ...
        sightline._core.reading.FileError: path = sky.fits is no FITS file: KeyError: 'SIMPLE'
    """
    check_file(path)
    try:
        yield
    except FileError:
        raise
    except Exception as error:  # libraries raise errors of their own, of many kinds
        raise FileError(f"path = {path} {what}: {brief(error)}") from None


def check_file(path: PathLike) -> None:
    """Refuses what is no file of this machine: addresses, which some libraries would download, folders, devices.

    **Raises:** `FileNotFoundError`; `FileError` for what is there and no regular file.
    """
    try:
        if os.path.isfile(path):
            return
        there = os.path.exists(path)
    except ValueError:  # a name with a zero byte
        there = False
    if there:
        raise FileError(f"path = {path} is a folder or a device: name a file.")
    hint = ": nothing is downloaded, name a file of this machine." if "://" in os.fspath(path) else "."
    raise FileNotFoundError(f"path = {path} does not exist{hint}")


def brief(error: Exception) -> str:
    """What an error says, in one line of at most 300 characters; its class where its message alone says little."""
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else f"{text[:297]}..."
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}".removesuffix(": ")


def check_unpacked(path: PathLike, size: int) -> None:
    """Refuses a file that says it holds more bytes than it can, before memory is taken for them.

    **Raises:** `FileError`.
    """
    limit = unpacked_limit(path)
    if size > limit:
        raise FileError(
            f"path = {path} says that it holds {size:.3g} bytes, {limit:.3g} at most are read of a file of "
            f"{os.path.getsize(path):.3g}: it is damaged, or nothing but zeros, compressed."
        )


def unpacked_limit(path: PathLike) -> int:
    """How many bytes a file may unpack to."""
    return max(SMALL, RATIO * os.path.getsize(path))


def read_text(path: PathLike, what: str = "is no text in UTF-8") -> str:
    """The text of a file in UTF-8, with or without a byte order mark, whatever the locale.

    **Raises:** as `reading`.

    !!! example
        >>> from pathlib import Path
        >>> _ = Path("note.txt").write_bytes("\\N{BOM}µG".encode())
        >>> read_text("note.txt")
        'µG'
    """
    with reading(path, what):
        text = Path(path).read_bytes().decode("utf-8-sig")
        if "\0" in text:
            raise FileError(f"path = {path} {what}: it holds zero bytes.")
        return text
