"""All parameters of a model in one table."""

from typing import Any

from .._core.meanings import meaning
from .._core.printing import brief
from .bounds import spell
from .leaves import Leaf, find_leaves
from .text_table import Table

HEADER = ("parameter", "value", "unit", "bounds", "symbol", "meaning")


def table(model: Any) -> Table:
    """Every parameter of a model with value, unit, physical bounds, symbol and meaning: what may be free in a fit.

    **Arguments:** `model`: any PyTree, e.g. a `Simulator`, `Model`, `Galaxy`, spectrum or one field.

    **Returns:** a table that prints as text and that notebooks draw; `rows` holds its cells, lists of text, the first
    of which is the dotted name that `ParameterSpace` takes. Arrays of more than eight numbers are shown as types.

    **Raises:** `TypeError` for what has no parameters.

    !!! example
        >>> sl.table(sl.electrons.ExponentialDisk())
        parameter     value  unit  bounds    symbol  meaning
        ------------  -----  ----  --------  ------  ---------------------
        n0            0.03   cm-3  0 to ∞    n_0     density at the centre
        scale_radius  10     kpc   positive  R_0
        scale_height  1      kpc   positive  h
    """
    leaves = {name: leaf for name, leaf in find_leaves(model).items() if leaf.learnable}
    if not leaves:
        raise TypeError(f"A {type(model).__name__} has no parameters: give a model, e.g. a Simulator or one field.")
    return Table(HEADER, [_row(name, leaf) for name, leaf in leaves.items()])


def _row(name: str, leaf: Leaf) -> list[str]:
    data = leaf.metadata
    words = "" if leaf.owner is None else meaning(*leaf.owner, data)
    return [name, brief(leaf.value), data.get("unit", ""), spell(data), data.get("symbol", ""), words]
