"""What turbulent fields share: white noise on a periodic grid, its spectrum, and interpolation between the nodes."""

import math
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.given import check_key
from ..._core.module import Module, default_float, is_concrete, param, setting
from ..._core.types import Scalar, Vector
from ..._core.units import refuse_units
from ..geometry import Structures
from ..grids import regular, spectral
from .grid import check_box, from_centre

_LEAST = 4
"""Voxels in the largest wavelength, at least."""
T = TypeVar("T", bound="AbstractTurbulent")
L = TypeVar("L", bound="AbstractLognormal")


class AbstractTurbulent(Module):
    """A Gaussian random field of spectrum E(k) ~ k^-s on a periodic grid, made from whitened latents in `prepare`.

    The energy spectrum is that power law from k_0 = 2 pi/outer_scale to the Nyquist wavenumber; larger scales fade as
    exp(-(3 ln(k_0/k))^3), so that the outer scale can be fitted. A mode has the power E(k)/(4 pi k^2): exponent 11/3
    for s = 5/3. The normalisation is that of the ensemble, summed over the modes of the grid: one realisation scatters.

    **Arguments:**

    - `latents`: standard normal, (..., nx, ny, nz); drawn from `shape` and `key` if not given.
    - `slope` s: 5/3 is that of Kolmogorov 1941.
    - `outer_scale`: the largest wavelength, kpc; at least four voxels, NaN where a fit leads below.
    - `half_widths`: the box is |x - c| <= X, ... [kpc]; node i along x lies at c - X + 2 X i/n, i < n.
    - `centre` c: of the box, (3,) kpc.
    - `outside`: `"zero"`: no fluctuations outside the box; `"periodic"`: the box is repeated.
    - `table`: made by `prepare()`.

    **Raises:** `ValueError` for fewer than four nodes along an axis, an outer scale below four voxels, half-widths that
    are not positive; for neither latents nor a key, or both.

    !!! example
        >>> issubclass(sl.magnetic.Turbulent, sl.fields.AbstractTurbulent)
        True
    """

    latents: eqx.AbstractVar[Float[Array, "*channels nx ny nz"]]
    slope: Float[Array, ""] = param(5 / 3, symbol="s", kw_only=True)
    outer_scale: Float[Array, ""] = param(2.0, unit="kpc", positive=True, symbol="L_0", kw_only=True)
    half_widths: tuple[float, float, float] = setting((20.0, 20.0, 5.0), unit="kpc", kw_only=True)
    centre: tuple[float, float, float] = setting((0.0, 0.0, 0.0), unit="kpc", kw_only=True)
    outside: str = setting("zero", choices=("zero", "periodic"), kw_only=True)
    table: Array | None = eqx.field(default=None, kw_only=True, repr=False)

    def __check_init__(self) -> None:
        check_box(self)
        name, shape = type(self).__name__, getattr(self.latents, "shape", ())
        if len(shape) < 3:
            return
        if min(shape[-3:]) < 4:
            raise ValueError(
                f"{name}.latents has shape {shape}: a spectrum needs at least four nodes along x, y and z."
            )
        size = self._voxel()
        if is_concrete(self.outer_scale) and float(self.outer_scale) < _LEAST * size * (1 - 1e-6):
            needed = tuple(math.ceil(8 * half / float(self.outer_scale)) for half in self.half_widths)
            raise ValueError(
                f"{name}.outer_scale = {float(self.outer_scale):.4g} kpc is below four voxels of {size:.4g} kpc: the "
                f"grid cannot hold its spectrum. Take shape = {needed} or more, a larger outer_scale, or a small box "
                "of its own about the Sun (half_widths=, centre=sl.SUN) added to a coarse one of larger scales."
            )

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.latents.shape[-3:]

    def walls(self) -> Structures:
        """The walls of the box, unless that is repeated."""
        return Structures.none() if self.outside == "periodic" else Structures.box(self.half_widths, self.centre)

    def unit_field(self) -> Float[Array, "*channels nx ny nz"]:
        """The random field on the nodes, with variance 1 in each channel."""
        held = self.outer_scale >= _LEAST * self._voxel() * (1 - 1e-6)  # a fit may lead below
        values = spectral.unit_field(self.latents, self.half_widths, self.slope, self.outer_scale)
        return jnp.where(held, values, jnp.nan)

    def _voxel(self) -> float:
        """The longest side, kpc."""
        return max(spectral.voxel(self.latents.shape, self.half_widths))

    def nodes(self) -> np.ndarray:
        """Positions of the nodes, (nx, ny, nz, 3) kpc."""
        return spectral.periodic_nodes(self._shape, self.half_widths) + np.asarray(self.centre)

    def with_values(self: T, values: Array) -> T:
        """The field with what is interpolated between the nodes."""
        table = regular.table(spectral.wrapped(values))
        return eqx.tree_at(lambda field: field.table, self, table, is_leaf=lambda leaf: leaf is None)

    def interpolate(self, position: Vector, fill: float) -> Float[Array, "*channels"]:
        """The prepared values at a position, (3,) kpc; `fill` outside the box unless that is repeated."""
        if self.table is None:
            raise ValueError(f"{type(self).__name__}: call .prepare() first.")
        place = from_centre(position, self.centre)
        half = jnp.asarray(self.half_widths, position.dtype)
        if self.outside == "periodic":
            place = place - 2 * half * jnp.floor((place + half) / (2 * half))
        return regular.trilinear(self.table, self.latents.shape[:-3], place, self.half_widths, outside=fill)


class AbstractLognormal(AbstractTurbulent):
    """Lognormal fluctuations of mean 1: exp(sigma g - sigma^2/2), g a Gaussian random field of variance 1.

    The exponential is taken at the nodes and interpolated between them, so that its mean is 1 at every point; its
    standard deviation at the nodes is sqrt(exp(sigma^2) - 1). The spectrum is that of g, the logarithm.

    **Arguments:** `log_rms`: standard deviation of the logarithm; `slope`: of the spectrum; `outside`: `"zero"` or
    `"periodic"`; `table`: made by `prepare()`.

    !!! example
        >>> issubclass(sl.electrons.Turbulent, sl.fields.AbstractLognormal)
        True
    """

    log_rms: Float[Array, ""] = param(0.5, bounds=(0, None), symbol=r"\sigma", kw_only=True)

    def with_fluctuations(self: L) -> L:
        """The field with its realisation on the nodes."""
        sigma = self.log_rms
        return self.with_values(jnp.exp(sigma * self.unit_field() - 0.5 * sigma * sigma))

    def fluctuation(self, position: Vector) -> Scalar:
        """The factor of mean 1 at a position, (3,) kpc; 1 outside the box unless that is repeated."""
        return self.interpolate(position, fill=1.0)


def draw(latents: Any, shape: tuple[int, ...] | None, key: Any, channels: tuple[int, ...] = ()) -> Array:
    """The latents given, or standard normal ones from a key.

    **Raises:** `ValueError` for neither, or both.
    """
    refuse_units(shape=shape)
    if (latents is None) == (key is None):
        raise ValueError("Turbulent takes either key=jax.random.key(0), with shape=(nx, ny, nz), or latents=.")
    if key is not None:
        check_key(key)
    if latents is not None:
        return latents
    return jax.random.normal(key, channels + ((128, 128, 32) if shape is None else shape), default_float())
