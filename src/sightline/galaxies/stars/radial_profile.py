from jaxtyping import Array, Float

from ..._core.module import param, setting
from ..._core.safe import safe_hypot
from ..._core.types import Scalar, Vector
from ...sky.fields import AbstractField
from .tables import check_nodes, interpolate


class RadialProfile(AbstractField):
    """A number that changes with the distance R from the z axis, as a dispersion does.

    It is linear between the nodes, and the first and the last value beyond them.

    **Arguments:** `radii`: rising, (n,) kpc; `values`: there, (n,), in the unit of what the field stands for, as km/s
    for `sl.stars.Component.dispersion`.

    **Raises:** `ValueError` for radii that do not rise or are negative, and values of another number.

    !!! example
        >>> dispersion = sl.stars.RadialProfile(radii=[0.0, 4.0], values=[120.0, 40.0])
        >>> float(dispersion(jnp.array([0.0, 1.0, 0.3])))
        100.0
    """

    radii: tuple[float, ...] = setting(unit="kpc", bounds=(0, None))
    values: Float[Array, " n"] = param(value=True)

    def __check_init__(self) -> None:
        check_nodes("RadialProfile.radii", self.radii)
        if self.values.shape != (len(self.radii),):
            raise ValueError(f"RadialProfile.values has shape {self.values.shape}, radii has {len(self.radii)} nodes.")

    def __call__(self, position: Vector) -> Scalar:
        """The value, (), at a position, (3,) kpc."""
        return interpolate(safe_hypot(position[0], position[1]), self.radii, self.values)
