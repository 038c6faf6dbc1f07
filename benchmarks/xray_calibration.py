"""Simulation-based calibration of X-ray likelihoods: `python benchmarks/xray_calibration.py`.

Counts alone; counts with a background spectrum fitted jointly; two detectors with a free constant between them.
"""

import time
import warnings

import jax
import numpy as np
import numpyro.distributions as dist
from common import parse, save
from xray_mock import EXPOSURE, observed, small_response

import sightline as sl

CHANNELS, BINS = 20, 40
PRIORS = {
    "spectra.source.index": dist.Normal(1.8, 0.4),
    "spectra.source.norm": dist.LogNormal(np.log(3e-4), 0.5),
}
SKY = {
    "spectra.sky.index": dist.Normal(1.0, 0.3),
    "spectra.sky.norm": dist.LogNormal(np.log(5e-5), 0.5),
}
CONSTANT = {"instruments.other.area": dist.LogNormal(0.0, 0.2)}


def counted(model: sl.Model, name: str, exposure: float = EXPOSURE) -> np.ndarray:
    """Counts, of which the posterior keeps only the shape."""
    response = small_response(CHANNELS, BINS)
    return np.asarray(sl.counts.fakeit(model, name, response, exposure, jax.random.key(0)))


def alone() -> sl.Posterior:
    model = sl.Model(spectra={"source": sl.spectra.PowerLaw(1.8, 3e-4)})
    likelihood = sl.CountsLikelihood(observed(counted(model, "source"), bins=BINS), "source")
    return sl.Posterior(sl.ParameterSpace(model, PRIORS), likelihood)


def beside_background() -> sl.Posterior:
    model = sl.Model(spectra={"source": sl.spectra.PowerLaw(1.8, 3e-4), "sky": sl.spectra.PowerLaw(1.0, 5e-5)})
    both = observed(counted(model, "source"), counted(model, "sky"), bins=BINS)
    return sl.Posterior(sl.ParameterSpace(model, PRIORS | SKY), sl.CountsLikelihood(both, "source", background="sky"))


def two_detectors() -> sl.Posterior:
    source = sl.spectra.PowerLaw(1.8, 3e-4)
    model = sl.Model(spectra={"source": source}, instruments={"other": sl.instruments.Detector(area=1.0)})
    one = observed(counted(model, "source"), bins=BINS)
    likelihoods = [
        sl.CountsLikelihood(one, "source", name="first"),
        sl.CountsLikelihood(one, "source", instrument="other", name="second"),
    ]
    return sl.Posterior(sl.ParameterSpace(model, PRIORS | CONSTANT), likelihoods)


def main() -> None:
    options = parse(__doc__ or "", replicas=1000, draws=99, thin=3, warmup=150, together=50)
    tasks = {"counts": alone, "background jointly": beside_background, "two, a constant": two_detectors}
    rows = []
    for title, make in tasks.items():
        begin = time.process_time()
        found = sl.sbc(make(), jax.random.key(1), progress=False, **vars(options))
        print(found, f"{time.process_time() - begin:.0f} s of processor time", flush=True)
        share = found.ranks.T / found.draws
        for name, one, p in zip(found.labels, share, found.p_values, strict=True):
            short = name.split(".", 1)[1]
            rows.append([title, short, f"{np.mean(one):.3f}", f"{np.std(one):.3f}", f"{p:.3f}"])
    notes = (
        f"{options.replicas} replicas from the priors, {CHANNELS} channels, NUTS with a warm-up of {options.warmup} "
        f"and {options.draws} draws, of {options.thin} one kept. Ranks as a share of the draws: 0.5 and 0.289 where "
        f"they are uniform; p of chi^2 in {found.bins} bins."
    )
    save(
        "xray_calibration",
        "Simulation-based calibration of X-ray likelihoods",
        ["data", "parameter", "mean rank", "spread", "p (chi^2)"],
        rows,
        notes,
    )


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("ignore")
    main()
