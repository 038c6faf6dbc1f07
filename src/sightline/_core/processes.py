"""Which process wrote something, and whether it still runs."""

import contextlib
import functools
import hashlib
import os
import platform
import re
from pathlib import Path

LABEL = r"[0-9a-f]{8}-[0-9a-f]+-[0-9a-f]+"
"""What `label` looks like."""


def label() -> str:
    """A name of this process, of which no other process anywhere has the same: machine, number, and time of start.

    !!! example
        >>> alive(label())
        True
    """
    return f"{_machine()}-{os.getpid():x}-{_started(os.getpid()) or 0:x}"


def alive(name: str) -> bool | None:
    """Whether the process that has this label still runs; `None` where it cannot be told, e.g. on another machine."""
    if not re.fullmatch(LABEL, name) or os.name != "posix":
        return None
    machine, number, start = name.split("-")
    if machine != _machine():
        return None
    now = _started(int(number, 16))
    return now is not None and (int(start, 16) in (0, now) or now == 0)


@functools.cache
def _machine() -> str:
    """The machine since it was started, and the space that numbers of processes are unique in: containers differ."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _started(number: int) -> int | None:
    """When a process began, in ticks of the machine, 0 where that is not told; `None` for one that has ended."""
    try:
        state, *fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return None if state in "ZX" else int(fields[18])
    except (OSError, ValueError, IndexError):
        return 0 if not Path("/proc/self/stat").exists() and _exists(number) else None


def _exists(number: int) -> bool:
    try:
        os.kill(number, 0)  # asks, and sends nothing
    except PermissionError:
        return True
    except OSError:
        return False
    return True
