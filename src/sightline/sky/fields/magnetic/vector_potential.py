from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import default_float, param, setting
from ...._core.types import Vector
from ...._core.units import strip_unit
from ...geometry import Structures
from ...grids import regular, staggered
from ..base import AbstractField, prepare_children
from ..grid import check_box, from_centre


class VectorPotentialGrid(AbstractField):
    """A magnetic field B = curl A of a potential on the edges of a regular grid: div B = 0 at every point.

    A_i lies on the edges along i, the flux of B_i on the faces across i. With `order` 1 (Yee 1966) B_i is linear along
    i and constant across within a cell: the normal component is continuous, the others jump from cell to cell. With
    `order` 2 the coefficients are those of B-splines: B_i is quadratic along i and linear across, hence continuous.

    Gauge: A + grad f gives the same B for every f, so that a third of the numbers is free. That is harmless with a
    prior or regulariser on A and in fits by gradients, which never move along it; a Fisher matrix of A is singular.

    At the walls of the box the field ends. `walls="open"` leaves a sheet of divergence where flux crosses a wall;
    `walls="closed"` takes A along the walls for zero, so that B ends without one.

    **Arguments:**

    - `potential_x`: A_x, (nx + p - 1, ny + p, nz + p) uG kpc, of a box of nx x ny x nz cells and order p.
    - `potential_y`, `potential_z`: likewise, p - 1 along their own axis.
    - `half_widths`: the box is |x - c_x| <= X, ... [kpc]; the field is zero outside. `centre` c: of the box, (3,) kpc.
    - `order`: 1 or 2; `walls`: `"open"` or `"closed"`.
    - `flux`: made by `prepare()`.

    **Raises:** `ValueError` for shapes that do not fit together, or half-widths that are not positive.

    **Source:** Yee 1966, IEEE Trans. Antennas Propag. 14, 302; Buffa, Sangalli & Vazquez 2010, Comput. Methods Appl.
    Mech. Eng. 199, 1143.

    !!! example
        >>> flat = sl.magnetic.VectorPotentialGrid.zeros((64, 64, 16), half_widths=(20.0, 20.0, 5.0))
        >>> ring = sl.magnetic.VectorPotentialGrid.from_potential(
        ...     lambda x: jnp.exp(-x @ x / 50) * jnp.array([0.0, 0.0, 6.0]), (16, 16, 8), (20.0, 20.0, 5.0)
        ... )
        >>> ring.prepare()(jnp.array([5.0, 0.0, 0.0]))
        Array([...], dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Yee1966",)
    potential_x: Float[Array, "_ _ _"] = param(unit="uG kpc", symbol="A_x")
    potential_y: Float[Array, "_ _ _"] = param(unit="uG kpc", symbol="A_y")
    potential_z: Float[Array, "_ _ _"] = param(unit="uG kpc", symbol="A_z")
    half_widths: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", kw_only=True)
    centre: tuple[float, float, float] = setting((0.0, 0.0, 0.0), unit="kpc", kw_only=True)
    order: int = setting(1, choices=(1, 2), kw_only=True)
    walls: str = setting("open", choices=("open", "closed"), kw_only=True)
    flux: tuple[Array, Array, Array] | None = eqx.field(default=None, kw_only=True, repr=False)

    def __check_init__(self) -> None:
        check_box(self)
        shapes = [getattr(component, "shape", None) for component in self._potential]
        if None in shapes or len(shapes[0] or ()) != 3:
            return
        cells = self._cells
        wanted = [staggered.edge_shape(cells, axis, self.order) for axis in range(3)]
        if min(cells) < 1 or shapes != wanted:
            raise ValueError(
                f"VectorPotentialGrid: the shapes {', '.join(map(str, shapes))} do not fit together. For order "
                f"{self.order} and {cells} cells they are {', '.join(map(str, wanted))}: begin with "
                "VectorPotentialGrid.zeros(shape, half_widths)."
            )

    @property
    def _potential(self) -> tuple[Array, Array, Array]:
        return self.potential_x, self.potential_y, self.potential_z

    @property
    def _bounded(self) -> tuple[Array, Array, Array]:
        return self._potential if self.walls == "open" else staggered.closed(self._potential, self.order)

    @property
    def _cells(self) -> tuple[int, int, int]:
        degrees = staggered.edge_degrees(0, self.order)
        nx, ny, nz = (n - degree for n, degree in zip(self.potential_x.shape, degrees, strict=True))
        return nx, ny, nz

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        if self.flux is None:
            raise ValueError("VectorPotentialGrid: call .prepare() first.")
        place = from_centre(position, self.centre)
        field = staggered.vector_at(self.flux, self.order, place, self.half_widths)
        box = regular.widened(self.half_widths, self.centre, place.dtype)
        return jnp.where(regular.inside(place, box), field, 0)

    def prepare(self) -> "VectorPotentialGrid":
        """The grid with its fluxes: differences of A over the size of a cell."""
        flux = staggered.curl(self._bounded, self.order, self.half_widths)
        return eqx.tree_at(lambda grid: grid.flux, prepare_children(self), flux, is_leaf=lambda leaf: leaf is None)

    def structures(self) -> Structures:
        """The walls of the box, where the field ends."""
        box = Structures.box(self.half_widths, self.centre)
        return box.ending(box)

    def refined(self, factor: int = 2) -> "VectorPotentialGrid":
        """The same field, exactly, on cells `factor` times smaller: the next grid of a fit from coarse to fine."""
        potential = staggered.refined(self._bounded, self.order, factor)
        box = {"half_widths": self.half_widths, "centre": self.centre}
        return VectorPotentialGrid(*potential, **box, order=self.order, walls=self.walls)

    @classmethod
    def zeros(cls, shape: tuple[int, int, int], half_widths: Any, order: int = 1, **settings: Any) -> Any:
        """A grid without field, where fits begin.

        **Arguments:** `shape`: number of cells along x, y, z; the others as the class.
        """
        potential = (jnp.zeros(staggered.edge_shape(shape, axis, order), default_float()) for axis in range(3))
        return cls(*potential, half_widths=half_widths, order=order, **settings)

    @classmethod
    def from_potential(
        cls,
        function: Callable[[Vector], Vector],
        shape: tuple[int, int, int],
        half_widths: tuple[float, float, float],
        order: int = 1,
        *,
        centre: Any = (0.0, 0.0, 0.0),
        **settings: Any,
    ) -> "VectorPotentialGrid":
        """The grid of a potential known everywhere: fluxes through faces are those of the function.

        **Arguments:** `function`: of a position, (3,) kpc, to A, (3,) uG kpc, evaluated up to two cells outside the
        box; `shape`: number of cells along x, y, z; the others as the class.
        """
        middle = np.asarray(strip_unit(centre, "kpc", "centre"), np.float64)
        moved = lambda x: function(x + jnp.asarray(middle, x.dtype))  # noqa: E731
        potential = staggered.potential_of(moved, shape, order, half_widths)
        return cls(*potential, half_widths=half_widths, centre=centre, order=order, **settings)
