# %% [markdown]
# # Four parameters of a spiral, and NUTS
# A mock of Q and U at 2.4 GHz with a noise of 1 mK, the fit of the four numbers of the field, and draws from their
# posterior.
# %%
import jax
import numpyro.distributions as dist

import sightline as sl

jax.config.update("jax_enable_x64", True)
simulator = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)
lines = sl.Sightlines(sl.HealpixSky(nside=4), cells=sl.BoxCells(cells=64))
data = sl.instruments.add_noise(simulator(lines, frequency=2.4), sigma=1e-3, key=jax.random.key(0))
# %%
priors = {
    "magnetic_field.b0": dist.Uniform(0.0, 10.0),
    "magnetic_field.psi0": dist.Uniform(0.0, 60.0),
    "magnetic_field.psi1": dist.Uniform(-5.0, 5.0),
    "magnetic_field.chi0": dist.Uniform(0.0, 60.0),
}
likelihood = sl.MapLikelihood(lines, 2.4, data=data, noise=1e-3, parameters="QU")
posterior = sl.Posterior(sl.ParameterSpace(simulator, priors), likelihood)
best = sl.fit(posterior, start={"magnetic_field.b0": 1.5, "magnetic_field.psi0": 32.0})
print(best)
# %% [markdown]
# The posterior is nearly Gaussian, so that trajectories may follow the Fisher matrix: a value of the posterior a
# step, no gradient.
# %%
chains = sl.sample(
    posterior, jax.random.key(1), sl.NUTS(gradient="gaussian"), start=best, chains=2, draws=500, vectorised=True
)
print(chains)
sl.plot.corner(chains)
