import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ..base import prepare_children
from ..grid import AbstractGrid
from ..photons import Photons
from .base import AbstractRadiation
from .spectra.base import AbstractPointSpectrum
from .spectra.tabulated import Hat, Tabulated, check_table, hats


class Grid(AbstractGrid, AbstractRadiation):
    """Photons e^2 n(e, x, y, z) on a regular grid with energies, such as codes of cosmic-ray transport write.

    Linear between nodes in space and, in ln e, between energies; zero outside the box and beyond the energies.

    **Arguments:**

    - `values`: e^2 n(e), the energy density per ln e, (n, nx, ny, nz) eV cm^-3; not negative.
    - `energies`: (n,) eV, ascending.
    - the others as `sightline.fields.AbstractGrid`.
    - `layout`, `interpolation`, `outside`: as of `sl.fields.AbstractGrid`; `tables`: made by `prepare()`.

    **Raises:** `ValueError` for negative values or none at all, energies out of order, and axes in another order.

    !!! example
        >>> values = jnp.ones((3, 5, 5, 3)) * jnp.array([0.1, 0.3, 0.1])[:, None, None, None]
        >>> isrf = sl.radiation.Grid(values, energies=[0.1, 1.0, 10.0], half_widths=(20.0, 20.0, 5.0))
        >>> round(float(isrf(jnp.asarray(sl.SUN))), 3)
        0.921
    """

    values: Float[Array, "energies nx ny nz"] = param(unit="eV cm-3", bounds=(0, None), symbol="e^2 n")
    energies: tuple[float, ...] = setting(unit="eV", positive=True)

    def __check_init__(self) -> None:
        if getattr(self.values, "ndim", 4) != 4:
            raise ValueError(f"Grid.values has shape {self.values.shape}: its axes must be (energy, x, y, z).")
        check_table(self.energies, self.values, "Grid")

    def photons(self, position: Vector) -> tuple[Photons, ...]:
        """One population, at a position, (3,) kpc."""
        values = self.interpolate(position)
        return (Photons(jnp.ones((), values.dtype), PointTable(values, self.energies)),)

    def prepare(self) -> "Grid":
        return prepare_children(self).tabulated()


class PointTable(AbstractPointSpectrum):
    """The photons of a `Grid` at one point: what each value emits, times it.

    **Arguments:** `values`: e^2 n, (n,) eV cm^-3; `energies`: (n,) eV.
    """

    values: Float[Array, " energies"] = eqx.field()
    energies: tuple[float, ...] = setting(unit="eV")

    def number(self, log_energy: Scalar) -> Scalar:
        """n, () cm^-3 per m_e c^2, at ln(e/m_e c^2), ()."""
        return self._tabulated().number(log_energy)

    def total(self) -> Scalar:
        """The energy density, () eV cm^-3."""
        return self._tabulated().total()

    def ends(self) -> tuple[Scalar, Scalar]:
        """ln(e/m_e c^2), (), of the first and last energy."""
        return self._tabulated().ends()

    def integrals(self, kappa: Scalar) -> tuple[Scalar, Scalar]:
        """A and B, () cm^-3 per m_e c^2, at kappa, ()."""
        return self._tabulated().integrals(kappa)

    def members(self) -> Hat:
        """The photons of each value."""
        return hats(self.energies, self.values.dtype)

    def table(self, values: Float[Array, " members"]) -> Float[Array, " entries"]:
        """What each value emits."""
        return values

    def blend(self, table: Float[Array, " entries"]) -> Scalar:
        """Their sum."""
        return jnp.dot(self.values, table, precision="highest")

    def _tabulated(self) -> Tabulated:
        return eqx.tree_at(lambda t: t.values, Tabulated(np.ones(len(self.energies)), self.energies), self.values)
