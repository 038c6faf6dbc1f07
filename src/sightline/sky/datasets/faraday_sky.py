"""Maps of the Galactic Faraday depth."""

import dataclasses

import numpy as np

from ..._core.files import PathLike
from ...io import read_columns
from ..geometry import HealpixSky


@dataclasses.dataclass(frozen=True)
class FaradaySky:
    """The Faraday depth of the Galaxy as reconstructed from sources behind it.

    - `sky`: the pixels; `rm`, `error`: (npix,), rad m^-2, NaN where the map has no value.
    - `blank`: how many pixels have none, or no positive error.

    !!! example
        >>> depth = np.full(12, 3.0)
        >>> sl.datasets.FaradaySky(sl.HealpixSky(1), rm=depth, error=depth, blank=0).summary()[:27]
        'Faraday depth of 12 pixels,'
    """

    sky: HealpixSky
    rm: np.ndarray
    error: np.ndarray
    blank: int

    def summary(self) -> str:
        """The map in one line."""
        return (
            f"Faraday depth of {self.sky.size} pixels, NSIDE {self.sky.nside}: median {np.nanmedian(self.rm):.1f}, "
            f"standard deviation {np.nanstd(self.rm):.1f}, median error {np.nanmedian(self.error):.1f} rad m^-2; "
            f"{self.blank} blank pixels."
        )


def read_faraday_sky(path: PathLike, rm: str = "RM", error: str = "RM_ERR", coordsys: str | None = None) -> FaradaySky:
    """Reads a HEALPix map of Faraday depth and its error, such as that of Oppermann et al. 2015.

    Pixels without a finite value and a positive error become NaN in both, and are counted.

    **Arguments:** `rm`, `error`: names of the columns, in whatever unit the file says, rad m^-2 if none; `coordsys`:
    `"G"` where the file does not say that it is in Galactic coordinates, but is; `path`: the file.

    **Returns:** an `sl.datasets.FaradaySky`.

    **Raises:** as `sl.io.read_columns`, also for columns that are missing.

    **Source:** Oppermann et al. 2015, A&A 575, A118.

    !!! example
        >>> import numpy as np
        >>> from astropy.table import Table
        >>> table = Table({"RM": np.arange(12.0), "RM_ERR": np.ones(12)})
        >>> table.meta |= {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": 1, "COORDSYS": "G"}
        >>> table.write("faraday.fits", overwrite=True)
        >>> read_faraday_sky("faraday.fits").rm[:3]
        array([0., 1., 2.])
    """
    sky, columns = read_columns(path, coordsys=coordsys, units={rm: "rad m-2", error: "rad m-2"})
    values, errors = (np.asarray(columns[name], np.float64) for name in (rm, error))
    bad = ~(np.isfinite(values) & np.isfinite(errors) & (errors > 0))
    return FaradaySky(sky, np.where(bad, np.nan, values), np.where(bad, np.nan, errors), int(bad.sum()))
