# %% [markdown]
# # Radio and gamma rays of the same electrons
# Synchrotron emission knows the product of electrons and field, inverse Compton emission the electrons alone:
# together they tell both.
# %%
import numpyro.distributions as dist

import sightline as sl

simulator = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    radiation=sl.radiation.CMB() + sl.radiation.Disk(temperature=3000.0, energy_density=1.0),
    emission=(sl.emission.Synchrotron(), sl.emission.InverseCompton()),
)
lines = sl.Sightlines(sl.HealpixSky(nside=2), cells=sl.RadialCells(cells=32))
radio, gamma = simulator(lines, frequency=0.408), simulator(lines, energy=10.0)
print(radio.unit, gamma.unit)
# %%
priors = {"magnetic_field.b0": dist.Uniform(0.1, 10.0), "cosmic_rays.n0": dist.LogUniform(1e-6, 1e-3)}
space = sl.ParameterSpace(simulator, priors)
seen = sl.MapLikelihood(lines, 0.408, 1.1 * radio.I, unit="K_RJ", noise=0.05 * radio.I, parameters="I")
rays = sl.MapLikelihood(lines, energy=10.0, data=gamma, noise=0.1 * gamma.I)
# %% [markdown]
# Errors of radio alone, and of both:
# %%
print(sl.fisher(sl.Posterior(space, [seen])))
both = sl.fit(sl.Posterior(space, [seen, rays]))
print(both)
