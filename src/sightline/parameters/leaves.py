"""Leaves of a PyTree by dotted names, and which of them a pattern means."""

import difflib
import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .bounds import inherited

Pattern = str | Callable[[Any], Any]


class Leaf(NamedTuple):
    """One leaf of a PyTree.

    - `position`: its place among all leaves; `value`: what it holds.
    - `metadata`: of the field that declares it: `unit`, `bounds`, `symbol`.
    - `owner`: the innermost class on the way to it that declares a field, and that field; `None` without any.
    """

    position: int
    value: Any
    metadata: Mapping[str, Any]
    owner: tuple[type, str] | None = None

    @property
    def learnable(self) -> bool:
        """Whether it holds real floating-point numbers, and not the geometry of an observation."""
        numbers = isinstance(self.value, jax.Array) and jnp.issubdtype(self.value.dtype, jnp.floating)
        return numbers and not self.is_geometry

    @property
    def is_geometry(self) -> bool:
        """Whether its class says that it holds the geometry of an observation, which is no parameter."""
        return self.owner is not None and getattr(self.owner[0], "is_geometry", False)


def _spell(key: Any) -> str:
    for attribute in ("name", "idx", "key"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _descend(node: Any, key: Any, metadata: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """The child of a node, and the metadata of the innermost field on the way to it.

    A field of several leaves names in `limits` an attribute of its module that holds the bounds of each.
    """
    if hasattr(key, "name"):
        field = getattr(type(node), "__dataclass_fields__", {}).get(key.name)
        return getattr(node, key.name, None), metadata if field is None else _with_limits(node, field.metadata)
    step = getattr(key, "idx", getattr(key, "key", None))
    metadata = _with_bounds(metadata, step)
    try:
        return node[step], metadata
    except (TypeError, KeyError, IndexError):
        return None, metadata


def _with_limits(node: Any, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    name = metadata.get("limits")
    return metadata if name is None else {**metadata, "limits": getattr(node, name)}


def _with_bounds(metadata: Mapping[str, Any], step: Any) -> Mapping[str, Any]:
    """The metadata of one leaf of a field of several."""
    limits = metadata.get("limits")
    return metadata if limits is None or step not in limits else {**metadata, "bounds": limits[step]}


def find_leaves(model: Any) -> dict[str, Leaf]:
    """All leaves of a PyTree by dotted name: attributes by name, items of lists by number, of dicts by key.

    **Raises:** `ValueError` where two leaves would have one name.

    !!! example
        >>> list(find_leaves(sl.magnetic.LSA()))
        ['b0', 'psi0', 'psi1', 'chi0']
    """
    found: dict[str, Leaf] = {}
    for position, (path, value) in enumerate(jax.tree_util.tree_flatten_with_path(model)[0]):
        name, node, metadata, owner = ".".join(map(_spell, path)), model, {}, None
        for key in path:
            outer = metadata
            owner = (type(node), key.name) if hasattr(key, "name") else owner
            node, metadata = _descend(node, key, outer)
            metadata = inherited(outer, metadata)
        if name in found:
            raise ValueError(f"Two leaves of the model are called {name!r}: rename the key of a dict.")
        found[name] = Leaf(position, value, metadata, owner)
    return found


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint for a name that is not there."""
    name, names = str(name), list(names)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    close = close or [known for known in names if known.rpartition(".")[2] == name.rpartition(".")[2]][:3]
    close = close or [known for known in names if known.startswith(f"{name}.")][:6] or names[:6]
    return f"Near it are {', '.join(map(repr, close))}." if close else "There are no leaves at all."


def match(pattern: Pattern, model: Any, leaves: Mapping[str, Leaf]) -> list[str]:
    """Names of the leaves that a pattern means.

    **Arguments:** `pattern`: a name; a glob, whose `*` matches dots too and which passes over leaves that are no
    floating-point arrays; or a function of `model` that returns leaves.

    **Raises:** `ValueError` for a pattern that matches nothing, `TypeError` for a leaf without a gradient.
    """
    if callable(pattern):
        names = _chosen(pattern, model, leaves)
    elif pattern in leaves:
        names = [pattern]
    elif not isinstance(pattern, str):
        raise TypeError(f"pattern is {pattern!r}: give the name of a parameter, a glob, or a function of the model.")
    else:
        names = [name for name in fnmatch.filter(leaves, pattern) if leaves[name].learnable]
    if not names:
        hint = "" if callable(pattern) else " " + nearest(pattern, (name for name in leaves if leaves[name].learnable))
        raise ValueError(f"The pattern {pattern!r} matches no leaf of the model.{hint}")
    for name in names:
        if not leaves[name].learnable:
            value = leaves[name].value
            if leaves[name].is_geometry:
                raise TypeError(f"{name} cannot be free: it is the geometry of an observation.")
            kind = getattr(value, "dtype", type(value).__name__)
            raise TypeError(f"{name} cannot be free: it holds {kind}, which has no gradient, not real numbers.")
    return names


def _chosen(where: Callable[[Any], Any], model: Any, leaves: Mapping[str, Leaf]) -> list[str]:
    """Names of the leaves that `where` returns: it is shown the model with numbers of leaves in their place."""
    numbered = jax.tree.unflatten(jax.tree.structure(model), range(len(leaves)))
    names = list(leaves)
    chosen = jax.tree.leaves(where(numbered))
    if not all(isinstance(number, int) for number in chosen):
        raise TypeError(f"{where!r} must return leaves of the model as they are, e.g. lambda m: (m.a, m.b).")
    return [names[number] for number in chosen]
