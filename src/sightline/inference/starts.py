from typing import Any

from ..statistics import Posterior
from .coordinates import FEW
from .fit import check_start, fit
from .result import FitResult


def begin_at(posterior: Posterior, start: Any) -> Any:
    """Unconstrained parameters to start from: of a fit, of constrained values, or, for `None`, of a fit made now.

    More than 300 numbers are not fitted: they start from the model's values.

    **Raises:** `ValueError` for a start without finite density.
    """
    if start is None:
        start = fit(posterior) if posterior.space.size <= FEW else {}
    values = posterior.space.to_unconstrained(start.parameters if isinstance(start, FitResult) else start)
    check_start(posterior, posterior.space.to_constrained(values))
    return values
