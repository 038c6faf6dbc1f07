"""Fingerprints of models, data, settings: the same in another process, others where anything that matters is."""

import dataclasses
import enum
import functools
import hashlib
import os
import types
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from .code import function_parts, is_library, methods, name_of

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), range, slice, os.PathLike)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType)
_HEAP, _OF_PYTHON = 1 << 9, 1 << 9 | 1 << 8  # flags of classes: a heap type, and one that cannot be changed, as of C
_DESCRIPTORS = (types.WrapperDescriptorType, types.MethodDescriptorType, np.ufunc)


def fingerprint(value: Any) -> str:
    """The SHA-256 of anything that inference depends on, in hexadecimal digits.

    It is the same in another process that makes the same value, and another one after a change of a class, a field, a
    setting, the type, shape or bytes of an array, or of a function: its code, constants, defaults, the variables it
    closes over and the globals it names, and so on within these. Of functions and classes of installed packages it is
    the name and the variables closed over.

    **Arguments:** `value`: a PyTree, module, distribution, function, optimiser of optax, array, setting, ...

    **Raises:** `TypeError` for what has no such description, e.g. an open file, naming its place.

    !!! example
        >>> fingerprint(simulator) == fingerprint(sl.Simulator(magnetic_field=sl.magnetic.LSA(b0=2.0)))
        False
    """
    walk = _Walk()
    walk.feed(value, type(value).__name__)
    return walk.hash.hexdigest()


class _Walk:
    """Feeds a hash with whatever a value consists of; every text has its length before it."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.open: list[int] = []  # values that contain the present one
        self.known: dict[int, int] = {}  # functions and classes met before, by their number
        self.kept: list[Any] = []  # so that no identity is used twice

    def text(self, *texts: str | bytes) -> None:
        for text in texts:
            raw = text.encode() if isinstance(text, str) else text
            self.hash.update(b"%d:" % len(raw))
            self.hash.update(raw)

    def feed(self, value: Any, place: str) -> None:
        if id(value) in self.open and not isinstance(value, _PLAIN):
            return self.text("inside", str(len(self.open) - self.open.index(id(value))))
        self.open.append(id(value))
        self.kept.append(value)
        try:
            self._feed(value, place)
        finally:
            self.open.pop()

    def _feed(self, value: Any, place: str) -> None:
        if isinstance(value, jax.sharding.Mesh):  # a run may go on on other devices
            value = None
        if isinstance(value, enum.Enum):
            self.text("enum", name_of(type(value)), value.name)
        elif isinstance(value, _PLAIN):
            self.text(type(value).__name__, value if isinstance(value, bytes) else repr(value))
        elif isinstance(value, (np.ndarray, np.generic, jax.Array)):
            self._array(value, place)
        elif isinstance(value, (np.dtype, types.ModuleType)):
            self.text(type(value).__name__, getattr(value, "__name__", str(value)))
        elif isinstance(value, type):
            self._once(value, place, self._class)
        elif isinstance(value, types.FunctionType):
            self._once(value, place, self._function)
        elif isinstance(value, types.MethodType):
            self._items("method", {"function": value.__func__, "self": value.__self__}.items(), place)
        elif isinstance(value, (*_FUNCTIONS, *_DESCRIPTORS)):
            self.text("builtin", name_of(value))
        elif isinstance(value, functools.partial):
            parts = {"func": value.func, "args": value.args, "keywords": value.keywords}
            self._items("partial", parts.items(), place)
        else:
            self._composite(value, place)

    def _composite(self, value: Any, place: str) -> None:
        kind = name_of(type(value))
        if callable(value) and hasattr(value, "__wrapped__"):  # jax.jit, jax.custom_jvp, eqx.filter_jit
            names = ("__wrapped__", "jvp", "fwd", "bwd")
            self._items(kind, ((name, getattr(value, name)) for name in names if hasattr(value, name)), place)
        elif dataclasses.is_dataclass(value):
            self.feed(type(value), place)
            fields = ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
            self._items(kind, fields, place)
        elif isinstance(value, Mapping):
            keyed = [part for key, item in value.items() for part in ((f"{key!s:.40}", key), (f"{key!s:.40}", item))]
            self._items(kind, keyed, place)
        elif isinstance(value, (list, tuple)):
            self.feed(type(value), place)
            self._items(kind, ((str(i), item) for i, item in enumerate(value)), place)
        elif isinstance(value, (set, frozenset)):
            self.text(kind, *sorted(fingerprint(item) for item in value))
        else:
            self._node(value, kind, place)

    def _node(self, value: Any, kind: str, place: str) -> None:
        """What JAX knows as a node of a PyTree, or an object of a class of Python with attributes."""
        if hasattr(type(value), "gather_pytree_data_fields"):  # of numpyro, whose children come in no fixed order
            names = {*type(value).gather_pytree_data_fields(), *type(value).gather_pytree_aux_fields()}
            self.feed(type(value), place)
            return self._items(kind, ((name, vars(value).get(name)) for name in sorted(names)), place)
        node = jax.tree_util.default_registry.flatten_one_level(value)
        plain = all(cls.__flags__ & _OF_PYTHON == _HEAP for cls in type(value).__mro__[:-1])
        if node is not None:
            self.feed(type(value), place)
            self._items(kind, [*((str(i), child) for i, child in enumerate(node[0])), ("structure", node[1])], place)
        elif type(value) is object:
            self.text("object")
        elif plain and hasattr(value, "__dict__"):
            self.feed(type(value), place)
            self._items(kind, vars(value).items(), place)
        else:
            raise TypeError(
                f"{place} is a {kind}, which cannot be recognised in another process: keep it out of models, data and "
                "settings, or out of the functions that they use."
            )

    def _items(self, kind: str, items: Iterable[tuple[str, Any]], place: str) -> None:
        for name, item in items:
            self.text(kind, name)
            self.feed(item, f"{place}.{name}")
        self.text("end")

    def _array(self, value: Any, place: str) -> None:
        if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            self.text("key", str(jax.random.key_impl(value)))
            value = jax.random.key_data(value)
        unit = getattr(value, "unit", None)  # of astropy
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise TypeError(f"{place} is an array of objects, which cannot be recognised in another process.")
        self.text("array", str(unit), str(array.dtype), str(array.shape))
        self.hash.update(np.ascontiguousarray(array).data.cast("B") if array.size and array.dtype.kind != "V" else b"")
        if array.dtype.kind == "V":  # small floats, records
            self.text(array.tobytes())

    def _once(self, value: Any, place: str, describe: Any) -> None:
        number = self.known.setdefault(id(value), len(self.known))
        self.text(type(value).__name__, str(number), name_of(value))
        if number == len(self.known) - 1:
            describe(value, place)

    def _class(self, cls: type, place: str) -> None:
        for base in cls.__mro__:
            self.text("class", name_of(base))
            if not is_library(base):
                self._items("member", methods(base), f"{place}.{base.__name__}")

    def _function(self, function: types.FunctionType, place: str) -> None:
        self._items("function", function_parts(function), f"{place} -> {function.__qualname__}")
