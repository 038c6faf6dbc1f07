"""Model files: what was saved comes back, and nothing else."""

import copy
import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.io.models import registry
from sightline.sky.fields.radiation.grid import PointTable
from sightline.sky.fields.radiation.spectra.greybody import PointGreybody
from sightline.sky.simulator import tolerance


def same(left, right):
    assert eqx.tree_equal(left, right)
    assert jax.tree.structure(left) == jax.tree.structure(right)


@pytest.mark.parametrize("name", ["JF12", "UF23-base", "KST24", "TF17-Ad1C0"])
def test_published_skies_come_back(tmp_path, name):
    simulator = sl.presets.load(name).simulator
    sl.save(simulator, tmp_path / "model.npz")
    same(sl.load(tmp_path / "model.npz"), simulator)


def test_models_with_grids_sums_and_instruments_come_back(tmp_path):
    grid = sl.electrons.Grid(np.random.default_rng(0).uniform(size=(4, 5, 6)), half_widths=(10.0, 10.0, 3.0))
    simulator = sl.Simulator(
        magnetic_field=sl.fields.Sum(disk=sl.magnetic.LSA(), rest=0.5 * sl.magnetic.Uniform((0.0, 0.0, 1.0))),
        electron_density=sl.fields.Confined(grid, radius=9.0),
        cosmic_rays=sl.cosmic_rays.AnalyticDisk(),
        temperature=sl.temperature.Uniform(8000.0),
        emission=(sl.emission.Synchrotron(striation=0.3), sl.emission.FreeFree(clumping=2.0)),
        background=(sl.emission.CMB(),),
    )
    mask = sl.instruments.Mask(np.arange(48) % 2)
    chain = sl.instruments.Chain((sl.GaussianBeam(fwhm=10.0), mask))
    model = sl.Model(simulator, {"survey": chain}, nuisance={"offset": 3.0})
    sl.save(model, tmp_path / "model.npz")
    found = sl.load(tmp_path / "model.npz")
    same(found, model)
    sky = sl.Sightlines(sl.HealpixSky(2), sl.BoxCells(8))
    np.testing.assert_array_equal(found.observe(sky, 1.0, "survey").Q, model.observe(sky, 1.0, "survey").Q)
    with pytest.raises(FileExistsError, match="overwrite"):
        sl.save(model, tmp_path / "model.npz")


class Mine(sl.fields.AbstractField):
    """A field of a user."""

    b0: jax.Array = sl.param(1.0)

    def __call__(self, position):
        return self.b0 * position


def test_spectra_come_back(tmp_path):
    spectrum = sl.cosmic_rays.spectra.BrokenPowerLaw(index_low=1.8, index_high=3.1, break_energy=4.0)
    rays = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.ExponentialDisk(), spectrum)
    sl.save(rays, tmp_path / "rays.npz")
    same(sl.load(tmp_path / "rays.npz"), rays)


def test_parts_of_skies_come_back(tmp_path):
    """A sky of some pixels, by itself, under maps, and in a model."""
    sky = sl.HealpixSky(4, pixels=[7, 3], nest=True, supersample=2)
    maps = sl.Stokes(*np.ones((3, 2)), frequency=23.0, sky=sky)
    lines = sl.Sightlines(sl.ImagePlane((2, 3), (4.0, 5.0)), sl.ChordCells(cells=4))
    index = sl.components.SimulatedIndex(sl.Simulator(sl.magnetic.LSA()), sky)
    column = sl.observables.DispersionMeasure(sl.SourceCatalogue(30.0, 1.0, 3.2))
    absorbed = sl.spectra.PowerLaw() * sl.spectra.InterstellarAbsorption(column)
    for number, part in enumerate((sky, maps, lines, index, sl.Model(spectra={"a": absorbed}))):
        sl.save(part, tmp_path / f"{number}.npz")
        assert eqx.tree_equal(sl.load(tmp_path / f"{number}.npz"), part)


def test_sightlines_in_classes_come_back(tmp_path, monkeypatch):
    """Panels of a tolerance, their error, and the map bit for bit."""
    monkeypatch.setattr(tolerance, "_BODY", 64)  # so few rays have one class else
    simulator = sl.Simulator(
        sl.magnetic.LSA(), cosmic_rays=sl.cosmic_rays.ExponentialDisk(), emission=(sl.emission.Synchrotron(),)
    )
    lines = simulator.sightlines(sl.HealpixSky(2), 23.0, tolerance=1e-2)
    assert len(lines.classes) > 1
    sl.save(lines, tmp_path / "lines.npz")
    found = sl.load(tmp_path / "lines.npz")
    assert eqx.tree_equal(found, lines)
    seen, expected = simulator(found, 23.0), simulator(lines, 23.0)
    for name in "IQU":
        np.testing.assert_array_equal(getattr(seen, name), getattr(expected, name))


DIRECTIONS, CATALOGUE = sl.Directions([0.0, 1.0], 2.0), sl.SourceCatalogue([0.0, 1.0], 2.0, 3.0)
PLANE = sl.ImagePlane((2, 3), (4.0, 5.0))


@pytest.mark.parametrize(
    ("sky", "field", "value", "said"),
    [
        (sl.HealpixSky(4, pixels=[7, 3]), "pixels", np.array([7, 999]), "between 0 and 191"),
        (DIRECTIONS, "l", np.array([0.0, np.nan]), "row 1: l = nan"),
        (DIRECTIONS, "b", np.array([0.0, 91.0]), r"\|b\| <= 90 deg; row 1"),
        (DIRECTIONS, "b", np.array([0.0]), r"not shapes \(2,\) and \(1,\)"),
        (CATALOGUE, "l", np.array([np.inf, 0.0]), "row 0: l = inf"),
        (CATALOGUE, "distances", np.array([1.0, -1.0]), "finite and positive .* row 1: -1"),
        (CATALOGUE, "distances", np.array([1.0]), r"distance has shape \(1,\), l and b have 2"),
        (PLANE, "shape", (2, -3), r"shape = \(2, -3\)"),
        (PLANE, "extent", (0.0, 5.0), r"extent = \(0.0, 5.0\) must be two positive"),
        (PLANE, "inclination", np.nan, "inclination = .* finite"),
        (PLANE, "position_angle", np.inf, "position_angle = .* finite"),
        (PLANE, "centre", (0.0, np.nan, 0.0), "centre = .* finite"),
        (PLANE, "supersample", 0, "supersample = 0"),
    ],
)
def test_damaged_skies_are_refused(tmp_path, sky, field, value, said):
    bad = copy.copy(sky)
    object.__setattr__(bad, field, value)
    sl.save(bad, tmp_path / "bad.npz")
    with pytest.raises(sl.io.FileError, match=said):
        sl.load(tmp_path / "bad.npz")


def test_classes_of_the_user_are_named(tmp_path):
    field = Mine(2.0)
    sl.save(field, tmp_path / "mine.npz")
    with pytest.raises(ValueError, match=r"Mine, which is no class of sightline: pass it"):
        sl.load(tmp_path / "mine.npz")
    same(sl.load(tmp_path / "mine.npz", classes=(Mine,)), field)


def test_functions_cannot_be_saved(tmp_path):
    masked = sl.fields.Masked(sl.magnetic.LSA(), inside=lambda position: position[2] > 0)
    with pytest.raises(TypeError, match=r"Masked\.inside is .*no model file can hold"):
        sl.save(masked, tmp_path / "masked.npz")
    assert not list(tmp_path.iterdir())


def rewrite(path, change):
    """The file with its structure changed."""
    with np.load(path) as file:
        arrays = dict(file)
    structure = json.loads(arrays.pop("structure").tobytes())
    change(structure)
    np.savez(path, structure=np.frombuffer(json.dumps(structure).encode(), np.uint8), **arrays)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "model.npz"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        sl.load(path)
    path.write_bytes(b"not an archive")
    with pytest.raises(ValueError, match="no model file"):
        sl.load(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(ValueError, match="no model file"):
        sl.load(path)
    np.savez(path, structure=np.array([{"pickled": 1}], dtype=object))
    with pytest.raises(ValueError, match="no model file"):
        sl.load(path)
    for change, said in [
        (lambda s: s.update(format=99), "format 99"),
        (lambda s: s["model"].update({"class": "os.system"}), r"os\.system, which is no class"),
        (lambda s: s["model"]["fields"].pop("b0"), "other fields in this version of sightline: b0"),
    ]:
        path.unlink()
        sl.save(sl.magnetic.LSA(), path)
        rewrite(path, change)
        with pytest.raises(ValueError, match=said):
            sl.load(path)


def test_leaves_are_checked_when_they_are_read(tmp_path):
    path = tmp_path / "model.npz"
    sl.save(dataclasses.replace(sl.magnetic.LSA(), b0=2.0), path)
    rewrite(path, lambda s: s["model"]["fields"].update(b0=2.0))
    with pytest.raises(sl.io.FileError, match=r"LSA\.b0 holds 2\.0"):
        sl.load(path)


def test_the_registry_holds_every_public_model():
    names = registry()
    assert {"Simulator", "magnetic.JF12", "electrons.NE2001Clumps", "emission.CMB", "transfer.CellTransfer"} <= set(
        names
    )
    assert not any(name.split(".")[-1].startswith("Abstract") for name in names)


def test_electrons_cooled_by_the_photons_of_a_field_come_back(tmp_path):
    """What a grid has at one point was written, and was no class that a file may name."""
    warm, table = PointGreybody(jnp.asarray(3000.0)), PointTable(jnp.asarray([0.1, 0.3]), (0.1, 1.0))
    light = tuple(sl.fields.Photons(jnp.asarray(0.5), one) for one in (warm, table))
    spectra = sl.cosmic_rays.spectra
    cooled = spectra.Cooled(spectra.PowerLaw(1e-18), magnetic_field=3.0, radiation=light)
    sl.save(cooled, tmp_path / "cooled.npz")
    assert eqx.tree_equal(sl.load(tmp_path / "cooled.npz"), cooled)
