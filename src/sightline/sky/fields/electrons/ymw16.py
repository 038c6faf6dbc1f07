from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...._core.module import param, setting
from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..algebra import edge
from ..base import AbstractField, copies
from ..ends import disk, widest
from .ymw16_arms import YMW16Arms
from .ymw16_bubble import YMW16LocalBubble
from .ymw16_disk import YMW16DiskShape, YMW16GalacticCentre, YMW16ThickDisk, YMW16ThinDisk
from .ymw16_local import YMW16Gum, YMW16LoopI


class YMW16(AbstractField):
    """Thermal electrons of the Galaxy of Yao, Manchester & Wang.

    n_e = thick + max(thin, arms) + galactic_centre, with the thick disk reduced by the factor J inside the
    wall of the Local Bubble. A local feature that exceeds thick + max(thin, arms) replaces it all; where
    several do, local_bubble comes before gum, and gum before loop_i, but outside the wall local_bubble must
    exceed gum too.

    The Galaxy only: no Magellanic Clouds, no intergalactic medium. The factor of the Fermi bubbles on the
    thick disk is 1 as published and left out.

    **Arguments:**

    - `shape`: warp, flare and cutoff of the disks and arms.
    - `thick`, `thin`, `arms`, `galactic_centre`, `gum`, `local_bubble`, `loop_i`: the components.
    - `bubble_factor` J: 0.48.
    - `smooth`: width [kpc] of the bubble's wall as the thick disk sees it; 0: sharp, as published.

    The Sun of the model is 8.3 kpc from the Galactic centre and 6 pc above the plane.

    **Raises:** `ValueError` for a disk or arms with a shape of their own.

    **Source:** Yao, Manchester & Wang 2017, ApJ 835, 29; numbers of its public code, version 1.3.1.

    !!! example
        >>> model = sl.electrons.YMW16()
        >>> model(jnp.array([-8.3, 0.0, 0.006]))
        Array(0.01068..., dtype=float64)
        >>> sorted(model.components(jnp.array([-8.3, 0.0, 0.006])))
        ['arms', 'galactic_centre', 'gum', 'local_bubble', 'loop_i', 'thick', 'thin']
    """

    cites: ClassVar[tuple[str, ...]] = ("Yao2017",)
    shape: YMW16DiskShape = eqx.field(default_factory=YMW16DiskShape)
    thick: YMW16ThickDisk = eqx.field(default_factory=YMW16ThickDisk)
    thin: YMW16ThinDisk = eqx.field(default_factory=YMW16ThinDisk)
    arms: YMW16Arms = eqx.field(default_factory=YMW16Arms)
    galactic_centre: YMW16GalacticCentre = eqx.field(default_factory=YMW16GalacticCentre)
    gum: YMW16Gum = eqx.field(default_factory=YMW16Gum)
    local_bubble: YMW16LocalBubble = eqx.field(default_factory=YMW16LocalBubble)
    loop_i: YMW16LoopI = eqx.field(default_factory=YMW16LoopI)
    bubble_factor: Float[Array, ""] = param(0.48, bounds=(0, None), symbol=r"J_\mathrm{LB}")
    smooth: float = setting(0.0, unit="kpc", bounds=(0, None))

    def __check_init__(self) -> None:
        for name in ("thick", "thin", "arms"):
            if getattr(self, name).shape is not None:
                raise ValueError(f"YMW16: {name} has a shape of its own. Give the shape they share: YMW16(shape=...).")

    @property
    def sun(self) -> tuple[float, float, float]:
        """Position of the Sun in the model, kpc."""
        return self.local_bubble.sun

    def structures(self) -> Structures:
        """The walls of the components, in the disk that holds them all."""
        local = (self.galactic_centre, self.gum, self.local_bubble, self.loop_i)
        disks = (self.thick, self.thin, self.arms)
        walls = (self.shape.walls(), self.thick.walls(), self.thin.walls(self.shape), self.arms.walls())
        reach = widest(*(part.reach(self.shape) for part in disks), *(part.reach() for part in local))
        return Structures.join(*walls, *(part.structures() for part in local)).ending(*disk(*reach))

    def components(self, position: Vector) -> dict[str, Scalar]:
        """Density, () cm^-3 each, of every component by itself at a position, (3,) kpc."""
        at = copies(position)
        place = self.shape(at())
        disks = {name: getattr(self, name).density(place) for name in ("thick", "thin", "arms")}
        rest = ("galactic_centre", "gum", "local_bubble", "loop_i")
        return disks | {name: getattr(self, name)(at()) for name in rest}

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        place = copies(position)
        n = self.components(place())
        depth, bubble = self.local_bubble.depth(place()), n["local_bubble"]
        inner = jnp.where(n["thin"] > n["arms"], n["thin"], n["arms"])
        on_wall = (bubble > n["thick"] + inner) & ((depth > 0) | (bubble > n["gum"]))
        disks = n["thick"] * (1 - (1 - self.bubble_factor) * edge(depth, self.smooth)) + inner
        rest = jnp.where(n["loop_i"] > disks, n["loop_i"], disks + n["galactic_centre"])
        rest = jnp.where(n["gum"] > disks, n["gum"], rest)
        return jnp.where(on_wall, bubble, rest)
