"""What gas adds to a cube: its lines, in channels and spaxels."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.module import is_concrete
from ..._core.ranks import of_one_rank
from ..cubes.line import line_means
from .emitters import chunks
from .method import LIGHT_SPEED

_REACH = 6000.0  # km/s about the redshift of the galaxy within which lines are followed
_NARROWEST = 1e-3  # A: what stands for a line without a width
_CHUNK = 64


class LineEmitters(eqx.Module):
    """Gas particles as sources of lines.

    - `luminosity`: what reaches us of each line, (n, lines) Lsun; `sigma`: standard deviation, (n, lines) A at rest.
    - `velocity`: away from the observer, (n,) km/s.
    - `spaxel`, `share`: (n, k), spaxels and the share of the light on each.
    """

    luminosity: Float[Array, "n lines"]
    sigma: Float[Array, "n lines"]
    velocity: Float[Array, " n"]
    spaxel: Int[Array, "n k"]
    share: Float[Array, "n k"]


class Window(NamedTuple):
    """A line and the channels, from `first` up to `last`, that it may be in."""

    line: int
    place: float
    first: int
    last: int


def windows(edges: np.ndarray, places: tuple[float, ...], widest: float, dispersion: float = 0.0) -> list[Window]:
    """The lines that may be in channels, whose edges are moved to rest, (channels + 1,) A.

    **Arguments:** `places`: of the lines, in the medium of the edges, A; `widest`: standard deviation by the
    instrument, A at rest; `dispersion`: the largest of the gas, km/s.
    """
    found = []
    for line, place in enumerate(places):
        reach = place * (_REACH + 6 * dispersion) / LIGHT_SPEED + 6 * widest
        first = int(np.searchsorted(edges, place - reach, side="right")) - 1
        last = int(np.searchsorted(edges, place + reach))
        first, last = max(first, 0), min(last, len(edges) - 1)
        if last > first:
            found.append(Window(line, place, first, last))
    return found


def widths(places: tuple[float, ...], dispersion: Float[Array, " n"], instrument: Any) -> Float[Array, "n lines"]:
    """Standard deviations, A at rest, of a dispersion, (n,) km/s, and an instrument, A at rest, in quadrature."""
    own = dispersion[:, None] / LIGHT_SPEED * jnp.asarray(places, dispersion.dtype)[None]
    return jnp.sqrt(jnp.add(*of_one_rank(own * own, jnp.square(instrument))) + _NARROWEST**2)


def check_speeds(velocity: Float[Array, " n"]) -> None:
    """Refuses gas whose lines would be sought elsewhere.

    **Raises:** `ValueError`.
    """
    if is_concrete(velocity):
        fast = np.abs(np.asarray(velocity)) > _REACH
        if np.any(fast):
            raise ValueError(
                f"{int(fast.sum())} of {fast.size} gas particles move by more than {_REACH:g} km/s along the line of "
                "sight: subtract the velocity of the galaxy, sl.particles.own_frame, or leave them out."
            )


def within(
    luminosity: Float[Array, "n lines"],
    places: tuple[float, ...],
    velocity: Array,
    sigma: Array,
    widest: float,
    fast: float,
    edges: np.ndarray,
    share: Float[Array, "n k"],
) -> Float[Array, "n lines"]:
    """Luminosities, NaN of lines that would be sought elsewhere: of numbers that were traced when windows were chosen.

    What has no light in the field, or is beyond the channels, is not missed.

    **Arguments:** `sigma`: (n, lines) A at rest; `widest`, `fast`: of the windows, as their dispersion; `edges`: of the
    channels, moved to rest, (channels + 1,) A; `share`: as of `LineEmitters`.
    """
    at = jnp.asarray(places, sigma.dtype)[None]
    shift, wing = at * velocity[:, None] / LIGHT_SPEED, 6 * sigma
    reach = at * (_REACH + 6 * fast) / LIGHT_SPEED + 6 * (widest + _NARROWEST)
    most = reach * (1 + 1e-5)
    low, high = (wing - shift > most) & (edges[0] < at - reach), (shift + wing > most) & (edges[-1] > at + reach)
    lit = (luminosity != 0) & (jnp.sum(share, axis=1) > 0)[:, None]
    return jnp.where(jax.lax.stop_gradient((low | high) & lit), jnp.nan, luminosity)


def line_light(
    gas: LineEmitters, edges: np.ndarray, lines: list[Window], spaxels: int
) -> Float[Array, "channels spaxels"]:
    """Luminosities in channels and spaxels, Lsun/A at rest, in memory that does not grow with the particles.

    **Arguments:** `edges`: of the channels, moved to rest, (channels + 1,) A; `lines`: where to seek them.
    """
    channels = len(edges) - 1

    @jax.checkpoint
    def light(part: LineEmitters) -> Array:
        beta, sigma = part.velocity / LIGHT_SPEED, jnp.maximum(part.sigma, _NARROWEST)
        spectra = jnp.zeros((beta.shape[0], channels), beta.dtype)
        for one in lines:
            means = line_means(edges[one.first : one.last + 1], one.place, beta, sigma[:, one.line])
            spectra = spectra.at[:, one.first : one.last].add(part.luminosity[:, one.line, None] * means)
        return (part.share[:, :, None] * spectra[:, None]).reshape(-1, channels)

    def add(cube: Array, part: LineEmitters) -> tuple[Array, None]:
        return cube.at[part.spaxel.reshape(-1)].add(light(part)), None

    empty = jnp.zeros((spaxels, channels), gas.velocity.dtype)
    return jax.lax.scan(add, empty, chunks(gas, _CHUNK))[0].T
