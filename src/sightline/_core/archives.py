"""Archives of NumPy (.npz): their arrays, whose sizes are checked before memory is taken. Nothing in them can run."""

import io
import math
import zipfile
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .files import PathLike
from .reading import FileError, check_unpacked, reading

_HEADER = 65536


class Entry(NamedTuple):
    """What an archive says of an array: its `shape` and `dtype`."""

    shape: tuple[int, ...]
    dtype: np.dtype


def scan_archive(path: PathLike, what: str = "is no archive of NumPy") -> dict[str, Entry]:
    """The shapes and types of the arrays in an archive, which are not read.

    **Raises:** as `reading`, also for arrays of objects and for sizes that the archive does not have.
    """
    with reading(path, what), zipfile.ZipFile(path) as archive:
        return {name: entry for name, _, entry in _entries(path, archive)}


def read_archive(
    path: PathLike, names: Iterable[str] | None = None, what: str = "is no archive of NumPy"
) -> dict[str, np.ndarray]:
    """Arrays of an archive by name.

    **Arguments:** `names`: of the arrays, all by default; others are not read.

    **Raises:** as `scan_archive`; `FileError` for names that are not there.

    !!! example
        >>> import numpy as np
        >>> np.savez("some.npz", a=np.arange(3), b=np.zeros(1000))
        >>> read_archive("some.npz", ["a"])
        {'a': array([0, 1, 2])}
    """
    with reading(path, what), zipfile.ZipFile(path) as archive:
        found = {name: info for name, info, _ in _entries(path, archive)}
        wanted = list(found) if names is None else list(names)
        missing = [name for name in wanted if name not in found]
        if missing:
            raise FileError(f"path = {path} {what}: it has no array {', '.join(missing)}.")
        return {name: _read(archive, found[name]) for name in wanted}


def _entries(path: PathLike, archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo, Entry]]:
    members = archive.infolist()
    check_unpacked(path, sum(info.file_size for info in members))
    names = [info.filename.removesuffix(".npy") for info in members]
    if len(set(names)) < len(names):
        raise FileError(f"path = {path} holds two arrays of one name.")
    return [(name, info, _header(archive, info)) for name, info in zip(names, members, strict=True)]


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    with archive.open(info) as file:
        start = io.BytesIO(file.read(_HEADER))
    version = np.lib.format.read_magic(start)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = readers[version](start)
    if dtype.hasobject:
        raise ValueError(f"{info.filename} holds objects, not numbers")
    count = math.prod(shape)
    if count * dtype.itemsize != info.file_size - start.tell() or (dtype.itemsize == 0 and count > 1):
        raise ValueError(f"{info.filename} says {shape} of {dtype}, which is not the size that it has")
    return Entry(shape, dtype)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    with archive.open(info) as file:
        array = np.lib.format.read_array(file)
        file.read(1)  # at the end the sum of the bytes is checked
    return array
