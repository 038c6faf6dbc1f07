"""Where data sets lie on this machine: the folder of the user first, then the one that `fetch` fills."""

import importlib
import operator
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..._core.files import user_cache
from .known import DataSet, find

VARIABLE = "SIGHTLINE_DATA"


def folders() -> list[Path]:
    """Folders in which data sets are looked for: `SIGHTLINE_DATA`, if that is set, and the cache of the user."""
    own = os.environ.get(VARIABLE)
    return [*([Path(own)] if own else []), user_cache() / "data"]


def target() -> Path:
    """The folder that `fetch` fills: the first that can be written."""
    return next((folder for folder in folders() if not folder.exists() or os.access(folder, os.W_OK)), folders()[-1])


def path(name: str) -> Path:
    """The file of a published data set on this machine; nothing is downloaded.

    It is looked for by its name in the folder that the environment variable `SIGHTLINE_DATA` names and in two levels of
    folders below it, then where `sl.datasets.fetch` keeps files.

    **Arguments:** `name`: one of `sl.datasets.names()`.

    **Returns:** the path; of several files that of the first, beside which the others lie.

    **Raises:** `FileNotFoundError` with the address and the folder to put the file into; `ValueError` for an unknown
    name.

    !!! example
        >>> sl.datasets.path("haslam_408_1983")
        Traceback (most recent call last):
        ...
        ValueError: There is no data set 'haslam_408_1983': choose one of haslam_408_1982, haslam_408...
    """
    entry = find(name)
    found = present(entry)
    if found is None:
        raise FileNotFoundError(f"The data set {name!r} is not on this machine: {cure(entry, fetching=True)}")
    return found


def present(entry: DataSet) -> Path | None:
    """The file of a data set, or of a copy, where there is one."""
    wanted = (entry.files[0], *entry.copies)
    return next((file for file in _candidates(wanted) if file.is_file()), None)


def _candidates(wanted: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders():
        for name in wanted:
            yield folder / name
            for pattern in (f"*/{name}", f"*/*/{name}"):
                yield from sorted(folder.glob(pattern)) if folder.is_dir() else ()


def cure(entry: DataSet, fetching: bool = False) -> str:
    """How to get a data set: its address, and the folder to put the file into."""
    call = (
        f"call sl.datasets.fetch({entry.name!r}) (`sightline data fetch {entry.name}`), or "
        if fetching and entry.address
        else ""
    )
    source = entry.address or f"the page {entry.page}"
    files = " and ".join(entry.files)
    pack = ", which holds it packed," if entry.address and not entry.address.endswith(entry.files[0]) else ""
    return f"{call}get {files} from {source}{pack} and put it into the folder {target()}."


def load(name: str, **options: Any) -> Any:
    """Reads a published data set that is on this machine by the reader made for it.

    **Arguments:** `name`: one of `sl.datasets.names()`; `options`: arguments of the reader, instead of those that the
    registry has for this file.

    **Returns:** what the reader does, e.g. `Stokes` of a map, `RotationMeasures` of a catalogue; units as there.

    **Raises:** as `sl.datasets.path`; as the reader.

    !!! example
        >>> sl.datasets.load("ams02_protons")
        Traceback (most recent call last):
        ...
        ValueError: There is no data set 'ams02_protons': choose one of ...
    """
    entry = find(name)
    reader = operator.attrgetter(entry.reader)(importlib.import_module(__name__.partition(".")[0]))
    return reader(path(name), **{**entry.options, **options})
