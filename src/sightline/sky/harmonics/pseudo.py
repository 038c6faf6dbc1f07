"""Power spectra of a cut sky, its modes unmixed and its B modes purified, where NaMaster is installed."""

import importlib
from typing import Any

import numpy as np

from ..._core.units import number, whole
from .maps import check_lmax, full_maps
from .power import AngularPower


def pseudo_power(
    stokes: Any, mask: Any = None, lmax: Any = None, *, apodise: Any = 5.0, width: Any = 4, purify: bool = True
) -> AngularPower:
    """The power spectra of a cut sky, in uK_CMB^2, its modes unmixed: D_b = sum_b' (M^-1)_bb' D~_b'.

    D = l (l + 1) C_l/(2 pi), and M is what the mask makes of one that is constant in bands of degrees, as it nearly is
    of foregrounds and of the CMB. What is given is C_b = 2 pi D_b/(m (m + 1)), m the mean degree of the band: compare
    it with the mean of l (l + 1) C_l over the band, divided by m (m + 1). That of a flat spectrum, as of noise, is
    C (1 + (width^2 - 1)/(12 m (m + 1))), 8 % above C in the lowest band of 4.

    B modes that are E modes cut at the edge of the mask are taken out of the map, if `purify`.

    **Arguments:**

    - `stokes`: as for `angular_power`.
    - `mask`: pixels to use or their weights between 0 and 1, (npix,).
    - `lmax`: the last degree; `None`: 3 nside - 1.
    - `apodise`: deg over which the mask falls to 0 at its edge; 0: as it is, for one that falls already.
    - `width`: degrees in a band.
    - `purify`: whether B is purified, which needs a mask that falls smoothly.

    **Returns:** `AngularPower`, whose `.ell` are the means of the bands.

    **Raises:** `ImportError` without NaMaster; as `angular_power`.

    !!! example
        >>> sky = sl.HealpixSky(nside=4)
        >>> maps = sl.Stokes(*np.ones((3, 192)), frequency=100.0, unit="uK_CMB", sky=sky)
        >>> try:
        ...     power = sl.harmonics.pseudo_power(maps, mask=abs(sky.lonlat()[1]) > 20)
        ... except ImportError as error:
        ...     print("pip install" in str(error))
        True

    **Source:** Alonso et al. 2019, MNRAS 484, 4127 (NaMaster); Smith & Zaldarriaga 2007, Phys. Rev. D 76, 043001.
    """
    scale, band = number(apodise, "deg", "apodise"), whole(width, "width", 1)
    if scale < 0:
        raise ValueError(f"apodise = {scale} deg must not be negative.")
    maps = full_maps(stokes, mask, binary=False)
    last, master = check_lmax(lmax, maps.nside), _namaster()
    weight = master.mask_apodization(maps.weight, scale, apotype="C2") if scale else maps.weight
    bins = master.NmtBin.from_lmax_linear(last, band, is_Dell=True)

    degrees = bins.get_effective_ells()

    def spectra(values: np.ndarray, **options: Any) -> np.ndarray:
        field = master.NmtField(weight, values, lmax=last, lmax_mask=last, **options)
        return master.compute_full_master(field, field, bins) * (2 * np.pi / (degrees * (degrees + 1)))

    blank = np.full(bins.get_n_bands(), np.nan)
    temperature = spectra(maps.values[:1])[0] if maps.intensity else blank
    polarised = spectra(maps.values[1:], purify_b=purify) if maps.polarised else (blank,) * 4
    f_sky = float(np.mean(weight**2) ** 2 / np.mean(weight**4))  # of as many modes
    return AngularPower(degrees, temperature, polarised[0], polarised[3], polarised[1], f_sky)


def _namaster() -> Any:
    """NaMaster.

    **Raises:** `ImportError` with the cure.
    """
    try:
        return importlib.import_module("pymaster")
    except ImportError as error:
        raise ImportError(
            "pseudo_power unmixes the modes of a cut sky with NaMaster, which is not installed: pip install "
            "'sightline[namaster]' (it needs the GNU Scientific Library), or take sl.harmonics.angular_power."
        ) from error
