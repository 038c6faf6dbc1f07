"""Public names and signatures: what a user calls stays. `python tests/test_public_api.py` writes the list anew."""

import inspect
import operator
import re
import types
from pathlib import Path

import sightline as sl
from sightline.registry import NAMESPACES

LIST = Path(__file__).parent / "public_api.txt"


def default(value):
    """A default without addresses and deep paths, which are nobody's."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return value.__name__
    text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return re.sub(r"sightline\.[\w.]+\.", "", text).replace("\n", " ")


def signature(item):
    try:
        parameters = inspect.signature(item).parameters.values()
    except (TypeError, ValueError):
        return ""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parts, keyword = [], False
    for one in parameters:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not keyword:
            parts.append("*")
            keyword = True
        keyword = keyword or one.kind is inspect.Parameter.VAR_POSITIONAL
        value = "" if one.default is inspect.Parameter.empty else f"={default(one.default)}"
        parts.append(stars.get(one.kind, "") + one.name + value)
    return f"({', '.join(parts)})"


def of_class(name, cls):
    yield f"{name}{signature(cls)}"
    for member in sorted(dir(cls)):
        own = inspect.getattr_static(cls, member)
        if (member.startswith("_") and member != "__call__") or not _ours(cls, member):
            continue
        if isinstance(own, property):
            yield f"{name}.{member}"
        elif callable(getattr(cls, member)):
            yield f"{name}.{member}{signature(getattr(cls, member))}"


def _ours(cls, member):
    owner = next((base for base in cls.__mro__ if member in vars(base)), None)
    return owner is not None and owner.__module__.startswith("sightline")


def of_namespace(name, module):
    for attribute in sorted(name for name in dir(module) if not name.startswith("_")):
        item, full = getattr(module, attribute), f"{name}.{attribute}"
        if isinstance(item, types.ModuleType):
            continue
        if inspect.isclass(item):
            yield from of_class(full, item)
        elif callable(item):
            yield f"{full}{signature(item)}"
        elif module is sl or not inspect.ismodule(module):
            yield full


def names():
    found = list(of_namespace("sl", sl))
    for name in NAMESPACES:
        found += list(of_namespace(f"sl.{name}", operator.attrgetter(name)(sl)))
    return found


def test_public_names_stay():
    known, found = LIST.read_text().splitlines(), names()
    missing = [line for line in known if line not in set(found)]
    added = [line for line in found if line not in set(known)]
    assert not missing, f"gone or changed: {missing}; instead: {added}"
    assert not added, f"new: {added}. Run python tests/test_public_api.py and look at the difference."


if __name__ == "__main__":
    LIST.write_text("\n".join(names()) + "\n")
