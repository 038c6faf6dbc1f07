"""Whether what a simulator is asked for lies where its operators hold."""

import warnings
from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._core.constants import CRITICAL_FREQUENCY, ELECTRON_REST_ENERGY
from ..._core.fields import walk
from ..._core.module import is_concrete
from ..emission import AbstractEmissionOperator, SynchrotronSpectrum
from ..fields import AbstractField
from ..fields.cosmic_rays import AbstractCosmicRays, SpectrumGrid, WithSpectrum
from ..fields.cosmic_rays.spectra import TabulatedSpectrum
from ..geometry import Ray, Sightlines
from .base import AbstractSimulator

_REACH = 60.0  # kpc: beyond, no model has electrons
_RAYS, _PLACES = 64, 48  # at which fields of indices are looked at


class SpectralIndexWarning(UserWarning):
    """Cosmic-ray electrons have spectral indices p at which an emission operator is less accurate or not right."""


class SpectrumRangeWarning(UserWarning):
    """Electrons radiate at the frequencies asked for whose energies a table of their spectrum does not reach."""


def check_ranges(simulator: AbstractSimulator, lines: Sightlines, frequency: Array) -> None:
    """Refuses frequencies that an operator does not cover, and warns of spectral indices; what is traced passes.

    **Raises:** `ValueError`.
    """
    for operator in simulator.emission:
        operator.check_frequency(frequency)
    leaves = jax.tree.leaves((eqx.filter(simulator.cosmic_rays, eqx.is_array), lines.rays))
    if simulator.cosmic_rays is not None and all(map(is_concrete, leaves)):
        if any(isinstance(operator, SynchrotronSpectrum) for operator in simulator.emission):
            _warn_energies(simulator.cosmic_rays, np.asarray(frequency))
        for operator in simulator.emission:
            if "cosmic_rays" in operator.needs and np.all(np.isfinite(operator.indices)):
                _warn_indices(operator, simulator.cosmic_rays, lines.rays)


def _warn_energies(rays: AbstractField, frequency: np.ndarray) -> None:
    """Warns where the brightest electrons, with nu = 0.29 nu_c in 3 uG across the ray, lie beyond a table."""
    gamma = np.sqrt(np.sort(frequency, axis=None)[[0, -1]] / (0.29 * CRITICAL_FREQUENCY / 2 * 3.0))
    least, most = gamma * ELECTRON_REST_ENERGY
    for path, module in walk(rays):
        if isinstance(module, (TabulatedSpectrum, SpectrumGrid)):
            low, high = module.energies[0], module.energies[-1]
            if least < low or most > high:
                warnings.warn(
                    f"{'.'.join(filter(None, ('cosmic_rays', path)))} is known from {low:.3g} to {high:.3g} GeV, and "
                    f"in 3 uG electrons of {least:.3g} to {most:.3g} GeV shine at the frequencies asked for: beyond "
                    "its table the spectrum goes on as a power law, with no data behind it.",
                    SpectrumRangeWarning,
                    stacklevel=4,
                )


def _warn_indices(operator: AbstractEmissionOperator, rays: AbstractField, lines: Ray) -> None:
    low, high = operator.indices
    for name, values in _known(operator, rays, lines):
        if values.size and (np.min(values) < low or np.max(values) > high):
            least, most = float(np.min(values)), float(np.max(values))
            reached = f"is {least:.4g}" if least == most else f"reaches from {least:.4g} to {most:.4g}"
            warnings.warn(
                f"{name} {reached}; {type(operator).__name__} is made for power laws of {low:g} <= p <= {high:g}: it "
                "is right to 1e-4 for 0.5 < p < 7, rough beyond, and p = 0 has no electrons. Give the index a prior or "
                "bounds, a grid of indices a larger box, or a curved spectrum to sl.emission.SynchrotronSpectrum.",
                SpectralIndexWarning,
                stacklevel=5,
            )


def _known(operator: AbstractEmissionOperator, rays: AbstractField, lines: Ray) -> Iterator[tuple[str, np.ndarray]]:
    """The indices that an operator sees, by the name of the parameter."""
    curved, inside, varies = isinstance(operator, SynchrotronSpectrum), [], False
    for path, module in walk(rays):
        if any(path.startswith(other) for other in inside):
            continue
        name = ".".join(filter(None, ("cosmic_rays", path)))
        if isinstance(module, WithSpectrum):
            inside.append(f"{path}.profile" if path else "profile")
            if not curved:
                yield (
                    f"The index of the power law that touches {name}.spectrum",
                    np.asarray(module.spectrum.tangent()[1]),
                )
        elif isinstance(module, AbstractCosmicRays) and not isinstance(module.index, AbstractField):
            yield f"{name}.index", np.asarray(module.index)
        varies |= isinstance(module, AbstractCosmicRays) and isinstance(module.index, AbstractField)
        varies |= isinstance(module, SpectrumGrid) and not curved
    if varies:
        found = np.asarray(_sampled(rays, lines, curved))
        yield "The index of cosmic_rays", found[np.isfinite(found)]


@eqx.filter_jit
def _sampled(rays: AbstractField, lines: Ray, curved: bool) -> Array:
    """Indices at places along some of the rays, NaN where there are no electrons, (populations, places)."""
    rays, step = rays.prepare(), max(1, -(-lines.length.shape[-1] // _RAYS))
    length = jnp.minimum(lines.length[::step], _REACH)
    distance = length * jnp.asarray(((np.arange(_PLACES) + 0.5) / _PLACES) ** 2, length.dtype)[:, None]
    places = lines.origin[:, None, ::step] + distance * lines.direction[:, None, ::step]

    def at(position: Array) -> Array:
        seen = [p for p in rays.populations(position) if p.spectrum is None or not curved]
        return jnp.stack([jnp.where(p.density > 0, p.index, jnp.nan) for p in seen])

    return jax.vmap(at, in_axes=1)(places.reshape(3, -1))
