import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....._core.constants import ELECTRON_REST_ENERGY
from ....._core.given import energies_in
from ....._core.module import is_concrete, param, setting
from ....._core.safe import held
from ....._core.types import Scalar
from .....processes import losses
from .....processes.compton_photons import legendre
from ....grids.cubic import spline, spline_matrix
from ...photons import Photons
from ...radiation.grid import PointTable
from ...radiation.spectra.base import REST, AbstractPhotonSpectrum
from ...radiation.spectra.tabulated import Tabulated, places
from .base import AbstractSpectrum

_STEP, _COUNT = math.log(10) / 12, 12 * 16 + 1  # nodes of ln gamma at which losses are tabulated
_FAR = 30.0  # ln(gamma/gamma'), beyond which no electron came from
_NODES, _PHOTONS, _NEWTON = 128, 96, 12
_FEWEST = 4  # lines of an interval of a table
_NOTHING = 60.0  # ln of how little of a spectrum is none of it
_NONE = 500.0  # ln of how few electrons are left above the cut-off
_LOG_REST = math.log(ELECTRON_REST_ENERGY)


class Cooled(AbstractSpectrum):
    """Electrons of a source that lose energy: by synchrotron and inverse Compton emission, in gas, and how long.

    d/dgamma (-b N) + dN/dt = Q, b = -d gamma/dt, hence, with gamma_s(t) that which has become gamma after t,

    - steady, `age` None: N = int_gamma^infinity Q d gamma'/b(gamma);
    - injected since `age`: the same up to gamma_s(age);
    - injected `age` ago, at once: N = Q(gamma_s) b(gamma_s)/b(gamma).

    Nothing escapes. The losses of `sightline.processes.losses` are tabulated at 12 energies a decade; inverse Compton
    has the exact Klein-Nishina factor. For losses as gamma^2 alone the spectrum of Q ~ gamma^-p is gamma^-(p + 1).

    **Arguments:**

    - `injection` Q: a spectrum; what is injected in one Myr, or at once.
    - `magnetic_field`: uG.
    - `radiation`: photon spectra, of `sl.radiation.spectra`, one or several, or `photons(position)` of a field.
    - `ionised`, `neutral`: density of hydrogen, cm^-3.
    - `age`: Myr; `None`: for ever.
    - `injected`: `"steadily"` or `"once"`, which wants an age.

    **Raises:** `ValueError` for electrons without losses, and for a single injection without an age; `TypeError` for
    what are no spectra.

    **Source:** Ginzburg & Syrovatskii 1964, "The Origin of Cosmic Rays", chapter V; Longair 2011, "High Energy
    Astrophysics", section 16.

    !!! example
        >>> spectra, light = sl.cosmic_rays.spectra, sl.radiation.CMB().photons(jnp.zeros(3))[0].spectrum
        >>> cooled = spectra.Cooled(spectra.PowerLaw(1e-18, index=2.2), magnetic_field=3.0, radiation=light, age=100.0)
        >>> rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), cooled)
    """

    injection: AbstractSpectrum = param(doc="what is injected in one Myr, or at once")
    magnetic_field: Float[Array, ""] = param(0.0, unit="uG", bounds=(0, None), symbol="B")
    radiation: AbstractPhotonSpectrum | Photons | tuple[AbstractPhotonSpectrum | Photons, ...] = ()
    ionised: Float[Array, ""] = param(0.0, unit="cm-3", bounds=(0, None), symbol="n_e")
    neutral: Float[Array, ""] = param(0.0, unit="cm-3", bounds=(0, None), symbol="n_H")
    age: Float[Array, ""] | None = param(None, unit="Myr", positive=True, symbol="t")
    injected: str = setting("steadily", choices=("steadily", "once"))

    def __check_init__(self) -> None:
        if not isinstance(self.injection, AbstractSpectrum):
            raise TypeError(f"Cooled.injection must be one of sl.cosmic_rays.spectra, not {self.injection!r}.")
        for light in self._photons():
            if not isinstance(light.spectrum, AbstractPhotonSpectrum):
                raise TypeError(
                    "Cooled.radiation must be of sl.radiation.spectra, one or a tuple of them, or "
                    f"field.photons(position) of a field, not {light.spectrum!r}."
                )
        if self.injected == "once" and self.age is None:
            raise ValueError("Cooled: electrons injected once have an age: give age=... [Myr].")
        causes = (self.magnetic_field, self.ionised, self.neutral)
        if not self._photons() and not any(not is_concrete(c) or np.any(np.asarray(c)) for c in causes):
            raise ValueError("Cooled: without losses there is no spectrum: give magnetic_field=... or radiation=...")

    def log_density(self, log_energy: Scalar) -> Scalar:
        """ln(N/cm^-3) at ln(E/GeV), ()."""
        table, place = self._table(log_energy.dtype), jnp.maximum(log_energy - _LOG_REST, 0)
        depth, cut = self._origin(table, place)
        if self.injected == "once":
            value = self.injection.log_density(place + depth + _LOG_REST) + _losses(table, place + depth)
            gone = jnp.where(cut, self.injection.log_density(place + _LOG_REST) - _NONE, value - _losses(table, place))
            return gone
        places, weights = (jnp.asarray(part, depth.dtype) for part in legendre(_NODES))
        at = place + depth * places
        found = jax.nn.logsumexp(jax.vmap(self._injected)(at), b=weights) + jnp.log(depth)
        return (found if self.age is not None else self._with_rest(found, place + _FAR)) - _losses(table, place)

    def _injected(self, place: Scalar) -> Scalar:
        """ln(gamma Q) at ln gamma, ()."""
        return self.injection.log_density(place + _LOG_REST) + place

    def _with_rest(self, found: Scalar, end: Scalar) -> Scalar:
        """With what is injected above ln gamma = `end`, of the slope there; without end for p <= 1."""
        height, slope = jax.value_and_grad(self._injected)(end)
        matters, falls = height > found - _NOTHING, slope < 0
        rest = jnp.where(matters, height, found - _NOTHING) - jnp.log(jnp.where(falls & matters, -slope, 1))
        return jnp.where(matters & ~falls, jnp.inf, jnp.logaddexp(found, rest))

    def rate(self, energy: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """b/gamma, the rate of losses, (...) per Myr, at total energies, (...) GeV.

        **Raises:** `ValueError` for an energy below that of an electron at rest, or with another unit.
        """
        gamma = energies_in(energy, "GeV", ELECTRON_REST_ENERGY) / ELECTRON_REST_ENERGY
        return jnp.vectorize(self._rate)(gamma) / gamma

    def _rate(self, gamma: Scalar) -> Scalar:
        """b, () per Myr."""
        total = losses.synchrotron(gamma, self.magnetic_field)
        total = total + losses.bremsstrahlung(gamma, self.ionised, self.neutral)
        total = total + losses.coulomb(gamma, self.ionised, self.neutral)
        for light in self._photons():
            total = total + light.density * losses.inverse_compton(gamma, *_lines(light.spectrum))
        return total

    def _photons(self) -> tuple[Photons, ...]:
        given = self.radiation if isinstance(self.radiation, (tuple, list)) else (self.radiation,)
        return tuple(one if isinstance(one, Photons) else Photons(1.0, one) for one in given)

    def _table(self, dtype: np.dtype) -> Float[Array, " coefficients"]:
        """Spline coefficients of ln(b/gamma^2)."""
        nodes = jnp.asarray(np.exp(_STEP * np.arange(_COUNT)), dtype)
        values = jnp.log(jax.vmap(self._rate)(nodes) / nodes / nodes)
        return jnp.dot(jnp.asarray(_matrix(), dtype), values, precision="highest")

    def _origin(self, table: Array, place: Scalar) -> tuple[Scalar, Scalar]:
        """ln(gamma_s/gamma), and whether none has been so fast.

        Newton's method for the time from gamma_s to gamma, in 1/gamma, of which it is nearly a linear function; its
        last two steps carry the derivatives, right to the third. What it moves is the logarithm, which keeps its digits
        where it is small.
        """
        if self.age is None:
            return jnp.full_like(place, _FAR), jnp.asarray(False)

        def step(depth: Scalar, table: Array, place: Scalar, age: Scalar) -> Scalar:
            time, slope = _time(table, place, depth)
            part = (age - time) / (slope * jnp.exp(-depth))  # of gamma/gamma_s, by which it falls
            within = part < 1
            return jnp.clip(jnp.where(within, depth - jnp.log1p(-jnp.where(within, part, 0)), _FAR), 0, _FAR)

        fixed = jax.lax.stop_gradient((table, place, self.age))
        depth = jax.lax.fori_loop(0, _NEWTON, lambda _, s: step(s, *fixed), jnp.full_like(fixed[1], math.log(2)))
        for _ in range(2):
            depth = step(depth, table, place, self.age)
        return depth, depth >= _FAR - math.log(2)


def _time(table: Array, place: Scalar, depth: Scalar) -> tuple[Scalar, Scalar]:
    """The time [Myr] from gamma_s to gamma, ln(gamma_s/gamma) apart, and minus its derivative by gamma/gamma_s."""
    places, weights = (jnp.asarray(part, place.dtype) for part in legendre(32))
    at = depth * places
    inverse = jnp.exp(-place - _slow(table, place + at) - at)
    ends = jnp.exp(-place - _slow(table, place + depth))
    return depth * jnp.sum(weights * inverse), ends


def _losses(table: Array, place: Scalar) -> Scalar:
    """ln b at ln gamma, ()."""
    return _slow(table, place) + 2 * place


def _slow(table: Array, place: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """ln(b/gamma^2) at ln gamma, constant beyond the table."""
    inside = held(place / _STEP, 0, _COUNT - 1)
    lower = jnp.clip(jnp.floor(inside), 0, _COUNT - 2)
    one = jnp.vectorize(lambda start, t: spline(table, start, t)[0])
    return one(lower.astype(jnp.int32), inside - lower)


def _lines(spectrum: AbstractPhotonSpectrum) -> tuple[Array, Array]:
    """Photons as lines: energies [m_e c^2] and energy densities [eV cm^-3], whose sum is right."""
    at, weights = _between(_ends(spectrum))
    share = jax.vmap(spectrum.number)(at) * jnp.exp(2 * at) * weights
    whole = jnp.sum(share)
    some = whole > 0  # none are outside the box of a grid
    return jnp.exp(at), share * jnp.where(some, spectrum.total() / jnp.where(some, whole, 1), REST)


def _ends(spectrum: AbstractPhotonSpectrum) -> Float[Array, " n"]:
    """ln e between which a spectrum is smooth; of tables all energies, lest a narrow line be missed."""
    low, high = spectrum.ends()
    if isinstance(spectrum, (Tabulated, PointTable)):
        return jnp.asarray(places(spectrum.energies), low.dtype)
    middle, half = 0.5 * (low + high), 0.5 * jnp.maximum(high - low, 1e-3)
    return jnp.stack([middle - half, middle + half])


def _between(ends: Float[Array, " n"]) -> tuple[Array, Array]:
    """Nodes and weights of a rule between each two of the ends."""
    count = max(_FEWEST, -(-_PHOTONS // (len(ends) - 1)))
    nodes, weights = (jnp.asarray(part, ends.dtype) for part in legendre(count))
    steps = jnp.diff(ends)[:, None]
    return (ends[:-1, None] + steps * nodes).ravel(), (steps * weights).ravel()


@functools.cache
def _matrix() -> np.ndarray:
    return spline_matrix(_COUNT)
