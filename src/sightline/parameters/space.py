from collections.abc import Callable, Iterator, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._core.given import check_kind
from .._core.module import is_concrete
from .._core.types import Bounds
from .._core.units import refuse_units, strip_unit
from .bounds import confine, limits, refuse_beyond
from .densities import constrain, log_density, log_jacobian, unconstrain
from .edges import at_edge, inwards
from .leaves import Pattern, find_leaves, match, nearest
from .names import check_names
from .priors import begin, check_prior, check_start, draw, flattened, held, pinned, prior_residuals
from .summary import summary
from .text_table import Table
from .ties import Function, Tie, check_ties, redrawn, within
from .vector import Values, filled, labels

Given = Mapping[str, Any]


class ParameterSpace(eqx.Module):
    """The free parameters of a model, any PyTree: their priors, and the way to unconstrained numbers and back.

    Values are flat dicts by dotted name. With T the bijection from the real numbers to the support of the prior,

    theta = T(u),  log p(u) = log p(theta) + log |det dT/du|.

    A prior is cut at the physical bounds of its parameter, so that no u leads beyond them; the nodes of a grid that
    stands for a parameter, such as a spectral index, lie within its bounds.

    **Arguments:**

    - `model`: any PyTree; what is not free keeps its value.
    - `priors`: a numpyro distribution for each name of a leaf, glob (`*` matches dots too) or function of the model
      that returns leaves. One of a single number serves every element of an array, independently.
    - `ties`: leaves that follow: `{"b": "a"}` for a free `"a"`, or `{"b": function}` of the dict of all free values. A
      function of two arguments is given the model, too, which has the free values, and in what is tied its old ones. A
      glob passes over its own source: `{"terms.*.index": "terms.a.index"}`.

    **Raises:** `ValueError` for a pattern that matches nothing, a leaf matched twice, a name that no file of draws can
    hold (`"a/b"`, `""`), a prior of the wrong shape or an empty range, a start outside the support;
    `TypeError` for a leaf that is no array of real numbers, a prior that is none, priors that are no dict.

    **Warns:** `BoundsWarning` for a prior of finite range that reaches beyond the physical bounds of the parameter.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
        >>> space.initial
        {'magnetic_field.b0': Array(1.2, dtype=float64...)}
        >>> space.replace({"magnetic_field.b0": 2.0}).magnetic_field.b0
        Array(2., dtype=float64...)
        >>> space.summary()
        parameter          unit  shape  value  prior                    bounds
        -----------------  ----  -----  -----  -----------------------  ------
        magnetic_field.b0  uG    ()     1.2    Uniform(low=0, high=10)
    """

    model: Any
    priors: tuple[Any, ...]
    names: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)
    ends: tuple[Bounds, ...] = eqx.field(static=True)
    ties: tuple[Tie, ...] = eqx.field(static=True)
    _positions: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, model: Any, priors: Mapping[Pattern, Any], ties: Mapping[str, str | Function] | None = None):
        check_kind("priors", priors, Mapping, 'a dict of distributions by name, e.g. {"magnetic_field.b0": ...}')
        leaves = find_leaves(model)
        found: dict[str, Any] = {}
        for pattern, prior in priors.items():
            for name in match(pattern, model, leaves):
                if name in found:
                    raise ValueError(f"{name} is matched twice, the second time by {pattern!r}: give it one prior.")
                leaf = leaves[name]
                found[name] = confine(check_prior(prior, name, leaf.value.shape), name, leaf.metadata)
        if not found:
            raise ValueError("priors is empty: name at least one free parameter.")
        check_names({name: leaves[name].value.shape for name in found})
        model = jax.tree.map(lambda leaf: leaf, model)  # its own dicts, with the leaves that were checked
        self.model, self.names, self.priors = model, tuple(found), tuple(found.values())
        self.units = tuple(leaves[name].metadata.get("unit", "") for name in self.names)
        self.ends = tuple(limits(leaves[name].metadata) for name in self.names)
        self._positions = tuple(leaves[name].position for name in self.names)
        self.ties = check_ties({} if ties is None else ties, model, leaves, self.names)
        for name, prior, unit in zip(self.names, self.priors, self.units, strict=True):
            check_start(prior, name, leaves[name].value, unit)

    def _each(self) -> Iterator[tuple[str, Any]]:
        return zip(self.names, self.priors, strict=True)

    @property
    def initial(self) -> Values:
        """The values that the model has."""
        leaves = jax.tree.leaves(self.model)
        return {name: leaves[place] for name, place in zip(self.names, self._positions, strict=True)}

    @property
    def labels(self) -> list[str]:
        """A name for every number: `b0`, `arms[3]`."""
        return labels(self.initial, self.names)

    @property
    def symbols(self) -> tuple[str, ...]:
        """How formulas write each parameter, as its field declares it, `""` where it does not."""
        leaves = find_leaves(self.model)
        return tuple(leaves[name].metadata.get("symbol", "") for name in self.names)

    @property
    def size(self) -> int:
        """How many numbers are free, those that are held by `pin` not among them."""
        return sum(value.size for value in self.initial.values()) - int(np.sum(self.held))

    @property
    def held(self) -> np.ndarray:
        """Which of the numbers that `labels` names `pin` holds, (n,)."""
        pairs = zip(self.initial.values(), self.priors, strict=True)
        return np.concatenate([np.isin(np.arange(value.size), list(held(prior))) for value, prior in pairs])

    def at_edge(self, unconstrained: Given) -> dict[str, Array]:
        """Which elements lie at an edge of a prior of finite range: within 3e-4 of the range."""
        values = self.to_constrained(unconstrained)
        return {name: at_edge(prior, values[name], jnp.asarray(unconstrained[name])) for name, prior in self._each()}

    def inwards(self, values: Given) -> Values:
        """All free parameters, those on an end of their prior moved inside: where a fit can start.

        By a hundredth of the range of the prior; where that is infinite, of the standard deviation, or of 1 without.

        **Raises:** as `replace`.
        """
        complete = self.complete(values)
        return {name: inwards(prior, complete[name]) for name, prior in self._each()}

    def pin(self, label: str, value: Any) -> "ParameterSpace":
        """The same parameters, of which one number is held at a value: unconstrained numbers are those of the others.

        **Arguments:** `label`: of `labels`, e.g. `"b0"`, `"arms[3]"`; `value`: within its prior; the model has it, too.

        **Raises:** `ValueError` for a label that is none, numbers that depend on each other, a value out of range.

        !!! example
            >>> import numpyro.distributions as dist
            >>> space = sl.ParameterSpace({"x": jnp.zeros(3)}, {"x": dist.Normal(0.0, 1.0)}).pin("x[1]", 5.0)
            >>> space.to_constrained({"x": jnp.ones(2)})
            {'x': Array([1., 5., 1.], dtype=float64)}
        """
        name, place = self.find(label)
        start, at = filled(self.initial[name], {place: value}), self.names.index(name)
        prior = pinned(self.priors[at], name, place, start, self.units[at])
        both = self.replace({name: start}), (*self.priors[:at], prior, *self.priors[at + 1 :])
        return eqx.tree_at(lambda space: (space.model, space.priors), self, both)

    def find(self, label: str) -> tuple[str, int]:
        """The parameter that a label is of, and its place in the ravelled array.

        **Raises:** `ValueError` for a label that is none.
        """
        known = [(name, place) for name, value in self.initial.items() for place in range(value.size)]
        found = dict(zip(self.labels, known, strict=True))
        if label not in found:
            raise ValueError(f"{label!r} is no free number. {nearest(label, found)}")
        return found[label]

    def replace(self, values: Given) -> Any:
        """The model with these values; parameters left out keep theirs, ties follow.

        **Raises:** `ValueError` for a name that is not free, a value of another shape, or one beyond the physical
        bounds of its parameter.
        """
        values = self.complete(values)
        for name, ends, unit in zip(self.names, self.ends, self.units, strict=True):
            refuse_beyond(values[name], ends, name, unit)
        return jax.tree.unflatten(jax.tree.structure(self.model), self._replaced(values))

    def _replaced(self, values: Values) -> list[Any]:
        """The leaves of the model with these values, and with what follows them."""
        leaves, structure = jax.tree.flatten(self.model)
        for name, place in zip(self.names, self._positions, strict=True):
            leaves[place] = values[name]
        model = jax.tree.unflatten(structure, leaves) if self.ties else None
        for tie in self.ties:
            leaves[tie.position] = jnp.asarray(tie(values, model), leaves[tie.position].dtype)
        return leaves

    def free(self) -> Any:
        """The model with `True` for the leaves that are free or tied to some that are, `False` for the others."""
        flags: list[Any] = []

        def probe(values: Values) -> None:
            flags.append(jax.tree.map(lambda leaf: not is_concrete(leaf), self.replace(values)))

        jax.eval_shape(probe, self.initial)
        return flags[0]

    def complete(self, values: Given) -> Values:
        """All free parameters as arrays: those of `values`, and what the model has of the others.

        **Raises:** as `replace`.
        """
        initial, values = self.initial, self.in_units(values)
        for name, value in values.items():
            if name not in initial:
                raise ValueError(f"{name!r} is not free. {nearest(name, self.names)}")
            if np.shape(value) != initial[name].shape:
                raise ValueError(f"{name} has shape {initial[name].shape}, it was given shape {np.shape(value)}.")
        return {name: jnp.asarray(values.get(name, old), old.dtype) for name, old in initial.items()}

    def in_units(self, values: Given) -> Given:
        """Plain numbers of constrained values, of which some may be astropy quantities.

        **Raises:** `ValueError` for a wrong dimension, `TypeError` for what is no dict by name, as a model.
        """
        refuse_units(values=values)  # as a whole
        if not isinstance(values, Mapping):
            raise TypeError(
                f"values is a {type(values).__name__}: give a dict of constrained values by name, such as "
                "result.parameters or {name: number}; what is left out is the model's, {} takes it as it is."
            )
        known = dict(zip(self.names, self.units, strict=True))
        return {name: strip_unit(value, known.get(name), name) for name, value in values.items()}

    def sample(self, key: jax.Array) -> Values:
        """Values drawn from the priors, anew where what follows them is beyond its bounds.

        **Raises:** `ValueError` for a prior that cannot be drawn from.
        """
        return self._drawn(draw, key)

    def begin(self, key: jax.Array) -> Values:
        """Values to start a fit from, drawn from the priors; of a flat space from the priors that it had.

        **Raises:** `ValueError` for a prior that cannot be drawn from.
        """
        return self._drawn(begin, key)

    def propose(self, key: jax.Array) -> Values:
        """Values drawn from the priors, whatever follows them.

        **Raises:** `ValueError` for a prior that cannot be drawn from.
        """
        return self._proposed(draw, key)

    def _drawn(self, one: Callable[..., Any], key: jax.Array) -> Values:
        if not self.ties:
            return self._proposed(one, key)
        return redrawn(lambda key: self._proposed(one, key), self.allows, key)

    def _proposed(self, one: Callable[..., Any], key: jax.Array) -> Values:
        keys = jax.random.split(key, len(self.names))
        drawn = zip(self._each(), keys, strict=True)
        return self.complete({name: one(prior, name, k) for (name, prior), k in drawn})

    def allows(self, values: Values) -> Bool[Array, ""]:
        """Whether what is tied keeps its physical bounds."""
        return within(self.ties, self._replaced(values)) if self.ties else jnp.asarray(True)

    def flat(self) -> "ParameterSpace":
        """The same parameters with priors that are constant over the support of those here, and improper."""
        return eqx.tree_at(lambda space: space.priors, self, tuple(map(flattened, self.priors)))

    def log_prior(self, values: Given) -> Float[Array, ""]:
        """The logarithm of the prior density in the constrained parameters; -inf outside, and of ties beyond bounds."""
        complete = self.complete(values)
        total = _total([log_density(prior, complete[name]) for name, prior in self._each()])
        return jnp.where(self.allows(complete), total, -jnp.inf) if self.ties else total

    def to_unconstrained(self, values: Given) -> Values:
        """Unconstrained numbers u, by name, of constrained values."""
        complete = self.complete(values)
        return {name: unconstrain(prior, complete[name]) for name, prior in self._each()}

    def to_constrained(self, unconstrained: Given) -> Values:
        """Constrained values of unconstrained numbers.

        **Raises:** `ValueError` for names that are missing or not free.
        """
        if set(unconstrained) != set(self.names):
            raise ValueError(f"to_constrained needs exactly {', '.join(self.names)}, not {', '.join(unconstrained)}.")
        return self.complete({name: constrain(prior, jnp.asarray(unconstrained[name])) for name, prior in self._each()})

    def log_jacobian(self, unconstrained: Given) -> Float[Array, ""]:
        """log |det d theta/d u| of the way from unconstrained numbers to constrained values."""
        return _total([log_jacobian(prior, jnp.asarray(unconstrained[name])) for name, prior in self._each()])

    def residuals(self, values: Given) -> Float[Array, " n"] | None:
        """r with log prior = const - r.r/2; empty for flat priors, `None` unless all are Gaussian or flat."""
        complete = self.complete(values)
        parts = [prior_residuals(prior, complete[name]) for name, prior in self._each()]
        known = [part for part in parts if part is not None]
        return jnp.concatenate(known) if len(known) == len(parts) else None

    def summary(self) -> Table:
        """A table of the free parameters: name, unit, shape, value, prior, physical bounds, and ties."""
        return summary(self)


def _total(terms: list[Float[Array, ""]]) -> Float[Array, ""]:
    return jnp.sum(jnp.stack(terms))
