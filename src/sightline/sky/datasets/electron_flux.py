"""Fluxes of cosmic-ray electrons and positrons at the Earth."""

import dataclasses
import io
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from ..._core.constants import ELECTRON_REST_ENERGY
from ..._core.files import PathLike
from ..._core.reading import FileError, reading
from ..._core.units import number
from ..fields.cosmic_rays.spectra.tabulated import TabulatedSpectrum

_PARTICLES = {"e-": "e-", "e+": "e+", "e+e-": "e+e-", "e-+e+": "e+e-", "e++e-": "e+e-"}
_KINDS = ("rigidity", "kineticEnergy", "totalEnergy")


@dataclasses.dataclass(frozen=True)
class ElectronFlux:
    """The flux of electrons, positrons or both at the Earth, where the Sun holds back those below about 20 GeV.

    - `particles`: `"e-"`, `"e+"` or `"e+e-"`; `experiment`: who measured.
    - `energy`: total, (n,) GeV, rising; `flux`: (n,) GeV^-1 m^-2 s^-1 sr^-1; `statistical`, `systematic`: its errors
      below and above, (n, 2).
    - `dropped`: how many rows have no energy, or no positive flux and error, and are left out.

    !!! example
        >>> energy, error = np.array([10.0, 20.0]), np.full((2, 2), 0.1)
        >>> sl.datasets.ElectronFlux("e-", "AMS-02", energy, np.array([1.0, 0.1]), error, 0 * error, 0).summary()
        'Flux of e- by AMS-02 at 2 energies, 10 to 20 GeV; 0 rows dropped.'
    """

    particles: str
    experiment: str
    energy: np.ndarray
    flux: np.ndarray
    statistical: np.ndarray
    systematic: np.ndarray
    dropped: int

    @property
    def error(self) -> np.ndarray:
        """Statistical and systematic errors together, of both sides the larger, (n,)."""
        return np.hypot(self.statistical.max(axis=1), self.systematic.max(axis=1))

    def interstellar(self, potential: Any) -> "ElectronFlux":
        """The flux outside the heliosphere by a force field: j(E + phi) = j(E) p(E + phi)^2/p(E)^2, errors likewise.

        **Arguments:** `potential` phi: of the modulation by the Sun in the time of the measurement, GV.

        **Returns:** an `ElectronFlux` at E + phi; `.spectrum()` is what fields of cosmic rays take.

        **Raises:** `ValueError` for a potential that is negative.

        !!! example
            >>> energy, error = np.array([10.0, 20.0]), np.full((2, 2), 0.1)
            >>> earth = sl.datasets.ElectronFlux("e-", "AMS-02", energy, np.array([1.0, 0.1]), error, 0 * error, 0)
            >>> outside = earth.interstellar(0.6)
            >>> outside.energy, outside.flux.round(4), outside.error.round(4)
            (array([10.6, 20.6]), array([1.1236, 0.1061]), array([0.1124, 0.1061]))

        **Source:** Gleeson & Axford 1968, ApJ 154, 1011.
        """
        lost = number(potential, "GV", "potential")
        if not 0 <= lost < np.inf:
            raise ValueError(f"potential = {potential} must not be negative [GV].")
        outside = self.energy + lost
        ratio = (outside**2 - ELECTRON_REST_ENERGY**2) / (self.energy**2 - ELECTRON_REST_ENERGY**2)
        errors = {"statistical": self.statistical * ratio[:, None], "systematic": self.systematic * ratio[:, None]}
        return dataclasses.replace(self, energy=outside, flux=self.flux * ratio, **errors)

    def spectrum(self) -> TabulatedSpectrum:
        """The spectrum between these energies, without its errors.

        **Returns:** an `sl.cosmic_rays.spectra.TabulatedSpectrum`.

        **Raises:** `ValueError` as it.

        !!! example
            >>> energy, error = np.array([10.0, 20.0]), np.full((2, 2), 0.1)
            >>> earth = sl.datasets.ElectronFlux("e-", "AMS-02", energy, np.array([1.0, 0.1]), error, 0 * error, 0)
            >>> earth.interstellar(0.6).spectrum().energies
            (10.6, 20.6)
        """
        return TabulatedSpectrum.from_flux(self.flux, self.energy)

    def summary(self) -> str:
        """The table in one line."""
        ends = f"{self.energy[0]:.4g} to {self.energy[-1]:.4g} GeV" if self.energy.size else "none"
        return (
            f"Flux of {self.particles} by {self.experiment} at {self.energy.size} energies, {ends}; "
            f"{self.dropped} rows dropped."
        )


def read_electron_flux(path: PathLike) -> ElectronFlux:
    """Reads a flux of cosmic-ray electrons from tables made from CRDB, the data base of charged cosmic rays.

    Text of six columns: x, flux, its statistical errors below and above, and the systematic ones; with heads such as
    `#Experiment: AMS-02`, `#X Quantity: rigidity` (in GV; or kineticEnergy, totalEnergy in GeV) and `#Y Quantity: e-`
    (or e+, or e+e-, e-+e+, e++e- for both). With rest energy m, E^2 = R^2 + m^2 or E = T + m; fluxes by rigidity are
    multiplied by dR/dE = E/p.

    **Arguments:** `path`: the file.

    **Returns:** an `sl.datasets.ElectronFlux`.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, for other particles, axes and columns, total
    energies that are not above the rest energy or come twice.

    **Source:** Maurin et al. 2023, EPJC 83, 971 (CRDB 4.1).

    !!! example
        >>> from pathlib import Path
        >>> head = "#Experiment: AMS-02\\n#Y Quantity: e-\\n#X Quantity: totalEnergy\\n"
        >>> _ = Path("flux.txt").write_text(head + "10 1.0 0.1 0.1 0.2 0.2\\n20 0.1 0.01 0.01 0.02 0.02\\n")
        >>> sl.datasets.read_electron_flux("flux.txt").summary()
        'Flux of e- by AMS-02 at 2 energies, 10 to 20 GeV; 0 rows dropped.'
    """
    with reading(path, "is no table of fluxes made from CRDB"):
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        kind = _said(text, "X Quantity", _KINDS, path)
        particles = _PARTICLES[_said(text, "Y Quantity", _PARTICLES, path)]
        table = np.loadtxt(io.StringIO(text), ndmin=2)
        if table.shape[1:] != (6,):
            raise FileError(f"path = {path} has {table.shape[1:]} columns: x, flux and four errors are needed.")
        kept = _usable(table)
        order = np.flatnonzero(kept)[np.argsort(table[kept, 0], kind="stable")]
        energy, slope = _total(table[order, 0], kind)
        _check_energies(energy, order, path)
    values = table[order, 1:] * slope[:, None]
    found = re.search(r"^#\s*Experiment:\s*(\S.*?)\s*$", text, re.MULTILINE)
    who = found[1] if found else "an unknown experiment"
    return ElectronFlux(particles, who, energy, values[:, 0], values[:, 1:3], values[:, 3:], int(np.sum(~kept)))


def _usable(table: np.ndarray) -> np.ndarray:
    """Which rows have an energy, a positive flux and a positive error, (n,)."""
    errors = table[:, 2:]
    known = np.all(np.isfinite(table), axis=1) & np.all(table[:, :2] > 0, axis=1)
    return known & np.all(errors >= 0, axis=1) & np.any(errors > 0, axis=1)


def _check_energies(energy: np.ndarray, rows: np.ndarray, path: PathLike) -> None:
    """Refuses rising energies, (n,) GeV, of rows of a file, of which no spectrum can be made.

    **Raises:** `FileError` with the first such row.
    """
    for bad, what in ((energy <= ELECTRON_REST_ENERGY, "not above the rest energy"), (_again(energy), "there before")):
        if np.any(bad):
            at = np.argmax(bad)
            raise FileError(
                f"path = {path}: row {rows[at]} has a total energy of {energy[at]:.7g} GeV, which is {what}."
            )


def _again(energy: np.ndarray) -> np.ndarray:
    """Which of rising energies are those before, (n,)."""
    return np.diff(energy, prepend=-np.inf) == 0


def _said(text: str, what: str, known: Collection[str], path: PathLike) -> str:
    """What a line of the head says, one of those that are known.

    **Raises:** `FileError` for another, or none.
    """
    found = re.search(rf"^#\s*{what}:\s*(\S+)\s*$", text, re.MULTILINE)
    if found is None or found[1] not in known:
        said = found[1] if found else "missing"
        raise FileError(f"path = {path}: #{what}: is {said}, and must be one of {', '.join(known)}.")
    return found[1]


def _total(x: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Total energies, (n,) GeV, and by how much a flux in x is smaller than one in them."""
    if kind == "rigidity":
        energy = np.hypot(x, ELECTRON_REST_ENERGY)
        return energy, energy / x
    return (x + ELECTRON_REST_ENERGY if kind == "kineticEnergy" else x), np.ones_like(x)
