"""The table and the figure of `grid_haslam.py`."""

from pathlib import Path
from typing import Any

import healpy as hp
import numpy as np
from grid_mock_report import strength
from markdown import listing, paragraph, table
from matplotlib.figure import Figure

INTRODUCTION = (
    "The original survey of Haslam et al. 1982, less a zero level of 8.9 K; |b| < 5 deg and seven bright sources are "
    "masked. Cosmic rays are a given exponential disk; the magnetic field on the nodes of a grid is all that is "
    "fitted. Standard deviation of data minus model over pixels, without weights, and in brackets 1.48 times the "
    "median absolute deviation, which sources hardly change; K. Validation chooses the weight of smoothness."
)
SINGLE = (
    "A single pixel is as wide as the beam of the survey: its neighbours know it, the more so the less they are "
    "smoothed. Within a patch nothing was seen."
)
UNDETERMINED = (
    "**The distance.** A sightline sees the integral of n B_perp^2 alone: any field along it with the same integral "
    "fits as well. What the slices show of depth is the start and the prior.",
    "**Direction and sign.** Intensity knows B_perp^2: the field may be turned about the line of sight, or reversed, "
    "at every point.",
    "**The density of cosmic rays.** Only n B_perp^2 counts: half the electrons and 1.4 times the field look the same.",
    "**The zero level**, 8.9 K here with an error of 1.3 K, and free-free emission, which is taken for synchrotron.",
)
STREAKS = (
    "Streaks that point away from the Sun are what every node does that only few sightlines cross: it answers to their "
    "residuals and to nothing else. Smoothness spreads the answer over the neighbours; the streaks go where the data "
    "do not ask for them, and with them the structure that single pixels do ask for."
)


def write(options: Any, found: dict[str, Any], spent: float) -> str:
    """The page of results."""
    parts = [
        "# The Haslam survey through a field on a grid\n",
        paragraph(INTRODUCTION),
        f"NSIDE {options.nside}, {options.cells} cells, {options.nodes} x {options.nodes} x {options.nodes // 4} nodes "
        f"in 40 x 40 x 10 kpc, {options.steps} steps of Adam, single precision.\n",
        *(part for name, outcome in found.items() for part in _section(name, outcome)),
        paragraph(SINGLE),
        paragraph(STREAKS),
        "## What intensity alone does not tell\n",
        listing(UNDETERMINED),
        paragraph(f"Time: {spent:.0f} s for all fits, on two cores that had other work too."),
    ]
    return "\n".join(parts)


def _section(name: str, outcome: Any) -> list[str]:
    """The table of one way to hold data out."""
    tried, best = outcome.tried, outcome.best
    rows = [(f"{weight:g}" if weight else "0, plain", *map(_pair, one.values())) for weight, one in tried.items()]
    ratios = [plain / smooth for plain, smooth in zip(tried[0.0]["test"], tried[best]["test"], strict=True)]
    without = f" The mean of the fitted neighbours of a pixel leaves {_pair(outcome.floor)} K." if outcome.floor else ""
    return [
        f"## Held out: {name}\n",
        table(("weight [uG^-2]", *tried[best]), rows),
        paragraph(
            f"Of the weights above 0 validation prefers {best:g}{_beaten(tried, best)}. On the test the residuals of "
            f"the plain fit are {ratios[0]:.2f} times those of the regularised one ({ratios[1]:.2f} times by the "
            f"median).{without}"
        ),
    ]


def _beaten(tried: dict[float, Any], best: float) -> str:
    better = tried[0.0]["validation"][0] < tried[best]["validation"][0]
    return ", though none is better still" if better else ""


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.2f} ({values[1]:.2f})"


def draw(survey: Any, outcome: Any, path: Path) -> None:
    """Maps, residuals with what was held out in outline, and |B| in the plane."""
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(3, 2, gridspec_kw={"height_ratios": (3, 3, 4.5)})
    used = np.any(list(survey.parts.values()), axis=0)
    skies = {"plain": outcome.skies[0.0], "regularised": outcome.skies[outcome.best]}
    for column, (name, sky) in enumerate(skies.items()):
        axes[0, column].set_title(name)
        shown = chart(axes[0, column], sky, used, {"cmap": "magma", "vmin": 5, "vmax": 60})
        rest = chart(axes[1, column], survey.brightness - sky, used, {"cmap": "RdBu_r", "vmin": -4, "vmax": 4})
        outline(axes[1, column], survey.parts["fitted"], used)
        field = axes[2, column].imshow(
            strength(outcome.models[name].magnetic_field, "xy"),
            origin="lower",
            extent=(-20, 20, -20, 20),
            cmap="magma",
            vmin=0,
            vmax=10,
        )
        axes[2, column].plot([-8.3], [0], "w.", ms=4)
        axes[2, column].set_xlabel("x [kpc], z = 0", fontsize=8)
        axes[2, column].set_ylabel("y [kpc]", fontsize=8)
    figure.colorbar(shown, ax=axes[0], label="model at 408 MHz [K]", extend="both")
    figure.colorbar(rest, ax=axes[1], label="survey - model [K]", extend="both")
    figure.colorbar(field, ax=axes[2], label="|B| [uG]", extend="max")
    figure.savefig(path, dpi=110)


def chart(axes: Any, values: np.ndarray, used: np.ndarray, style: dict[str, Any]) -> Any:
    """A map in Galactic coordinates, centred on the Galactic centre."""
    l, b = np.meshgrid(np.linspace(180, -180, 481), np.linspace(-90, 90, 241))
    pixel = hp.ang2pix(hp.npix2nside(len(values)), l, b, lonlat=True)
    shown = axes.imshow(
        np.where(used[pixel], values[pixel], np.nan), origin="lower", extent=(180, -180, -90, 90), **style
    )
    axes.set_xlabel("l [deg]", fontsize=8)
    axes.set_ylabel("b [deg]", fontsize=8)
    return shown


def outline(axes: Any, fitted: np.ndarray, used: np.ndarray) -> None:
    """Lines around what was held out."""
    l, b = np.meshgrid(np.linspace(180, -180, 481), np.linspace(-90, 90, 241))
    pixel = hp.ang2pix(hp.npix2nside(len(used)), l, b, lonlat=True)
    axes.contour(l, b, (used & ~fitted)[pixel], levels=[0.5], colors="k", linewidths=0.5)
