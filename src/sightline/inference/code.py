"""What a function or a class of Python consists of, apart from where it lies in memory or in a file."""

import dis
import functools
import inspect
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

_FOLDERS = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_CHECKERS = ("beartype", "jaxtyping")  # their wrappers check types and change nothing


def name_of(value: Any) -> str:
    """The module and the qualified name of a class or a function."""
    name = getattr(value, "__qualname__", getattr(value, "__name__", type(value).__qualname__))
    return f"{getattr(value, '__module__', None)}.{name}"


@functools.cache
def _installed(module: str) -> bool:
    """Whether a module belongs to Python, an installed package or Sightline, whose versions are compared apart."""
    top = module.partition(".")[0]
    if top in (__name__.partition(".")[0], *sys.builtin_module_names):
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    return file is not None and file.startswith(_FOLDERS)


def is_library(value: Any) -> bool:
    """Whether a class or a function belongs to Python, an installed package or Sightline."""
    return _installed(getattr(value, "__module__", None) or "builtins")


def function_parts(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Everything that a function does and knows, by name.

    Of a function of an installed package only what it was given when it was made: closures and defaults.
    """
    if _checks(function):
        yield "__wrapped__", function.__wrapped__
        return
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    yield "closure", {name: _opened(_held(cell), code) for name, cell in cells}
    if is_library(function):
        if "<locals>" in function.__qualname__:
            yield "defaults", (function.__defaults__, function.__kwdefaults__)
        return
    yield "defaults", (function.__defaults__, function.__kwdefaults__)
    yield "code", _code_parts(code)
    space, named = function.__globals__, sorted(_named(code, "LOAD_GLOBAL", "LOAD_NAME"))
    yield "globals", {name: _opened(space[name], code) for name in named if name in space}


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """What the body of a class holds, by name, but for what packages write into it."""
    for name, member in sorted(vars(cls).items()):
        inner = inspect.unwrap(getattr(member, "__func__", getattr(member, "fget", getattr(member, "method", member))))
        if isinstance(inner, types.FunctionType):
            if inner.__module__ == cls.__module__:
                yield name, inner
        elif not name.startswith("_") and isinstance(member, (bool, int, float, str, tuple)):
            yield name, member


def _checks(function: types.FunctionType) -> bool:
    return hasattr(function, "__wrapped__") and any(name in function.__code__.co_filename for name in _CHECKERS)


def _held(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None


def _code_parts(code: types.CodeType) -> tuple[Any, ...]:
    """The instructions and what they refer to; the code of inner functions likewise."""
    constants = tuple(_code_parts(one) if isinstance(one, types.CodeType) else one for one in code.co_consts)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_name, code.co_argcount, code.co_kwonlyargcount, code.co_flags, code.co_code, names, constants)


def _named(code: types.CodeType, *instructions: str) -> set[str]:
    """The names that these instructions take, inner functions included."""
    inner = (one for one in code.co_consts if isinstance(one, types.CodeType))
    own = {one.argval for one in dis.get_instructions(code) if one.opname in instructions}
    return own.union(*(_named(one, *instructions) for one in inner))


def _opened(value: Any, code: types.CodeType) -> Any:
    """A module of the user as what the code takes from it; any other value as it is."""
    if not isinstance(value, types.ModuleType) or _installed(value.__name__):
        return value
    taken = sorted(_named(code, "LOAD_ATTR", "LOAD_METHOD") & set(vars(value)))
    return {name: getattr(value, name) for name in taken}
