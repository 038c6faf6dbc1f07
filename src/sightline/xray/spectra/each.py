"""Many spectra of one kind as one batch."""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.construct import constructed
from ..._core.module import is_concrete
from ..._core.types import Scalar
from ...parameters.leaves import find_leaves, match
from .base import AbstractPhotonSpectrum, Factor, Jumps
from .bins import Bins


class Each(AbstractPhotonSpectrum):
    """Many spectra that share some parameters, as one batch: N_i(E) of the i-th values of those that vary.

    The leaves that vary get a leading axis; what is computed of it has it, too: one program for all. It stands
    outermost, around sums, products and redshifts; observations of such spectra are `sl.counts.stack`ed.

    **Arguments:** `spectrum`; `vary`: names of its leaves that vary, or globs; `size`: how many.

    **Raises:** `TypeError` for what is no spectrum; `ValueError` for a size below 1 or names that match nothing.

    !!! example
        >>> laws = sl.spectra.Each(sl.spectra.PowerLaw(index=2.0, norm=1e-3), vary=("norm",), size=3)
        >>> laws(1.0).tolist()
        [0.001, 0.001, 0.001]
    """

    batches: ClassVar[bool] = True  # what it holds has a leading axis
    spectrum: AbstractPhotonSpectrum
    vary: tuple[str, ...] = eqx.field(static=True)
    size: int = eqx.field(static=True)

    def __init__(self, spectrum: AbstractPhotonSpectrum, vary: Sequence[str] = ("*norm",), size: int = 1):
        if not isinstance(spectrum, AbstractPhotonSpectrum) or isinstance(spectrum, Each):
            raise TypeError(f"Each: {spectrum!r} is no photon spectrum of one source.")
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"Each: size = {size!r} must be a whole number, 1 or more.")
        self.vary, self.size = ((vary,) if isinstance(vary, str) else tuple(vary)), size
        known = find_leaves(spectrum)
        for pattern in self.vary:
            match(pattern, spectrum, known)
        self.spectrum = jax.tree.map(self._spread, spectrum, self._axes(spectrum), is_leaf=_is_none)

    def __check_init__(self) -> None:
        jax.tree.map(self._check, self.spectrum, self._axes(self.spectrum), is_leaf=_is_none)
        if all(map(is_concrete, jax.tree.leaves(self.spectrum))):
            constructed(self._first())

    @property
    def name(self) -> str:
        return self.spectrum.name

    def map(self, function: Callable[[AbstractPhotonSpectrum], Any]) -> Any:
        """A function of one spectrum, of each: what it returns, with a leading axis."""
        axes = self._axes(self.spectrum)
        return eqx.filter_vmap(function, in_axes=(axes,), axis_size=self.size)(self.spectrum)

    def __call__(self, energy: Scalar) -> Float[Array, " size"]:
        return self.map(lambda one: one(energy))

    def photons(self, low: Scalar, high: Scalar) -> Float[Array, " size"]:
        return self.map(lambda one: one.photons(low, high))

    def jumps(self) -> Jumps:
        shared = self._first().jumps()
        return shared if isinstance(shared, np.ndarray) else self.map(lambda one: jnp.asarray(one.jumps())).reshape(-1)

    def binned(self, bins: Bins, factor: Factor = None) -> Float[Array, "size n"]:
        return self.map(lambda one: one.binned(bins, factor))

    def _first(self) -> AbstractPhotonSpectrum:
        """One spectrum, the first."""
        axes = self._axes(self.spectrum)
        return jax.tree.map(_at_start, self.spectrum, axes, is_leaf=_is_none)

    def _axes(self, spectrum: AbstractPhotonSpectrum) -> Any:
        """0 for leaves that vary, `None` for the others, in the shape of a spectrum."""
        leaves = find_leaves(spectrum)
        names = {name for one in self.vary for name in fnmatch.filter(leaves, one) if leaves[name].learnable}
        return jax.tree.unflatten(jax.tree.structure(spectrum), [0 if name in names else None for name in leaves])

    def _check(self, leaf: Any, axis: int | None) -> None:
        if axis is not None and jnp.shape(leaf)[:1] != (self.size,):
            raise ValueError(f"Each: a value that varies has shape {jnp.shape(leaf)}, but size = {self.size}.")

    def _spread(self, leaf: Any, axis: int | None) -> Any:
        """A leaf with the leading axis, if it varies and has none."""
        if axis is None or jnp.shape(leaf)[:1] == (self.size,):
            return leaf
        return jnp.broadcast_to(leaf, (self.size, *jnp.shape(leaf)))


def _at_start(leaf: Any, axis: int | None) -> Any:
    return leaf if axis is None else leaf[0]


def _is_none(node: Any) -> bool:
    return node is None
