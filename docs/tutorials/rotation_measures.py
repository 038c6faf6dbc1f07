# %% [markdown]
# # Rotation measures and a published field
# A list of rotation measures, here made up from a field and noise, is read, compared with a published field, and
# fitted by its disk.
# %%
import jax
import numpy as np
import numpyro.distributions as dist

import sightline as sl

jax.config.update("jax_enable_x64", True)
preset = sl.presets.load("UF23-base")
rng = np.random.default_rng(0)
l, b = rng.uniform(0, 360, 200), np.rad2deg(np.arcsin(rng.uniform(-1, 1, 200)))
truth = preset.simulator.rotation_measure(preset.sightlines(sl.Directions(l, b)))
np.savez("mine.npz", l=l, b=b, rm=truth + rng.normal(scale=15.0, size=200), error=np.full(200, 3.0))
# %%
measured = sl.datasets.read_rotation_measures("mine.npz")
print(measured.summary())
lines = preset.sightlines(measured.sky)
print("rms of data - model:", np.std(measured.rm - preset.simulator.rotation_measure(lines)))
# %% [markdown]
# What no model has, the scatter of the turbulent field, is a number of its own.
# %%
model = sl.Model(preset.simulator, nuisance={"scatter": 10.0})
priors = {
    "simulator.magnetic_field.disk.pitch": dist.Normal(10.0, 5.0),
    "nuisance.scatter": dist.LogUniform(1.0, 100.0),
}
observable = sl.observables.RotationMeasure(lines)
likelihood = sl.SourceLikelihood(observable, measured.rm, error=measured.error, scatter="scatter")
print(sl.fit(sl.Posterior(sl.ParameterSpace(model, priors), likelihood)))
