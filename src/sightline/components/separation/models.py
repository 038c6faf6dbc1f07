"""What a likelihood of bands reads of a model."""

from typing import Any

from ...model import Model
from ...sky.instruments.bands import Bands
from ...statistics.noise import Data
from ..component_sky import ComponentSky
from ..mixing import MixingMatrix
from ..predicted_sky import PredictedSky
from .degeneracy import check_same_order


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


def true_prediction(model: Any, truth: ComponentSky, predicted: Any) -> PredictedSky | None:
    """The true sky of what a model predicts, where it is not in the truth.

    **Raises:** `TypeError` for what is no `PredictedSky`; `ValueError` where a prediction is in neither or in both.
    """
    if predicted is not None and not isinstance(predicted, PredictedSky):
        raise TypeError(f"predicted is a {type(predicted).__name__}: give the true sl.components.PredictedSky.")
    wanted, own = predicted_of(model), predicted_of(predicted)
    for name in () if wanted is None else wanted.simulators:
        told = (name in truth.amplitudes) + (own is not None and name in own.simulators)
        if told != 1:
            where = "neither truth nor predicted has" if told == 0 else "both truth and predicted have"
            raise ValueError(
                f"residuals_of: the model predicts {name!r}, which {where}: give its maps in truth, or predicted=, the "
                "PredictedSky of the true simulators."
            )
    twice = () if own is None else sorted(set(own.simulators) & set(truth.amplitudes))
    if twice:
        raise ValueError(f"residuals_of: both truth and predicted have {twice[0]!r}: give it once.")
    return own


def index_of(component: str, mixing: MixingMatrix) -> int:
    """Which of the components a name is.

    **Raises:** `ValueError` for what is no component.
    """
    if component not in mixing.components:
        known = ", ".join(map(repr, mixing.components))
        raise ValueError(f"{component!r} is no component: name one of {known}.")
    return mixing.components.index(component)


def without_prediction(model: Any, data: Data, bands: Bands, parameters: str, sky: Any, npix: int, kept: Any) -> Data:
    """The data without what the model predicts.

    **Raises:** `ValueError` for a prediction of other pixels.
    """
    predicted = predicted_of(model)
    if predicted is None:
        return data
    check_same_order("PredictedSky.sightlines", predicted.sightlines.sky, sky)
    if predicted.sightlines.sky.size != npix:
        size = predicted.sightlines.sky.size
        raise ValueError(f"PredictedSky.sightlines has {size} pixels, the data {npix}: take the sky of the data.")
    maps = predicted.in_bands(bands.nodes(), parameters)
    return data - (maps if kept is None else maps[..., kept]).astype(data.dtype)
