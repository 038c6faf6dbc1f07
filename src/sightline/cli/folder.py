"""The folder of a run: made by one run file, and by no other."""

import contextlib
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._core.files import is_part
from .._core.locks import LOCK, locked
from .._core.reading import FileError, read_text
from ..io import replacing
from .refusal import Refusal

COPY = "run.toml"


@contextlib.contextmanager
def claimed(folder: Path, file: Path) -> Iterator[None]:
    """Makes the folder of a run with a copy of its file, or finds it as the same run has left it, for this process.

    More `draws` than before are the same run, which goes on.

    **Raises:** `Refusal` for a folder that holds anything else, the results of another run file, or a run that another
    process is at; `OSError` where it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise Refusal(f"[output] folder = {str(folder)!r} is a file: name a folder.")
    if folder.resolve() == file.parent.resolve():
        raise Refusal(f"[output] folder = {str(folder)!r} is that of the run file: name one of its own.")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, "[output] folder"))
        except BlockingIOError as error:
            raise Refusal(str(error.strerror)) from None
        _check(folder, file)
        with replacing(folder / COPY, overwrite=True) as temporary:
            temporary.write_bytes(file.read_bytes())
        yield


def _check(folder: Path, file: Path) -> None:
    """Refuses a folder that another run, or none, has made."""
    copy = folder / COPY
    if copy.exists():
        if _same(copy) != _same(file):
            raise Refusal(
                f"[output] folder = {str(folder)!r} holds the results of another run file: name a new folder, or run "
                f"{copy} again. Only [sample] draws may change."
            )
    elif any(not is_part(one.name) and one.name != LOCK for one in folder.iterdir()):
        raise Refusal(f"[output] folder = {str(folder)!r} is not empty, and no run made it: name a new folder.")


def _same(file: Path) -> dict[str, Any]:
    """What makes a run that run."""
    try:
        table = tomllib.loads(read_text(file))
    except (FileError, tomllib.TOMLDecodeError, RecursionError):
        return {"": file.read_bytes()}
    sample = table.get("sample", {})
    if not isinstance(sample, dict):
        return table
    sample = {name: value for name, value in sample.items() if name != "draws"}
    return {name: value for name, value in table.items() if name != "sample"} | ({"sample": sample} if sample else {})


class Log:
    """What a run says: printed, unless it is quiet, and kept in `run.log` with the time."""

    def __init__(self, folder: Path, quiet: bool = False):
        self._path, self._quiet = folder / "run.log", quiet

    def __call__(self, text: str) -> None:
        if not self._quiet:
            print(text, flush=True)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with open(self._path, "a", encoding="utf-8") as file:
            file.writelines(f"{stamp}  {line}\n" for line in text.splitlines())
