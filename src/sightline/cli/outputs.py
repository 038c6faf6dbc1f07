"""The files that a command writes: a FITS file, and a figure where one is asked for."""

from pathlib import Path

from ..io import check_writable
from ..plot import check_format


def check_outputs(output: Path, plot: Path | None, overwrite: bool) -> None:
    """Refuses files that cannot be written, or that are one.

    **Raises:** `ValueError` and `OSError`, naming the option.
    """
    target = check_writable(output, overwrite, "--output")
    if not output.name.lower().endswith((".fits", ".fit", ".fits.gz")):
        raise ValueError(f"--output = {output} is a FITS file: end it in .fits or .fits.gz.")
    if plot is not None:
        check_format(plot, "--plot")
        if check_writable(plot, overwrite, "--plot") == target:
            raise ValueError(f"--plot = {plot} is also --output: choose another name.")
