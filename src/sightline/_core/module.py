"""The base class of everything a user composes, and the two kinds of fields it may have: `param` and `setting`."""

import copy
import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from .fields import brief, check_fields
from .points import check_methods
from .printing import describe
from .types import Bounds
from .units import strip_unit


def default_float() -> Any:
    """The floating-point type JAX uses at the moment: float64 where 64-bit mode is on, float32 otherwise."""
    return jnp.result_type(float)


def is_concrete(value: Any) -> bool:
    """Whether `value` holds numbers, as opposed to being traced by a JAX transformation."""
    return not isinstance(value, Tracer)


@dataclasses.dataclass
class _Converter:
    """What `param` and `setting` do to a value; knows the name of its field, for the error messages."""

    convert: Callable[[Any, str, str], Any]
    unit: str
    bounds: Bounds
    positive: bool
    name: str = "value"

    def __call__(self, value: Any) -> Any:
        if value is None or isinstance(value, (eqx.Module, jax.ShapeDtypeStruct)):
            return value
        value = self.convert(strip_unit(value, self.unit, self.name), self.unit, self.name)
        if is_concrete(value):
            self._check(value)
        return value

    def _check(self, value: Any) -> None:
        values = np.asarray(value)
        if isinstance(value, int) and values.dtype.kind == "O":  # a whole number too large for an array
            values = np.asarray(math.copysign(math.inf, value))
        if values.dtype.kind not in "fiub":
            return
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{self.name} is not finite: {brief(value)}{_first_bad(values)}. Pass finite numbers.")
        if self.positive and np.any(values <= 0):
            raise ValueError(f"{self.name} = {brief(value)} must be positive.")
        low, high = self.bounds
        if (low is not None and np.any(values < low)) or (high is not None and np.any(values > high)):
            unit = f" {self.unit}" if self.unit else ""
            low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
            raise ValueError(f"{self.name} = {brief(value)}{unit} is outside its bounds [{low:g}, {high:g}]{unit}.")


def _first_bad(values: np.ndarray) -> str:
    """How many entries of a large array are not finite, and where the first is."""
    bad = np.argwhere(~np.isfinite(values))
    if values.size <= 3:
        return ""
    place = tuple(bad[0].tolist())
    return f", {len(bad)} of its entries, the first {values[place]} at index {place}"


def _to_leaf(value: Any, unit: str, name: str) -> Any:
    del unit
    if np.iscomplexobj(value):
        raise TypeError(f"{name} must be real numbers, not complex ones: take .real of what has no other part.")
    try:  # JAX shares the memory of some arrays, which their owner may write to
        return jnp.asarray(value.copy() if isinstance(value, np.ndarray) else value, default_float())
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a number, an array or an astropy quantity, not {value!r}.") from error


def _to_static(value: Any, unit: str, name: str) -> Any:
    del unit, name
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.ndarray, jax.Array, list, tuple)):
        return jax.tree.map(lambda x: x.item() if hasattr(x, "item") else x, _tuples(value))
    return value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if np.ndim(value) else value


def param(
    default: Any = dataclasses.MISSING,
    *,
    unit: str = "",
    bounds: Bounds = (None, None),
    positive: bool = False,
    value: bool = False,
    symbol: str = "",
    doc: str = "",
    **kwargs: Any,
) -> Any:
    """Declares a learnable field of a module: a leaf that gradients, fits and samplers see.

    Numbers, arrays and astropy quantities become JAX arrays of the current default float in `unit`. The
    annotation says the shape; where it also names a field class, a field may stand in place of the number.

    **Arguments:**

    - `default`: the value if none is given, a number, an array or a quantity; without it the argument is required.
    - `unit`: documented unit in astropy's notation; `""` is dimensionless.
    - `bounds`: smallest and largest physical value, (2,) in `unit`, `None` for no bound; `positive`: 0 is refused too.
    - `value`: whether it is what the field takes at a place, as the nodes of a grid: where the field stands for a
      parameter of another module, that one's bounds hold for it too.
    - `symbol`, `doc`: how tables and figures name and explain it.
    - `kwargs`: of `dataclasses.field`.

    **Returns:** a field of a dataclass.

    **Raises:** at construction, naming the field: `ValueError` for a wrong dimension, a value that is not finite or
    outside its bounds; `TypeError` for anything that is no array or has another shape than annotated.

    !!! example
        >>> class Slab(sl.fields.AbstractField):
        ...     n0: Float[Array, ""] = sl.param(0.03, unit="cm-3", bounds=(0, None), symbol="n_0")
        ...
        ...     def __call__(self, position):
        ...         return self.n0 * jnp.exp(-jnp.abs(position[2]))
    """
    bounds = strip_unit(bounds, unit, "bounds")
    metadata = {"unit": unit, "bounds": bounds, "positive": positive, "value": value}
    metadata |= {"symbol": symbol, "doc": doc, "param": True}
    converter = _Converter(_to_leaf, unit, bounds, positive)
    return eqx.field(converter=converter, metadata=metadata, **_default(default), **kwargs)


def setting(
    default: Any = dataclasses.MISSING,
    *,
    unit: str = "",
    bounds: Bounds = (None, None),
    positive: bool = False,
    choices: Sequence[Any] = (),
    doc: str = "",
    **kwargs: Any,
) -> Any:
    """Declares a static field of a module: a switch or a number that is part of the structure, never learnt.

    **Arguments:** as for `param`; `choices` lists the only values allowed; `default`; `unit`: numbers and quantities
    are brought to it; `bounds`: lowest and highest, (2,) in that unit, `None` for none; `positive`: refuse 0 and less;
    `doc`: what the reference says; `kwargs`: of `dataclasses.field`.

    **Returns:** a field of a dataclass.

    **Raises:** `ValueError` at construction, naming the field, for a wrong dimension, value or choice.

    !!! example
        >>> class Cloud(sl.Module):
        ...     centre: tuple[float, float, float] = sl.setting((0.0, 0.0, 0.0), unit="kpc")
        >>> Cloud().centre
        (0.0, 0.0, 0.0)
    """

    def convert(value: Any, unit: str, name: str) -> Any:
        if choices and value not in choices:
            raise ValueError(f"{name} = {value!r}: choose one of {', '.join(map(repr, choices))}.")
        return _to_static(value, unit, name)

    bounds = strip_unit(bounds, unit, "bounds")
    metadata = {"unit": unit, "bounds": bounds, "positive": positive, "doc": doc}
    converter = _Converter(convert, unit, bounds, positive)
    return eqx.field(converter=converter, static=True, metadata=metadata, **_default(default), **kwargs)


def _default(value: Any) -> dict[str, Any]:
    """A default for a dataclass, which takes arrays and lists from a factory only."""
    if value is dataclasses.MISSING:
        return {}
    return {"default": value} if type(value).__hash__ else {"default_factory": lambda: copy.copy(value)}


class Module(eqx.Module):
    """Base of all modules: an `equinox.Module` whose inexact-array leaves are exactly its learnable parameters.

    Declare fields with `param` and `setting`. A bare Python number in a field would have no gradient, silently,
    and is refused. Change a value with `dataclasses.replace(module, name=value)`.

    A public method whose first argument is called `position` takes one, (3,) kpc, and refuses anything else.
    What to cite, BibTeX entries or keys of those that sightline has, a class says in `cites`.

    !!! example
        >>> issubclass(sl.magnetic.LSA, sl.Module)
        True
    """

    cites: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            converter = getattr(value, "metadata", {}).get("converter")
            if isinstance(converter, _Converter):
                converter.name = f"{cls.__name__}.{name}"
        check_methods(cls)

    def __check_init__(self) -> None:
        check_fields(self)

    def __repr__(self) -> str:
        return describe(self)
