"""The table and the figure of `grid_mock.py`."""

from pathlib import Path
from typing import Any

import equinox as eqx
import healpy as hp
import jax
import jax.numpy as jnp
import numpy as np
from markdown import paragraph, table
from matplotlib.figure import Figure

import sightline as sl

INTRODUCTION = (
    "The mock of Diao et al. 2024 (arXiv:2410.01136, section 4): LSA seen in I, Q and U at 2.4 GHz with noise. One fit "
    "frees every node of a grid, the other gives the same nodes a prior. Both begin with 1 uG along circles and know "
    "that there is no field within 3 kpc of the centre. chi^2 counts a datum each; the error of B_perp is that of the "
    "mean of B across a sightline, weighted by the true emission, up to its sign."
)
MEANING = (
    "Axial symmetry is an assumption, which the deviation is there to correct; for LSA, which is symmetric, validation "
    "chooses it small. Where symmetry fails, so would the prediction at 1.2 GHz: one frequency and no distances do not "
    "tell where along a sightline a field lies. The prediction at half the frequency multiplies every error of I by "
    "eight and of Faraday rotation by four, so that it is the hardest of the tests."
)


def write(
    options: Any, found: dict[str, dict[str, float]], tried: Any, chosen: Any, fits: dict[str, Any], spent: np.ndarray
) -> str:
    """The page of results."""
    kinds = next(iter(found.values()))
    rows = [(kind, *(f"{one[kind]:.4g}" for one in found.values())) for kind in kinds]
    choices = [
        (*lengths[::2], deviation, f"{train:.4f}", f"{validation:.4f}")
        for (lengths, deviation), train, validation in tried
    ]
    (lengths, deviation) = chosen
    steps = ", ".join(f"{len(fit.history)} steps ({name})" for name, fit in fits.items())
    parts = [
        "# A field on a grid that does not learn the noise\n",
        paragraph(INTRODUCTION),
        f"NSIDE {options.nside}, {options.cells} cells, {options.nodes} x {options.nodes} x {options.nodes // 4} "
        f"nodes, {1e3 * options.noise:g} mK, single precision.\n",
        table(("chi^2 a datum", *found), rows),
        "## The choice of the prior\n",
        paragraph(
            f"Fits to a quarter of the pixels; the least chi^2 on the others is taken: lengths {lengths[0]:g} kpc in "
            f"R and {lengths[2]:g} kpc in z, a deviation of {deviation:g} uG."
        ),
        table(("length in R [kpc]", "in z [kpc]", "deviation [uG]", "fitted pixels", "other pixels"), choices),
        paragraph(MEANING),
        paragraph(
            f"Time: {spent[0]:.0f} s plain, {spent[1]:.0f} s to choose the prior, {spent[2]:.0f} s regularised, on two "
            f"cores that had other work too; {steps}."
        ),
    ]
    return "\n".join(parts)


def draw(mock: Any, models: dict[str, sl.Simulator], path: Path) -> None:
    """|B| in the plane and above it, and what is left of I at the frequency that was not fitted."""
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    axes = figure.subplots(3, 3, gridspec_kw={"height_ratios": (4, 1.7, 3)})
    known = {"truth": mock.simulator} | models
    for column, (name, model) in enumerate(known.items()):
        axes[0, column].set_title(name)
        for row, plane in enumerate(("xy", "xz")):
            shown = axes[row, column].imshow(
                strength(model.magnetic_field, plane),
                origin="lower",
                extent=(-20, 20, -20, 20) if row == 0 else (-20, 20, -5, 5),
                cmap="magma",
                vmin=0,
                vmax=2,
            )
            axes[row, column].plot([-8.3], [0], "w.", ms=4)
            axes[row, column].set_xlabel(f"{plane[0]} [kpc]", fontsize=8)
            axes[row, column].set_ylabel(f"{plane[1]} [kpc]", fontsize=8)
        panel(axes[2, column], mock, name, model)
    figure.colorbar(shown, ax=axes[:2, :], label="|B| through the centre [uG]", shrink=0.6, extend="max")
    figure.savefig(path, dpi=110)


def strength(field: Any, plane: str) -> np.ndarray:
    """|B| on a plane through the centre, uG."""
    across, up = np.linspace(-20, 20, 241), np.linspace(-20, 20, 241) if plane == "xy" else np.linspace(-5, 5, 121)
    u, v = np.meshgrid(across, up)
    places = np.stack([u, v, 0 * u] if plane == "xy" else [u, 0 * u, v], axis=-1)
    value = eqx.filter_jit(lambda f, x: jax.vmap(jax.vmap(f.prepare()))(x))(field, jnp.asarray(places))
    return np.linalg.norm(value, axis=-1)


def panel(axes: Any, mock: Any, name: str, model: sl.Simulator) -> None:
    """I of the truth at 1.2 GHz, or the difference of a fit from it."""
    see = eqx.filter_jit(lambda s: s(mock.lines, 1.2).I)
    values = np.asarray(see(model)) - (0 if model is mock.simulator else np.asarray(see(mock.simulator)))
    l, b = np.meshgrid(np.linspace(180, -180, 361), np.linspace(-90, 90, 181))
    grid = values[hp.ang2pix(hp.npix2nside(len(values)), l, b, lonlat=True)]
    scale = float(np.max(values)) if name == "truth" else 20e-3
    style = {"cmap": "magma", "vmin": 0} if name == "truth" else {"cmap": "RdBu_r", "vmin": -scale}
    shown = axes.imshow(grid, origin="lower", extent=(180, -180, -90, 90), vmax=scale, **style)
    axes.set_xlabel("l [deg]", fontsize=8)
    axes.set_ylabel("b [deg]", fontsize=8)
    label = "I at 1.2 GHz [K]" if name == "truth" else "I at 1.2 GHz, fit - truth [K]"
    axes.figure.colorbar(shown, ax=axes, label=label, orientation="horizontal", shrink=0.8)
