"""How rays are divided into the cells in which a simulator is evaluated."""

import equinox as eqx
import jax
from jaxtyping import Array, Float

from ..geometry import Ray, Sightlines, Structures
from ..geometry.panels import Panels, equal
from .place import edges_of_ray


def division_of(lines: Sightlines) -> Sightlines:
    """What says how every ray is divided into cells: no rays, nothing that is theirs."""
    return eqx.tree_at(
        lambda s: (s.rays, s.edges, s.known, s.classes, s.order),
        lines,
        (None, None, {}, (), None),
        is_leaf=lambda x: x is None,
    )


def panels_of(lines: Sightlines) -> Panels | None:
    """Where the panels that lines have begin and end, kpc, (rays, panels) each."""
    return None if lines.edges is None else (lines.edges[:-1].T, lines.edges[1:].T)


def division(
    lines: Sightlines, ray: Ray, panels: Panels | None, structures: Structures | None
) -> tuple[Float[Array, " cells"], Float[Array, " cells"]]:
    """Distances of the middles of the cells of a ray, and their widths, kpc."""
    if lines.midpoints is None or lines.widths is None:
        return equal(panels_of_ray(lines, ray, panels, structures), lines.parts)
    midpoints, widths, length = jax.lax.stop_gradient((lines.midpoints, lines.widths, ray.length))
    return length * midpoints, length * widths


def panels_of_ray(lines: Sightlines, ray: Ray, panels: Panels | None, structures: Structures | None) -> Panels:
    """The panels of a ray: those it has, or as its model wants them."""
    if panels is not None:
        return jax.lax.stop_gradient(panels)
    assert structures is not None
    edges = edges_of_ray(lines, structures, ray)
    return edges[:-1], edges[1:]


def coordinates(ray: Ray, distance: Float[Array, " cells"]) -> list[Float[Array, " cells"]]:
    """x, y and z [kpc] at distances along a ray, kept apart: XLA then fuses them into the fields."""
    return [ray.origin[axis] + distance * ray.direction[axis] for axis in range(3)]
