import math
import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from ..._core.fields import walk
from ..._core.module import is_concrete
from ...statistics.likelihood import AbstractLikelihood, Likelihood
from ...statistics.localised import LocalisedEnsemble
from ...statistics.noise import AbstractNoise, Data, Gaussian, Terms
from ..fields import AbstractTurbulent

LEAST, ENOUGH = 8, 32  # realisations
ABUNDANT = 4  # realisations for each datum, that tell of spectra
SPECTRAL = ("slope", "outer_scale", "anisotropy")
MOST = 2048  # data: matrices of their number squared are made


class EnsembleWarning(UserWarning):
    """The realisations are too few for errors that can be trusted."""


class EnsembleLikelihood(AbstractLikelihood):
    """The likelihood of data that are one realisation of a turbulent model: what others would give counts as variance.

    log L = mean over parts of log of the integral of N(d; m, V + c K) N(ln c; ln c_0, tau^2) d ln c

    with m the mean of what N realisations of the model predict, V the noise, and K = S o (1 - a + a R o R), the
    covariance S of three quarters of the realisations with its small correlations R damped, element by element: it has
    full rank, and keeps the correlations that the ensemble shows, whatever the data are. The other quarter calibrates
    the scale of K, as it does not fit what it is made of: c_0 is right for them on average, tau is how much they
    scatter beyond a Gaussian. So the uncertainty of the covariance, too, is in the likelihood. Each quarter has its
    turn.

    The latents of all turbulent fields of the model are replaced by standard normal numbers of fixed keys, the same at
    every evaluation, so that log L is a smooth function of rms, slope, regular field and all other parameters. It
    determines the statistics of turbulence; to determine the realisation, let the latents be free in `Likelihood`.
    Realisations are simulated one after another, in the memory of one. There are no residuals, since |C| varies: fits
    go to BFGS, and batches are refused. `draw` simulates a realisation of its own, so that `sl.sbc` tests the
    statistics.

    What is calibrated is the scale of the turbulence. 32 realisations suffice for it (`benchmarks/ensemble.py`: truth
    within 2 standard deviations as often as it should be). Nothing calibrates the shape of its spectrum: where data
    are strongly correlated and few realisations tell of their differences, those spectra are preferred whose covariance
    is known best, and errors of regular fields are up to twice too small. `Posterior` warns where slope, outer scale or
    anisotropy are free with fewer than four keys a datum.

    **Arguments:**

    - `likelihood`: of up to 2048 data, with independent Gaussian noise: of a map, bins or sources.
    - `keys`: of the realisations, (N,), N >= 8, better 32 or more.

    **Raises:** `TypeError` for what is no `Likelihood`; `ValueError` for other noise, more data, fewer than eight keys,
    equal ones, and, with the model, where that has no turbulent field.

    **Warns:** `EnsembleWarning` for fewer than 32 keys, and by `Posterior` where these are too few for what is free.

    **Source:** Steininger et al. 2018, arXiv:1801.04341, section 3 (galactic variance); Bishop & Hodyss 2007, Q. J. R.
    Meteorol. Soc. 133, 2029 (powers of correlations); Sellentin & Heavens 2016, MNRAS 456, L132 (a covariance that is
    estimated is marginalised over).

    !!! example
        >>> turbulence = sl.magnetic.Turbulent((16, 16, 8), rms=2.0, outer_scale=10.0, key=jax.random.key(0))
        >>> model = sl.Simulator(turbulence, sl.electrons.ExponentialDisk())
        >>> measures = sl.observables.RotationMeasure(sl.Directions(l=[0.0, 90.0, 180.0], b=[20.0, 40.0, -60.0]))
        >>> sources = sl.SourceLikelihood(measures, data=[12.0, -7.0, 4.0], error=3.0)
        >>> ensemble = sl.EnsembleLikelihood(sources, jax.random.split(jax.random.key(1), 32))
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
        if self.size > MOST:
            raise ValueError(
                f"EnsembleLikelihood of {self.name!r} takes up to {MOST} data, not {self.size}, whose covariance would "
                "be a matrix of their number squared: use sl.BinnedLikelihood, fewer pixels or a lower NSIDE."
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
        if not turbulent_latents(model):
            raise ValueError(
                f"EnsembleLikelihood of {self.name!r}: the model has no turbulent field, e.g. sl.magnetic.Turbulent, "
                "to draw realisations of: use its likelihood alone."
            )

        def one(key: Array) -> Data:
            return self.likelihood.mean(self._redrawn(model, key))

        return jax.lax.map(jax.checkpoint(one), self.keys)

    def mean(self, model: Any) -> Data:
        """The mean of the realisations."""
        return jnp.mean(self.realisations(model), axis=0)

    def covariance(self, model: Any) -> Float[Array, "n n"]:
        """V + c_0 K of all data, ravelled, the mean over the parts."""
        sigma = self._sigma()
        return sigma[:, None] * self._ensemble(model).covariance * sigma

    def pointwise(self, model: Any) -> Terms:
        """The log-likelihood of all data together, (1,): none is independent of the others."""
        sigma, ensemble = self._sigma(), self._ensemble(model)
        volume = jnp.sum(jnp.log(sigma)) + 0.5 * self.size * math.log(2 * math.pi)
        return (ensemble.log_density(self.data.ravel() / sigma) - volume)[None]

    def deviance(self, model: Any) -> Float[Array, ""]:
        """(d - m).C^-1 (d - m)."""
        return jnp.sum(jnp.square(self.normalised(model)))

    def residuals(self, model: Any) -> None:
        """None: |C| depends on the model."""
        return None

    def normalised(self, model: Any) -> Data:
        """P (d - m), with P^T P = C^-1."""
        ensemble = self._ensemble(model)
        return ensemble.whiten(self.data.ravel() / self._sigma() - ensemble.mean).reshape(self.data.shape)

    def information(self, model: Any) -> Float[Array, " m"]:
        """Numbers whose Jacobian gives the Fisher information: F = J^T J, of the mean and the covariance."""
        ensemble = self._ensemble(model)
        return jnp.concatenate([ensemble.whiten(ensemble.mean), ensemble.information()])

    def draw(self, model: Any, key: Array) -> Data:
        """Data that the model might have given, at random: another realisation, and noise."""
        realisation, noise = jax.random.split(key)
        return self.likelihood.draw(self._redrawn(model, realisation), noise)

    def batch(self, index: Int[Array, " m"]) -> "EnsembleLikelihood":
        """Refused: all data are correlated.

        **Raises:** `ValueError`.
        """
        raise ValueError(f"EnsembleLikelihood of {self.name!r} has no batches: all its data are correlated.")

    def describe(self) -> str:
        """The noise in words."""
        return f"{self.noise.describe()}, and the variance of {len(self.keys)} realisations"

    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "EnsembleLikelihood":
        """The likelihood, whose sightlines hold what is neither free nor drawn anew."""
        inner = self.likelihood.hold(model, _with_latents(free), shared)
        return eqx.tree_at(lambda one: one.likelihood, self, inner)

    def check(self, free: Any) -> None:
        """Refuses what its sightlines hold and is free or drawn anew; warns of spectra that so few do not determine."""
        self.likelihood.check(_with_latents(free))
        if len(self.keys) >= ABUNDANT * self.size:
            return
        parts = walk(free) if isinstance(free, eqx.Module) else ()
        turbulent = [(place, part) for place, part in parts if isinstance(part, AbstractTurbulent)]
        found = [f"{at}.{name}" for at, part in turbulent for name in SPECTRAL if getattr(part, name, None) is True]
        if found:
            warnings.warn(
                f"{', '.join(found)} free in EnsembleLikelihood {self.name!r}: {len(self.keys)} realisations of "
                f"{self.size} data tell how strong turbulence is, but prefer those spectra whose covariance they show "
                f"best. Fix these, or take {ABUNDANT * self.size} keys, and test them with sl.sbc.",
                EnsembleWarning,
                stacklevel=5,
            )

    def _redrawn(self, model: Any, key: Array) -> Any:
        """The model with other latents."""
        found = turbulent_latents(model)
        pairs = zip(jax.random.split(key, len(found)), found, strict=True)
        drawn = [jax.random.normal(own, latents.shape, latents.dtype) for own, latents in pairs]
        return eqx.tree_at(turbulent_latents, model, drawn)

    def _sigma(self) -> Float[Array, " n"]:
        noise: Any = self.noise
        return jnp.broadcast_to(noise.sigma, self.data.shape).ravel()

    def _ensemble(self, model: Any) -> LocalisedEnsemble:
        """In units of the noise of each datum."""
        drawn = self.realisations(model)
        return LocalisedEnsemble(drawn.reshape(len(drawn), -1) / self._sigma().astype(drawn.dtype)[None])


def turbulent_latents(model: Any) -> list[Any]:
    """The white noise of every turbulent field of a model."""
    parts = walk(model) if isinstance(model, eqx.Module) else ()
    return [part.latents for _, part in parts if isinstance(part, AbstractTurbulent)]


def _with_latents(free: Any) -> Any:
    """`free` with `True` for the white noise that is drawn anew."""
    found = turbulent_latents(free)
    return eqx.tree_at(turbulent_latents, free, [True] * len(found)) if found else free


def _check_keys(keys: Any) -> None:
    if not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key) or keys.ndim != 1 or keys.size < LEAST:
        raise ValueError(
            f"keys is {keys.dtype} of shape {keys.shape}: a covariance and its error need {LEAST} realisations or "
            f"more, one key each, jax.random.split(jax.random.key(0), {ENOUGH})."
        )
    if len(np.unique(np.asarray(jax.random.key_data(keys)), axis=0)) < keys.size:
        raise ValueError("keys are not all different: equal ones give one realisation.")
    if keys.size < ENOUGH:
        warnings.warn(
            f"{keys.size} realisations tell too little of their covariance: what is found is biased by more than its "
            f"error. Take {ENOUGH} keys or more.",
            EnsembleWarning,
            stacklevel=5,
        )
