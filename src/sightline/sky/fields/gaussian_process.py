"""What Gaussian processes share: latents on a padded grid, a Matern covariance, Cartesian or cylindrical nodes."""

import math
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.elementary import arctan2
from ..._core.given import check_key
from ..._core.module import Module, default_float, is_concrete, param, setting
from ..._core.safe import safe_hypot
from ..._core.types import Scalar, Vector
from ..._core.units import refuse_units, strip_unit
from ..geometry import Structures
from ..grids import gaussian, regular
from .grid import check_box, from_centre

T = TypeVar("T", bound="AbstractGaussianProcess")


class AbstractGaussianProcess(Module):
    """A smooth random function on a grid, made from whitened latents in `prepare`: the prior of a reconstruction.

    Its covariance is that of Matern, with correlation lengths l_i along the axes: in Fourier space
    P(k) ~ (1 + sum_i (k_i l_i)^2/(2 nu))^(-nu - 3/2). Where one node along phi leaves two dimensions, that is a Matern
    covariance of smoothness nu + 1/2 and lengths l sqrt(1 + 1/(2 nu)). With standard normal latents the values at the
    nodes have the standard deviation `rms`; between the nodes they are interpolated linearly. The box is the inner part
    of a period which is longer by two correlation lengths, those that it was made with: opposite walls are correlated
    as places so far apart. Lengths that a fit makes longer than 1.5 times those give NaN: make it with long ones, and
    let the fit start at shorter.

    **Arguments:**

    - `shape`: nodes along x, y, z; or along R, phi, z, where one node along phi means axial symmetry.
    - `half_widths`: the box |x| <= X, |y| <= Y, |z| <= Z [kpc]; or R <= X, |z| <= Z, where Y counts for nothing.
    - `centre`: of the box, (3,) kpc, from which x, y, z and R, phi, z count; by default the Galactic centre.
    - `rms`: standard deviation of the values; `lengths` l: (3,) kpc, in cylindrical coordinates (kpc, rad, kpc).
    - `smoothness` nu: about how often it can be differentiated.
    - `coordinates`: `"cartesian"` or `"cylindrical"`.
    - `key`: draws latents; `latents`: given ones, (..., mx, my, mz). Without both they are zero: the mean.
    - `table`: made by `prepare()`.

    **Raises:** `ValueError` for fewer than two nodes along an axis, one along phi excepted; for half-widths, lengths or
    a smoothness that are not positive; for latents that do not cover the box, or leave no room beside it; for both
    latents and a key.

    !!! example
        >>> issubclass(sl.magnetic.GaussianProcess, sl.fields.AbstractGaussianProcess)
        True

    **Source:** Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, section 4.2.
    """

    latents: eqx.AbstractVar[Float[Array, "*channels mx my mz"]]
    rms: eqx.AbstractVar[Float[Array, ""]]
    lengths: Float[Array, "3"] = param((3.0, 3.0, 1.0), unit="kpc", positive=True, symbol="l", kw_only=True)
    smoothness: Float[Array, ""] = param(2.5, positive=True, symbol=r"\nu", kw_only=True)
    shape: tuple[int, int, int] = setting(kw_only=True)
    half_widths: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", kw_only=True)
    centre: tuple[float, float, float] = setting((0.0, 0.0, 0.0), unit="kpc", kw_only=True)
    coordinates: str = setting("cartesian", choices=("cartesian", "cylindrical"), kw_only=True)
    table: Array | None = eqx.field(default=None, kw_only=True, repr=False)

    def __check_init__(self) -> None:
        check_box(self)
        found = getattr(self.latents, "shape", self.shape)[-3:]
        if any(m < n for m, n in zip(found, self.shape, strict=True)):
            raise ValueError(f"GaussianProcess.latents of shape {found} do not cover a box of {self.shape} nodes.")
        known = isinstance(self.lengths, jax.Array) and is_concrete(self.lengths)
        if known and np.any(np.asarray(self.lengths) > self._longest()):
            told = ", ".join(f"{one:.3g}" for one in self._longest())
            raise ValueError(
                f"GaussianProcess: latents of {found} nodes leave no room beside the {self.shape} of the box for "
                f"correlation lengths above {told}: give more latents, or none and a key, or shorter lengths."
            )

    @property
    def cylindrical(self) -> bool:
        """Whether nodes lie along R, phi, z."""
        return self.coordinates == "cylindrical"

    def walls(self) -> Structures:
        """The walls of the box."""
        if self.cylindrical:
            radius, _, height = self.half_widths
            layer = Structures.layer(self.centre[2] - height, self.centre[2] + height)
            return Structures.join(Structures.ellipsoids(self.centre, (radius, radius, np.inf)), layer)
        return Structures.box(self.half_widths, self.centre)

    def process(self) -> Float[Array, "*channels nx ny nz"]:
        """The values at the nodes of the box."""
        spacing = _spacing(self.shape, self.half_widths, self.cylindrical)
        nx, ny, nz = self.shape
        field = gaussian.matern_field(self.latents, spacing, self._lengths(), self.smoothness)
        return self.rms * field[..., :nx, :ny, :nz]

    def _lengths(self) -> Float[Array, "3"]:
        """The correlation lengths, NaN where the period has no room for them."""
        longest = jnp.asarray(self._longest(), self.lengths.dtype)
        return jnp.where(jnp.all(jax.lax.stop_gradient(self.lengths) <= longest), self.lengths, jnp.nan)

    def _longest(self) -> np.ndarray:
        """The correlation lengths for which the period has room; along phi any, since it closes."""
        size = getattr(self.latents, "shape", self.shape)[-3:]
        more = np.array([m - n for m, n in zip(size, self.shape, strict=True)])
        longest = 0.75 * more * np.array(_spacing(self.shape, self.half_widths, self.cylindrical)) * (1 + 1e-6)
        return np.where([False, self.cylindrical, False], np.inf, longest)

    def with_values(self: T, values: Array) -> T:
        """The process with what is interpolated between the nodes."""
        if self.cylindrical:
            values = jnp.concatenate([values, values[..., :1, :]], axis=-2)
        table = regular.table(values)
        return eqx.tree_at(lambda field: field.table, self, table, is_leaf=lambda leaf: leaf is None)

    def interpolate(self, position: Vector) -> Float[Array, "*channels"]:
        """The prepared values at a position, (3,) kpc, 0 outside the box."""
        if self.table is None:
            raise ValueError(f"{type(self).__name__}: call .prepare() first.")
        half, position = self.half_widths, from_centre(position, self.centre)
        if self.cylindrical:
            x, y, z = jnp.unstack(position)
            position = jnp.stack([safe_hypot(x, y) - half[0] / 2, arctan2(y, x), z])
            half = (half[0] / 2, math.pi, half[2])
        return regular.trilinear(self.table, self.latents.shape[:-3], position, half, outside=0.0)


def _spacing(shape: tuple[int, ...], half_widths: tuple[float, ...], cylindrical: bool) -> tuple[float, ...]:
    """Distances of neighbouring nodes, kpc and rad."""
    if cylindrical:
        return half_widths[0] / (shape[0] - 1), 2 * math.pi / shape[1], 2 * half_widths[2] / (shape[2] - 1)
    return tuple(2 * half / (n - 1) for half, n in zip(half_widths, shape, strict=True))


def begin(
    latents: Any, key: Any, channels: tuple[int, ...], shape: Any, half_widths: Any, lengths: Any, coordinates: str
) -> Any:
    """The latents given, standard normal ones from a key, or zeros.

    **Raises:** `ValueError` for both, and for a shape without intervals.
    """
    refuse_units(shape=shape)
    if key is not None:
        check_key(key)
    half_widths, lengths = strip_unit(half_widths, "kpc", "half_widths"), strip_unit(lengths, "kpc", "lengths")
    cylindrical = coordinates == "cylindrical"
    least = (2, 1 if cylindrical else 2, 2)
    if len(shape) != 3 or any(n < low for n, low in zip(shape, least, strict=True)):
        raise ValueError(f"GaussianProcess.shape = {shape}: three numbers of nodes, at least {least}.")
    if latents is not None:
        if key is not None:
            raise ValueError("GaussianProcess takes either key= or latents=, not both.")
        return latents
    lengths = tuple(float(length) for length in jnp.broadcast_to(jnp.asarray(lengths), (3,)))
    size = gaussian.padded(shape, _spacing(shape, half_widths, cylindrical), lengths)
    size = (size[0], shape[1], size[2]) if cylindrical else size
    if key is None:
        return jnp.zeros(channels + size, default_float())
    return jax.random.normal(key, channels + size, default_float())


def scalar_at(process: AbstractGaussianProcess, position: Vector) -> Scalar:
    """exp of a scalar process, (): the factor by which it changes a density."""
    return jnp.exp(process.interpolate(position))
