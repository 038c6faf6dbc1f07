"""Four parameters of a spiral field from Q and U at 2.4 GHz: `python benchmarks/four_parameters.py --nside 64`."""

import time

import jax
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

TRUTH = {"b0": 1.2, "psi0": 27.0, "psi1": 0.9, "chi0": 25.0}  # uG, deg
INDEPENDENT = (0.00026, 0.00033, 0.00098, 0.00112)  # at NSIDE 64 with 512 cells: uG, rad
NOISE, FREQUENCY = 1e-3, 2.4  # K, GHz
START = {"b0": 3.0, "psi0": 50.0, "psi1": 10.0, "chi0": 45.0}


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


def main() -> None:
    options = parse(__doc__, nside=16, cells=512)
    scale = np.array([1.0, *np.deg2rad([1.0, 1.0, 1.0])])
    target = posterior(options.nside, options.cells)
    began = time.perf_counter()
    forecast = sl.fisher(target)
    told = time.perf_counter()
    result = sl.fit(target, start={f"magnetic_field.{name}": value for name, value in START.items()}).raise_for_status()
    done = time.perf_counter()
    print(forecast, result, sep="\n")
    deviations = forecast.standard_deviations * scale
    equal = deviations * options.nside / 64  # errors go with the square root of the number of pixels
    fitted = np.array([float(result.parameters[name]) for name in target.space.names])
    apart = (fitted - np.array(list(TRUTH.values()))) / forecast.standard_deviations
    header = ["parameter", "truth", "Fisher sd", "at NSIDE 64", "independent", "ratio", "fit", "(fit - truth)/sd"]
    rows = [
        [
            name,
            TRUTH[name],
            f"{deviations[i]:.3g}",
            f"{equal[i]:.3g}",
            INDEPENDENT[i],
            f"{equal[i] / INDEPENDENT[i]:.3f}",
        ]
        + [f"{fitted[i]:.5f}", f"{apart[i]:+.2f}"]
        for i, name in enumerate(TRUTH)
    ]
    notes = (
        f"NSIDE {options.nside}, {options.cells} cells, Q and U at {FREQUENCY} GHz, noise {NOISE * 1e3:g} mK, float64. "
        "Standard deviations in uG and rad; truth and fit in uG and deg. The fourth column is the third scaled to the "
        "number of pixels of NSIDE 64, the fifth an independent estimate there. Levenberg-Marquardt from "
        f"{', '.join(f'{name} = {value:g}' for name, value in START.items())}: {len(result.history)} steps, chi^2/dof = "
        f"{result.chi2:.1f}/{result.dof} = {result.chi2 / result.dof:.4f}. Time, compilation included: Fisher matrix "
        f"{told - began:.0f} s, fit {done - told:.0f} s."
    )
    save("four_parameters", "Four parameters of a spiral field from polarisation", header, rows, notes)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
