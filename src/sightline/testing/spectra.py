from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.fields import check_tree
from .._core.module import default_float
from ..xray.spectra.base import AbstractFactor, AbstractPhotonSpectrum
from ..xray.spectra.bins import Bins, divided
from .derivatives import derivative_problems, finite_problems, report, round_trip_problems

_NODES = 40
_ENERGIES = np.geomspace(0.013, 1.7e3, 57)  # keV: from far below to far above what X-ray detectors see
_EDGES = np.geomspace(0.3, 12.0, 41)


def check_spectrum(component: AbstractPhotonSpectrum | AbstractFactor) -> None:
    """Holds a photon spectrum or a factor to its contract, in the current precision, and says all that is wrong.

    Shape and type of the value; leaves that are arrays; value and gradients finite from 0.01 keV to 1 MeV and next to
    its jumps; derivatives equal to central differences (double precision); jvp and vjp agree; vmap equals a loop;
    photons in 40 bins from 0.3 to 12 keV equal to a quadrature of 40 nodes between the same cuts; single-precision
    leaves give a single-precision value; serialising loses nothing.

    **Arguments:** `component`: a spectrum or a factor of `sl.spectra`.

    **Raises:** `AssertionError` listing the problems.

    !!! example
        >>> sl.testing.check_spectrum(sl.spectra.PowerLaw(index=1.0))
    """
    name = type(component).__name__
    if not isinstance(component, (AbstractPhotonSpectrum, AbstractFactor)):
        report(name, ["it is no sl.spectra.AbstractPhotonSpectrum or AbstractFactor: subclass one of these"])
    check_tree(component)
    problems = _type_problems(component)
    if not problems:
        energies = jnp.asarray(_places(component), default_float())
        problems += _finite_problems(component, energies)
        far = jnp.asarray(_away(component, _ENERGIES), default_float())
        problems += derivative_problems(lambda one: jax.vmap(one)(far), component, "the parameters")
        problems += derivative_problems(lambda e: jax.vmap(component)(e), far, "the energy")
        problems += _loop_problems(component, energies) + round_trip_problems(component)
        if isinstance(component, AbstractPhotonSpectrum):
            problems += _photon_problems(component)
    report(name, problems)


def _places(component: Any) -> np.ndarray:
    """Energies everywhere, and next to where it jumps."""
    jumps = np.asarray(component.jumps(), float)
    near = np.concatenate([jumps * (1 - 1e-5), jumps, jumps * (1 + 1e-5)])
    return np.concatenate([_ENERGIES, near[near > 0]])


def _away(component: Any, energies: np.ndarray) -> np.ndarray:
    """Energies that no small step takes across a jump."""
    jumps = np.asarray(component.jumps(), float)
    close = np.any(np.abs(energies[:, None] - jumps) < 1e-3 * energies[:, None], axis=1)
    return energies[~close]


def _type_problems(component: Any) -> list[str]:
    problems = []
    for dtype in {jnp.dtype("float32"), jnp.dtype(default_float())}:
        cast = jax.tree.map(lambda leaf, d=dtype: leaf.astype(d) if eqx.is_inexact_array(leaf) else leaf, component)
        value = eqx.filter_eval_shape(lambda one, e: one(e), cast, jax.ShapeDtypeStruct((), dtype))
        if not isinstance(value, jax.ShapeDtypeStruct) or value.shape != ():
            return [f"at one energy it must return one number, not {value}"]
        if value.dtype != dtype:
            problems.append(f"with leaves and energy in {dtype} it returns {value.dtype}: a constant has a fixed type")
    return problems


def _finite_problems(component: Any, energies: Array) -> list[str]:
    @eqx.filter_jit
    def all_of(component: Any, energies: Array) -> Any:
        def total(both: Any) -> tuple[Array, Array]:
            values = jax.vmap(both[0])(both[1])
            return jnp.sum(values), values

        return eqx.filter_value_and_grad(total, has_aux=True)((component, energies))

    (_, values), gradient = all_of(component, energies)
    return finite_problems(values, "the value") + finite_problems(gradient, "a gradient, somewhere,")


def _loop_problems(component: Any, energies: Array) -> list[str]:
    mapped = jax.vmap(component)(energies[:5])
    looped = jnp.stack([component(energy) for energy in energies[:5]])
    close = np.allclose(mapped, looped, rtol=100 * float(jnp.finfo(mapped.dtype).eps), atol=0)
    return [] if close else ["vmap differs from a loop over energies"]


def _photon_problems(spectrum: AbstractPhotonSpectrum) -> list[str]:
    """Photons in bins against a fine quadrature, relative to the brightest bin by a thousandth."""
    edges, part = divided(_EDGES)

    @eqx.filter_jit
    def both(spectrum: AbstractPhotonSpectrum, edges: Array) -> tuple[Array, Array]:
        bins = Bins.contiguous(edges).cut(jnp.asarray(spectrum.jumps(), edges.dtype))
        return bins.gathered(spectrum.binned(bins)), bins.gathered(quadrature(spectrum, bins))

    found, exact = (np.bincount(part, np.asarray(v, float)) for v in both(spectrum, jnp.asarray(edges)))
    scale = np.maximum(np.abs(exact), 1e-3 * np.max(np.abs(exact)))
    limit = 1e-6 if found.dtype == default_float() else 1e-4
    worst = int(np.argmax(np.abs(found - exact) / np.where(scale > 0, scale, 1)))
    if abs(found[worst] - exact[worst]) <= limit * scale[worst]:
        return []
    return [
        f"photons from {_EDGES[worst]:.4g} to {_EDGES[worst + 1]:.4g} keV are {found[worst]:.9g}, a quadrature gives "
        f"{exact[worst]:.9g}: say in jumps() where it jumps or is narrow, or give photons(low, high) in closed form"
    ]


def quadrature(spectrum: Any, bins: Bins) -> Array:
    """Photons in bins by Gauss-Legendre quadrature with 40 nodes each."""
    node, weight = (jnp.asarray(one, bins.low.dtype) for one in np.polynomial.legendre.leggauss(_NODES))
    energy = bins.low + bins.half * (1 + node[:, None])
    return bins.half * jnp.sum(weight[:, None] * jax.vmap(jax.vmap(spectrum))(energy), axis=0)
