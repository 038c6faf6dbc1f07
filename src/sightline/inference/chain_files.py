"""Chains from files, which are checked before any library reads them."""

from typing import Any

from .._core.files import PathLike
from .._core.reading import FileError, check_unpacked, reading
from .._core.sums import check_sum
from .chains import Chains


def load_chains(path: PathLike) -> Chains:
    """Chains from a file of `Chains.save`.

    **Arguments:** `path`: of a file by `Chains.save`.

    **Returns:** `sl.Chains`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for a file that holds none or is damaged.

    !!! example
        >>> chains.save("kept.nc", overwrite=True)
        >>> sl.inference.load_chains("kept.nc").labels == chains.labels
        True
    """
    import xarray as xr

    with reading(path, "is no netCDF file, or damaged"):
        check_sum(path)
        _check_sizes(path)
        tree = xr.load_datatree(path, engine="h5netcdf")
        if "names" not in tree.attrs:
            raise FileError(f"path = {path} holds no chains of sightline.")
        chains = Chains(tree)
        if chains.vector.ndim != 3 or not chains.labels or len(chains.units) != chains.vector.shape[2]:
            raise FileError(f"path = {path} holds no chains of sightline.")
        return chains


def _check_sizes(path: PathLike) -> None:
    """Refuses a file that declares more numbers than it can hold, or takes them from another one."""
    import h5py

    def check(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(item.size * item.dtype.itemsize)
            if item.external or item.is_virtual:
                raise FileError(f"path = {path} takes {item.name} from another file: it is not read.")

    sizes: list[int] = []
    with h5py.File(path, "r") as file:
        file.visititems(check)
    check_unpacked(path, sum(sizes))
