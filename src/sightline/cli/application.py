"""Commands, their arguments, and how they are refused: early, in one line, with the cure.

What computes is imported only once a command has something to compute.
"""

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.exceptions import CycloptsError

from .._core.reading import FileError
from ..inference import FitError
from .about import cite as cite
from .about import info as info
from .about import models as models
from .app import Json, Whole, app
from .compiled import keep_compiled
from .data import data as data
from .frequencies import read_in
from .galaxies import cube as cube
from .interrupts import CODE as INTERRUPTED
from .interrupts import MESSAGE, interrupts, leave, watched
from .refusal import Failure, Refusal
from .spectra import spectrum as spectrum

_SPREAD_GHZ, _CHECK_GHZ = read_in("GHz", "frequency")
_SPREAD_GEV, _CHECK_GEV = read_in("GeV", "energy")
Operator = Literal["synchrotron", "self-absorption", "faraday", "free-free"]


def main(tokens: Sequence[str] | None = None) -> int:
    """Runs the command line.

    **Arguments:** `tokens`: `None`: those of this process, which ends here where it is interrupted.

    **Returns:** the exit code: 0; 1 where writing or a fit failed; 2 for a bad request; 130 for Ctrl-C or SIGTERM.
    """
    own = tokens is None
    if own:
        keep_compiled()
    with watched() if own else contextlib.nullcontext(), interrupts() as stop:
        code = _run(sys.argv[1:] if tokens is None else list(tokens), stop)
    if own and code == INTERRUPTED:
        leave(code)
    return code


def _run(tokens: list[str], stop: Callable[[], None]) -> int:
    try:
        _call(tokens, stop)
    except CycloptsError as error:
        known = [one for one in tokens[:1] if one in list(app) and not one.startswith("-")]
        return _complain(f"{error} See {' '.join(['sightline', *known])} --help.", 2)
    except (Refusal, FileError) as error:
        return _complain(str(error), 2)
    except (OSError, FitError, Failure) as error:
        return _complain(str(error), 1)
    except MemoryError as error:
        return _complain(str(error) or "there is not enough memory: lower nside, chunk or the number of cells.", 1)
    except KeyboardInterrupt:
        return _complain(MESSAGE, INTERRUPTED)
    return 0


def _call(tokens: list[str], stop: Callable[[], None]) -> None:
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except Exception:
        stop()  # what interrupts a callback of compiled code arrives as an error of that
        raise


def _complain(message: str, code: int) -> int:
    print("sightline:", " ".join(message.split()), file=sys.stderr)
    return code


@app.command
def simulate(
    *,
    output: Path,
    frequency: Annotated[
        list[float] | None,
        Parameter(consume_multiple=True, negative=(), converter=_SPREAD_GHZ, validator=_CHECK_GHZ, n_tokens=1),
    ] = None,
    energy: Annotated[
        list[float] | None,
        Parameter(consume_multiple=True, negative=(), converter=_SPREAD_GEV, validator=_CHECK_GEV, n_tokens=1),
    ] = None,
    observable: Literal["stokes", "rm", "dm", "em"] = "stokes",
    model: str | None = None,
    operators: Annotated[list[Operator] | None, Parameter(consume_multiple=True, negative=())] = None,
    temperature: float | None = None,
    clumping: float | None = None,
    beam: float | None = None,
    noise: float | None = None,
    seed: Annotated[int, Whole] = 0,
    bandpass: Path | None = None,
    nside: Annotated[int, Whole] = 64,
    plot: Path | None = None,
    cells: Annotated[int | None, Whole] = None,
    tolerance: float | None = None,
    supersample: Annotated[int, Whole] = 1,
    precision: Literal["double", "single"] = "double",
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Simulate the full sky of a published or the default Galaxy: I, Q, U, or rotation, dispersion, emission measure.

    By default the magnetic field is the LSA model, electrons and cosmic rays are exponential disks, and the sky shows
    synchrotron emission with Faraday rotation. No background is added.

    Parameters
    ----------
    output
        FITS file to write, one HEALPix table a frequency.
    frequency
        One or more in GHz, or ranges start:stop:count, both ends included. Needed for Stokes parameters.
    energy
        Instead of --frequency, one or more in GeV, or ranges: gamma rays, GeV^-1 cm^-2 s^-1 sr^-1, of the cosmic-ray
        electrons on the microwave background, dust of 30 K and starlight of 3000 K.
    observable
        Stokes parameters, or RM [rad m^-2], DM [pc cm^-3], EM [pc cm^-6].
    model
        A published sky, one of those that `sightline models` lists, seen from its own Sun.
    operators
        What emits, absorbs and rotates; by default synchrotron and Faraday rotation.
    temperature
        Of the electrons that emit free-free radiation, K; 8000 by default.
    clumping
        Of the electrons of free-free radiation or the emission measure, <n_e^2>/<n_e>^2; 1 by default.
    beam
        Full width at half maximum of a Gaussian beam, deg.
    noise
        Standard deviation of Gaussian noise added to every pixel of I, Q and U, K.
    seed
        Of the noise: the same gives the same.
    bandpass
        Text file of two columns, frequency [GHz] and weight: the sky is averaged over it. Instead of --frequency.
    nside
        Resolution, a power of two.
    plot
        Figure of the maps to write: .png, .pdf, ...
    cells
        Cells along each ray, to where the model ends; where it jumps some more. By default 384.
    tolerance
        Instead of --cells: of the error of every map, relative to its rms, e.g. 1e-3. Each ray gets the cells it needs.
    supersample
        Each pixel is the mean over the square of this number of rays; a power of two.
    precision
        Of the computation and the file.
    overwrite
        Replace existing files.
    json
        Print the report as JSON.
    """
    import jax

    from .run import Request, run

    request = Request(
        output=output,
        frequency=frequency,
        energy=energy,
        observable=observable,
        model=model,
        operators=operators,
        temperature=temperature,
        clumping=clumping,
        beam=beam,
        noise=noise,
        seed=seed,
        bandpass=bandpass,
        nside=nside,
        plot=plot,
        cells=cells,
        tolerance=tolerance,
        supersample=supersample,
        overwrite=overwrite,
        json=json,
    )
    with jax.enable_x64(precision == "double"), interrupts() as stop:
        run(request, stop)


@app.command
def fit(file: Path, /, *, json: Json = False) -> None:
    """Fit the model of a run file to its data.

    Writes into the folder that the file names: `fit.txt` and `fit.json` (parameters), `model.npz` (for `sl.load`),
    figures, `run.log` and a copy of the file. Ended by anything, the same call goes on where it was.

    Parameters
    ----------
    file
        TOML file with the tables model, parameters, data, fit and output.
    json
        Print the results as JSON, and nothing else.
    """
    _infer(file, "fit", json)


@app.command
def sample(file: Path, /, *, json: Json = False) -> None:
    """Fit the model of a run file to its data, and sample its posterior from there.

    Writes what `sightline fit` does, and `posterior.nc` (for `sl.inference.load_chains`), `chains.txt` and
    `chains.json` with the verdict, and figures. Ended by anything, the same call goes on where it was; more draws
    extend it.

    Parameters
    ----------
    file
        TOML file with the tables model, parameters, data, fit, sample and output.
    json
        Print the results as JSON, and nothing else.
    """
    _infer(file, "sample", json)


@app.command
def separate(file: Path, /, *, json: Json = False) -> None:
    """Separate the maps of a run file into the components of the sky.

    Writes what `sightline fit` does, and a FITS file of each component, `covariance.fits` of their amplitudes,
    `labels.fits` where parameters have clusters, `components.txt`, `.json` and `.png`. Ended by anything, the same
    call goes on where it was.

    Parameters
    ----------
    file
        TOML file with the tables data, sky, components, parameters, fit and output.
    json
        Print the results as JSON, and nothing else.
    """
    _infer(file, "separate", json)


def _infer(file: Path, command: str, as_json: bool) -> None:
    import jax

    from . import inference, separation, study

    apart = command == "separate"
    table, prepare = study.read(file), separation.prepare if apart else study.prepare
    with jax.enable_x64(study.precision(table, "sky" if apart else "model") == "double"):
        getattr(inference, command)(prepare(table, file.parent), file, as_json)
