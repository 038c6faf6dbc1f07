"""Where a galaxy of particles is, how it moves and how it is turned: its own frame."""

import dataclasses
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from ..._core.module import Module, setting

P = TypeVar("P", bound=Module)

_STEPS = 50
_SHRINK = 0.9


class Frame(Module):
    """The own frame of a galaxy: where its centre is, how it moves, and its axes.

    - `centre`: (3,) kpc; `velocity`: of the stars within the half-mass radius, (3,) km/s.
    - `axes`: rows are the directions of x, y and z of the new frame, (3, 3).
    - `half_mass_radius`: kpc.

    !!! example
        >>> identity = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        >>> frame = sl.particles.Frame((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), identity, half_mass_radius=3.0)
    """

    centre: tuple[float, ...] = setting(unit="kpc")
    velocity: tuple[float, ...] = setting(unit="km s-1")
    axes: tuple[tuple[float, ...], ...] = setting()
    half_mass_radius: float = setting(unit="kpc")

    def apply(self, particles: P) -> P:
        """The particles, stars or gas, in this frame."""
        axes = jnp.asarray(self.axes, particles.position.dtype)  # pyright: ignore
        moved = {}
        for name in ("position", "velocity"):
            value = getattr(particles, name)
            origin = jnp.asarray(self.centre if name == "position" else self.velocity, value.dtype)
            moved[name] = jnp.matmul(value - origin[None], axes.T.astype(value.dtype), precision="highest")
        return dataclasses.replace(particles, **moved)


def own_frame(stars: Any) -> Frame:
    """The frame of the stars of a simulated galaxy: centre at the origin, at rest, disk in z = 0, turning about +z.

    The centre is that of mass in a ball that shrinks about itself until it holds few stars. Axes are those of the
    tensor sum_i m_i x_i x_i^T/sum_i m_i within the half-mass radius alone, where what is far away does not turn them: z
    is the shortest, on the side of the angular momentum, x the longest, so that right-handed x, y and z follow.

    **Arguments:** `stars`: `sl.particles.Stars`.

    **Returns:** the frame; `frame.apply(stars)` and `frame.apply(gas)` are the particles in it.

    **Raises:** `ValueError` for no mass.

    !!! example
        >>> place = np.array([[5.0, 0.0, 1.0], [-3.0, 0.0, 1.0], [1.0, 2.0, 1.0], [1.0, -2.0, 1.0]])
        >>> stars = sl.particles.Stars(place, np.zeros((4, 3)), np.ones(4), np.ones(4), np.zeros(4))
        >>> frame = sl.particles.own_frame(stars)
        >>> [round(float(one), 9) for one in frame.centre]
        [1.0, 0.0, 1.0]
    """
    position, velocity, mass = (np.asarray(getattr(stars, n), np.float64) for n in ("position", "velocity", "mass"))
    if not np.sum(mass) > 0:
        raise ValueError("The stars have no mass: there is no centre of it.")
    centre = _centre(position, mass)
    offset = position - centre
    radius = _half_mass_radius(offset, mass)
    inner = np.sum(offset**2, axis=1) <= radius**2
    share = mass[inner] / np.sum(mass[inner])
    drift = share @ velocity[inner]
    axes = _axes(offset[inner], velocity[inner] - drift, share)
    return Frame(centre, drift, axes, radius)


def _centre(position: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The centre of mass of a ball that shrinks, as long as it holds a hundredth of the stars and 100 of them."""
    least = max(100, len(mass) // 100)
    centre = mass @ position / np.sum(mass)
    radius = float(np.max(np.linalg.norm(position - centre, axis=1)))
    for _ in range(_STEPS):
        radius *= _SHRINK
        inside = np.linalg.norm(position - centre, axis=1) < radius
        if np.sum(inside) < least or not np.sum(mass[inside]) > 0:
            break
        centre = mass[inside] @ position[inside] / np.sum(mass[inside])
    return centre


def _half_mass_radius(offset: np.ndarray, mass: np.ndarray) -> float:
    radius = np.linalg.norm(offset, axis=1)
    order = np.argsort(radius)
    held = np.cumsum(mass[order])
    return float(radius[order][np.searchsorted(held, 0.5 * held[-1])])


def _axes(offset: np.ndarray, velocity: np.ndarray, share: np.ndarray) -> np.ndarray:
    _, vectors = np.linalg.eigh((share[:, None] * offset).T @ offset)
    z, x = vectors[:, 0], vectors[:, 2]
    if z @ (share @ np.cross(offset, velocity)) < 0:
        z = -z
    return np.stack([x, np.cross(z, x), z])
