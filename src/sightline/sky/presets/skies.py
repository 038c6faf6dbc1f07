"""What each published sky is made of, and what is not as in its paper."""

from typing import Any

from ..emission import FaradayRotation, Synchrotron
from ..fields import AbstractField, Shifted, cosmic_rays, electrons, magnetic
from ..geometry import SUN, ResolvedCells
from ..simulator import Simulator
from .preset import Entry, Preset

Place = tuple[float, float, float]
_STAND_IN = "Cosmic-ray electrons are the WMAP disk: the paper's tables of a propagation code are not public numbers."
_RM_ONLY = (
    "The paper fits rotation measures only; the WMAP disk of cosmic-ray electrons is added so that it shines. "
    "NE2001 is as published, without the thicker disk that such fits prefer."
)
_JF12_STRIATION = 1.36


def lsa(entry: Entry) -> Preset:
    """The default sky of the synax paper, seen from `sl.SUN`."""
    note = "Field and cosmic rays of Page et al. 2007; the thermal electrons and b0 are those of Diao et al. 2024."
    return _preset(entry, magnetic.LSA(), electrons.YMW16(), sun=SUN, edge=20.0, note=note)


def jf12(entry: Entry) -> Preset:
    """Regular, striated and random field of Jansson & Farrar."""
    return _jf12(entry, magnetic.JF12(), magnetic.JF12RandomAmplitude())


def jf12b(entry: Entry) -> Preset:
    """JF12 as adjusted to the Planck maps, with the striation of JF12."""
    return _jf12(entry, magnetic.JF12.planck(), magnetic.JF12RandomAmplitude.planck())


def jf12_solenoidal(entry: Entry) -> Preset:
    """JF12 without its divergences."""
    return _jf12(entry, magnetic.JF12Solenoidal(), magnetic.JF12RandomAmplitude())


def _jf12(entry: Entry, field: AbstractField, amplitude: AbstractField) -> Preset:
    return _preset(
        entry,
        field,
        electrons.NE2001(),
        sun=magnetic.JF12.sun,
        edge=20.0,
        note=f"{_STAND_IN} NE2001 is as published, without a thicker disk.",
        synchrotron=Synchrotron(amplitude, _JF12_STRIATION),
    )


def uf23(variant: str, entry: Entry) -> Preset:
    """One of the eight coherent fields of Unger & Farrar, with its striation."""
    return _preset(
        entry,
        magnetic.UF23(variant),
        electrons.NE2001() if variant == "neCL" else electrons.YMW16(),
        sun=magnetic.UF23.sun,
        edge=30.0,
        note=f"{_STAND_IN} Its striation is read as that of JF12: B_perp^2 grows by 1 + xi. No isotropic random field.",
        synchrotron=Synchrotron(striation=magnetic.UF23_PARAMETERS[variant]["striation"]),
    )


def pt11(variant: str, entry: Entry) -> Preset:
    """The axi- or bisymmetric field of Pshirkov et al."""
    field = magnetic.PT11(variant)
    return _preset(entry, field, electrons.NE2001(), sun=electrons.NE2001.sun, edge=20.0, note=_RM_ONLY)


def tf17(variant: str, entry: Entry) -> Preset:
    """One of the six fields of Terral & Ferriere, meant for the halo."""
    field, note = magnetic.TF17(variant), f"{_RM_ONLY} Fitted outside the disk only: it reaches 200 uG near the centre."
    return _preset(entry, field, electrons.NE2001(), sun=electrons.NE2001.sun, edge=20.0, note=note)


def kst24(entry: Entry) -> Preset:
    """The field of Korochkin, Semikoz & Tinyakov, without striation as in the paper."""
    field = magnetic.KST24()
    return _preset(entry, field, electrons.YMW16(), sun=(-8.2, 0.0, 0.0), edge=20.0, note=_STAND_IN)


def _preset(
    entry: Entry,
    field: AbstractField,
    density: Any,
    *,
    sun: Place,
    edge: float,
    note: str,
    synchrotron: Synchrotron | None = None,
) -> Preset:
    """A preset seen from the `sun` of the field, with cells to `edge` kpc beyond the Galactic centre."""
    rays = cosmic_rays.ExponentialDisk(sun=sun)
    emission = (Synchrotron() if synchrotron is None else synchrotron, FaradayRotation())
    simulator = Simulator(field, _seen_from(density, sun), rays, emission)
    return Preset(entry, note, simulator, sun, ResolvedCells(distance=round(edge - sun[0], 3)))


def _seen_from(density: Any, sun: Place) -> AbstractField:
    """Thermal electrons moved so that their Sun, and their local structures, are where the observer is."""
    offset = tuple(ours - theirs for ours, theirs in zip(sun, density.sun, strict=True))
    return Shifted(density, offset) if any(offset) else density
