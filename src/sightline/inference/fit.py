from typing import Any

import jax
import numpy as np

from ..statistics import Posterior
from .fisher import fisher
from .methods import BFGS, AbstractMethod, Adam, LevenbergMarquardt
from .result import FitResult
from .solve import DIVERGED, Outcome

FEW = 300  # parameters up to which Jacobians are affordable


def fit(
    posterior: Posterior,
    method: AbstractMethod | None = None,
    *,
    start: Any = None,
    starts: int = 1,
    key: jax.Array | None = None,
    covariance: int = 100,
) -> FitResult:
    """The parameters of the largest posterior density, that of the parameters themselves.

    For flat priors it is the largest likelihood.

    **Arguments:**

    - `method`: `sl.LevenbergMarquardt()`, the default where there are residuals, `sl.BFGS()`, the default elsewhere,
      both for up to 300 parameters; `sl.Adam(...)`, the default beyond, or `sl.inference.Optax(...)`.
    - `start`: constrained values, of which those left out are the model's.
    - `starts`: how many; all but the first are drawn from the prior, one after another, and the best result returned.
    - `key`: a JAX random key, for starts and batches.
    - `covariance`: it is computed for up to so many parameters.

    **Returns:** `FitResult`, whose `status` says how it ended.

    **Raises:** `ValueError` for a start without finite density or derivatives, or a missing key.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
        >>> posterior = sl.Posterior(space, [sl.MapLikelihood(sky, 23.0, data=stokes, noise=1e-5, parameters="QU")])
        >>> result = sl.fit(posterior, start={"magnetic_field.b0": 3.0})
        >>> print(result.raise_for_status())
        converged after ... steps
        parameter          unit  value  standard deviation  strongest correlation
        -----------------  ----  -----  ------------------  ---------------------
        magnetic_field.b0  uG    1.2    0.0346
        chi^2/dof = ...
    """
    method = _default(posterior) if method is None else method
    if starts < 1:
        raise ValueError(f"starts = {starts} must be 1 at least.")
    random = starts > 1 or getattr(method, "batch", None) is not None
    if key is None and random:
        raise ValueError("Several starts and batches are random: pass key=jax.random.key(0).")
    draw, run = jax.random.split(jax.random.key(0) if key is None else key)
    outcomes = []
    for number, one in enumerate(jax.random.split(run, starts)):
        values = posterior.space.complete({} if start is None else start)
        values = values if number == 0 else posterior.space.sample(jax.random.fold_in(draw, number))
        check_start(posterior, values)
        outcomes.append(method.run(posterior, posterior.space.to_unconstrained(values), one))
    heights = [_height(posterior, outcome) for outcome in outcomes]
    best = outcomes[int(np.argmax(heights))]
    few = posterior.space.size <= covariance and best.status != DIVERGED
    information = fisher(posterior, posterior.space.to_constrained(best.unconstrained)) if few else None
    tried = [(outcome.status, height) for outcome, height in zip(outcomes, heights, strict=True)]
    return FitResult(posterior, best, tried, information)


def _default(posterior: Posterior) -> AbstractMethod:
    if posterior.space.size > FEW:
        return Adam()
    return LevenbergMarquardt() if posterior.has_residuals() else BFGS()


def check_start(posterior: Posterior, values: Any) -> None:
    height = float(posterior.log_posterior(values))
    if not np.isfinite(height):
        parts = {name: float(np.sum(terms)) for name, terms in posterior.pointwise(values).items()}
        parts["prior"] = float(posterior.log_prior(values))
        bad = ", ".join(f"{name} {value}" for name, value in parts.items() if not np.isfinite(value))
        raise ValueError(f"The log posterior is {height} at the start ({bad}): start elsewhere.")


def _height(posterior: Posterior, outcome: Outcome) -> float:
    height = float(posterior.log_posterior(posterior.space.to_constrained(outcome.unconstrained)))
    return height if np.isfinite(height) else -np.inf
