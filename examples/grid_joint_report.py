"""The tables and the figure of `grid_joint.py`."""

from pathlib import Path
from typing import Any

import equinox as eqx
import healpy as hp
import jax
import jax.numpy as jnp
import numpy as np
from markdown import listing, paragraph, table
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

import sightline as sl
from sightline.plot import mollweide, planes

KINDS, POINTS = ("I at 408 MHz", "RM", "Q and U at 23 GHz"), 10_000
FIELD = ("rms of B of the grid [uG]", "rms of B of the background [uG]", "largest div B of the grid")
INTRODUCTION = (
    "Written by `examples/grid_joint.py`, where the model and the prior stand; the data and their errors are those of "
    "`haslam_408_data.py` and `joint_fit_data.py`, where masks, bins and sources stand. The background is the "
    "published UF23 `base`, whose authors knew the whole sky. The grid has no divergence by construction. In every fit "
    "the density of cosmic rays, the random halo (shape of JF12b) and the zero level at 408 MHz are free; the height "
    "and radius of the disk of cosmic rays, 4.34 and 4.05 kpc, are those of `joint_fit.py`, found without the test "
    "patches; the index of cosmic rays is 3; thermal electrons are YMW16."
)
SPLIT = (
    "Patches of 14.7 deg, the same for the three kinds: one in five is the test, which had no part in any choice and "
    "was looked at once with the grid; validation patches chose s and the iterate at which a fit ends; the others were "
    "fitted."
)


def write(
    models: dict[str, sl.Model], found: dict[str, Any], parts: dict[str, np.ndarray], tried: Any, notes: Any
) -> str:
    """The page of results."""
    rows = [
        (kind, part, *(_ratio(one[place].chi2(patches)) for one in found.values()))
        for place, kind in enumerate(KINDS)
        for part, patches in parts.items()
    ]
    facts = [("n0 [1e-5 cm^-3]", "random halo, at the centre [uG]", "zero level [K]", *FIELD)]
    facts += [(*_nuisance(one), *_field(one.simulator)) for one in models.values()]
    fits = [(f"{s:g}", f"{fitted:.0f}", f"{seen:.0f}") for s, fitted, seen in tried]
    return "\n".join([
        "# A grid without divergence over UF23, fitted to intensity, rotation measures and polarisation\n",
        paragraph(INTRODUCTION),
        paragraph(SPLIT),
        "## chi^2 per datum\n",
        table(("data", "patches", *found), rows),
        paragraph(_changes(found, parts["test"])),
        "## The models\n",
        table(("", *models), zip(*facts, strict=True)),
        paragraph(
            f"rms at {POINTS} random points of the box, in double precision; divergence: the largest |div B| in units "
            "of the rms of B over the smallest side of a cell."
        ),
        "## The choice of s, and time\n",
        paragraph("chi^2 of all data, of the coarse grids in turn and of the refined one; times include compilation."),
        table(("s [uG]", "fitted", "validation"), fits),
        listing(notes),
        "## What this says\n",
        listing(_findings(found, parts["test"])),
        "![Fields and residuals](grid_joint.png)\n",
    ])  # fmt: skip


def _ratio(score: tuple[float, int]) -> str:
    return f"{score[0]:.0f}/{score[1]} = {score[0] / max(score[1], 1):.2f}"


def change(before: Any, after: Any, patches: np.ndarray) -> tuple[float, float]:
    """By how much chi^2 per datum changed, and the error that its scatter among patches gives."""
    each, number = [], 0
    for one in np.flatnonzero(patches):
        alone = np.arange(patches.size) == one
        (old, size), (new, _) = before.chi2(alone), after.chi2(alone)
        number += size
        each += [new - old] if size else []
    return sum(each) / number, float(np.std(each)) * len(each) ** 0.5 / number


def _changes(found: dict[str, Any], test: np.ndarray) -> str:
    first, *_, last = found.values()
    moves = [change(*two, test) for two in zip(first, last, strict=True)]
    texts = [f"{kind} {move:+.2f} +- {error:.2f}" for kind, (move, error) in zip(KINDS, moves, strict=True)]
    start = "Change of chi^2 per test datum by the grid, with the error that its scatter among patches gives: "
    return start + "; ".join(texts) + "."


def _findings(found: dict[str, Any], test: np.ndarray) -> list[str]:
    """What the numbers of these fits say of each kind of data, and what no fit of this kind can."""
    first, *_, last = found.values()
    texts = []
    for kind, before, after in zip(KINDS, first, last, strict=True):
        move, error = change(before, after, test)
        verdict = "cannot tell whether the grid is better" if abs(move) < 2 * error else (
            "prefer the grid" if move < 0 else "reject the grid: what it learnt elsewhere does not hold there"
        )  # fmt: skip
        texts.append(f"**{kind}**: patches that were not fitted {verdict} ({move / error:+.1f} standard errors).")
    return [*texts, *GENERAL]


GENERAL = (
    "**What is left**: chi^2 per datum above 1, fitted or not, is structure that a field of 1.25 kpc cells cannot have "
    "near the Sun, where a cell covers much of the sky, and turbulence, which nothing foretells.",
    "**What these data cannot tell**: where along a sightline a field is, but for what lies between the different "
    "weights of n_e, of cosmic rays, and of the prior; the random field from the regular one in I; the density of "
    "cosmic rays from the strength of the field, but for rotation measures with YMW16 as it is.",
)


def _nuisance(one: sl.Model) -> tuple[str, ...]:
    simulator, level = one.simulator, float(one.nuisance["zero_level"])
    n0, rms = float(simulator.cosmic_rays.n0), float(simulator.emission[0].random.rms)
    return f"{1e5 * n0:.2f}", f"{rms:.2f}", f"{level:.1f}"


def _field(simulator: sl.Simulator) -> tuple[str, ...]:
    """What `FIELD` names, at random points, in double precision."""
    terms = simulator.magnetic_field.terms
    with jax.enable_x64(True):
        grid, background = (_doubled(terms[name]).prepare() for name in ("grid", "background"))
        half = np.asarray(grid.half_widths)
        points = jnp.asarray(np.random.default_rng(0).uniform(-half, half, (POINTS, 3)))
        strength = [float(jnp.sqrt(jnp.mean(jnp.sum(_each(one, points) ** 2, axis=1)))) for one in (grid, background)]
        cell = float(np.min(2 * half / cells_of(grid)))
        largest = float(jnp.max(jnp.abs(_each(_Divergence(grid), points))))
    return f"{strength[0]:.2f}", f"{strength[1]:.2f}", f"{largest * cell / max(strength[0], 1e-30):.1e}"


def cells_of(grid: sl.magnetic.VectorPotentialGrid) -> tuple[int, ...]:
    """Number of cells along x, y and z of a grid of order 2."""
    return tuple(n - 2 for n in (grid.potential_y.shape[0], grid.potential_z.shape[1], grid.potential_x.shape[2]))


def _doubled(field: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(float) if eqx.is_inexact_array(x) else x, field)


class _Divergence(eqx.Module):
    field: Any

    def __call__(self, position):
        return sl.fields.divergence(self.field)(position)


@eqx.filter_jit
def _each(function: Any, points: jax.Array) -> jax.Array:
    return jax.lax.map(function, points, batch_size=1000)


def draw(models: dict[str, sl.Model], found: dict[str, Any], path: Path) -> None:
    """|B| in two planes without and with the grid, and what both leave of the data."""
    figure = Figure(figsize=(12, 11), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    _slices(above, models)
    panels = [(name, found[name]) for name in (next(iter(found)), list(found)[-1])]
    for row, (name, kinds) in zip(below.subfigures(2, 1), panels, strict=True):
        maps = {kind: (one, 0) for kind, one in zip(KINDS, kinds, strict=True)}
        maps = {KINDS[0]: maps[KINDS[0]], KINDS[1]: maps[KINDS[1]], "Q at 23 GHz": (kinds[2], 0), "U": (kinds[2], 1)}
        for place, (kind, (one, part)) in enumerate(maps.items()):
            image = _map(row.add_subplot(1, 4, place + 1, projection="mollweide"), one, part)
            row.axes[-1].set_title(f"{kind}, {name}", fontsize=9)
        row.colorbar(image, ax=row.axes, extend="both", shrink=0.8, pad=0.01).set_label("(data - model)/error")
    figure.savefig(path, dpi=110)


def _slices(figure: Any, models: dict[str, sl.Model]) -> None:
    first, *_, last = (one.simulator.magnetic_field for one in models.values())
    shown = {"background": first.terms["background"], "with the grid": last, "the grid alone": last.terms["grid"]}
    axes = figure.subplots(2, 3, gridspec_kw={"height_ratios": (4, 1.2)})
    for column, (name, field) in zip(axes.T, shown.items(), strict=True):
        column[0].set_title(f"|B|, {name}")
        for panel, plane, up in zip(column, ("xy", "xz"), (20.0, 5.0), strict=True):
            extent = (-20.0, 20.0, -up, up)
            values = np.linalg.norm(planes.sample(field, plane, 0.0, extent, 200), axis=-1)
            image = panel.imshow(values, origin="lower", extent=extent, cmap="magma", vmin=0, vmax=4)
            panel.plot([-8.2], [0], "w.", ms=4)
            panel.set_xlabel("x [kpc]", fontsize=8)
            panel.set_ylabel(f"{plane[1]} [kpc]", fontsize=8)
    figure.colorbar(image, ax=axes, label="|B| [uG]", extend="max", shrink=0.8)


def _map(axes: Any, one: Any, part: int) -> Any:
    sky = np.full(12 * one.nside**2, np.nan)
    sky[one.pixel] = one.values[part]
    raster = mollweide.raster(sky, mollweide.lookup(sl.HealpixSky(hp.npix2nside(sky.size)), 500))
    colours = colormaps["RdBu_r"].with_extremes(bad="0.85")
    image = mollweide.draw(axes, raster, Normalize(-5, 5), colours)
    axes.set(xticklabels=[], yticklabels=[])
    axes.grid(color="0.55", linewidth=0.3, linestyle=(0, (1, 2)))
    return image
