"""Cubes of gamma-ray intensities in files."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.io import fits

import sightline as sl

SKY = sl.HealpixSky(2)
UNIT = "GeV-1 cm-2 s-1 sr-1"


def maps(**changes) -> sl.Stokes:
    values = np.geomspace(1e-9, 1e-6, 3 * SKY.size).reshape(3, -1)
    zero = np.zeros_like(values)
    return dataclasses.replace(sl.Stokes(values, zero, zero, energy=[0.1, 1.0, 10.0], sky=SKY), **changes)


def test_a_cube_is_a_template_of_fermi(tmp_path):
    """Keywords and columns by the format of diffuse templates; gammapy 2.1 opened such a file."""
    gamma = maps()
    sl.io.write_energy_cube(tmp_path / "cube.fits", gamma)
    with fits.open(tmp_path / "cube.fits") as file:
        table, bands = file["SKYMAP"], file["ENERGIES"]
        cards = {
            name: table.header[name] for name in ("HPX_CONV", "BANDSHDU", "COORDSYS", "NSIDE", "ORDER", "ORDERING")
        }
        assert cards == {
            "HPX_CONV": "FGST-TEMPLATE",
            "BANDSHDU": "ENERGIES",
            "COORDSYS": "GAL",
            "NSIDE": 2,
            "ORDER": 1,
            "ORDERING": "RING",
        }
        assert table.columns.names == ["ENERGY1", "ENERGY2", "ENERGY3"]
        assert table.header["BUNIT"] == table.columns["ENERGY1"].unit == "cm-2 s-1 MeV-1 sr-1"
        np.testing.assert_allclose(table.data["ENERGY2"], np.asarray(gamma.I[1]) / 1000, rtol=1e-14)
        assert (bands.columns.names, bands.columns["Energy"].unit) == (["Energy"], "MeV")
        np.testing.assert_array_equal(bands.data["Energy"], [100.0, 1000.0, 10000.0])


@pytest.mark.parametrize("nest", [False, True])
def test_a_cube_is_read_back(precision, tmp_path, nest):
    gamma = maps(sky=sl.HealpixSky(2, nest=nest), I=jnp.asarray(maps().I, precision))
    gamma = dataclasses.replace(gamma, Q=0 * gamma.I, U=0 * gamma.I)
    sl.io.write_energy_cube(tmp_path / "cube.fits", gamma)
    found = sl.io.read_energy_cube(tmp_path / "cube.fits")
    assert (found.unit, found.axis, found.sky.nest, found.I.dtype) == (UNIT, "energy", nest, precision)
    np.testing.assert_allclose(found.I, gamma.I, rtol=1e-6)
    np.testing.assert_allclose(found.energy, [0.1, 1.0, 10.0], rtol=1e-6)
    assert bool(jnp.all(jnp.isnan(found.Q)))


def test_one_energy_is_a_cube_of_one(tmp_path):
    sl.io.write_energy_cube(tmp_path / "cube.fits", maps()[1])
    found = sl.io.read_energy_cube(tmp_path / "cube.fits")
    assert (found.I.shape, found.energy.tolist()) == ((1, SKY.size), [1.0])


def test_what_is_no_cube_of_gamma_rays_is_refused(tmp_path):
    path, gamma = tmp_path / "cube.fits", maps()
    radio = sl.Stokes(gamma.I, gamma.Q, gamma.U, frequency=[0.4, 1.4, 23.0], sky=SKY)
    with pytest.raises(ValueError, match=r"K_RJ.*write radio maps with sl.io.write_map"):
        sl.io.write_energy_cube(path, radio)
    with pytest.raises(ValueError, match="must increase"):
        sl.io.write_energy_cube(path, sl.Stokes(gamma.I, gamma.Q, gamma.U, energy=[1.0, 0.1, 10.0], sky=SKY))
    part = sl.HealpixSky(2, pixels=np.arange(4))
    few = sl.Stokes(*(jnp.ones((3, 4)) for _ in "IQU"), energy=[0.1, 1.0, 10.0], sky=part)
    with pytest.raises(ValueError, match="part of the sky"):
        sl.io.write_energy_cube(path, few)
    with pytest.raises(TypeError, match="HEALPix"):
        sl.io.write_energy_cube(path, dataclasses.replace(few, sky=sl.Directions(np.arange(4.0), np.zeros(4))))
    assert not path.exists()
    sl.io.write_energy_cube(path, gamma)
    with pytest.raises(FileExistsError):
        sl.io.write_energy_cube(path, 2 * gamma)
    sl.io.write_energy_cube(path, 2 * gamma, overwrite=True)
    np.testing.assert_allclose(sl.io.read_energy_cube(path).I, 2 * gamma.I, rtol=1e-12)


def test_cubes_of_others(tmp_path):
    """Energies in GeV, no unit of the maps, NaN where there is no datum."""
    path = tmp_path / "other.fits"
    rows = np.full(SKY.size, 2e-9)
    rows[3] = -1.6375e30
    header = fits.Header([("PIXTYPE", "HEALPIX"), ("NSIDE", 2), ("ORDERING", "NESTED"), ("COORDSYS", "GAL")])
    table = fits.BinTableHDU.from_columns([fits.Column("ENERGY1", "D", array=rows)], header)

    def read(energy: float, unit: str) -> sl.Stokes:
        bands = fits.BinTableHDU.from_columns([fits.Column("ENERGY", "D", unit, array=[energy])])
        fits.HDUList([fits.PrimaryHDU(), table, bands]).writeto(path, overwrite=True)
        return sl.io.read_energy_cube(path)

    found = read(3.0, "GeV")
    assert (found.energy.tolist(), found.sky.nest) == ([3.0], True)
    assert float(found.I[0, 0]) == pytest.approx(2e-6)
    assert np.flatnonzero(np.isnan(found.I[0])).tolist() == [3]
    with pytest.raises(sl.io.FileError, match="column ENERGY has the unit"):
        read(3.0, "kpc")
    with pytest.raises(sl.io.FileError, match="1e-06 to 1e"):
        read(1e12, "GeV")
    columns = [fits.Column("CHANNEL", "K", array=[0]), fits.Column("ENERGY_TRUE", "D", "MeV", array=[3000.0])]
    fits.HDUList([fits.PrimaryHDU(), table, fits.BinTableHDU.from_columns(columns)]).writeto(path, overwrite=True)
    assert sl.io.read_energy_cube(path).energy.tolist() == [3.0]  # as gammapy writes them
    table.header["BUNIT"] = "K"
    with pytest.raises(sl.io.FileError, match="'K', which is no"):
        read(3.0, "GeV")
    sl.io.write_map(tmp_path / "map.fits", maps())
    with pytest.raises(sl.io.FileError, match="no cube of energies"):
        sl.io.read_energy_cube(tmp_path / "map.fits")
