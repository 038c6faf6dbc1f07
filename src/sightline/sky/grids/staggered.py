"""Vector calculus on a staggered grid: potentials on edges, fluxes on faces, and the curl between them.

With splines of degree p, component i of a potential has degree p - 1 along i and p across it; component i of its curl
has degree p along i and p - 1 across. Differences of coefficients are then derivatives exactly, and the divergence of a
curl vanishes at every point. Degree p = 1 is the grid of Yee.

**Source:** Yee 1966, IEEE Trans. Antennas Propag. 14, 302; Buffa, Sangalli & Vazquez 2010, Comput. Methods Appl. Mech.
Eng. 199, 1143 (splines of higher degree).
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float
from ..._core.types import Vector
from .regular import HalfWidths
from .splines import Degrees, evaluate, filtered, refine, sites

Component = Float[Array, "_ _ _"]
Components = tuple[Component, Component, Component]
Cells = tuple[int, int, int]


def edge_degrees(axis: int, order: int) -> Degrees:
    """Degrees along x, y, z of component `axis` of a potential."""
    i, j, k = (order - (other == axis) for other in range(3))
    return i, j, k


def face_degrees(axis: int, order: int) -> Degrees:
    """Degrees along x, y, z of component `axis` of a field of fluxes."""
    i, j, k = (order - (other != axis) for other in range(3))
    return i, j, k


def edge_shape(cells: Cells, axis: int, order: int) -> tuple[int, ...]:
    """Number of coefficients along x, y, z of component `axis` of a potential."""
    return tuple(n + degree for n, degree in zip(cells, edge_degrees(axis, order), strict=True))


def curl(potential: Components, order: int, half_widths: HalfWidths) -> Components:
    """Coefficients of the curl of a potential: differences of neighbours over the size of a cell."""
    cells = [n - degree for n, degree in zip(potential[0].shape, edge_degrees(0, order), strict=True)]
    widths = [2 * half / n for half, n in zip(half_widths, cells, strict=True)]

    def slope(component: int, axis: int) -> Array:
        return jnp.diff(potential[component], axis=axis) * (1 / widths[axis])

    return slope(2, 1) - slope(1, 2), slope(0, 2) - slope(2, 0), slope(1, 0) - slope(0, 1)


def closed(potential: Components, order: int) -> Components:
    """The potential with its components along each wall set to zero there, so that no flux leaves the box."""

    def without_walls(component: Array, axis: int) -> Array:
        widths = [(0, 0) if other == axis else (order, order) for other in range(3)]
        inner = (slice(width, n - width) for (width, _), n in zip(widths, component.shape, strict=True))
        return jnp.pad(component[tuple(inner)], widths)

    x, y, z = (without_walls(component, axis) for axis, component in enumerate(potential))
    return x, y, z


def vector_at(flux: Components, order: int, position: Vector, half_widths: HalfWidths) -> Vector:
    """The field of fluxes at a position, (3,) kpc, clipped to the box."""
    parts = (evaluate(flux[axis], face_degrees(axis, order), position, half_widths) for axis in range(3))
    return jnp.stack(list(parts))


def refined(potential: Components, order: int, factor: int) -> Components:
    """The same potential on cells `factor` times smaller."""
    x, y, z = (refine(component, edge_degrees(axis, order), factor) for axis, component in enumerate(potential))
    return x, y, z


def potential_of(function: Callable[[Vector], Vector], cells: Cells, order: int, half_widths: HalfWidths) -> Components:
    """Coefficients of a potential given as a function: means along edges, by three points of Gauss and Legendre.

    Differences of such means are means of the curl over faces (Stokes), so that the flux through a face is that of the
    function, to the error of the quadrature.
    """
    x, y, z = (_component_of(function, axis, cells, order, half_widths) for axis in range(3))
    return x, y, z


def _component_of(function: Any, axis: int, cells: Cells, order: int, half_widths: HalfWidths) -> Component:
    points = [sites(n, half, order, margin=1) for n, half in zip(cells, half_widths, strict=True)]
    starts, width = points[axis][:-1], 2 * half_widths[axis] / cells[axis]
    abscissae, weights = np.polynomial.legendre.leggauss(3)
    vectors, mean = jnp.vectorize(function, signature="(d)->(d)"), jnp.zeros(())
    for abscissa, weight in zip(abscissae, weights, strict=True):
        points[axis] = starts + 0.5 * (1 + abscissa) * width
        places = jnp.asarray(np.stack(np.meshgrid(*points, indexing="ij"), axis=-1), default_float())
        mean = mean + float(0.5 * weight) * vectors(places)[..., axis]
    return filtered(mean, order)
