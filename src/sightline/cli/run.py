"""One simulation from the request to the files: everything is checked before anything is computed."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax

import sightline as sl

from ..io import write_columns, write_map
from ..plot import map, maps
from ..sky.axes import check_energy
from .outputs import check_outputs
from .refusal import Refusal
from .report import report, report_values
from .scene import Scene, check_size, choose, instrument, read_band, with_gamma_rays, with_operators
from .settings import SEEDS
from .simulation import Asked, measure_sky, simulate_sky

UNITS = {"rm": "rad m-2", "dm": "pc cm-3", "em": "pc cm-6"}
TEMPERATURE, CLUMPING = 8000.0, 1.0
COLDEST = 1.0  # K, below which `FreeFree` is dark
_OPTIONS = ("nside", "cells", "supersample")


class Request(NamedTuple):
    """What was asked for; see the help of `sightline simulate`."""

    output: Path
    frequency: list[float] | None
    energy: list[float] | None
    observable: str
    model: str | None
    operators: list[str] | None
    temperature: float | None
    clumping: float | None
    beam: float | None
    noise: float | None
    seed: int
    bandpass: Path | None
    nside: int
    plot: Path | None
    cells: int | None
    tolerance: float | None
    supersample: int
    overwrite: bool
    json: bool = False


class _Plan(NamedTuple):
    scene: Scene
    sky: sl.HealpixSky
    asked: Asked
    chain: sl.instruments.Chain


def run(request: Request, stop: Callable[[], None]) -> None:
    """Simulates, writes and reports.

    **Arguments:** `stop`: called now and then; raises to stop.

    **Raises:** `Refusal` before anything is computed; `OSError` where writing fails.
    """
    start = time.perf_counter()
    try:
        _check_request(request)
        check_outputs(request.output, request.plot, request.overwrite)
        plan = _plan(request)
    except (ValueError, TypeError, OSError) as error:
        raise _refusal(error) from None
    if request.observable == "stokes":
        _run_stokes(request, plan, start, stop)
    else:
        _run_measure(request, plan, start, stop)


def _run_stokes(request: Request, plan: _Plan, start: float, stop: Callable[[], None]) -> None:
    seen, rotation, error = simulate_sky(plan.scene, plan.sky, plan.asked, stop)
    stokes = plan.chain(seen)
    if request.noise is not None:
        stokes = sl.instruments.add_noise(stokes, request.noise, jax.random.key(request.seed))
    write_map(request.output, stokes, request.overwrite, plan.scene.simulator)
    if request.plot is not None:
        maps(stokes, request.plot, request.overwrite)
    files = [request.output, request.plot]
    report(plan.scene, stokes, plan.sky, rotation, files, time.perf_counter() - start, error, request.json)


def _run_measure(request: Request, plan: _Plan, start: float, stop: Callable[[], None]) -> None:
    name = request.observable.upper()
    values, error = measure_sky(plan.scene, plan.sky, request.observable, _given(request.clumping, CLUMPING), stop)
    unit = UNITS[request.observable]
    columns = {name: (values, unit)}
    write_columns(request.output, plan.sky, columns, request.overwrite, plan.scene.simulator)
    if request.plot is not None:
        stretch = "diverging" if request.observable == "rm" else "log"
        map(values, plan.sky, title=name, unit=unit, stretch=stretch, path=request.plot, overwrite=request.overwrite)
    files = [request.output, request.plot]
    report_values(plan.scene, name, values, unit, plan.sky, files, time.perf_counter() - start, error, request.json)


def _plan(request: Request) -> _Plan:
    sky = sl.HealpixSky(request.nside, supersample=request.supersample)
    scene = choose(request.model, request.cells)._replace(tolerance=request.tolerance)
    if request.operators is not None:
        temperature, clumping = _given(request.temperature, TEMPERATURE), _given(request.clumping, CLUMPING)
        scene = with_operators(scene, request.operators, temperature, clumping)
    band = None if request.bandpass is None else read_band(request.bandpass)
    asked: Asked = {"frequency": band.frequency if band is not None else _given(request.frequency, [])}
    if request.energy is not None:
        asked, scene = {"energy": check_energy(request.energy).tolist()}, with_gamma_rays(scene)
    check_size(sl.HealpixSky(request.nside), 3 * max(*(len(values) for values in asked.values()), 1))
    return _Plan(scene, sky, asked, instrument(band, request.beam))


def _given(value: Any, default: Any) -> Any:
    """An option, of which 0 is a value as good as any."""
    return default if value is None else value


def _check_request(request: Request) -> None:
    _check_numbers(request)
    if request.observable == "stokes":
        _check_stokes(request)
        return
    if request.clumping is not None and request.observable != "em":
        raise ValueError(f"--clumping does not go with --observable {request.observable}: leave one of them out.")
    for name in ("frequency", "energy", "bandpass", "beam", "noise", "operators", "temperature"):
        if getattr(request, name) is not None:
            raise ValueError(f"--{name} does not go with --observable {request.observable}: leave one of them out.")


def _check_numbers(request: Request) -> None:
    """Refuses numbers that are none, or out of range, by the name of their option."""
    least = {"temperature": COLDEST, "clumping": 1.0}
    for name, unit in {"temperature": " K", "clumping": "", "beam": ", in deg", "noise": ", in K"}.items():
        value, low = getattr(request, name), least.get(name)
        if value is None or (math.isfinite(value) and (value > 0 if low is None else value >= low)):
            continue
        wanted = "a positive number" if low is None else f"a number of at least {low:g}"
        raise ValueError(f"--{name} = {value:g} must be {wanted}{unit}.")
    if request.tolerance is not None and not 0 < request.tolerance < 1:
        raise ValueError(
            f"--tolerance = {request.tolerance:g} must lie between 0 and 1: an error over the rms of a map."
        )
    if request.tolerance is not None and request.cells is not None:
        raise ValueError(
            "--cells and --tolerance are both given: a tolerance chooses the cells, leave one of them out."
        )
    if not 0 <= request.seed < SEEDS:
        raise ValueError(f"--seed = {request.seed} must be a whole number from 0 to {SEEDS - 1}.")


def _check_stokes(request: Request) -> None:
    given = [name for name in ("frequency", "energy", "bandpass") if getattr(request, name) is not None]
    if request.energy is not None:
        others = ("operators", "noise", "temperature", "clumping")
        given += [name for name in others if getattr(request, name) is not None]
        if len(given) > 1:
            raise ValueError(f"--energy does not go with --{(set(given) - {'energy'}).pop()}: leave one of them out.")
        return
    if len(given) != 1:
        raise ValueError("Stokes parameters need either --frequency or --bandpass, or --energy: give one of them.")
    operators = _given(request.operators, [])
    if request.operators is not None and not operators:
        raise ValueError("--operators names none: give at least one, e.g. --operators synchrotron.")
    for name in operators:
        if operators.count(name) > 1:
            raise ValueError(f"--operators names {name} {operators.count(name)} times, which counts it as often: once.")
    for name in ("temperature", "clumping"):
        if getattr(request, name) is not None and "free-free" not in operators:
            raise ValueError(f"--{name} belongs to free-free radiation: add --operators free-free.")


def _refusal(error: Exception) -> Refusal:
    """What the library says about an argument, under the name that it has here."""
    message = str(error)
    if message.startswith("There is no preset"):
        return Refusal(f"--model: {message}")
    owner, _, rest = message.partition(".")
    if owner == "GaussianBeam":
        return Refusal(f"--beam{rest.removeprefix('fwhm')}")
    return Refusal(f"--{message}" if message.split(" ")[0] in _OPTIONS else message)
