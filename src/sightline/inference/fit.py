import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._core.files import PathLike
from .._core.given import check_key, check_kind
from .._core.units import refuse_units
from ..parameters.densities import inside
from ..parameters.priors import describe
from ..statistics import Posterior
from ..statistics.normal import has_own, is_squares
from .descent import Adam
from .fisher import Fisher, fisher
from .journal import Journal
from .method import DIVERGED, AbstractMethod, Context, Outcome
from .methods import BFGS, LevenbergMarquardt
from .opened import opened
from .options import check_counts, check_posterior
from .progress import progress as shown
from .projected import ProjectedGaussNewton
from .result import End, FitResult
from .scout import drawn

FEW = 300  # parameters up to which Jacobians are affordable


class FisherWarning(UserWarning):
    """A fit whose covariance could not be computed."""


def fit(
    posterior: Posterior,
    method: AbstractMethod | None = None,
    *,
    start: Any = None,
    starts: int = 1,
    scout: int | None = None,
    key: jax.Array | None = None,
    covariance: int = 100,
    held_out: Posterior | None = None,
    checkpoint: PathLike | None = None,
    progress: bool | None = None,
) -> FitResult:
    """The parameters of the largest posterior density, that of the parameters themselves.

    For flat priors it is the largest likelihood.

    **Arguments:**

    - `method`: `sl.LevenbergMarquardt()`, the default where there are residuals, `sl.BFGS()`, the default elsewhere,
      both for up to 300 parameters; `sl.Adam(...)`, the default beyond, `sl.LBFGS()` or `sl.inference.Optax(...)`;
      `sl.ProjectedGaussNewton()`, the default for likelihoods that bring their own curvature beside Gaussian and
      flat priors.
    - `start`: a `FitResult`, from which the fit goes on, or constrained values, of which those left out are the
      model's. At a maximum every method that sees all data ends within a few steps, converged. What is on a bound is
      moved inside, as `space.inwards` has it, but for `sl.ProjectedGaussNewton`.
    - `starts`: how many; all but the first are drawn from the prior and fitted one after another. The best result is
      returned, its `tried` has the ends of the others.
    - `scout`: so many draws from the prior are evaluated first, and the further starts are the best of them that are
      no copies of each other; draws without a finite density are left out. `None`: the first that are drawn.
    - `key`: a JAX random key, for starts and batches.
    - `covariance`: it is computed for up to so many parameters.
    - `held_out`: a posterior of data that are not fitted, of the same parameters, for `Adam`, `LBFGS` and `Optax`: of
      all iterates that are evaluated the one with its largest likelihood is returned.
    - `checkpoint`: a folder for the state of the run; the same call continues there, and ends with the same bits.
    - `progress`: shows steps on standard error; `None`: on a terminal only.
    - `posterior`: an `sl.Posterior`.

    **Returns:** `FitResult`, whose `status` says how it ended.

    **Raises:** `ValueError` for a start without finite density or derivatives, naming parameters and data; for a
    missing key; for fewer draws than starts, or none of a finite density; for a checkpoint of another model, data,
    start, method or key; `OSError` where it cannot be written; `BlockingIOError` where another process runs there;
    `TypeError` for what is no posterior, method or key.

    **Warns:** `FisherWarning` where the covariance cannot be computed; the parameters are returned all the same.

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
    check_posterior(posterior)
    method = _default(posterior) if method is None else method
    check_kind("method", method, AbstractMethod, "one of sightline, e.g. sl.LevenbergMarquardt()")
    if key is not None:
        check_key(key)
    refuse_units(starts=starts, covariance=covariance)
    check_counts(starts=starts)
    _check_scout(starts, scout)
    check_counts(least=0, covariance=covariance)
    random = starts > 1 or getattr(method, "batch", None) is not None
    if key is None and random:
        raise ValueError("Several starts and batches are random: pass key=jax.random.key(0).")
    if held_out is not None and held_out.space.names != posterior.space.names:
        raise ValueError("held_out must be a posterior of the same parameters.")
    initial = method.start(posterior, _values(start))
    parts = {"model": posterior.space, "data": (posterior.likelihoods, posterior.regularisers)}
    parts |= {"method": method, "start": (initial, starts, scout), "key": key, "held_out": held_out}
    draw, run = jax.random.split(jax.random.key(0) if key is None else key)
    outcomes = []
    with opened(checkpoint, parts) as folder:
        begun = [initial, *(drawn(posterior, starts - 1, scout, draw) if starts > 1 else ())]
        for number, (one, values) in enumerate(zip(jax.random.split(run, starts), begun, strict=False)):
            check_start(posterior, values)
            title = f"fit {number + 1}/{starts}" if starts > 1 else "fit"
            with shown(title, method.steps, progress) as advance:
                context = Context(one, Journal(folder, f"start_{number:04}", advance), held_out, values)
                outcomes.append(method.run(posterior, posterior.space.to_unconstrained(values), context))
    return _result(posterior, outcomes, covariance)


def _within(posterior: Posterior, outcome: Outcome) -> Outcome:
    """A fit whose sums of squares did not see the bounds of what is tied has not reached a maximum beyond them."""
    if outcome.status == DIVERGED or bool(posterior.space.allows(outcome.values(posterior))):
        return outcome
    reason = "what is tied lies beyond its physical bounds there: fit by sl.BFGS(), or narrow the priors"
    return outcome._replace(status=DIVERGED, reason=reason)


def _result(posterior: Posterior, outcomes: list[Outcome], covariance: int) -> FitResult:
    outcomes = [_within(posterior, outcome) for outcome in outcomes]
    heights = [_height(posterior, outcome) for outcome in outcomes]
    chosen = int(np.argmax(heights))
    best = outcomes[chosen]
    few = posterior.space.size <= covariance and best.status != DIVERGED
    information = _information(posterior, best) if few else None
    ends = [
        End(outcome.status, height, outcome.values(posterior))
        for outcome, height in zip(outcomes, heights, strict=True)
    ]
    tried = sorted(ends[:chosen] + ends[chosen + 1 :], key=lambda end: -end.log_posterior)
    return FitResult(posterior, best, [end[:2] for end in ends], information, tried)


def _information(posterior: Posterior, outcome: Outcome) -> Fisher | None:
    """The Fisher information at a fit, whose parameters are not lost where there is none."""
    try:
        return fisher(posterior, outcome.values(posterior))
    except Exception as error:  # also of the code of a user
        warnings.warn(f"The fit has no covariance: {error}", FisherWarning, stacklevel=4)
        return None


def _check_scout(starts: int, scout: int | None) -> None:
    """Refuses draws that no start is chosen of, or too few to choose from."""
    if scout is None:
        return
    refuse_units(scout=scout)
    check_counts(scout=scout)
    if not 1 < starts <= scout:
        raise ValueError(
            f"scout = {scout} draws for starts = {starts}: the first start is given, the others are chosen of the "
            "draws. Ask for 2 starts at least, and for more draws than starts."
        )


def _values(start: Any) -> Any:
    if start is None:
        return {}
    return start.parameters if isinstance(start, FitResult) else start


def _default(posterior: Posterior) -> AbstractMethod:
    if all(map(has_own, posterior.likelihoods)) and is_squares(posterior):
        return ProjectedGaussNewton()
    if posterior.space.size > FEW:
        return Adam()
    return LevenbergMarquardt() if posterior.has_residuals() else BFGS()


def check_start(posterior: Posterior, values: Any) -> None:
    """Refuses a start without a finite density.

    **Raises:** `ValueError`, naming what has none.
    """
    height = float(posterior.log_posterior(values))
    if not np.isfinite(height):
        parts = {name: float(np.sum(terms)) for name, terms in posterior.pointwise(values).items()}
        parts["prior"] = float(posterior.log_prior(values))
        bad = ", ".join(f"{name} {value}" for name, value in parts.items() if not np.isfinite(value))
        raise ValueError(
            f"The log posterior is {height} at the start ({bad}): start elsewhere{_outside(posterior, values)}."
        )


def _outside(posterior: Posterior, values: Any) -> str:
    """Which parameters lie outside their priors, in words."""
    space = posterior.space
    complete = space.complete(values)
    known = zip(space.names, space.priors, strict=True)
    bad = [f"{name} to {describe(prior)}" for name, prior in known if not bool(jnp.all(inside(prior, complete[name])))]
    return f", inside the priors: restrict {', '.join(bad)}" if bad else ""


def _height(posterior: Posterior, outcome: Outcome) -> float:
    height = float(posterior.log_posterior(outcome.values(posterior)))
    return height if np.isfinite(height) else -np.inf
