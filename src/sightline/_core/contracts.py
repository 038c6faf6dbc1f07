"""What a model is made of, whatever it is a model of."""

import abc
from typing import Any

from .module import Module


class AbstractPredictor(Module):
    """What predicts an observation: a `Simulator` of the radio sky, or another forward model.

    !!! example
        >>> issubclass(sl.Simulator, sl.AbstractPredictor)
        True
    """

    @abc.abstractmethod
    def __call__(self, *args: Any, **options: Any) -> Any:
        """The prediction."""


class AbstractDevice(Module):
    """What measures what is predicted: an instrument of any sky.

    !!! example
        >>> issubclass(sl.instruments.GaussianBeam, sl.AbstractDevice)
        True
    """

    @abc.abstractmethod
    def __call__(self, prediction: Any) -> Any:
        """What is measured."""


class AbstractLight(Module):
    """What shines: a spectrum that a model holds by name."""

    @abc.abstractmethod
    def __call__(self, *args: Any) -> Any:
        """What there is of it, e.g. photons at one energy."""


class AbstractMeasurable(Module):
    """What can be measured of a model, and may stand in place of a number of another part of it."""

    @abc.abstractmethod
    def __call__(self, model: Any) -> Any:
        """What is measured."""
