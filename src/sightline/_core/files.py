"""Files written whole or not at all, never over another one by accident."""

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from . import processes

PathLike = str | os.PathLike[str]

_PART = re.compile(rf"\.part-(?:({processes.LABEL})-)?[0-9a-f]+(?:\..*)?", re.DOTALL)
_STALE = 86400.0  # seconds after which a file that nobody finished is left over, where its writer cannot be asked


def check_writable(path: PathLike, overwrite: bool = False, name: str = "path") -> Path:
    """The file that writing to `path` will create, links resolved; refuses now what would fail after long work.

    **Arguments:** `overwrite`: whether an existing file may be replaced; `name`: how the error calls `path`.

    **Returns:** the path, `pathlib.Path`.

    **Raises:** `FileExistsError`, `FileNotFoundError` (folder), `IsADirectoryError`, `PermissionError`, with the cure.

    !!! example
        >>> target = sl.io.check_writable("sky.fits")
    """
    target, label = Path(os.path.realpath(path)), f"{name} = {os.fspath(path)}"
    if os.path.isdir(target):
        raise IsADirectoryError(f"{label} is a folder: name a file in it.")
    if not os.path.isdir(target.parent):
        raise FileNotFoundError(f"{label}: there is no folder {target.parent}: create it first.")
    if os.path.exists(target) and not overwrite:
        raise _exists(label, name)
    _probe(target, label)
    return target


@contextlib.contextmanager
def replacing(path: PathLike, overwrite: bool = False, name: str = "path") -> Iterator[Path]:
    """A temporary name beside `path`: what the block writes there appears under `path` when the block ends, whole.

    After an exception or Ctrl-C nothing is left and an older file at `path` is untouched. What a process that was
    killed has left in the folder is deleted by the next one that writes there.

    **Arguments:** as `check_writable`; `overwrite`: replace an existing file; `name`: what messages call it.

    **Returns:** a context with the temporary path, `pathlib.Path`.

    **Raises:** as `check_writable`, also where another process creates `path` in the meantime.

    !!! example
        >>> with sl.io.replacing("parameters.txt") as temporary:
        ...     _ = temporary.write_text("b0 = 1.2")
    """
    target = check_writable(path, overwrite, name)
    sweep(target.parent)
    temporary = _temporary(target)
    try:
        yield temporary
        _sync(temporary)
        _publish(temporary, target, overwrite, f"{name} = {os.fspath(path)}", name)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # folders cannot be opened everywhere
        _sync(target.parent)


def is_part(name: str) -> bool:
    """Whether a file of this name is one that `replacing` has not finished."""
    return _PART.fullmatch(name) is not None


def sweep(folder: Path) -> None:
    """Deletes the unfinished files in a folder whose writers run no more."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if (found := _PART.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # another process may sweep, too
                    if _abandoned(entry, found[1]):
                        os.unlink(entry.path)


def _abandoned(entry: os.DirEntry[str], writer: str | None) -> bool:
    runs = None if writer is None else processes.alive(writer)
    return time.time() - entry.stat().st_mtime > _STALE if runs is None else not runs


def _exists(label: str, name: str) -> FileExistsError:
    switch = "--overwrite" if name.startswith("--") else "overwrite=True"
    return FileExistsError(f"{label} exists: choose another name, or replace it with {switch}.")


def _temporary(target: Path) -> Path:
    """A hidden name in the same folder with the same suffixes, from which writers take the format, and the writer."""
    return target.with_name(f".part-{processes.label()}-{secrets.token_hex(8)}{''.join(target.suffixes[-2:])}")


def _probe(target: Path, label: str) -> None:
    temporary = _temporary(target)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(target)  # the name may be too long
            if not (target.is_file() and os.access(target, os.W_OK)):
                raise PermissionError(0, "it is not a regular file that you may write")
        temporary.touch(exist_ok=False)
        temporary.unlink()
    except OSError as error:
        raise PermissionError(f"{label} cannot be written ({error.strerror}): choose another place.") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(temporary: Path, target: Path, overwrite: bool, label: str, name: str) -> None:
    """Gives the file its name: a hard link, unlike a rename, fails where the name is taken."""
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(label, name) from None
    except OSError:  # a file system without hard links
        _claim(target, label, name)
        try:
            os.replace(temporary, target)
        except BaseException:
            target.unlink(missing_ok=True)  # the empty file that claimed the name
            raise


def _claim(target: Path, label: str, name: str) -> None:
    try:
        target.touch(exist_ok=False)
    except FileExistsError:
        raise _exists(label, name) from None


def user_cache() -> Path:
    """Where programs of this user keep what they can make again.

    **Raises:** `RuntimeError` where the user has no home.
    """
    own = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(own) if Path(own).is_absolute() else Path.home() / ".cache") / "sightline"
