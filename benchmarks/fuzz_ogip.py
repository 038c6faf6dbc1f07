"""Damaged OGIP files: `python benchmarks/fuzz_ogip.py --files 100000 --seed 0`.

Small valid spectra, matrices and areas are damaged in ways that a seed decides, as in `fuzz.py`, and read. Each must
give what it held, other values that are valid, or one error that names a file. `--only NUMBER` repeats one.
"""

import argparse
import collections
import faulthandler
import math
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fuzz_damage
import jax
import numpy as np
from astropy.io import fits
from common import save
from fuzz_damage import damage

from sightline.io.files import FileError
from sightline.io.ogip import (
    TableData,
    TableParameter,
    read_observation,
    read_response,
    read_table_model,
    write_pha,
    write_response,
    write_table_model,
)
from sightline.xray import counts

CARDS = ["EXPOSURE", "BACKSCAL", "AREASCAL", "QUALITY", "GROUPING", "POISSERR", "RESPFILE", "BACKFILE", "ANCRFILE"]
CARDS += ["TLMIN4", "TLMIN1", "THEAP", "EXTNAME", "HDUCLAS1", "HDUCLAS2", "TFORM3", "TFORM4", "TFORM5", "TFORM6"]
CARDS += ["TTYPE4", "TTYPE5", "TTYPE6", "TZERO4", "TSCAL6", "TNULL3", "TUNIT2", "NAXIS2", "PCOUNT", "TDIM4", "ADDMODEL"]
CARDS += ["NINTPARM", "NADDPARM", "LOELIMIT", "NXFLTEXP"]
SLOW, HUNG, LARGE = 5.0, 60.0, 1024  # s, s, MiB
OUTCOMES = ("unchanged", "other values", "refused")
Tally = dict[str, collections.Counter]
EDGES = np.linspace(0.5, 3.0, 11)


class Target(NamedTuple):
    """A file: its `name`, valid `content`, where its first table has `data`, and how it is read to a list of arrays."""

    name: str
    content: bytes
    data: range
    read: Callable[[Path], list[np.ndarray]]


def files(folder: Path) -> Iterator[Target]:
    """One file of each kind."""
    shape = np.exp(-0.5 * (np.subtract.outer(EDGES[:-1], EDGES[:-1]) / 0.3) ** 2)
    response = counts.Response(EDGES[:-1], EDGES[1:], np.where(shape > 0.01, shape, 0.0), EDGES)
    write_response(folder / "x.rsp", response)
    write_variable(folder / "x.rmf")
    columns = [fits.Column(n, "E", "keV", array=e) for n, e in (("ENERG_LO", EDGES[:-1]), ("ENERG_HI", EDGES[1:]))]
    columns.append(fits.Column("SPECRESP", "E", "cm**2", array=np.arange(10.0)))
    write(folder / "x.arf", columns, EXTNAME="SPECRESP")
    spectrum = counts.Spectrum(
        np.arange(10), 100.0, quality=[0] * 9 + [2], grouping=[1, -1] * 5, error=np.ones(10), area_scale=EDGES[1:]
    )
    write_pha(folder / "b.pha", counts.Spectrum(np.ones(10), 50.0))
    write_pha(folder / "x.pha", spectrum, background="b.pha", response="x.rsp", area="none")
    write_type_two(folder / "two.pha")
    write_table(folder / "t.fits")
    for name in ("x.rsp", "x.pha", "t.fits"):
        fits.delval(folder / name, "DATASUM", ext=1)
    readers = {"x.rsp": matrix, "x.rmf": matrix, "x.pha": spectra, "two.pha": spectra, "b.pha": behind, "x.arf": areas}
    readers["t.fits"] = tables
    for name, read in readers.items():
        with fits.open(folder / name) as file:
            place = file[1].fileinfo()
            data = range(place["datLoc"], place["datLoc"] + file[1].header["NAXIS1"] * file[1].header["NAXIS2"])
        yield Target(name, (folder / name).read_bytes(), data, read)


def write(path: Path, columns: list[Any], *more: Any, **cards: Any) -> None:
    """A file of one table, and more."""
    table = fits.BinTableHDU.from_columns(columns, fits.Header(list(cards.items())))
    fits.HDUList([fits.PrimaryHDU(), table, *more]).writeto(path)


def write_variable(path: Path) -> None:
    """A matrix whose groups and elements are arrays of their own lengths, of 16 and 32 bits: few are aligned."""
    rows = [np.arange(max(i - 2, 0), min(i + 3, 10)) for i in range(10)]

    def objects(parts: Any, kind: Any) -> np.ndarray:
        found = np.empty(10, object)
        found[:] = [np.array(part, kind) for part in parts]
        return found

    columns = [fits.Column(n, "E", "keV", array=e) for n, e in (("ENERG_LO", EDGES[:-1]), ("ENERG_HI", EDGES[1:]))]
    columns += [fits.Column("N_GRP", "I", array=np.ones(10))]
    columns += [fits.Column("F_CHAN", "PI(1)", array=objects([[row[0]] for row in rows], np.int16))]
    columns += [fits.Column("N_CHAN", "PI(1)", array=objects([[len(row)] for row in rows], np.int16))]
    columns += [fits.Column("MATRIX", "PE(5)", array=objects([row / 10 for row in rows], np.float32))]
    bounds = [fits.Column("CHANNEL", "I", array=np.arange(10))]
    bounds += [fits.Column(n, "E", "keV", array=e) for n, e in (("E_MIN", EDGES[:-1]), ("E_MAX", EDGES[1:]))]
    table = fits.BinTableHDU.from_columns(bounds, fits.Header([("EXTNAME", "EBOUNDS")]))
    write(path, columns, table, EXTNAME="MATRIX", TLMIN4=0)


def write_type_two(path: Path) -> None:
    """Three spectra in one table."""
    columns = [fits.Column("CHANNEL", "10I", array=[np.arange(1, 11)] * 3)]
    columns += [fits.Column("RATE", "10E", array=np.arange(30.0).reshape(3, 10) / 100)]
    columns += [fits.Column("EXPOSURE", "D", array=[100.0] * 3), fits.Column("RESPFILE", "8A", array=["x.rsp"] * 3)]
    write(path, columns, EXTNAME="SPECTRUM", POISSERR=True)


def write_table(path: Path) -> None:
    """A table model of two parameters and an additional one."""
    limits = {"initial": 1.0, "minimum": 0.5, "bottom": 0.5, "top": 2.0, "maximum": 2.0}
    grid = tuple(TableParameter(name, True, **limits, values=np.array([0.5, 2.0])) for name in ("kT", "tau"))
    extra = (TableParameter("iron", False, **limits, values=np.zeros(0)),)
    bins = {"low": EDGES[:-1], "high": EDGES[1:], "spectra": np.ones((2, 2, 10))}
    table = TableData("gas", "additive", True, grid, extra, **bins, additional_spectra=np.ones((1, 2, 2, 10)))
    write_table_model(path, table)


def tables(path: Path) -> list[np.ndarray]:
    """A table model."""
    found = read_table_model(path)
    more = [] if found.additional_spectra is None else [found.additional_spectra]
    return [found.low, found.high, *(one.values for one in found.parameters), found.spectra, *more]


def matrix(path: Path) -> list[np.ndarray]:
    """A response."""
    found = read_response(path)
    return [found.low, found.high, np.asarray(found.matrix), found.channels.low]


def spectra(path: Path) -> list[np.ndarray]:
    """An observation with its background and response, grouped."""
    found = read_observation(path, row=0)
    group = found.group(counts.Optimal())
    parts = [found.counts, found.low, np.asarray(found.folding.matrix), group.counts]
    return parts if found.background is None else [*parts, found.background, found.ratio]


def behind(path: Path) -> list[np.ndarray]:
    """The background of an observation."""
    return spectra(path.parent / "x.pha")


def areas(path: Path) -> list[np.ndarray]:
    """A matrix and an area."""
    return [np.asarray(read_response(path.parent / "x.rsp", path).matrix)]


def numbers_changed(target: Target, random: np.random.Generator) -> bytes:
    """The content with one to four other bytes in the rows of the first table."""
    content = bytearray(target.content)
    for place in random.choice(target.data, random.integers(1, 5)):
        content[place] = random.integers(256)
    return bytes(content)


def examine(target: Target, whole: list[np.ndarray], path: Path, seed: int) -> str:
    """Damages a file that held `whole`, reads it, and says how that ended: one of `OUTCOMES`, or what went wrong."""
    random = np.random.default_rng(seed)
    path.write_bytes(damage(target.content, "fits", random) if seed % 2 else numbers_changed(target, random))
    begun, held = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        found = target.read(path)
        assert all(np.all(np.isfinite(part)) for part in found)
        same = len(found) == len(whole) and all(map(np.array_equal, found, whole))
        outcome = OUTCOMES[0] if same else OUTCOMES[1]
    except (FileError, FileNotFoundError) as error:
        outcome = OUTCOMES[2] if str(path.parent) in str(error) else f"an error that names no file: {error}"
    except Exception:
        outcome = traceback.format_exc()
    took, taken = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
    if took > SLOW or taken > 1024 * LARGE:
        return f"{took:.1f} s, {taken / 1024:.0f} MiB, then {outcome}"
    return outcome


def run(folder: Path, numbers: range | list[int], seed: int, end: float) -> tuple[Tally, list[str]]:
    """Outcomes by file, and failures, of the damaged files with these numbers, as many as there is time for."""
    made = list(files(folder))
    whole = [target.read(folder / target.name) for target in made]
    tally, failures = {target.name: collections.Counter() for target in made}, []
    for number in numbers:
        if time.monotonic() > end:
            break
        faulthandler.dump_traceback_later(HUNG, exit=True, file=sys.__stderr__)
        kind = number // 2 % len(made)
        target = made[kind]
        outcome = examine(target, whole[kind], folder / target.name, seed * 2**32 + number)
        if outcome not in OUTCOMES:
            failures.append(f"number {number}, {target.name}: {outcome}")
            outcome = "failed"
        tally[target.name][outcome] += 1
        (folder / target.name).write_bytes(target.content)
    faulthandler.cancel_dump_traceback_later()
    return tally, failures


def main() -> None:
    """Runs, prints and writes the table; exits with an error where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no file later")
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    numbers = range(options.files) if options.only is None else [options.only]
    fuzz_damage.CARDS += CARDS
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), jax.enable_x64(True):
        warnings.simplefilter("ignore")
        tally, failures = run(Path(folder), numbers, options.seed, time.monotonic() + 60 * options.minutes)
    for failure in failures[:20]:
        print(failure, "\n")
    if options.only is None:
        columns = (*OUTCOMES, "failed")
        rows = [[name, *(count[outcome] for outcome in columns)] for name, count in tally.items()]
        rows.append(["all", *(sum(count[outcome] for count in tally.values()) for outcome in columns)])
        note = f"{sum(rows[-1][1:])} files, seed {options.seed}. Other values: numbers in files without a checksum."
        save("fuzz_ogip", "Damaged OGIP files", ["file", *columns], rows, note)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
