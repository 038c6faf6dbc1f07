"""The choice among priors of one model: by data that were not fitted, or by the evidence."""

import abc
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._core.given import check_key, check_kind
from .._core.module import Module
from ..parameters import Table
from ..parameters.priors import describe, is_normalised
from ..statistics import Posterior
from .approximate import Approximation, ApproximationWarning, approximate
from .approximations import AbstractApproximation
from .coordinates import FEW
from .descent import LBFGS
from .fit import fit
from .low_rank import LowRank
from .method import AbstractMethod
from .result import FitResult

DRAWS, LOOSE = 200, 1.0  # importance weights, and how far below the log evidence a bound is said to be loose

Judgement = tuple[float, FitResult | Approximation]


class AbstractCriterion(Module):
    """What makes one prior better than another; one that compares candidates replaces `judge_all`.

    !!! example
        >>> issubclass(sl.Validation, sl.inference.AbstractCriterion)
        True
    """

    def judge_all(self, posteriors: Iterable[Posterior]) -> Sequence[Judgement]:
        """A score, larger is better, and what it was found from, of every candidate; here each by itself.

        **Arguments:** `posteriors`: of the candidates, each built when it is asked for.
        """
        return [self.judge(posterior) for posterior in posteriors]

    @abc.abstractmethod
    def judge(self, posterior: Posterior) -> Judgement:
        """A score, larger is better, and what it was found from, of one candidate."""


class Validation(AbstractCriterion):
    """The log likelihood of data that were not fitted, of the model that fits the others best.

    It needs no normalised prior, so that it chooses weights of regularisers too. Data that chose a prior do not test
    it: keep others for that.

    **Arguments:** `held_out`: likelihoods, one or several; `method`: of `sl.fit`, by default that of `sl.fit`.

    !!! example
        >>> criterion = sl.Validation(posterior.likelihoods[0])
    """

    held_out: tuple[Any, ...] = eqx.field(converter=lambda x: tuple(x) if isinstance(x, (list, tuple)) else (x,))
    method: AbstractMethod | None = None

    def judge(self, posterior: Posterior) -> tuple[float, FitResult]:
        """See `AbstractCriterion`."""
        result = fit(posterior, self.method, covariance=0)
        return float(sum(_log_likelihood(one, result.model) for one in self.held_out)), result


class Evidence(AbstractCriterion):
    """The evidence of all data, by the lower bound of a Gaussian approximation, E_q[log p - log q].

    No data are spared, but the prior must be normalised: of whitened latents it is, of an improper one with
    regularisers it is not. The bound is as tight as the approximation is good, equally for all candidates at best.
    Beyond 300 numbers it begins at a fit by L-BFGS. Importance weights of draws tell of loose bounds.

    **Arguments:** `key`: a JAX random key; `method`: of `sl.approximate`, by default `sl.inference.FullRank()` or,
    beyond 300 numbers, `sl.inference.LowRank()` of rank 50, doubled until it counts all that the data determine.

    **Raises:** `ValueError` for a posterior with regularisers or priors that are not normalised; `TypeError` for what
    is no key.

    **Warns:** `ApproximationWarning` for a bound that is 1 or more below the log evidence, one for each 300 numbers
    beyond these, or a rank that is too low.

    !!! example
        >>> criterion = sl.Evidence(jax.random.key(0))

    **Source:** MacKay 1992, Neural Computation 4, 415; Jordan et al. 1999, Machine Learning 37, 183.
    """

    key: jax.Array
    method: AbstractApproximation | None = None

    def __check_init__(self) -> None:
        check_key(self.key)

    def judge(self, posterior: Posterior) -> tuple[float, Approximation]:
        """See `AbstractCriterion`."""
        if posterior.regularisers:
            raise ValueError("Evidence needs normalised priors: whiten the field, or choose by sl.Validation(...).")
        for name, prior in zip(posterior.space.names, posterior.space.priors, strict=True):
            if not is_normalised(prior):
                raise ValueError(
                    f"Evidence needs normalised priors: that of {name}, {describe(prior)}, is improper, pinned, "
                    "or cut at bounds that hold an unknown part of it. Give another, or choose by sl.Validation(...)."
                )
        found = self._approximate(posterior)
        last = found.elbo[-max(len(found.elbo) // 10, 1) :]  # of a step it is an estimate
        short = found.shortfall(self.key, DRAWS)
        if not short < LOOSE * max(1.0, posterior.space.size / FEW) or found.doubt:
            warnings.warn(
                f"Evidence: the bound {np.mean(last):.6g} is {short:.3g} or more below the log evidence: "
                f"{found.doubt or 'no Gaussian is near the posterior'}. Judge by sl.Validation, or sample with "
                "sl.NestedSlice(), which measures it.",
                ApproximationWarning,
                stacklevel=4,
            )
        return float(np.mean(last)), found

    def _approximate(self, posterior: Posterior) -> Approximation:
        if posterior.space.size <= FEW:
            return approximate(posterior, self.key, self.method)
        start = fit(posterior, LBFGS(), covariance=0)
        if self.method is not None:
            return approximate(posterior, self.key, self.method, start=start)
        method = LowRank()
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ApproximationWarning)
                found = approximate(posterior, self.key, method, start=start)
            if not found.doubt or 2 * method.rank >= posterior.space.size:
                return found
            method = LowRank(rank=2 * method.rank)


class Selection:
    """What `select` found.

    - `candidates`, `scores`: in the order tried; `results`: a `FitResult` or an `Approximation` of each.
    - `best`: the candidate of the largest score; `result`: what was found with it.

    Printed, it is a table, with the `columns` of the results where they have some.

    !!! example
        >>> found = sl.inference.Selection([1.0, 2.0], [-3.0, -2.5], [None, None])
        >>> found.best
        2.0
    """

    candidates: list[Any]
    scores: list[float]
    results: list[Any]
    best: Any
    result: Any

    def __init__(self, candidates: list[Any], scores: list[float], results: list[Any]):
        self.candidates, self.scores, self.results = candidates, scores, results
        chosen = int(np.argmax(scores))
        self.best, self.result = candidates[chosen], results[chosen]

    def __repr__(self) -> str:
        highest = max(self.scores)
        pairs = zip(self.candidates, self.scores, strict=True)
        rows = [[_said(candidate), f"{score:.6g}", f"{score - highest:.3g}"] for candidate, score in pairs]
        more = [getattr(result, "columns", {}) for result in self.results]
        rows = [[*row, *columns.values()] for row, columns in zip(rows, more, strict=True)]
        return repr(Table(["candidate", "score", "below the best", *more[0]], rows))


def select(build: Callable[[Any], Posterior], candidates: Iterable[Any], criterion: AbstractCriterion) -> Selection:
    """The best of some priors: rms and lengths of a Gaussian process, the weight of a regulariser.

    **Arguments:**

    - `build`: from a candidate to its posterior. Where candidates differ in arrays alone, all share compiled functions.
    - `candidates`: what tells one prior from another: numbers, tuples, names.
    - `criterion`: `sl.Validation(held_out)`, `sl.Evidence(key)`, or one of your own, whose `judge_all` may judge all
      candidates at once.

    **Returns:** `Selection`; printed, it is a table.

    **Raises:** `ValueError` without candidates, for a criterion that does not judge each, or where none has a finite
    score; `TypeError` for what is no function or criterion.

    !!! example
        >>> def build(scale):
        ...     bound = sl.EnergyBound(jnp.zeros((1, 3)) + 5.0, bounds=(0.0, 0.5), scale=scale)
        ...     return sl.Posterior(posterior.space, posterior.likelihoods, regularisers=bound)
        >>> sl.select(build, [1e-3, 10.0], sl.Validation(posterior.likelihoods)).best
        10.0
    """
    tried = list(candidates)
    check_kind("build", build, Callable, "a function that makes a posterior of a candidate")
    if not tried:
        raise ValueError("candidates is empty: give at least one.")
    check_kind("criterion", criterion, AbstractCriterion, "e.g. sl.Evidence(key)")
    judged = criterion.judge_all(map(build, tried))
    if len(judged) != len(tried):
        raise ValueError(
            f"{type(criterion).__name__}.judge_all returned {len(judged)} scores for {len(tried)} candidates: give one "
            "a candidate, in order."
        )
    scores = [score if np.isfinite(score) else -np.inf for score, _ in judged]
    if max(scores) == -np.inf:
        raise ValueError("No candidate has a finite score: look at the fits by themselves with sl.fit.")
    return Selection(tried, scores, [result for _, result in judged])


def _said(candidate: Any) -> str:
    """A candidate in words; of a prior its numbers."""
    return describe(candidate) if hasattr(candidate, "arg_constraints") else str(candidate)


@eqx.filter_jit
def _log_likelihood(likelihood: Any, model: Any) -> jax.Array:
    return likelihood.log_likelihood(model)
