"""The same thing twice in a simulator, which would count the same electrons, or the same sky, twice."""

from collections.abc import Sequence
from typing import Any

from ..._core.equality import same
from ..emission import (
    CMB,
    CircularSynchrotron,
    FaradayConversion,
    FaradayRotation,
    FreeFree,
    RelativisticConversion,
    Synchrotron,
    SynchrotronSpectrum,
)

_COSMIC_RAYS = "cosmic_rays=sl.fields.Sum(a=..., b=...) holds several populations"
_ELECTRONS = "electron_density=sl.fields.Sum(a=..., b=...) holds several components"
_ONCE = (
    ((Synchrotron, SynchrotronSpectrum), _COSMIC_RAYS),
    ((CircularSynchrotron,), _COSMIC_RAYS),
    ((RelativisticConversion,), _COSMIC_RAYS),
    ((FaradayRotation,), _ELECTRONS),
    ((FaradayConversion,), _ELECTRONS),
    ((FreeFree,), f"{_ELECTRONS}, and clumping may be a field"),
    ((CMB,), "there is one microwave background"),
)
"""Classes of which one alone takes all the electrons of a simulator, and where several of them belong."""


def check_duplicates(items: Sequence[Any], place: str) -> None:
    """Refuses operators or backgrounds that count the same twice.

    Those of Sightline act on all electrons of a simulator, so that one of a kind is enough, whatever its settings.
    Others may be several of a class if they differ, as two kinds of dust do.

    **Raises:** `ValueError`, naming both and the cure.
    """
    for kinds, cure in _ONCE:
        found = [(i, item) for i, item in enumerate(items) if isinstance(item, kinds)]
        if len(found) > 1:
            raise ValueError(_message(place, found[0], found[1], f"{cure}."))
    for i, one in enumerate(items):
        for j, other in enumerate(items[:i]):
            if same(one, other):
                raise ValueError(_message(place, (j, other), (i, one), "to make it stronger change its parameters."))


def _message(place: str, one: tuple[int, Any], other: tuple[int, Any], cure: str) -> str:
    names = " and ".join(f"{place}[{i}], {type(item).__name__}" for i, item in (one, other))
    return f"Simulator: {names}, would count the same twice: leave one of them out; {cure}"
