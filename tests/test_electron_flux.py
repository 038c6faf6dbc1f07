"""Fluxes of cosmic-ray electrons from tables made from CRDB."""

import numpy as np
import pytest

import sightline as sl

M = 0.51099895e-3  # GeV
HEAD = "#Source: CRDB\n#Experiment: AMS-02\n#Y Quantity: {y}\n#X Quantity: {x}\n#Comments: \n"
ROWS = (
    "2e-3 3.0 0.1 0.2 0.3 0.4\n1e-3 7.0 0.1 0.1 0.1 0.1\n"
    "5.0 nan 0.1 0.1 0.1 0.1\n6.0 -1.0 0.1 0.1 0.1 0.1\n7.0 1.0 0 0 0 0\n"
)


def table(path, x="rigidity", y="e-", rows=ROWS):
    (path / "flux.txt").write_text(HEAD.format(x=x, y=y) + rows)
    return sl.datasets.read_electron_flux(path / "flux.txt")


def test_rigidities_become_total_energies(tmp_path):
    """E^2 = R^2 + m^2, and the number of particles in a bin stays: j_E dE = j_R dR."""
    found = table(tmp_path)
    np.testing.assert_allclose(found.energy, np.sqrt(np.array([1e-3, 2e-3]) ** 2 + M**2))
    np.testing.assert_allclose(found.flux, np.array([7.0, 3.0]) * found.energy / [1e-3, 2e-3])
    scale = found.energy[1] / 2e-3
    np.testing.assert_allclose(found.statistical[1], np.array([0.1, 0.2]) * scale)
    np.testing.assert_allclose(found.error[1], np.hypot(0.2, 0.4) * scale)
    assert (found.particles, found.experiment, found.dropped) == ("e-", "AMS-02", 3)


@pytest.mark.parametrize(("kind", "more"), [("kineticEnergy", M), ("totalEnergy", 0.0)])
def test_energies_are_total(tmp_path, kind, more):
    found = table(tmp_path, kind, "e+e-", "10 1 0 0 0 0.1\n")
    np.testing.assert_allclose([found.energy[0], found.flux[0]], [10.0 + more, 1.0], rtol=1e-12)


@pytest.mark.parametrize("both", ["e+e-", "e-+e+", "e++e-"])
def test_the_sum_has_one_name(tmp_path, both):
    assert table(tmp_path, y=both).particles == "e+e-"


@pytest.mark.parametrize(
    ("kind", "rows", "said"),
    [
        ("totalEnergy", "1 1 1 1 1 1\n5e-4 1 1 1 1 1\n", "row 1 has a total energy of 0.0005 GeV, which is not above"),
        ("kineticEnergy", "1e-30 1 1 1 1 1\n", "row 0 has a total energy of 0.00051099.* not above the rest energy"),
        ("rigidity", "3 1 1 1 1 1\n2 1 1 1 1 1\n1 1 0 0 0 0\n3 2 1 1 1 1\n", "row 3 .* of 3 GeV, which is there"),
    ],
)
def test_energies_of_no_spectrum_are_refused(tmp_path, kind, rows, said):
    with pytest.raises(sl.io.FileError, match=rf"flux\.txt: {said}"):
        table(tmp_path, kind, rows=rows)


def test_a_force_field_takes_energy_and_keeps_the_density_in_phase_space(tmp_path):
    """j/p^2 is the same at E + phi outside as at E here (Gleeson & Axford 1968); none: the flux as it is."""
    found = table(tmp_path, "totalEnergy", rows="1.0 4.0 0.4 0.2 0 0\n10.0 1.0 0 0 0.1 0.2\n")
    outside = found.interstellar(0.6)
    ratio = ((found.energy + 0.6) ** 2 - M**2) / (found.energy**2 - M**2)
    np.testing.assert_allclose(outside.energy, [1.6, 10.6], rtol=1e-12)
    np.testing.assert_allclose(outside.flux, found.flux * ratio, rtol=1e-12)
    np.testing.assert_allclose(outside.statistical, np.array([[0.4, 0.2], [0, 0]]) * ratio[:, None], rtol=1e-12)
    np.testing.assert_allclose(outside.systematic, np.array([[0, 0], [0.1, 0.2]]) * ratio[:, None], rtol=1e-12)
    spectrum = outside.spectrum()
    same = type(spectrum).from_flux(outside.flux, outside.energy)
    assert spectrum.energies == pytest.approx((1.6, 10.6))
    np.testing.assert_allclose(spectrum.density, same.density, rtol=1e-12)
    with pytest.raises(ValueError, match="potential = -1"):
        found.interstellar(-1.0)


def test_other_tables_are_refused(tmp_path):
    for change in ({"y": "H"}, {"x": "kineticEnergyPerNucleon"}, {"rows": "1 2 3\n"}, {"rows": "a b\n"}):
        with pytest.raises(sl.io.FileError, match=r"flux\.txt"):
            table(tmp_path, **change)


def test_ams_02_falls_as_it_was_published(data):
    """Above 30.2 GeV index -3.170 +- 0.008 +- 0.008 in the first 30 months: Aguilar et al. 2014, PRL 113, 221102."""
    found = sl.datasets.read_electron_flux(data / "cosmic_ray_electrons" / "AMS-02_e+e-_rigidity.txt")
    assert (found.particles, found.experiment, found.energy.size, found.dropped) == ("e+e-", "AMS-02", 76, 0)
    chosen = (found.energy > 30.2) & (found.energy < 1000)
    index = np.polyfit(*np.log([found.energy, found.flux])[:, chosen], 1, w=(found.flux / found.error)[chosen])[0]
    assert index == pytest.approx(-3.170, abs=0.03)
