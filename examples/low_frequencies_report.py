"""The tables and the figure of `low_frequencies.py`."""

from pathlib import Path
from typing import Any

import healpy as hp
import numpy as np
from markdown import listing, paragraph, table
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

import sightline as sl
from sightline.plot import mollweide

REGIONS = {
    "abs(b) > 60": lambda l, b: np.abs(b) > 60,
    "30 to 60": lambda l, b: (np.abs(b) > 30) & (np.abs(b) < 60),
    "10 to 30": lambda l, b: (np.abs(b) > 10) & (np.abs(b) < 30),
    "inner plane": lambda l, b: (np.abs(b) < 2) & (np.cos(np.deg2rad(l)) > 0.5),
    "outer plane": lambda l, b: (np.abs(b) < 2) & (np.cos(np.deg2rad(l)) < -0.5),
}
JANSKY = 2 * 1.380649e-23 / 2.99792458e8**2 * 1e18
"""Intensity [W m^-2 Hz^-1 sr^-1] of 1 K at 1 GHz."""
SHOWN = (1e-3, 3e-3, 10e-3, 30e-3, 45e-3, 100e-3, 408e-3)  # GHz
LABELS = {"Haslam": "Haslam", "lfsm": "LFSM", "gsm2008": "GSM2008", "gsm2016": "GSM2016", "lfmap": "LFmap"}
MARKERS = {"Haslam": "s", "lfsm": "o", "gsm2008": "^", "gsm2016": "v", "lfmap": "D"}


def cane(frequency: np.ndarray) -> np.ndarray:
    """Mean brightness [K] of the polar sky at `frequency` [GHz]: Cane 1979, MNRAS 189, 465."""
    mhz = 1e3 * frequency
    depth = 5.0 * mhz**-2.1
    galactic = 2.48e-20 * mhz**-0.52 * -np.expm1(-depth) / depth
    return (galactic + 1.06e-20 * mhz**-0.80 * np.exp(-depth)) / (JANSKY * frequency**2)


def peak(frequency: np.ndarray, temperature: np.ndarray) -> float:
    """Frequency [MHz] at which the intensity, T nu^2, is largest, by a parabola through the three largest values."""
    x, y = np.log(frequency), np.log(temperature * frequency**2)
    i = int(np.clip(np.argmax(y), 1, x.size - 2))
    a, b, _ = np.polyfit(x[i - 1 : i + 2] - x[i], y[i - 1 : i + 2], 2)
    return float(1e3 * np.exp(x[i] - b / (2 * a)))


def thick_below(spectrum: Any) -> float:
    """Frequency [MHz] at which the optical depth is 1."""
    known = np.isfinite(spectrum.depth) & (spectrum.depth > 0)
    x, y = np.log(spectrum.frequency[known]), np.log(spectrum.depth[known])
    return float(1e3 * np.exp(np.interp(0.0, y[::-1], x[::-1])))


def write(surveys: Any, fits: dict[str, Any], found: dict[str, Any], varying: Any, change: float) -> str:
    """The page of results."""
    parts = ["# The sky below 408 MHz\n", paragraph(INTRODUCTION)]
    parts += ["## Spectral index between 45 and 408 MHz\n", paragraph(OF_INDEX), _indices(surveys, fits)]
    parts += [
        "## From 1 to 408 MHz in four directions\n",
        paragraph(OF_SPECTRA),
        _turnovers(found),
        _temperatures(found),
    ]
    parts += ["## What this says\n", listing(_findings(surveys, fits, found, varying, change))]
    return "\n".join([*parts, "![Index on the sky, and spectra](low_frequencies.png)\n"])


INTRODUCTION = (
    "Written by `examples/low_frequencies.py`, which says what is in the model. One number is fitted, the density of "
    "cosmic-ray electrons, at 408 MHz; p is chosen for the median index at abs(b) > 10 deg."
)
OF_INDEX = (
    "Medians of beta, T ~ nu^beta, of the total brightness, with CMB and background, in a beam of 5 deg. n0 is the "
    "density of electrons at a Lorentz factor of 1, cm^-3. Surveys: LFSM (Dowell et al. 2017) at 45 MHz, Haslam et al. "
    "1982 at 408 MHz; LFSM and GSM2016 are sky models fitted to surveys, each by itself at both frequencies. The last "
    "columns: rms and correlation of modelled and measured index over the sky, scatter of ln T at 408 MHz, and median "
    "modelled over measured T at 45 MHz."
)
OF_SPECTRA = (
    "Means over discs of 5 deg. The turnover is the maximum of the intensity, T nu^2; the brightness temperature "
    "itself only flattens. tau is of the mean transparency from the Sun to the edge."
)


def regions(npix: int) -> dict[str, np.ndarray]:
    """The regions of the table as masks, (npix,)."""
    l, b = hp.pix2ang(hp.npix2nside(npix), np.arange(npix), lonlat=True)
    return {name: inside(l, b) for name, inside in REGIONS.items()}


def _medians(index: np.ndarray) -> list[str]:
    return [f"{np.median(index[inside]):.3f}" for inside in regions(index.size).values()]


def _indices(surveys: Any, fits: dict[str, Any]) -> str:
    rows = [("LFSM at 45, Haslam at 408 MHz", *_medians(surveys.index), *[""] * 5)]
    for name in ("lfsm", "gsm2016"):
        low, high = surveys.maps[name, 0.045], surveys.maps[name, 0.408]
        rows.append((f"{LABELS[name]} at both", *_medians(np.log(high / low) / np.log(0.408 / 0.045)), *[""] * 5))
    for name, one in fits.items():
        difference = one.index - surveys.index
        numbers = (
            f"{one.n0:.2e}",
            f"{np.sqrt(np.mean(difference**2)):.3f}",
            f"{np.corrcoef(one.index, surveys.index)[0, 1]:+.2f}",
            f"{np.std(np.log(one.sky[1] / surveys.high)):.2f}",
            f"{np.median(one.sky[0] / surveys.low):.2f}",
        )
        rows.append((f"model: {name}", *_medians(one.index), *numbers))
    return table(("", *REGIONS, "n0", "rms", "correlation", "ln T, 408", "T, 45"), rows)


def _turnovers(found: dict[str, Any]) -> str:
    rows = [
        (name, f"{peak(one.frequency, one.temperature):.1f}", f"{thick_below(one):.1f}", f"{_depth(one, 0.01):.2g}")
        for name, one in found.items()
    ]
    frequency = found["north pole"].frequency
    rows.append(("poles, Cane 1979", f"{peak(frequency, cane(frequency)):.1f}", f"{5 ** (1 / 2.1):.1f}", "0.04"))
    return table(("direction (l, b)", "turnover [MHz]", "tau = 1 at [MHz]", "tau at 10 MHz"), rows)


def _depth(spectrum: Any, frequency: float) -> float:
    return float(np.interp(frequency, spectrum.frequency, spectrum.depth))


def _at(spectrum: Any, frequency: float) -> float:
    return float(np.exp(np.interp(np.log(frequency), np.log(spectrum.frequency), np.log(spectrum.temperature))))


def _temperatures(found: dict[str, Any]) -> str:
    rows = []
    for name, one in found.items():
        rows.append((f"{name}, model", *(f"{_at(one, frequency):.3g}" for frequency in SHOWN)))
        measured = {0.045: one.measured["lfsm", 0.045], 0.408: one.measured["Haslam", 0.408]}
        rows.append((f"{name}, surveys", *(f"{measured[f]:.3g}" if f in measured else "" for f in SHOWN)))
    rows.append(("poles, Cane 1979", *(f"{cane(np.asarray(f)):.3g}" for f in SHOWN[:-1]), ""))
    return table(("T [K] at", *(f"{1e3 * f:g} MHz" for f in SHOWN)), rows)


def _findings(
    surveys: Any, fits: dict[str, Any], found: dict[str, Any], varying: Any, change: float
) -> tuple[str, ...]:
    inside = regions(surveys.index.size)
    best = next(iter(fits.values()))
    arcade = fits["background of ARCADE 2"]
    inner, high = (np.median(best.index[inside[name]]) for name in ("inner plane", "abs(b) > 60"))
    seen_inner, seen_high = (np.median(surveys.index[inside[name]]) for name in ("inner plane", "abs(b) > 60"))
    pole, *plane = (found[name] for name in ("north pole", "anticentre (180, 0)", "inner plane (30, 0)"))
    crossing = 1e3 * pole.frequency[np.argmax(plane[1].temperature > pole.temperature)]
    skies = (pole.temperature, cane(pole.frequency), *(one.temperature for one in plane))
    peaks = [peak(pole.frequency, sky) for sky in skies]
    excess = 24.1 * (408 / 310) ** -2.599  # K, Fixsen et al. 2011
    return (
        f"**The index flattens towards the plane** by {seen_inner - seen_high:.2f} in the surveys, from "
        f"{seen_high:.2f} at the poles to {seen_inner:.2f} in the inner plane, and by {inner - high:.2f} in the model. "
        "Without free-free absorption and emission it would steepen there, as the share of the CMB falls. The sign "
        "and half of the size come out with a clumping that was set by H alpha at the poles, not by radio; clumping by "
        "30 is right in the outer plane and too much in the inner.",
        "**Single structures are wrong.** The shell of the Gum nebula and the tangent of the Carina arm (l = 287) are "
        "as flat in the model as the inner plane; the surveys show much less of the one and a fainter other. They show "
        "Cygnus X (l = 80) and the North Polar Spur, which the model has not.",
        "**The correlation over the sky is poor** all the same: what varies outside the plane are loops and spurs, "
        "sources, stripes and zero levels of the surveys, none of them in the model. The surveys themselves differ by "
        "0.02 to 0.1 in these medians: an error of 3 K of the zero at 408 MHz (Haslam et al. 1982) is 0.1 in the index "
        "of the coldest sky.",
        f"**p = 2.2 is that of electrons of 1 to 4 GeV**, where the measured spectrum bends; p = 3, which serves at "
        f"23 GHz, misses by 0.35. The slope of T(45) against T(408) outside the plane, which no isotropic background "
        f"touches, is an index of {varying[0]:.2f}, p = {varying[1]:.2f}: flatter than the total, so that the "
        "isotropic part must be steeper, or the zeros are off.",
        f"**The extragalactic background is not decided here.** That of ARCADE 2 would be {excess:.1f} K of the "
        f"{np.median(surveys.high[inside['abs(b) > 60']]):.0f} K at the poles at 408 MHz and leave "
        f"{100 * (1 - arcade.n0 / best.n0):.0f} % less for the Galaxy; the rms of its index is "
        f"{_rms(arcade, surveys):.3f} against {_rms(best, surveys):.3f}. Without any, a slightly larger p serves "
        "as well.",
        f"**Turnover.** Towards the pole the modelled intensity peaks at {peaks[0]:.1f} MHz, the measured one at "
        f"{peaks[1]:.1f} MHz by the formula of Cane 1979, whose optical depth at 1 MHz is 5, that of the model "
        f"{pole.depth[0]:.1f}. The emission measure of H alpha at 7000 K is too small by that factor. Cooler gas would "
        "help (tau ~ T^-1.35); the dipoles in space that measured below 10 MHz saw much of the sky at once, also low "
        f"latitudes. At 10 MHz the model has {_at(pole, 0.01) / cane(np.asarray(0.01)):.2f} of the brightness of that "
        "formula.",
        f"**In the plane** the sky turns over at {peaks[2]:.0f} MHz towards the anticentre and {peaks[3]:.0f} MHz at "
        "l = 30. Where it is thick, the brightness is T_e plus the local synchrotron emissivity over the local "
        "absorption, whatever lies behind. The order of the directions reverses: the plane, brightest above 30 MHz, is "
        f"darker than the pole below about {crossing:.0f} MHz. The anticentre is too bright by a third at all "
        "frequencies from 45 to 408 MHz: LSA keeps its 6 uG up to 20 kpc.",
        "**Not in the model**: the suppression of synchrotron emission in a plasma (Razin), below 20 n_e/B = 0.1 MHz "
        "in the warm gas but several MHz inside dense clumps; a bend of the electrons below 0.5 GeV, which feed "
        "everything below 30 MHz and which the Sun modulates; H II regions one by one; emission from within 3 kpc of "
        "the Galactic centre, where LSA is zero.",
        f"**Numerics.** Four times as many cells change the modelled index by at most {change:.4f}.",
    )


def _rms(one: Any, surveys: Any) -> float:
    return float(np.sqrt(np.mean((one.index - surveys.index) ** 2)))


def draw(path: Path, surveys: Any, best: Any, found: dict[str, Any]) -> None:
    """The index as measured and modelled, brightness temperatures, and intensities with their turnovers."""
    figure = Figure(figsize=(11.5, 8.0), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3.1, 4.0))
    for i, (title, index) in enumerate((("LFSM and Haslam", surveys.index), ("Model", best.index))):
        image = _map(top.add_subplot(1, 2, i + 1, projection="mollweide"), title, index)
    bar = top.colorbar(image, ax=top.axes, orientation="horizontal", extend="both", aspect=50, shrink=0.5, pad=0.02)
    bar.set_label(r"$\beta$ between 45 and 408 MHz, $T \propto \nu^\beta$", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    _spectra(bottom.add_subplot(1, 2, 1), found, power=0)
    _spectra(bottom.add_subplot(1, 2, 2), found, power=2)
    figure.savefig(path, dpi=130, bbox_inches="tight", pad_inches=0.08)


def _map(axes: Any, title: str, values: np.ndarray) -> Any:
    sky = sl.HealpixSky(hp.npix2nside(values.size))
    raster = mollweide.raster(values, mollweide.lookup(sky, 700))
    image = mollweide.draw(axes, raster, Normalize(-2.7, -2.3), colormaps["RdYlBu_r"])
    axes.set_longitude_grid(60)
    axes.grid(color="0.45", linewidth=0.3, linestyle=(0, (1, 2)))
    axes.set(xticklabels=[], yticklabels=[])
    axes.set_title(title, fontsize=10)
    axes.spines["geo"].set_linewidth(0.5)
    return image


def _spectra(axes: Any, found: dict[str, Any], power: int) -> None:
    """T, or the intensity for `power` = 2, of the directions, with the maps, and the polar sky of Cane 1979."""
    for colour, (name, one) in zip(("C0", "C2", "C1", "C3"), found.items(), strict=False):
        scale = JANSKY * one.frequency**2 if power else 1.0
        axes.loglog(1e3 * one.frequency, scale * one.temperature, color=colour, linewidth=1.4, label=name)
        for (survey, frequency), measured in one.measured.items():
            value = measured * (JANSKY * frequency**2 if power else 1.0)
            axes.plot(1e3 * frequency, value, MARKERS[survey], color=colour, markersize=4, markerfacecolor="none")
    frequency = found["north pole"].frequency[:60]
    scale = JANSKY * frequency**2 if power else 1.0
    axes.loglog(1e3 * frequency, scale * cane(frequency), "k--", linewidth=1, label="poles, Cane 1979")
    axes.set_xlim(1, 500)
    axes.set_xticks([1, 3, 10, 30, 100, 408], ["1", "3", "10", "30", "100", "408"], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("frequency [MHz]")
    axes.set_ylabel("intensity [W m$^{-2}$ Hz$^{-1}$ sr$^{-1}$]" if power else "brightness temperature [K]")
    axes.grid(color="0.9", linewidth=0.5)
    if not power:
        axes.legend(frameon=False, fontsize=8, loc="lower left")
        return
    axes.set_ylim(2.5e-22, 5e-20)
    handles = [axes.plot([], [], MARKERS[k], color="0.3", markerfacecolor="none", markersize=4)[0] for k in LABELS]
    axes.legend(handles, LABELS.values(), frameon=False, fontsize=8, loc="lower left", title="maps", title_fontsize=8)
