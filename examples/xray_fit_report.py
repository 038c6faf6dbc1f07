"""The page of `xray_fit.py`."""

from typing import Any

import numpy as np
from markdown import listing, paragraph, table

import sightline as sl

BAND = "0.5 to 8 keV"
UNITS = ("as it is seen", "before absorption", "power law", "black body")


def short(name: str) -> str:
    """A name without what all have in common."""
    for part in ("spectra.", "terms.", "sum."):
        name = name.replace(part, "")
    return name


def write(
    observation: sl.counts.Observation, fits: Any, ends: Any, chains: sl.Chains, flux: dict[str, Any], spent: float
) -> str:
    """The page: what was fitted, how well, parameters, fluxes."""
    whole, plain = fits
    parts = [
        "# A spectrum of EPIC-pn with its background\n",
        paragraph(_data(observation)),
        "## How well it fits\n",
        table(("model of the source", "C", "expected", "standard deviation", "p", "free"), map(_row, NAMES, fits)),
        paragraph(_compared(whole, plain)),
        "## Parameters\n",
        paragraph(
            "The largest likelihood with the interval of 90 % of its profile, and mean and standard deviation of the "
            "samples, whose priors stand in `xray_fit.py`."
        ),
        table(
            ("parameter", "unit", "fit", "90 % from", "to", "mean", "standard deviation"),
            _parameters(whole, ends, chains),
        ),
        paragraph(f"{chains.vector.shape[0]} chains of {chains.vector.shape[1]} draws: {chains.verdict}"),
        f"## Fluxes from {BAND}\n",
        paragraph("In 1e-12 erg cm-2 s-1; intervals hold 68.3 % of the samples."),
        table(("", "fit", "standard deviation", "mean of the samples", "from", "to"), _fluxes(flux)),
        "## What stays open\n",
        listing(_open(whole)),
        f"{spent:.0f} s of processor time, compilation included. sightline {sl.__version__}.\n",
    ]
    return "\n".join(parts)


NAMES = ("power law and black body", "power law alone")


def _data(observation: sl.counts.Observation) -> str:
    background = np.asarray(observation.background)
    return (
        f"Written by `examples/xray_fit.py`. {observation.counts.sum():.0f} counts of the source region and "
        f"{background.sum():.0f} of the background between {BAND}, in {len(observation)} groups of the optimal width; "
        f"{observation.ratio.mean():.4f} of the background is expected on the source. {np.sum(background < 5)} groups "
        "hold fewer than five background counts, where a treatment bin by bin would be biased: both spectra are fitted "
        "together. C is Cash's statistic of the counts of both regions."
    )


def _row(name: str, one: Any) -> tuple[str, ...]:
    (deviance,), (expected,), (variance,) = (
        part.values() for part in (one.goodness.deviances, one.goodness.expected, one.goodness.variances)
    )
    (p,) = one.goodness.p_values.values()
    return (
        name,
        f"{deviance:.1f}",
        f"{expected:.1f}",
        f"{variance**0.5:.1f}",
        f"{p:.3f}",
        str(len(one.best.parameters)),
    )


def _compared(whole: Any, plain: Any) -> str:
    worse = next(iter(plain.goodness.deviances.values())) - next(iter(whole.goodness.deviances.values()))
    ends = ", ".join(f"{height - whole.best.log_posterior:+.1f}" for _, height in whole.best.starts)
    return (
        f"Without the black body C is larger by {worse:.1f}, for two parameters less. Expected are values of data of "
        "this very model; a fit lies lower by about one for each free parameter. The starts ended at log likelihoods "
        f"of {ends} from the best."
    )


def _parameters(whole: Any, ends: Any, chains: sl.Chains) -> list[tuple[str, ...]]:
    rows = []
    columns = zip(chains.labels, chains.units, chains.means, chains.standard_deviations, strict=True)
    for name, unit, mean, spread in columns:
        one = ends.get(name)
        interval = ("", "") if one is None else (f"{one.low:.4g}", f"{one.high:.4g}")
        rows.append(
            (short(name), unit, f"{float(whole.best.parameters[name]):.4g}", *interval, f"{mean:.4g}", f"{spread:.2g}")
        )
    return rows


def _fluxes(flux: dict[str, Any]) -> list[tuple[str, ...]]:
    fitted, drawn = flux["fit"], flux["chains"]
    columns = zip(UNITS, fitted.value, fitted.standard_deviation, drawn.value, *drawn.interval(), strict=True)
    return [(name, *(f"{value:.4f}" for value in values)) for name, *values in columns]


def _open(whole: Any) -> tuple[str, ...]:
    return (
        "The spectrum of the background is folded through the response and the area of the source, although particles "
        "do not come through the mirrors: it is a description of counts, not of a sky.",
        "The line of copper lies at 8.04 keV, outside the band: without it the last group of the background has eight "
        "standard deviations more counts than the model, which a look at the residuals of the background shows.",
        "The energy scale and the area of the detector are taken as known; `sl.instruments.Detector` would free them.",
        "Two components that are summed say that one is not enough, not that these are the right ones.",
    )
