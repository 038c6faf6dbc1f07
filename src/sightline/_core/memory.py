"""What would not fit into memory, said before it is tried."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

_MACHINE, _GROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
_LAYOUTS = {
    "": ("memory.max", "memory.current"),  # version 2 of control groups
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes"),
}
_FILES = ("active_file", "inactive_file")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def foresee(numbers: float, what: str, cure: str) -> None:
    """Refuses so many numbers of the default precision where they do not fit into what is free.

    **Arguments:** `what`: would be made; `cure`: what to lower.

    **Raises:** `MemoryError`.
    """
    needed, free = numbers * jax.dtypes.canonicalize_dtype(float).itemsize, available()
    if needed > free:
        raise MemoryError(f"{what} would take {_readable(needed)}, and {_readable(free)} are free: {cure}.")


def available() -> float:
    """Bytes that are free on the default device, or in the memory of this machine; infinite where nothing says it."""
    statistics = _of_device()
    if "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)
    return min(_of_machine(), *(_of_group(_GROUPS / folder, *names) for folder, names in _LAYOUTS.items()))


def _of_device() -> Mapping[str, int]:
    """What the device says on which arrays are made; processors say nothing."""
    chosen: Any = getattr(jax.config, "jax_default_device", None)
    device = chosen if isinstance(chosen, jax.Device) else jax.local_devices(backend=chosen)[0]
    try:
        return device.memory_stats() or {}
    except RuntimeError:  # those that do not know
        return {}


def _of_machine() -> float:
    """What Linux says can be had without swapping."""
    try:
        lines = _MACHINE.read_text(encoding="ascii").splitlines()
    except OSError:
        return math.inf
    return next((1024 * float(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), math.inf)


def _of_group(folder: Path, most: str, used: str) -> float:
    """What the limit of a control group leaves, files that are kept for reading not counted."""
    try:
        limit, taken, statistics = ((folder / name).read_text(encoding="ascii") for name in (most, used, "memory.stat"))
        numbers = dict(line.split() for line in statistics.splitlines())
        return float(limit) - float(taken) + sum(float(numbers.get(name, 0)) for name in _FILES)
    except (OSError, ValueError):  # no such group, or "max": no limit
        return math.inf


def _readable(size: float) -> str:
    power = min(int(math.log10(max(size, 1)) // 3), len(_UNITS) - 1)
    return f"{size / 1000**power:.3g} {_UNITS[power]}"
