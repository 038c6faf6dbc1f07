# %% [markdown]
# # A first sky
# A published magnetic field with its electrons and cosmic rays, seen from its own Sun.
# %%
import matplotlib.pyplot as plt

import sightline as sl

preset = sl.presets.load("UF23-base")
sky = preset.sightlines(sl.HealpixSky(nside=16))
stokes = preset.simulator(sky, frequency=[1.4, 23.0])
print(stokes.I.shape, stokes.unit, stokes.convention)
# %% [markdown]
# Intensity, Q and U at both frequencies. At 1.4 GHz Faraday rotation has mixed Q and U.
# %%
sl.plot.maps(stokes)
# %% [markdown]
# Where along one sightline does it come from? The polarised emission and the rotation in front of it:
# %%
trace = preset.simulator.trace(sl.Directions(30.0, 2.0), frequency=1.4)
figure, axes = plt.subplots()
axes.plot(trace.distance, trace.plasma.electron_density)
axes.set(xlabel="distance [kpc]", ylabel="thermal electrons [cm$^{-3}$]", yscale="log")
