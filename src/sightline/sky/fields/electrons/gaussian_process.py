from typing import Any

from jaxtyping import Array, Float

from ...._core.module import param
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, evaluate, of_factors, prepare_children
from ..gaussian_process import AbstractGaussianProcess, begin, scalar_at


class GaussianProcess(AbstractGaussianProcess, AbstractField):
    """Thermal electrons whose logarithm is a smooth random function about a median: n_e = n(x) exp(sigma g(x)).

    **Arguments:**

    - `median` n(x): cm^-3, a number or a scalar field, which may have parameters of its own.
    - `rms` sigma: standard deviation of ln n_e; `latents`: (mx, my, mz), standard normal.
    - the others as `sightline.fields.AbstractGaussianProcess`; outside the box n_e = n(x).
    - `shape`, `rms`, `latents`, `key`, `smoothness`, `coordinates`: as of `sl.fields.AbstractGaussianProcess`; `table`:
      made by `prepare()`.

    **Raises:** as `AbstractGaussianProcess`.

    !!! example
        >>> disk = sl.electrons.ExponentialDisk()
        >>> density = sl.electrons.GaussianProcess((32, 32, 9), median=disk, rms=0.3, key=jax.random.key(0))
        >>> density.prepare()(jnp.array([-8.0, 1.0, 0.0]))
        Array(..., dtype=float64)
    """

    latents: Float[Array, "mx my mz"] = param(symbol="w", kw_only=True)
    rms: Float[Array, ""] = param(0.5, bounds=(0, None), symbol=r"\sigma", kw_only=True)
    median: Float[Array, ""] | AbstractField = param(unit="cm-3", bounds=(0, None), symbol="n", kw_only=True)

    def __init__(
        self,
        shape: tuple[int, int, int],
        half_widths: Any = (20.0, 20.0, 5.0),
        *,
        median: Any,
        rms: Any = 0.5,
        lengths: Any = (3.0, 3.0, 1.0),
        smoothness: Any = 2.5,
        coordinates: str = "cartesian",
        key: Any = None,
        latents: Any = None,
        centre: Any = (0.0, 0.0, 0.0),
        table: Array | None = None,
    ):
        self.latents = begin(latents, key, (), shape, half_widths, lengths, coordinates)
        self.median, self.rms, self.lengths, self.smoothness, self.table = median, rms, lengths, smoothness, table
        self.shape, self.half_widths, self.centre, self.coordinates = shape, half_widths, centre, coordinates

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc.

        **Raises:** `ValueError` unless prepared.
        """
        return evaluate(self.median, position) * scalar_at(self, position)

    def structures(self) -> Structures:
        """The walls of the box, where fluctuations end, and those of the median, which says where the field ends."""
        return of_factors(self.walls(), self.median)

    def prepare(self) -> "GaussianProcess":
        """The field with its values at the nodes."""
        return prepare_children(self).with_values(self.process())
