"""A galaxy at a distance: from stars, gas and dust to the cube that an instrument records."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.contracts import AbstractPredictor
from ..._core.module import is_concrete
from ..._core.units import number
from ..cubes.assignment import assign
from ..cubes.channels import at_rest
from ..cubes.spectral_cube import SpectralCube
from ..cubes.templates import Templates
from ..dust import Screen, column
from ..ifu import IFU
from ..ifu.ifu import FASTEST
from ..ifu.widths import FWHM
from ..methods.emitters import Emitters
from ..methods.exact import Exact
from ..methods.line_light import LineEmitters, check_speeds, line_light, widths, windows, within
from ..methods.method import LIGHT_SPEED, AbstractMethod, Transmission, total
from ..methods.nodes import VelocityNodes
from ..particles import Gas, Stars
from ..populations import AbstractLines, Library, NebularLines
from ..stars import Component
from .orientation import Orientation
from .rays import Scene, check_bounded
from .smooth import smooth_light

_SUN = 3.828e33
"""Lsun, erg/s (IAU 2015 resolution B3)."""
_MPC = 3.0856775814913673e24  # cm
_ARCSEC = math.pi / 180 / 3600


class Galaxy(AbstractPredictor):
    """A galaxy as an integral-field unit sees it: `galaxy(ifu)` is a `sl.SpectralCube`.

    Each emitter of velocity v away from us adds L(lambda/D)/(4 pi d_L^2 (1 + z)(1 + v/c)), D = (1 + z)(1 + v/c), so
    that its flux in all channels does not depend on v. The beaming of light by velocities, 3 v/c, is neglected.

    **Arguments:**

    - `stars`: `sl.particles.Stars`, or `sl.stars.Component` of a smooth galaxy, or a tuple of several.
    - `library`: spectra of populations, `sl.populations`.
    - `redshift` z: of the centre, a number, fixed; `sl.Orientation(velocity=)` is what can be fitted.
    - `gas`: `sl.particles.Gas`, whose dust is in front of what is behind it.
    - `dust`: `sl.dust.Screen`.
    - `orientation`: `sl.Orientation`; None: face-on, x towards north.
    - `method`: `sl.cubes.Exact`, the default for particles, or `sl.cubes.VelocityNodes`, that for smooth galaxies.
    - `distance`: luminosity distance, Mpc; None: by the redshift in `cosmology`.
    - `cosmology`: of astropy; None: Planck 2015.
    - `lines`: what the gas emits, one of `sl.populations`; `"nebular"`: `sl.populations.NebularLines()`; None: nothing.
      Where the instrument has no line-spread function they have the resolution of the library, as the stars have.

    **Raises:** `TypeError` for parts that are none; `ValueError` for a redshift that gives no distance, and
    where nothing shines.

    !!! example
        >>> stars = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [5.0], [0.0])
        >>> galaxy = sl.Galaxy(stars, sl.populations.synthetic(), redshift=0.02)
        >>> ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(5000.0, 50.0, 3))
        >>> galaxy(ifu).flux.shape
        (3, 1)
    """

    stars: tuple[Stars | Component, ...]
    library: Library
    redshift: float = eqx.field(static=True)
    gas: Gas | None
    dust: Screen | None
    orientation: Orientation
    method: AbstractMethod
    lines: AbstractLines | None
    distance: float = eqx.field(static=True)

    def __init__(
        self,
        stars: Any,
        library: Library,
        redshift: Any,
        gas: Gas | None = None,
        dust: Screen | None = None,
        orientation: Orientation | None = None,
        method: AbstractMethod | None = None,
        distance: Any = None,
        cosmology: Any = None,
        lines: Any = "nebular",
    ):
        self.stars = stars if isinstance(stars, tuple) else (stars,)
        self.library, self.gas, self.dust = library, gas, dust
        self.redshift = number(redshift, "", "redshift")
        self.orientation = Orientation() if orientation is None else orientation
        smooth = any(isinstance(one, Component) for one in self.stars)
        self.method = method if method is not None else VelocityNodes() if smooth else Exact()
        chosen = NebularLines() if isinstance(lines, str) and lines == "nebular" else lines
        if gas is None and isinstance(chosen, AbstractLines) and not isinstance(lines, str):
            raise ValueError("Galaxy: lines are those of gas: give gas=sl.particles.Gas(...), or leave lines out.")
        # what is no lines is refused by __check_init__
        self.lines = None if gas is None and isinstance(chosen, AbstractLines) else chosen  # pyright: ignore[reportAttributeAccessIssue]
        self.distance = _distance(self.redshift, distance, cosmology)

    def __check_init__(self) -> None:
        if not self.stars and self.lines is None:
            raise ValueError("Galaxy: stars is empty and no gas has lines: give what shines.")
        for one in self.stars:
            if not isinstance(one, Stars | Component):
                raise TypeError(
                    f"Galaxy: stars holds a {type(one).__name__}: give sl.particles.Stars or a sl.stars.Component."
                )
            if isinstance(one, Component):
                self._check_smooth(one)
            elif isinstance(self.dust, Screen) and self.dust.opacity is not None:
                raise ValueError(
                    "Galaxy: Screen.opacity is in front of smooth stars only: for particles give the dust in "
                    "particles, gas=sl.particles.Gas(...) with Screen(..., dust_to_gas=...), and leave opacity out."
                )
        kinds = {"library": Library, "orientation": Orientation, "method": AbstractMethod}
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"Galaxy: {name} is a {type(getattr(self, name)).__name__}, not a {kind.__name__}.")
        for name, kind in {"gas": Gas, "dust": Screen, "lines": AbstractLines}.items():
            if not isinstance(getattr(self, name), kind | None):
                raise TypeError(f"Galaxy: {name} is a {type(getattr(self, name)).__name__}, not a {kind.__name__}.")
        if self.lines is not None and self.dust is not None and self.dust.opacity is not None:
            raise ValueError(
                "Galaxy: Screen.opacity does not dim the lines of gas: give lines=None, or "
                "Screen(..., dust_to_gas=...) without opacity."
            )

    def _check_smooth(self, stars: Component) -> None:
        check_bounded(stars)
        if not isinstance(self.method, VelocityNodes):
            raise TypeError("Galaxy: a sl.stars.Component has no particles: give method=sl.cubes.VelocityNodes(...).")
        if self.dust is not None and self.dust.dust_to_gas is not None and self.gas is not None:
            raise ValueError(
                "Galaxy: the dust in particles of gas is in front of particles of stars only: give "
                "Screen(..., dust_to_gas=None, opacity=a field of A_V per kpc) for a smooth galaxy."
            )

    @property
    def scale(self) -> float:
        """How many kpc an arcsec is, by the angular-diameter distance d_L/(1 + z)^2."""
        return 1e3 * self.distance / (1 + self.redshift) ** 2 * _ARCSEC

    def __call__(self, instrument: Any) -> SpectralCube:
        """The cube that an instrument records, erg s-1 cm-2 A-1 in each spaxel.

        **Raises:** `TypeError` for what is no `sl.cubes.IFU`; `ValueError` for channels beyond the library, and where
        no particle is inside the field.

        **Warns:** `sl.cubes.RayWarning` for stars of a smooth galaxy between its rays, `sl.cubes.VelocityWarning` for
        those that move faster than the nodes, where they are known.
        """
        if not isinstance(instrument, IFU):
            raise TypeError(f"A Galaxy is seen by a sl.cubes.IFU, not by {type(instrument).__name__}.")
        templates = instrument.templates(self.library, self.redshift)
        field = instrument.field
        stellar = [self._light(one, instrument, templates) for one in self.stars]
        light = total(self._glow(instrument) + [self._per_width(one, templates.points, instrument) for one in stellar])
        flux = light * (_SUN / _MPC**2 / (4 * math.pi * self.distance**2 * (1 + self.redshift)))
        return instrument(SpectralCube(flux, instrument.channels, field))

    def _light(self, stars: Stars | Component, instrument: IFU, templates: Templates) -> Array:
        """Luminosities of some of the stars in channels and spaxels."""
        passed = self._transmission(instrument)
        if isinstance(stars, Stars):
            return self.method(self._emitters(stars, instrument), templates, instrument.field.size, passed)
        assert isinstance(self.method, VelocityNodes)
        opacity = None if self.dust is None or self.dust.opacity is None else self.dust.opacity.prepare()
        scene = Scene(stars.prepare(), self.orientation, self.library, self.method, opacity)
        return smooth_light(scene, instrument.field, self.scale, templates, self.dust, passed)

    def _transmission(self, instrument: IFU) -> Transmission | None:
        if self.dust is None:
            return None
        dust, wavelength = self.dust, instrument.channels.centres / (1 + self.redshift)
        return lambda visual: dust.transmission(visual, wavelength)

    def _emitters(self, stars: Stars, instrument: IFU) -> Emitters:
        east, north, away = self.orientation.project(stars.position)
        velocity = self.orientation.project(stars.velocity)[2] + self.orientation.velocity
        _check_slow(velocity)
        length = None if stars.length is None else stars.length / self.scale
        found = instrument.assigned(east / self.scale, north / self.scale, length)
        _check_inside(found.share)
        places, weights = self.library.corners(stars.age, stars.metallicity)
        visual = self._visual(stars.age, (east, north, away), instrument)
        return Emitters(places, weights * stars.mass[:, None], velocity, visual, found.spaxel, found.share)

    def _glow(self, instrument: IFU) -> list[Array]:
        """The lines of the gas, in channels and spaxels: one array, none where there is no gas."""
        if self.gas is None or self.lines is None:
            return []
        gas, stretch, channels = self.gas, 1 + self.redshift, instrument.channels
        place = self.orientation.project(gas.position)
        velocity = self.orientation.project(gas.velocity)[2] + self.orientation.velocity
        check_speeds(velocity)
        rate = jnp.broadcast_to(gas.star_formation_rate, gas.mass.shape)
        luminosity = self.lines.luminosity(rate, gas.metallicity)
        visual = self._visual(jnp.zeros_like(gas.mass), place, instrument)
        if self.dust is not None and visual is not None:
            luminosity = luminosity * self.dust.transmission(visual, np.asarray(self.lines.places))
        places = tuple(np.asarray(self.lines.places).tolist())
        blur: Any = self.library.fwhm / FWHM
        if instrument.lsf is not None:
            seen = jnp.asarray(np.asarray(places) * stretch, gas.mass.dtype)
            blur = instrument.lsf.optical(seen) / (FWHM * stretch)
        sigma = widths(places, jnp.broadcast_to(gas.dispersion, gas.mass.shape), blur)
        found = assign(place[0] / self.scale, place[1] / self.scale, instrument.field, _way(instrument))
        edges = at_rest(channels, self.redshift, "vacuum")
        widest, fast = max(instrument.widest / stretch, self.library.fwhm) / FWHM, _largest(gas.dispersion)
        sought = windows(edges, places, widest, fast)
        luminosity = within(luminosity, places, velocity, sigma, widest, fast, edges, found.share)
        emitters = LineEmitters(luminosity, sigma, velocity, found.spaxel, found.share)
        return [self._per_width(line_light(emitters, edges, sought, instrument.field.size), edges, instrument)]

    def _per_width(self, light: Array, edges: np.ndarray, instrument: IFU) -> Array:
        """Light per A between edges at rest, per A of the channels instead: widths in air and in vacuum differ."""
        ratio = np.diff(edges) * (1 + self.redshift) / instrument.channels.widths
        return light * jnp.asarray(ratio, light.dtype)[:, None]

    def _visual(self, age: Array, place: tuple[Array, Array, Array], instrument: IFU) -> Array | None:
        """A_V in front of stars of an age, Gyr, or of gas, whose lines come from around the youngest."""
        if self.dust is None:
            return None
        behind: Any = jnp.zeros_like(age)
        if self.gas is not None and self.dust.dust_to_gas is not None:
            east, north, away = self.orientation.project(self.gas.position)
            area = (instrument.plane.spaxel * self.scale) ** 2
            amount = self.gas.mass * self.dust.dust_to_gas.visual(self.gas.metallicity) / area
            ours, theirs = self._nearest(*place[:2], instrument), self._nearest(east, north, instrument)
            behind = column(ours, place[2], theirs, away, amount, self.dust.width)
        return self.dust.visual(age, behind)

    def _nearest(self, east: Array, north: Array, instrument: IFU) -> Array:
        """The spaxel of each place, -1 outside the field."""
        found = assign(east / self.scale, north / self.scale, instrument.field, "nearest")
        return jnp.where(found.share[:, 0] > 0, found.spaxel[:, 0], -1)


def _largest(value: Any) -> float:
    """Of numbers that are known; 0 where they are traced."""
    return float(np.max(np.asarray(value))) if is_concrete(value) else 0.0


def _way(instrument: IFU) -> str:
    """How gas is put on spaxels: particles of gas have no length."""
    return "cloud" if instrument.assignment == "gaussian" else instrument.assignment


def _distance(redshift: float, distance: Any, cosmology: Any) -> float:
    """Luminosity distance, Mpc."""
    if distance is not None:
        found = number(distance, "Mpc", "distance")
        if not 0 < found < np.inf or not -1 < redshift < np.inf:
            raise ValueError(f"distance = {distance} must be positive [Mpc], redshift = {redshift} finite, above -1.")
        return found
    if not 0 < redshift < np.inf:
        raise ValueError(f"redshift = {redshift} gives no distance: give distance= [Mpc] of a galaxy nearby.")
    if cosmology is not None and not hasattr(cosmology, "luminosity_distance"):
        raise TypeError(f"cosmology is a {type(cosmology).__name__}: give one of astropy.cosmology, e.g. Planck18.")
    if cosmology is None:
        from astropy.cosmology import Planck15 as cosmology
    return float(cosmology.luminosity_distance(redshift).to_value("Mpc"))


def _check_inside(share: Array) -> None:
    if is_concrete(share) and not np.any(np.asarray(share) > 0):
        raise ValueError(
            f"None of {share.shape[0]} particles is inside the field of the instrument: centre their positions [kpc], "
            "choose larger spaxels or more of them."
        )


def _check_slow(velocity: Array) -> None:
    if is_concrete(velocity) and np.any(np.abs(np.asarray(velocity)) > FASTEST * LIGHT_SPEED):
        fast = int(np.sum(np.abs(np.asarray(velocity)) > FASTEST * LIGHT_SPEED))
        raise ValueError(
            f"{fast} of {velocity.size} particles move by more than {FASTEST * LIGHT_SPEED:.5g} km/s along the line of "
            "sight: subtract the velocity of the galaxy, sl.particles.own_frame, or leave them out."
        )
