"""Table models are read onto their grids; what is wrong with them is said."""

import jax
import numpy as np
import pytest
from astropy.io import fits

from sightline.io.ogip import TableData, TableParameter, read_table_model, write_table_model

EDGES = np.array([0.5, 1.0, 2.0, 4.0])
GRID = {"kT": [1.0, 2.0, 4.0], "tau": [0.0, 0.5]}


def spectrum(kt, tau, element=0):
    return (10 * kt + tau + 100 * element) * np.array([1.0, 2.0, 3.0])


def write_table(path, order=None, additive=True, methods=(1, 0, 0), values=None, adds=1, **changes):
    """Two parameters on a grid and an additional one; `changes` replaces columns of spectra."""
    values = [[1.0, 2.0, 4.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]] if values is None else values
    formats = {"NAME": "12A", "METHOD": "J", "NUMBVALS": "J", "VALUE": "3E"}
    parameters = {"NAME": ["kT", "tau", "iron"], "METHOD": methods, "INITIAL": [1.0, 0.1, 1.0], "MINIMUM": [1.0, 0, 0]}
    parameters |= {"BOTTOM": [1.0, 0, 0], "TOP": [4.0, 0.5, 5.0], "MAXIMUM": [4.0, 0.5, 9.0], "NUMBVALS": [3, 2, 0]}
    points = [(kt, tau) for kt in GRID["kT"] for tau in GRID["tau"]]
    points = points if order is None else [points[i] for i in order]
    spectra = {"PARAMVAL": points, "INTPSPEC": [spectrum(*p) for p in points]}
    spectra |= {"ADDSP001": [spectrum(*p, element=1) for p in points]} | changes
    widths = {"PARAMVAL": "2E"}
    tables = {
        "PARAMETERS": [
            fits.Column(n, formats.get(n, "E"), array=v) for n, v in (parameters | {"VALUE": values}).items()
        ],
        "ENERGIES": [
            fits.Column("ENERG_LO", "E", "keV", array=EDGES[:-1]),
            fits.Column("ENERG_HI", "E", array=EDGES[1:]),
        ],
        "SPECTRA": [
            fits.Column(n, widths.get(n, "3E"), array=np.array(v)) for n, v in spectra.items() if v is not None
        ],
    }
    primary = fits.PrimaryHDU(header=fits.Header([("MODLNAME", "gas"), ("ADDMODEL", additive), ("REDSHIFT", True)]))
    hdus = [fits.BinTableHDU.from_columns(columns, fits.Header([("EXTNAME", n)])) for n, columns in tables.items()]
    hdus[0].header.update(NINTPARM=2, NADDPARM=adds)
    fits.HDUList([primary, *hdus]).writeto(path)
    return path


@pytest.mark.parametrize("order", [None, [3, 1, 5, 0, 2, 4]])
def test_spectra_stand_at_their_parameters(tmp_path, order):
    table = read_table_model(write_table(tmp_path / "t.fits", order))
    assert (table.name, table.kind, table.redshift) == ("gas", "additive", True)
    assert [(one.name, one.logarithmic) for one in table.parameters] == [("kT", True), ("tau", False)]
    assert [one.name for one in table.additional] == ["iron"]
    assert table.parameters[0].values.tolist() == GRID["kT"]
    assert table.parameters[1].values.tolist() == GRID["tau"]
    assert (table.additional[0].top, table.additional[0].maximum) == (5.0, 9.0)
    expected = [[spectrum(kt, tau) for tau in GRID["tau"]] for kt in GRID["kT"]]
    np.testing.assert_allclose(table.spectra, expected)
    np.testing.assert_allclose(table.additional_spectra[0], np.array(expected) + 100 * np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(np.r_[table.low, table.high[-1]], EDGES)


def test_kinds(tmp_path):
    path = write_table(tmp_path / "t.fits", additive=False)
    assert read_table_model(path).kind == "multiplicative"
    assert read_table_model(path, "exponential").kind == "exponential"
    with pytest.raises(ValueError, match="ADDMODEL = False: it is not additive"):
        read_table_model(path, "additive")
    with pytest.raises(ValueError, match="kind = 'atable': choose one of additive"):
        read_table_model(path, "atable")


BAD = {
    "the table PARAMETERS has 3 rows": {"adds": 0},
    "has no column ADDSP001": {"ADDSP001": None},
    "kT is 0 and is interpolated in its logarithm": {"values": [[0.0, 2.0, 4.0], [0.0, 0.5, 0.0], [0.0] * 3]},
    "values of tau must be finite and rise": {"values": [[1.0, 2.0, 4.0], [0.5, 0.5, 0.0], [0.0] * 3]},
    "holds a tau that is not on its grid": {"PARAMVAL": [(kt, tau + 0.1) for kt in GRID["kT"] for tau in GRID["tau"]]},
    "two spectra for the same parameters": {"PARAMVAL": [(1.0, 0.5)] * 6},
    "INTPSPEC must hold 3 finite numbers": {"INTPSPEC": np.full((6, 3), np.nan)},
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_is_said(tmp_path, message):
    with pytest.raises(ValueError, match=message) as error:
        read_table_model(write_table(tmp_path / "bad.fits", **BAD[message]))
    assert "bad.fits" in str(error.value)


@pytest.mark.parametrize("adds", [0, 2])
def test_tables_written_are_read_back(tmp_path, adds):
    random = np.random.default_rng(0)
    limits = {"initial": 1.0, "minimum": 0.1, "bottom": 0.2, "top": 5.0, "maximum": 9.0}
    grid = [TableParameter(n, n == "kT", **limits, values=np.array(v)) for n, v in (GRID | {"z": [0.3]}).items()]
    extra = tuple(TableParameter(f"e{i}", False, **limits, values=np.zeros(0)) for i in range(adds))
    bins = {
        "low": EDGES[:-1],
        "high": EDGES[1:],
        "spectra": random.normal(size=(3, 2, 1, 3)),
        "below": 1.0,
        "above": 0.5,
    }
    bins["additional_spectra"] = random.normal(size=(2, 3, 2, 1, 3)) if adds else None
    table = TableData("mine", "multiplicative", False, tuple(grid), extra, **bins)
    write_table_model(tmp_path / "t.fits", table)
    found = read_table_model(tmp_path / "t.fits")
    for left, right in zip(jax.tree.leaves(found), jax.tree.leaves(table), strict=True):
        np.testing.assert_array_equal(left, right)
    with pytest.raises(ValueError, match=r"table.spectra has shape \(3, 2, 1, 2\)"):
        write_table_model(tmp_path / "u.fits", table._replace(spectra=table.spectra[..., :2]))


def test_other_files_are_no_table_models(tmp_path):
    fits.PrimaryHDU().writeto(tmp_path / "x.fits")
    with pytest.raises(ValueError, match=r"x\.fits is no table model"):
        read_table_model(tmp_path / "x.fits")
