"""What samplers share: one draw of a chain at a time, in whitened coordinates, tuned during the warm-up."""

import abc
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Array

from .._core.module import Module
from .options import check_counts, check_types

Statistics = dict[str, Array]

LONG = 100  # draws of a warm-up that are enough to learn a metric from


class Step(NamedTuple):
    """A draw: the state of the kernel after it, its acceptance rate, and what is worth knowing of it."""

    kernel: Any
    acceptance: Array
    statistics: Statistics


class AbstractAlgorithm(Module):
    """Draws from a posterior; what needs a warm-up to be tuned says of how many draws in `least_warmup`.

    !!! example
        >>> issubclass(sl.NUTS, sl.inference.AbstractAlgorithm)
        True
    """

    least_warmup: ClassVar[int] = 0

    def __check_init__(self) -> None:
        check_types(self)

    @abc.abstractmethod
    def collect(self, task: Any) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
        """Unconstrained draws, (chains, draws, n), what is known of each, (chains, draws), and notes on the whole."""


def check_warmup(algorithm: AbstractAlgorithm, warmup: int) -> None:
    """Refuses a warm-up that is too short.

    **Raises:** `ValueError`.
    """
    check_counts(least=0, warmup=warmup)
    least = algorithm.least_warmup
    if warmup < least:
        why = f"{type(algorithm).__name__} is tuned in it, or take sl.NUTS(), which needs none"
        raise ValueError(f"warmup = {warmup} must be {least} at least: {why}.")
