# %% [markdown]
# # A field on a grid
# Every node of a grid is free: more numbers than data. What the field should be like is a regulariser, here
# smoothness.
# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpyro.distributions as dist

import sightline as sl

half_widths = (20.0, 20.0, 5.0)
electrons = sl.electrons.ExponentialDisk()
lines = sl.Sightlines(sl.HealpixSky(nside=4), cells=sl.RadialCells(cells=32))
observable = sl.observables.RotationMeasure(lines)
truth = observable(sl.Simulator(sl.magnetic.LSA(), electrons))
measured = truth + 5.0 * jax.random.normal(jax.random.key(0), truth.shape)
# %%
grid = sl.magnetic.Grid(jnp.full((3, 9, 9, 5), 0.1), half_widths=half_widths)
anything = dist.ImproperUniform(dist.constraints.real, (), grid.values.shape)
space = sl.ParameterSpace(sl.Simulator(grid, electrons), {"magnetic_field.values": anything})
likelihood = sl.SourceLikelihood(observable, measured, error=5.0)
# %% [markdown]
# Two weights: with the weaker the grid learns the noise of the data.
# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for one, weight in zip(axes, (0.01, 1.0), strict=True):
    posterior = sl.Posterior(space, likelihood, sl.Smoothness("magnetic_field.values", weight=weight))
    result = sl.fit(posterior, sl.LBFGS(steps=40), covariance=0)
    found = observable(result.model)
    one.plot(truth, found, ".")
    one.set(title=f"weight {weight}: rms error {jnp.std(found - truth):.1f}", xlabel="true RM", ylabel="fitted RM")
