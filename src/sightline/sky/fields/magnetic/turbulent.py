import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import is_concrete, param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ...grids import spectral
from ..base import AbstractField, by_component, evaluate, of_factors, prepare_children, with_walls
from ..turbulent import AbstractTurbulent, draw


class Turbulent(AbstractTurbulent, AbstractField):
    """A turbulent magnetic field without divergence, of a given rms and spectrum, from whitened latents.

    b(k) = rms sqrt(P(k)/2) (1 - k k/k^2) w(k), w the transform of white noise: `rms` is sqrt(<|b|^2>) of all three
    components at the nodes, the projection being accounted for. Between nodes trilinear interpolation smooths:
    `interpolated_rms()` is what sightlines see, 0.73 rms for an outer scale of four voxels, 0.85 for eight, 0.91 for
    sixteen (s = 5/3); and div b vanishes for the transform on the nodes, not between them.

    With a `profile`, b is multiplied by it. With a `regular` field of direction n, the component along n is stretched,
    b -> sqrt(3/(rho^2 + 2)) (b + (rho - 1) (b.n) n): rho, the `anisotropy`, is the ratio of the rms along n to that of
    one component across, and the total rms stays. Both make divergence; `keep` says which of the two is kept:

    - `"profile"`: profile and anisotropy hold at every point, div b does not vanish.
    - `"divergence"`: they are applied at the nodes, and the result is projected once more (Wang et al. 2020): the
      transform has no divergence, the rms is lower than the profile by the part projected out.

    **Arguments:**

    - `shape`: nodes along x, y, z; `key`: of the latents, or `latents`: (3, nx, ny, nz), standard normal.
    - `half_widths`, `slope`, `outer_scale`, `centre`, `outside`: as `sightline.fields.AbstractTurbulent`.
    - `rms`: uG; `anisotropy` rho; `regular`: a magnetic field, needed for rho other than 1.
    - `profile`: a scalar field, dimensionless, or in uG with rms = 1.
    - `table`: made by `prepare()`.

    **Raises:** as `AbstractTurbulent`; `ValueError` for an anisotropy without regular field.

    **Source:** Kolmogorov 1941, Dokl. Akad. Nauk SSSR 30, 301; Jansson & Farrar 2012, ApJL 761, L11 (random fields);
    Wang et al. 2020, ApJS 247, 18 (anisotropy along a regular field, cleaning of the divergence).

    !!! example
        >>> key = jax.random.key(0)
        >>> field = sl.magnetic.Turbulent((64, 64, 16), (20.0, 20.0, 5.0), rms=3.0, outer_scale=5.0, key=key)
        >>> field.prepare()(jnp.array([-8.0, 1.0, 0.0])).shape
        (3,)
        >>> sun = sl.magnetic.Turbulent((32, 32, 32), (1.0, 1.0, 1.0), outer_scale=0.5, key=key, centre=sl.SUN)
        >>> nested = sl.fields.Sum(galaxy=field, local=sun)
    """

    cites: ClassVar[tuple[str, ...]] = ("Jansson2012b", "Kolmogorov1941", "Wang2020")
    latents: Float[Array, "3 nx ny nz"] = param(symbol="w", kw_only=True)
    rms: Float[Array, ""] = param(3.0, unit="uG", bounds=(0, None), symbol=r"b_\mathrm{rms}", kw_only=True)
    anisotropy: Float[Array, ""] = param(1.0, bounds=(0, None), symbol=r"\rho", kw_only=True)
    regular: AbstractField | None = eqx.field(kw_only=True)
    profile: AbstractField | None = eqx.field(kw_only=True)
    keep: str = setting("profile", choices=("profile", "divergence"), kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int] | None = None,
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        rms: Any = 3.0,
        slope: Any = 5 / 3,
        outer_scale: Any = 2.0,
        key: Any = None,
        latents: Any = None,
        anisotropy: Any = 1.0,
        regular: AbstractField | None = None,
        profile: AbstractField | None = None,
        keep: str = "profile",
        centre: Any = (0.0, 0.0, 0.0),
        outside: str = "zero",
        table: Array | None = None,
    ):
        self.latents, self.table = draw(latents, shape, key, (3,)), table
        self.rms, self.slope, self.outer_scale, self.anisotropy = rms, slope, outer_scale, anisotropy
        self.half_widths, self.centre, self.outside = half_widths, centre, outside
        self.regular, self.profile, self.keep = regular, profile, keep

    def __check_init__(self) -> None:
        if self.regular is None and is_concrete(self.anisotropy) and float(self.anisotropy) != 1:
            raise ValueError(
                f"Turbulent.anisotropy = {float(self.anisotropy):g} needs a direction: regular=sl.magnetic.JF12()."
            )

    def __call__(self, position: Vector) -> Vector:
        """Field, (3,) uG, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        field = self.interpolate(position, fill=0.0)
        return field if self.keep == "divergence" else self._modulated(field, position)

    def prepare(self) -> "Turbulent":
        """The field with its realisation on the nodes."""
        prepared = prepare_children(self)
        values = self._solenoidal(self.unit_field()) * (self.rms * math.sqrt(0.5))
        if self.keep == "divergence":
            values = self._solenoidal(prepared._modulated_nodes(values))
        return prepared.with_values(values)

    def structures(self) -> Structures:
        """The walls of the box, where the field ends unless that is repeated, of regular field and profile."""
        walls = self.walls()
        box = walls.ending(walls) if self.outside == "zero" else walls
        if self.keep == "divergence":  # all that is left is between the nodes
            return box
        box = of_factors(box, self.profile)
        return box if self.regular is None else with_walls(box, self.regular)

    def interpolated_rms(self) -> Scalar:
        """sqrt(<|b|^2>) [uG] over space and ensemble of the field as interpolated, before profile and anisotropy."""
        variance = spectral.interpolated_variance(self._shape, self.half_widths, self.slope, self.outer_scale)
        return self.rms * jnp.sqrt(variance)

    def _solenoidal(self, values: Float[Array, "3 nx ny nz"]) -> Float[Array, "3 nx ny nz"]:
        return spectral.solenoidal(values, self.half_widths, self.outer_scale)

    def _modulated(self, field: Vector, position: Vector) -> Vector:
        if self.regular is not None:
            field = _stretched(field, self.regular(position), self.anisotropy)
        if self.profile is None:
            return field
        weight = evaluate(self.profile, position)
        return by_component(lambda part: weight * part, field)

    def _modulated_nodes(self, values: Float[Array, "3 nx ny nz"]) -> Float[Array, "3 nx ny nz"]:
        if self.regular is None and self.profile is None:
            return values
        nodes = jnp.asarray(self.nodes().reshape(-1, 3), values.dtype)
        pairs = jnp.moveaxis(values, 0, -1).reshape(-1, 3), nodes
        modulated = jax.lax.map(jax.checkpoint(lambda pair: self._modulated(*pair)), pairs, batch_size=16384)
        return jnp.moveaxis(modulated.reshape(*values.shape[1:], 3), -1, 0)


def _stretched(field: Vector, along: Vector, ratio: Scalar) -> Vector:
    """The field with its component along a direction `ratio` times as large, of the same rms; as it is without one."""
    (bx, by, bz), (nx, ny, nz) = jnp.unstack(field), jnp.unstack(along)
    square = nx * nx + ny * ny + nz * nz
    known = square > 0
    longer = (ratio - 1) * (bx * nx + by * ny + bz * nz) / jnp.where(known, square, 1)
    norm = jnp.where(known, jnp.sqrt(3 / (ratio * ratio + 2)), 1)
    return by_component(lambda b, n: norm * (b + longer * n), field, along)
