"""Drawings of flows and conventions, written as SVG before the site is built: lines in the colour of the text.

`python docs/extensions/drawings.py FOLDER` writes them without Sphinx.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

WIDE, HIGH, GAP = 148, 58, 28
"""A box of a flow and the space between two, in pixels."""

FLOWS = {
    "flow_sky": (
        ("Sightlines", "sky, observer, cells"),
        ("fields", "of one position"),
        ("Plasma", "B, n_e, N_0, T there"),
        ("operators", "each by itself"),
        ("coefficients", "j, kappa, rho: summed"),
        ("transfer", "cell by cell, exact"),
        ("Stokes", "I, Q, U, V; RM, DM"),
        ("instrument", "beam, band, gain"),
    ),
    "flow_xray": (
        ("components", "N(E) at one energy"),
        ("algebra", "+, *, convolution"),
        ("bins", "cut at every jump"),
        ("photons", "cm-2 s-1 in a bin"),
        ("response", "area and spreading"),
        ("counts", "in groups of channels"),
    ),
    "flow_components": (
        ("SEDs", "K_RJ over reference"),
        ("parameters", "numbers, clusters, maps"),
        ("bands", "bandpasses, depths"),
        ("mixing matrix", "bands x components"),
        ("amplitudes", "eliminated per pixel"),
        ("residuals", "whitened, of all pixels"),
    ),
    "flow_galaxies": (
        ("emitters", "particles or fields"),
        ("orientation", "to the sky, velocities"),
        ("mass", "spaxel, velocity, library"),
        ("spectra", "of populations"),
        ("dust, lines", "in front, of the gas"),
        ("LSF, PSF", "blurred"),
        ("cube", "channels x spaxels"),
    ),
    "flow_scattering": (
        ("source", "packets"),
        ("flight", "delta tracking"),
        ("density", "any scalar field"),
        ("process", "one scattering"),
        ("tallies", "escape, peel-off"),
        ("spectra", "I, Q, U with errors"),
    ),
    "flow_inference": (
        ("model", "any PyTree"),
        ("observable", "to where data are"),
        ("likelihoods", "their logarithms add"),
        ("Posterior", "priors, regularisers"),
        ("fit, fisher", "maximum and errors"),
        ("sample, select", "chains, evidence"),
    ),
}
"""What happens, from the model to the data, in each of the skies."""

_ATTRIBUTES = 'fill="none" stroke="currentColor" stroke-width="1.5"'
_ARROW = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" fill="currentColor"/></marker></defs>'
)


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls of an extension."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "drawings"))
    return {"parallel_read_safe": True}


def write(folder: Path) -> None:
    """Writes every drawing."""
    folder.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        (folder / f"{name}.svg").write_text(drawing, "utf-8")


def drawings() -> dict[str, str]:
    """All drawings by name."""
    shapes = {
        "frame": frame,
        "sky": sky,
        "angle": angle,
        "faraday": faraday,
        "cells": cells,
        "air": air,
        "norms": norms,
    }
    return {name: flow(steps) for name, steps in FLOWS.items()} | {name: draw() for name, draw in shapes.items()}


def svg(width: float, height: float, parts: Iterable[str], title: str) -> str:
    """A drawing with its title for who cannot see it."""
    inside = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}"'
    return f'<div class="drawing">{head} style="max-width:{width:g}px">{_ARROW}\n{inside}\n</svg></div>\n'


def text(x: float, y: float, words: str, anchor: str = "middle", size: float = 14, bold: bool = False) -> str:
    """Words at a place."""
    weight = ' font-weight="bold"' if bold else ""
    look = f'font-family="sans-serif" font-size="{size:g}" fill="currentColor" text-anchor="{anchor}"{weight}'
    return f'<text x="{x:g}" y="{y:g}" {look}>{words}</text>'


def line(points: Sequence[tuple[float, float]], arrow: bool = False, dashed: bool = False) -> str:
    """A line through points."""
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    more = (' marker-end="url(#head)"' if arrow else "") + (' stroke-dasharray="4 4"' if dashed else "")
    return f'<polyline points="{path}" {_ATTRIBUTES}{more}/>'


def curve(path: str, arrow: bool = False, dashed: bool = False) -> str:
    """A path of SVG."""
    more = (' marker-end="url(#head)"' if arrow else "") + (' stroke-dasharray="4 4"' if dashed else "")
    return f'<path d="{path}" {_ATTRIBUTES}{more}/>'


def box(x: float, y: float, width: float, height: float) -> str:
    """A box."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" {_ATTRIBUTES}/>'


def dot(x: float, y: float, radius: float = 4, full: bool = True) -> str:
    """A point."""
    fill = "currentColor" if full else "none"
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="currentColor" stroke-width="1.5"/>'


def flow(steps: Sequence[tuple[str, str]], row: int = 4) -> str:
    """Boxes from left to right, in rows, with arrows."""
    parts, step = [], WIDE + GAP
    for number, (title, note) in enumerate(steps):
        x, y = 4 + (number % row) * step, 4 + (number // row) * (HIGH + GAP)
        parts += [
            box(x, y, WIDE, HIGH),
            text(x + WIDE / 2, y + 25, title, bold=True),
            text(x + WIDE / 2, y + 45, note, size=12),
        ]
        if number % row < row - 1 and number + 1 < len(steps):
            parts.append(line([(x + WIDE + 2, y + HIGH / 2), (x + step - 2, y + HIGH / 2)], arrow=True))
        elif number + 1 < len(steps):
            low, middle = y + HIGH, y + HIGH + GAP / 2
            turn = [(x + WIDE / 2, low), (x + WIDE / 2, middle), (4 + WIDE / 2, middle), (4 + WIDE / 2, low + GAP - 2)]
            parts.append(line(turn, arrow=True))
    high = 8 + HIGH + (len(steps) - 1) // row * (HIGH + GAP)
    return svg(8 + min(row, len(steps)) * step - GAP, high, parts, ", ".join(title for title, _ in steps))


def frame() -> str:
    """The Galaxy from the north: axes and longitudes."""
    centre, scale = (230.0, 170.0), 13.0
    sun = (centre[0] - 8.3 * scale, centre[1])
    parts = [
        dot(*centre),
        text(centre[0] + 8, centre[1] + 20, "Galactic centre", "start"),
        dot(*sun, 6, full=False),
        dot(*sun, 1.5),
    ]
    parts += [
        text(sun[0] + 14, sun[1] + 50, "Sun, (-8.3, 0, 0.006) kpc", "start"),
        line([(280, 170), (400, 170)], arrow=True),
    ]
    parts += [
        text(408, 175, "+x", "start", bold=True),
        line([(230, 160), (230, 30)], arrow=True),
        text(230, 20, "+y", bold=True),
    ]
    for x, y, words, anchor in (
        (45, 0, "l = 0", "start"),
        (0, -60, "l = 90°", "middle"),
        (-60, 0, "180°", "end"),
        (0, 90, "270°", "middle"),
    ):
        parts.append(line([(sun[0] + x * 0.25, sun[1] + y * 0.25), (sun[0] + x, sun[1] + y * 0.8)], arrow=True))
        parts.append(text(sun[0] + x * 1.05, sun[1] + y * 0.8 + (-8 if y <= 0 else 18), words, anchor))
    parts += [
        curve(f"M{sun[0] + 30:g} {sun[1]} A30 30 0 0 0 {sun[0]:g} {sun[1] - 30:g}", arrow=True),
        dot(360, 60, 9, False),
        dot(360, 60, 2),
    ]
    parts += [text(360, 92, "+z, north: out of the page")]
    return svg(470, 280, parts, "The Galaxy from the north: x from the Sun to the centre, y towards l = 90 degrees")


def sky() -> str:
    """The whole sky as maps show it: l grows to the left."""
    parts = [curve("M20 120 A220 100 0 1 1 460 120 A220 100 0 1 1 20 120"), line([(20, 120), (460, 120)], dashed=True)]
    parts += [
        curve("M240 20 A110 100 0 0 0 240 220", dashed=True),
        curve("M240 20 A110 100 0 0 1 240 220", dashed=True),
    ]
    parts += [
        dot(240, 120),
        text(248, 112, "l = 0, b = 0", "start"),
        text(98, 138, "l = 90°"),
        text(388, 138, "l = 270°"),
    ]
    parts += [text(240, 14, "b = 90°"), text(240, 238, "b = -90°"), line([(220, 165), (130, 165)], arrow=True)]
    parts += [text(175, 185, "l grows"), line([(240, 108), (240, 50)], arrow=True), text(248, 72, "b grows", "start")]
    return svg(480, 246, parts, "The sky in Galactic coordinates: longitude grows to the left")


def angle() -> str:
    """Polarisation angles and the signs of Q and U."""
    o = (190.0, 150.0)
    parts = [line([o, (190, 30)], arrow=True), text(190, 22, "north", bold=True), line([o, (70, 150)], arrow=True)]
    parts += [
        text(60, 155, "east", "end", bold=True),
        line([o, (120, 80)], arrow=True),
        text(112, 74, "B", "end", bold=True),
    ]
    parts += [
        line([(140, 200), (240, 100)]),
        text(246, 98, "polarisation E,", "start"),
        text(246, 116, "across B", "start"),
    ]
    parts += [curve("M190 90 A60 60 0 0 0 148 108", arrow=True), text(166, 84, "+")]
    parts += [text(360, 60, "χ: from north through east", "start"), text(360, 84, "Q = P cos 2χ", "start")]
    parts += [
        text(360, 108, "IAU:  U = P sin 2χ", "start"),
        text(360, 132, "COSMO (HEALPix, default):  U = -P sin 2χ", "start"),
    ]
    parts += [
        text(360, 160, "Q &gt; 0: north-south", "start"),
        text(360, 184, "IAU U &gt; 0: north-east to south-west", "start"),
    ]
    return svg(650, 230, parts, "North up, east left: angles from north through east")


def faraday() -> str:
    """The sign of Faraday rotation."""
    parts = [dot(50, 80, 8, False), dot(50, 80, 2), text(50, 110, "observer"), line([(460, 80), (70, 80)], dashed=True)]
    parts += [line([(330, 60), (200, 60)], arrow=True), text(265, 50, "B towards the observer: RM &gt; 0", bold=True)]
    parts += [dot(470, 80), text(470, 110, "source"), text(265, 105, "RM = 0.811901 ∫ n B ds, χ = χ₀ + λ² RM")]
    parts += [curve("M90 150 A28 28 0 1 0 118 178", arrow=True), text(90, 182, "χ")]
    parts += [
        text(140, 172, "seen by the observer, χ turns counter-clockwise,", "start"),
        text(140, 192, "from north to east, as λ² grows", "start"),
    ]
    return svg(540, 224, parts, "A field towards the observer has positive rotation measure")


def cells() -> str:
    """Values at nodes and values of cells."""
    parts, left, right = [], 60.0, 540.0
    for y, words in (
        (60.0, "Grid(values): nodes, the first and last on the walls"),
        (150.0, "Grid.from_cells(values): centres of cells"),
    ):
        parts += [
            line([(left, y - 14), (left, y + 14)]),
            line([(right, y - 14), (right, y + 14)]),
            line([(left, y), (right, y)]),
        ]
        parts += [text(300, y - 24, words, bold=True)]
    parts += [dot(left + (right - left) * i / 4, 60) for i in range(5)]
    parts += [dot(left + (right - left) * (i + 0.5) / 5, 150) for i in range(5)]
    parts += [line([(left + (right - left) * i / 5, 142), (left + (right - left) * i / 5, 158)]) for i in range(1, 5)]
    parts += [text(left, 92, "c - X"), text(right, 92, "c + X"), text(left, 182, "c - X"), text(right, 182, "c + X")]
    parts += [text(300, 92, "x_i = c - X + 2 X i/(n - 1)"), text(300, 182, "x_i = c - X + 2 X (i + 1/2)/n")]
    parts += [text(300, 220, "values[component, i, j, k] lies at (x_i, y_j, z_k); half_widths = (X, Y, Z), kpc")]
    return svg(600, 236, parts, "Nodes lie on the walls, cells have their centres inside")


def air() -> str:
    """Wavelengths in air and in vacuum."""
    parts = [
        line([(30, 90), (570, 90)], arrow=True),
        text(576, 95, "λ", "start"),
        line([(180, 90), (180, 40)]),
        line([(420, 90), (420, 40)]),
    ]
    parts += [
        text(180, 30, "H alpha in air, 6562.80 Å"),
        text(420, 30, "in vacuum, 6564.61 Å"),
        text(180, 110, "AWAV"),
        text(420, 110, "WAVE"),
    ]
    parts += [line([(186, 62), (414, 62)], arrow=True), text(300, 56, "1.81 Å = 83 km/s")]
    parts += [
        text(
            300,
            136,
            "libraries and channels each state a medium; (1 + z) stretches wavelengths in vacuum",
            size=12,
        )
    ]
    return svg(600, 146, parts, "Wavelengths in air are shorter by 83 km/s")


def norms() -> str:
    """What the norm of a power law means in each sky."""
    parts = []
    for i, (title, at, norm) in enumerate((
        ("spectra.PowerLaw", "1 keV", "norm [cm-2 s-1 keV-1]"),
        ("cosmic_rays: N(γ)", "γ = 1, or reference_energy", "n0 [cm-3]"),
        ("components.PowerLaw", "reference [GHz]", "1: K_RJ over K_RJ there"),
    )):  # fmt: skip
        x = 20 + 215 * i
        parts += [
            line([(x, 30), (x, 150), (x + 185, 150)]),
            line([(x + 15, 45), (x + 170, 135)]),
            text(x + 92, 20, title, bold=True),
        ]
        parts += [
            dot(x + 75, 79.8),
            line([(x + 75, 84), (x + 75, 150)], dashed=True),
            text(x + 75, 168, at, size=12),
            text(x + 84, 72, norm, "start", size=11),
        ]
    return svg(660, 180, parts, "Norms are the values at a reference")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
