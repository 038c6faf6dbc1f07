"""Commands, their arguments, and how they are refused: early, in one line, with the cure.

What computes is imported only once a command has something to compute.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from .._version import __version__
from .interrupts import interrupts

app = App(
    name="sightline",
    version=__version__,
    help="What an instrument sees of a magnetised, radiating medium: maps of the radio sky.",
    suppress_keyboard_interrupt=False,
)


class Refusal(Exception):
    """A request that cannot be met, in one line that names the argument and the cure."""


def main(tokens: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 1 where writing failed, 2 for a bad request, 130 for Ctrl-C."""
    tokens = sys.argv[1:] if tokens is None else list(tokens)
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _complain(f"{error} See sightline simulate --help.", 2)
    except Refusal as error:
        return _complain(str(error), 2)
    except OSError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no file is half-written.", 130)
    return 0


def _complain(message: str, code: int) -> int:
    print("sightline:", " ".join(message.split()), file=sys.stderr)
    return code


def _check_frequency(_: Any, values: Sequence[float]) -> None:
    if not values or not all(0 < value < float("inf") for value in values):
        raise ValueError("Give one or more positive, finite numbers, in GHz.")


@app.command
def simulate(
    *,
    frequency: Annotated[list[float], Parameter(consume_multiple=True, negative=(), validator=_check_frequency)],
    output: Path,
    model: str | None = None,
    nside: int = 64,
    plot: Path | None = None,
    cells: int = 512,
    supersample: int = 1,
    precision: Literal["double", "single"] = "double",
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Simulate the full sky in I, Q and U: synchrotron and Faraday rotation of a published or the default Galaxy.

    By default the magnetic field is the LSA model, electrons and cosmic rays are exponential disks. No background is
    added.

    Parameters
    ----------
    frequency
        One or more, in GHz.
    output
        FITS file to write, one HEALPix table a frequency.
    model
        A published sky, one of those that `sightline models` lists, seen from its own Sun.
    nside
        Resolution, a power of two.
    plot
        Figure of the maps to write: .png, .pdf, ...
    cells
        Cells along each ray.
    supersample
        Each pixel is the mean over the square of this number of rays; a power of two.
    precision
        Of the computation and the file.
    overwrite
        Replace existing files.
    """
    start = time.perf_counter()
    import jax

    import sightline as sl

    from ..io import write_map
    from ..plot import maps
    from .report import report
    from .simulation import choose, simulate_sky

    with jax.enable_x64(precision == "double"), interrupts() as check:
        try:
            _check_files(output, plot, overwrite)
            sky, scene = sl.HealpixSky(nside, supersample=supersample), choose(model, cells)
        except (ValueError, TypeError, OSError) as error:
            raise _refusal(error) from None
        stokes, rotation = simulate_sky(scene, sky, frequency, check)
        write_map(output, stokes, overwrite, scene.simulator)
        if plot is not None:
            maps(stokes, plot, overwrite)
        report(scene, stokes, sky, rotation, [output, plot], time.perf_counter() - start)


@app.command
def models() -> None:
    """List the published skies that `sightline simulate --model` takes, with the keys of their papers."""
    from rich.console import Console
    from rich.table import Table

    from ..presets import list as presets

    table = Table("Model", "What it is", "Papers")
    for entry in presets():
        table.add_row(entry.name, entry.summary, ", ".join(entry.papers))
    Console(highlight=False).print(table)


def _refusal(error: Exception) -> Refusal:
    """What the library says about an argument, under the name that it has here."""
    message = str(error)
    if message.startswith("There is no preset"):
        return Refusal(f"--model: {message}")
    return Refusal(f"--{message}" if message.startswith(("nside ", "cells ", "supersample ")) else message)


def _check_files(output: Path, plot: Path | None, overwrite: bool) -> None:
    from ..io import check_writable
    from ..plot import check_format

    target = check_writable(output, overwrite, "--output")
    if not output.name.lower().endswith((".fits", ".fit", ".fits.gz")):
        raise ValueError(f"--output = {output} is a FITS file: end it in .fits or .fits.gz.")
    if plot is not None:
        check_format(plot, "--plot")
        if check_writable(plot, overwrite, "--plot") == target:
            raise ValueError(f"--plot = {plot} is also --output: choose another name.")
