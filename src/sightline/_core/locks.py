"""A folder that one process has for itself."""

import contextlib
import errno
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from . import processes
from .files import PathLike

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: PathLike, name: str = "folder") -> Iterator[None]:
    """Keeps other processes off a folder to the end of the block, or of this process, whatever ends it.

    Where the file system has no locks, the file itself tells who has the folder, which is safe but for two processes
    that begin within the same millisecond.

    **Arguments:** `folder`: created where it is missing; `name`: how the error calls it.

    **Raises:** `BlockingIOError` where another process has it, which the message names; `OSError` where it cannot be
    created.

    !!! example
        >>> with locked("run"):
        ...     pass
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / LOCK
    descriptor = _acquire(path, f"{name} = {os.fspath(folder)}")
    try:
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _acquire(path: Path, label: str) -> int | None:
    """The open file that is the lock; `None` in a folder that cannot be written, where nothing can be spoilt."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None
        try:
            _lock(descriptor, label)
            if _same(path, descriptor):  # else its last owner has deleted it in the meantime
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{processes.label()}\n{os.getpid()}\n{platform.node()}\n".encode(), 0)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, label: str) -> None:
    owner = os.pread(descriptor, 1000, 0).decode(errors="replace").splitlines()
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _taken(owner, label) from None
    except (ImportError, OSError):  # a file system, or a machine, without locks
        if owner and owner[0] != processes.label() and processes.alive(owner[0]):
            raise _taken(owner, label) from None


def _taken(owner: list[str], label: str) -> BlockingIOError:
    who = f"process {owner[1]} on {owner[2]}" if len(owner) == 3 else "another process"
    return BlockingIOError(
        errno.EWOULDBLOCK,
        f"{label} is in use: {who} runs there now. Wait until it ends, or name another folder.",
    )


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
