"""The table and the figure of `rotation_measures.py`."""

from pathlib import Path
from typing import Any

import numpy as np
from markdown import listing, paragraph, table
from matplotlib import colormaps
from matplotlib.colors import AsinhNorm, LogNorm
from matplotlib.figure import Figure

import sightline as sl
from sightline.plot import mollweide

SHOWN = ("JF12", "UF23-base", "PT11-BSS", "KST24")
NORM = AsinhNorm(20, -600, 600)
BLANK = "0.85"
TITLES = {
    "sky": "The Faraday sky of Oppermann et al. 2015, NSIDE 32",
    "quiet sky": "The same where abs(b) > 20 deg, without the Gum nebula",
    "medians": "Medians of the catalogue in pixels of NSIDE 16 with at least three sources",
    "sources": "Sources one by one, abs(RM) < 1000 rad m^-2",
}
HEAD = ("field", "number", "correlation", "rank correlation", "slope", "rms of data - model", "rms of data")


def write(data: Any, comparisons: dict[str, Any], own: dict[str, Any], change: dict[str, float]) -> str:
    """The page of results."""
    parts = ["# Published magnetic fields against measured rotation measures\n", paragraph(INTRODUCTION)]
    parts.append("```text\n" + data.sources.summary() + "\n```\n")
    for key, title in TITLES.items():
        parts.append(f"## {title}\n")
        parts.append(table(HEAD, [_row(name, found[key]) for name, found in comparisons.items()]))
    parts += ["## With the electrons that these fields were fitted with\n", paragraph(OWN)]
    rows = [_row(f"{name}, {key}", found[key]) for key in ("sky", "medians") for name, found in own.items()]
    parts.append(table(HEAD, rows))
    parts += ["## What this says\n", listing(_findings(comparisons, own, change))]
    return "\n".join([*parts, "![Data, models and scatter](rotation_measures.png)\n"])


INTRODUCTION = (
    "Written by `examples/rotation_measures.py`. Nothing is fitted: the fields are as published, all with the thermal "
    "electrons of YMW16 moved so that their Sun is the preset's. Slope: least squares of data on model, with an "
    "intercept; 1 for a model that is right, and lower the more of a model's structure is not in the sky. RM in "
    "rad m^-2. The catalogue as read:"
)
OWN = (
    "JF12, PT11 and UF23-neCL were fitted with NE2001, the electrons of their presets, which are used here; on the "
    "Faraday sky and the medians."
)


def _row(name: str, c: Any) -> tuple[str, ...]:
    numbers = (f"{c.pearson:+.2f}", f"{c.spearman:+.2f}", f"{c.slope:+.2f}", f"{c.rms:.1f}", f"{c.rms_of_data:.1f}")
    return (name, str(c.number), *numbers)


def _findings(comparisons: dict[str, Any], own: dict[str, Any], change: dict[str, float]) -> tuple[str, ...]:
    high = {name: found["quiet sky"] for name, found in comparisons.items()}
    whole = {name: found["sky"] for name, found in comparisons.items()}
    best = max(high, key=lambda name: high[name].pearson)
    ranks = [one.spearman for one in whole.values()]
    pairs = [(whole[name], found["sky"]) for name, found in own.items()]
    moved = [abs(theirs.spearman - ours.spearman) for ours, theirs in pairs]
    falls = [1 - theirs.rms / ours.rms for ours, theirs in pairs]
    worse = [name for name, one in whole.items() if one.rms > one.rms_of_data]
    return (
        f"**Signs are right, amplitudes are not.** The rank correlation with the Faraday sky is {min(ranks):.2f} to "
        f"{max(ranks):.2f} for every field: all know the quadrants of the halo. Yet over "
        f"the whole sky {len(worse)} of {len(whole)} ({', '.join(worse)}) leave a larger rms than a model of zero "
        "would: their RM in the plane is too large, where the square counts.",
        f"**Outside the plane** {best} follows best, correlation {high[best].pearson:.2f}, slope "
        f"{high[best].slope:.2f}, rms {high[best].rms:.1f} of {high[best].rms_of_data:.1f} rad m^-2; the UF23 fields "
        "were fitted to later catalogues of many of the same sources with YMW16 electrons, so this is no test of "
        "prediction. What is left has structure of several degrees, the local turbulence, of which no field here "
        "knows.",
        "**The electrons matter less than the field.** With NE2001 instead of YMW16 the rank correlations of the four "
        f"fields that were made for it change by at most {max(moved):.2f} on the Faraday sky; their rms falls by "
        f"{100 * min(falls):.0f} to {100 * max(falls):.0f} %, with less RM in the plane. PT11-ASS stays without linear "
        "correlation over the whole sky, though its paper, with its own sources and cuts, prefers it to BSS: its disk "
        "keeps one sign where the sky towards the inner Galaxy has both.",
        "**The Gum nebula** of YMW16, a shell of 22 deg around (260, -3), is the brightest thing outside the plane in "
        "most models (the dark disk in the figure), for a field that runs straight through it; the sky has no such "
        "disk. It is left out of the second table.",
        "**One by one** sources scatter by intrinsic rotation, clusters and galaxies in front, and small clouds; a "
        "few in the inner plane dominate sums of squares, which is why medians and ranks are given too. The sources "
        "behind the Magellanic Clouds and the lobes of Centaurus A are in.",
        "**The catalogue lacks** the two largest surveys (Taylor et al. 2009, Schnitzeler et al. 2019), which the file "
        "does not carry: the medians cover a third of the sky, unevenly. The Faraday sky contains the first.",
        f"**Numerics.** Four times as many cells change JF12 by {change['sources']:.1f} rad m^-2 rms at the sources "
        f"and {change['sky']:.1f} on the sky.",
    )


def draw(path: Path, data: Any, predictions: dict[str, Any]) -> None:
    """Both sets of data, four models, and the Faraday sky against each of them."""
    figure = Figure(figsize=(11.5, 8.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04)
    rows = figure.subfigures(3, 1, height_ratios=(3.0, 2.35, 3.1))
    named = (("Catalogue, medians in 3.7° pixels", data.medians), ("Faraday sky, Oppermann et al. 2015", data.sky))
    for i, (title, values) in enumerate(named):
        image = _map(rows[0].add_subplot(1, 2, i + 1, projection="mollweide"), title, values, 700)
    for i, name in enumerate(SHOWN):
        _map(rows[1].add_subplot(1, 4, i + 1, projection="mollweide"), name, predictions[name].sky, 400)
    bar = rows[1].colorbar(
        image, ax=rows[1].axes, orientation="horizontal", extend="both", aspect=50, shrink=0.6, pad=0.02
    )
    bar.set_label("RM [rad m$^{-2}$]", fontsize=9)
    ticks = (-500, -200, -100, -50, -20, 0, 20, 50, 100, 200, 500)
    bar.set_ticks(ticks, labels=[f"{tick}".replace("-", "\u2212") for tick in ticks])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=8)
    for i, name in enumerate(SHOWN):
        _scatter(rows[2].add_subplot(1, 4, i + 1), name, predictions[name].sky, data.sky, first=i == 0)
    figure.savefig(path, dpi=130, bbox_inches="tight", pad_inches=0.08)


def _map(axes: Any, title: str, values: np.ndarray, width: int) -> Any:
    sky = sl.HealpixSky(round((len(values) / 12) ** 0.5))
    raster = mollweide.raster(values, mollweide.lookup(sky, width))
    image = mollweide.draw(axes, raster, NORM, colormaps["RdBu_r"].with_extremes(bad=BLANK))
    axes.set_longitude_grid(60)
    axes.grid(color="0.55", linewidth=0.3, linestyle=(0, (1, 2)))
    axes.set(xticklabels=[], yticklabels=[])
    axes.set_title(title, fontsize=10)
    axes.spines["geo"].set_linewidth(0.5)
    return image


def _scatter(axes: Any, name: str, model: np.ndarray, data: np.ndarray, first: bool) -> None:
    """The density of pixels in model and data, both on a scale that is linear up to 20 rad m^-2."""
    edges = 20 * np.sinh(np.linspace(-np.arcsinh(100), np.arcsinh(100), 91))
    counts = np.histogram2d(model, data, (edges, edges))[0].T
    axes.pcolormesh(edges, edges, np.where(counts > 0, counts, np.nan), norm=LogNorm(1, 100), cmap="viridis_r")
    axes.plot(edges[[0, -1]], edges[[0, -1]], color="0.3", linewidth=0.8, linestyle="--")
    for side in ("x", "y"):
        getattr(axes, f"set_{side}scale")("asinh", linear_width=20)
        getattr(axes, f"set_{side}ticks")([-1000, -100, 0, 100, 1000], minor=False)
        getattr(axes, f"set_{side}ticks")([], minor=True)
        getattr(axes, f"set_{side}lim")(-2000, 2000)
    axes.set_xticklabels(["\u22121000", "\u2212100", "0", "100", "1000"])
    axes.set_yticklabels(["\u22121000", "\u2212100", "0", "100", "1000"] if first else [])
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8)
    axes.set_xlabel(f"{name} [rad m$^{{-2}}$]", fontsize=9)
    axes.set_ylabel("Faraday sky [rad m$^{-2}$]" if first else "", fontsize=9)
