"""Every public name is documented: a sentence, arguments with units and shapes, what it returns, examples, source."""

import dataclasses
import importlib
import inspect
import operator
import re
import sys
import typing
from pathlib import Path

import numpy as np
import pytest

import sightline as sl
import walk_of_units as walk
from sightline.registry import NAMESPACES

ROOT = Path(__file__).parents[1]
LETTERS = r"(?:A|G|K|s|h|J|m)(?=[-,;.)\]]|\s*$| or\b| at\b|\^| [A-Za-z]+-\d)"
"""Units that are single letters end a phrase, or others follow them."""
WORDS = r"""[kM]?pc cm Angstrom arcsec deg rad uG Gauss [GM]?Hz K_RJ K_CMB uK mK [kGM]?eV erg MJy [MG]?yr Msun Lsun km/s
dex magnitudes bytes seconds inches points counts pixels electrons"""
UNIT = re.compile(rf"(?<![\w`])(?:{'|'.join(WORDS.split())}|{LETTERS})(?:\^?-?\d+)?(?![\w`])")
COUNTED = r"""units? numbers? how\smany so\smany as\smany at\smost at\sleast shares? fractions? part\sof ratios? factor
index indices integers whole times power NSIDE probability degrees? rows columns (?:spaxels|nodes)\salong booleans
dimensionless at\sa\stime from\s0\sto\s1"""
BARE = re.compile(rf"\b(?:{'|'.join(COUNTED.split())})\b|\bas (?:for|of|in|there|`)")
"""What says that a number counts, compares or has the unit of something else."""
OBJECTS = {
    *(
        "sl.CountsLikelihood.noise",
        "sl.components.PredictedSky.simulators",
        "sl.counts.Observation.background_response",
    ),
    *("sl.io.read_table_model.kind", "sl.plot.components.found", "sl.plot.ray.trace", "sl.plot.spaxel.data"),
    *("sl.plot.quantiles.values", "sl.plot.residual_spectra.residuals", "sl.spectra.PartialCovering.factor"),
    "sl.spectra.RedshiftedFactor.factor",
}
"""What the walk gives kilograms, too, although it is no number."""
SHAPE = re.compile(
    r"\((?:[^\s()]+(?: [+-] \d)?,(?: [^()]*)?|\.\.\.|)\)|\bas (?:for|of|in|there|`)|\bin (?:its|the) (?:shape|order)\b"
)


@pytest.fixture(scope="module")
def reference():
    """The module that writes the reference."""
    folder = str(ROOT / "docs" / "extensions")
    sys.path.insert(0, folder)
    yield importlib.import_module("reference")
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def names(reference):
    """Public classes and functions by their names, each once, exceptions and warnings aside."""
    found = {}
    for namespace in ("", *NAMESPACES):
        module = operator.attrgetter(namespace)(sl) if namespace else sl
        for name, item in reference.public(module):
            found.setdefault(id(item), (".".join(filter(None, ("sl", namespace, name))), item))
    return {full: item for full, item in found.values() if not _is_exception(item)}


def _is_exception(item):
    return inspect.isclass(item) and issubclass(item, BaseException)


def _fields(item):
    """Fields that the table of parameters shows, with unit and shape."""
    fields = dataclasses.fields(item) if dataclasses.is_dataclass(item) else ()
    return {f.name: f for f in fields if {"unit", "bounds"} <= set(f.metadata)}


def _declared(item):
    """Fields that the table of parameters documents, with a unit or in words."""
    return {name for name, f in _fields(item).items() if f.metadata["unit"] or f.metadata["doc"]}


def _arguments(item):
    try:
        found = inspect.signature(item).parameters
    except (TypeError, ValueError):
        return {}
    return {name: one for name, one in found.items() if name not in ("self", "cls") and not name.startswith("_")}


def _own(item):
    """The code that runs in a call of a public name, as far as it is its own."""
    parts = [item]
    if inspect.isclass(item):
        parts = [vars(item)[name] for name in ("__init__", "__check_init__", "__call__") if name in vars(item)]
    bare = [part for part in map(inspect.unwrap, parts) if inspect.isfunction(part)]
    return "".join(inspect.getsource(one) for one in bare if one.__code__.co_filename != "<string>")  # of dataclasses


def _documented(item):
    """The docstring of a name, with those of what it is called by."""
    texts = [inspect.getdoc(item) or ""]
    if inspect.isclass(item):
        texts += [inspect.getdoc(vars(item)[name]) or "" for name in ("__init__", "__call__") if name in vars(item)]
    return "\n\n".join(texts)


def lacks(item):
    """What the docstring of a public name lacks."""
    text = inspect.getdoc(item) or ""
    quoted = " ".join(re.findall(r"`([^`]*)`", text))
    missing = [name for name in set(_arguments(item)) - _declared(item) if not re.search(rf"\b{name}\b", quoted)]
    returned = None if inspect.isclass(item) else inspect.signature(item).return_annotation
    sourced = getattr(item, "cites", ()) and inspect.isclass(item) and not inspect.isabstract(item)
    wrong = {
        "sentence": not re.search(r"[.:]$", text.split("\n\n")[0].strip()),
        "arguments": bool(missing),
        "returns": returned not in (None, "None") and "**Returns:**" not in text,
        "errors": re.search(r"^\s+raise \w", _own(item), re.MULTILINE) and "**Raises:**" not in _documented(item),
        "example": "!!! example" not in text,
        "source": bool(sourced) and "**Source" not in text,
    }
    return [what for what, is_so in wrong.items() if is_so]


def entry(item, name):
    """What a docstring says of an argument: its part of a list, with what the list says of all in the end."""
    text = inspect.getdoc(item) or ""
    section = re.search(r"\*\*Arguments:\*\*(.*?)(?=\n\s*(?:\*\*|!!!)|\Z)", text, re.DOTALL)
    lists = [re.sub(r"\s+", " ", one) for one in re.split(r"\n- ", section[1] if section else "")]
    found = [part for one in lists for part in _parts(one, name)]
    others = re.split(r"(?<=[.;:])\s+", re.sub(r"\s+", " ", re.sub(r"\n!!!.*", "", text, flags=re.DOTALL)))
    return "; ".join(found or [one for one in others if f"`{name}`" in one])


def _parts(text, name):
    """The parts of a list that are about an argument."""
    parts = re.split(r"[;.]\s+(?=`)|;\s+", text)
    about, last = False, [] if re.match(r"\s*`", parts[-1]) else [parts[-1]]
    found = []
    for part in parts:
        about = f"`{name}`" in part.split(":")[0] if re.match(r"\s*`", part) else about
        found += [part] * about
    return found + last if found else []


def _is_array(hint):
    return any(getattr(part, "dim_str", "") or part is np.ndarray for part in (hint, *typing.get_args(hint)))


def is_array(item, one):
    """Whether an argument is several numbers, by its type or its default."""
    hint = {name: f.type for name, f in _fields(item).items()}.get(one.name, one.annotation)
    default = one.default if isinstance(one.default, (tuple, list, np.ndarray)) else ()
    return _is_array(hint) or bool(np.ndim(default) and np.size(default))


def without_unit_or_shape(full, item, reference):
    """Arguments that are numbers and do not say of what unit they are, and those that are arrays of no shape said."""
    shown, made = _fields(item), full.rpartition(".")[2] in walk.MADE
    for name, one in {} if made or inspect.isabstract(item) else _arguments(item).items():
        if not walk.is_number(full, one) or f"{full}.{name}" in OBJECTS:
            continue
        text, in_table = entry(item, name), name in shown
        if not (in_table or UNIT.search(text) or BARE.search(text)):
            yield f"{full}: unit of {name}"
        if is_array(item, one) and not ((in_table and reference.shape(item, shown[name])) or SHAPE.search(text)):
            yield f"{full}: shape of {name}"


def returned_without(full, item):
    """What the arrays that a function returns lack: their unit, their shape."""
    text = re.search(r"\*\*Returns:\*\*(.*?)(?=\n\s*(?:\*\*|!!!)|\Z)", inspect.getdoc(item) or "", re.DOTALL)
    if inspect.isclass(item) or not _is_array(inspect.signature(item).return_annotation):
        return
    for what, patterns in (("unit", (UNIT, BARE)), ("shape", (SHAPE,))):
        if text is None or not any(pattern.search(text[1]) for pattern in patterns):
            yield f"{full}: {what} of what is returned"


def test_public_names_are_documented(names):
    assert [f"{full}: {what}" for full, item in sorted(names.items()) for what in lacks(item)] == []


def test_numbers_have_units_and_shapes(names, reference):
    """All that the walk of units gives kilograms: fields by the table of parameters, others by their docstring."""
    found = [line for full, item in sorted(names.items()) for line in without_unit_or_shape(full, item, reference)]
    found += [line for full, item in sorted(names.items()) for line in returned_without(full, item)]
    assert found == []


def test_the_check_sees_what_is_missing(reference):
    def bare(x: float) -> float:
        """No sentence"""
        if x < 0:
            raise ValueError(x)
        return x

    assert lacks(bare) == ["sentence", "arguments", "returns", "errors", "example"]

    def told(width, edges=(0.0, 1.0)) -> np.ndarray:
        """Nothing.

        **Arguments:** `width`: of it, kpc; `edges`: low and high.
        """

    def better(width, edges=(0.0, 1.0)) -> np.ndarray:
        """Nothing.

        **Arguments:** `width`: of it; `edges`: low and high, (2,); kpc.

        **Returns:** (n,) K.
        """

    assert list(without_unit_or_shape("told", told, reference)) == ["told: unit of edges", "told: shape of edges"]
    assert list(returned_without("told", told)) == [f"told: {what} of what is returned" for what in ("unit", "shape")]
    assert list(without_unit_or_shape("better", better, reference)) == list(returned_without("better", better)) == []
