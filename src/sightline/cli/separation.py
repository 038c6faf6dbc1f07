"""A run file of `sightline separate`: maps in bands, components and their free parameters as a posterior."""

from pathlib import Path
from typing import Any

import numpy as np

import sightline as sl

from .band_data import Observed, read_bands
from .free import read_space
from .keys import Keys, blame
from .map_data import mask_of
from .refusal import Refusal
from .seds import Pixels, read_components
from .settings import read_fit
from .study import Study, each, read_folder

NAME = "bands"


def prepare(table: dict[str, Any], base: Path) -> Study:
    """Everything that a separation needs, checked.

    **Arguments:** `base`: the folder of the run file, where relative paths begin.

    **Raises:** `Refusal` for whatever does not fit, naming the key.
    """
    top = Keys(table, "")
    fit, folder, sky = top.inner("fit"), read_folder(top, base), top.inner("sky")
    fitted = read_fit(fit)
    fit.finish()
    named, free, scales = top.inner("components"), top.inner("parameters"), top.inner("amplitudes")
    tables = each(top.take("data", "list"))
    top.finish()
    parameters = _parameters(sky)
    sky.take("precision", "text", "double")
    observed = read_bands(tables, parameters, base)
    pixels = _pixels(sky, observed, base)
    mixing = read_components(named, pixels, base)
    space = read_space(mixing, free)
    with blame("[[data]]"):
        likelihood = _likelihood(observed, pixels, parameters, scales.rest())
        posterior = sl.Posterior(space, likelihood)
    note = f"{', '.join(mixing.components)} in {len(observed.bands)} bands. {_resolution(observed.bands)}".strip()
    return Study(posterior, note, folder, fitted, {}, False)


def _parameters(sky: Keys) -> str:
    parameters = sky.take("parameters", "text", "QU")
    if not parameters or set(parameters) - set("IQU") or len(set(parameters)) < len(parameters):
        raise Refusal(f"[sky] parameters = {parameters!r}: name some of 'IQU', each once.")
    return parameters


def _pixels(sky: Keys, observed: Observed, folder: Path) -> Pixels:
    """The pixels that the mask leaves and all bands have seen."""
    latitude = sky.take("latitude", "number", 0.0)
    if not 0 <= latitude < 90:
        raise Refusal(f"[sky] latitude = {latitude} must be from 0 to below 90, in deg.")
    sky.take("coordsys", "text", None)
    with blame("[sky]"):
        good = mask_of(sky, observed.sky, folder, latitude)
    sky.finish()
    good = good & np.all(np.isfinite(observed.maps) & np.isfinite(observed.noise), axis=(0, 1))
    if not np.any(good):
        raise Refusal("[sky] no pixel is left: mask, latitude and what is blank in a band exclude them all.")
    whole, kept = observed.sky, np.flatnonzero(good)
    cut = whole if kept.size == whole.size else sl.HealpixSky(whole.nside, whole.indices[kept], whole.nest)
    return Pixels(whole, kept, cut)


def _likelihood(observed: Observed, pixels: Pixels, parameters: str, scales: dict[str, Any]) -> Any:
    return sl.SpectralLikelihood(
        observed.bands,
        observed.maps[..., pixels.kept],
        parameters,
        observed.noise[..., pixels.kept],
        prior=scales or None,
        unit="K_CMB",
        convention="COSMO",
        sky=pixels.sky,
        name=NAME,
    )


def _resolution(bands: sl.instruments.Bands) -> str:
    """What is said of maps that may not be of one resolution."""
    if bands.fwhm is None or max(bands.fwhm) <= 1.01 * min(bands.fwhm):
        return ""
    return (
        f"Beams are from {min(bands.fwhm):.3g} to {max(bands.fwhm):.3g} deg wide: the maps are taken to be of one "
        "resolution, to which they must have been brought."
    )
