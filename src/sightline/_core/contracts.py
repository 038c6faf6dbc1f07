"""What a model is made of, whatever it is a model of."""

import abc
from typing import Any

from .module import Module


class AbstractPredictor(Module):
    """What predicts an observation: a `Simulator` of the radio sky, or another forward model."""

    @abc.abstractmethod
    def __call__(self, *args: Any, **options: Any) -> Any:
        """The prediction."""


class AbstractDevice(Module):
    """What measures what is predicted: an instrument of any sky."""

    @abc.abstractmethod
    def __call__(self, prediction: Any) -> Any:
        """What is measured."""
