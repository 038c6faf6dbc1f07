"""Commands about published data sets."""

from typing import Any

from cyclopts import App

from .app import Json, app
from .refusal import Failure, Refusal

data = App(name="data", help="Published data sets: which are known, where they lie, and downloads.")
app.command(data)


@data.command(name="list")
def names(*, json: Json = False) -> None:
    """List the known data sets, which of them are on this machine, and what to cite.

    Parameters
    ----------
    json
        Print JSON.
    """
    from rich.console import Console
    from rich.table import Table

    from .tables import print_json

    rows = _rows()
    if json:
        print_json(rows)
        return
    table = Table("Data set", "What it is", "Here", "Cite")
    for row in rows:
        table.add_row(row["name"], row["summary"], "yes" if row["path"] else "", row["citation"])
    Console(highlight=False, markup=False).print(table)


def _rows() -> list[dict[str, Any]]:
    from ..sky.datasets.known import find
    from ..sky.datasets.known import names as known
    from ..sky.datasets.local import present

    rows = []
    for entry in map(find, known()):
        file = present(entry)
        shown = {key: getattr(entry, key) for key in ("name", "summary", "address", "page", "megabytes", "citation")}
        rows.append({**shown, "path": None if file is None else str(file)})
    return rows


@data.command
def path(name: str, /) -> None:
    """Print the file of a data set on this machine.

    Parameters
    ----------
    name
        One of `sightline data list`.
    """
    from ..sky.datasets import path as find

    try:
        print(find(name))
    except (ValueError, FileNotFoundError) as error:
        raise Refusal(str(error)) from None


@data.command
def fetch(name: str, /) -> None:
    """Download a data set from its authors' address, unless it is on this machine, and print its file.

    Parameters
    ----------
    name
        One of `sightline data list`.
    """
    from ..sky.datasets import fetch as download

    try:
        print(download(name))
    except ValueError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Failure(str(error)) from None
