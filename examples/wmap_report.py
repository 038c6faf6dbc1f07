"""The tables and the figure of the example of WMAP."""

from pathlib import Path
from typing import Any

import numpy as np
from markdown import paragraph, table


def write(
    folder: Path,
    maps: np.ndarray,
    inside: np.ndarray,
    slopes: dict[Any, Any],
    sigma: np.ndarray,
    indices: dict[str, Any],
) -> None:
    """Writes `wmap.md` and `wmap.png` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "# WMAP: polarised synchrotron from 23 to 94 GHz\n\n"
    text += paragraph(
        "Slope of Q and U on those at 23 GHz, K_RJ, all with a beam of 7.1 deg; errors from leaving out each of 48 "
        "patches. The index is ln(slope)/ln(nu/23 GHz), dust left in."
    )
    nu = {"V": 61.0, "W": 94.0}
    rows = [
        (
            f"{band} ({nu[band]:g} GHz)",
            region,
            f"{one.value:.4f} +- {one.error:.4f}",
            *(f"{part:.4f}" for part in one.parts),
            f"{np.log(one.value) / np.log(nu[band] / 23):.2f}",
        )
        for (band, region), one in slopes.items()
    ]
    text += "\n" + table(("band", "sky", "slope", "Q alone", "U alone", "index"), rows)
    text += "\n" + paragraph(
        "The index of synchrotron by the likelihood, amplitudes of synchrotron and of dust (1.53, 19.6 K) free in each "
        f"pixel of NSIDE 8; noise {sigma[0]:.2g}, {sigma[1]:.2g} and {sigma[2]:.2g} uK_RJ, those of V and W measured "
        "at \\|b\\| > 30 deg."
    )
    rows = [
        (
            region,
            f"{float(one.fit.parameters['terms.synchrotron.index']):.2f}",
            f"{one.error:.2f}",
            f"{one.jackknife:.2f}",
            f"{one.fit.chi2:.0f}/{one.fit.dof} = {one.fit.chi2 / one.fit.dof:.2f}",
        )
        for region, one in indices.items()
    ]
    text += "\n" + table(("sky", "beta_s", "Fisher error", "jackknife error", "chi^2/dof"), rows)
    text += "\n" + paragraph(
        "Q and U have slopes of one sign, so the files of V and W, whose headers do not say it, are COSMO. Dust takes "
        "what V and W share: the index is steeper than that of the slope, and W, whose noise is correlated over many "
        "degrees, decides by how much. Where the jackknife error is larger than that of Fisher's information, it is "
        "the one to quote."
    )
    (folder / "wmap.md").write_text(text, encoding="utf-8")
    _draw(folder / "wmap.png", maps, inside, slopes, indices)


def _draw(path: Path, maps: np.ndarray, inside: np.ndarray, slopes: dict[Any, Any], indices: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for name, one, colour in zip("QU", maps, ("C0", "C1"), strict=True):
        left.plot(one[0, inside], one[1, inside], ".", color=colour, ms=2, alpha=0.35, label=name, rasterized=True)
    ends = np.array([maps[:, 0, inside].min(), maps[:, 0, inside].max()])
    found = next(one for (band, _), one in slopes.items() if band == "V")
    left.plot(ends, found.value * ends, "k", label=f"slope {found.value:.3f} $\\pm$ {found.error:.3f}")
    left.set(
        xlabel=r"23 GHz [$\mu$K$_\mathrm{RJ}$]",
        ylabel=r"61 GHz [$\mu$K$_\mathrm{RJ}$]",
        title="|b| > 5 deg, 7.1 deg beam",
    )
    left.legend(fontsize=8, markerscale=4)
    for number, (name, one) in enumerate(indices.items()):
        right.plot(one.at, np.exp(one.curve), f"C{number}", label=name.replace("\\", ""))
    right.set(xlabel=r"$\beta_s$", ylabel="likelihood over its maximum", title="Index of synchrotron, dust eliminated")
    right.set_xlim(-4.8, -2.4)
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
