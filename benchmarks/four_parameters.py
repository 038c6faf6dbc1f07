"""Four parameters of a spiral field from Q and U at 2.4 GHz: `python benchmarks/four_parameters.py`."""

import time

import jax
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

TRUTH = {"b0": 1.2, "psi0": 27.0, "psi1": 0.9, "chi0": 25.0}  # uG, deg
INDEPENDENT = (0.00026, 0.00033, 0.00098, 0.00112)  # at NSIDE 64 with 512 cells: uG, rad
NOISE, FREQUENCY = 1e-3, 2.4  # K, GHz
START = {"b0": 1.5, "psi0": 32.0, "psi1": 3.0, "chi0": 28.0}


def model() -> sl.Simulator:
    """LSA field, cosmic rays of the WMAP analysis, electrons of YMW16."""
    return sl.Simulator(
        magnetic_field=sl.magnetic.LSA(**TRUTH),
        electron_density=sl.electrons.YMW16(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )


def posterior(nside: int, cells: int) -> sl.Posterior:
    """Flat priors; a mock with independent noise in every pixel."""
    simulator = model()
    lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells))
    mock = sl.instruments.add_noise(simulator(lines, FREQUENCY), NOISE, jax.random.key(1))
    priors = {"b0": dist.Uniform(0.0, 10.0), "psi0": dist.Uniform(0.0, 90.0)}
    priors |= {"psi1": dist.Uniform(-90.0, 90.0), "chi0": dist.Uniform(0.0, 90.0)}
    space = sl.ParameterSpace(simulator, {f"magnetic_field.{name}": prior for name, prior in priors.items()})
    return sl.Posterior(space, sl.MapLikelihood(lines, FREQUENCY, mock, NOISE, parameters="QU"))


def offset(found: float, truth: float, error: float) -> str:
    """How far a fit is from the truth, in standard deviations."""
    return f"{(found - truth) / error:+.2f}"


def main() -> None:
    options = parse(__doc__, nside=64, fitted=16, cells=512)
    times = [time.perf_counter()]
    forecast = sl.fisher(posterior(options.nside, options.cells))
    times.append(time.perf_counter())
    target = posterior(options.fitted, options.cells)
    result = sl.fit(target, start={f"magnetic_field.{name}": value for name, value in START.items()}).raise_for_status()
    times.append(time.perf_counter())
    print(forecast, result, sep="\n")
    radians = np.array([1.0, *np.deg2rad([1.0, 1.0, 1.0])])
    fitted = np.array([float(result.parameters[name]) for name in target.space.names])
    spread = np.array([float(result.standard_deviations[name]) for name in target.space.names])
    numbers = zip(TRUTH.items(), forecast.standard_deviations * radians, INDEPENDENT, fitted, spread, strict=True)
    rows = [
        [
            name,
            f"{sd:.3g}",
            other,
            f"{sd / other:.3f}",
            truth,
            f"{found:.5f}",
            f"{error:.5f}",
            offset(found, truth, error),
        ]
        for (name, truth), sd, other, found, error in numbers
    ]
    header = ["parameter", "Fisher sd", "independent", "ratio", "truth", "fit", "sd of the fit", "(fit - truth)/sd"]
    start = ", ".join(f"{name} = {value:g}" for name, value in START.items())
    notes = (
        f"{options.cells} cells, Q and U at {FREQUENCY} GHz, noise {NOISE * 1e3:g} mK, float64. Fisher matrix at "
        f"NSIDE {options.nside}, uG and rad, beside an independent estimate at NSIDE 64 with 512 cells. Fit of a mock "
        f"at NSIDE {options.fitted}, uG and deg, by Levenberg-Marquardt from {start}: {len(result.history)} steps, "
        f"chi^2/dof = {result.chi2:.1f}/{result.dof} = {result.chi2 / result.dof:.4f}. Time with mock and compilation: "
        f"Fisher matrix {times[1] - times[0]:.0f} s, fit {times[2] - times[1]:.0f} s."
    )
    save("four_parameters", "Four parameters of a spiral field from polarisation", header, rows, notes)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
