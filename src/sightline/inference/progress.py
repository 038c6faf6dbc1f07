"""How far a long run is: on a terminal a moving bar, elsewhere a line now and then."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

PAUSE = 10.0  # seconds between lines where there is no terminal

Advance = Callable[..., None]


@contextlib.contextmanager
def progress(title: str, total: int, enabled: bool | None = None, done: int = 0) -> Iterator[Advance]:
    """Shows on standard error how far a run is, its rate and the time it still needs.

    **Arguments:** `title`: what runs; `total`: of steps or draws; `enabled`: `None`: on a terminal only; `done`: before
    this run, e.g. from a checkpoint.

    **Returns:** a context whose `advance(n, **fields)` counts `n` more and shows numbers, e.g. `loss=3.2`.

    !!! example
        >>> with progress("fit", 100, enabled=False) as advance:
        ...     advance(10, loss=3.2)
    """
    terminal = sys.stderr.isatty()
    if enabled is False or (enabled is None and not terminal):
        yield lambda n, **fields: None
    elif terminal:
        with _bar(title, total, done) as advance:
            yield advance
    else:
        yield _lines(title, total, done)


class _Rate:
    """Steps per second, from the first report on: before it, programs are compiled."""

    def __init__(self, total: int, done: int):
        self.total, self.done, self.first = total, done, (0.0, 0)

    def __call__(self, n: int) -> tuple[float, float]:
        """The rate, and the seconds left; NaN while they are unknown."""
        self.done += n
        now = time.monotonic()
        if not self.first[0]:
            self.first = (now, self.done)
        seconds, steps = now - self.first[0], self.done - self.first[1]
        rate = steps / seconds if steps and seconds > 0 else float("nan")
        return rate, (self.total - self.done) / rate


def _note(rate: float, left: float, fields: dict[str, Any]) -> str:
    shown = [f"{name} {value:.5g}" if isinstance(value, float) else f"{name} {value}" for name, value in fields.items()]
    if rate == rate:
        minutes, seconds = divmod(round(left), 60)
        hours, minutes = divmod(minutes, 60)
        shown += [f"{rate:.3g}/s", f"{hours}:{minutes:02}:{seconds:02} left"]
    return ", ".join(shown)


@contextlib.contextmanager
def _bar(title: str, total: int, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    rate = _Rate(total, done)
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=total, completed=done, note="compiling")

        def advance(n: int, **fields: Any) -> None:
            shown.update(task, advance=n, note=_note(*rate(n), fields))

        yield advance


def _lines(title: str, total: int, done: int) -> Advance:
    rate, last = _Rate(total, done), [0.0]

    def advance(n: int, **fields: Any) -> None:
        pace, now = rate(n), time.monotonic()
        if now - last[0] >= PAUSE or rate.done >= total:
            last[0] = now
            print(f"{title}: {rate.done}/{total}, {_note(*pace, fields)}", file=sys.stderr, flush=True)

    return advance
