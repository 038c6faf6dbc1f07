"""The published models that the benchmarks go through, and places in the Galaxy."""

from collections.abc import Callable

import numpy as np

import sightline as sl

Models = dict[str, Callable[[], sl.fields.AbstractField]]
_UF23 = ("base", "neCL", "expX", "spur", "cre10", "synCG", "twistX", "nebCor")
_TF17 = ("Ad1C0", "Ad1C1", "Bd1C0", "Bd1C1", "Dd1C0", "Dd1C1")

MAGNETIC: Models = {
    "LSA": sl.magnetic.LSA,
    "JF12": sl.magnetic.JF12,
    "JF12 Planck": sl.magnetic.JF12.planck,
    "JF12 solenoidal": sl.magnetic.JF12Solenoidal,
    **{f"UF23 {name}": lambda name=name: sl.magnetic.UF23(name) for name in _UF23},
    **{f"PT11 {name}": lambda name=name: sl.magnetic.PT11(name) for name in ("ASS", "BSS")},
    **{f"TF17 {name}": lambda name=name: sl.magnetic.TF17(name) for name in _TF17},
    "KST24": sl.magnetic.KST24,
}
"""Magnetic fields, uG."""

SCALARS: Models = {
    "JF12 random amplitude": sl.magnetic.JF12RandomAmplitude,
    "YMW16": sl.electrons.YMW16,
    "NE2001": sl.electrons.NE2001,
    "NE2025": sl.electrons.NE2025,
    "exponential disk, thermal": sl.electrons.ExponentialDisk,
    "exponential disk, cosmic rays": sl.cosmic_rays.ExponentialDisk,
    "analytic disk, cosmic rays": sl.cosmic_rays.AnalyticDisk,
}
"""Amplitudes of random fields, densities of thermal electrons and of cosmic rays."""


def positions(count: int, seed: int = 0) -> np.ndarray:
    """Random places, (count, 3) kpc: half in a cylinder of 20 kpc by +-5 kpc, half within a few kpc of the Sun."""
    generator = np.random.default_rng(seed)
    radius, azimuth = 20 * np.sqrt(generator.uniform(size=count)), generator.uniform(0, 2 * np.pi, count)
    wide = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), generator.uniform(-5, 5, count)], axis=1)
    near = np.array(sl.SUN) + generator.normal(size=(count, 3)) * (2.0, 2.0, 0.5)
    return np.where(generator.uniform(size=(count, 1)) < 0.5, wide, near)
