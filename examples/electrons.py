"""One spectrum of electrons from its radio and X-ray emission together: `python examples/electrons.py`.

A mock of a young supernova remnant, after SN 1006: eight radio fluxes from 0.4 to 23 GHz, of 3 %, and counts of EPIC-pn
from 0.5 to 8 keV through its response, which is in the folder SIGHTLINE_DATA. Both come from the same electrons.

Synchrotron emission tells B E_c^2 and K B^((p+1)/2), not the field itself: that is given to 20 %, as the widths of thin
rims give it, and norm and cut-off energy are as uncertain as it leaves them.
"""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

import sightline as sl

RESULTS = Path(__file__).parent / "results"
FREQUENCY = np.array([0.408, 0.843, 1.4, 2.7, 4.86, 8.4, 15.0, 23.0])  # GHz
PRECISION, EXPOSURE = 0.03, 500.0  # of radio fluxes; s
SOURCE = "spectra.remnant.terms.synchrotron."
COLUMN = "spectra.remnant.terms.interstellar_absorption.column"
INDEX, CUT_OFF = f"{SOURCE}electrons.index", f"{SOURCE}electrons.cut_off_energy"
FIELD, NORM = f"{SOURCE}field", f"{SOURCE}norm"
TRUTH = {INDEX: 2.2, CUT_OFF: 2.5e4, FIELD: 34.0, NORM: 60.0, COLUMN: 0.07}
PRIORS = {
    INDEX: dist.Uniform(1.0, 4.0),
    CUT_OFF: dist.LogUniform(1e3, 1e6),  # GeV
    FIELD: dist.LogNormal(np.log(30.0), 0.2),  # uG
    NORM: dist.LogUniform(1e-1, 1e5),  # pc3 kpc-2
    COLUMN: dist.Uniform(0.0, 1.0),  # 1e22 cm-2
}


class RadioFluxes(sl.Module):
    """The observable: flux densities of the remnant, Jy, at frequencies in GHz. Radio waves pass the absorber."""

    frequency: Float[Array, " n"]

    def __call__(self, model: sl.Model) -> Float[Array, " n"]:
        return jax.vmap(model.spectra["remnant"].terms["synchrotron"].flux_density)(self.frequency)


def remnant() -> sl.ParameterSpace:
    """The model at the truth, and what is free of it."""
    electrons = sl.cosmic_rays.spectra.CutOffPowerLaw(5e-16, TRUTH[INDEX], TRUTH[CUT_OFF])
    source = sl.spectra.Synchrotron(electrons, TRUTH[FIELD], TRUTH[NORM])
    absorbed = sl.spectra.InterstellarAbsorption(TRUTH[COLUMN]) * source
    return sl.ParameterSpace(sl.Model(spectra={"remnant": absorbed}), PRIORS)


def observe(space: sl.ParameterSpace, response: sl.counts.Response, seed: int) -> list[sl.Likelihood]:
    """Likelihoods of mock radio fluxes and X-ray counts."""
    radio, x_rays = jax.random.split(jax.random.key(seed))
    predicted = RadioFluxes(jnp.asarray(FREQUENCY))
    fluxes = predicted(space.model) * (1 + PRECISION * jax.random.normal(radio, FREQUENCY.shape))
    counts = sl.counts.fakeit(space.model, "remnant", response, EXPOSURE, x_rays)
    spectrum = sl.counts.Spectrum(np.asarray(counts), EXPOSURE, channel=response.channels.label)
    observation = sl.counts.Observation(spectrum, response, name="counts").select(0.5, 8.0)
    return [
        sl.Likelihood(predicted, fluxes, sl.statistics.Gaussian(PRECISION * fluxes), name="radio"),
        sl.CountsLikelihood(observation.group(sl.counts.Optimal()), "remnant"),
    ]


def known(space: sl.ParameterSpace, likelihoods: list[sl.Likelihood], best: sl.FitResult) -> list[np.ndarray]:
    """Errors of all but the field, were that known, by radio alone, X-rays alone, and both."""
    others = {name: prior for name, prior in PRIORS.items() if name != FIELD}
    at = sl.ParameterSpace(space.replace(best.parameters), others)
    sets = [*([one] for one in likelihoods), likelihoods]
    return [sl.fisher(sl.Posterior(at, data).flat()).standard_deviations for data in sets]


def rows(space: sl.ParameterSpace, best: sl.FitResult, chains: sl.Chains, errors: list[np.ndarray]) -> list[str]:
    """A line for each parameter: truth, fit, draws, and what either kind of data would know alone."""
    found, places = [], iter(range(len(PRIORS)))
    for name in space.names:
        drawn, value, error = chains.parameters[name], best.parameters[name], best.standard_deviations[name]
        place = None if name == FIELD else next(places)
        alone = " | ".join("" if place is None else f"{one[place]:.2g}" for one in errors)
        found.append(
            f"| {name.removeprefix('spectra.remnant.terms.')} | {TRUTH[name]:g} | {float(value):.4g} ± "
            f"{float(error):.2g} | {drawn.mean():.4g} ± {drawn.std():.2g} | {alone} |"
        )
    return found


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    folder = Path(os.environ.get("SIGHTLINE_DATA", ".")) / "xray" / "xmm_epic_pn"
    response = sl.io.read_response(folder / "PN.rmf", folder / "PN.arf")
    space = remnant()
    likelihoods = observe(space, response, seed=1)
    posterior = sl.Posterior(space, likelihoods)
    start = {INDEX: 2.5, CUT_OFF: 1e4, FIELD: 30.0, NORM: 100.0, COLUMN: 0.2}
    best = sl.fit(posterior, start=start).raise_for_status()
    chains = sl.sample(posterior, jax.random.key(2), start=best, draws=500, chains=4)
    print(posterior.summary(), best, chains, sep="\n")
    header = "| parameter | truth | fit | draws | radio alone | X-rays alone | both |\n" + "| --- " * 7 + "|"
    counted = int(likelihoods[1].data.sum())
    note = (
        f"{len(FREQUENCY)} radio fluxes and {counted} counts in {likelihoods[1].size} groups; NUTS: {chains.verdict}. "
    )
    note += "Alone and both: errors were the field known."
    lines = rows(space, best, chains, known(space, likelihoods, best))
    text = "\n".join(["# Electrons of a supernova remnant", "", header, *lines, "", note])
    (RESULTS / "electrons.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
