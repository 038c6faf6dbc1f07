"""The whole model of a run: what predicts, the instruments of its data, nuisance parameters, spectra."""

import dataclasses
from typing import Any

import numpy as np

import sightline as sl

from .refusal import Refusal


def assemble(model: Any, data: list[Any], nuisance: dict[str, Any], spectra: dict[str, Any]) -> sl.Model:
    """A simulator, or a model that was saved, with what belongs to the data and spectra of this run.

    **Raises:** `Refusal` for names that stand for two things; `ValueError` for what is no model.
    """
    if isinstance(model, sl.Simulator):
        model = sl.Model(model)
    if not isinstance(model, sl.Model):
        raise ValueError(f"the file holds a {type(model).__name__}: it must be a Simulator or a Model.")
    seen = {name: _beam(name, fwhm, model.instruments.get(name)) for name, fwhm in _of_data(data, "beam").items()}
    for name, area in _of_data(data, "calibration").items():
        seen[name] = _detector(name, area, model.instruments.get(name))
    for name in spectra:
        if name in model.spectra:
            raise Refusal(f"[spectra.{name}] would replace that of the model's file: give it another name.")
    parts = {"instruments": model.instruments | seen, "nuisance": model.nuisance | nuisance}
    return dataclasses.replace(model, spectra=model.spectra | spectra, **parts)


def _of_data(data: list[Any], what: str) -> dict[str, float]:
    """Beams [deg] or calibrations by the name of the data that they belong to."""
    names = [one.likelihood.name for one in data]
    found = {one.likelihood.name: getattr(one, what) for one in data if getattr(one, what) is not None}
    twice = [name for name in found if names.count(name) > 1]
    if twice:
        raise Refusal(f"[[data]]: two are called {twice[0]!r}, and a {what} belongs to one of them: give each a name.")
    return found


def _beam(name: str, fwhm: float, known: Any) -> Any:
    """The beam of data, which may be the instrument that a saved model has under their name, but not replace it."""
    if known is None:
        return sl.GaussianBeam(fwhm=fwhm)
    if isinstance(known, sl.GaussianBeam) and np.isclose(float(known.fwhm), fwhm, rtol=1e-6):
        return known
    raise Refusal(
        f"[[data]] {name!r}: beam = {fwhm} would replace the {type(known).__name__} that the model has under this "
        "name: leave beam out to see the data through that, or give the data another name."
    )


def _detector(name: str, area: float, known: Any) -> Any:
    if known is not None:
        raise Refusal(
            f"[[data]] {name!r}: calibration would replace the {type(known).__name__} that the model has under this "
            "name: give the data another name."
        )
    return sl.instruments.Detector(area=area)
