"""Order of convergence of Q and U on a smooth model beside a midpoint rule: `python benchmarks/convergence.py`."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from jaxtyping import Array, Float

import sightline as sl

jax.config.update("jax_enable_x64", True)


class SmoothField(sl.fields.AbstractField):
    """A field without any kink: B = b0 e^(-x^2/2 s^2) (cos y/s, sin x/s, cos x/s), s = 4 kpc."""

    b0: Float[Array, ""] = sl.param(3.0, unit="uG")

    def __call__(self, position):
        x, y, z = position / 4
        return self.b0 * jnp.exp(-0.02 * (x * x + y * y + z * z)) * jnp.stack([jnp.cos(y), jnp.sin(x), jnp.cos(x)])


class SmoothElectrons(sl.fields.AbstractField):
    """n_e = n0 e^(-|x|^2 / (2 (8 kpc)^2))."""

    n0: Float[Array, ""] = sl.param(0.02, unit="cm-3")

    def __call__(self, position):
        return self.n0 * jnp.exp(-jnp.sum(position * position) / 128)


class MidpointTransfer(sl.transfer.AbstractTransfer):
    """Every cell emits at its middle: no depolarisation within it. What the cell solver is compared with."""

    def __call__(self, coefficients, widths, background):
        emissivity, angle = coefficients.emissivity, coefficients.rotation.V * widths
        phase = jnp.cumsum(angle) - 0.5 * angle
        cosine, sine = jnp.cos(phase), jnp.sin(phase)
        q, u = emissivity.Q * widths, emissivity.U * widths
        return sl.emission.StokesVector(
            I=jnp.sum(emissivity.I * widths), Q=jnp.sum(q * cosine - u * sine), U=jnp.sum(q * sine + u * cosine)
        )


def simulate(
    lines: sl.Sightlines, frequency: float, transfer: sl.transfer.AbstractTransfer
) -> tuple[np.ndarray, float]:
    """Q and U, (2, npix), and the largest rotation within a cell [rad]."""
    simulator = sl.Simulator(
        SmoothField(),
        SmoothElectrons(),
        sl.cosmic_rays.Uniform(4e-5),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
        transfer=transfer,
        chunk=16,
    )
    stokes = simulator(lines, frequency)
    return np.stack([stokes.Q, stokes.U]), float(simulator.rotation_per_cell(lines, frequency))


def study(frequency: float, nside: int, cells: list[int]) -> list[list[object]]:
    """Rows of one frequency; the reference has 16 times the cells of the finest row."""

    def lines(count: int) -> sl.Sightlines:
        return sl.Sightlines(sl.HealpixSky(nside), sl.RadialCells(cells=count, distance=10.0))

    exact, _ = simulate(lines(16 * cells[-1]), frequency, sl.transfer.CellTransfer())
    size, rows, last = np.sqrt(np.mean(exact**2)), [], None
    for count in cells:
        found, turn = simulate(lines(count), frequency, sl.transfer.CellTransfer())
        middle, _ = simulate(lines(count), frequency, MidpointTransfer())
        error, other = (np.sqrt(np.mean((maps - exact) ** 2)) / size for maps in (found, middle))
        order = "" if last is None else f"{np.log2(last / error):.2f}"
        rows.append([frequency, count, f"{turn:.3g}", f"{error:.2e}", order, f"{other:.2e}", f"{other / error:.1f}"])
        last = error
    return rows


def main() -> None:
    nside = parse(__doc__, nside=4).nside
    rows = study(2.4, nside, [8, 16, 32, 64, 128, 256])
    rows += study(0.408, nside, [16, 32, 64, 128, 256, 512, 1024, 2048])
    rows += study(0.15, nside, [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384])
    header = ["GHz", "cells", "rotation per cell [rad]", "error", "order", "midpoint rule", "ratio"]
    notes = (
        "Relative rms error of Q and U against 16 times the finest cells: the reference is 256 times better converged. "
        "Above 1 rad per cell the simulator warns."
    )
    save("convergence", "Convergence on a smooth model", header, rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
