import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._core.module import default_float, is_concrete
from .._core.units import numbers
from ..parameters import Table
from . import hooks
from .layout import Layout
from .noise import AbstractNoise, Data, Terms, unit_of
from .one_pass import Piece, total
from .squares import Normal


def _as_data(values: Any, unit: str | None, name: str) -> Any:
    if isinstance(values, jax.ShapeDtypeStruct) or not is_concrete(values):
        return values
    return jnp.asarray(numbers(values, unit, f"data of Likelihood {name!r}"), default_float())


def other_data(likelihood: "AbstractLikelihood", values: Any) -> Any:
    """Other data for a likelihood, in the unit of what it observes.

    **Raises:** `ValueError` for another shape, and for known data that are not finite or that the noise does not know.
    """
    old = likelihood.data
    if not isinstance(old, jax.Array | np.ndarray):
        return values
    found = jnp.asarray(_as_data(values, unit_of(likelihood.observable), likelihood.name), old.dtype)
    if found.shape != old.shape:
        raise ValueError(f"Likelihood {likelihood.name!r}: data of shape {found.shape}, where they were {old.shape}.")
    if is_concrete(found):
        if not np.all(np.isfinite(found)):
            raise ValueError(f"Likelihood {likelihood.name!r}: data are not finite: leave them out.")
        likelihood.noise.check(found)
    return found


class AbstractLikelihood(eqx.Module):
    """What a posterior asks of data and their probability; an observable that has pixels has them on its last axis.

    !!! example
        >>> issubclass(sl.Likelihood, sl.statistics.AbstractLikelihood)
        True
    """

    observable: eqx.AbstractVar[Callable[[Any], Array]]
    data: eqx.AbstractVar[Data]
    noise: eqx.AbstractVar[AbstractNoise]
    kept: eqx.AbstractVar[Int[Array | np.ndarray, " n"] | None]
    name: eqx.AbstractVar[str]
    notes: eqx.AbstractVar[tuple[tuple[str, str], ...]]

    @property
    def size(self) -> int:
        """How many data there are."""
        return self.data.size

    @property
    def axis(self) -> str | None:
        """The name of the last axis of the data, where the observable says it."""
        return getattr(self.observable, "axis", None)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """Where data of a shape are, `kept` of those of the observable, where that says it."""
        hook = getattr(self.observable, "layout", None)
        return None if hook is None else hook(kept, shape)

    @property
    def linear_parameters(self) -> int:
        """How many parameters the observable solves for that are no leaves of the model."""
        return getattr(self.observable, "linear_parameters", 0)

    def eliminated(self, model: Any) -> int:
        """How many parameters are solved for, given a model, that are none of its leaves."""
        del model
        return self.linear_parameters

    def examine(self, model: Any) -> None:
        """Refuses a model for which the observable cannot be right."""
        hooks.examine(self.observable, model, self.name)

    def log_likelihood(self, model: Any) -> Float[Array, ""]:
        """The logarithm of the probability density of the data; its gradient takes one pass over them, if it can."""
        split = self.split(model)
        return jnp.sum(self.pointwise(model)) if split is None else total(*split)

    def split(self, model: Any) -> "tuple[Any, tuple[Piece, ...]] | None":
        """The model, its global work done, and likelihoods of parts of the pixels with how many to take at a time.

        By default `None`: all must be predicted at once.
        """
        del model
        return None

    def normal(self, model: Callable[[Array], Any], vector: Array) -> Normal | None:
        """The half sum of squares with gradient and curvature, where they are cheaper than by residuals.

        **Arguments:** `model`: from the vector of free numbers to the model; `vector`: (n,), where.

        By default `None`: the Jacobian of `residuals` serves.
        """
        del model, vector
        return None

    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "AbstractLikelihood":
        """The likelihood, whose observable holds what it can of a model that is not free.

        **Arguments:** `free`: the model with `True` for the leaves that are free; `shared`: for what several hold.
        """
        return eqx.tree_at(lambda one: one.observable, self, hooks.hold(self.observable, model, free, shared))

    def check(self, free: Any) -> None:
        """Refuses free leaves that the observable holds, and warns of what the data cannot tell."""
        hooks.check(self.observable, free, self.name)

    def place(self, pixel: int) -> str:
        """Where a datum is, by its place on the last axis of the data, in words, or nothing."""
        return hooks.place(self.observable, pixel if self.kept is None else int(self.kept[pixel]))

    def summary(self) -> Table:
        """A table of what is compared with what."""
        extent = f"{float(jnp.min(self.data)):.4g} ... {float(jnp.max(self.data)):.4g}"
        rows = [["observable", getattr(self.observable, "__name__", type(self.observable).__name__)]]
        rows += [["data", f"{self.data.shape}, {extent}"], ["noise", self.describe()], *map(list, self.notes)]
        return Table(["likelihood", self.name], rows)

    @abc.abstractmethod
    def mean(self, model: Any) -> Data:
        """What the model predicts for the data."""

    @abc.abstractmethod
    def pointwise(self, model: Any) -> Terms:
        """The log-likelihood of each datum, or of each group of data that is independent of the others."""

    @abc.abstractmethod
    def deviance(self, model: Any) -> Float[Array, ""]:
        """What chi^2 is for a Gaussian."""

    @abc.abstractmethod
    def residuals(self, model: Any) -> Data | None:
        """Whitened residuals, model minus data, with log L = const - r.r/2; `None` where there are none."""

    @abc.abstractmethod
    def normalised(self, model: Any) -> Data:
        """J (d - m), with J^T J the Fisher information of the mean: of unit variance for a good model."""

    @abc.abstractmethod
    def information(self, model: Any) -> Float[Array, " m"]:
        """Numbers whose Jacobian gives the Fisher information: F = J^T J."""

    @abc.abstractmethod
    def draw(self, model: Any, key: Array) -> Data:
        """Data that the model might have given, at random."""

    @abc.abstractmethod
    def batch(self, index: Int[Array, " m"]) -> "AbstractLikelihood":
        """The likelihood of some of the pixels or sources."""

    @abc.abstractmethod
    def describe(self) -> str:
        """The noise in words."""


class Likelihood(AbstractLikelihood):
    """The probability of data given a model: log L(model) = log p(data | observable(model)).

    `sl.MapLikelihood`, `sl.BinnedLikelihood` and `sl.SourceLikelihood` build it for maps, bins and catalogues.

    **Arguments:**

    - `observable`: from a model to an array, pixels or sources on its last axis: one of `sl.observables`,
      `sl.statistics.Brightness`, or any function.
    - `data`: in the unit of the observable; astropy quantities where that is known, as of RM, DM and EM.
    - `noise`: one of `sl.statistics`: `Gaussian`, `StudentT`, `Correlated`, `Poisson`.
    - `kept`: places on the last axis of the observable that the data are of; `None`: all.
    - `name`, `notes`: for the summary.

    **Raises:** `ValueError` for data that are empty or not finite, or noise that does not fit; `TypeError` for what is
    no noise.

    !!! example
        >>> counts = sl.statistics.Likelihood(lambda rate: rate * jnp.ones(3), [3.0, 5.0, 4.0], sl.statistics.Poisson())
        >>> counts.log_likelihood(jnp.asarray(4.0))
        Array(-5..., dtype=float64)
    """

    observable: Callable[[Any], Array]
    data: Data
    noise: AbstractNoise
    kept: Int[Array | np.ndarray, " n"] | None
    name: str = eqx.field(static=True)
    notes: tuple[tuple[str, str], ...] = eqx.field(static=True)

    def __init__(
        self,
        observable: Callable[[Any], Array],
        data: Any,
        noise: AbstractNoise,
        kept: Any = None,
        name: str = "data",
        notes: tuple[tuple[str, str], ...] = (),
    ):
        self.observable, self.data = observable, _as_data(data, unit_of(observable), name)
        kept = np.array(kept) if isinstance(kept, (list, tuple, np.ndarray)) else kept
        self.noise, self.kept, self.name, self.notes = noise, kept, name, notes

    def __check_init__(self) -> None:
        kept = self.kept
        if kept is not None and is_concrete(kept):
            places = np.asarray(kept)
            if places.dtype.kind not in "iu" or np.any(places < 0) or np.unique(places).size < places.size:
                raise ValueError(
                    f"Likelihood {self.name!r}: kept must be places, whole numbers from 0, each once; of a mask they "
                    "are np.flatnonzero(mask)."
                )
        if not callable(self.observable):
            raise TypeError(
                f"Likelihood {self.name!r}: observable = {self.observable!r}: give a function of the model."
            )
        if not isinstance(self.noise, AbstractNoise):
            raise TypeError(
                f"Likelihood {self.name!r}: noise = {self.noise!r} is no noise: give one of sl.statistics, e.g. "
                "Gaussian(sigma) with one sigma a datum."
            )
        if not is_concrete(self.data):
            return
        if not self.data.size:
            raise ValueError(f"Likelihood {self.name!r}: data are empty.")
        bad = int(np.sum(~np.isfinite(self.data)))
        if bad:
            raise ValueError(
                f"Likelihood {self.name!r}: {bad} of {self.data.size} data are not finite: leave them out."
            )
        self.noise.check(self.data)

    def mean(self, model: Any) -> Data:
        """What the model predicts for the data.

        **Raises:** `ValueError` where it has another shape.
        """
        values = jnp.asarray(self.observable(model)).astype(self.data.dtype)
        values = values if self.kept is None else values.at[..., self.kept].get(mode="fill", fill_value=jnp.nan)
        if values.shape != self.data.shape:
            raise ValueError(
                f"Likelihood {self.name!r}: the model gives {values.shape}, the data are {self.data.shape}."
            )
        return values

    def pointwise(self, model: Any) -> Terms:
        """The log-likelihood of each datum, or of each pixel where its Stokes parameters are correlated."""
        return self.noise.pointwise(self.mean(model), self.data, model)

    def split(self, model: Any) -> tuple[Any, tuple[Piece, ...]] | None:
        """See `AbstractLikelihood`: where observable, noise and model are separable and something is traced."""
        traced = self.noise.by_pixel and not all(map(is_concrete, jax.tree.leaves(model)))
        split = hooks.split(self.observable, model) if traced else None
        if split is None or (self.kept is not None and len(split.parts) > 1):
            return None
        places = [part.places if self.kept is None else self.kept for part in split.parts]
        if sum(one.shape[0] for one in places) != self.data.shape[-1]:  # `mean` says what is wrong
            return None
        return split.model, tuple(Piece(self._part(part), part.size, part.mesh) for part in split.parts)

    def _part(self, part: hooks.Part) -> "Likelihood":
        if self.kept is not None:
            return Likelihood(part.observable.restrict(self.kept), self.data, self.noise, None, self.name)
        data, noise = self.data[..., part.places], self.noise.restrict(part.places)
        return Likelihood(part.observable, data, noise, None, self.name)

    def deviance(self, model: Any) -> Float[Array, ""]:
        """chi^2 for Gaussian noise, Cash's statistic for counts."""
        return self.noise.deviance(self.mean(model), self.data, model)

    def residuals(self, model: Any) -> Data | None:
        """Whitened residuals, model minus data, with log L = const - r.r/2; `None` where there are none."""
        return self.noise.residuals(self.mean(model), self.data)

    def normalised(self, model: Any) -> Data:
        """J (d - m), with J^T J the Fisher information of the mean: (d - m)/sigma for Gaussian noise."""
        mean, background = self.mean(model), self.noise.background
        away = self.data - mean if background is None else self.data - mean - background
        _, normal = jax.jvp(lambda m: self.noise.information(m, model)[0], (mean,), (away,))
        return normal

    def information(self, model: Any) -> Float[Array, " m"]:
        """Numbers whose Jacobian gives the Fisher information: F = J^T J."""
        return jnp.concatenate([part.ravel() for part in self.noise.information(self.mean(model), model)])

    def draw(self, model: Any, key: Array) -> Data:
        """Data that the model might have given, at random."""
        return self.noise.draw(self.mean(model), model, key)

    def batch(self, index: Int[Array, " m"]) -> "Likelihood":
        """The likelihood of some of the pixels or sources: only these are simulated.

        **Raises:** `ValueError` where all must be simulated to have some: behind an instrument, or in bins.
        """
        observable = hooks.restrict(self.observable, index) if self.kept is None else None
        if observable is None:
            raise ValueError(
                f"Likelihood {self.name!r} has no batches: behind an instrument, in bins, at fitted distances or with "
                "an observable of your own all pixels must be simulated to have some."
            )
        return Likelihood(observable, self.data[..., index], self.noise.restrict(index), None, self.name)

    def describe(self) -> str:
        """The noise in words."""
        return self.noise.describe()


def whitened(likelihood: AbstractLikelihood, model: Any) -> Array:
    """Residuals as a vector, refused where there are none."""
    residuals = likelihood.residuals(model)
    if residuals is None:
        raise ValueError(
            f"{type(likelihood).__name__} {likelihood.name!r} of {type(likelihood.noise).__name__} noise has no "
            "residuals, as it is no Gaussian of known width. Use a method that needs only the density, e.g. sl.BFGS()."
        )
    return jnp.ravel(residuals)
