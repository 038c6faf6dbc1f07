"""Commands that tell of this machine, of what Sightline has, and of what to cite."""

from pathlib import Path
from typing import Any

from .app import Json, app
from .refusal import Refusal

PARTS = ("magnetic", "electrons", "cosmic_rays", "radiation", "temperature", "emission")
"""Namespaces of what skies are made of."""


@app.command
def info(*, json: Json = False) -> None:
    """Say what runs here: versions, devices, precision, the cache of compiled programs, and which data are found.

    Parameters
    ----------
    json
        Print JSON.
    """
    from .machine import describe
    from .tables import print_json

    facts = describe()
    if json:
        print_json(facts)
        return
    _print_facts({name: _text(value) for name, value in facts.items()})


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} {one}" for name, one in value.items())
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_facts(facts: dict[str, str]) -> None:
    """Two columns, of which no line is cut or folded: paths are copied."""
    width = max(map(len, facts)) + 2
    for name, text in facts.items():
        first, *others = (text or "none").split("\n")
        print(
            f"{name.replace('_', ' ').capitalize():{width}}{first}", *(" " * width + line for line in others), sep="\n"
        )


@app.command
def models(*, json: Json = False) -> None:
    """List the published skies that `sightline simulate --model` takes, and the fields and operators of which skies are
    made, with the keys of their papers.

    Parameters
    ----------
    json
        Print JSON.
    """
    from ..sky.presets import list as presets
    from .tables import print_json

    skies = [{"name": one.name, "summary": one.summary, "papers": list(one.papers)} for one in presets()]
    if json:
        print_json({"skies": skies, "parts": _parts()})
        return
    _print_rows("Model", skies)
    _print_rows("Field or operator", _parts())


def _parts() -> list[dict[str, Any]]:
    """Public fields and operators: their names below `sl`, what they are, and their papers."""
    from ..registry import public_classes

    found = [(f"{room}.{name}", cls) for room in PARTS for name, cls in public_classes(room).items()]
    return [
        {"name": name, "summary": _first_sentence(cls), "papers": list(getattr(cls, "cites", ()))}
        for name, cls in found
    ]


def _first_sentence(cls: type) -> str:
    import inspect

    head = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return head.split(": ")[0].split(". ")[0].rstrip(".:")


def _print_rows(head: str, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(head, "What it is", "Papers")
    for row in rows:
        table.add_row(row["name"], escape(row["summary"]), ", ".join(row["papers"]))
    Console(highlight=False).print(table)


@app.command
def cite(*names: str, json: Json = False) -> None:
    """Print what to cite, as BibTeX.

    Parameters
    ----------
    names
        Published skies, e.g. `JF12`, parts as `sightline models` lists them, e.g. `magnetic.JF12`, other classes of
        models and likelihoods, e.g. `Comptonisation`, or model files of `sl.save`. None: the software.
    json
        Print JSON: the entries by their keys.
    """
    from ..citation.bibliography import entries
    from .tables import print_json

    found = entries(*map(_cited, names))
    if json:
        print_json(found)
    else:
        print("\n\n".join(found.values()))


def _cited(name: str) -> Any:
    """What a name means: a file, a preset, or a class.

    **Raises:** `Refusal` for a name that means nothing.
    """
    import inspect

    import equinox as eqx

    import sightline as sl

    if Path(name).is_file():
        return sl.load(name)
    if name in (one.name for one in sl.presets.list()):  # whose fields may be called as it is
        return sl.presets.load(name)
    from ..registry import MODELS, public_classes

    room, _, last = name.removeprefix("sightline.").removeprefix("sl.").rpartition(".")
    rooms = (*MODELS, "counts", "statistics", "inference")
    found = {f"{one}.{last}": public_classes(one)[last] for one in rooms if last in public_classes(one)}
    whole = getattr(sl, last, None)
    found |= {last: whole} if inspect.isclass(whole) and issubclass(whole, eqx.Module) else {}
    chosen = {cls for known, cls in found.items() if room in ("", known.rpartition(".")[0])}
    if len(chosen) > 1:
        raise Refusal(f"{name!r} is the name of several: say {', '.join(found)}.")
    return chosen.pop() if chosen else _preset(name)


def _preset(name: str) -> Any:
    import difflib

    import sightline as sl

    known = [*(one.name for one in sl.presets.list()), *(one["name"] for one in _parts())]
    for one in known:
        if one.lower() == name.lower() and "." not in one:
            return sl.presets.load(one)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f": did you mean {', '.join(near)}?" if near else ": sightline models lists those that there are."
    raise Refusal(f"{name!r} is no model{hint}")
