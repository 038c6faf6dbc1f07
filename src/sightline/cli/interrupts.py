"""Ctrl-C that is never lost."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """A function that raises `KeyboardInterrupt` once Ctrl-C, or a request to terminate, has come.

    Python raises it at once where it can, but inside callbacks of compiled code it is swallowed: long loops ask again.
    """
    caught = []

    def handle(number: int, _: Any) -> None:
        caught.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if caught:
            raise KeyboardInterrupt

    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                _install(stack, number, handle)
        yield check


def _install(stack: contextlib.ExitStack, number: signal.Signals, handle: Callable[[int, Any], None]) -> None:
    """Handles a signal until the stack ends, unless whoever started this process chose to ignore it."""
    before = signal.getsignal(number)
    if before is not signal.SIG_IGN:
        stack.callback(signal.signal, number, before)
        signal.signal(number, handle)
