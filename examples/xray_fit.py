"""An X-ray spectrum of EPIC-pn with its background: fit, errors, samples, goodness, fluxes.

    SIGHTLINE_DATA=/folder/of/data python examples/xray_fit.py --output DIR

The source is a power law and a black body behind the interstellar medium. The background has a spectrum of its own, two
power laws and the fluorescent lines of aluminium and copper in the detector, and is fitted to the counts of both
regions together; nothing is subtracted. The same is done without the black body.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpyro.distributions as dist
from survey_files import survey_file
from xray_fit_report import write

import sightline as sl

jax.config.update("jax_enable_x64", True)  # an application may choose; the library never does

FOLDER, BAND = "xray/xmm_epic_pn", (0.5, 8.0)
FILES = {"background": "PNbackground_spectrum.fits", "response": "PN.rmf", "area": "PN.arf"}
ALUMINIUM, COPPER = 1.4866, 8.0444
"""keV, of the K alpha lines (Bearden 1967, Rev. Mod. Phys. 39, 78; copper: the mean of both, weighted 2 to 1). That of
copper lies beyond the band, and within the resolution of its last group."""
STARTS, SCOUT, LEVEL = 8, 500, 0.9
PRIORS = {
    "source.*.column": dist.Uniform(0.0, 1.0),
    "source.*.power_law.index": dist.Uniform(0.0, 5.0),
    "source.*.power_law.norm": dist.LogUniform(1e-7, 1e-2),
    "source.*.black_body_radius.temperature": dist.Uniform(0.05, 3.0),
    "source.*.black_body_radius.norm": dist.LogUniform(1e-3, 1e4),
    "sky.*.soft.index": dist.Uniform(1.5, 8.0),
    "sky.*.soft.norm": dist.LogUniform(1e-8, 1e-3),
    "sky.*.hard.index": dist.Uniform(-3.0, 1.5),
    "sky.*.hard.norm": dist.LogUniform(1e-8, 1e-3),
    "sky.*.aluminium.norm": dist.LogUniform(1e-9, 1e-3),
    "sky.*.copper.norm": dist.LogUniform(1e-9, 1e-3),
}
"""By name, without what all begin with."""


class Fitted(NamedTuple):
    """A model of the source: its posterior, the largest likelihood, and what is expected of that."""

    posterior: sl.Posterior
    best: sl.FitResult
    goodness: Any


def read() -> sl.counts.Observation:
    """The spectrum of source and background, in groups of the optimal width."""
    path = survey_file(f"{FOLDER}/PN_spectrum_grp20.fits")
    files = {key: survey_file(f"{FOLDER}/{name}") for key, name in FILES.items()}
    return sl.io.read_observation(path, **files).select(*BAND).group(sl.counts.Optimal())


def model(black_body: bool = True) -> sl.Model:
    """Source and background."""
    law, black = sl.spectra.PowerLaw(2.0, 2e-4), sl.spectra.BlackBodyRadius(0.7, 0.2)
    sky = sl.spectra.Sum(
        soft=sl.spectra.PowerLaw(index=4.0, norm=5e-6),
        hard=sl.spectra.PowerLaw(index=0.3, norm=5e-6),
        aluminium=sl.spectra.Line(energy=ALUMINIUM, sigma=0.0, norm=1e-6),
        copper=sl.spectra.Line(energy=COPPER, sigma=0.0, norm=1e-5),
    )
    return sl.Model(
        spectra={
            "source": sl.spectra.InterstellarAbsorption(0.1) * (law + black if black_body else law),
            "sky": sky,
        }
    )


def posterior(observation: sl.counts.Observation, black_body: bool = True) -> sl.Posterior:
    """The counts of both regions, given both spectra."""
    start = model(black_body)
    priors = {f"spectra.{name}": prior for name, prior in PRIORS.items() if black_body or "black" not in name}
    space = sl.ParameterSpace(start, priors)
    return sl.Posterior(space, sl.CountsLikelihood(observation, "source", background="sky", name="EPIC-pn"))


def fit(target: sl.Posterior, key: jax.Array) -> Fitted:
    """The largest likelihood, from scouted starts, and whether it is as large as it should be."""
    first, second = jax.random.split(key)
    best = sl.fit(target.flat(), starts=STARTS, scout=SCOUT, key=first).raise_for_status()
    return Fitted(target, best, sl.goodness(target.flat(), best, second))


def profiles(fitted: Fitted) -> dict[str, sl.Profile]:
    """Intervals of the parameters of the source from the profile of the likelihood."""
    names = [name for name in fitted.posterior.space.names if ".source." in name]
    return {name: sl.profile(fitted.posterior.flat(), name, LEVEL, start=fitted.best) for name in names}


def fluxes(one: sl.Model) -> jax.Array:
    """In 1e-12 erg cm-2 s-1: as it is seen, before absorption, and of each component."""
    source = one.spectrum("source")
    bare = source.spectrum
    parts = (source, bare, *sl.spectra.components(bare).values())
    return 1e12 * jax.numpy.stack([sl.spectra.energy_flux(part, *BAND) for part in parts])


def sample(fitted: Fitted, draws: int, key: jax.Array) -> sl.Chains:
    """Four chains from the posterior, priors included."""
    start = sl.fit(fitted.posterior, start=fitted.best)
    method = sl.NUTS(target_acceptance=0.95)
    return sl.sample(fitted.posterior, key, method, start=start, draws=draws, chains=4, warmup=500)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and sample a spectrum of EPIC-pn with its background.")
    parser.add_argument("--output", type=Path, required=True, help="folder of xray_fit.md and .png")
    parser.add_argument("--draws", type=int, default=2000, help="of each of four chains")
    given = parser.parse_args()
    try:
        observation = read()
        given.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: {error}")
    begun, keys = time.process_time(), jax.random.split(jax.random.key(0), 3)
    whole, plain = (fit(posterior(observation, black), key) for black, key in zip((True, False), keys, strict=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits at the ends of profiles
        ends = profiles(whole)
    chains = sample(whole, given.draws, keys[2])
    flux = {
        "fit": sl.inference.derived(whole.posterior, whole.best, fluxes),
        "chains": sl.inference.derived(whole.posterior, chains, fluxes),
    }
    sl.plot.spectrum(whole.posterior, chains, path=given.output / "xray_fit.png", overwrite=True)
    text = write(observation, (whole, plain), ends, chains, flux, time.process_time() - begun)
    (given.output / "xray_fit.md").write_text(text)
    print(f"{text}\nWritten to {given.output}.")


if __name__ == "__main__":
    main()
