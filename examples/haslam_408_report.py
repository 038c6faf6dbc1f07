"""The table and the figure of `haslam_408.py`."""

import itertools
import textwrap
from pathlib import Path
from typing import Any

import healpy as hp
import jax.numpy as jnp
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from haslam_408_data import separation
from matplotlib.colors import LogNorm, Normalize

import sightline as sl

NAMES = ("n0 [1e-5 cm^-3]", "R0 [kpc]", "h [kpc]", "offset [K]")
SCALES = np.array([1e5, 1.0, 1.0, 1.0])
BANDS = (5, 10, 20, 30, 45, 60, 90)  # deg
DIRECT_FLUX = 0.233  # e- + e+ at 10 GeV, (GeV m^2 s sr)^-1, AMS-02: Aguilar et al. 2021, Phys. Rep. 894, 1


def table(head: tuple[str, ...], rows: Any) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def write(best: Any, problem: Any, difference: np.ndarray, halves: Any, others: Any, discretisation: float) -> str:
    """The results as Markdown."""
    used = np.asarray(problem.weight) > 0
    parts = [
        "# The Haslam 408 MHz survey and a disk of cosmic-ray electrons\n",
        "Written by `examples/haslam_408.py`; what is assumed and masked stands there and in `haslam_408_data.py`.\n",
        _summary(best, problem, difference[used], discretisation),
        _values(best),
        "## Correlation of the parameters\n\n" + _correlation(best.correlation),
        "## Held-out half of the sky\n\n" + _halves(halves),
        "## The same fit with other assumptions\n\n" + _others(best, others),
        "## Data - model by latitude, unmasked pixels\n\n" + _bands(difference, used),
        "## Where the model fails most\n\n" + _failures(difference, used),
        "## What this fit cannot explain\n\n" + _limits(best, problem, difference, others),
    ]
    return "\n".join(parts)


def _summary(best: Any, problem: Any, difference: np.ndarray, discretisation: float) -> str:
    size, nside, cells = problem.lines.size, problem.lines.sky.nside, len(problem.lines.widths)
    text = (
        f"{difference.size} of {size} pixels ({100 * difference.size / size:.0f} %) at NSIDE {nside}, {cells} cells a "
        f"ray, float64. chi^2/dof = {best.chi2:.0f}/{best.dof} = {best.chi2 / best.dof:.2f} after {best.steps} steps "
        f"of Levenberg-Marquardt; the rms of data - model is {_rms(difference):.1f} K. Four times as many cells in a "
        f"box twice as high change the unmasked model by at most {100 * discretisation:.1f} %."
    )
    return textwrap.fill(text, 110) + "\n"


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _values(best: Any) -> str:
    columns = zip(NAMES, best.values * SCALES, best.errors * SCALES, best.patch_errors * SCALES, strict=True)
    rows = [
        (name, *(f"{value:.3g}" if i else f"{value:.4g}" for i, value in enumerate(line))) for name, *line in columns
    ]
    head = ("parameter", "value", "error, independent pixels", "error, independent 15 deg patches")
    return (
        table(head, rows)
        + "\nBoth errors include the factor (chi^2/dof)^(1/2), the second by construction; believe the second.\n"
        "The scale of the survey adds 10 % to n0.\n"
    )


def _correlation(matrix: np.ndarray) -> str:
    names = ("ln n0", "ln R0", "ln h", "offset")
    return table(("", *names), [(name, *(f"{c:+.2f}" for c in row)) for name, row in zip(names, matrix, strict=True)])


def _halves(halves: Any) -> str:
    head = (
        "fitted to the patches",
        "rms there [K]",
        "rms on the others [K]",
        "on the others, fit to all [K]",
        *NAMES,
    )
    return (
        table(head, [(name, *(f"{r:.2f}" for r in rms), *_numbers(half)) for name, half, *rms in halves])
        + "\nPatches are the pixels of NSIDE 4, taken like the fields of a chessboard. A half predicts the other\n"
        "as well as the fit to all does: four parameters are not too many, the disk is too simple.\n"
    )


def _numbers(fit: Any) -> list[str]:
    return [f"{value:.2f}" for value in fit.values * SCALES]


def _others(best: Any, others: dict[str, Any]) -> str:
    rows = [(name, *_numbers(fit), f"{fit.chi2 / fit.dof:.2f}") for name, fit in ({"as above": best} | others).items()]
    return table(("", *NAMES, "chi^2/dof"), rows)


def _bands(difference: np.ndarray, used: np.ndarray) -> str:
    b = hp.pix2ang(hp.npix2nside(len(used)), np.arange(len(used)), lonlat=True)[1]
    rows = []
    for low, high in itertools.pairwise(BANDS):
        sides = [used & (sign * b >= low) & (sign * b < high) for sign in (1, -1)]
        rows.append((f"{low} to {high} deg", *(text for side in sides for text in _moments(difference[side]))))
    head = ("abs(b)", "north: pixels", "mean [K]", "rms [K]", "south: pixels", "mean [K]", "rms [K]")
    return table(head, rows)


def _moments(values: np.ndarray) -> tuple[str, str, str]:
    if not values.size:
        return "0", "", ""
    return str(values.size), f"{values.mean():+.1f}", f"{_rms(values):.1f}"


def _failures(difference: np.ndarray, used: np.ndarray, number: int = 8) -> str:
    share = hp.ud_grade(used.astype(float), 4)
    patches = np.where(share > 0.5, hp.ud_grade(np.where(used, difference, 0.0), 4) / np.maximum(share, 0.5), 0)
    worst = np.argsort(-np.abs(patches))[:number]
    l, b = hp.pix2ang(4, worst, lonlat=True)
    return table(
        ("patch of 15 deg at (l, b) [deg]", "mean data - model [K]"),
        [(f"({x:.0f}, {y:+.0f})", f"{patches[i]:+.1f}") for i, x, y in zip(worst, l, b, strict=True)],
    )


def _limits(best: Any, problem: Any, difference: np.ndarray, others: dict[str, Any]) -> str:
    direct = sl.cosmic_rays.ExponentialDisk.from_flux(DIRECT_FLUX, energy=10.0)
    n0 = float(direct(jnp.asarray(sl.SUN)))
    field = 6 * np.sqrt(best.values[0] / n0)
    offsets = [fit.values[3] for fit in (best, *others.values())]
    nside, darkest = problem.lines.sky.nside, np.argmin(np.asarray(problem.data) - difference)
    l, b = hp.pix2ang(nside, darkest, lonlat=True)
    excess = difference[separation(nside, l, b) < 10].mean()
    tangled = others["field of 6 uG, but tangled"]
    items = (
        f"**The offset is not the zero level of the survey.** It is {best.values[3]:.1f} K here, {min(offsets):.1f} to "
        f"{max(offsets):.1f} K with other assumptions, and 8.9 +- 1.3 K by Wehus et al. 2014 (arXiv:1411.7616), who "
        "need no model of the Galaxy, only differences of spectrum over the sky. It is the sum of the CMB (2.7 K), the "
        "extragalactic background (11.8 K by ARCADE 2: Fixsen et al. 2011, ApJ 734, 5; less by source counts), the "
        "error of the zero (3 K: Haslam et al. 1982) and any Galactic emission smoother than this disk, such as a "
        "round halo. One frequency cannot tell them apart.",
        "**Loops, spurs and sources** are no part of the model. Loops II to IV, the southern part of Loop I and what "
        "the spur has outside its circle stay in the data; so do fainter sources, at a low weight.",
        f"**Field and electrons are degenerate.** Only n0 b0^2 is measured. With the electrons that AMS-02 counts at "
        f"10 GeV, continued with p = 3 (n0 = {1e5 * n0:.2f}e-5 cm^-3), the same sky needs b0 = {field:.1f} uG instead "
        "of 6 uG. The electrons that radiate at 408 MHz have 2 to 4 GeV, where the Sun modulates what is counted. LSA "
        "keeps its strength up to any height; a field that falls with height asks for a larger h.",
        f"**The field has no random part.** The model is darkest at (l, b) = ({l:.0f}, {b:+.0f}), where LSA points "
        f"along the sightline; within 10 deg the survey is brighter by {excess:.1f} K. Yet the same strength tangled "
        f"on all scales fits worse, chi^2/dof = {tangled.chi2 / tangled.dof:.2f}: the truth lies between.",
        "**No free-free emission**, which belongs to the brightness at low latitude (Gum nebula, Cygnus X), no "
        "absorption, no spiral arms, nothing inside 3 kpc. Below 20 deg data - model is positive on average.",
        "**The errors hold for this model only.** Other assumptions move the parameters by up to several errors. R0 "
        "rests on the directions towards the inner Galaxy: where the whole disk of Loop I is masked, most of them are "
        "gone and R0 has no upper limit.",
    )
    return "\n".join(textwrap.fill(item, 110, initial_indent="- ", subsequent_indent="  ") for item in items) + "\n"


def draw(path: Path, problem: Any, difference: np.ndarray) -> None:
    """Survey, model, data - model on the sky, and their profile in latitude."""
    plt.rcParams.update({"font.size": 9, "axes.titlesize": 10})
    data, used = np.asarray(problem.data), np.asarray(problem.weight) > 0
    figure = plt.figure(figsize=(10.5, 6.0), layout="constrained")
    maps = [figure.add_subplot(2, 2, i, projection="mollweide") for i in (1, 2, 3)]
    _map(maps[0], data, "Haslam et al. 1982, 408 MHz", "inferno", LogNorm(10, 300))
    _map(maps[1], data - difference, "Fitted disk + offset", "inferno", LogNorm(10, 300))
    _map(
        maps[2],
        difference,
        "Survey \u2212 model (masked pixels in grey)",
        "RdBu_r",
        Normalize(-15, 15),
        ~used,
    )
    _profile(figure.add_subplot(2, 2, 4), data, data - difference, used)
    figure.savefig(path, dpi=160)
    plt.close(figure)


def _map(axes: Any, values: np.ndarray, title: str, name: str, norm: Normalize, veil: np.ndarray | None = None) -> None:
    """A map in Mollweide's projection, l = 0 in the middle, l increasing to the left."""
    x, y = np.linspace(-np.pi, np.pi, 1081), np.linspace(-np.pi / 2, np.pi / 2, 541)
    longitude, latitude = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1]))
    pixels = hp.ang2pix(hp.npix2nside(len(values)), 0.5 * np.pi - latitude, -longitude)
    colours = plt.get_cmap(name)(norm(values))[:, :3]
    if veil is not None:
        colours[veil] = 0.3 * colours[veil] + 0.7 * 0.55
    axes.pcolormesh(x, y, colours[pixels], rasterized=True)
    if veil is not None:
        axes.contour(longitude, latitude, veil[pixels].astype(float), [0.5], colors="k", linewidths=0.5)
    axes.set_xticks(np.radians(np.arange(-120, 121, 60)), [])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["\u221260°", "\u221230°", "0°", "30°", "60°"])
    axes.grid(color="0.8", alpha=0.4, linewidth=0.4)
    axes.set_title(title)
    _colour_bar(axes, plt.cm.ScalarMappable(norm, name))


def _colour_bar(axes: Any, colours: Any) -> None:
    place = axes.inset_axes((0.2, -0.09, 0.6, 0.035))
    bar = axes.figure.colorbar(colours, cax=place, orientation="horizontal", label="T [K]", extend="both")
    if isinstance(colours.norm, LogNorm):
        bar.set_ticks([10, 20, 50, 100, 200, 300], labels=["10", "20", "50", "100", "200", "300"])
        bar.minorticks_off()


def _profile(axes: Any, data: np.ndarray, model: np.ndarray, used: np.ndarray) -> None:
    l, b = hp.pix2ang(hp.npix2nside(len(data)), np.arange(len(data)), lonlat=True)
    for inner, colour, name in (
        (True, "C3", "cos l > 0, inner Galaxy"),
        (False, "C0", "cos l < 0, outer Galaxy"),
    ):
        side = used & ((np.cos(np.radians(l)) > 0) == inner)
        middle, low, median, high, fitted = _binned(b[side], data[side], model[side])
        axes.fill_between(middle, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(middle, median, "o", color=colour, markersize=2.5, label=name)
        axes.plot(middle, fitted, "-", color=colour, linewidth=1.2)
    axes.set(yscale="log", xlim=(-90, 90), ylim=(10, 110), xlabel="Galactic latitude [deg]", ylabel="T [K]")
    axes.set_xticks(np.arange(-90, 91, 30))
    axes.set_yticks([10, 20, 50, 100], ["10", "20", "50", "100"])
    axes.set_title("Unmasked: median, 16 to 84 % (dots, bands), model (lines)")
    axes.legend(frameon=False)


def _binned(b: np.ndarray, data: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Middle, three quantiles of the data and median of the model, (5, bins), in latitude; NaN where a bin is empty."""
    rows = []
    for middle in np.arange(-87.5, 90, 5):
        held = np.abs(b - middle) <= 2.5
        quantiles = (*np.percentile(data[held], (16, 50, 84)), np.median(model[held])) if held.any() else (np.nan,) * 4
        rows.append((middle, *quantiles))
    return np.array(rows).T
