"""The likelihood of a power spectrum of B modes."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import Module, default_float, setting
from ..._core.units import number, numbers
from ...statistics.likelihood import Likelihood
from ...statistics.wishart import Wishart
from .b_modes import BModes

FAR = 1e5  # between data and what the CMB and the noise make: another unit


class Bandpowers(Module):
    """What a spectrum of B modes is compared with: C_l = C_l(model) + N_l.

    **Arguments:** `ell`: degrees, (n,); `extra`: N_l and what else is known, (n,) uK^2.
    """

    ell: tuple[int, ...] = setting()
    extra: tuple[float, ...] = setting(unit="uK2")

    def __call__(self, model: Any) -> Float[Array, " n"]:
        """C_l, uK^2, (n,)."""
        predicted: Any = model
        if not callable(model):
            raise TypeError(
                f"BandpowerLikelihood: the model is a {type(model).__name__}: give sl.cosmology.BModes, or a Sum of it."
            )
        return predicted(np.asarray(self.ell)) + jnp.asarray(self.extra, default_float())

    @property
    def coordinates(self) -> np.ndarray:
        """Degrees, for figures."""
        return np.asarray(self.ell, np.float64)


def BandpowerLikelihood(
    ell: Any,
    data: Any,
    noise: Any = 0.0,
    f_sky: Any = 1.0,
    *,
    residual: Any = None,
    name: str = "BB",
) -> Likelihood:
    """The likelihood of a power spectrum of B modes, on a part f_sky of the sky:

    log L = -f_sky/2 sum_l (2l + 1) [C_obs/C + ln C],  C = r C_1 + A_lens C_lens + N,

    but for terms of the data alone. The model is a `sl.cosmology.BModes`, whose r and lensing are free as priors say,
    or a `sl.cosmology.Sum` of it and a `Template` of foregrounds with a free amplitude.

    **Arguments:**

    - `ell`: degrees, (n,), whole, each once, up to 512; 0 and 1, which B modes do not have, are left out.
    - `data`: C_obs there, (n,) uK^2, the noise not taken off: as `sl.harmonics.angular_power` gives them.
    - `noise`: N_l, uK^2, a number or (n,), such as `.noise` of `sl.forecast`.
    - `f_sky`: the part of the sky, 0 < f_sky <= 1.
    - `residual`: foregrounds that are left over, as known as the noise, uK^2, a number or (n,).
    - `name`: for summaries.

    **Returns:** a `Likelihood` for `sl.Posterior`.

    **Raises:** `ValueError` for data, noise or residuals of other degrees, degrees that are not in the table of
    `BModes`, f_sky out of range, or data that are far from what the CMB and noise make, as those in K^2, or negative.

    !!! example
        >>> import numpyro.distributions as dist
        >>> ell = np.arange(2, 200)
        >>> data = sl.cosmology.BModes(r=0.003)(ell) + 1e-6
        >>> likelihood = sl.BandpowerLikelihood(ell, data, noise=1e-6, f_sky=0.6)
        >>> space = sl.ParameterSpace(sl.cosmology.BModes(), {"r": dist.Uniform(0.0, 0.1)})
        >>> round(float(sl.fit(sl.Posterior(space, likelihood)).parameters["r"]), 5)
        0.003

    **Source:** Hamimeche & Lewis 2008, Phys. Rev. D 77, 103013, section 2.
    """
    found = numbers(ell, "", "ell")
    if found.ndim != 1 or not np.any(found >= 2) or len(np.unique(found)) < found.size:
        raise ValueError(f"ell has shape {found.shape}: give degrees, (n,), each once, some of them 2 or more.")
    part = number(f_sky, "", "f_sky")
    if not 0 < part <= 1:
        raise ValueError(f"f_sky = {part} must lie in (0, 1]: the part of the sky that the data are of.")
    chosen = ~np.isin(found, (0, 1))
    at = found[chosen]
    values = _at(data, chosen, "data")
    extra = _at(noise, chosen, "noise", scalar=True)
    if np.any(extra < 0):
        raise ValueError(f"noise = {extra.min():g} must not be negative.")
    extra = extra + (0.0 if residual is None else _at(residual, chosen, "residual", scalar=True))
    _check_unit(values, np.asarray(BModes()(at), np.float64) + extra)
    notes = (("degrees", f"{at.min():g} ... {at.max():g}"), ("f_sky", f"{part:g}"))
    scatter = Wishart(part * (2 * at + 1))
    return Likelihood(Bandpowers(ell=at.astype(int), extra=extra), values, scatter, None, name, notes)


def _at(values: Any, chosen: np.ndarray, name: str, scalar: bool = False) -> np.ndarray:
    """Numbers at the chosen degrees, uK^2."""
    found, size = numbers(values, "uK2", name), chosen.size
    if scalar and not found.ndim:
        found = np.full(size, found)
    if found.shape != (size,):
        raise ValueError(
            f"{name} has shape {found.shape}, ell has {size} degrees: give it at these, e.g. {name}[ell] of a spectrum "
            "that begins at l = 0."
        )
    found = found[chosen]
    bad = int(np.sum(~np.isfinite(found)))
    if bad:
        raise ValueError(f"{name} is not finite at {bad} of {found.size} degrees: leave them out.")
    return found


def _check_unit(data: np.ndarray, typical: np.ndarray) -> None:
    """Refuses data in K^2, which would seem to have no power at all."""
    if np.median(data) < 0:
        raise ValueError("data are negative, on the median: C_obs is a power with that of the noise in it.")
    ratio = float(np.median(np.abs(data) / typical))
    if ratio and not 1 / FAR < ratio < FAR:
        raise ValueError(
            f"data are {ratio:.2g} times lensing and noise, on the median: give them, noise and residual in uK^2."
        )
