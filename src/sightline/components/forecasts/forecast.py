"""How well an instrument will separate a sky, and what it will say of r."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._core.given import check_kind
from ..._core.module import default_float
from ..._core.units import number, numbers
from ...inference import Fisher, fisher
from ...parameters import ParameterSpace, ravel
from ...parameters.leaves import find_leaves
from ...sky.geometry import HealpixSky
from ...sky.harmonics.maps import full_maps
from ...sky.harmonics.power import spectra, warn_of_leakage
from ...sky.instruments.bands import Bands
from ...sky.stokes import Stokes
from ...statistics import Posterior
from ..component_sky import ComponentSky
from ..mixing import MixingMatrix
from ..seds import CMB
from ..separation import SpectralLikelihood
from .forecasted import Forecast
from .leakage import leaks, noise

FREE = ("terms.*.index*", "terms.*.temperature*")
LAST = 512  # the last degree of `BModes`
_ARCMIN = np.pi / 10800


def forecast(
    mixing: MixingMatrix,
    bands: Bands,
    foregrounds: Mapping[str, Stokes],
    f_sky: Any = None,
    *,
    free: Sequence[str] = FREE,
    ell: Any = None,
    r: Any = 0.0,
    lensing: Any = 1.0,
    beams: bool = False,
    flat: bool = False,
) -> Forecast:
    """What spectral parameters, CMB and r will be known to, without a fit to any noise.

    With Sigma the inverse of the Fisher information of the parameters, their errors leave of the foregrounds s, on
    average over the noise,

    C_l = sum_kk' Sigma_kk' C_l[m_k, m_k'],  m_k = -[(A^T N^-1 A)^-1 A^T N^-1 d_k A s]_cmb,

    and with C = r C_1 + A_lens C_lens + [(A^T N^-1 A)^-1]_cmb + C_l:  sigma(r)^-2 = f_sky/2 sum (2l + 1) (C_1/C)^2.

    Parameters that are no numbers but clusters have maps m_k of their clusters alone.

    **Arguments:**

    - `mixing`: at the true parameters, one of its components a `sl.components.CMB`.
    - `bands`: whose depths are the noise of Q and U.
    - `foregrounds`: maps of Q and U by the name of the component, each at the reference of its SED, on one
      `HealpixSky`. Blank pixels are not observed.
    - `f_sky`: the part of the sky that is observed; `None`: that of the maps. Errors of parameters are those of so
      many pixels like these.
    - `free`: patterns of the names of the parameters that are fitted.
    - `ell`: degrees, whole; `None`: 2 to 2 nside, 512 at most.
    - `r`, `lensing`: of the true sky, the ratio of tensors to scalars and the share of the lensing.
    - `flat`: tensors without tilt, as those of a small r; those of r = 1, of tilt -0.114, make sigma(r) smaller, by
      up to a factor 2 where the lowest degrees tell most.
    - `beams`: whether the noise is that freed from the beams of the bands; without, maps are of one resolution.

    **Returns:** `Forecast`: `.covariance`, `.residual`, `.noise`, `.sigma_r`; printed, it is a table.

    **Raises:** `ValueError` for names that are no components, maps of another frequency or several skies, no CMB, no
    parameter that is free, one that the bands do not tell, or f_sky out of range; `TypeError` for what is no
    `MixingMatrix`, `Bands` or `Stokes`.

    **Warns:** `LeakageWarning` for maps of less than 80 % of the sky, whose E appears in the residual B.

    !!! example
        >>> sky = sl.HealpixSky(nside=8)
        >>> l, b = np.deg2rad(np.stack(sky.lonlat()))
        >>> mixing = sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody())
        >>> dust = sl.Stokes(0 * b, 0 * b, 1e-4 * np.cos(b) ** 2, frequency=353.0, unit="K_CMB", sky=sky)
        >>> sl.forecast(mixing, sl.instruments.load("LiteBIRD"), {"dust": dust}, f_sky=0.6)
        parameter               unit       value  standard deviation
        ----------------------  ---------  -----  ------------------
        terms.dust.index                   1.54   0.00137
        terms.dust.temperature  K          20     0.0517
        depth of the CMB        uK arcmin  2.43
        r                                  0      5.1e-05
        degrees 2 ... 16, f_sky = 0.6; sigma(r) without residuals 3.45e-05

    **Source:** Stompor, Errard & Poletti 2016, Phys. Rev. D 94, 083526.
    """
    cmb, fractions = _check(mixing, bands, beams), (number(r, "", "r"), number(lensing, "", "lensing"))
    check_kind("foregrounds", foregrounds, Mapping, "a dict of sl.Stokes by the names of components")
    model = ComponentSky(mixing, dict(foregrounds))
    sky, maps, seen = _maps(model, bands)
    observed = float(seen.sum()) / (12 * sky.nside**2)
    part = observed if f_sky is None else number(f_sky, "", "f_sky")
    if not 0 < part <= 1:
        raise ValueError(f"f_sky = {part} must lie in (0, 1]: the part of the sky that is observed.")
    degrees = _degrees(ell, sky.nside)
    space = ParameterSpace(mixing, _priors(mixing, free, foregrounds))
    known = _information(space, bands, maps, seen, sky)
    covariance = _covariance(known) * observed / part
    warn_of_leakage(observed)
    found = {"ell": degrees, "residual": _residual(space, bands, maps, seen, sky, covariance, cmb)[degrees]}
    found["noise"] = _noise(mixing, bands, sky.size, seen, cmb, degrees, beams)
    values = np.asarray(ravel(space.initial, space.names)[0], np.float64)
    return Forecast(known.labels, values, known.units, covariance, found, part, *fractions, flat)


def _check(mixing: Any, bands: Any, beams: bool) -> int:
    """Which component is the CMB."""
    if not isinstance(mixing, MixingMatrix):
        raise TypeError(f"mixing is a {type(mixing).__name__}: give a sl.components.MixingMatrix.")
    if not isinstance(bands, Bands):
        raise TypeError(f"bands is a {type(bands).__name__}: give sl.instruments.Bands, or instruments.load.")
    if beams and bands.fwhm is None:
        raise ValueError("beams = True: these bands have no fwhm: give sl.instruments.Bands(..., fwhm=...).")
    names = [name for name in mixing.order if isinstance(mixing.terms[name], CMB)]
    if len(names) != 1:
        raise ValueError("mixing must have one component that is a sl.components.CMB: cmb=sl.components.CMB().")
    return mixing.components.index(names[0])


def _maps(model: ComponentSky, bands: Bands) -> tuple[HealpixSky, np.ndarray, np.ndarray]:
    """The sky, amplitudes of Q and U, (components, 2, npix) K_CMB, and which pixels are observed."""
    skies = [one.sky for one in model.amplitudes.values()]
    sky = skies[0]
    if not isinstance(sky, HealpixSky):
        raise ValueError("foregrounds: the maps are of no known sky: give each its sky=sl.HealpixSky(nside).")
    found = np.zeros((len(model.mixing.components), 2, sky.size))
    for name in model.amplitudes:
        stokes = model.maps(name, sky)
        found[model.mixing.components.index(name)] = np.stack([np.asarray(stokes.Q), np.asarray(stokes.U)])
    seen = np.all(np.isfinite(found), axis=(0, 1))
    if not np.any(seen):
        raise ValueError("foregrounds: no pixel is left: each is blank in one of the maps.")
    return sky, np.where(seen, found, 0.0), seen


def _degrees(ell: Any, nside: int) -> np.ndarray:
    last = 3 * nside - 1
    if ell is None:
        return np.arange(2, min(2 * nside, LAST) + 1)
    found = numbers(ell, "", "ell")
    if found.ndim != 1 or not found.size or np.any((found < 2) | (found > last) | (found != np.round(found))):
        raise ValueError(f"ell must be whole degrees, (n,), from 2 to 3 nside - 1 = {last}.")
    return found.astype(int)


def _priors(mixing: MixingMatrix, free: Sequence[str], foregrounds: Mapping[str, Stokes]) -> dict[str, Any]:
    """Flat priors of the parameters of the components that are there."""
    import numpyro.distributions as dist

    terms = [n for n in mixing.order if {f"{n}{part}" for part in mixing.terms[n].parts} & set(foregrounds)]
    patterns = (free,) if isinstance(free, str) else tuple(free)
    known = [name for name, leaf in find_leaves(mixing).items() if leaf.learnable and name.split(".")[1] in terms]
    chosen = [name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    if not chosen:
        raise ValueError(f"free = {patterns} matches none of {', '.join(known) or 'the parameters'}.")
    return dict.fromkeys(chosen, dist.Normal(0.0, 1.0))


def _information(space: ParameterSpace, bands: Bands, maps: np.ndarray, seen: np.ndarray, sky: HealpixSky) -> Fisher:
    """The Fisher information of the parameters, given maps without noise."""
    matrix = np.asarray(space.model(bands, sky.size), np.float64)
    data = np.einsum("bcn,ckn->kbn", matrix, maps)
    likelihood = SpectralLikelihood(bands, data, mask=seen, unit="K_CMB", convention="COSMO", sky=sky)
    return fisher(Posterior(space, likelihood).flat())


def _covariance(known: Fisher) -> np.ndarray:
    covariance = known.covariance
    bad = [label for label, one in zip(known.labels, np.diagonal(covariance), strict=True) if not np.isfinite(one)]
    if bad:
        raise ValueError(f"{bad[0]}: these bands and maps tell nothing of it: leave it out of `free`.")
    return covariance


def _residual(
    space: ParameterSpace,
    bands: Bands,
    maps: np.ndarray,
    seen: np.ndarray,
    sky: HealpixSky,
    covariance: np.ndarray,
    cmb: int,
) -> np.ndarray:
    """C_l of B of what the errors of the parameters leave: of one map for each direction they are independent in."""
    weight = 1e-12 / jnp.square(bands.sigma(sky, "Q")[0])  # of uK: squares of K leave single precision
    leak = leaks(space, bands, jnp.asarray(maps * 1e6, default_float()), weight, cmb)
    variances, directions = np.linalg.eigh(covariance)
    blank, total = np.full(sky.size, np.nan), np.zeros(3 * sky.nside)
    for variance, direction in zip(np.maximum(variances, 0), directions.T, strict=True):
        left = np.asarray(leak(direction), np.float64) * variance**0.5
        stokes = Stokes(blank, *np.where(seen, left, np.nan), frequency=100.0, unit="uK_CMB", sky=sky)
        total += spectra(full_maps(stokes, None, binary=True), 3 * sky.nside - 1).BB
    return total


def _noise(
    mixing: MixingMatrix, bands: Bands, npix: int, seen: np.ndarray, cmb: int, ell: np.ndarray, beams: bool
) -> np.ndarray:
    """C_l of B of the noise of the CMB, on average over the pixels."""
    matrix = np.asarray(mixing(bands, npix), np.float64)[..., seen]
    columns, counts = np.unique(matrix.reshape(-1, matrix.shape[-1]), axis=1, return_counts=True)
    columns = columns.reshape(*matrix.shape[:2], -1)
    variance = (np.asarray(bands.depth) * _ARCMIN) ** 2
    if not beams:
        white = np.average(np.asarray(noise(columns, 1 / variance, cmb)), weights=counts)
        return np.full(ell.size, white)
    width = np.deg2rad(np.asarray(bands.fwhm)) / np.sqrt(8 * np.log(2))
    windows = np.exp(-ell[:, None] * (ell[:, None] + 1) * width**2)
    found = [np.asarray(noise(columns, window / variance, cmb)) for window in windows]
    return np.average(np.stack(found), axis=1, weights=counts)
