"""Frames: Galactocentric Cartesian (kpc), Galactic longitude and latitude, and the polarisation basis.

Galactocentric: right-handed, the Sun on the negative x axis, +x towards l = 0, +y towards l = 90, +z north.
Directions of Galactic (l, b) are parallel to these axes for every observer. All geometry is NumPy in double precision.
"""

import numpy as np

SUN = (-8.3, 0.0, 0.006)
"""Default position of the observer [kpc], Galactocentric."""


def direction(l: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Unit vectors, (3, n), towards Galactic longitude `l` and latitude `b` [rad]."""
    return np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)])


def polarisation_basis(l: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, (3, n), towards east (increasing l) and north (increasing b) at (l, b) [rad]."""
    east = np.stack([-np.sin(l), np.cos(l), np.zeros_like(l)])
    north = np.stack([-np.sin(b) * np.cos(l), -np.sin(b) * np.sin(l), np.cos(b)])
    return east, north


def transport(vector: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Parallel transport of tangent vectors, (3, n), from `start` to `end` along great circles."""
    along = np.sum(vector * end, axis=0) / (1 + np.sum(start * end, axis=0))
    return vector - along * (start + end)
