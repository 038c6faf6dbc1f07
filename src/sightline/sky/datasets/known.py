"""Published data sets by name: a table of where they come from, what they are called there and who reads them."""

import csv
import difflib
import functools
from importlib import resources
from typing import Any, NamedTuple


class DataSet(NamedTuple):
    """A published data set, one row of `registry.csv`.

    - `name`, `summary`: what `path`, `fetch` and `load` take, and what it is.
    - `files`: as its authors call them, the first of which is read; `copies`: other files that hold the same data.
    - `address`: of the file, or of an archive that holds it, empty where there is none; `page`: that of its authors.
    - `sha256`: of each file, hexadecimal, empty where it is not known; `megabytes`: its size, `None` if not known.
    - `citation`: of the papers; `reader`: the function of `sl` that reads it, and `options`, its arguments.

    !!! example
        >>> isinstance(sl.datasets.find("haslam_408"), sl.datasets.DataSet)
        True
    """

    name: str
    summary: str
    files: tuple[str, ...]
    copies: tuple[str, ...]
    address: str
    page: str
    sha256: tuple[str, ...]
    megabytes: float | None
    citation: str
    reader: str
    options: dict[str, str | float]


@functools.cache
def _registry() -> dict[str, DataSet]:
    lines = resources.files("sightline").joinpath("sky/datasets/registry.csv").read_text("utf-8").splitlines()
    return {row["name"]: _entry(row) for row in csv.DictReader(lines)}


def _entry(row: dict[str, str]) -> DataSet:
    lists = {key: tuple(row[key].split()) for key in ("files", "copies", "sha256")}
    pairs = [pair.split("=", 1) for pair in row["options"].split()]
    rest = {"megabytes": float(row["megabytes"]) if row["megabytes"] else None}
    rest |= {"options": {key: _value(text) for key, text in pairs}}
    values: dict[str, Any] = {**row, **lists, **rest}
    return DataSet(**values)


def _value(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def names() -> list[str]:
    """Names of the published data sets that Sightline knows, for `find`, `path`, `fetch` and `load`.

    **Returns:** the names, in the order of the table.

    !!! example
        >>> sl.datasets.names()[:2]
        ['haslam_408', 'haslam_408_1982']
    """
    return list(_registry())


def find(name: str) -> DataSet:
    """What is known of a published data set: its files, address, checksums, papers and reader.

    **Arguments:** `name`: one of `sl.datasets.names()`.

    **Returns:** its `DataSet`.

    **Raises:** `ValueError` for an unknown name, with those that are known, the nearest first.

    !!! example
        >>> sl.datasets.find("haslam_408").citation
        'Haslam et al. 1982, A&AS 47, 1; Remazeilles et al. 2015, MNRAS 451, 4311'
    """
    known = _registry()
    if not isinstance(name, str) or name not in known:
        near = difflib.get_close_matches(str(name).lower(), known, n=3)
        every = dict.fromkeys([*near, *known])  # the nearest first
        raise ValueError(f"There is no data set {name!r}: choose one of {', '.join(every)}.")
    return known[name]
