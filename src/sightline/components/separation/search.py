"""The choice among clusters of spectral parameters, by what noise of other seeds makes of a component."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.files import PathLike
from ..._core.module import default_float
from ..._core.units import numbers, whole
from ...inference import AbstractCriterion, ProjectedGaussNewton, fit_many
from ...parameters import ravel
from ...statistics import Posterior
from .likelihood import SpectralLikelihood


class Searched(NamedTuple):
    """What a candidate was judged by: mean variances of the component, uK_CMB^2, and its fits.

    - `train`, `validate`: over the data that were fitted, and over the others; `fits`: an `xarray.Dataset`.
    """

    train: float
    validate: float
    fits: Any

    @property
    def columns(self) -> dict[str, str]:
        """For the table of a selection: the gap is what a candidate owes to the noise that it was fitted to."""
        gap = self.validate - self.train
        return {"train": f"{self.train:.6g}", "validate": f"{self.validate:.6g}", "gap": f"{gap:.3g}"}


class ResidualVariance(AbstractCriterion):
    """The variance that is left in the map of a component, in noise that was not fitted; the smaller the better.

    Spectral parameters are fitted to each of the data sets `train`, all candidates and sets in one program, and each
    fit cleans each of the sets `validate`: too few clusters leave foregrounds, too many leave more noise. The score
    is minus the mean variance of the cleaned component, uK_CMB^2; what the component itself has is in all alike.

    **Arguments:**

    - `train`, `validate`: (sets, k, bands, n), simulations of one sky with noise of other seeds, as
      `SpectralLikelihood.to_data` gives each.
    - `component`: which; `method`, `batch`, `checkpoint`: as of `sl.fit_many`.

    **Raises:** `ValueError` for a set that is in both, or sets of other shapes.

    !!! example
        >>> import numpy as np
        >>> train, validate = np.random.default_rng(0).normal(size=(2, 3, 2, 4, 12))
        >>> rule = sl.ResidualVariance(train, validate, component="cmb", batch=2)
        >>> rule.validate.shape, rule.batch
        ((3, 2, 4, 12), 2)
    """

    train: Float[Array, "sets k bands n"]
    validate: Float[Array, "sets k bands n"]
    component: str = eqx.field(default="cmb", static=True)
    method: ProjectedGaussNewton | None = None
    batch: int = eqx.field(default=8, static=True)
    checkpoint: PathLike | None = eqx.field(default=None, static=True)

    def __init__(
        self,
        train: Any,
        validate: Any,
        component: str = "cmb",
        method: ProjectedGaussNewton | None = None,
        batch: int = 8,
        checkpoint: PathLike | None = None,
    ):
        both = (numbers(train, None, "train"), numbers(validate, None, "validate"))
        self.train, self.validate = (jnp.asarray(one, default_float()) for one in both)
        self.component, self.method, self.checkpoint = component, method, checkpoint
        self.batch = whole(batch, "batch", 1)

    def __check_init__(self) -> None:
        if self.train.ndim != 4 or self.validate.shape[1:] != self.train.shape[1:]:
            raise ValueError(
                f"ResidualVariance: train has shape {self.train.shape}, validate {self.validate.shape}: give (sets, k, "
                "bands, n), as SpectralLikelihood.to_data has each."
            )
        both = [i for i, one in enumerate(self.validate) if any(bool(jnp.all(one == other)) for other in self.train)]
        if both:
            raise ValueError(
                f"ResidualVariance: validate[{both[0]}] is one of train, too: what was fitted judges no fit. Give "
                "noise of other seeds."
            )

    def judge_all(self, posteriors: Iterable[Posterior]) -> Sequence[tuple[float, Any]]:
        """See `AbstractCriterion`."""
        built = list(posteriors)
        fits = fit_many(
            lambda place: built[place],
            range(len(built)),
            self.train,
            self.method,
            batch=self.batch,
            checkpoint=self.checkpoint,
        )
        judged = []
        for place, posterior in enumerate(built):
            values = jnp.asarray(fits["value"].values[place])
            own, other = _variances(posterior, values, self.train, self.validate, self.component)
            found = Searched(float(own), float(other), fits.isel(candidate=place))
            judged.append((-found.validate, found))
        return judged

    def judge(self, posterior: Posterior) -> tuple[float, Any]:
        """See `AbstractCriterion`."""
        return self.judge_all([posterior])[0]


@eqx.filter_jit
def _variances(
    posterior: Posterior, values: Float[Array, "fits n"], train: Array, validate: Array, component: str
) -> tuple[Array, Array]:
    """Mean variances of a component: of each set cleaned by its own fit, and of other sets cleaned by every fit."""
    (likelihood,) = posterior.likelihoods
    _, back = ravel(posterior.space.initial, posterior.space.names)

    def cleaned(vector: Array, data: Array) -> Array:
        maps = _one(likelihood, posterior.space.replace(back(vector)), data, component)
        return 1e12 * jnp.mean(jnp.var(maps, axis=-1))

    own = jax.lax.map(lambda both: cleaned(*both), (values, train))
    other = jax.lax.map(lambda vector: jax.lax.map(lambda data: cleaned(vector, data), validate), values)
    return jnp.mean(own), jnp.mean(other)


def _one(likelihood: Any, model: Any, data: Array, component: str) -> Array:
    """The map of a component of other data, (k, n) K_CMB."""
    if not isinstance(likelihood, SpectralLikelihood):
        raise TypeError(f"ResidualVariance judges sl.SpectralLikelihood, not {type(likelihood).__name__}.")
    return likelihood.cleaned(model, data, component)
