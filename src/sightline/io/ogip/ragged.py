"""Columns of FITS tables whose rows have arrays of their own lengths, unpacked all at once."""

from typing import Any, NamedTuple

import numpy as np

from ..._core.files import PathLike
from ..._core.reading import FileError, check_unpacked
from .hdu import column, form_of

_TYPES = {"I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "B": ">u1"}


class Ragged(NamedTuple):
    """A column whose rows have arrays of their own lengths: all `values` in turn, and the `length` of each row."""

    values: np.ndarray
    length: np.ndarray


def ragged(table: Any, name: str, path: PathLike) -> Ragged:
    """A column of arrays, of a fixed length or each of its own, unpacked at once.

    **Raises:** `FileError` for arrays that lie outside the table.
    """
    form = form_of(table, name)
    kind = form.format.lstrip("01")[:1]
    if kind not in ("P", "Q"):
        found = column(table, name, path).reshape(len(table.data), -1)
        return Ragged(found.ravel(), np.full(len(found), found.shape[1]))
    code = _TYPES.get(form.format.partition(kind)[2][:1])
    if code is None:
        raise FileError(f"path = {path}: column {name} holds no numbers, but {form.format}.")
    described = np.asarray(table.data.view(np.ndarray)[form.name]).astype(np.int64).reshape(-1, 2)
    length, offset = described.T
    heap = _heap(table)
    if not _inside(length, offset, np.dtype(code).itemsize, len(heap)):
        raise FileError(f"path = {path} is damaged: column {name} points outside its table.")
    check_unpacked(path, 8 * int(length.sum()))
    return Ragged(_scaled(_gather(heap, offset, length, np.dtype(code)), form), length)


def _inside(length: np.ndarray, offset: np.ndarray, size: int, end: int) -> bool:
    """Whether all arrays lie before the end; compared without products that could overflow."""
    least = np.all((length >= 0) & (offset >= 0) & (offset <= end) & (length <= end // size))
    return bool(least and np.all((length == 0) | (offset + size * length <= end)))


def _scaled(values: np.ndarray, form: Any) -> np.ndarray:
    """Stored numbers times TSCAL, and TZERO added, where a column has them."""
    scale, zero = form.bscale, form.bzero
    values = values if scale in (None, "", 1) else values * float(scale)
    return values if zero in (None, "", 0) else values + float(zero)


def runs(length: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of these lengths, one run after the other."""
    stop = np.cumsum(length)
    return np.arange(stop[-1] if len(stop) else 0) - np.repeat(stop - length, length)


def heads(length: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where the first `wanted` of every row are in the values of a column whose rows have this `length`."""
    return np.repeat(np.cumsum(length) - length, wanted) + runs(wanted)


def _heap(table: Any) -> np.ndarray:
    """The bytes behind the rows of a table, from where its arrays are counted."""
    header, place = table.header, table.fileinfo()
    size = header["NAXIS1"] * header["NAXIS2"]
    start = header.get("THEAP", size)
    end = size + header["PCOUNT"]
    if not isinstance(start, int) or not size <= start <= end:
        raise ValueError(f"THEAP = {start!r} lies outside the table")
    place["file"].seek(place["datLoc"] + start)
    return np.frombuffer(place["file"].read(end - start), np.uint8)


def _gather(heap: np.ndarray, offset: np.ndarray, length: np.ndarray, kind: np.dtype) -> np.ndarray:
    """The numbers at some places of the heap; they need not be aligned, so that each alignment is taken in turn."""
    size, begin = kind.itemsize, int(offset[0])
    if np.all(offset[1:] - offset[:-1] == size * length[:-1]):  # one row after the other
        return heap[begin : begin + size * int(length.sum())].view(kind).astype(np.float64)
    found, shift = np.zeros(length.sum()), offset % size
    index = np.repeat(offset // size, length) + runs(length)
    for turn in np.unique(shift[length > 0]):
        aligned = heap[turn:][: (len(heap) - turn) // size * size].view(kind)
        here = np.repeat(shift == turn, length)
        found[here] = aligned[index[here]]
    return found
