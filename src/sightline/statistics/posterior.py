import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._core.module import is_concrete
from .._core.units import strip_unit
from ..parameters import ParameterSpace, Table
from .alike import Results, joined, kinds, listed, over
from .likelihood import AbstractLikelihood, other_data, whitened
from .regularisers import AbstractRegulariser
from .twice import check_twice

Values = Mapping[str, Any]


def _as_tuple(items: Any) -> tuple[Any, ...]:
    return tuple(items) if isinstance(items, Sequence) else (items,)


def _of_values(method: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled method of constrained values, whose units a compiler would drop."""
    compiled = eqx.filter_jit(method)

    @functools.wraps(method)
    def call(self: Any, values: Values, *arguments: Any, **options: Any) -> Any:
        return compiled(self, self.space.in_units(values), *arguments, **options)

    return call


def _of_unconstrained(method: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled method of unconstrained numbers, which have no unit."""
    compiled = eqx.filter_jit(method)

    @functools.wraps(method)
    def call(self: Any, unconstrained: Values) -> Any:
        return compiled(self, {name: strip_unit(value, "", name) for name, value in unconstrained.items()})

    return call


class Posterior(eqx.Module):
    """The probability density of the free parameters given all data.

    log p(theta | d) = sum log L + log prior + regularisers + const.

    Functions of `values` take constrained parameters, a flat dict of which parameters left out keep the model's value;
    `log_density` takes unconstrained ones. Each is compiled once: data and geometry are arguments, so that a posterior
    of other data of the same shape compiles nothing anew, and likelihoods that differ in arrays and names alone share
    what is compiled, in one body that runs for each. Memory is that of the simulator, also in reverse mode.

    **Arguments:**

    - `space`: the free parameters and their priors.
    - `likelihoods`: one, or several, which are independent; all of the one model.
    - `regularisers`: e.g. `sl.Smoothness`, `sl.DivergencePenalty`.

    **Raises:** `TypeError` for what is none of these; `ValueError` where the model does not give what the data need,
    sightlines hold what is free, or the same data or regulariser would count twice.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
        >>> posterior = sl.Posterior(space, [sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")])
        >>> float(posterior.log_likelihood({"magnetic_field.b0": 1.2}) - posterior.log_likelihood({})), posterior.size
        (0.0, 1536)
        >>> gradient = jax.grad(posterior.log_density)(space.to_unconstrained(space.initial))
        >>> round(float(gradient["magnetic_field.b0"]), 4)
        0.76
    """

    space: ParameterSpace
    likelihoods: tuple[AbstractLikelihood, ...] = eqx.field(converter=_as_tuple)
    regularisers: tuple[AbstractRegulariser, ...] = eqx.field(default=(), converter=_as_tuple)

    def __check_init__(self) -> None:
        _check_kind("space", (self.space,), ParameterSpace)
        _check_kind("likelihoods", self.likelihoods, AbstractLikelihood)
        _check_kind("regularisers", self.regularisers, AbstractRegulariser)
        if not self.likelihoods:
            raise ValueError("likelihoods is empty: give at least one.")
        check_twice(self.likelihoods, self.regularisers)
        free = self.space.free() if all(map(is_concrete, jax.tree.leaves(self.space.model))) else None
        for likelihood in self.likelihoods:
            if free is not None:
                likelihood.check(free)
                likelihood.examine(self.space.model)
            # in a closure, so that the frequencies of data are known and compared with those of the instruments
            eqx.filter_eval_shape(lambda model, one=likelihood: one.mean(model), self.space.model)

    @property
    def size(self) -> int:
        """How many data there are."""
        return sum(likelihood.size for likelihood in self.likelihoods)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the likelihoods by which results go: `rm`, and `rm_2` for the next of that name."""
        names: dict[str, None] = {}
        for one in self.likelihoods:
            name, count = one.name, 2
            while name in names:
                name, count = f"{one.name}_{count}", count + 1
            names[name] = None
        return tuple(names)

    @_of_unconstrained
    def log_density(self, unconstrained: Values) -> Float[Array, ""]:
        """The density of unconstrained parameters, with the Jacobian: what samplers want."""
        return self._log_posterior(self.space.to_constrained(unconstrained)) + self.space.log_jacobian(unconstrained)

    @_of_values
    def log_posterior(self, values: Values) -> Float[Array, ""]:
        """The density of the parameters themselves: what fits maximise."""
        return self._log_posterior(values)

    @_of_values
    def log_batch(self, values: Values, key: jax.Array, batch: int) -> Float[Array, ""]:
        """An unbiased estimate of `log_posterior` from a batch of pixels or sources of each likelihood, at random.

        **Raises:** `ValueError` for a likelihood that has no batches.
        """
        model, keys = self.space.replace(values), jax.random.split(key, len(self.likelihoods))

        def estimate(one: AbstractLikelihood, draw: jax.Array) -> Float[Array, ""]:
            size = one.data.shape[-1]
            if size <= batch:
                return one.log_likelihood(model)
            index = jax.random.choice(draw, size, (batch,), replace=False)
            return size / batch * one.batch(index).log_likelihood(model)

        return self._with_prior(_total(over(self.likelihoods, estimate, keys)), values, model)

    @_of_values
    def log_prior(self, values: Values) -> Float[Array, ""]:
        """The logarithm of the prior."""
        return self.space.log_prior(values)

    @_of_values
    def log_likelihood(self, values: Values) -> Float[Array, ""]:
        """The sum of the log-likelihoods."""
        return self._log_likelihood(self.space.replace(values))

    @_of_values
    def pointwise(self, values: Values) -> dict[str, Array]:
        """The log-likelihood of every datum, by the name of the likelihood."""
        model = self.space.replace(values)
        return self._by_name(over(self.likelihoods, lambda one: one.pointwise(model)))

    @_of_values
    def deviances(self, values: Values) -> dict[str, Array]:
        """chi^2 or Cash's statistic, by the name of the likelihood."""
        model = self.space.replace(values)
        return self._by_name(over(self.likelihoods, lambda one: one.deviance(model)))

    @_of_values
    def residuals(self, values: Values) -> Float[Array, " n"]:
        """r with log p = const - r.r/2: whitened data of all likelihoods, then Gaussian priors and regularisers.

        **Raises:** `ValueError` where likelihoods, priors or regularisers are not Gaussian.
        """
        model = self.space.replace(values)
        data = joined(over(self.likelihoods, lambda one: whitened(one, model)))
        return jnp.concatenate([part.astype(data[0].dtype) for part in (*data, *self.gaussian(values))])

    def gaussian(self, values: Values) -> list[Array]:
        """Residuals of priors and regularisers alone.

        **Raises:** `ValueError` where they are not Gaussian.
        """
        prior = self.space.residuals(values)
        if prior is None:
            raise ValueError(
                "A prior is neither Gaussian nor flat: use a method that needs only the density, sl.BFGS()."
            )
        return [prior, *self._extra(self.space.replace(values))]

    @_of_values
    def information(self, values: Values) -> Float[Array, " m"]:
        """Numbers whose Jacobian gives the Fisher information of the data and regularisers: F = J^T J."""
        model = self.space.replace(values)
        parts = [*joined(over(self.likelihoods, lambda one: one.information(model))), *self._extra(model)]
        return jnp.concatenate([part.astype(parts[0].dtype) for part in parts])

    @_of_values
    def predict(self, values: Values, key: jax.Array) -> dict[str, Array]:
        """Data that these values might have given, noise included, by the name of the likelihood."""
        model, keys = self.space.replace(values), jax.random.split(key, len(self.likelihoods))
        return self._by_name(over(self.likelihoods, lambda one, draw: one.draw(model, draw), keys))

    def replicate(self, values: Values, key: jax.Array) -> "Posterior":
        """This posterior given other data, which these values might have given."""
        drawn = self.predict(values, key)  # compiled functions sort dicts by name
        return self._of([drawn[name] for name in self.names])

    def given(self, data: Sequence[Array]) -> "Posterior":
        """This posterior given other data, one array a likelihood, of the same shapes.

        **Raises:** `ValueError` for another number of arrays or other shapes, and data that are not finite or that the
        noise does not know, as counts that are negative.
        """
        given = list(data)
        if len(given) != len(self.likelihoods):
            raise ValueError(
                f"given: {len(given)} arrays for {len(self.likelihoods)} likelihoods: give a list, one array for each."
            )
        found = [other_data(one, values) for one, values in zip(self.likelihoods, given, strict=True)]
        return self._of(found)

    def _of(self, data: list[Any]) -> "Posterior":
        return eqx.tree_at(lambda p: [one.data for one in p.likelihoods], self, data)

    def hold(self) -> "Posterior":
        """This posterior with the fields that have no free parameter evaluated once, in every cell of its maps.

        Fields, or terms of their sums, are then looked up and not computed: the same numbers, in less time, for the
        memory of one number per component, cell and ray. Line integrals, such as RM, are computed as before.

        **Raises:** `TypeError` for a model that is no `Simulator` or `Model`.

        !!! example
            >>> import numpyro.distributions as dist
            >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
            >>> posterior = sl.Posterior(space, sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5)).hold()
        """
        shared: dict[Any, Any] = {}
        model, free = self.space.model, self.space.free()
        likelihoods = tuple(one.hold(model, free, shared) for one in self.likelihoods)
        return eqx.tree_at(lambda one: one.likelihoods, self, likelihoods)

    def flat(self) -> "Posterior":
        """The likelihood alone: what `sl.fit` makes of it is the maximum of the likelihood.

        Every prior is constant over its support, which ends at the physical bounds of its parameter, and improper, so
        that no samples can be drawn from it; starts of fits are drawn from the priors. Regularisers are left out, too.

        !!! example
            >>> import numpyro.distributions as dist
            >>> space = sl.ParameterSpace({"rate": jnp.asarray(1.0)}, {"rate": dist.HalfNormal(1.0)})
            >>> counts = sl.Likelihood(lambda model: model["rate"] * jnp.ones(2), [4, 6], sl.statistics.Poisson())
            >>> posterior = sl.Posterior(space, counts)
            >>> [round(float(sl.fit(one).parameters["rate"]), 3) for one in (posterior, posterior.flat())]
            [2.317, 5.0]
        """
        return Posterior(self.space.flat(), self.likelihoods)

    def has_residuals(self) -> bool:
        """Whether it is a sum of squares."""
        shapes = eqx.filter_eval_shape(
            lambda self: (
                [one.residuals(self.space.model) for one in (*kinds(self.likelihoods), *self.regularisers)]
                + [self.space.residuals(self.space.initial)]
            ),
            self,
        )
        return all(shape is not None for shape in shapes)

    def summary(self) -> Table:
        """A table of the likelihoods; `space.summary()` is that of the parameters."""
        named = zip(self.names, self.likelihoods, strict=True)
        rows = [[name, str(one.data.shape), one.describe()] for name, one in named]
        return Table(["likelihood", "data", "noise"], rows)

    def _by_name(self, results: list[Results]) -> dict[str, Array]:
        return dict(zip(self.names, listed(results), strict=True))

    def _extra(self, model: Any) -> list[Array]:
        """Residuals of the regularisers."""
        found = [one.residuals(model) for one in self.regularisers]
        for one, residuals in zip(self.regularisers, found, strict=True):
            if residuals is None:
                raise ValueError(
                    f"{type(one).__name__} is no sum of squares: use a method that needs only the density."
                )
        return [residuals for residuals in found if residuals is not None]

    def _log_likelihood(self, model: Any) -> Float[Array, ""]:
        return _total(over(self.likelihoods, lambda one: one.log_likelihood(model)))

    def _log_posterior(self, values: Values) -> Float[Array, ""]:
        model = self.space.replace(values)
        return self._with_prior(self._log_likelihood(model), values, model)

    def _with_prior(self, likelihood: Float[Array, ""], values: Values, model: Any) -> Float[Array, ""]:
        """The log-likelihood plus prior and regularisers."""
        extra = [one.log_density(model) for one in self.regularisers]
        parts = (likelihood, self.space.log_prior(values), *extra)
        return jnp.sum(jnp.stack([part.astype(likelihood.dtype) for part in parts]))


def _total(results: list[Results]) -> Float[Array, ""]:
    return jnp.sum(jnp.concatenate(joined(results)))


def _check_kind(name: str, items: tuple[Any, ...], kind: type) -> None:
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{name}: {item!r} is no {kind.__name__}.")
