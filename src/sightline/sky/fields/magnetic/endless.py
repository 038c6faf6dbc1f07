"""Where fields end that never end."""

from ...geometry import Structures

_END = 100.0  # kpc


def endless() -> Structures:
    """The ball of 100 kpc about the Galactic centre, where a field ends that falls slowly, or not at all.

    Electrons, thermal or relativistic, end long before; with them, so does what a ray sees of the field.
    """
    return Structures.balls((0.0, 0.0, 0.0), _END)
