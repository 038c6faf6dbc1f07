"""Grids in the files of hammurabiX, CRPropa and HDF5, read by the loops of their own readers."""

import struct

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

SHAPE, HALF, CENTRE = (4, 3, 2), (2.0, 1.5, 1.0), (-8.0, 0.5, 0.1)
BOX = {"shape": SHAPE, "half_widths": HALF, "centre": CENTRE}


def magnetic(layout, seed=0):
    values = np.random.default_rng(seed).normal(size=(3, *SHAPE))
    return sl.magnetic.Grid(values, half_widths=HALF, centre=CENTRE, layout=layout)


def electrons(layout):
    values = np.random.default_rng(1).uniform(0.01, 0.1, SHAPE)
    return sl.electrons.Grid(values, half_widths=HALF, centre=CENTRE, layout=layout)


def same(found, expected, rtol):
    np.testing.assert_allclose(found.values, expected.values, rtol=rtol)
    np.testing.assert_allclose([found.half_widths, found.centre], [expected.half_widths, expected.centre], rtol=1e-12)
    assert (type(found), found.layout) == (type(expected), expected.layout)


@pytest.mark.parametrize("kind", ["magnetic", "electrons"])
@pytest.mark.parametrize(
    ("layout", "places", "rtol"),
    [("hammurabi", "nodes", 1e-15), ("crpropa", "cells", 1e-7), ("hdf5", "nodes", 1e-15), ("hdf5", "cells", 1e-15)],
)
def test_grids_come_back_to_rounding(tmp_path, kind, layout, places, rtol):
    grid = {"magnetic": magnetic, "electrons": electrons}[kind](places)
    sl.io.write_grid(tmp_path / "grid", grid, layout=layout)
    box = {} if layout == "hdf5" else BOX
    same(sl.io.read_grid(tmp_path / "grid", layout, kind, **box), grid, 4 * rtol)


def test_hdf5_keeps_the_rule_between_values_and_beyond_the_walls(tmp_path):
    values = np.random.default_rng(3).normal(size=(3, 4, 4, 4))
    grid = sl.magnetic.Grid(values, half_widths=HALF, interpolation="cubic", outside="nearest")
    sl.io.write_grid(tmp_path / "grid.h5", grid)
    found, place = sl.io.read_grid(tmp_path / "grid.h5"), jnp.array([0.3, -0.4, 1.7])
    np.testing.assert_allclose(found.prepare()(place), grid.prepare()(place), rtol=1e-12)
    with h5py.File(tmp_path / "grid.h5", "r+") as file:
        file["magnetic_field"].attrs["outside"] = "periodic"
    with pytest.raises(sl.io.FileError, match="outside = 'periodic' must be one of zero, nearest"):
        sl.io.read_grid(tmp_path / "grid.h5")


def test_hammurabi_reads_it(tmp_path):
    """import_grid reads b_x, b_y, b_z of index (i n_y + j) n_z + k as doubles in Gauss; read_grid has node i at
    x_min + i (x_max - x_min)/(n_x - 1) and interpolates linearly."""
    grid = magnetic("nodes")
    sl.io.write_grid(tmp_path / "breg.bin", grid, layout="hammurabi")
    raw = (tmp_path / "breg.bin").read_bytes()
    assert len(raw) == 8 * 3 * 24

    def at(index, component):
        i, j, k = index
        return struct.unpack_from("<d", raw, 8 * (3 * ((i * 3 + j) * 2 + k) + component))[0]

    position = np.array([-8.3, 0.2, 0.4])
    low = np.array(CENTRE) - HALF
    u = (np.array(SHAPE) - 1) * (position - low) / (2 * np.array(HALF))
    base, part = np.floor(u).astype(int), u - np.floor(u)
    expected = np.zeros(3)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, part, 1 - part))
        expected += weight * np.array([at(base + corner, component) for component in range(3)])
    np.testing.assert_allclose(grid.prepare()(jnp.asarray(position)), 1e6 * expected, rtol=1e-12)


def test_crpropa_reads_it(tmp_path):
    """loadGrid reads b.x, b.y, b.z as floats, ix outermost, times gauss; sample i is at origin + (i + 1/2) spacing."""
    grid = magnetic("cells")
    sl.io.write_grid(tmp_path / "field.dat", grid, layout="crpropa")
    numbers = iter(struct.unpack("<72f", (tmp_path / "field.dat").read_bytes()))
    origin, spacing = np.array(CENTRE) - HALF, 2 * np.array(HALF) / SHAPE
    field = grid.prepare()
    for i in range(4):
        for j in range(3):
            for k in range(2):
                read = [next(numbers), next(numbers), next(numbers)]
                found = field(jnp.asarray(origin + (np.array([i, j, k]) + 0.5) * spacing))
                np.testing.assert_allclose(found, 1e6 * np.array(read), rtol=1e-6)


def test_hdf5_says_what_it_holds(tmp_path):
    grid = magnetic("cells")
    sl.io.write_grid(tmp_path / "grid.h5", grid)
    with h5py.File(tmp_path / "grid.h5") as file:
        data = file["magnetic_field"]
        assert [one.label for one in data.dims] == ["component", "x", "y", "z"]
        assert data.attrs["unit"] == "G"
        np.testing.assert_allclose(1e6 * data[2, 1, 0, 1], grid.values[2, 1, 0, 1])
        np.testing.assert_allclose(data.dims[1][0], [-9.5, -8.5, -7.5, -6.5])  # -8 -+ 2, of four cells


def test_hdf5_of_others_in_another_order_and_other_units(tmp_path):
    values = np.random.default_rng(2).normal(size=(2, 3, 4, 3))
    with h5py.File(tmp_path / "mhd.h5", "w") as file:
        data = file.create_dataset("magnetic_field", data=values)
        data.attrs["unit"] = "nT"
        for axis, name in enumerate(("z", "y", "x", "component")):
            data.dims[axis].label = name
        for name, count, unit in (("x", 4, "pc"), ("y", 3, "kpc"), ("z", 2, "cm")):
            step = {"pc": 1000.0, "kpc": 1.0, "cm": 3.0856775814913674e21}[unit]
            places = file.create_dataset(name, data=(np.arange(count) - (count - 1) / 2) * step)
            places.attrs["unit"] = unit
    found = sl.io.read_grid(tmp_path / "mhd.h5")
    np.testing.assert_allclose(found.values, 10 * values.transpose(3, 2, 1, 0), rtol=1e-12)  # 1 nT is 10 uG
    np.testing.assert_allclose(found.half_widths, [2.0, 1.5, 1.0], rtol=1e-9)
    assert found.layout == "cells"


def test_a_published_field_on_a_grid_for_crpropa(tmp_path):
    places = sl.grids.nodes((8, 8, 4), (20.0, 20.0, 5.0), layout="cells")
    field = jax.vmap(sl.magnetic.LSA())(jnp.asarray(places.reshape(-1, 3))).T.reshape(3, 8, 8, 4)
    grid = sl.magnetic.Grid.from_cells(field, half_widths=(20.0, 20.0, 5.0))
    sl.io.write_grid(tmp_path / "lsa.dat", grid, layout="crpropa")
    box = {"shape": (8, 8, 4), "half_widths": (20.0, 20.0, 5.0)}
    same(sl.io.read_grid(tmp_path / "lsa.dat", "crpropa", **box), grid, 4e-7)


def _label(file):
    file["magnetic_field"].dims[1].label = "r"


def _uneven(file):
    file["x"][1] = 0.0


def _unit(file):
    file["magnetic_field"].attrs["unit"] = "kpc"


def _layout(file):
    file["magnetic_field"].attrs["layout"] = "faces"


def _infinite(file):
    file["magnetic_field"][0, 0, 0, 0] = np.inf


def _without(file):
    del file["z"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_label, r"axes of /magnetic_field are \['component', 'r', 'y', 'z'\]: name them component, x, y, z"),
        (_uneven, "coordinates x must rise evenly"),
        (_unit, "has the unit 'kpc', which is none of 'uG'"),
        (_layout, "layout = 'faces' must be one of cells, nodes"),
        (_infinite, r"1 of its values are not finite, or negative, the first at \(0, 0, 0, 0\)"),
        (_without, "the axis z needs a data set of its 2 coordinates"),
    ],
)
def test_damaged_hdf5(tmp_path, change, words):
    sl.io.write_grid(tmp_path / "grid.h5", magnetic("cells"))
    with h5py.File(tmp_path / "grid.h5", "r+") as file:
        change(file)
    with pytest.raises(sl.io.FileError, match=words):
        sl.io.read_grid(tmp_path / "grid.h5")


def test_what_does_not_fit_is_refused(tmp_path):
    sl.io.write_grid(tmp_path / "grid.dat", magnetic("nodes"), "hammurabi")
    with pytest.raises(sl.io.FileError, match="has 576 bytes, a grid of 4 x 3 x 2 places with 1 numbers of 8 bytes"):
        sl.io.read_grid(tmp_path / "grid.dat", "hammurabi", "electrons", **BOX)
    with pytest.raises(ValueError, match="shape = None: raw files do not say it"):
        sl.io.read_grid(tmp_path / "grid.dat", "hammurabi")
    with pytest.raises(ValueError, match="half_widths = None: raw files do not say it"):
        sl.io.read_grid(tmp_path / "grid.dat", "hammurabi", shape=SHAPE)
    with pytest.raises(ValueError, match="shape and half_widths are in an HDF5 file"):
        sl.io.read_grid(tmp_path / "grid.h5", **BOX)
    with pytest.raises(ValueError, match="centre is in an HDF5 file"):
        sl.io.read_grid(tmp_path / "grid.h5", centre=(0.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="layout = 'fits': choose one of 'hdf5', 'hammurabi', 'crpropa'"):
        sl.io.read_grid(tmp_path / "grid.dat", "fits")
    with pytest.raises(ValueError, match="kind = 'dust': choose one of 'magnetic', 'electrons'"):
        sl.io.read_grid(tmp_path / "grid.dat", kind="dust")
    with pytest.raises(ValueError, match=r"grid\.layout = 'nodes', this file has values of 'cells'"):
        sl.io.write_grid(tmp_path / "new.dat", magnetic("nodes"), "crpropa")
    with pytest.raises(TypeError, match=r"grid is a LSA: files of grids hold sl\.magnetic\.Grid"):
        sl.io.write_grid(tmp_path / "new.dat", sl.magnetic.LSA())
    with pytest.raises(FileExistsError):
        sl.io.write_grid(tmp_path / "grid.dat", magnetic("nodes"), "hammurabi")
    with pytest.raises(sl.io.FileError, match="is no HDF5 file of a grid"):
        sl.io.read_grid(tmp_path / "grid.dat")
