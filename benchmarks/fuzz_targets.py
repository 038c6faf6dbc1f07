"""What `fuzz.py` damages: a small valid file of every kind that Sightline reads, and how it is read and compared."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import jax.numpy as jnp
import numpy as np
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS

import sightline as sl
from sightline import cli, datasets
from sightline.cli import inference
from sightline.cli.scene import read_band
from sightline.inference import Chains, load_chains
from sightline.inference.checkpoint import Checkpoint, pack, unpack

NSIDE = 2
SIZE = 12 * NSIDE**2


class Target(NamedTuple):
    """A file: `name`, `file` name, `kind` of damage, valid `content`; `read` tells whether it holds what it held."""

    name: str
    file: str
    kind: str
    content: bytes
    read: Callable[[Path], bool]
    weight: int = 2


def _target(path: Path, name: str, kind: str, read: Callable[[Path], Any], check: Any, weight: int = 2) -> Target:
    """A target of a file that was written, whose contents are compared with what was read from it when it was whole."""
    whole = read(path)
    check(whole)

    def same(damaged: Path) -> bool:
        found = read(damaged)
        check(found)
        return _equal(found, whole)

    return Target(name, path.name, kind, path.read_bytes(), same, weight)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, (tuple, list)):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    left, right = np.asarray(left), np.asarray(right)
    return left.shape == right.shape and np.array_equal(left, right, equal_nan=left.dtype.kind in "fc")


def _finite(found: Any) -> None:
    assert all(np.all(np.isfinite(part)) for part in found)


def _numbers(found: Any) -> None:
    """Refuses what is no arrays of numbers of one length."""
    sizes = {np.shape(part) for part in found}
    assert len(sizes) <= 1, sizes
    assert all(np.asarray(part).dtype.kind in "fib" for part in found)


def maps(folder: Path) -> Iterator[Target]:
    """Maps of Stokes parameters: full, partial, packed, of two frequencies."""

    def read(path: Path) -> list[np.ndarray]:
        stokes = sl.io.read_map(path)
        assert stokes.sky is not None
        assert stokes.I.shape[-1] == stokes.sky.size
        return [np.asarray(stokes.I), np.asarray(stokes.Q), np.asarray(stokes.U)]

    def stokes(sky: sl.HealpixSky, frequency: Any) -> sl.Stokes:
        values = np.random.default_rng(1).normal(size=(3, *np.shape(frequency), sky.size))
        return sl.Stokes(*map(jnp.asarray, values), frequency=jnp.asarray(frequency), sky=sky)

    skies = {"full": (sl.HealpixSky(NSIDE), 23.0), "partial": (sl.HealpixSky(NSIDE, [7, 3, 30]), 23.0)}
    skies |= {"two": (sl.HealpixSky(1), (0.4, 2.3))}
    for name, (sky, frequency) in skies.items():
        sl.io.write_map(folder / f"{name}.fits", stokes(sky, frequency))
        yield _target(folder / f"{name}.fits", f"map, {name}", "fits", read, _numbers)
    sl.io.write_map(folder / "packed.fits.gz", stokes(sl.HealpixSky(1), 23.0))
    yield _target(folder / "packed.fits.gz", "map, packed", "", read, _numbers, 1)


def energy_cubes(folder: Path) -> Iterator[Target]:
    """Cubes of gamma-ray intensities by energy."""

    def read(path: Path) -> list[np.ndarray]:
        stokes = sl.io.read_energy_cube(path)
        assert stokes.sky is not None
        assert stokes.I.shape == (stokes.energy.size, stokes.sky.size)
        return [np.asarray(stokes.I)]

    values = jnp.asarray(np.random.default_rng(2).uniform(1e-9, 1e-6, size=(2, SIZE)))
    stokes = sl.Stokes(values, 0 * values, 0 * values, energy=[0.1, 1.0], sky=sl.HealpixSky(NSIDE))
    sl.io.write_energy_cube(folder / "energies.fits", stokes)
    yield _target(folder / "energies.fits", "cube of energies", "fits", read, _numbers)


def stokes_cubes(folder: Path) -> Iterator[Target]:
    """Cubes of Q and U by frequency, of which that of Q is damaged."""
    image = WCS({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1.0, "CDELT2": 1.0})
    image.array_shape = (2, 3)
    sky = sl.Directions(image.pixel_to_world(*np.indices((2, 3))[::-1].reshape(2, -1)))
    stokes = sl.Stokes(*np.random.default_rng(4).normal(size=(3, 3, 6)), frequency=[1.0, 1.3, 1.4], sky=sky)
    sl.io.write_stokes_cubes(folder, stokes, image)

    def read(path: Path) -> list[np.ndarray]:
        found, _ = sl.io.read_stokes_cubes(path, folder / "StokesU.fits")
        return [np.asarray(found.Q), np.asarray(found.U)]

    yield _target(folder / "StokesQ.fits", "cube of Q", "fits", read, _numbers)


def surveys(folder: Path) -> Iterator[Target]:
    """Maps of others, whole numbers with blanks among them, without checksums."""
    whole = fits.Column("RM", "J", "rad/m2", null=-9, array=np.arange(SIZE))
    columns = [whole, fits.Column("RM_ERR", "E", "rad/m2", array=np.ones(SIZE))]
    columns += [fits.Column("TEMPERATURE", "D", "mK", array=np.arange(1.0, SIZE + 1))]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(PIXTYPE="HEALPIX", ORDERING="RING", NSIDE=NSIDE, COORDSYS="G", BAD_DATA=-1.6375e30)
    for name in ("faraday.fits", "brightness.fits", "columns.fits"):
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(folder / name)
    np.savez(folder / "brightness.npz", a_T_45MHz_K=np.ones(12), T_1GHz_mK=np.arange(48.0))

    def faraday(path: Path) -> list[np.ndarray]:
        sky = datasets.read_faraday_sky(path)
        return [sky.rm, sky.error]

    def brightness(path: Path) -> list[np.ndarray]:
        found = datasets.read_brightness(path, None if path.suffix == ".npz" else 0.4)
        assert all(one.temperature.shape == (one.sky.size,) for one in found)
        return [one.temperature for one in found]

    def columns_of(path: Path) -> list[np.ndarray]:
        sky, found = sl.io.read_columns(path)
        assert all(values.shape == (sky.size,) for values in found.values())
        return list(found.values())

    yield _target(folder / "faraday.fits", "Faraday sky", "fits", faraday, _numbers)
    yield _target(folder / "brightness.fits", "brightness", "fits", brightness, _numbers)
    yield _target(folder / "columns.fits", "columns", "fits", columns_of, _numbers)
    yield _target(folder / "brightness.npz", "brightness, npz", "zip", brightness, lambda _: None, 1)


def sources(folder: Path) -> Iterator[Target]:
    """Rotation measures and pulsars in every kind of table."""
    text = (
        "ra,dec,rm [rad/m2],rm_err,catalogue\n10,5,-30,1,A\n05:34:31.9,+22:00:52,12,2,A\n200,-40,*,2,Bé\n30,-4,7,2,B\n"
    )
    (folder / "rm.csv").write_bytes(text.encode())
    (folder / "own.txt").write_bytes(b"# l b rm error\n10 5 -30 1\n20 6 7 2\n30 7 nan 3\n")
    columns = {"l": [10.0, 20.0], "b": [5.0, 6.0], "rm": [1.0, 2.0], "rm_err": [1.0, 1.0]}
    np.savez(folder / "rm.npz", **columns, catalogue=["A", "B"])
    for name, form in {"rm.fits": "fits", "rm.ecsv": "ascii.ecsv", "rm.vot": "votable"}.items():
        QTable(columns, units={"l": "deg", "b": "deg", "rm": "rad/m2", "rm_err": "rad/m2"}).write(
            folder / name, format=form
        )
    header = "#     NAME         GL       GB       DM        RM         DIST_DM\n"
    units = "                   (deg)    (deg)    (cm^-3 pc) (rad m^-2) (kpc)\n"
    rows = "1     J0002+6216   117.327  -0.074   218.6     *          6.357\n"
    rows += "2     J0006+1834   108.172  -42.985  11.4  -20  0.86\n"
    (folder / "psr.txt").write_bytes(f"{70 * '-'}\n{header}{units}{70 * '-'}\n{rows}{70 * '-'}\n".encode())

    def measures(path: Path) -> list[np.ndarray]:
        found = datasets.read_rotation_measures(path)
        assert np.all(np.isfinite(found.rm) & (found.error > 0) & (np.abs(found.b) <= 90))
        return [found.l, found.b, found.rm, found.error]

    def pulsars(path: Path) -> list[np.ndarray]:
        found = datasets.read_pulsars(path, distance="YMW16")
        assert np.all((found.dm > 0) & (found.distance > 0))
        return [found.l, found.b, found.dm, found.distance]

    for name in ("rm.csv", "own.txt", "rm.ecsv", "rm.vot"):
        yield _target(folder / name, f"rotation measures, {name}", "text", measures, _numbers)
    yield _target(folder / "rm.npz", "rotation measures, rm.npz", "zip", measures, _numbers)
    yield _target(folder / "rm.fits", "rotation measures, rm.fits", "fits", measures, _numbers)
    yield _target(folder / "psr.txt", "pulsars", "text", pulsars, _numbers)


def results(folder: Path) -> Iterator[Target]:
    """Model files, checkpoints and chains."""
    parts = {"cosmic_rays": sl.cosmic_rays.ExponentialDisk(), "electron_density": sl.electrons.ExponentialDisk()}
    operators = (sl.emission.Synchrotron(), sl.emission.FaradayRotation())
    field = sl.magnetic.LSA() + 0.5 * sl.magnetic.Uniform((1.0, 0.0, 0.0))
    sl.save(sl.Simulator(magnetic_field=field, emission=operators, **parts), folder / "model.npz")

    def model(path: Path) -> list[np.ndarray]:
        import jax

        return [np.asarray(leaf) for leaf in jax.tree.leaves(sl.load(path))]

    yield _target(folder / "model.npz", "model", "zip", model, _finite)
    like = {"x": jnp.arange(5.0), "n": jnp.asarray(3)}
    (folder / "run").mkdir()
    checkpoint = Checkpoint(folder / "run", {"method": "a"})
    checkpoint.write("state", pack(like))

    def state(path: Path) -> list[np.ndarray]:
        (folder / "run" / "state.npz").write_bytes(path.read_bytes())
        found = checkpoint.read("state")
        with checkpoint.damaged("state"):
            whole = unpack(found or {}, like)
        return [whole["x"], whole["n"]]

    def description(path: Path) -> list[np.ndarray]:
        (folder / "run" / "run.json").write_bytes(path.read_bytes())
        try:
            Checkpoint(folder / "run", {"method": "a"})
        except sl.io.FileError:
            raise
        except ValueError as error:  # another run, or software: a refusal that names the folder
            raise sl.io.FileError(f"{error} run.json") from None
        return []

    for name, read, kind in (("state.npz", state, "zip"), ("run.json", description, "text")):
        (folder / name).write_bytes((folder / "run" / name).read_bytes())
        yield _target(folder / name, f"checkpoint, {name}", kind, read, lambda _: None, 1)
    yield _chains(folder)


def _chains(folder: Path) -> Target:
    import xarray as xr

    draws = np.random.default_rng(0).normal(size=(2, 8, 3))
    groups = {"posterior": xr.Dataset({"a": (["chain", "draw", "a_dim_0"], draws, {"units": "kpc"})})}
    groups["sample_stats"] = xr.Dataset({"lp": (["chain", "draw"], draws[..., 0], {"units": ""})})
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {"sightline": sl.__version__, "names": '["a"]', "algorithm": "none", "warmup": 0}
    Chains(tree).save(folder / "chains.nc")

    def read(path: Path) -> list[np.ndarray]:
        chains = load_chains(path)
        return [chains.vector, chains.means]

    return _target(folder / "chains.nc", "chains", "", read, lambda found: np.testing.assert_equal(found[0].ndim, 3))


RUN = """
[model]
cells = 8
[model.set]
"magnetic_field.psi0" = 20.0
[nuisance]
scatter = 3.0
[parameters]
"magnetic_field.b0" = { prior = "uniform", low = 0, high = 10, start = 1.5 }
[[data]]
kind = "sources"
file = "data.csv"
latitude = 10
scatter = "scatter"
[fit]
method = "levenberg_marquardt"
tolerance = 1e-2
starts = 2
[sample]
algorithm = "nuts"
draws = 20
[output]
folder = "results"
"""


def commands(folder: Path) -> Iterator[Target]:
    """Run files and what they name, through the command line, up to where work would begin; bandpasses."""
    (folder / "data.csv").write_text("l,b,rm,error\n10,15,-30,1\n20,60,7,2\n")
    (folder / "file.toml").write_text(RUN)
    (folder / "band.txt").write_text("# GHz weight\n20 0.5\n23 1.0\n26 0.5\n")

    def command(_: Path) -> list[np.ndarray]:
        errors = io.StringIO()
        with mock.patch.object(inference, "fit") as work, contextlib.redirect_stderr(errors):
            code = cli.main(["fit", str(folder / "file.toml")])
        said = errors.getvalue()
        if code == 0:
            assert work.called
            return [np.asarray(str(work.call_args.args[0]))]
        assert code == 2, (code, said)
        assert said.startswith("sightline: "), said
        assert said.count("\n") == 1, said
        raise sl.io.FileError(f"{said} file.toml data.csv")

    def band(path: Path) -> list[np.ndarray]:
        try:
            found = read_band(path)
        except sl.io.FileError:
            raise
        except ValueError as error:  # frequencies and weights that are no band: refused by name
            raise sl.io.FileError(f"{error} band.txt") from None
        return [np.asarray(found.frequency), np.asarray(found.weights)]

    yield _target(folder / "file.toml", "run file", "text", command, lambda _: None, 1)
    yield _target(folder / "data.csv", "data of a run file", "text", command, lambda _: None, 1)
    yield _target(folder / "band.txt", "bandpass", "text", band, _numbers, 1)


TARGETS = (maps, energy_cubes, stokes_cubes, surveys, sources, results, commands)
