"""Libraries of stellar populations."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

MILES = Path(os.environ.get("SIGHTLINE_DATA", "")) / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
needs_miles = pytest.mark.skipif(not MILES.is_file(), reason="SIGHTLINE_DATA has no ssp/ of MILES")


def test_luminosity_is_bilinear_in_metallicity_and_log_age():
    library = sl.populations.synthetic(step=20.0)
    t, m = np.sqrt(library.age[3] * library.age[4]), 0.5 * (library.metallicity[1] + library.metallicity[2])
    mean = library.nodes[1:3, 3:5].mean(axis=(0, 1))
    np.testing.assert_allclose(library.luminosity(t, m), mean, rtol=1e-12)
    np.testing.assert_allclose(library.luminosity(library.age[5], -0.5), library.nodes[3, 5], rtol=1e-12)
    weights = library.weights(t, m)
    assert weights.shape == library.shape
    np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-14)
    np.testing.assert_allclose(jnp.einsum("ma,maw->w", weights, library.nodes), mean, rtol=1e-12)


@pytest.mark.parametrize(("age", "metallicity"), [(0.0, -9.0), (1e3, 3.0), (0.03, -0.5)])
def test_beyond_the_grid_is_its_edge_and_gradients_are_finite(age, metallicity):
    library = sl.populations.synthetic(step=20.0)
    value = library.luminosity(age, metallicity)
    edge = library.luminosity(np.clip(age, *library.age[[0, -1]]), np.clip(metallicity, -2.0, 0.4))
    np.testing.assert_allclose(value, edge, rtol=1e-5)
    slopes = jax.jacrev(lambda a, m: library.luminosity(a, m), argnums=(0, 1))(age, metallicity)
    assert all(np.all(np.isfinite(slope)) for slope in slopes)


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_files_in_other_orders_and_units(tmp_path, kind):
    made = sl.populations.synthetic(step=20.0)
    per_hz = made.nodes * made.wavelength**2 / 2.99792458e18
    arrays = {"wave": made.wavelength, "age": made.age[::-1], "Z": 0.0142 * 10**made.metallicity}
    arrays["flux"] = np.moveaxis(per_hz[:, ::-1], 0, 2)
    if kind == "npz":
        np.savez(tmp_path / "made.npz", **arrays)
    else:
        import h5py

        with h5py.File(tmp_path / "made.h5", "w") as file:
            for name, values in arrays.items():
                file[f"grid/{name}"] = values
    found = sl.populations.read(tmp_path / f"made.{kind}", unit="Lsun/Hz/Msun", medium="air", solar=0.0142)
    np.testing.assert_allclose(found.nodes, made.nodes, rtol=1e-12)
    np.testing.assert_allclose(found.metallicity, made.metallicity, atol=1e-12)
    np.testing.assert_allclose(found.age, made.age)
    assert found.name == "made"
    with pytest.raises(ValueError, match="solar"):
        sl.populations.read(tmp_path / f"made.{kind}", unit="Lsun/Hz/Msun", medium="air")
    with pytest.raises(ValueError, match="unit"):
        sl.populations.read(tmp_path / f"made.{kind}", unit="K", medium="air", solar=0.0142)
    with pytest.raises(ValueError, match="medium"):
        sl.populations.read(tmp_path / f"made.{kind}", unit="Lsun/Hz/Msun", medium="", solar=0.0142)
    names = {"luminosity": "nothing"}
    with pytest.raises(ValueError, match="no luminosity"):
        sl.populations.read(tmp_path / f"made.{kind}", unit="Lsun/Hz/Msun", medium="air", names=names)


@pytest.mark.parametrize(
    ("label", "own"),
    [("log_age", lambda age: np.log10(age)), ("log_ages", lambda age: 9 + np.log10(age)), ("ssp_lg_age_gyr", np.log10)],
)
def test_logarithms_of_ages(tmp_path, label, own):
    made = sl.populations.synthetic(step=20.0)
    path = tmp_path / "made.npz"
    arrays = {"wave": made.wavelength, "met": made.metallicity, "flux": made.nodes}
    np.savez(path, **arrays, **{label: own(made.age)})
    found = sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air")
    np.testing.assert_allclose(found.age, made.age, rtol=1e-12)
    np.savez(path, **arrays, log_age=np.linspace(1.0, 5.0, len(made.age)))
    with pytest.raises(ValueError, match=r"log_age = 1 ... 5 is a logarithm neither of years"):
        sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium="air")


def test_wavelengths_in_another_unit_are_told(tmp_path):
    made = sl.populations.synthetic(step=20.0)
    content = {"age_Gyr": made.age, "metallicity_MH": made.metallicity, "spectra": made.nodes}
    np.savez(tmp_path / "um.npz", wavelength=1e-4 * made.wavelength, **content)
    with pytest.raises(sl.io.FileError, match="are these um"):
        sl.populations.read(tmp_path / "um.npz", unit="Lsun/Angstrom/Msun", medium="air")


def test_a_part_of_a_library():
    made = sl.populations.synthetic(step=20.0)
    part = made.select(ages=[1.0, 10.0], metallicities=[0.0], low=5000.0, high=6000.0)
    assert part.shape == (1, 2)
    assert part.wavelength[0] >= 5000.0
    assert part.wavelength[-1] <= 6000.0
    with pytest.raises(ValueError, match="no spectrum"):
        made.select(low=9000.0)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"wavelength": [2.0, 1.0]}, "wavelength"),
        ({"age": [2.0, 1.0]}, "age"),
        ({"age": [-2.0, 1.0]}, "age"),
        ({"age": [1e7, 1e10]}, "are these years"),
        ({"metallicity": [0.0, 0.0]}, "metallicity"),
        ({"metallicity": [0.004, 0.02]}, r"mass fraction Z, not \[M/H\]"),
        ({"luminosity": np.ones((2, 2, 3))}, "luminosity"),
        ({"luminosity": np.full((2, 2, 2), np.nan)}, "luminosity"),
        ({"luminosity": np.full((2, 2, 2), -1.0)}, "luminosity"),
        ({"medium": "glass"}, "medium"),
        ({"fwhm": -1.0}, "fwhm"),
    ],
)
def test_bad_libraries(change, match):
    good = {"wavelength": [5000.0, 5001.0], "age": [1.0, 2.0], "metallicity": [0.0, 0.1], "medium": "air"}
    with pytest.raises(ValueError, match=match):
        sl.populations.Library(**{**good, "luminosity": np.ones((2, 2, 2)), **change})
    with pytest.raises(ValueError, match="0 < low < high, 0 < step"):
        sl.populations.synthetic(step=0.0)


@needs_miles
def test_miles_as_it_is_read():
    library = sl.populations.read(MILES, unit="Lsun/Angstrom/Msun", medium="air", fwhm=2.51)
    assert library.shape == (12, 53)
    assert library.wavelength[0] == pytest.approx(3540.5)
    np.testing.assert_allclose(
        library.luminosity(library.age[7], library.metallicity[2]), library.nodes[2, 7], rtol=1e-5
    )


def test_slopes_at_the_ends_of_a_library_are_those_of_inside():
    library = sl.populations.synthetic(step=50.0)
    oldest, metal = float(library.age[-1]), float(library.metallicity[0])
    slope = jax.jacfwd(lambda age: library.luminosity(age, metal))(oldest)
    inside = (library.luminosity(oldest, metal) - library.luminosity(oldest - 1e-4, metal)) / 1e-4
    np.testing.assert_allclose(slope, inside, rtol=1e-3, atol=1e-12)
