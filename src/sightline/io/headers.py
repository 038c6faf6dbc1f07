"""The header of a HEALPix map: pixels, frame, polarisation convention, frequency, and where it comes from."""

import datetime
import re
from typing import Any

import numpy as np

from .._version import __version__
from ..sky.axes import UNITS
from ..sky.geometry import HealpixSky
from ..sky.stokes import Stokes
from .tables import BAD_DATA


def primary_header() -> Any:
    """Who wrote the file, and when."""
    from astropy.io import fits

    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return fits.Header([("CREATOR", f"sightline {__version__}", "Software that wrote this file"), ("DATE", now, "UTC")])


def table_header(stokes: Stokes, sky: HealpixSky, history: list[str]) -> Any:
    """Everything about one frequency of a sky; `history` becomes HISTORY cards."""
    from astropy.io import fits

    axis, unit = stokes.axis, UNITS[stokes.axis]
    at = float(str(np.asarray(stokes.frequency)[()]))  # the digits a single-precision number was given with
    if axis == "energy":
        at = float(f"{float(stokes.energy):.{6 if stokes.frequency.dtype == np.float32 else 13}g}")
    key = {"frequency": "FREQ", "energy": "ENERGY"}[axis]
    cards = [
        ("EXTNAME", f"{at:g} {unit}", f"Stokes maps at this {axis}"),
        *pixel_cards(sky),
        ("COORDSYS", "G", "Galactic"),
        ("POLAR", True, "Polarised"),
        ("POLCCONV", stokes.convention, "COSMO: HEALPix, IAU: the other sign of U"),
        ("BAD_DATA", BAD_DATA, "Value of pixels without data"),
        (key, at, f"[{unit}] {axis.capitalize()}"),
        (f"UNIT{key[:4]}", unit, f"Unit of {key}"),
        *primary_header().cards,
    ]
    header = fits.Header(cards)
    for line in history:
        header.add_history(line)
    return header


def pixel_cards(sky: HealpixSky) -> list[tuple[str, Any, str]]:
    """Pixelisation, ordering and coverage of a sky."""
    full, indices = sky.pixels is None, sky.indices
    return [
        ("PIXTYPE", "HEALPIX", "HEALPix pixelisation"),
        ("ORDERING", "NESTED" if sky.nest else "RING", "Pixel ordering, RING or NESTED"),
        ("NSIDE", sky.nside, "Resolution of HEALPix"),
        ("INDXSCHM", "IMPLICIT" if full else "EXPLICIT", "Are pixels numbered by a column?"),
        ("OBJECT", "FULLSKY" if full else "PARTIAL", "Sky coverage"),
        ("FIRSTPIX", int(indices.min()), "First pixel, from 0"),
        ("LASTPIX", int(indices.max()), "Last pixel, from 0"),
        ("SUPERSMP", sky.supersample, "Pixels are means over SUPERSMP^2 rays"),
    ]


def describe(model: Any) -> list[str]:
    """A model as lines of ASCII that fit into header cards; large arrays are abbreviated."""
    if model is None:
        return []
    import equinox as eqx

    with np.printoptions(threshold=16, edgeitems=2, floatmode="unique", linewidth=72):
        text = eqx.tree_pformat(model, width=72, indent=1, short_arrays=False)
    text = re.sub(r"Array\(([^()\[\]]*?), dtype=[^()]*\)", r"\1", text).encode("ascii", "backslashreplace").decode()
    return [
        "Model:",
        *(line[start : start + 72] for line in text.splitlines() for start in range(0, max(len(line), 1), 72)),
    ]
