"""NE2001 and its successor NE2025: thermal electrons of the Galaxy from the dispersion of pulsars."""

from dataclasses import replace
from typing import ClassVar

import equinox as eqx

from ...._core.types import Scalar, Vector
from ...geometry import Structures
from ..base import AbstractField, copies
from ..ends import disk, widest
from .ne2001_arms import NE2001SpiralArms
from .ne2001_clumps import NE2001Clumps, NE2001Voids
from .ne2001_disk import SUN, NE2001GalacticCentre, NE2001ThickDisk, NE2001ThinDisk
from .ne2001_local import NE2001LocalISM

Components = dict[str, Scalar]
_ARM_DENSITIES = (0.014, 0.042, 0.0756, 0.1036, 0.007)  # cm^-3, of NE2025
_ARM_WIDTHS = (0.65, 0.975, 0.65, 0.624, 0.65)  # kpc, of NE2025


class NE2001(AbstractField):
    """Thermal electrons of Cordes & Lazio, fitted to the dispersion measures and scattering of pulsars.

    n_e = (1 - w_v) [(1 - w_l) (n_1 + n_2 + n_a + n_GC) + w_l n_l] + w_v n_v + n_c

    with thick disk, thin disk, spiral arms, Galactic centre, local interstellar medium, voids and clumps; w_l
    and w_v are 1 inside the local regions and the voids, 0 outside. The plain sum that some wrappers return
    is not what the published dispersion measures are integrals of. Fluctuation parameters, which only
    scattering needs, are left out.

    **Arguments:** the components, each a field of its own with its parameters: `thick_disk`, `thin_disk`,
    `arms`, `galactic_centre`, `local_ism`, `voids`, `clumps`.

    **Source:** Cordes & Lazio 2002, arXiv:astro-ph/0207156, and 2003, arXiv:astro-ph/0301598.

    !!! example
        >>> sl.electrons.NE2001()(jnp.array([-8.5, 0.0, 0.0]))
        Array(0.005, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003")
    thick_disk: NE2001ThickDisk = eqx.field(default_factory=NE2001ThickDisk)
    thin_disk: NE2001ThinDisk = eqx.field(default_factory=NE2001ThinDisk)
    arms: NE2001SpiralArms = eqx.field(default_factory=NE2001SpiralArms)
    galactic_centre: NE2001GalacticCentre = eqx.field(default_factory=NE2001GalacticCentre)
    local_ism: NE2001LocalISM = eqx.field(default_factory=NE2001LocalISM)
    voids: NE2001Voids = eqx.field(default_factory=NE2001Voids)
    clumps: NE2001Clumps = eqx.field(default_factory=NE2001Clumps)
    sun: ClassVar[tuple[float, float, float]] = SUN

    def components(self, position: Vector) -> Components:
        """Densities, () cm^-3, and the weights w_l and w_v, at a position, (3,) kpc, by published name."""
        return components_of(self, position)

    def structures(self) -> Structures:
        return structures_of(self)

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return total(self.components(position))


class NE2025(AbstractField):
    """Thermal electrons of Ocker & Cordes: NE2001 fitted anew to pulsars of measured distance.

    A thicker disk, stronger arms, more clumps and voids: the components and the total are those of `NE2001`,
    with other numbers in all but the local interstellar medium.

    **Arguments:** as `NE2001`; `thick_disk`, `thin_disk`, `arms`, `galactic_centre`, `local_ism`, `clumps`, `voids`:
    the parts, as of `NE2001`.

    **Source:** Ocker & Cordes 2026, arXiv:2602.11838.

    !!! example
        >>> sl.electrons.NE2025()(jnp.array([-8.5, 0.0, 0.0]))
        Array(0.005, dtype=float64)
    """

    cites: ClassVar[tuple[str, ...]] = ("Cordes2002", "Cordes2003", "Ocker2026")
    thick_disk: NE2001ThickDisk = eqx.field(
        default_factory=lambda: replace(NE2001ThickDisk(), column=0.0275, scale_height=1.589)
    )
    thin_disk: NE2001ThinDisk = eqx.field(default_factory=lambda: replace(NE2001ThinDisk(), radius=4.3))
    arms: NE2001SpiralArms = eqx.field(
        default_factory=lambda: replace(NE2001SpiralArms(), density=_ARM_DENSITIES, width=_ARM_WIDTHS)
    )
    galactic_centre: NE2001GalacticCentre = eqx.field(
        default_factory=lambda: replace(NE2001GalacticCentre(), height=0.05)
    )
    local_ism: NE2001LocalISM = eqx.field(default_factory=NE2001LocalISM)
    voids: NE2001Voids = eqx.field(default_factory=lambda: NE2001Voids.of("NE2025"))
    clumps: NE2001Clumps = eqx.field(default_factory=lambda: NE2001Clumps.of("NE2025"))
    sun: ClassVar[tuple[float, float, float]] = SUN

    def components(self, position: Vector) -> Components:
        """Densities, () cm^-3, and the weights w_l and w_v, at a position, (3,) kpc, by published name."""
        return components_of(self, position)

    def __call__(self, position: Vector) -> Scalar:
        """Density, () cm^-3, at a position, (3,) kpc."""
        return total(self.components(position))

    def structures(self) -> Structures:
        return structures_of(self)


def structures_of(model: NE2001 | NE2025) -> Structures:
    """The walls of the components, in the disk that holds them all."""
    parts = (model.thick_disk, model.thin_disk, model.arms, model.galactic_centre)
    parts += (model.local_ism, model.voids, model.clumps)
    return Structures.join(*(part.structures() for part in parts)).ending(*disk(*widest(*(p.reach() for p in parts))))


def components_of(model: NE2001 | NE2025, position: Vector) -> Components:
    """What `total` adds up, at a position, (3,) kpc."""
    place = copies(position)
    (local, local_weight), (void, void_weight) = model.local_ism.layer(place()), model.voids.layer(place())
    return {
        "ne1_thick": model.thick_disk(place()),
        "ne2_thin": model.thin_disk(place()),
        "nea_arms": model.arms(place()),
        "negc": model.galactic_centre(place()),
        "nelism": local,
        "nevN_voids": void,
        "necN_clumps": model.clumps(place()),
        "wlism": local_weight,
        "wvoid": void_weight,
    }


def total(parts: Components) -> Scalar:
    """Density, () cm^-3, of all components: voids over the local medium over the rest, and clumps added."""
    large = parts["ne1_thick"] + parts["ne2_thin"] + parts["nea_arms"] + parts["negc"]
    below = (1 - parts["wlism"]) * large + parts["nelism"]
    return (1 - parts["wvoid"]) * below + parts["nevN_voids"] + parts["necN_clumps"]
