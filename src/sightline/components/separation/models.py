"""What a likelihood of bands reads of a model."""

from typing import Any

from ...model import Model
from ..component_sky import ComponentSky
from ..mixing import MixingMatrix
from ..predicted_sky import PredictedSky


def mixing_of(model: Any) -> MixingMatrix:
    """The mixing matrix of a model.

    **Raises:** `TypeError` for a model that has none.
    """
    inner = model.simulator if isinstance(model, Model) else model
    inner = inner.mixing if isinstance(inner, (ComponentSky, PredictedSky)) else inner
    if not isinstance(inner, MixingMatrix):
        raise TypeError(
            f"SpectralLikelihood: the model is a {type(model).__name__}: give a sl.components.MixingMatrix, a "
            "ComponentSky, or a Model of one."
        )
    return inner


def predicted_of(model: Any) -> PredictedSky | None:
    """What a model predicts, if it does."""
    inner = model.simulator if isinstance(model, Model) else model
    return inner if isinstance(inner, PredictedSky) else None
