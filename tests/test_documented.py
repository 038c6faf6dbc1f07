"""Every public name is documented: a sentence, its arguments, what it returns, an example, its source."""

import dataclasses
import importlib
import inspect
import operator
import re
import sys
from pathlib import Path

import pytest

import sightline as sl
from sightline.registry import NAMESPACES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names():
    """Public classes and functions by their names, each once, exceptions and warnings aside."""
    folder = str(ROOT / "docs" / "extensions")
    sys.path.insert(0, folder)
    public = importlib.import_module("reference").public
    sys.path.remove(folder)
    found = {}
    for namespace in ("", *NAMESPACES):
        module = operator.attrgetter(namespace)(sl) if namespace else sl
        for name, item in public(module):
            found.setdefault(id(item), (".".join(filter(None, ("sl", namespace, name))), item))
    return {full: item for full, item in found.values() if not _is_exception(item)}


def _is_exception(item):
    return inspect.isclass(item) and issubclass(item, BaseException)


def _declared(item):
    """Fields that the table of parameters documents, with a unit or in words."""
    fields = dataclasses.fields(item) if dataclasses.is_dataclass(item) else ()
    return {
        f.name for f in fields if {"unit", "bounds"} <= set(f.metadata) and (f.metadata["unit"] or f.metadata["doc"])
    }


def _arguments(item):
    try:
        found = inspect.signature(item).parameters
    except (TypeError, ValueError):
        return set()
    return {name for name in found if name not in ("self", "cls") and not name.startswith("_")}


def lacks(item):
    """What the docstring of a public name lacks."""
    text = inspect.getdoc(item) or ""
    quoted = " ".join(re.findall(r"`([^`]*)`", text))
    missing = [name for name in _arguments(item) - _declared(item) if not re.search(rf"\b{name}\b", quoted)]
    returned = None if inspect.isclass(item) else inspect.signature(item).return_annotation
    sourced = getattr(item, "cites", ()) and inspect.isclass(item) and not inspect.isabstract(item)
    wrong = {
        "sentence": not re.search(r"[.:]$", text.split("\n\n")[0].strip()),
        "arguments": bool(missing),
        "returns": returned not in (None, "None") and "**Returns:**" not in text,
        "example": "!!! example" not in text,
        "source": bool(sourced) and "**Source" not in text,
    }
    return [what for what, is_so in wrong.items() if is_so]


def test_public_names_are_documented(names):
    assert [f"{full}: {what}" for full, item in sorted(names.items()) for what in lacks(item)] == []


def test_the_check_sees_what_is_missing():
    def bare(x: float) -> float:
        """No sentence"""
        return x

    assert lacks(bare) == ["sentence", "arguments", "returns", "example"]
