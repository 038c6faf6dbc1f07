"""What an observable may offer to a posterior; who offers nothing has nothing to do.

- `restrict(index)`: the observable of some of its pixels, `None` where all must be predicted to have some.
- `place(pixel)`: where a datum is, e.g. `", towards l = 12, b = 3 deg"`.
- `axis`: the name of its last axis, e.g. `"energy"`; `coordinates`: where its values are along it, (n,), for figures.
- `linear_parameters`: how many are solved for and no leaves.
- An `AbstractHolder` within it evaluates what is not free once.
"""

import abc
from typing import Any, TypeVar

import jax

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


def restrict(observable: Any, index: Any) -> Any | None:
    """The observable of the pixels at the places `index`, if it has one."""
    hook = getattr(observable, "restrict", None)
    return None if hook is None else hook(index)


def place(observable: Any, pixel: int) -> str:
    """Where a datum is, in words, or nothing."""
    hook = getattr(observable, "place", None)
    return "" if hook is None else hook(pixel)


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
