"""Ctrl-C and requests to terminate that are never lost, and never wait for long."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

CODE = 130  # exit code of what was interrupted
MESSAGE = "interrupted; no file is half-written."
PATIENCE = 3.0  # seconds in which Python must have heard of a signal
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """A function that raises `KeyboardInterrupt` once Ctrl-C, or a request to terminate, has come.

    Python raises it at once where it can, but inside callbacks of compiled code it is swallowed: long loops ask again.
    """
    caught = []

    def check() -> None:
        if caught:
            raise KeyboardInterrupt

    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                _install(stack, number, caught.append)
        yield check


def _install(stack: contextlib.ExitStack, number: signal.Signals, note: Callable[[int], None]) -> None:
    """Handles a signal until the stack ends, unless whoever started this process chose to ignore it."""
    before = signal.getsignal(number)
    if before is signal.SIG_IGN:
        return

    def handle(number: int, frame: Any) -> None:
        note(number)
        if callable(before):  # what handled it before hears of it, too
            before(number, frame)
        raise KeyboardInterrupt

    stack.callback(signal.signal, number, before)
    signal.signal(number, handle)


@contextlib.contextmanager
def watched(patience: float = PATIENCE) -> Iterator[None]:
    """Ends this process where it does not leave the block within `patience` seconds after a signal.

    Python hears of signals between two of its instructions, and a program that compiles or runs may be one for minutes;
    or it hears of them where nothing can be raised, as in what the garbage collector calls. The operating system writes
    them to a pipe at once, which a thread reads.
    """
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    left = threading.Event()
    thread = threading.Thread(target=_watch, args=(reading, left, patience), daemon=True)
    before, hook = signal.set_wakeup_fd(writing, warn_on_full_buffer=False), sys.unraisablehook
    sys.unraisablehook = lambda what: None if what.exc_type is KeyboardInterrupt else hook(what)
    thread.start()
    try:
        yield
    finally:
        left.set()
        sys.unraisablehook = hook
        signal.set_wakeup_fd(before)
        os.close(writing)  # which ends the thread
        thread.join()
        os.close(reading)


def _watch(reading: int, left: threading.Event, patience: float) -> None:
    while number := os.read(reading, 1):
        if number[0] in _SIGNALS and not left.wait(patience):
            print("sightline:", MESSAGE, file=sys.stderr)
            leave(CODE)


def leave(code: int) -> NoReturn:
    """Ends this process here: threads that still compile or run crash while Python takes itself down.

    Nothing is lost: files are whole or not there at every moment.
    """
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")  # the cursor, which a progress bar hides
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
