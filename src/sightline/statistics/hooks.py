"""What an observable may offer to a posterior; who offers nothing has nothing to do.

- `restrict(index)`: the observable of some of its pixels, `None` where all must be predicted to have some.
- `place(pixel)`: where a datum is, e.g. `", towards l = 12, b = 3 deg"`.
- `axis`: the name of its last axis, e.g. `"energy"`; `coordinates`: where its values are along it, (n,), for figures.
- `examine(model, name)`: refuses a model for which it cannot be right, in a likelihood of this name.
- `linear_parameters`: how many are solved for and no leaves.
- `separable`: whether each of its pixels needs only rays of its own; a model with a method `split(observable)` then
  says how to predict few pixels at a time, a `Split`, or `None`.
- An `AbstractHolder` within it evaluates what is not free once.
"""

import abc
from typing import Any, NamedTuple, TypeVar

import jax
from jax.sharding import Mesh
from jaxtyping import Array, Int

from .._core.module import Module

Tree = TypeVar("Tree")


class AbstractHolder(Module):
    """An observable, or a part of one, that can hold what is not free of a model: evaluated once."""

    @abc.abstractmethod
    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "AbstractHolder":
        """Itself, holding what is not free.

        **Arguments:** `free`: the model with `True` for the leaves that are free; `shared`: for what several hold.
        """

    @abc.abstractmethod
    def check(self, free: Any, name: str) -> None:
        """Refuses a model with these free leaves, in a likelihood of this name, if it holds one of them."""


class Part(NamedTuple):
    """Some pixels of an observable, which are predicted a few at a time.

    - `observable`: of these pixels; it can `restrict`.
    - `places`: of these on the last axis of the whole, (n,).
    - `size`: how many at a time; `mesh`: devices that share the pixels, `None`: one.
    """

    observable: Any
    places: Int[Array, " n"]
    size: int
    mesh: Mesh | None = None


class Split(NamedTuple):
    """What predicts an observable a few pixels at a time: the model, its global work done, and parts of the pixels."""

    model: Any
    parts: tuple[Part, ...]


def split(observable: Any, model: Any) -> Split | None:
    """How a model predicts an observable a few pixels at a time, if it can."""
    separable = getattr(observable, "separable", False) and hasattr(model, "split")
    return model.split(observable) if separable else None


def restrict(observable: Any, index: Any) -> Any | None:
    """The observable of the pixels at the places `index`, if it has one."""
    hook = getattr(observable, "restrict", None)
    return None if hook is None else hook(index)


def place(observable: Any, pixel: int) -> str:
    """Where a datum is, in words, or nothing."""
    hook = getattr(observable, "place", None)
    return "" if hook is None else hook(pixel)


def examine(observable: Any, model: Any, name: str) -> None:
    """Lets the observable refuse a model whose numbers are known."""
    hook = getattr(observable, "examine", None)
    if hook is not None:
        hook(model, name)


def hold(observable: Tree, model: Any, free: Any, shared: dict[Any, Any]) -> Tree:
    """The observable, every part that can hold what is not free holding it."""

    def held(node: Any) -> Any:
        return node.hold(model, free, shared) if _is_holder(node) else node

    return jax.tree.map(held, observable, is_leaf=_is_holder)


def check(observable: Any, free: Any, name: str) -> None:
    """Lets every part that holds something refuse what may not be free."""
    for node in jax.tree.leaves(observable, is_leaf=_is_holder):
        if _is_holder(node):
            node.check(free, name)


def _is_holder(node: Any) -> bool:
    return isinstance(node, AbstractHolder)
