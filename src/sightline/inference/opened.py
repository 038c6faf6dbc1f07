import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from .._core.files import PathLike
from .._core.locks import locked
from .checkpoint import Checkpoint
from .fingerprint import fingerprint


@contextlib.contextmanager
def opened(folder: PathLike | None, parts: Mapping[str, Any]) -> Iterator[Checkpoint | None]:
    """A checkpoint that no other process uses to the end of the block; `None` where no folder is named.

    **Arguments:** `parts`: by name, whose fingerprints make a run that run.

    **Raises:** as `Checkpoint`; `BlockingIOError` where another process uses it.

    !!! example
        >>> import numpy as np
        >>> with opened("run", {"method": "Adam"}) as checkpoint:
        ...     checkpoint.write("state", {"step": np.asarray(10)})
    """
    if folder is None:
        yield None
        return
    fingerprints = {name: fingerprint(part) for name, part in parts.items()}
    with locked(folder, "checkpoint"):
        yield Checkpoint(folder, fingerprints)
