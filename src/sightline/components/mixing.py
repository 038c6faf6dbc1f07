"""The mixing matrix: how bright each component is in each band, per unit of its amplitude."""

import itertools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.constants import HNU_OVER_K, T_CMB
from .._core.module import Module, setting
from .._core.units import whole
from ..sky.brightness import per_kelvin
from ..sky.instruments.bands import Nodes, nodes_of
from .maps.base import is_pixel_map
from .seds import AbstractSED


class Slot(NamedTuple):
    """Where a learnable leaf of a mixing matrix acts: on components `first` to `first + count`, by the SED `term`."""

    term: str
    first: int
    count: int


class MixingMatrix(Module):
    """How bright components are in bands: A_bc = int w_b s_c(nu) d nu, in K_CMB per K_CMB at the reference.

    Where a component has no reference, per K_CMB. The band b is one frequency, or a mean as `sl.instruments.Bandpass`
    has it.

    **Arguments:** the SEDs as keywords: `cmb=sl.components.CMB()`; `terms`: as attributes, the SEDs by their names.

    **Raises:** `TypeError` for what is no SED, or none.

    !!! example
        >>> mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
        >>> bands = sl.instruments.Bands(frequency=[100.0, 143.0, 217.0], depth=1.0)
        >>> mixing(bands, npix=12).shape
        (3, 2, 12)
    """

    terms: dict[str, AbstractSED]
    order: tuple[str, ...] = setting()

    def __init__(self, **terms: Any):
        for name, term in terms.items():
            if not isinstance(term, AbstractSED):
                raise TypeError(f"MixingMatrix: {name} = {term!r} is no SED: give one of sl.components, e.g. CMB().")
        if not terms:
            raise TypeError("MixingMatrix needs at least one component: cmb=sl.components.CMB().")
        self.terms, self.order = dict(terms), tuple(terms)

    def __check_init__(self) -> None:
        twice = [name for name in self.components if self.components.count(name) > 1]
        if twice:
            raise ValueError(f"MixingMatrix: two components are called {twice[0]!r}: rename an SED.")

    def __getitem__(self, name: str) -> AbstractSED:
        return self.terms[name]

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the columns: those of the SEDs, as they were given; of `Moments` several each."""
        return tuple(f"{name}{part}" for name in self.order for part in self.terms[name].parts)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Where each learnable leaf acts, in the order of the leaves."""
        counts = [len(self.terms[name].parts) for name in self.order]
        first = dict(zip(self.order, itertools.accumulate(counts, initial=0), strict=False))
        named = [(name, self.terms[name]) for name in sorted(self.terms)]  # as JAX sorts the keys of a dict
        return tuple(Slot(name, first[name], len(sed.parts)) for name, sed in named for _ in _leaves(sed))

    def __call__(self, bands: Any, npix: int) -> Float[Array, "bands components npix"]:
        """The whole matrix.

        **Arguments:** `bands`: `sl.instruments.Bands`, or frequencies, (bands,) GHz; `npix`: the number of pixels.

        **Raises:** `ValueError` for maps of another number of pixels, or frequencies that are not positive.
        """
        spread, axes = self.spread(whole(npix, "npix", 1))

        def of_band(band: Nodes) -> Float[Array, "components npix"]:
            column = jax.vmap(lambda one: one.column(band), in_axes=(axes,), out_axes=-1, axis_size=npix)
            return column(spread)

        return jax.vmap(of_band)(nodes_of(bands))

    def spread(self, npix: int) -> tuple["MixingMatrix", "MixingMatrix"]:
        """This matrix with the values in all pixels, (npix,), in place of each map, and the axes to map it over.

        Differentiable: its transpose adds up what pixels say about clusters.

        **Returns:** the matrix of all pixels; 0 for each leaf that was a map, `None` for each number, as `in_axes` of
        `jax.vmap` takes them.
        """
        spread = jax.tree.map(
            lambda node: node.pixels(npix) if is_pixel_map(node) else node, self, is_leaf=is_pixel_map
        )
        return spread, jax.tree.map(lambda node: 0 if is_pixel_map(node) else None, self, is_leaf=is_pixel_map)

    def column(self, band: Nodes) -> Float[Array, " components"]:
        """How bright the components are in one band, (components,), of a matrix of one pixel."""
        return jnp.concatenate([_in_band(self.terms[name], "components", band) for name in self.order])

    def derivatives(self, band: Nodes) -> tuple[Float[Array, "parts *shape"], ...]:
        """The derivatives of `column` by the learnable leaves, of a matrix of one pixel.

        **Returns:** for each leaf, in their order, that of the components its `slots` name, which are all it acts on.
        """
        found = [_in_band(self.terms[name], "derivatives", band) for name in sorted(self.terms)]
        return tuple(one for group in found for one in group)


def _leaves(sed: AbstractSED) -> list[Any]:
    """The learnable leaves of an SED of one pixel, where a map counts as one."""
    moving = jax.tree.map(lambda node: 0.0 if is_pixel_map(node) else node, sed, is_leaf=is_pixel_map)
    return [leaf for leaf in jax.tree.leaves(moving) if isinstance(leaf, float) or eqx.is_inexact_array(leaf)]


def _in_band(sed: AbstractSED, method: str, band: Nodes) -> Any:
    """The mean over one band, in K_CMB per K_CMB at the reference, of what a method gives at each frequency."""
    frequency, share = band.frequency, band.share
    if sed.of_bands:
        frequency, share = band.nominal[None], per_kelvin("K_CMB", band.nominal)[None]
    share = share / _anisotropy(sed.reference)
    if frequency.size == 1:
        return jax.tree.map(lambda value: share[0] * value, getattr(sed, method)(frequency[0]))
    values = jax.vmap(getattr(sed, method))(frequency)
    return jax.tree.map(lambda value: jnp.tensordot(share, value, 1), values)


def _anisotropy(frequency: float | None) -> float:
    """K_CMB of 1 K_RJ at a reference: 1 where there is none."""
    if frequency is None:
        return 1.0
    x = HNU_OVER_K / T_CMB * frequency
    return float((np.expm1(-x) / x) ** 2 * np.exp(x))
