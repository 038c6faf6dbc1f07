"""Clumps and voids of NE2001 and NE2025: small regions of their own density, listed in catalogues."""

import functools
from importlib import resources
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import default_float, param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ...geometry.frames import direction
from ..base import AbstractField
from ..ends import Reach
from .ne2001_disk import SUN
from .ne2001_local import AbstractRegion, Layer
from .ne2001_lookup import Candidates, find_candidates, take

_MODELS = ("NE2001", "NE2025")
_WIDTH = 0.1  # kpc, of the columns in which clumps and voids are looked up
_CLUMP_EDGE, _VOID_EDGE = 5.0, 3.0  # where a Gaussian is cut, of (distance/radius)^2

Rows = tuple[tuple[float, ...], ...]
Table = tuple[Candidates, np.ndarray]


@functools.cache
def _read(model: str, kind: str) -> np.ndarray:
    """The columns of a catalogue that comes with the package, (columns, rows)."""
    if model not in _MODELS:
        raise ValueError(f"model = {model!r}: choose one of {', '.join(map(repr, _MODELS))}.")
    name = f"sky/fields/electrons/data/{model.lower()}_{kind}.csv"
    with resources.files("sightline").joinpath(name).open(encoding="utf-8") as file:
        return np.loadtxt(file, delimiter=",", unpack=True)


def _places(longitude: np.ndarray, latitude: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Galactocentric positions, (n, 3) kpc, of directions [deg] and distances [kpc] from the model's Sun."""
    return np.array(SUN) + (distance * direction(np.deg2rad(longitude), np.deg2rad(latitude))).T


def _clump_catalogue(model: str) -> tuple[Any, ...]:
    """Density, centre, radius and sharpness of the clumps of a model."""
    l, b, density, _, distance, radius, edge = _read(model, "clumps")
    return density, _places(l, b, distance), radius, edge == 1


def _void_catalogue(model: str) -> tuple[Any, ...]:
    """Density, centre, semi-axes, angles and sharpness of the voids of a model."""
    l, b, distance, density, _, *shape, edge = _read(model, "voids")
    return density, _places(l, b, distance), np.transpose(shape[:3]), np.transpose(shape[3:]), edge == 1


class NE2001Clumps(AbstractField):
    """Clumps of NE2001, summed: n exp(-q) for q < 5, or n for q < 1 where sharp; q = (distance/radius)^2.

    Their densities are one parameter, their places and sizes settings: 175 clumps of NE2001, 214 of NE2025.
    Only those that can reach a point are evaluated there.

    **Arguments:** `density`: (clumps,) cm^-3; `centre`: Galactocentric, (clumps, 3) kpc; `radius`: (clumps,)
    kpc; `sharp`: (clumps,), uniform inside instead of Gaussian.

    **Source:** Cordes & Lazio 2003, arXiv:astro-ph/0301598; Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001Clumps.of("NE2025").density.shape
        (214,)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, " clumps"] = param(
        default_factory=lambda: _clump_catalogue("NE2001")[0], unit="cm-3", bounds=(0, None), symbol="n_c"
    )
    centre: Rows = setting(default_factory=lambda: _clump_catalogue("NE2001")[1], unit="kpc")
    radius: tuple[float, ...] = setting(
        default_factory=lambda: _clump_catalogue("NE2001")[2], unit="kpc", bounds=(0, None)
    )
    sharp: tuple[bool, ...] = setting(default_factory=lambda: _clump_catalogue("NE2001")[3])
    sun: ClassVar[tuple[float, float, float]] = SUN

    def __check_init__(self) -> None:
        _check_sizes(self, self.density, self.centre, self.radius, self.sharp)

    @classmethod
    def of(cls, model: str) -> "NE2001Clumps":
        """The clumps of "NE2001" or "NE2025"."""
        return cls(*_clump_catalogue(model))

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        x, y, z = jnp.unstack(position)
        near, shapes = _clump_table(self.centre, self.radius, self.sharp)
        row, total = near.locate(x, y), jnp.zeros_like(x)
        for members, shape in zip(near.members, shapes, strict=True):
            x0, y0, z0, inverse, soft = (take(values, row, x) for values in shape)
            q = ((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2) * inverse
            value = take(self.density, take(members, row)) * jnp.exp(-soft * q)
            total = total + jnp.where(q < 1 + soft * (_CLUMP_EDGE - 1), value, 0)
        return total

    def structures(self) -> Structures:
        centre, reach = np.array(self.centre), _clump_reach(self.radius, self.sharp)
        return Structures.balls(centre, reach).ending(_box_about(centre, reach[:, None]))

    def reach(self) -> Reach:
        """How far they reach from the Galactic centre."""
        return _farthest(np.array(self.centre), _clump_reach(self.radius, self.sharp)[:, None])


class NE2001Voids(AbstractRegion):
    """Voids of NE2001: ellipsoids that displace all but the clumps, the last listed where several overlap.

    The density is n for q < 1 where sharp, else n exp(-q) for q < 3; q = (u/a)^2 + (v/b)^2 + (w/c)^2,
    u = c_y c_z X + s_z Y + s_y c_z Z, v = -c_y s_z X + c_z Y - s_y s_z Z, w = -s_y X + c_y Z, with X towards
    l = 90, Y towards l = 180 and Z north from the centre of the void, and c_y, s_y, c_z, s_z the cosines and
    sines of theta_y and theta_z.

    Their densities are one parameter, their places and shapes settings: 17 voids of NE2001, 37 of NE2025.

    **Arguments:** `density`: (voids,) cm^-3; `centre`: Galactocentric, (voids, 3) kpc; `semi_axes` a, b, c:
    (voids, 3) kpc; `angles` theta_y, theta_z: (voids, 2) deg; `sharp`: (voids,), uniform inside instead of
    Gaussian.

    **Source:** Cordes & Lazio 2003, arXiv:astro-ph/0301598; Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2001Voids.of("NE2025").density.shape
        (37,)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    density: Float[Array, " voids"] = param(
        default_factory=lambda: _void_catalogue("NE2001")[0], unit="cm-3", bounds=(0, None), symbol="n_v"
    )
    centre: Rows = setting(default_factory=lambda: _void_catalogue("NE2001")[1], unit="kpc")
    semi_axes: Rows = setting(default_factory=lambda: _void_catalogue("NE2001")[2], unit="kpc", bounds=(0, None))
    angles: Rows = setting(default_factory=lambda: _void_catalogue("NE2001")[3], unit="deg")
    sharp: tuple[bool, ...] = setting(default_factory=lambda: _void_catalogue("NE2001")[4])

    def __check_init__(self) -> None:
        _check_sizes(self, self.density, self.centre, self.semi_axes, self.angles, self.sharp)

    @classmethod
    def of(cls, model: str) -> "NE2001Voids":
        """The voids of "NE2001" or "NE2025"."""
        return cls(*_void_catalogue(model))

    def layer(self, position: Vector) -> Layer:
        x, y, z = jnp.unstack(position)
        near, shapes = _void_table(self.centre, self.semi_axes, self.angles, self.sharp)
        row, density, weight = near.locate(x, y), jnp.zeros_like(x), jnp.zeros_like(x)
        for members, shape in zip(near.members, shapes, strict=True):
            x0, y0, z0, xx, yy, zz, xy, xz, yz, soft = (take(values, row, x) for values in shape)
            x1, y1, z1 = x - x0, y - y0, z - z0
            q = (xx * x1 + xy * y1 + xz * z1) * x1 + (yy * y1 + yz * z1) * y1 + zz * z1 * z1
            inside = q < 1 + soft * (_VOID_EDGE - 1)
            value = take(self.density, take(members, row)) * jnp.exp(-soft * jnp.where(inside, q, 0))
            density, weight = jnp.where(inside, value, density), jnp.where(inside, 1, weight)
        return density, weight

    def structures(self) -> Structures:
        centre, reach = np.array(self.centre), self._reaches()
        voids = Structures.ellipsoids(centre, reach, _void_axes(np.array(self.angles)))
        return voids.ending(_box_about(centre, np.max(reach, axis=1, keepdims=True)))

    def reach(self) -> Reach:
        return _farthest(np.array(self.centre), np.max(self._reaches(), axis=1, keepdims=True))

    def _reaches(self) -> np.ndarray:
        """Where voids end along their axes, (voids, 3) kpc."""
        return np.array(self.semi_axes) * np.where(self.sharp, 1, _VOID_EDGE**0.5)[:, None]


def _check_sizes(field: AbstractField, density: Array, *shapes: tuple[Any, ...]) -> None:
    sizes = [density.shape[0], *map(len, shapes)]
    if len(set(sizes)) > 1:
        raise ValueError(f"{type(field).__name__} has parameters of different lengths: {sizes}. Give one of each.")


def _box_about(centre: np.ndarray, reach: np.ndarray) -> Structures:
    """The box that holds all that reaches so far, (n, 1) kpc, about centres, (n, 3) kpc."""
    if not len(centre):
        return Structures.box(np.zeros(3))
    lower, upper = np.min(centre - reach, axis=0), np.max(centre + reach, axis=0)
    return Structures.box(0.5 * (upper - lower), 0.5 * (upper + lower))


def _farthest(centre: np.ndarray, reach: np.ndarray) -> Reach:
    """The radius and the height of the disk that holds the same."""
    radius = np.max(np.hypot(*centre[:, :2].T) + reach[:, 0], initial=0)
    height = np.max(np.abs(centre[:, 2]) + reach[:, 0], initial=0)
    return jnp.asarray(radius, default_float()), jnp.asarray(height, default_float())


def _clump_reach(radius: tuple[float, ...], sharp: tuple[bool, ...]) -> np.ndarray:
    """Where clumps end, (clumps,) kpc from their centres."""
    return np.array(radius) * np.where(sharp, 1, _CLUMP_EDGE**0.5)


@functools.cache
def _clump_table(centre: Rows, radius: tuple[float, ...], sharp: tuple[bool, ...]) -> Table:
    """Where clumps are, and of each x, y, z, 1/radius^2 and whether it is Gaussian."""
    places, sizes, soft = np.array(centre), np.array(radius), ~np.array(sharp)
    reach = _clump_reach(radius, sharp)
    near = find_candidates(places[:, :2], np.stack([reach, reach], axis=1), _WIDTH)
    return near, near.spread(np.column_stack([places, sizes**-2, soft]))


@functools.cache
def _void_table(centre: Rows, semi_axes: Rows, angles: Rows, sharp: tuple[bool, ...]) -> Table:
    """Where voids are, and of each x, y, z, the six coefficients of q and whether it is Gaussian."""
    places, sizes, soft = np.array(centre), np.array(semi_axes), ~np.array(sharp)
    axes = _void_axes(np.array(angles))
    reach = np.sqrt(np.sum((axes * sizes[..., None]) ** 2, axis=1) * np.where(soft, _VOID_EDGE, 1)[:, None])
    near = find_candidates(places[:, :2], reach[:, :2], _WIDTH)
    form = np.einsum("vki,vk,vkj->ijv", axes, sizes**-2, axes)
    squares, products = [form[i, i] for i in range(3)], [2 * form[i, j] for i, j in ((0, 1), (0, 2), (1, 2))]
    return near, near.spread(np.column_stack([places, *squares, *products, soft]))


def _void_axes(angles: np.ndarray) -> np.ndarray:
    """Unit vectors, Galactocentric, along the three axes of each void, (voids, 3, 3)."""
    (c_y, c_z), (s_y, s_z) = np.cos(np.deg2rad(angles.T)), np.sin(np.deg2rad(angles.T))
    u = [-s_z, c_y * c_z, s_y * c_z]
    v = [-c_z, -c_y * s_z, -s_y * s_z]
    w = [0 * s_y, -s_y, c_y]
    return np.moveaxis(np.array([u, v, w]), -1, 0)
