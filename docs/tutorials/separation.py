# %% [markdown]
# # Components of the microwave sky
# Maps in the bands of LiteBIRD, made up, into dust, synchrotron and CMB.
# %%
import numpy as np
import numpyro.distributions as dist

import sightline as sl

bands, sky, rng = sl.instruments.load("LiteBIRD"), sl.HealpixSky(nside=8), np.random.default_rng(0)
mixing = sl.components.MixingMatrix(
    cmb=sl.components.CMB(),
    dust=sl.components.ModifiedBlackbody(index=1.54, temperature=20.0, reference=353.0),
    synchrotron=sl.components.PowerLaw(-3.0),
)
amplitudes = np.array([0.6, 30.0, 20.0])[:, None, None] * rng.normal(size=(3, 2, sky.size))
maps = np.einsum("bcn,ckn->kbn", mixing(bands, sky.size), amplitudes)
maps += 1e6 * bands.sigma(sky, "QU")[..., None] * rng.normal(size=maps.shape)
# %%
likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO", sky=sky)
priors = {"terms.dust.index": dist.Uniform(0.5, 3.0), "terms.synchrotron.index": dist.Uniform(-5.0, -1.0)}
result = sl.fit(sl.Posterior(sl.ParameterSpace(mixing, priors), likelihood))
print(result)
# %% [markdown]
# The maps of the components, with the amplitudes that fit best in every pixel, and how far the CMB is from the truth:
# %%
found = likelihood.amplitudes(result.model)
print("rms error of Q of the CMB, uK:", 1e6 * np.std(found["cmb"].to("K_CMB").Q - 1e-6 * amplitudes[0, 0]))
sl.plot.components(found)
