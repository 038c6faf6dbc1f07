"""Accuracy and cost of synchrotron emission by any spectrum: `python benchmarks/spectrum.py`."""

import time
import warnings
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from common import galaxy, parse, save, sphere
from speed import gradient, value

import sightline as sl
from sightline.processes.synchrotron import absorption, emission
from sightline.sky.emission import Plasma

jax.config.update("jax_enable_x64", True)

SPECTRA = sl.cosmic_rays.spectra
CASES = {
    "broken power law": SPECTRA.BrokenPowerLaw(index_low=1.8, index_high=3.1),
    "broken, smoothness 0.1": SPECTRA.BrokenPowerLaw(index_low=1.8, index_high=3.1, smoothness=0.1),
    "cut off at 30 GeV": SPECTRA.CutOffPowerLaw(cut_off_energy=30.0),
    "log parabola": SPECTRA.LogParabola(curvature=0.2),
    "local interstellar": SPECTRA.local_interstellar(),
}
FIELDS, FREQUENCIES = (0.1, 1.0, 20.0), np.geomspace(0.01, 100, 57)  # uG, GHz


def kernel_errors() -> list[float]:
    """Largest relative errors of F, G and of their absorption, from x = 1e-9 to 690, against mpmath at 30 digits."""
    mpmath.mp.dps = 30
    x = np.concatenate([np.geomspace(1e-9, 1, 25), np.geomspace(1.2, 690, 40)])
    exact = np.array([[float(part) for part in _kernels(mpmath.mpf(float(value)))] for value in x]).T
    found = jnp.stack([*emission(jnp.cbrt(x)), *absorption(jnp.cbrt(x))])
    return [float(error) for error in jnp.max(jnp.abs(found / exact - 1), axis=1)]


def _kernels(x: mpmath.mpf) -> list[mpmath.mpf]:
    k13, k23, k53 = (mpmath.besselk(mpmath.mpf(n) / 3, x) for n in (1, 2, 5))
    step = 1 / (8 * mpmath.sqrt(1 + x))  # the trapezoidal rule converges exponentially

    def integrand(t: mpmath.mpf) -> mpmath.mpf:
        return mpmath.exp(-x * mpmath.cosh(t)) * mpmath.cosh(5 * t / 3) / mpmath.cosh(t)

    count = int(mpmath.acosh(1 + 60 / x) / step) + 1
    whole = step * (integrand(0) / 2 + mpmath.fsum(integrand(k * step) for k in range(1, count)))
    return [x * whole, x * k23, x**2 * k53, x**2 * (k13 + k53) / 2]


@eqx.filter_jit
def coefficients(operator: sl.emission.AbstractEmissionOperator, rays: sl.fields.AbstractField) -> jax.Array:
    """Emissivity and absorption of I, Q and U, (6, fields, frequencies), of fields across one ray."""
    ray = jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(sl.Directions(30.0, 20.0)).rays)
    populations = rays.populations(jnp.asarray(sl.SUN))

    def one(field: jax.Array, frequency: jax.Array) -> list[jax.Array]:
        components = tuple(jnp.unstack(field * (0.8 * ray.east + 0.6 * ray.north)))
        return jax.tree.leaves(operator(Plasma(jnp.zeros(3), components, None, populations), ray, frequency))

    over = jax.vmap(jax.vmap(one, in_axes=(None, 0)), in_axes=(0, None))
    return jnp.stack(over(jnp.asarray(FIELDS), jnp.asarray(FREQUENCIES)))


def worst(found: jax.Array, expected: jax.Array) -> str:
    """Largest relative error where there is more than 1e-6 of the largest value."""
    bright = jnp.abs(expected) > 1e-6 * jnp.max(jnp.abs(expected), axis=(1, 2), keepdims=True)
    return f"{float(jnp.max(jnp.where(bright, jnp.abs(found / expected - 1), 0))):.1e}"


def accuracy() -> list[list[str]]:
    names = ("F", "G", "F - x F'", "G - x G'")
    rows = [[f"function {n}", "1e-6", f"{e:.1e}"] for n, e in zip(names, kernel_errors(), strict=True)]
    operator, fine = (sl.emission.SynchrotronSpectrum("polarised", nodes=n) for n in (32, 100))
    for p in (2.0, 3.0, 4.5):
        law = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(), SPECTRA.PowerLaw(5e-18, index=p))
        exact = sl.cosmic_rays.Uniform(5e-18, index=p, reference_energy=10.0)
        expected = coefficients(sl.emission.Synchrotron(absorption="polarised"), exact)
        rows.append(
            [f"power law, p = {p}, against `Synchrotron`", "1e-4", worst(coefficients(operator, law), expected)]
        )
    for name, spectrum in CASES.items():
        rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(), spectrum)
        error = worst(coefficients(operator, rays), coefficients(fine, rays))
        rows.append([f"{name}, against 100 nodes per decade", "1e-5", error])
    return rows


def seconds(function: Callable[[], object]) -> float:
    """Processor time, which other work on the machine disturbs less than the time on the clock."""
    start = time.process_time()
    jax.block_until_ready(function())
    return time.process_time() - start


def model(**settings: str) -> sl.Simulator:
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), CASES["broken power law"])
    operators = sl.emission.SynchrotronSpectrum(**settings), sl.emission.FaradayRotation()
    return sphere(magnetic_field=sl.magnetic.LSA(), cosmic_rays=rays, emission=operators)


def costs(nside: int, runs: int) -> list[list[str]]:
    """Ratios to thin power-law emission with Faraday rotation, in turn, so that all see the same machine."""
    lines, nu = sl.Sightlines(sl.HealpixSky(nside), sl.BoxCells(256)), jnp.asarray(2.4)
    cases = {"any spectrum, thin": model(), "any spectrum, self-absorbed": model(absorption="total")}
    rows = []
    for what, function in (("value", value), ("value and gradient", gradient)):
        calls = {name: (lambda m=m, f=function: f(m, lines, nu)) for name, m in ({"thin": galaxy()} | cases).items()}
        for call in calls.values():
            seconds(call)
        taken = {name: [] for name in calls}
        for _ in range(runs):
            for name, call in calls.items():
                taken[name].append(seconds(call))
        ratios = {name: np.divide(taken[name], taken["thin"]) for name in cases}
        asked = {name: "1.5" if name.endswith("thin") else "-" for name in cases}
        rows += [[f"cost of {name}: {what}", asked[name], f"{np.median(r):.2f}"] for name, r in ratios.items()]
    return rows


def main() -> None:
    options = parse(__doc__, nside=16, runs=21)
    notes = (
        "Relative errors of emission and absorption of I, Q and U from 10 MHz to 100 GHz in 0.1, 1 and 20 uG; of the "
        "functions from x = 1e-9 to 690. Costs are processor time beside `Synchrotron` with p = 3, both with "
        f"`FaradayRotation` and `CellTransfer`, medians of {options.runs} ratios (NSIDE {options.nside}, 256 cells, "
        "float64, all leaves free, 5 of them of the broken power law)."
    )
    rows = accuracy() + costs(options.nside, options.runs)
    save("spectrum", "Synchrotron emission by any spectrum", ["quantity", "asked", "measured"], rows, notes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
