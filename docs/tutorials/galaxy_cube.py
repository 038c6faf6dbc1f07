# %% [markdown]
# # The cube of a galaxy
# Particles of a rotating disk through an integral-field unit, with noise, and its systemic velocity from the cube.
# %%
import jax
import numpy as np
import numpyro.distributions as dist

import sightline as sl

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
radius, angle = rng.exponential(0.8, 2000), rng.uniform(0, 2 * np.pi, 2000)
position = np.stack([radius * np.cos(angle), radius * np.sin(angle), rng.normal(0, 0.05, 2000)], axis=-1)
velocity = 150.0 * np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=-1)
stars = sl.particles.Stars(position, velocity, np.full(2000, 2e6), rng.uniform(1, 12, 2000), np.full(2000, -0.2))
ifu = sl.cubes.IFU(
    (8, 8), spaxel=0.5, channels=sl.cubes.Channels.regular(5000.0, 2.5, 40), psf=sl.cubes.GaussianPSF(fwhm=0.9)
)
galaxy = sl.Galaxy(
    stars, sl.populations.synthetic(), redshift=0.03, orientation=sl.Orientation(inclination=60.0, position_angle=45.0)
)
cube = sl.cubes.add_noise(galaxy(ifu), jax.random.key(0), signal_to_noise=50.0)
sl.plot.moments(cube)
# %%
model = sl.Model(galaxy, instruments={"muse": ifu})
space = sl.ParameterSpace(model, {"simulator.orientation.velocity": dist.Normal(0.0, 100.0)})
print(sl.fit(sl.Posterior(space, sl.CubeLikelihood(cube, instrument="muse"))))
