# %% [markdown]
# # An X-ray spectrum
# An absorbed power law through a small response, its fit, intervals, goodness and figure. With a file begin at
# `sl.io.read_observation`.
# %%
import jax
import numpy as np
import numpyro.distributions as dist

import sightline as sl

jax.config.update("jax_enable_x64", True)
edges = np.geomspace(0.5, 8.0, 61)
response = sl.counts.Response(edges[:-1], edges[1:], 300.0 * np.eye(60), channels=edges)
source = sl.spectra.InterstellarAbsorption(0.1) * sl.spectra.PowerLaw(1.8, norm=1e-3)
model = sl.Model(spectra={"source": source})
counts = sl.counts.fakeit(model, "source", response, 1e4, jax.random.key(0))
observation = sl.counts.Observation(sl.counts.Spectrum(counts, exposure=1e4), response)
# %%
priors = {
    "spectra.source.*.column": dist.Uniform(0.0, 1.0),
    "spectra.source.*.index": dist.Uniform(0.0, 4.0),
    "spectra.source.*.norm": dist.LogUniform(1e-5, 1e-1),
}
posterior = sl.Posterior(sl.ParameterSpace(model, priors), sl.CountsLikelihood(observation, "source"))
best = sl.fit(posterior.flat())
print(best)
print(sl.profile(posterior.flat(), "spectra.source.terms.power_law.index", level=0.9, start=best))
print(sl.goodness(posterior.flat(), best))
# %%
sl.plot.spectrum(posterior, best)
