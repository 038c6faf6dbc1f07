"""Figures of one ray: the model along it, and what of the emission arrives from where."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.files import PathLike
from ..sky.simulator.trace import Trace
from . import names as naming
from .canvas import finish, new_figure

if TYPE_CHECKING:
    import matplotlib.figure

_COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73")  # of Okabe & Ito
_DECADES = 5
_Line = tuple[str, np.ndarray]


def ray(
    trace: Trace, *, title: str = "", path: PathLike | None = None, overwrite: bool = False
) -> "matplotlib.figure.Figure":
    """A ray against distance: fields, what arrives of I, Q and U from each kpc, and how much lies before and within.

    dI/ds = j_I e^-tau,  dQ/ds + i dU/ds = (j_Q + i j_U) e^(-tau - delta + i phi),

    with the optical depth tau, the rotation phi of P and its depolarisation delta by unresolved fields, of all nearer
    cells, in the IAU basis; the lowest panel has tau and phi, and the share of I that comes from nearer than so far.
    Densities of cosmic rays are in units of the largest.

    **Arguments:** `trace`: of `simulator.trace`; `title`, `path`, `overwrite`: as `maps`.

    **Returns:** the figure, `matplotlib.figure.Figure`.

    **Raises:** `TypeError` for what is no trace.

    !!! example
        >>> figure = sl.plot.ray(simulator.trace(sl.Directions(30.0, 2.0), frequency=1.4))
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"trace = {type(trace).__name__} is no trace: give simulator.trace(sky, frequency).")
    figure = new_figure(7.0, 6.4)
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    distance, arriving = np.asarray(trace.distance), _arriving(trace)
    _draw(upper, distance, _fields(trace))
    _logarithmic(upper)
    _draw(middle, distance, [(f"d{name}/ds", values) for name, values in arriving.items()])
    middle.set_ylabel(f"{naming.pretty(trace.stokes.unit)} kpc$^{{-1}}$", fontsize=9)
    _draw(lower, distance, _depths(trace, arriving))
    _turn(lower, distance, np.asarray(trace.rotation))
    lower.set_xlabel("distance [kpc]", fontsize=9)
    figure.suptitle(title, fontsize=11)
    return finish(figure, path, overwrite)


def _draw(panel: Any, distance: np.ndarray, lines: list[_Line]) -> None:
    for (label, values), colour in zip(lines, _COLOURS, strict=False):
        panel.plot(distance, np.broadcast_to(values, distance.shape), label=label, color=colour, linewidth=1.2)
    panel.tick_params(labelsize=8)
    if lines:
        # to the right: a power of ten of the axis stands to the left
        panel.legend(fontsize=8, frameon=False, ncols=len(lines), loc="lower right", bbox_to_anchor=(1.0, 0.98))
    panel.margins(x=0)


def _logarithmic(panel: Any) -> None:
    """A logarithmic scale of some decades at most."""
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    panel.set_ylim(max(low, high / 10**_DECADES), high)


def _turn(panel: Any, distance: np.ndarray, rotation: np.ndarray) -> None:
    """The rotation of P, on a scale of its own to the right, if anything turns it."""
    if not np.any(rotation):
        return
    right = panel.twinx()
    right.plot(distance, rotation, color=_COLOURS[2], linewidth=1.2)
    right.set_ylabel("rotation of P [rad]", color=_COLOURS[2], fontsize=9)
    right.tick_params(labelsize=8, colors=_COLOURS[2])


def _fields(trace: Trace) -> list[_Line]:
    """|B|, n_e and the density of each population of cosmic rays, those over their largest value."""
    plasma, found = trace.plasma, []
    if plasma.magnetic_field is not None:
        modulus = np.sqrt(sum(np.asarray(part) ** 2 for part in plasma.magnetic_field))
        found.append(("|B| [µG]", _positive(modulus)))
    if plasma.electron_density is not None:
        found.append((r"$n_e$ [cm$^{-3}$]", _positive(np.asarray(plasma.electron_density))))
    for number, population in enumerate(plasma.cosmic_rays or ()):
        density = np.asarray(population.density)
        name = "cosmic rays" if number == 0 else f"cosmic rays, {number + 1}"
        found.append((name, _positive(density / max(float(density.max()), np.finfo(float).tiny))))
    return found[: len(_COLOURS)]


def _positive(values: np.ndarray) -> np.ndarray:
    """Values of a logarithmic scale, which has no zero."""
    return np.where(values > 0, values, np.nan)


def _arriving(trace: Trace) -> dict[str, np.ndarray]:
    """What arrives of each kpc, (cells,)."""
    j, fading = trace.coefficients.emissivity, np.exp(-np.asarray(trace.optical_depth))
    turn = np.exp(1j * np.asarray(trace.rotation))
    i, q, u = (np.zeros_like(fading) if part is None else np.asarray(part) for part in (j.I, j.Q, j.U))
    polarised = (q + 1j * u) * fading * turn * np.exp(-_depolarisation(trace))
    return {"I": i * fading} | ({} if j.Q is None else {"Q": polarised.real, "U": polarised.imag})


def _depolarisation(trace: Trace) -> np.ndarray:
    """By unresolved fields, of all nearer cells, (cells,)."""
    rate = trace.coefficients.depolarisation
    widths = np.asarray(trace.widths)
    each = np.zeros_like(widths) if rate is None else np.asarray(rate) * widths
    return np.cumsum(each) - each


def _depths(trace: Trace, arriving: dict[str, np.ndarray]) -> list[_Line]:
    """The share of I from nearer cells, and their optical depth where there is any."""
    total = np.cumsum(arriving["I"] * np.asarray(trace.widths))
    found = [("share of I", total / total[-1])] if total[-1] > 0 else []
    depth = np.asarray(trace.optical_depth)
    return [*found, ("optical depth", depth)] if np.any(depth) else found
