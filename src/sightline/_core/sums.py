"""A checksum at the end of a file, for formats whose own libraries hang or crash on damaged files."""

import hashlib
import os
from collections.abc import Iterator
from typing import Any

from .files import PathLike
from .reading import FileError

_MARK = b"\nsightline sha256 "
_LENGTH = len(_MARK) + 64
SAID = "its SHA-256 in the last 82 bytes"
"""What a file with such an end says of itself in its contents, so that one that has lost it is known."""


def append_sum(path: PathLike) -> None:
    """Appends the SHA-256 of a file to it.

    !!! example
        >>> from pathlib import Path
        >>> _ = Path("some.nc").write_bytes(b"contents")
        >>> append_sum("some.nc")
        >>> check_sum("some.nc")
    """
    with open(path, "r+b") as file:
        digest = _digest(file, os.path.getsize(path))
        file.seek(0, os.SEEK_END)
        file.write(_MARK + digest)


def check_sum(path: PathLike) -> None:
    """Refuses a file whose contents are not those that its end was written for, or that has lost its end.

    **Raises:** `FileError`.
    """
    with open(path, "rb") as file:
        size = max(os.path.getsize(path) - _LENGTH, 0)
        file.seek(size)
        end = file.read()
        ended = end.startswith(_MARK)
        sound = _digest(file, size) == end[len(_MARK) :] if ended else not _says(file)
    if not sound:
        raise FileError(f"path = {path} is damaged: its contents are not those that were written.")


def _blocks(file: Any, size: int) -> Iterator[bytes]:
    file.seek(0)
    while size > 0 and (block := file.read(min(size, 2**20))):
        size -= len(block)
        yield block


def _digest(file: Any, size: int) -> bytes:
    found = hashlib.sha256()
    for block in _blocks(file, size):
        found.update(block)
    return found.hexdigest().encode()


def _says(file: Any) -> bool:
    """Whether the contents speak of an end."""
    tail = b""
    for block in _blocks(file, os.fstat(file.fileno()).st_size):
        if SAID.encode() in tail + block or _MARK in tail + block:
            return True
        tail = block[-_LENGTH:]
    return False
