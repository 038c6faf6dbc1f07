# %% [markdown]
# # Faraday tomography
# Emission at each Faraday depth, as the model has it, and as rotation measure synthesis finds it in maps of many
# frequencies.
# %%
import matplotlib.pyplot as plt
import numpy as np

import sightline as sl
from sightline import observables

simulator = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)
line = sl.Sightlines(sl.Directions(40.0, 4.0), cells=sl.RadialCells(cells=512))
depth = np.linspace(-300.0, 300.0, 301)
frequencies = np.linspace(1.0, 2.0, 128)
# %%
known = observables.FaradaySpectrum(line, depth=depth, width=5.0, frequency=1.4)(simulator)
found = observables.rotation_measure_synthesis(simulator(line, frequency=frequencies), depth)
# %%
figure, axes = plt.subplots()
for spectrum, label in ((known, "of the model"), (found, "of 128 maps from 1 to 2 GHz")):
    strength = np.abs(np.ravel(spectrum))
    axes.plot(depth, strength / strength.max(), label=label)
axes.axvline(float(simulator.rotation_measure(line)[0]), color="0.6")
axes.set(xlabel="Faraday depth [rad m$^{-2}$]", ylabel="polarised emission, relative")
axes.legend()
