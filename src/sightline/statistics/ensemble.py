import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from .._core.module import is_concrete, walk
from ..fields import AbstractTurbulent
from .likelihood import AbstractLikelihood, Likelihood
from .noise import AbstractNoise, Data, Gaussian, Terms
from .shrinkage import ShrunkCovariance


class EnsembleLikelihood(AbstractLikelihood):
    """The likelihood of data that are one realisation of a turbulent model: what others would give counts as variance.

    log L = -(d - m).C^-1 (d - m)/2 - log |2 pi C|/2,  C = V + rho F + (1 - rho) S,

    with m and S the mean and covariance (N - 1 degrees of freedom) of what N realisations of the model predict, V the
    noise, and F diagonal: in each row of the data, a Stokes parameter at a frequency, the mean of its variances in S.
    rho is the oracle-approximating shrinkage of S to F. The error of m itself, C/N, is left out.

    The latents of all turbulent fields of the model are replaced by standard normal numbers of fixed keys, the same at
    every evaluation, so that log L is a smooth function of rms, slope, regular field and all other parameters. It
    determines the statistics of turbulence; to determine the realisation, let the latents be free in `Likelihood`.
    Realisations are simulated one after another: memory is that of one, and of the N predictions. The matrix C is
    never made. There are no residuals, since |C| varies: fits go to BFGS, and batches are refused.

    **Arguments:**

    - `likelihood`: of the data, with independent Gaussian noise: of a map, bins or sources.
    - `keys`: of the realisations, (N,), N >= 2, some tens at least.

    **Raises:** `TypeError` for what is no `Likelihood`; `ValueError` for other noise, fewer than two keys, equal ones,
    and, with the model, where that has no turbulent field.

    **Source:** Steininger et al. 2018, arXiv:1801.04341, section 3 (galactic variance); Chen et al. 2010, IEEE TSP 58,
    5016, equation 23 (shrinkage); Schaefer & Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4, 32 (diagonal targets).

    !!! example
        >>> turbulence = sl.magnetic.Turbulent((16, 16, 8), rms=2.0, outer_scale=10.0, key=jax.random.key(0))
        >>> model = sl.Simulator(turbulence, sl.electrons.ExponentialDisk())
        >>> measures = sl.observables.RotationMeasure(sl.Directions(l=[0.0, 90.0, 180.0], b=[20.0, 40.0, -60.0]))
        >>> sources = sl.SourceLikelihood(measures, data=[12.0, -7.0, 4.0], error=3.0)
        >>> ensemble = sl.EnsembleLikelihood(sources, jax.random.split(jax.random.key(1), 8))
        >>> bool(ensemble.log_likelihood(model) > sources.log_likelihood(model))
        True
    """

    likelihood: Likelihood
    keys: Key[Array, " realisations"]

    def __init__(self, likelihood: Likelihood, keys: Array):
        self.likelihood, self.keys = likelihood, keys

    def __check_init__(self) -> None:
        if not isinstance(self.likelihood, Likelihood):
            raise TypeError(f"likelihood is a {type(self.likelihood).__name__}: give a sl.Likelihood, e.g. of a map.")
        noise = self.noise
        if not isinstance(noise, Gaussian) or noise.scatter is not None:
            raise ValueError(
                f"EnsembleLikelihood of {self.name!r} needs independent Gaussian noise of known width, not "
                f"{noise.describe()}: the scatter of sources is what the realisations give."
            )
        if is_concrete(self.keys):
            _check_keys(self.keys)

    @property
    def data(self) -> Any:
        """In the unit of the observable."""
        return self.likelihood.data

    @property
    def noise(self) -> AbstractNoise:
        """Without the variance of the realisations."""
        return self.likelihood.noise

    @property
    def observable(self) -> Any:
        """From a model to an array."""
        return self.likelihood.observable

    @property
    def kept(self) -> Int[Array | np.ndarray, " n"] | None:
        """Places on the last axis of the observable that the data are of."""
        return self.likelihood.kept

    @property
    def name(self) -> str:
        """For the summary."""
        return self.likelihood.name

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """For the summary."""
        return self.likelihood.notes

    def realisations(self, model: Any) -> Float[Array, "realisations *data"]:
        """What each realisation predicts for the data.

        **Raises:** `ValueError` for a model without turbulent field.
        """
        shapes = [latents.shape for latents in turbulent_latents(model)]
        if not shapes:
            raise ValueError(
                f"EnsembleLikelihood of {self.name!r}: the model has no turbulent field, e.g. sl.magnetic.Turbulent, "
                "to draw realisations of: use its likelihood alone."
            )

        def one(key: Array) -> Data:
            pairs = zip(jax.random.split(key, len(shapes)), turbulent_latents(model), strict=True)
            drawn = [jax.random.normal(own, latents.shape, latents.dtype) for own, latents in pairs]
            return self.likelihood.mean(eqx.tree_at(turbulent_latents, model, drawn))

        return jax.lax.map(jax.checkpoint(one), self.keys)

    def mean(self, model: Any) -> Data:
        """The mean of the realisations."""
        return jnp.mean(self.realisations(model), axis=0)

    def covariance(self, model: Any) -> Float[Array, "n n"]:
        """C of all data, ravelled: only for few of them."""
        _, shrunk, unit = self._moments(model)
        spread = shrunk.deviations.reshape(len(self.keys), -1)
        matrix = jnp.diag(shrunk.diagonal.ravel()) + shrunk.weight * jnp.matmul(spread.T, spread, precision="highest")
        units = jnp.broadcast_to(unit, shrunk.noise.shape).ravel()
        return units[:, None] * matrix * units

    def pointwise(self, model: Any) -> Terms:
        """The log-likelihood of all data together, (1,): none is independent of the others."""
        (square, volume), unit = self._square(model)
        volume = volume + 2 * self.data.shape[-1] * jnp.sum(jnp.log(unit))
        return -0.5 * (square + volume + self.size * math.log(2 * math.pi))[None]

    def deviance(self, model: Any) -> Float[Array, ""]:
        """(d - m).C^-1 (d - m)."""
        return self._square(model)[0][0]

    def residuals(self, model: Any) -> None:
        """None: |C| depends on the model."""
        return None

    def normalised(self, model: Any) -> Data:
        """P (d - m), with P^T P = C^-1."""
        mean, shrunk, unit = self._moments(model)
        return shrunk.whitening()((self._rows(self.data) - mean) / unit).reshape(self.data.shape)

    def information(self, model: Any) -> Float[Array, " m"]:
        """Numbers whose Jacobian gives the Fisher information: F = J^T J, of the mean and the covariance."""
        mean, shrunk, unit = self._moments(model)
        located = shrunk.whitening()(mean / unit)
        return jnp.concatenate([part.ravel() for part in (located, *shrunk.information())])

    def draw(self, model: Any, key: Array) -> Data:
        """Data that the model might have given, at random: Gaussian, of covariance C."""
        mean, shrunk, unit = self._moments(model)
        return (mean + unit * shrunk.draw(key)).reshape(self.data.shape)

    def batch(self, index: Int[Array, " m"]) -> "EnsembleLikelihood":
        """Refused: all data are correlated.

        **Raises:** `ValueError`.
        """
        raise ValueError(f"EnsembleLikelihood of {self.name!r} has no batches: all its data are correlated.")

    def describe(self) -> str:
        """The noise in words."""
        return f"{self.noise.describe()}, and the variance of {len(self.keys)} realisations"

    def _rows(self, values: Data) -> Float[Array, "rows n"]:
        return values.reshape(-1, values.shape[-1])

    def _moments(self, model: Any) -> tuple[Array, ShrunkCovariance, Array]:
        """Mean in rows; covariance in units of each row's mean noise, lest small ones underflow; and these units."""
        drawn = self.realisations(model)
        drawn = drawn.reshape(len(drawn), -1, drawn.shape[-1])
        noise: Any = self.noise
        sigma = self._rows(noise.sigma.astype(drawn.dtype))
        unit = jnp.mean(sigma, axis=-1, keepdims=True)
        mean = jnp.mean(drawn, axis=0)
        return mean, ShrunkCovariance(jnp.square(sigma / unit), (drawn - mean) / unit), unit

    def _square(self, model: Any) -> tuple[tuple[Array, Array], Array]:
        mean, shrunk, unit = self._moments(model)
        return shrunk.square_and_log_determinant((self._rows(self.data) - mean) / unit), unit


def turbulent_latents(model: Any) -> list[Any]:
    """The white noise of every turbulent field of a model."""
    parts = walk(model) if isinstance(model, eqx.Module) else ()
    return [part.latents for _, part in parts if isinstance(part, AbstractTurbulent)]


def _check_keys(keys: Any) -> None:
    if not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key) or keys.ndim != 1 or keys.size < 2:
        raise ValueError(
            f"keys is {keys.dtype} of shape {keys.shape}: a covariance needs two realisations or more, one key each, "
            "jax.random.split(jax.random.key(0), 32)."
        )
    if len(np.unique(np.asarray(jax.random.key_data(keys)), axis=0)) < keys.size:
        raise ValueError("keys are not all different: equal ones give one realisation.")
