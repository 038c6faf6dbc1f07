"""Four parameters of a spiral field from Q and U at 2.4 GHz: `python benchmarks/four_parameters.py`."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, rms, save

import sightline as sl

TRUTH = {"b0": 1.2, "psi0": 27.0, "psi1": 0.9, "chi0": 25.0}  # uG, deg
INDEPENDENT = (0.00026, 0.00033, 0.00098, 0.00112)  # at NSIDE 64 with 512 cells: uG, rad
NOISE, FREQUENCY = 1e-3, 2.4  # K, GHz
ALLOWED = 1e-5  # K rms in Q and U: of a hundredth of the noise cells shift no parameter by half its error
START = {"b0": 1.5, "psi0": 32.0, "psi1": 3.0, "chi0": 28.0}


def gridded(shape: tuple[int, int, int] = (256, 256, 64)) -> sl.electrons.Grid:
    """YMW16 on a grid of 157 x 157 x 159 pc, as the independent estimate has it."""
    half_widths = (20.0, 20.0, 5.0)
    axes = [np.linspace(-half, half, n) for half, n in zip(half_widths, shape, strict=True)]
    positions = jnp.asarray(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))
    density = jax.lax.map(sl.electrons.YMW16().prepare(), positions, batch_size=8192)
    return sl.electrons.Grid(density.reshape(shape), half_widths=half_widths)


def model(electrons: sl.fields.AbstractField) -> sl.Simulator:
    """LSA field, cosmic rays of the WMAP analysis."""
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(**TRUTH),
        electron_density=electrons,
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def chosen(simulator: sl.Simulator, nside: int) -> sl.Sightlines:
    """The cheapest cells with the rms error in Q and U that is allowed."""
    known = simulator(sl.Sightlines(sl.HealpixSky(8), sl.ResolvedCells(growth=8.0)), FREQUENCY)
    plain = sl.Sightlines(sl.HealpixSky(nside), sl.ResolvedCells(growth=8.0))
    return simulator.sightlines(plain, FREQUENCY, ALLOWED / rms(known.Q))


def posterior(electrons: sl.fields.AbstractField, nside: int, cells: int) -> sl.Posterior:
    """Cells all alike; data made with them."""
    simulator = model(electrons)
    lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells))
    return observed(simulator, lines, simulator(lines, FREQUENCY))


def observed(simulator: sl.Simulator, lines: sl.Sightlines, sky: sl.Stokes) -> sl.Posterior:
    """Flat priors; a mock with independent noise in every pixel."""
    mock = sl.instruments.add_noise(sky, NOISE, jax.random.key(1))
    priors = {"b0": dist.Uniform(0.0, 10.0), "psi0": dist.Uniform(0.0, 90.0)}
    priors |= {"psi1": dist.Uniform(-90.0, 90.0), "chi0": dist.Uniform(0.0, 90.0)}
    space = sl.ParameterSpace(simulator, {f"magnetic_field.{name}": prior for name, prior in priors.items()})
    return sl.Posterior(space, sl.MapLikelihood(lines, FREQUENCY, mock, NOISE, parameters="QU"))


def offset(found: float, truth: float, error: float) -> str:
    """How far a fit is from the truth, in standard deviations."""
    return f"{(found - truth) / error:+.2f}"


def main() -> None:
    options = parse(__doc__, nside=64, fitted=16, cells=512)
    grid = gridded()
    exact = sl.fisher(posterior(sl.electrons.YMW16(), options.nside, options.cells))
    times = [time.perf_counter()]
    forecast = sl.fisher(posterior(grid, options.nside, options.cells))
    times.append(time.perf_counter())
    target = posterior(grid, options.fitted, options.cells)
    result = sl.fit(target, start={f"magnetic_field.{name}": value for name, value in START.items()}).raise_for_status()
    times.append(time.perf_counter())
    print(forecast, result, sep="\n")
    radians = np.array([1.0, *np.deg2rad([1.0, 1.0, 1.0])])
    fitted = np.array([float(result.parameters[name]) for name in target.space.names])
    spread = np.array([float(result.standard_deviations[name]) for name in target.space.names])
    forecasts = [one.standard_deviations * radians for one in (forecast, exact)]
    numbers = zip(TRUTH.items(), *forecasts, INDEPENDENT, fitted, spread, strict=True)
    rows = [
        [
            name,
            f"{sd:.3g}",
            other,
            f"{sd / other:.3f}",
            f"{exact_sd:.3g}",
            truth,
            f"{found:.5f}",
            f"{error:.5f}",
            offset(found, truth, error),
        ]
        for (name, truth), sd, exact_sd, other, found, error in numbers
    ]
    header = [
        "parameter",
        "Fisher sd",
        "independent",
        "ratio",
        "without grid",
        "truth",
        "fit",
        "sd",
        "(fit - truth)/sd",
    ]
    start = ", ".join(f"{name} = {value:g}" for name, value in START.items())
    notes = (
        f"{options.cells} cells, Q and U at {FREQUENCY} GHz, noise {NOISE * 1e3:g} mK, float64. Fisher matrix at "
        f"NSIDE {options.nside}, uG and rad, beside an independent estimate at NSIDE 64 with 512 cells; both with "
        "electrons of YMW16 on a grid of 256 x 256 x 64 points, the fifth column with YMW16 itself. Fit of a mock "
        f"at NSIDE {options.fitted}, uG and deg, by Levenberg-Marquardt from {start}: {len(result.history)} steps, "
        f"chi^2/dof = {result.chi2:.1f}/{result.dof} = {result.chi2 / result.dof:.4f}. Time with mock and compilation: "
        f"Fisher matrix {times[1] - times[0]:.0f} s, fit {times[2] - times[1]:.0f} s."
    )
    save("four_parameters", "Four parameters of a spiral field from polarisation", header, rows, notes)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
