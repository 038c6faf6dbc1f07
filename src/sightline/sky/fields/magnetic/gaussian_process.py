from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.safe import safe_hypot
from ...._core.types import Vector
from ...geometry import Structures
from ..base import AbstractField, add, prepare_children
from ..gaussian_process import AbstractGaussianProcess, begin
from ..grid import from_centre


class GaussianProcess(AbstractGaussianProcess, AbstractField):
    """A magnetic field which is a smooth random function about a mean: B = mean + rms g(x).

    The three components, B_x, B_y, B_z or B_R, B_phi, B_z, are independent before the data. It is not free of
    divergence by construction: `sl.DivergencePenalty` asks for that.

    **Arguments:**

    - `mean`: a magnetic field, nothing by default; it may have parameters of its own.
    - `rms`: of each component, uG; `latents`: (3, mx, my, mz), standard normal.
    - the others as `sightline.fields.AbstractGaussianProcess`.
    - `shape`, `rms`, `latents`, `key`, `smoothness`, `coordinates`: as of `sl.fields.AbstractGaussianProcess`; `table`:
      made by `prepare()`.

    **Raises:** as `AbstractGaussianProcess`.

    !!! example
        >>> axial = {"shape": (21, 1, 21), "coordinates": "cylindrical", "lengths": (6.0, 1.0, 2.0)}
        >>> field = sl.magnetic.GaussianProcess(mean=sl.magnetic.LSA(), rms=0.5, key=jax.random.key(0), **axial)
        >>> field.latents.shape, field.prepare()(jnp.array([-8.0, 1.0, 0.0])).shape
        ((3, 34, 1, 30), (3,))
    """

    latents: Float[Array, "3 mx my mz"] = param(symbol="w", kw_only=True)
    rms: Float[Array, ""] = param(1.0, unit="uG", bounds=(0, None), symbol=r"\sigma", kw_only=True)
    mean: AbstractField | None = eqx.field(kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int],
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        mean: AbstractField | None = None,
        rms: Any = 1.0,
        lengths: Any = (3.0, 3.0, 1.0),
        smoothness: Any = 2.5,
        coordinates: str = "cartesian",
        key: Any = None,
        latents: Any = None,
        centre: Any = (0.0, 0.0, 0.0),
        table: Array | None = None,
    ):
        self.latents = begin(latents, key, (3,), shape, half_widths, lengths, coordinates)
        self.mean, self.rms, self.lengths, self.smoothness, self.table = mean, rms, lengths, smoothness, table
        self.shape, self.half_widths, self.centre, self.coordinates = shape, half_widths, centre, coordinates

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        field = self.interpolate(position)
        if self.cylindrical:
            field = _from_cylindrical(field, from_centre(position, self.centre))
        return field if self.mean is None else add(self.mean(position), field)

    def structures(self) -> Structures:
        """The walls of the box, where the random part ends, added to what the mean tells of."""
        box = self.walls()
        box = box.ending(box)
        return box if self.mean is None else Structures.join(box, self.mean.structures())

    def prepare(self) -> "GaussianProcess":
        """The field with its values at the nodes."""
        return prepare_children(self).with_values(self.process())


def _from_cylindrical(field: Vector, position: Vector) -> Vector:
    """B_x, B_y, B_z of B_R, B_phi, B_z; on the axis, which has no direction, B_z alone."""
    (radial, azimuthal, vertical), (x, y, _) = jnp.unstack(field), jnp.unstack(position)
    radius = safe_hypot(x, y)
    away = radius > 0
    cosine, sine = (jnp.where(away, side / jnp.where(away, radius, 1), 0) for side in (x, y))
    return jnp.stack([radial * cosine - azimuthal * sine, radial * sine + azimuthal * cosine, vertical])
