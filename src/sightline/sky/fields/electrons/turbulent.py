from typing import Any, ClassVar

from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, evaluate, of_factors, prepare_children
from ..turbulent import AbstractLognormal, draw


class Turbulent(AbstractLognormal, AbstractField):
    """Thermal electrons with lognormal fluctuations about a profile: n_e = n(x) exp(sigma g(x) - sigma^2/2).

    g is a Gaussian random field of variance 1 and spectrum E(k) ~ k^-s, so that <n_e> = n(x) at every point and the
    fluctuations at the nodes are sqrt(exp(sigma^2) - 1) n.

    **Arguments:**

    - `shape`: nodes along x, y, z; `key`: of the latents, or `latents`: (nx, ny, nz), standard normal.
    - `profile` n(x): cm^-3, a number or a scalar field.
    - `log_rms` sigma: standard deviation of ln n_e at the nodes.
    - `half_widths`, `slope`, `outer_scale`, `centre`, `outside`: as `sightline.fields.AbstractTurbulent`.
    - `table`: made by `prepare()`.

    **Raises:** as `AbstractTurbulent`.

    **Source:** Kolmogorov 1941, Dokl. Akad. Nauk SSSR 30, 301 (s = 5/3); Armstrong, Rickett & Spangler 1995, ApJ 443,
    209 (observed in the interstellar electrons); Vazquez-Semadeni 1994, ApJ 423, 681 (lognormal densities).

    !!! example
        >>> disk = sl.electrons.ExponentialDisk()
        >>> density = sl.electrons.Turbulent((64, 64, 16), profile=disk, outer_scale=5.0, key=jax.random.key(0))
        >>> density.prepare()(jnp.array([-8.0, 1.0, 0.0]))
        Array(..., dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Armstrong1995", "Kolmogorov1941")
    latents: Float[Array, "nx ny nz"] = param(symbol="w", kw_only=True)
    profile: Float[Array, ""] | AbstractField = param(unit="cm-3", bounds=(0, None), symbol="n", kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int] | None = None,
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        profile: Any,
        log_rms: Any = 0.5,
        slope: Any = 5 / 3,
        outer_scale: Any = 2.0,
        key: Any = None,
        latents: Any = None,
        centre: Any = (0.0, 0.0, 0.0),
        outside: str = "zero",
        table: Array | None = None,
    ):
        self.latents, self.table = draw(latents, shape, key), table
        self.profile, self.log_rms, self.slope, self.outer_scale = profile, log_rms, slope, outer_scale
        self.half_widths, self.centre, self.outside = half_widths, centre, outside

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        return evaluate(self.profile, position) * self.fluctuation(position)

    def structures(self) -> Structures:
        """The walls of the box, where fluctuations end, and those of the profile, which says where the field ends."""
        return of_factors(self.walls(), self.profile)

    def prepare(self) -> "Turbulent":
        """The field with its realisation on the nodes."""
        return prepare_children(self).with_fluctuations()
