"""Value and gradient of the spectral likelihood against furax: NSIDE 64, 15 bands, many clusters.

    python benchmarks/separation.py

In one process, in turn, processor time of one thread, medians; temporary memory as XLA has it. furax is optional: where
it is not installed its rows are left out. Both are given the same maps, noise and clusters.
"""

import argparse
import statistics
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from separation_corners import corners
from separation_methods import kmeans, methods

import sightline as sl
from sightline.components import CMB, Clusters, MixingMatrix, ModifiedBlackbody, PowerLaw
from sightline.parameters import ravel
from sightline.statistics.normal import normal

jax.config.update("jax_enable_x64", True)
RESULTS = Path(__file__).parent / "results"
NAMES = ("terms.dust.index.values", "terms.dust.temperature.values", "terms.synchrotron.index.values")
BOX = (dist.Uniform(0.5, 3.0), dist.Uniform(5.0, 40.0), dist.Uniform(-7.0, -0.5))
REPEATS = 15


def built(nside, counts):
    """The posterior, the maps, their noise and the labels."""
    sky, bands, rng = sl.HealpixSky(nside), sl.instruments.load("LiteBIRD"), np.random.default_rng(0)
    labels = [sl.components.kmeans(sky, count, jax.random.key(count), starts=1) for count in counts]
    spread = [
        centre + width * rng.normal(size=count)
        for centre, width, count in zip((1.6, 18.5, -3.1), (0.03, 0.5, 0.05), counts, strict=True)
    ]
    truth, start = (mixing(values, labels) for values in (spread, (1.54, 20.0, -3.0)))
    amplitudes = np.stack([scale * (1 + 0.3 * rng.normal(size=(2, sky.size))) for scale in (0.6, 3.0, 20.0)])
    sigma = np.asarray(bands.sigma(sky, "QU"))[..., None] * 1e6
    maps = np.einsum("bcn,ckn->kbn", truth(bands, sky.size), amplitudes)
    maps = maps + sigma * rng.normal(size=maps.shape)
    likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO")
    space = sl.ParameterSpace(start, dict(zip(NAMES, BOX, strict=True)))
    return sl.Posterior(space, likelihood), maps, sigma, labels


def mixing(values, labels):
    index, temperature, slope = (Clusters(value, one) for value, one in zip(values, labels, strict=True))
    dust = ModifiedBlackbody(index, temperature, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust, synchrotron=PowerLaw(slope, 0.0, 20.0))


def furax_function(maps, sigma, labels):
    """The negative log likelihood of furax and its gradient; `None` where it is not installed."""
    try:
        from furax.obs import negative_log_likelihood
        from furax.obs.operators import NoiseDiagonalOperator
        from furax.obs.stokes import StokesQU
    except ImportError:
        return None
    bands = np.asarray(sl.instruments.load("LiteBIRD").frequency)
    data = StokesQU(jnp.asarray(maps[0]), jnp.asarray(maps[1]))
    spread = StokesQU(*(jnp.asarray(np.broadcast_to(one**2, maps[0].shape)) for one in sigma))
    noise = NoiseDiagonalOperator(spread, in_structure=data.structure)
    names = ("beta_dust_patches", "temp_dust_patches", "beta_pl_patches")
    patches = {name: jnp.asarray(one) for name, one in zip(names, labels, strict=True)}

    def value(parameters):
        return negative_log_likelihood(
            parameters,
            nu=jnp.asarray(bands),
            N=noise,
            d=data,
            dust_nu0=150.0,
            synchrotron_nu0=20.0,
            patch_indices=patches,
        )

    start = {"beta_dust": 1.54, "temp_dust": 20.0, "beta_pl": -3.0}
    point = {
        name: jnp.full(int(one.max()) + 1, centre) for (name, centre), one in zip(start.items(), labels, strict=True)
    }
    return jax.jit(jax.value_and_grad(value)), point


def apart(gradient, theirs, back):
    """The largest difference of the gradients, over the largest slope."""
    other = {name: 0.5 * slope for name, slope in theirs[0](theirs[1])[1].items()}  # theirs is of -2 log L
    pairs = zip(NAMES, ("beta_dust", "temp_dust", "beta_pl"), strict=True)
    own = back(gradient)
    return max(float(jnp.max(jnp.abs(own[a] - other[b])) / jnp.max(jnp.abs(other[b]))) for a, b in pairs)


def processor(function, *arguments):
    begun = time.process_time()
    jax.block_until_ready(function(*arguments))
    return time.process_time() - begun


def main(nside, counts):
    posterior, maps, sigma, labels = built(nside, counts)
    space = posterior.space
    vector, back = ravel(space.initial, space.names)
    ours = jax.jit(jax.value_and_grad(lambda x: -posterior.log_likelihood(back(x))))
    both = eqx.filter_jit(lambda p, x: (lambda n: (n.value, n.gradient, n.diagonal))(normal(p, x)))
    tasks = {"value and gradient": (ours, vector), "with curvature": (both, posterior, vector)}
    theirs = furax_function(maps, sigma, labels)
    if theirs is not None:
        tasks["furax, value and gradient"] = theirs
    for function, *arguments in tasks.values():
        jax.block_until_ready(function(*arguments))
    times = {name: [] for name in tasks}
    for _ in range(REPEATS):
        for name, (function, *arguments) in tasks.items():
            times[name].append(processor(function, *arguments))
    agree = "" if theirs is None else f" Gradients agree to {apart(ours(vector)[1], theirs, back):.1g} of the largest."
    memory = {"value and gradient": ours.lower(vector).compile().memory_analysis().temp_size_in_bytes}
    if theirs is not None:
        memory["furax, value and gradient"] = theirs[0].lower(theirs[1]).compile().memory_analysis().temp_size_in_bytes
    begun = time.process_time()
    result = sl.fit(posterior, covariance=0)
    whole = time.process_time() - begun
    base = statistics.median(times["value and gradient"])
    lines = [
        f"## NSIDE {nside}, clusters {'/'.join(map(str, counts))}",
        "",
        "| task | ms | over ours | MB of temporaries |",
        "|---|---|---|---|",
    ]
    for name, found in times.items():
        middle = statistics.median(found)
        size = f"{memory[name] / 1e6:.1f}" if name in memory else ""
        lines.append(f"| {name} | {1e3 * middle:.1f} | {middle / base:.2f} | {size} |")
    lines += [
        "",
        f"Fit: {result.status}, {len(result.history)} steps, {whole:.1f} s with compilation.{agree}",
    ]
    return "\n".join(lines) + "\n"


def speed(nside):
    return "\n".join(main(nside, counts) for counts in ((1000, 500, 200), (5000, 2000, 1000)))


SECTIONS = {"speed": "## NSIDE", "methods": "## The box", "corners": "## Faint", "kmeans": "## K-means"}


def kept(path):
    """The sections that a file has, by name."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = ["## " + one.rstrip() + "\n" for one in text.split("\n## ")[1:]]
    return {name: "\n".join(one for one in parts if one.startswith(head)) for name, head in SECTIONS.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nside", type=int, default=64)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    given = parser.parse_args()
    sections = kept(RESULTS / "separation.md")
    makers = {"speed": lambda: speed(given.nside), "methods": methods, "corners": corners, "kmeans": kmeans}
    sections |= {name: makers[name]() for name in given.only}
    text = ["# Separation of components", "", "`python benchmarks/separation.py`, processor time of one thread.", ""]
    (RESULTS / "separation.md").write_text("\n".join([*text, *filter(None, sections.values())]), encoding="utf-8")
