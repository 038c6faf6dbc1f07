"""A spiral galaxy like M51 seen from outside: `python examples/external_galaxy.py`.

Inclination and position angle are those of M51 (20 and 170 deg, Tully 1974, ApJS 27, 437), field and electrons those of
a Galactic model with a thin disk; it shows how an image of a galaxy is made, not a fit.
"""

from pathlib import Path

import jax
import numpy as np

import sightline as sl

RESULTS = Path(__file__).parent / "results"
FREQUENCY = 4.86


def galaxy() -> sl.Simulator:
    """An axisymmetric spiral field with a random one of 10 uG in a disk of 1 kpc."""
    random = sl.electrons.ExponentialDisk(n0=10.0, scale_radius=8.0, scale_height=1.0)  # any scalar field will do
    return sl.Simulator(
        magnetic_field=sl.magnetic.PT11Disk(b0=0.7, pitch=-20.0),
        electron_density=sl.electrons.ExponentialDisk(n0=0.06, scale_radius=6.0, scale_height=0.6),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(sun=(-8.5, 0.0, 0.0)),
        emission=(
            sl.emission.Synchrotron(random=random),
            sl.emission.FaradayRotation(random=random, coherence_length=0.05),
        ),
    )


def draw(stokes: sl.Stokes, plane: sl.ImagePlane, path: Path) -> None:
    """Total intensity, with the magnetic orientation as short lines, and degree of polarisation."""
    from matplotlib.figure import Figure

    iau = stokes.to_convention("IAU")
    i, q, u = (np.asarray(part).reshape(plane.shape) for part in (iau.I, iau.Q, iau.U))
    degree = np.hypot(q, u) / np.where(i > 0, i, np.nan)
    half = plane.extent[0] / 2
    frame = {"origin": "lower", "extent": (half, -half, -half, half)}  # east to the left
    figure = Figure(figsize=(11.5, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    image = left.imshow(1e3 * i[:, ::-1], cmap="inferno", norm="log", vmin=0.5, vmax=1e3 * i.max(), **frame)
    figure.colorbar(image, ax=left, label=f"$I$ at {FREQUENCY} GHz [mK$_\\mathrm{{RJ}}$]")
    every, (east, north) = 8, (part.reshape(plane.shape) for part in plane.plane())
    chosen = (slice(every // 2, None, every),) * 2
    chi = 0.5 * np.arctan2(u, q)[chosen] + np.pi / 2  # of B, from north to east
    size = degree[chosen]
    lines = {"headaxislength": 0, "headlength": 0, "headwidth": 0, "pivot": "mid", "scale": 18, "width": 0.003}
    # the axis of east is drawn reversed, which "xy" arrows follow
    left.quiver(east[chosen], north[chosen], size * np.sin(chi), size * np.cos(chi), color="w", angles="xy", **lines)
    image = right.imshow(100 * degree[:, ::-1], cmap="viridis", **frame)
    figure.colorbar(image, ax=right, label="degree of polarisation [%]")
    for axes in (left, right):
        axes.set(xlabel="east [kpc]", ylabel="north [kpc]")
    sl.plot.save(figure, path, overwrite=True)


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    plane = sl.ImagePlane(shape=(128, 128), extent=(30.0, 30.0), inclination=20.0, position_angle=170.0)
    lines = sl.Sightlines(plane, sl.ChordCells(cells=256, half_widths=(16.0, 16.0, 4.0)))
    simulator = galaxy()
    stokes = simulator(lines, FREQUENCY)
    rm = np.asarray(simulator.rotation_measure(lines))
    draw(stokes, plane, RESULTS / "external_galaxy.png")
    print(f"I up to {1e3 * float(stokes.I.max()):.1f} mK, |RM| up to {np.abs(rm).max():.0f} rad m^-2")


if __name__ == "__main__":
    main()
