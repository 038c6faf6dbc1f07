"""Gamma rays for the documentation: the sky of the same electrons in both axes, and the law of one scattering.

    python examples/gamma_rays.py --output docs/gallery

`gamma_sky.png`: synchrotron emission at 408 MHz and inverse Compton emission at 1 GeV. `compton.png`: the energy of a
scattered photon from the Thomson regime to that of Klein and Nishina, and what falls with it.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import sightline as sl
from sightline.plot import mollweide

NSIDE, CELLS, WIDTH, DPI = 32, 256, 600, 105
BS = (1e-3, 1.0, 10.0, 1e2, 1e4)
LAW = sl.processes.InverseCompton()


def galaxy() -> sl.Simulator:
    """The default Galaxy of the command line, in the light of the microwave background, of dust and of stars."""
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        radiation=sl.radiation.CMB() + sl.radiation.Disk(30.0, 0.5) + sl.radiation.Disk(3000.0, 1.0),
        emission=(sl.emission.Synchrotron(), sl.emission.InverseCompton()),
    )


def skies(nside: int, cells: int) -> tuple[sl.Stokes, sl.Stokes]:
    """The sky at 408 MHz, K, and at 1 GeV, photons."""
    lines = sl.Sightlines(sl.HealpixSky(nside), sl.ResolvedCells(cells=-(-cells // 4)))
    simulator = galaxy()
    return simulator(lines, frequency=0.408), simulator(lines, energy=1.0)


def draw_skies(path: Path, radio: sl.Stokes, gamma: sl.Stokes, width: int) -> None:
    """Both side by side, each over two decades below its brightest pixel."""
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    labels = ("408 MHz, synchrotron [K]", r"1 GeV, inverse Compton [GeV$^{-1}$ cm$^{-2}$ s$^{-1}$ sr$^{-1}$]")
    for place, (stokes, label) in enumerate(zip((radio, gamma), labels, strict=True), 1):
        axes = figure.add_subplot(1, 2, place, projection="mollweide")
        values = np.asarray(stokes.I)
        raster = mollweide.raster(values, mollweide.lookup(stokes.sky, width))
        image = mollweide.draw(axes, raster, LogNorm(values.max() / 100, values.max()), "inferno")
        mollweide.graticule(axes)
        figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.7, label=label, extend="min")
    figure.savefig(path, dpi=DPI)


def densities(points: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Places x over the largest, and the density there, for each of `BS`."""
    share = np.linspace(0, 1, points)
    ends = [b / (1 + b) for b in BS]
    return share, [np.asarray(LAW.density(share * end, b=b)) * end for b, end in zip(BS, ends, strict=True)]


def draw_law(path: Path, points: int) -> None:
    """Left: the density of the energy; right: rate and losses over those of Thomson."""
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    share, found = densities(points)
    for k, (b, values) in enumerate(zip(BS, found, strict=True)):
        left.plot(share, values, color=f"C{k}", label=f"b = {b:g}")
    left.set(xlabel=r"$e_1/e_{1,\max}$", ylabel=r"density of $e_1/e_{1,\max}$", xlim=(0, 1), ylim=(0, 6))
    left.legend(frameon=False, fontsize=8)
    b = jnp.geomspace(1e-3, 1e6, points)
    right.loglog(b, sl.processes.rate_factor(b), label="rate of scattering")
    right.loglog(b, sl.processes.loss_factor(b), label="losses of energy")
    right.set(xlabel=r"$b = 4\,\gamma\,e_0/m_e c^2$", ylabel="over that of Thomson", xlim=(1e-3, 1e6))
    right.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=DPI)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/gallery"), help="folder for the figures")
    output = parser.parse_args().output
    with jax.enable_x64(True):
        draw_skies(output / "gamma_sky.png", *skies(NSIDE, CELLS), WIDTH)
        draw_law(output / "compton.png", 400)


if __name__ == "__main__":
    main()
