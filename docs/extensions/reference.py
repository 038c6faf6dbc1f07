"""The reference: one page a public name, written from the registry of namespaces before the site is built.

Docstrings are Markdown and stay so: a page is a MyST file, in which a class is a directive with its docstring, a table
of its parameters and its methods. Names that are public twice (`sl.NUTS`, `sl.inference.NUTS`) have one page.
"""

import dataclasses
import inspect
import operator
import re
import shutil
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sightline as sl
from sightline._core.fields import annotations
from sightline._core.meanings import meaning
from sightline.parameters.bounds import spell
from sightline.registry import NAMESPACES

TITLES = {"": "Everyday names", "io": "Files", "plot": "Figures", "testing": "Contract checks"}
"""Headings of namespaces that are not called after their content."""


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls of an extension."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    return {"parallel_read_safe": True}


def write(folder: Path) -> None:
    """Writes the pages anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    known: dict[int, str] = {}
    parts = [_namespace(folder, name, known) for name in ("", *NAMESPACES)]
    listing = "\n".join(parts)
    text = f"# Reference\n\nEvery public name has a page: arguments with shapes and units, what it returns and refuses, an example. Parameters\nwithout a unit are pure numbers, unless the page says whose unit they have.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listing}\n```\n"  # noqa: E501
    (folder / "index.md").write_text(text, "utf-8")


def _namespace(folder: Path, name: str, known: dict[int, str]) -> str:
    """Writes a namespace's page and those of its names; the page's name."""
    module = operator.attrgetter(name)(sl) if name else sl
    rows = []
    for attribute, item in public(module):
        full = ".".join(filter(None, ("sl", name, attribute)))
        if id(item) not in known:
            known[id(item)] = full
            (folder / f"{full}.md").write_text(page(full, item), "utf-8")
        rows.append(f"| [`{full}`]({known[id(item)]}.md) | {first_sentence(item)} |")
    title = TITLES.get(name) or name.replace("_", " ").replace(".", ": ").capitalize()
    head = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0] if name else "What `sl` itself offers."
    table = "\n".join(["| | |", "|---|---|", *rows])
    stem = f"namespace.{name or 'sl'}"
    (folder / f"{stem}.md").write_text(f"# {title}\n\n{head}\n\n{table}\n", "utf-8")
    return stem


def public(module: Any) -> Iterator[tuple[str, Any]]:
    """Names of a namespace and what they are, modules and numbers aside."""
    for name in sorted(dir(module), key=str.lower):
        item = getattr(module, name)
        ours = str(getattr(item, "__module__", "")).startswith("sightline")
        if not name.startswith("_") and not isinstance(item, types.ModuleType) and ours and callable(item):
            yield name, item


def page(full: str, item: Any) -> str:
    """The page of a class or function, Markdown."""
    kind = "class" if inspect.isclass(item) else "function"
    body = [docstring(item)]
    if inspect.isclass(item):
        body += [parameters(item), *(method(name, member) for name, member in methods(item))]
    inside = "\n\n".join(filter(None, body))
    orphan = "---\norphan: true\n---\n"  # hundreds of pages are reached from their namespace, not from the margin
    return f"{orphan}# {full}\n\n``````{{py:{kind}}} {full}{signature(item)}\n\n{inside}\n``````\n"


def signature(item: Any, drop: bool = False) -> str:
    """Arguments and their defaults in one line; without the first where it is `self`."""
    try:
        found = inspect.signature(item)
    except (TypeError, ValueError):
        return "()"
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in found.parameters.values()]
    shown = [one.replace(default=_Shown(one.default)) if one.default is not one.empty else one for one in bare]
    return str(inspect.Signature(shown[1:] if drop else shown))


@dataclasses.dataclass
class _Shown:
    """A default as a reader wants it."""

    value: Any

    def __repr__(self) -> str:
        if inspect.isclass(self.value) or inspect.isfunction(self.value):
            return self.value.__name__
        text = re.sub(r" at 0x[0-9a-f]+|sightline\.[\w.]+\.", "", repr(self.value))
        return " ".join(text.split())


def docstring(item: Any) -> str:
    """A docstring with its examples as blocks of code."""
    text = inspect.getdoc(item) or ""
    return re.sub(r"^!!! example\n((?:[ ]{4}.*\n?|\n)+)", _example, text + "\n", flags=re.MULTILINE).rstrip()


def _example(found: re.Match[str]) -> str:
    code = inspect.cleandoc("\n" + found[1])
    return f"**Example:**\n\n````pycon\n{code}\n````\n\n"


def first_sentence(item: Any) -> str:
    """What a table says of a name."""
    head = (inspect.getdoc(item) or "").split("\n\n")[0]
    return re.split(r"(?<=[.:])\s", " ".join(head.split()) + " ")[0].rstrip(":").replace("|", "\\|")


def parameters(cls: Any) -> str:
    """What a module declares: learnable parameters and settings with units, bounds and symbols."""
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    rows = [row(cls, field) for field in fields if field.init and {"unit", "bounds"} <= set(field.metadata)]
    head = ["| name | unit | bounds | symbol | meaning |", "|---|---|---|---|---|"]
    return "\n".join(["**Parameters:**", "", *head, *rows]) if rows else ""


def shape(cls: Any, field: "dataclasses.Field[Any]") -> str:
    """The shape of a field of several numbers as its type says it, e.g. `(3,)`; empty for one number."""
    hint = annotations(cls).get(field.name)
    parts = [getattr(one, "dim_str", "") for one in (hint, *typing.get_args(hint))]
    sizes = next((part.split() for part in parts if part), [])
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        sizes = ["n"] if Ellipsis in inner else [str(len(inner))]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})" if sizes else ""


def row(cls: Any, field: "dataclasses.Field[Any]") -> str:
    """One parameter or setting as a line of the table."""
    data = field.metadata
    symbol = f"${data['symbol']}$" if data.get("symbol") else ""
    kind = "" if data.get("param") else " (setting)"
    size = f" {shape(cls, field)}".rstrip().replace("*", "\\*")
    cells = (f"`{field.name}`{size}{kind}", data["unit"], spell(data), symbol, meaning(cls, field.name, data))
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def methods(cls: Any) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that have something to say, in the order of their names."""
    for name in sorted(dir(cls)):
        owner = next((base for base in cls.__mro__ if name in vars(base)), None)
        ours = owner is not None and owner.__module__.startswith("sightline")
        bound, static = getattr(cls, name), inspect.getattr_static(cls, name)
        if not ours or (name.startswith("_") and name != "__call__") or not inspect.getdoc(bound):
            continue
        if isinstance(static, property):
            yield name, static
        elif callable(bound):
            yield name, (static, bound)


def method(name: str, member: Any) -> str:
    """A method or property as a directive inside that of its class."""
    if isinstance(member, property):
        return f"`````{{py:property}} {name}\n\n{docstring(member)}\n`````"
    static, bound = member
    drop = not isinstance(static, (staticmethod, classmethod))
    option = "" if drop else f":{type(static).__name__}:\n"
    return f"`````{{py:method}} {name}{signature(bound, drop)}\n{option}\n{docstring(bound)}\n`````"
