"""Which datum an element of a vector of all data is, and where on the sky."""

import equinox as eqx
import numpy as np

from ..statistics import AbstractLikelihood, Posterior


def place(posterior: Posterior, row: int) -> str:
    """What gives an element of `posterior.information` or `.residuals`: `datum (0, 17) of 'map', towards l = ...`."""
    start = 0
    for likelihood in posterior.likelihoods:
        shape = eqx.filter_eval_shape(lambda one, model: one.information(model), likelihood, posterior.space.model)
        if row < start + shape.size:
            return datum(likelihood, (row - start) % likelihood.size)
        start += shape.size
    return "a prior or a regulariser"


def datum(likelihood: AbstractLikelihood, number: int) -> str:
    """A datum of a likelihood by its number in the ravelled data."""
    index = tuple(map(int, np.unravel_index(number, likelihood.data.shape)))
    return f"datum {index} of {likelihood.name!r}{likelihood.place(index[-1]) if index else ''}"
