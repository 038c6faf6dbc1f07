# %% [markdown]
# # Low frequencies
# Ionised gas absorbs what lies behind it: through the plane of this smooth disk below a few MHz, through denser gas
# below some ten. Free-free absorption is one more operator.
# %%
import matplotlib.pyplot as plt
import numpy as np

import sightline as sl

fields = {
    "magnetic_field": sl.magnetic.LSA(b0=3.0),
    "electron_density": sl.electrons.ExponentialDisk(),
    "cosmic_rays": sl.cosmic_rays.ExponentialDisk(),
}
warm = sl.temperature.Uniform(7000.0)
thin = sl.Simulator(**fields, emission=sl.emission.Synchrotron())
absorbed = sl.Simulator(**fields, temperature=warm, emission=(sl.emission.Synchrotron(), sl.emission.FreeFree()))
# %%
directions, frequencies = sl.Directions(l=[30.0, 30.0], b=[0.0, 60.0]), np.geomspace(0.001, 0.4, 25)
figure, axes = plt.subplots()
for model, style in ((thin, "--"), (absorbed, "-")):
    axes.loglog(frequencies, model(directions, frequency=frequencies).I, style)
axes.set(xlabel="frequency [GHz]", ylabel="brightness [K]", title="dashed: nothing absorbs; two latitudes")
