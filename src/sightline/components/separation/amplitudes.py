"""Maps of the amplitudes of components, with their covariances."""

from typing import Any

import numpy as np

from ...sky.geometry import AbstractSky
from ...sky.stokes import Stokes
from ..mixing import MixingMatrix
from .elimination import Solved
from .systems import stacked


class Amplitudes:
    """The amplitudes of components in every pixel, by name: `found["cmb"]` is a `Stokes`, K_CMB, COSMO.

    Maps are labelled with the reference frequency of their SED, 100 GHz where it has none, and NaN in pixels that were
    left out, and in parameters that were not asked for.

    - `components`: their names; `parameters`: some of `"IQU"`.
    - `values`: (components, k, n), K_CMB, in the n pixels that were used.

    **Arguments:**

    - `solved`: normal equations of a pixel with their solutions, one a group of Stokes parameters of one noise.
    - `mixing`: the `sl.components.MixingMatrix` whose columns they weigh.
    - `parameters`: some of `"IQU"`, k of them.
    - `sky`: where the pixels are, `None` where nobody said.
    - `npix`: how many pixels the maps have; `kept`: numbers of the n that were used, `None`: all.

    **Raises:** `KeyError` for a name that is no component.

    !!! example
        >>> bands = sl.instruments.Bands(frequency=[100.0, 143.0, 353.0], depth=[10.0, 6.0, 20.0])
        >>> mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
        >>> maps = np.ones((2, 3, 12)) * mixing(bands, 12).sum(axis=1)
        >>> found = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO").amplitudes(mixing)
        >>> found
        Amplitudes(cmb, dust; QU in 12 pixels)
        >>> found.values.shape, found.covariance().shape, found.reference("dust")
        ((2, 2, 12), (2, 2, 2, 12), 353.0)
    """

    components: tuple[str, ...]
    parameters: str

    def __init__(
        self,
        solved: tuple[Solved, ...],
        mixing: MixingMatrix,
        parameters: str,
        sky: AbstractSky | None,
        npix: int,
        kept: Any,
    ):
        self.components, self.parameters, self._sky = mixing.components, parameters, sky
        self._solved, self._npix, self._kept = solved, npix, kept
        names = [(name, part) for name in mixing.order for part in mixing.terms[name].parts]
        self._references = {f"{name}{part}": mixing.terms[name].reference for name, part in names}
        self.values: np.ndarray = np.asarray(stacked(solved, len(self.components)))

    def __getitem__(self, name: str) -> Stokes:
        if name not in self.components:
            raise KeyError(f"{name!r} is no component: name one of {', '.join(map(repr, self.components))}.")
        return self.stokes(self.values[self.components.index(name)], self._references[name] or 100.0)

    def reference(self, name: str) -> float | None:
        """The frequency at which a component has its amplitude, GHz; `None` where its SED has none."""
        return self._references[name]

    def __repr__(self) -> str:
        return f"Amplitudes({', '.join(self.components)}; {self.parameters} in {self.values.shape[-1]} pixels)"

    def stokes(self, values: np.ndarray, frequency: float) -> Stokes:
        """Maps of the parameters, (k, n), as a `Stokes` of all pixels."""
        whole = {name: np.full(self._npix, np.nan, values.dtype) for name in "IQU"}
        for name, one in zip(self.parameters, values, strict=True):
            whole[name][slice(None) if self._kept is None else self._kept] = one
        return Stokes(**whole, frequency=frequency, unit="K_CMB", sky=self._sky)

    def covariance(self) -> np.ndarray:
        """Covariances of the amplitudes of a pixel, (k, components, components, n), K_CMB^2: (A^T N^-1 A)^-1.

        Between different Stokes parameters, where their noise is correlated, they are left out.
        """
        found = []
        for one in self._solved:
            inverse = _inverse(one)
            count = len(self.components)
            stokes = len(inverse) // count
            blocks = inverse.reshape(count, stokes, count, stokes, -1)
            own = [blocks[:, s, :, s] for s in range(stokes)]
            found += own * (len(one.amplitudes) if stokes == 1 else 1)
        return np.stack([np.broadcast_to(one, (*one.shape[:2], self.values.shape[-1])) for one in found])


def _inverse(solved: Solved) -> np.ndarray:
    """The inverse of L L^T in all pixels, (n, n, pixels)."""
    size, shape = len(solved.factor), np.shape(solved.factor[0][0])
    rows = np.zeros((*shape, size, size))
    for i, row in enumerate(solved.factor):
        for j, number in enumerate(row):
            rows[..., i, j] = 1 / np.asarray(number) if i == j else np.asarray(number)
    root = np.linalg.inv(rows)
    return np.moveaxis(np.swapaxes(root, -1, -2) @ root, -3, -1) if shape else (root.T @ root)[..., None]
