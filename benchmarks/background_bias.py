"""How treatments of sparse backgrounds bias a faint source: `python benchmarks/background_bias.py`.

300 bins with 0.3 counts of source each, background of 0.2, 1.5 and 20 counts a bin in its region, half of which is
expected on the source; 1000 simulations. The amplitude of the source that fits all of them together, over the truth:
what stays of it is bias, as the error of so many bins is below a percent or two.
"""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
from common import parse, save
from scipy.optimize import minimize_scalar

from sightline.statistics import MarginalBackground, ProfiledBackground, ScaledBackground

jax.config.update("jax_enable_x64", True)

SOURCE, RATIO, BINS = 0.3, 0.5, 300
BACKGROUNDS = (0.2, 1.5, 20.0)
KINDS = (ProfiledBackground, MarginalBackground, ScaledBackground)


def binned(noise, counts):
    """The amplitude with the largest likelihood, each bin with a background of its own, and its error."""

    @jax.jit
    def negative(amplitude):
        return -jnp.sum(noise.pointwise(jnp.full(counts.shape, amplitude * SOURCE), counts, None))

    found = minimize_scalar(lambda a: float(negative(a)), bounds=(1e-6, 6.0), method="bounded", options={"xatol": 1e-6})
    step = 1e-2
    bend = (negative(found.x + step) - 2 * negative(found.x) + negative(max(found.x - step, 1e-9))) / step**2
    return found.x, float(bend) ** -0.5 if found.x > 2 * step and bend > 0 else np.nan


def common(on, off):
    """Amplitude of the source when one spectrum is the background of all bins: both counts jointly Poisson.

    For constant spectra the best background is B/N and the best source what is left of n/N.
    """
    n, b = np.mean(on), np.mean(off)
    size = on.size
    return (n - RATIO * b) / SOURCE, np.sqrt((n + RATIO**2 * b) / size) / SOURCE


def main() -> None:
    warnings.simplefilter("ignore")
    simulations = parse(__doc__ or "", simulations=1000).simulations
    generator, rows = np.random.default_rng(1), []
    for background in BACKGROUNDS:
        off = generator.poisson(background, simulations * BINS).astype(float)
        on = generator.poisson(SOURCE + RATIO * background, simulations * BINS).astype(float)
        ratio = jnp.full(on.shape, RATIO)
        found = [binned(kind(jnp.asarray(off), ratio), jnp.asarray(on)) for kind in KINDS] + [common(on, off)]
        rows.append([f"{background:g}", *(f"{a:.3f} ± {e:.3f}" if e == e else f"{a:.3f}" for a, e in found)])
        print(rows[-1], flush=True)
    header = ["background counts a bin", "W", "integrated out", "scaled, as exact", "one spectrum for all"]
    notes = (
        f"{simulations} simulations of {BINS} bins with {SOURCE} counts of source each, half of the background "
        "expected on it, fitted together: amplitude over truth, ± its standard deviation where it is not at 0."
    )
    save("background_bias", "A faint source over a sparse background", header, rows, notes)


if __name__ == "__main__":
    main()
