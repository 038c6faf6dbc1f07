"""The table and the figure of the example of LiteBIRD."""

from pathlib import Path
from typing import Any

import numpy as np
from markdown import paragraph, table


def write(folder: Path, results: list[Any], search: Any, ell: np.ndarray, seconds: float, name: str) -> None:
    """Writes a table and a figure of that name into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    head = ("clusters", "beta_d, T_d, beta_s", "steps", "systematic [uK^2]", "statistical [uK^2]", "mode of r")
    rows = [
        (
            one.name,
            ", ".join(map(str, one.clusters)),
            len(one.fit.history),
            *(f"{1e12 * float(np.var(part.Q)):.3g}" for part in one.residuals[:2]),
            f"{one.r.mode:.2g}",
            f"{one.r.mean:.2g}",
            f"{one.r.sd:.2g}",
            f"{one.r.upper(0.68):.2g}",
        )
        for one in results
    ]
    text = "# LiteBIRD: clusters of spectral parameters, and r\n\n"
    text += paragraph(
        "Residuals of the CMB (variance of Q) and the posterior of r >= 0 from degrees 2 to "
        f"{ell[-1]} of the whole sky, for a truth of r = 0; {seconds:.0f} s of processor time."
    )
    text += "\n" + table((*head, "mean", "sd", "68 % below"), rows)
    text += "\n" + paragraph("The search over clusters of the dust index, by the variance of the CMB in uK^2:")
    text += "\n```\n" + repr(search) + "\n```\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    _draw(folder / f"{name}.png", results, ell)


def _draw(path: Path, results: list[Any], ell: np.ndarray) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    import sightline as sl

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    scale = ell * (ell + 1) / (2 * np.pi)
    left.loglog(ell, scale * np.asarray(sl.cosmology.BModes(r=0.0)(ell)), "k", label="lensing")
    left.loglog(ell, scale * np.asarray(sl.cosmology.BModes(r=1e-3, lensing=0.0)(ell)), "k--", label="r = 0.001")
    for number, one in enumerate(results):
        left.loglog(ell, scale * one.systematic, f"C{number}")
        left.loglog(ell, scale * one.statistical, f"C{number}:")
    left.plot([], [], "0.4", label="systematic")
    left.plot([], [], ":", color="0.4", label="statistical")
    left.set(xlabel="degree l", ylabel=r"$l(l+1)C_l^{BB}/2\pi$ [$\mu$K$^2$]", title="Residuals of the CMB")
    left.xaxis.set_minor_formatter("")
    shown = [tick for tick in (2, 5, 10, 20, 50, 100) if tick <= ell[-1]]
    left.set_xticks(shown, list(map(str, shown)))
    left.legend(fontsize=8, loc="lower right")
    highest = max(one.r.upper(0.999) for one in results)
    at = np.linspace(0, highest, 400)
    for number, one in enumerate(results):
        density = one.r.density(at)
        right.plot(at, density / density.max(), f"C{number}", label=one.name)
    right.axvline(0.0, color="k", lw=0.8)
    right.set(xlabel="r", ylabel="density over its maximum", title="Posterior of r, truth 0")
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
