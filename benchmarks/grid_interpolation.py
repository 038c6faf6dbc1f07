"""Maps of a gridded field against those of the field itself: `python benchmarks/grid_interpolation.py`."""

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

HALF, FREQUENCY = (20.0, 20.0, 5.0), 2.4  # kpc, GHz
PAPER = {64: "below 1e-3", 512: "about 1e-5"}  # K


class Continued(sl.fields.AbstractField):
    """LSA within its walls, continued along radii beyond them."""

    def __call__(self, position):
        x, y, z = position
        radius = jnp.sqrt(x * x + y * y + 1e-12)
        factor = jnp.clip(radius, 3.0 + 1e-9, 20.0 - 1e-9) / radius
        return sl.magnetic.LSA()(jnp.stack([x * factor, y * factor, z]))


def annulus(position: jax.Array) -> jax.Array:
    """Where LSA is."""
    square = position[0] ** 2 + position[1] ** 2
    return (square >= 9.0) & (square <= 400.0)


def gridded(field: sl.fields.AbstractField, nx: int) -> jax.Array:
    """The field on nx x nx x nx/4 nodes, (3, ...)."""
    shape = (nx, nx, nx // 4)
    axes = [jnp.asarray(np.linspace(-h, h, n)) for h, n in zip(HALF, shape, strict=True)]
    plane = jax.jit(lambda x: jax.vmap(lambda y: jax.vmap(lambda z: field(jnp.stack([x, y, z])))(axes[2]))(axes[1]))
    return jnp.stack([jnp.moveaxis(plane(x), -1, 0) for x in axes[0]], axis=1)


def model(field: sl.fields.AbstractField) -> sl.Simulator:
    return sl.Simulator(
        magnetic_field=field,
        electron_density=sl.electrons.YMW16(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def maps(field: sl.fields.AbstractField, lines: sl.Sightlines) -> np.ndarray:
    """I, Q and U, (3, npix) K."""
    stokes = model(field)(lines, FREQUENCY)
    return np.stack([stokes.I, stokes.Q, stokes.U])


def main() -> None:
    options = parse(__doc__, nside=32, cells=512, finest=512, cubic=256)
    lines = sl.Sightlines(sl.HealpixSky(options.nside), cells=sl.BoxCells(cells=options.cells))
    exact, rows = maps(sl.magnetic.LSA(), lines), []
    for nx in (64, 128, 256, 512):
        if nx > options.finest:
            continue
        sharp, continued = (gridded(field, nx) for field in (sl.magnetic.LSA(), Continued()))
        for method in ("linear", "cubic"):
            if method == "cubic" and nx > options.cubic:
                continue
            across = sl.magnetic.Grid(sharp, half_widths=HALF, interpolation=method)
            known = sl.magnetic.Grid(continued, half_widths=HALF, interpolation=method)
            for walls, field in {"across": across, "known": sl.fields.Masked(known, inside=annulus)}.items():
                spread = np.std(maps(field, lines) - exact, axis=1)
                rows.append([nx, method, walls, *(f"{s:.2e}" for s in spread), PAPER.get(nx, "")])
                print(*rows[-1], flush=True)
    relative = ", ".join(f"{name} {s:.2e}" for name, s in zip("IQU", np.std(exact, axis=1), strict=True))
    notes = (
        f"Standard deviation [K] over the sky (NSIDE {options.nside}, {options.cells} cells, float64) of the "
        f"difference between maps at {FREQUENCY} GHz of LSA on N x N x N/4 nodes in 40 x 40 x 10 kpc and of LSA "
        f"itself; YMW16, WMAP cosmic rays. The maps themselves have standard deviations of {relative} K. The last "
        "column is what Diao et al. 2024 (arXiv:2410.01136, figure 6) give. LSA ends abruptly at 3 and 20 kpc: across "
        "these walls no interpolation converges faster than linearly. Where they are known, the grid holds the field "
        "continued beyond them and `sl.fields.Masked` cuts it. Cubic interpolation with N = 512 would hold 5.6 GB of "
        "derivatives."
    )
    header = ["N", "interpolation", "walls", "I", "Q", "U", "paper"]
    save("grid_interpolation", "Interpolation of a magnetic grid", header, rows, notes)


if __name__ == "__main__":
    main()
