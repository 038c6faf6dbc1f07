"""Downloads of published data sets: the only place from which a network address is opened."""

import hashlib
import os
import tarfile
import tempfile
import warnings
import zipfile
from pathlib import Path

from ..._core.files import replacing
from .known import DataSet, find
from .local import cure, present, target


class UnverifiedWarning(UserWarning):
    """A file was fetched of which Sightline knows no checksum."""


class FetchError(OSError):
    """A data set that could not be fetched; the message has its address and the folder to put the file into."""


def fetch(name: str) -> Path:
    """The file of a published data set, downloaded from its authors' address where it is not on this machine.

    Nothing else in Sightline opens a network address. The file goes into the folder that `SIGHTLINE_DATA` names, else
    into the cache of the user; an archive is unpacked. Needs pooch (`pip install "sightline[data]"`).

    **Arguments:** `name`: one of `sl.datasets.names()`.

    **Returns:** the path, as `sl.datasets.path`.

    **Raises:** `sl.datasets.FetchError`, an `OSError`, without a connection, without pooch, for a wrong checksum and
    for data that their authors give by hand, always with the address and the folder to put the file into; `ValueError`
    for an unknown name.

    **Warns:** `UnverifiedWarning` with the checksum found, where Sightline knows none.

    !!! example
        >>> sl.datasets.fetch("planck30")
        Traceback (most recent call last):
        ...
        ValueError: There is no data set 'planck30': choose one of planck_30...
    """
    entry = find(name)
    found = present(entry)
    if found is not None:
        return found
    if not entry.address:
        raise FetchError(f"The data set {name!r} has no address of its own: {cure(entry)}")
    folder = target()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
            _unpack(download(entry.address, Path(place)), entry, folder)
    except Exception as error:  # of the network, of pooch, of archives
        raise FetchError(f"The data set {name!r} could not be fetched ({error}): {cure(entry)}") from None
    return folder / entry.files[0]


def download(address: str, folder: Path) -> Path:
    """A file of the network in a folder.

    **Raises:** whatever pooch does; `ImportError` without it.
    """
    try:
        import pooch  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ImportError('pooch is not installed: pip install "sightline[data]"') from None
    return Path(pooch.retrieve(address, known_hash=None, fname=Path(address).name, path=folder))


def _unpack(archive: Path, entry: DataSet, folder: Path) -> None:
    """Takes the files of a data set from what was downloaded, checks them and publishes them."""
    for number, name in enumerate(entry.files):
        content = _content(archive, name)
        found = hashlib.sha256(content).hexdigest()
        if not entry.sha256:
            text = f"{entry.name}: Sightline knows no checksum of {name}; that of what was fetched is sha256 {found}."
            warnings.warn(text, UnverifiedWarning, stacklevel=4)
        elif found != entry.sha256[number]:
            raise ValueError(f"{name} has sha256 {found}, not {entry.sha256[number]}")
        with replacing(folder / name, overwrite=True) as temporary:
            temporary.write_bytes(content)


def _content(archive: Path, name: str) -> bytes:
    """One file, by its name alone, of an archive or itself.

    **Raises:** `ValueError` for an archive without it.
    """
    if archive.name == name:
        return archive.read_bytes()
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            members = [one for one in packed.namelist() if os.path.basename(one) == name]
            if members:
                return packed.read(members[0])
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as packed:
            files = [one for one in packed if one.isfile() and os.path.basename(one.name) == name]
            if files and (content := packed.extractfile(files[0])) is not None:
                return content.read()
    raise ValueError(f"{archive.name} holds no {name}")
