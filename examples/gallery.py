"""Every published model of the Galaxy side by side, as figures for the documentation.

    python examples/gallery.py --output docs/gallery

Magnetic models: |B| just above the plane and in a vertical slice through the Sun and the centre, the RM sky and
polarised intensity at 23 GHz. Thermal electrons: density in the plane and in the slice, and the DM sky. A column has
one scale.
"""

import argparse
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import AsinhNorm, LogNorm, Normalize
from matplotlib.figure import Figure
from PIL import Image

import sightline as sl
from sightline.plot import mollweide, planes, scales, slices

SUN_LSA, SUN_JF12, SUN_UF23, SUN_PT11, SUN_TF17, SUN_KST24, SUN_NE2001 = (
    sl.SUN,
    (-8.5, 0.0, 0.0),
    (-8.178, 0.0, 0.0),
    (-8.5, 0.0, 0.0),
    (-8.5, 0.0, 0.0),
    (-8.2, 0.0, 0.0),
    (-8.5, 0.0, 0.0),
)
"""Where each paper has the Sun, kpc."""
NEAR_PLANE = 0.02
"""Height at which |B| is drawn, kpc: the halos of several models jump at z = 0."""
SQUARE, UPRIGHT = (-20.0, 20.0, -20.0, 20.0), (-20.0, 20.0, -10.0, 10.0)
FREQUENCY = 23.0  # GHz
BLANK = "0.85"
ROW, BAR, DPI = 1.62, 0.5, 105


class Model(NamedTuple):
    """A row: what makes the field, and the Sun of its paper."""

    make: Callable[[], Any]
    sun: tuple[float, float, float]


class Column(NamedTuple):
    """A column: its title, scale, colours and unit, and whether it is a map of the sky."""

    title: str
    norm: Normalize
    cmap: str
    unit: str
    extent: tuple[float, float, float, float] | None = None


def magnetic() -> dict[str, dict[str, Model]]:
    """The magnetic models by figure and name."""
    return {
        "magnetic": {
            "LSA": Model(sl.magnetic.LSA, SUN_LSA),
            "JF12": Model(sl.magnetic.JF12, SUN_JF12),
            "JF12.planck": Model(sl.magnetic.JF12.planck, SUN_JF12),
            "JF12Solenoidal": Model(sl.magnetic.JF12Solenoidal, SUN_JF12),
            **{f"PT11 {kind}": Model(lambda k=kind: sl.magnetic.PT11(k), SUN_PT11) for kind in ("ASS", "BSS")},
            "KST24": Model(sl.magnetic.KST24, SUN_KST24),
        },
        "uf23": {
            f"UF23 {name}": Model(lambda k=name: sl.magnetic.UF23(k), SUN_UF23) for name in sl.magnetic.UF23_PARAMETERS
        },
        "tf17": {
            f"TF17 {name}": Model(lambda k=name: sl.magnetic.TF17(k), SUN_TF17)
            for name in ("Ad1C0", "Ad1C1", "Bd1C0", "Bd1C1", "Dd1C0", "Dd1C1")
        },
    }


def electrons() -> dict[str, Model]:
    """The models of thermal electrons by name."""
    return {
        "ExponentialDisk": Model(sl.electrons.ExponentialDisk, sl.SUN),
        "YMW16": Model(sl.electrons.YMW16, sl.SUN),
        "NE2001": Model(sl.electrons.NE2001, SUN_NE2001),
        "NE2025": Model(sl.electrons.NE2025, SUN_NE2001),
    }


STRENGTH, DENSITY = LogNorm(0.03, 30), LogNorm(1e-4, 1)
MAGNETIC = (
    Column(f"$|B|$: x, y [kpc], z = {NEAR_PLANE}", STRENGTH, "inferno", "µG", SQUARE),
    Column("$|B|$: x, z [kpc], y = 0", STRENGTH, "inferno", "µG", UPRIGHT),
    Column("RM", AsinhNorm(30, -1200, 1200), "RdBu_r", "rad m$^{-2}$"),
    Column("polarised intensity, 23 GHz", LogNorm(0.3, 1000), "inferno", r"µK$_\mathrm{RJ}$"),
)
ELECTRONS = (
    Column("$n_e$: x, y [kpc], z = 0", DENSITY, "inferno", "cm$^{-3}$", SQUARE),
    Column("$n_e$: x, z [kpc], y = 0", DENSITY, "inferno", "cm$^{-3}$", UPRIGHT),
    Column("DM", LogNorm(10, 3000), "inferno", "pc cm$^{-3}$"),
)


def sightlines(sun: tuple[float, float, float], nside: int, cells: int) -> sl.Sightlines:
    """Four rays of 30 kpc a pixel, which leave every model, with cells from 8 pc at the Sun to 490 pc at the end."""
    division = sl.RadialCells(cells=cells, distance=30.0, growth=60.0)
    return sl.Sightlines(sl.HealpixSky(nside, supersample=2), cells=division, observer=sun)


def electrons_around(sun: tuple[float, float, float]) -> sl.fields.AbstractField:
    """YMW16, moved so that its Sun is that of another model."""
    offset = np.subtract(sun, sl.SUN)
    return sl.fields.Shifted(sl.electrons.YMW16(), offset) if offset.any() else sl.electrons.YMW16()


def magnetic_row(model: Model, nside: int, cells: int, points: int) -> list[np.ndarray]:
    """|B| in both planes [uG], RM [rad m^-2] and polarised intensity [uK]."""
    field, lines = model.make(), sightlines(model.sun, nside, cells)
    simulator = sl.Simulator(
        magnetic_field=field,
        electron_density=electrons_around(model.sun),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(sun=model.sun),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    cuts = [
        planes.sample(field, "xy", NEAR_PLANE, SQUARE, points),
        planes.sample(field, "xz", 0.0, UPRIGHT, 2 * points),
    ]
    polarised = simulator(lines, frequency=FREQUENCY).polarised_intensity
    strengths = [np.linalg.norm(plane, axis=-1) for plane in cuts]
    return [*strengths, np.asarray(simulator.rotation_measure(lines)), 1e6 * np.asarray(polarised)]


def electron_row(model: Model, nside: int, cells: int, points: int) -> list[np.ndarray]:
    """n_e in both planes [cm^-3] and DM [pc cm^-3]."""
    field = model.make()
    dispersion = sl.Simulator(electron_density=field).dispersion_measure(sightlines(model.sun, nside, cells))
    return [
        planes.sample(field, "xy", 0.0, SQUARE, points),
        planes.sample(field, "xz", 0.0, UPRIGHT, 2 * points),
        np.asarray(dispersion),
    ]


def draw(path: Path, columns: tuple[Column, ...], rows: dict[str, tuple[Model, list[np.ndarray]]]) -> None:
    """A row for each model, a column for each quantity, a colour bar below each column."""
    ratios = [1.0 if column.extent == SQUARE else 2.0 for column in columns]
    figure = Figure(figsize=(ROW * 0.97 * sum(ratios), ROW * len(rows) + BAR), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.02, wspace=0.01, hspace=0.01)
    heights = [ROW] * len(rows) + [BAR]
    grid = figure.add_gridspec(len(heights), len(columns), width_ratios=ratios, height_ratios=heights)
    for j, column in enumerate(columns):
        for i, (name, (model, values)) in enumerate(rows.items()):
            axes = figure.add_subplot(grid[i, j], projection=None if column.extent else "mollweide")
            image = _plane(axes, column, values[j], model.sun) if column.extent else _sky(axes, column, values[j])
            axes.set_ylabel(name if j == 0 else "", fontsize=10, fontweight="bold", labelpad=4)
            axes.set_title(column.title if i == 0 else "", fontsize=10)
        _colour_bar(figure.add_subplot(grid[-1, j]), image, column)
    _save(figure, path)


def _plane(axes: Any, column: Column, values: np.ndarray, sun: tuple[float, float, float]) -> Any:
    left, right, bottom, top = column.extent or SQUARE
    values = np.where(values > 0, values, np.nan)
    cmap = colormaps[column.cmap].with_extremes(bad=BLANK)
    image = axes.imshow(values, extent=column.extent, origin="lower", norm=column.norm, cmap=cmap)
    axes.set(xticks=np.arange(left, right + 1, 10), yticks=np.arange(bottom, top + 1, 10))
    axes.tick_params(labelsize=6, length=2, pad=1.5)
    slices.mark_sun(axes, sun[0], sun[1 if column.extent == SQUARE else 2], size=4)
    return image


def _sky(axes: Any, column: Column, values: np.ndarray) -> Any:
    sky = sl.HealpixSky(round((len(values) / 12) ** 0.5))
    raster = mollweide.raster(values, mollweide.lookup(sky, 400))
    image = mollweide.draw(axes, raster, column.norm, colormaps[column.cmap].with_extremes(bad=BLANK))
    axes.set_longitude_grid(60)
    axes.grid(color="0.55", linewidth=0.3, linestyle=(0, (1, 2)))
    axes.set(xticklabels=[], yticklabels=[])
    axes.spines["geo"].set_linewidth(0.5)
    return image


def _colour_bar(axes: Any, image: Any, column: Column) -> None:
    axes.axis("off")
    place = axes.inset_axes((0.05, 0.75, 0.9, 0.25) if column.extent == SQUARE else (0.2, 0.75, 0.6, 0.25))
    bar = axes.figure.colorbar(image, cax=place, orientation="horizontal", extend="both")
    scales.label_decades(bar)
    bar.set_label(column.unit, fontsize=8, labelpad=1)
    bar.ax.tick_params(labelsize=7)


def _save(figure: Figure, path: Path) -> None:
    """A PNG of the colours of its scales and greys alone, a third as large as one of all colours."""
    buffer, palette = BytesIO(), Image.new("P", (1, 1))
    figure.savefig(buffer, dpi=DPI)
    ranges = [("inferno", 80), ("RdBu_r", 64), ("gray", 32)]
    colours = [colormaps[name](np.linspace(0, 1, number))[:, :3] for name, number in ranges]
    palette.putpalette(np.rint(255 * np.concatenate(colours)).astype(int).ravel().tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(buffer).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main(output: Path, nside: int = 32, cells: int = 256, points: int = 200) -> None:
    """Computes and draws all figures.

    **Arguments:** `output`: a folder; `nside`, `cells`: of the skies; `points`: pixels across the plane.
    """
    figures = {name: (MAGNETIC, magnetic_row, models) for name, models in magnetic().items()}
    figures["electrons"] = (ELECTRONS, electron_row, electrons())
    for name, (columns, compute, models) in figures.items():
        rows = {}
        for label, model in models.items():
            start = time.perf_counter()
            rows[label] = (model, compute(model, nside, cells, points))
            print(f"{label}: {time.perf_counter() - start:.1f} s", flush=True)
        draw(output / f"{name}.png", columns, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/gallery"), help="folder of the figures")
    parser.add_argument("--nside", type=int, default=32, help="of the skies")
    main(parser.parse_args().output, parser.parse_args().nside)
