"""What `sightline cube` does: checks everything first, observes the particles, then writes whole files."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import sightline as sl

from .outputs import check_outputs
from .refusal import Refusal
from .settings import SEEDS
from .tables import print_json

SYNTHETIC = "synthetic"
LUMINOUS = "Lsun/Angstrom/Msun"
_POSITIVE = {
    "redshift": "above 0, as it makes the distance",
    "psf": "the full width at half maximum [arcsec], above 0",
    "signal_to_noise": "that of a channel in the brightest spaxel, above 0",
}
_OPTIONS = ("redshift", "shape", "seed", "inclination", "psf", "wavelength", "medium", "unit", "fwhm", "solar")


class Request(NamedTuple):
    """The arguments of the command."""

    particles: Path
    output: Path
    library: str
    redshift: float
    instrument: str
    unit: str | None
    medium: str | None
    fwhm: float | None
    shape: tuple[int, int] | None
    wavelength: tuple[float, float] | None
    inclination: float
    position_angle: float
    centre: bool
    psf: float | None
    extinction: float | None
    signal_to_noise: float | None
    seed: int
    solar: float | None
    plot: Path | None
    overwrite: bool
    json: bool = False


def run(request: Request) -> None:
    """Observes, writes and reports.

    **Raises:** `Refusal` before anything is computed; `OSError` where writing fails.
    """
    start = time.perf_counter()
    try:
        _check(request)
        galaxy, ifu = _galaxy(request), _instrument(request)
        cube = galaxy(ifu)
        if request.signal_to_noise is not None:
            cube = sl.cubes.add_noise(cube, jax.random.key(request.seed), signal_to_noise=request.signal_to_noise)
    except (ValueError, TypeError, OSError) as error:
        message = str(error)
        raise Refusal(f"--{message}" if message.split(" ")[0] in _OPTIONS else message) from None
    sl.io.write_cube(request.output, cube, request.overwrite, model=galaxy)
    if request.plot is not None:
        sl.plot.moments(cube, path=request.plot, overwrite=request.overwrite)
    _report(request, galaxy, cube, time.perf_counter() - start)


def _check(request: Request) -> None:
    check_outputs(request.output, request.plot, request.overwrite)
    if not 0 <= request.seed < SEEDS:
        raise ValueError(f"--seed = {request.seed} must be a whole number from 0 to {SEEDS - 1}.")
    for name, meaning in _POSITIVE.items():
        value = getattr(request, name)
        if value is not None and not 0 < value < np.inf:
            raise ValueError(f"--{name.replace('_', '-')} = {value:g} must be {meaning}.")
    if request.extinction is not None and not 0 <= request.extinction < np.inf:
        raise ValueError(f"--extinction = {request.extinction:g} must be A_V [mag], 0 or more.")


def _library(request: Request) -> Any:
    if request.library == SYNTHETIC:
        for name in ("unit", "medium", "fwhm"):
            if getattr(request, name) is not None:
                raise ValueError(f"--{name} does not go with --library synthetic, which has its own: leave it out.")
        return sl.populations.synthetic()
    if request.medium is None or request.fwhm is None:
        raise ValueError(
            f"--library = {request.library}: say --medium, air or vacuum, of its wavelengths, and --fwhm, its "
            "resolution in A: such files do not say, and no fit tells."
        )
    return sl.populations.read(request.library, unit=request.unit or LUMINOUS, medium=request.medium, fwhm=request.fwhm)


def _galaxy(request: Request) -> Any:
    stars = sl.particles.read(request.particles, solar=request.solar)
    if request.centre:
        stars = sl.particles.own_frame(stars).apply(stars)
    dust = None if request.extinction is None else sl.dust.Screen(sl.dust.CCM89(), request.extinction)
    facing = sl.Orientation(inclination=request.inclination, position_angle=request.position_angle)
    return sl.Galaxy(stars, _library(request), redshift=request.redshift, dust=dust, orientation=facing)


def _instrument(request: Request) -> Any:
    """The instrument, its channels between the wavelengths that are asked for."""
    options = {} if request.psf is None else {"psf": sl.cubes.GaussianPSF(fwhm=request.psf)}
    build = getattr(sl.cubes, request.instrument)
    ifu = build(shape=request.shape, **options)
    if request.wavelength is None:
        return ifu
    low, high = request.wavelength
    inside = np.flatnonzero((ifu.channels.edges[:-1] >= low) & (ifu.channels.edges[1:] <= high))
    if not len(inside):
        ends = ifu.channels.edges[[0, -1]]
        raise ValueError(f"wavelength = {low:g} {high:g}: the channels are from {ends[0]:g} to {ends[1]:g} A.")
    return build(shape=request.shape, channels=ifu.channels[inside[0] : inside[-1] + 1], **options)


def _report(request: Request, galaxy: Any, cube: Any, seconds: float) -> None:
    flux = np.asarray(cube.flux)
    rows, columns = cube.plane.shape
    edges = cube.channels.edges
    facts = {
        "Particles": f"{galaxy.stars[0].size}, {float(np.sum(np.asarray(galaxy.stars[0].mass))):.4g} Msun formed",
        "Library": galaxy.library.name,
        "Distance": f"{galaxy.distance:.4g} Mpc, {galaxy.scale:.4g} kpc an arcsec",
        "Instrument": f"{request.instrument}, {rows} x {columns} spaxels of {cube.plane.spaxel:g} arcsec",
        "Channels": f"{len(cube.channels)}, {edges[0]:g} to {edges[-1]:g} A in {cube.channels.medium}",
        "Flux": f"median {np.median(flux):.4g}, largest {flux.max():.4g} erg s-1 cm-2 A-1 in {flux.dtype}",
        "Wall time": f"{seconds:.1f} s",
        "Written": ", ".join(str(path) for path in (request.output, request.plot) if path is not None),
    }
    if request.json:
        print_json({name.lower().replace(" ", "_"): value for name, value in facts.items()})
        return
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name, escape(value))
    Console(highlight=False).print(table)
