"""Amortised inference on EPIC-pn: ranks of simulations, and real data of a right and a wrong model.

`python benchmarks/xray_amortised.py`; needs SIGHTLINE_DATA and the extra `sbi`. Two networks are trained on simulated
spectra in the groups of the observation: of the absorbed power law with a black body that fits, and of an absorbed
black body, which does not. The background is scaled and added, in simulations too.
"""

import time
import warnings

import jax
import numpy as np
import numpyro.distributions as dist
import xray
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

COLUMN = {"spectra.source.*.column": dist.Uniform(0, 0.5)}
LAW = {"spectra.source.*.power_law.index": dist.Uniform(1.0, 3.5)}
LAW |= {"spectra.source.*.power_law.norm": dist.LogUniform(5e-5, 1e-3)}
BLACK = {"spectra.source.*.temperature": dist.Uniform(0.1, 2.0)}
BLACK |= {"spectra.source.*.black_body_radius.norm": dist.LogUniform(1e-2, 1e1)}


def posterior(observation: sl.counts.Observation, both: bool) -> sl.Posterior:
    """An absorbed black body, with a power law or without."""
    law, black = sl.spectra.PowerLaw(2.2, 2.85e-4), sl.spectra.BlackBodyRadius(0.76, 0.19)
    model = sl.Model(spectra={"source": sl.spectra.MorrisonMcCammon(0.1) * (law + black if both else black)})
    noise = sl.statistics.ScaledBackground(observation.background, observation.ratio)
    space = sl.ParameterSpace(model, COLUMN | BLACK | (LAW if both else {}))
    return sl.Posterior(space, sl.CountsLikelihood(observation, "source", noise=noise))


def row(title: str, one: sl.Posterior, simulations: int, replicas: int) -> list[str]:
    """Training, ranks, and what the network says of the real spectrum."""
    begin = time.process_time()
    net = sl.amortise(one, jax.random.key(0), simulations=simulations, progress=False)
    spent = time.process_time() - begin
    found = net.calibrate(jax.random.key(1), replicas=replicas)
    chains = net.sample(jax.random.key(2), draws=2000)
    print(chains, flush=True)
    k = next(line for line in repr(chains).splitlines() if "Pareto" in line).split("=")[1].strip()
    return [title, f"{spent:.0f}", f"{np.min(found.p_values):.3f}", k, chains.verdict]


def main() -> None:
    options = parse(__doc__ or "", simulations=10000, replicas=300)
    observation = xray.read()
    tasks = {"power law and black body": True, "black body alone, a wrong model": False}
    rows = [row(title, posterior(observation, both), **vars(options)) for title, both in tasks.items()]
    notes = (
        f"{options.simulations} simulations; ranks of {options.replicas} simulated spectra against their truths: the "
        "smallest p (chi^2) of all parameters, small where they are not uniform."
    )
    header = ["model", "training, processor time [s]", "p of ranks", "Pareto k on the real spectrum", "verdict"]
    save("xray_amortised", "A network for EPIC-pn spectra", header, rows, notes)


if __name__ == "__main__":
    main()
