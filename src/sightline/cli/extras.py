"""Tables and figures of results that are safe already."""

import contextlib
from collections.abc import Callable, Iterator

from .folder import Log
from .refusal import Failure

Extra = Callable[[str], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def extras(log: Log) -> Iterator[Extra]:
    """Makes of a name a block that writes the file of that name; if it fails, others are written all the same.

    **Raises:** `Failure` in the end, naming what failed.
    """
    failed: list[str] = []

    @contextlib.contextmanager
    def extra(name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of whatever library draws or writes
            failed.append(name)
            log(f"\nWarning: {name} was not made: {type(error).__name__}: {error}")

    yield extra
    if failed:
        raise Failure(f"{', '.join(failed)} not made, see run.log; all other results are written. Call again to retry.")
