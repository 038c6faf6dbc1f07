import warnings

import numpy as np

from ..._core.given import check_kind
from ...statistics.likelihood import Likelihood
from ...statistics.noise import AbstractNoise, Gaussian
from ...statistics.poisson import Poisson
from ...statistics.variances import ModelVariance
from ..counts import FoldedCounts, Observation, SourceAndBackground, Stack

_GAUSSIAN = (Gaussian, ModelVariance)


def CountsLikelihood(
    observation: Observation | Stack,
    source: str,
    background: str | None = None,
    noise: AbstractNoise | None = None,
    instrument: str | None = None,
    name: str | None = None,
) -> Likelihood:
    """The likelihood of an observed X-ray spectrum: counts n_i in groups of channels, none ever subtracted.

    Without a background n ~ Poisson(s), s the source folded through the response. A background is best fitted with a
    spectrum of its own, by the counts of both: n ~ Poisson(s + r b), B ~ Poisson(b).

    **Arguments:**

    - `observation`: selected and grouped; or `sl.counts.stack` of several, whose data are (size, n) and whose source is
      an `sl.spectra.Each` of as many spectra, or one for all.
    - `source`: the name of a spectrum in the `Model`.
    - `background`: the name of the spectrum of the background, as it is in the background region; data are (2, n).
    - `noise`: instead of that, what treats the background bin by bin, e.g. `sl.statistics.ProfiledBackground(
      observation.background, observation.ratio)`; `sl.statistics.Poisson()` leaves it out.
    - `instrument`: the name of a `sl.instruments.Detector` in the `Model`.
    - `name`: for summaries; `None`: that of the observation.

    **Returns:** an `sl.statistics.Likelihood`, for an `sl.Posterior`.

    **Raises:** `ValueError` where an observed background is not treated, for what was not counted, and a detector of a
    stack; `TypeError` for what is no observation.

    !!! example
        >>> import numpy as np
        >>> edges = np.linspace(0.5, 8.0, 31)
        >>> response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(30), channels=edges)
        >>> observation = sl.counts.Observation(sl.counts.Spectrum(np.full(30, 4.0), exposure=1e4), response)
        >>> likelihood = sl.CountsLikelihood(observation, "source")
        >>> model = sl.Model(spectra={"source": sl.spectra.Constant(norm=1.6e-5)})
        >>> abs(float(likelihood.deviance(model))) < 1e-9
        True
    """
    if not isinstance(observation, Observation | Stack):
        raise TypeError(
            f"observation is {observation!r}: give a sl.counts.Observation, as sl.io.read_observation reads."
        )
    for argument, value, kind in (("source", source, str), ("background", background, str | None)):
        check_kind(argument, value, kind, "the name of a spectrum of the model")
    check_kind("instrument", instrument, str | None, "its name in the sl.Model")
    if noise is not None and not isinstance(noise, AbstractNoise):
        raise TypeError(f"noise is {noise!r}: give one of sl.statistics, e.g. sl.statistics.ProfiledBackground(...).")
    known = observation.name if name is None else name
    _check(observation, background, noise, known)
    notes = (("source", source), ("energies", f"{observation.low.min():.4g} ... {observation.high.max():.4g} keV"))
    if background is not None:
        joint = SourceAndBackground.of(observation, source, background, instrument)
        data = np.stack([observation.counts, np.asarray(observation.background)])
        return Likelihood(joint, data, Poisson(), None, known or "counts", (*notes, ("background", background)))
    folded = FoldedCounts.of(observation, source, instrument)
    return Likelihood(folded, observation.counts, Poisson() if noise is None else noise, None, known or "counts", notes)


def _check(observation: Observation | Stack, background: str | None, noise: AbstractNoise | None, name: str) -> None:
    if background is not None and noise is not None:
        raise ValueError("background and noise both say how the background is treated: give one of them.")
    if background is not None and observation.background is None:
        raise ValueError(f"background = {background!r}, but {name or 'the observation'} has no background counts.")
    if background is None and noise is None and observation.background is not None:
        raise ValueError(
            f"{name or 'The observation'} has a background: give background=, the name of its spectrum in the model, "
            "or noise=sl.statistics.ProfiledBackground(observation.background, observation.ratio); "
            "noise=sl.statistics.Poisson() leaves it out."
        )
    if observation.systematic and not isinstance(noise, _GAUSSIAN):
        warnings.warn(
            f"{name or 'The observation'} states systematic errors of its counts (SYS_ERR), which Poisson statistics "
            "have no place for: they are left out. Free a factor of the area, sl.instruments.Detector(area=...).",
            stacklevel=4,
        )
    if not observation.poisson and not isinstance(noise, _GAUSSIAN):
        raise ValueError(
            f"{name or 'The observation'} says that its numbers were not counted (POISSERR = F, or errors of their "
            "own): they are no Poisson data. Give noise=sl.statistics.Gaussian(observation.error), or what was counted."
        )
