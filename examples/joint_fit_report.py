"""The tables and the figure of `joint_fit.py`."""

from pathlib import Path
from typing import Any

import healpy as hp
import numpy as np
from markdown import listing, paragraph, table
from matplotlib import colormaps
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure

import sightline as sl
from sightline.plot import mollweide

BEFORE = ("published", "published, brightness fitted")
FITS = ("fitted", "fitted, flat priors", "fitted, cosmic-ray disk too")
KINDS, UNITS = ("RM", "Q and U"), (("rad m^-2", 1.0), ("uK", 1e6))
BANDS = ((0, 10), (10, 20), (20, 30), (30, 45), (45, 60), (60, 90))
"""Latitudes, deg."""
WORST, CLOSE = 6, 0.85
SHORT = {"simulator.magnetic_field.": "", "simulator.": "", "emission.0.": "", "cosmic_rays.": "cosmic_rays "}


def short(label: str) -> str:
    """A dotted name without what all have in common."""
    for long, brief in SHORT.items():
        label = label.replace(long, brief)
    return label


def write(
    published: Any, scores: Any, fits: Any, binned: Any, described: str, finer: dict[str, Any], spent: str
) -> str:
    """The page of results: `published` holds values and errors by name, the others go by the name of the fit."""
    head = ("model", *(f"{kind}, {part}" for part in ("fitted", "held out") for kind in KINDS))
    rows = [(name, *(_ratio(s) for part in both for s in part)) for name, both in scores.items()]
    dof = ", ".join(f"{r.chi2:.0f}/{r.dof} = {r.chi2 / r.dof:.2f} ({name})" for name, r in fits.items())
    bands = ("abs(b) [deg]", *(f"{kind}, {name}" for kind in KINDS for name in scores))
    worst = ("data", "l, b [deg]", "data", "fitted", "error", "(data - fitted)/error")
    columns = ("parameter", *(text for name in fits for text in (name, "moved by")))
    parts = [
        "# A joint fit of the UF23 field to rotation measures and polarised emission\n",
        paragraph(INTRODUCTION),
        paragraph(described),
        "## chi^2 of what was fitted and what was held out\n",
        table(head, rows),
        paragraph(f"chi^2/dof of the fitted data: {dof}. {_held_out(scores)}"),
        paragraph(FIRST_CHOICE),
        "## Parameters\n",
        paragraph(PARAMETERS),
        table(("parameter", "published", *columns[1:]), _parameters(fits, published)),
        listing(f"**{name}**: {_degeneracies(result)}" for name, result in fits.items()),
        "## What this says\n",
        listing(_findings(scores, fits, published)),
        "## Residuals by latitude\n",
        paragraph("chi^2 divided by the number of data, fitted and held out together."),
        table(bands, _bands(binned)),
        "## Where the last fit fails most\n",
        table(worst, _failures(binned)),
        "## Numerics and time\n",
        listing((_numerics(scores, finer), *(_course(name, result) for name, result in fits.items()), spent)),
        "![Data, models and residuals](joint_fit.png)\n",
    ]
    return "\n".join(parts)


INTRODUCTION = (
    "Written by `examples/joint_fit.py`, where the priors stand; data, masks, bins and the held-out part stand in "
    "`joint_fit_data.py`. The published parameters are those of the model `base` of Unger & Farrar 2024, with thermal "
    "electrons of YMW16 as in their fit, but with the WMAP disk of cosmic-ray electrons (scale height 1 kpc) in place "
    "of their tables, fewer rotation measures, and smoother maps: chi^2 of the published parameters says how they do "
    "with these stand-ins, and is no verdict on the paper. The published fit knew the whole sky, what is held out here "
    "included; the fits here did not."
)
FIRST_CHOICE = (
    "The held-out data were looked at four times: with Q and U in bins of NSIDE 8 and flat priors, where chi^2 per "
    "datum went from 2.47 to 3.01 (RM, fitted), 20.1 to 9.76 (Q and U, fitted), 3.80 to 6.49 (RM, held out) and 25.1 "
    "to 14.6 (Q and U, held out); with the larger bins and flat priors; with Gaussian priors; and with the disk of "
    "cosmic rays free, a fit that was planned from the beginning."
)
PARAMETERS = (
    "Errors of a fit are from the Gauss-Newton Hessian, priors included, times the square root of chi^2/dof, as the "
    "error of a bin is too small for what the model leaves over. Moved by: fitted minus published, in published "
    "errors, and in the two errors combined. A star: at the edge of its flat prior, where the error says nothing. The "
    "density n0 has a Gaussian prior; its product with 1 + the striation is what Q and U measure."
)


def _ratio(score: Any) -> str:
    return f"{score.chi2:.0f}/{score.size} = {score.chi2 / score.size:.2f}"


def _held_out(scores: Any) -> str:
    """How held-out chi^2 changed, with the scatter of the change among patches."""
    texts = []
    for name in FITS:
        for kind, old, new in zip(KINDS, scores[BEFORE[0]][1], scores[name][1], strict=True):
            change = (new.patches - old.patches)[old.patches > 0]
            error = np.std(change) * np.sqrt(change.size) / new.size
            texts.append(f"{kind}, {name}: {change.sum() / new.size:+.2f} +- {error:.2f}")
    start = "Change of held-out chi^2 per datum from published, with the error that its scatter among patches gives: "
    return start + "; ".join(texts) + "."


def _parameters(fits: Any, published: Any) -> list[tuple[str, ...]]:
    """One row for every number: published, and what each fit says of it."""
    values, errors = published
    known = {name: np.broadcast_to(errors.get(name, np.nan), np.shape(value)) for name, value in values.items()}
    rows = []
    for name, value in values.items():
        unit, size = 1e5 if name.endswith("n0") else 1.0, np.size(value)
        for i, (before, error) in enumerate(zip(np.ravel(value), np.ravel(known[name]), strict=True)):
            label = short(name) + (f"[{i}]" if size > 1 else "") + (" [1e-5 cm^-3]" if unit > 1 else "")
            first = f"{unit * before:.4g}" + (f" +- {error:.2g}" if np.isfinite(error) else "")
            cells = (_moved(result, name, i, before, error, unit) for result in fits.values())
            rows.append((label, first, *(text for cell in cells for text in cell)))
    return rows


def _moved(result: Any, name: str, i: int, before: float, theirs: float, unit: float) -> tuple[str, str]:
    """What a fit says of one number, and how far that is from the published value."""
    if name not in result.parameters:
        return "", ""
    value = np.ravel(result.parameters[name])[i]
    error = np.ravel(result.standard_deviations[name])[i] * max(result.chi2 / result.dof, 1) ** 0.5
    text = f"{unit * value:.4g} +- {unit * error:.2g}" + (" *" if name in result.edges else "")
    if not np.isfinite(theirs):
        return text, ""
    return text, f"{(value - before) / theirs:+.1f}, {(value - before) / np.hypot(theirs, error):+.1f}"


def _degeneracies(result: Any) -> str:
    """What the data hardly tell apart."""
    error, parts = result.fisher.weakest()
    matrix, labels = result.fisher.correlations, [short(label) for label in result.fisher.labels]
    pairs = [(matrix[i, j], i, j) for i in range(len(labels)) for j in range(i)]
    pairs = sorted((pair for pair in pairs if abs(pair[0]) > CLOSE), key=lambda pair: -abs(pair[0]))
    strong = [f"{c:+.2f} of {labels[j]} with {labels[i]}" for c, i, j in pairs]
    combination = ", ".join(f"{part:+.2f} {short(label)}" for label, part in parts.items() if abs(part) > 0.2)
    return (
        f"Least known: {combination}, in units of what each would be known to if the others were; its error is "
        f"{error:.3g} of these. Correlations beyond {CLOSE}: {'; '.join(strong) or 'none'}."
    )


def _findings(scores: Any, fits: Any, published: Any) -> tuple[str, ...]:
    """What is written in words, with the numbers of these fits."""
    whole = [sum(score.chi2 for score in scores[name][1]) for name in (*BEFORE, *FITS)]
    means = {name: [score.chi2 / score.size for score in scores[name][1]] for name in (BEFORE[0], FITS[0], FITS[2])}
    (rm, maps), (rm_first, maps_first), (rm_last, maps_last) = means.values()
    far = {name: ", ".join(f"{label} ({move:+.1f})" for label, move in _far(fits[name], published)) for name in fits}
    thickness = float(fits[FITS[2]].model.simulator.cosmic_rays.scale_height)
    return (
        f"**Held-out data**, per datum, from published to fitted: Q and U {maps:.2f} to {maps_first:.2f}, rotation "
        f"measures {rm:.2f} to {rm_first:.2f} with the thin disk of cosmic rays; {maps:.2f} to {maps_last:.2f} and "
        f"{rm:.2f} to {rm_last:.2f} with its shape free. Over both, chi^2 is {whole[0]:.0f} published, {whole[1]:.0f} "
        f"with the brightness fitted, and {', '.join(f'{x:.0f}' for x in whole[2:])} for the three fits. With the thin "
        "disk the field is bent to make the halo shine, at the cost of the rotation measures of other sources.",
        f"**The data ask for a thick disk of cosmic rays**: {thickness:.1f} kpc where WMAP "
        "has 1 kpc; the propagation code of the paper has a halo of 6 kpc. Then the poloidal field goes back to its "
        "published values, and no striation is needed, as far as n0 is known.",
        f"**What moves**, in both errors combined, beyond 2: {far[FITS[0]]} in the first fit; {far[FITS[2]]} with the "
        "disk free. Common to both: a toroidal halo that ends earlier and sharply, at 0.3 kpc, where the eight "
        "published models have 0.9 to 2.1 kpc; a wider pitch and turned second and third modes of the disk, within "
        "the range of the eight.",
        "**What the data do not say**: cosmic rays apart from the striation; without Gaussian priors, the strength of "
        "the toroidal halo apart from its scale height and that of its other hemisphere; the width of the poloidal "
        "edge, its error being its value.",
        "**What is left**: chi^2/dof stays well above 1 in both kinds. The Fan region and what lies south of it (l = "
        "120 to 180 deg) is brighter in Q by 10 uK and more than the fit; rotation measures of l = 90 to 140 deg, b = "
        "-30 to -20 deg are twice and three times those of the fit, those in the plane within 60 deg of the centre far "
        "from it. A smooth field has no such structures near the Sun.",
    )


def _far(result: Any, published: Any) -> list[tuple[str, float]]:
    """Numbers that moved by more than two of both errors, the farthest first."""
    found = []
    for name, theirs in published[1].items():
        values, before = np.ravel(result.parameters[name]), np.ravel(published[0][name])
        spread = np.ravel(result.standard_deviations[name]) * max(result.chi2 / result.dof, 1) ** 0.5
        moves = (values - before) / np.hypot(np.ravel(theirs), spread)
        found += [(short(name) + (f"[{i}]" if values.size > 1 else ""), float(m)) for i, m in enumerate(moves)]
    return sorted((one for one in found if abs(one[1]) > 2), key=lambda one: -abs(one[1]))


def _bands(binned: Any) -> list[tuple[str, ...]]:
    """Mean squares of the residuals in errors, by latitude."""
    columns = []
    for sky in (sky for kind in KINDS for sky in binned[kind].values()):
        _, b = hp.pix2ang(hp.npix2nside(sky.data.shape[-1]), np.arange(sky.data.shape[-1]), lonlat=True)
        inside = [sky.pulls[:, (np.abs(b) >= low) & (np.abs(b) < high)] for low, high in BANDS]
        columns.append([f"{np.nanmean(part**2):.1f}" if np.isfinite(part).any() else "" for part in inside])
    return [(f"{low} to {high}", *row) for (low, high), *row in zip(BANDS, *columns, strict=True)]


def _failures(binned: Any) -> list[tuple[str, ...]]:
    """The bins of the largest residuals in errors."""
    rows = []
    for kind, unit in zip(KINDS, UNITS, strict=True):
        sky = binned[kind][FITS[2]]
        for place in np.argsort(-np.abs(np.nan_to_num(sky.pulls)), axis=None)[:WORST]:
            row, pixel = np.unravel_index(place, sky.pulls.shape)
            l, b = hp.pix2ang(hp.npix2nside(sky.data.shape[-1]), pixel, lonlat=True)
            numbers = (f"{unit[1] * part[row, pixel]:.1f}" for part in (sky.data, sky.mean, sky.error))
            name = "RM" if kind == "RM" else "QU"[row]
            rows.append((f"{name} [{unit[0]}]", f"{l:.0f}, {b:+.0f}", *numbers, f"{sky.pulls[row, pixel]:+.1f}"))
    return rows


def _numerics(scores: Any, finer: Any) -> str:
    rm, maps = scores["fitted"][0]
    return (
        f"Finer cells (512 for 128) and pixels (NSIDE 32 for 16) change chi^2 of the first fit by "
        f"{finer['RM'].chi2 - rm.chi2:+.1f} of {rm.chi2:.0f} for rotation measures and by "
        f"{finer['Q and U'].chi2 - maps.chi2:+.1f} of {maps.chi2:.0f} for Q and U; Faraday rotation at 23 GHz changes "
        f"the latter by {finer['rotation'].chi2 - maps.chi2:+.1f}."
    )


def _course(name: str, result: Any) -> str:
    ends = ", ".join(f"{status} at {height:.1f}" for status, height in result.starts)
    return f"{name}: {len(result.history)} steps; status and log posterior density: {ends}."


def draw(path: Path, binned: Any) -> None:
    """Data, published and fitted model, and what the fit leaves, of RM, Q and U."""
    figure = Figure(figsize=(11.5, 5.2), layout="constrained")
    brightness = AsinhNorm(5, -60, 60)
    panels = [("RM", 0, AsinhNorm(20, -400, 400)), ("Q and U", 0, brightness), ("Q and U", 1, brightness)]
    for row, (kind, part, norm) in zip(figure.subfigures(3, 1), panels, strict=True):
        published, fitted = binned[kind][BEFORE[0]], binned[kind][FITS[2]]
        scale, name = (1, "RM") if kind == "RM" else (1e6, "QU"[part])
        maps = {
            f"{name}, data": fitted.data,
            "published parameters": published.mean,
            FITS[2]: fitted.mean,
            "data \u2212 fitted": fitted.data - fitted.mean,
        }
        for place, (title, values) in enumerate(maps.items()):
            image = _map(row.add_subplot(1, 4, place + 1, projection="mollweide"), title, scale * values[part], norm)
        bar = row.colorbar(image, ax=row.axes, extend="both", shrink=0.8, pad=0.01)
        bar.set_label("rad m$^{-2}$" if kind == "RM" else "\u00b5K", fontsize=8)
        ticks = (-200, -50, 0, 50, 200) if kind == "RM" else (-40, -10, 0, 10, 40)
        bar.set_ticks(ticks, labels=[f"{tick}".replace("-", "\u2212") for tick in ticks])
        bar.ax.minorticks_off()
        bar.ax.tick_params(labelsize=7)
    figure.savefig(path, dpi=130, bbox_inches="tight", pad_inches=0.08)


def _map(axes: Any, title: str, values: np.ndarray, norm: Any) -> Any:
    index = mollweide.lookup(sl.HealpixSky(hp.npix2nside(values.size)), 500)
    raster = mollweide.raster(values, index)
    image = mollweide.draw(axes, raster, norm, colormaps["RdBu_r"].with_extremes(bad="0.85"))
    axes.set(xticklabels=[], yticklabels=[])
    axes.grid(color="0.55", linewidth=0.3, linestyle=(0, (1, 2)))
    axes.set_title(title, fontsize=9)
    axes.spines["geo"].set_linewidth(0.5)
    return image
